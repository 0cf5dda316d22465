"""The page of a comparison: curves, tables, paired differences, samples side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganarium.comparing.words import difference_rows, failures, seed_rows, verdict
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
    config = found.config
    seeds = ", ".join(map(str, config["seeds"]))
    each = (
        f"Each plays for {duration(60 * config['minutes'])}, which a trial turned into samples,"
        if config["minutes"]
        else f"Each sees {config['seen']:,} samples"
    )
    how = (
        f"{each} of {config['data']} in batches of {config['batch']}, with the seeds {seeds}, in one thread. "
        "Games have "
        + ("their papers' settings." if config["paper"] else "the settings that were measured for such data.")
    )
    return page(
        f"{', '.join(found.summary.labels)} on {config['data']}",
        paragraph(how),
        preformatted(found.command),
        section("What came out", *map(paragraph, verdict(found).split("\n")), *map(_note, failures(found))),
        section("Quality on the way", _curves(found)),
        section("Mean and standard deviation over seeds", _table(found.summary.table())),
        section(
            f"Minus {found.summary.labels[0]}, with the same seeds",
            paragraph("95 % intervals of the mean by Student's t, of each metric by itself.", note=True),
            _table(difference_rows(found)),
        ),
        section("What it took", _table(found.summary.costs())),
        section("Samples", _samples(found)),
        section("Every seed", details("All numbers", _table(seed_rows(found)))),
        section("How it was measured", _stamps(found)),
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
    seed = found.config["seeds"][0]
    figures = []
    failed = {result.label for result in found.summary.results if result.error and result.seed == seed}
    for number, label in enumerate(found.summary.labels):
        path = next((found.path / "runs").glob(f"{number}-*-seed{seed}/"), None)
        if path is not None and (image := _drawn(path)) is not None:
            said = f"{label}, as it was when it failed" if label in failed else label
            figures.append(figure(image, said, f"samples of {label}"))
    said = f"Of the run with seed {seed}, averaged networks, one seed for all latents. Uncurated: none was chosen."
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
    ran = next((Run(file.parent).config["ran_with"] for file in (found.path / "runs").glob("*/config.yaml")), {})
    machine = ", ".join(f"{name} {value}" for name, value in ran.items() if value != "")
    return joined([stamps, element("p", machine)]) if numbers else Markup()
