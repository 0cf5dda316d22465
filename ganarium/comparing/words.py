"""A comparison in words: tables for a terminal and for Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganarium.comparing.differences import ERROR, FEWEST, Difference
from ganarium.terminal.tables import columns
from ganarium.terminal.tables import markdown as table

if TYPE_CHECKING:
    from ganarium.comparing.comparison import Comparison

__all__ = ["difference_rows", "failures", "how_judged", "markdown", "seed_rows", "text", "verdict"]


def text(found: Comparison) -> str:
    """All tables, their columns below each other."""
    parts = [columns(found.summary.table()), columns(difference_rows(found)), columns(found.summary.costs())]
    said = [*failures(found), how_judged(found), verdict(found)]
    return "\n\n".join(part for part in [*parts, *said] if part)


def markdown(found: Comparison) -> str:
    """The same for a page, with the command and every seed."""
    titles = {
        found.summary.spreads: found.summary.table(),
        f"Minus {found.summary.labels[0]}, with the same seeds": difference_rows(found),
        "What it took": found.summary.costs(),
        "Every seed": seed_rows(found),
    }
    parts = [f"`{found.command}`", *(f"## {title}\n\n{table(rows)}" for title, rows in titles.items() if rows)]
    stamps = dict.fromkeys(number.protocol for result in found.summary.results for number in result.numbers.values())
    parts += [how_judged(found), verdict(found), *failures(found), "\n".join(f"* {stamp}" for stamp in stamps)]
    return "\n\n".join(part for part in parts if part) + "\n"


def difference_rows(found: Comparison) -> list[dict[str, str]]:
    """Paired differences, a row for each."""
    return [
        {
            "metric": each.metric,
            f"minus {found.summary.labels[0]}": each.label,
            "mean": f"{each.mean:+.4g}",
            **_interval(each),
            "every seed": ", ".join(f"{value:+.3g}" for value in each.each),
            "which is": each.verdict,
        }
        for each in found.differences()
    ]


def _interval(each: Difference) -> dict[str, str]:
    """Its ends and its level; of one seed, or of seeds that do not differ, there is none."""
    if math.isnan(each.low) or each.low == each.high:
        return {"interval": "one seed" if math.isnan(each.low) else "no spread", "level": ""}
    return {"interval": f"{each.low:+.3g} to {each.high:+.3g}", "level": f"{100 * each.level:.4g} %"}


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


def how_judged(found: Comparison) -> str:
    """What the intervals are, in a sentence or two; nothing where there are no differences."""
    judged = sum(not math.isnan(each.p) for each in found.differences())
    if not judged:
        return ""
    said = (
        f"Intervals of the mean by Student's t, corrected by Holm over the {judged} differences here that can be "
        f"judged: any verdict errs with a chance of {100 * ERROR:.0f} % at most."
    )
    if any(found.summary.aims_at_real_data(each.metric) for each in found.differences()):
        said += " Where real data is the aim, the distance to it is judged, wherever it may lie within its own error."
    return said


def verdict(found: Comparison) -> str:
    """What can be told apart, in a sentence for each other contestant."""
    if found.summary.seeds < FEWEST:
        count = "One seed tells" if found.summary.seeds < 2 else f"{found.summary.seeds} seeds tell"
        return f"{count} too little of the spread between seeds: no verdict below {FEWEST} seeds."
    return "\n".join(_against_first(found, label) for label in found.summary.labels[1:])


def _against_first(found: Comparison, label: str) -> str:
    own = [each for each in found.differences() if each.label == label]
    seeds, pairs = len(found.config["seeds"]), max((len(each.each) for each in own), default=0)
    why = "others were played by one of the two alone" if found.config.get("runs") else "others failed"
    of = f"{seeds} seeds" if pairs == seeds else f"{pairs} of {seeds} seeds, for {why}"
    return f"{label} against {found.summary.labels[0]}, {of}: {_told(own, pairs)}"


def _told(differences: Sequence[Difference], pairs: int) -> str:
    if pairs < FEWEST:
        return f"no verdict below {FEWEST}." if pairs else "nothing can be told."
    parts = []
    for verdict, word in (("better", "better in"), ("worse", "worse in"), ("tie", "a tie in")):
        metrics = [each.metric for each in differences if each.verdict == verdict]
        parts += [f"{word} {', '.join(metrics)}"] if metrics else []
    if not {"better", "worse"} & {each.verdict for each in differences}:
        parts.append("these seeds cannot tell them apart in any metric")
    return "; ".join(parts) + "."
