"""The page of a comparison: curves, tables, paired differences, samples side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganarium.comparing.words import difference_rows, failures, how_judged, seed_rows, verdict
from ganarium.pages.page import (
    Markup,
    beside,
    details,
    element,
    figure,
    items,
    joined,
    page,
    paragraph,
    preformatted,
    section,
    table,
)
from ganarium.pictures.races import race
from ganarium.running.gallery import gallery
from ganarium.running.run import Run, data_of
from ganarium.terminal.console import duration
from ganarium.zoo import index

if TYPE_CHECKING:
    from ganarium.comparing.comparison import Comparison

__all__ = ["comparison"]

#: Metrics whose curves are shown at once, the first two that there are; the others are folded away.
_FIRST = ("good", "coverage", "frechet", "recall", "precision")


def comparison(found: Comparison) -> str:
    """A comparison as HTML, self-contained."""
    return page(
        f"{', '.join(found.summary.labels)} on {found.config['data']}",
        paragraph(_how(found)),
        preformatted(found.command),
        section("What came out", *map(paragraph, verdict(found).split("\n")), *map(_note, failures(found))),
        section("Quality on the way", _curves(found)),
        section(found.summary.spreads, _table(found.summary.table())),
        section(
            f"Minus {found.summary.labels[0]}, with the same seeds",
            _note(how_judged(found)),
            _table(difference_rows(found)),
        ),
        section("What it took", _table(found.summary.costs())),
        section("Samples", _samples(found)),
        section("Every seed", details("All numbers", _table(seed_rows(found)))),
        section("How it was measured", _stamps(found)),
    )


def _how(found: Comparison) -> str:
    """On what terms they met."""
    config = found.config
    seeds = ", ".join(map(str, config["seeds"]))
    if config.get("runs"):
        return (
            f"Finished runs on {config['data']}, with the seeds {seeds}, judged by as many samples each, against the "
            "same real ones. They had the budgets and settings that their configs say, which may differ."
        )
    each = (
        f"Each plays for {duration(60 * config['minutes'])}, which a trial turned into samples,"
        if config["minutes"]
        else f"Each sees {config['seen']:,} samples"
    )
    return (
        f"{each} of {config['data']} in batches of {config['batch']}, with the seeds {seeds}, in one thread. "
        "Games have "
        + ("their papers' settings." if config["paper"] else "the settings that were measured for such data.")
    )


def _note(text: str) -> Markup:
    return paragraph(text, note=True)


def _table(rows: Sequence[dict[str, str]]) -> Markup:
    if not rows:
        return Markup()
    names = list(dict.fromkeys(name for row in rows for name in row))
    return table([[row.get(name, "") for name in names] for row in rows], names)


def _curves(found: Comparison) -> Markup:
    names = dict.fromkeys(name for r in found.summary.results for row in r.facts.get("curve", ()) for name in row)
    measured = [name for name in names if name.partition("/")[0] in index.watched_metrics()]
    order = {name: place for place, name in enumerate(_FIRST)}
    measured.sort(key=lambda name: order.get(name.partition("/")[0], len(order)))
    pairs = [_pair(found, name) for name in measured]
    return joined([*pairs[:2], details("The other metrics", *pairs[2:])]) if pairs else Markup()


def _pair(found: Comparison, metric: str) -> Markup:
    """A metric against what was seen, and against time."""
    curves = {
        label: [r.facts["curve"] for r in found.summary.results if r.label == label and not r.error]
        for label in found.summary.labels
    }
    floors = [n.floor for r in found.summary.results if (n := r.numbers.get(metric)) is not None]
    floor = floors[0] if floors else None
    words = {"seen": "against samples seen; every seed, their range and mean", "seconds": "against time; every seed"}
    return beside(
        figure(race(curves, metric, against, floor), f"{metric} {said}", metric) for against, said in words.items()
    )


def _samples(found: Comparison) -> Markup:
    figures = []
    for label in found.summary.labels:
        seed, failed = next((r.seed, bool(r.error)) for r in found.summary.results if r.label == label)
        path = found.run_of(label, seed)
        if path is not None and (image := _drawn(path)) is not None:
            said = f"{label}, seed {seed}" + (", as it was when it failed" if failed else "")
            figures.append(figure(image, said, f"samples of {label}"))
    said = "Of each one's first seed, averaged networks, one seed for all latents. Uncurated: none was chosen."
    return joined([paragraph(said, note=True), beside(figures)]) if figures else Markup()


def _drawn(path: Path):
    try:
        run = Run(path)
        return gallery(run.game, data_of(run.config))
    except ValueError:
        return None


def _stamps(found: Comparison) -> Markup:
    numbers = [number for result in found.summary.results for number in result.numbers.values()]
    stamps = items(dict.fromkeys(number.protocol for number in numbers))
    folders = [found.run_of(result.label, result.seed) for result in found.summary.results]
    ran = next((Run(path).config["ran_with"] for path in folders if path and (path / "config.yaml").is_file()), {})
    machine = ", ".join(f"{name} {value}" for name, value in ran.items() if value != "")
    return joined([stamps, element("p", machine)]) if numbers else Markup()
