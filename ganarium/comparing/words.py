"""A comparison in words: tables for a terminal and for Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganarium.comparing.summary import Difference
from ganarium.terminal.tables import columns
from ganarium.terminal.tables import markdown as table

if TYPE_CHECKING:
    from ganarium.comparing.comparison import Comparison

__all__ = ["difference_rows", "failures", "markdown", "seed_rows", "text", "verdict"]


def text(found: Comparison) -> str:
    """All tables, their columns below each other."""
    parts = [columns(found.summary.table()), columns(difference_rows(found)), columns(found.summary.costs())]
    return "\n\n".join([part for part in parts if part] + failures(found) + [verdict(found)])


def markdown(found: Comparison) -> str:
    """The same for a page, with the command and every seed."""
    titles = {
        "Mean and standard deviation over seeds": found.summary.table(),
        f"Minus {found.summary.labels[0]}, with the same seeds": difference_rows(found),
        "What it took": found.summary.costs(),
        "Every seed": seed_rows(found),
    }
    parts = [f"`{found.command}`", *(f"## {title}\n\n{table(rows)}" for title, rows in titles.items() if rows)]
    stamps = dict.fromkeys(number.protocol for result in found.summary.results for number in result.numbers.values())
    parts += [verdict(found), *failures(found), "\n".join(f"* {stamp}" for stamp in stamps)]
    return "\n\n".join(part for part in parts if part) + "\n"


def difference_rows(found: Comparison) -> list[dict[str, str]]:
    """Paired differences, a row for each."""
    return [
        {
            "metric": each.metric,
            f"minus {found.summary.labels[0]}": each.label,
            "mean": f"{each.mean:+.4g}",
            "95 %": "one seed" if math.isnan(each.low) else f"{each.low:+.3g} to {each.high:+.3g}",
            "every seed": ", ".join(f"{value:+.3g}" for value in each.each),
            "which is": each.verdict,
        }
        for each in found.differences()
    ]


def seed_rows(found: Comparison) -> list[dict[str, str]]:
    """Every number of every seed."""
    return [
        {"metric": metric, "contestant": label, **{f"seed {seed}": f"{n.value:.4g}" for seed, n in numbers.items()}}
        for metric in found.summary.metrics
        for label in found.summary.labels
        if (numbers := found.summary.of(label, metric))
    ]


def failures(found: Comparison) -> list[str]:
    """What went wrong, a line for each run."""
    return [f"{r.label}, seed {r.seed}, failed: {r.error}" for r in found.summary.results if r.error]


def verdict(found: Comparison) -> str:
    """What can be told apart, in a sentence for each other contestant."""
    seeds = len(found.config["seeds"])
    if seeds < 2:
        return "One seed tells nothing of the spread between seeds; nothing can be told apart."
    lines = []
    for label in found.summary.labels[1:]:
        own = [each for each in found.differences() if each.label == label]
        pairs = max((len(each.each) for each in own), default=0)
        of = f"{seeds} seeds" if pairs == seeds else f"{pairs} of {seeds} seeds, for others failed"
        told = _told(own) if pairs else "nothing can be told."
        lines.append(f"{label} against {found.summary.labels[0]}, {of}: {told}")
    return "\n".join(lines)


def _told(differences: Sequence[Difference]) -> str:
    parts = []
    for word in ("better", "worse"):
        metrics = [each.metric for each in differences if each.verdict == word]
        parts += [f"{word} in {', '.join(metrics)}"] if metrics else []
    return "; ".join(parts) + "." if parts else "these seeds cannot tell them apart in any metric."
