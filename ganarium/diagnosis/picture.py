"""A diagnosis as a picture: modes, scores, gradients, the log with its period, samples and what they are nearest to."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganarium import pictures
from ganarium.diagnosis import collapse, memorisation, oscillation
from ganarium.diagnosis.case import Case, Unknown
from ganarium.diagnosis.finding import Diagnosis, Finding
from ganarium.pictures.plots import DATA, INK, SAMPLES, rendered

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PICTURE", "draw", "save_picture"]

#: Where a run keeps the picture of its diagnosis.
PICTURE = "diagnosis.png"
_HELD_OUT = "#0072b2"
_COLOURS = {"healthy": "#2a7f4f", "suspected": "#b06f00", "found": "#b3261e"}
_GREY = "#777777"  # what has no verdict
_TICKS = 12  # names of modes, at most
_WIDTH = 58  # letters of a line in a panel


def save_picture(case: Case, found: Diagnosis, run: Path) -> None:
    """Write it into a run's folder."""
    pictures.save(draw(case, found), run / PICTURE)


def draw(case: Case, found: Diagnosis) -> Any:
    """The picture: a panel for each ailment, with what was measured, or why it was not."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 7.2), dpi=100, layout="constrained", facecolor="white")
    panels = figure.subplots(2, 3).flatten()
    drawers: tuple[Callable[[Axes, Case, Finding], None], ...] = (_modes, _scores, _gradients, _log, _neighbours)
    for axes, finding, drawer in zip(panels, found.findings, drawers, strict=False):
        axes.tick_params(colors=INK, labelsize=8, length=3)
        axes.spines[["top", "right"]].set_visible(False)
        try:
            drawer(axes, case, finding)
        except Unknown as why:
            _say(axes, finding.sentence or str(why))
        colour = _COLOURS.get(finding.state, _GREY)
        axes.set_title(f"{finding.ailment}: {finding.state}", color=colour, fontsize=11, loc="left")
    _pairs(panels[5], case)
    return rendered(figure)


def _modes(axes: Axes, case: Case, finding: Finding) -> None:
    modes = collapse.modes_of(case)
    if not modes.names:
        _bars(axes, finding, "over data's")
        return
    along = np.arange(len(modes.names))
    axes.bar(along - 0.2, modes.data.numpy(), 0.4, color=DATA, label="data")
    axes.bar(along + 0.2, modes.made.numpy(), 0.4, color=SAMPLES, label="samples")
    step = -(-len(along) // _TICKS)
    axes.set_xticks(along[::step], [name.partition(" at ")[0] for name in modes.names[::step]])
    _labels(axes, "mode", "share")


def _scores(axes: Axes, case: Case, finding: Finding) -> None:
    scores = case.scores(case.last)
    everything = np.concatenate([score.numpy() for score in scores.values()])
    low, high = (float(np.quantile(everything, q)) for q in (0.002, 0.998))
    bins = np.linspace(low, high, 41).tolist() if high > low else 10
    for (name, score), colour in zip(scores.items(), (DATA, _HELD_OUT, SAMPLES), strict=False):
        colour = SAMPLES if name == "samples" else colour
        axes.hist(score.numpy(), bins, density=True, histtype="step", color=colour, linewidth=1.6, label=name)
    _labels(axes, "score, weights of the last round (higher for data)", "density")


def _gradients(axes: Axes, case: Case, finding: Finding) -> None:
    if not finding.evidence:
        raise Unknown(finding.sentence)
    rows = {"generator": "norm of gradient / norm of parameters", "judge": "the same of the players against it"}
    rows["sample"] = "norm of gradient at a sample"
    named = [(name, finding.evidence[key]) for name, key in rows.items()]
    then = [float(each.healthy.rpartition(" ")[2]) for _, each in named]
    along = np.arange(len(named))
    start = named[0][1].healthy.partition(":")[0]
    axes.bar(along - 0.2, np.maximum(then, 1e-12), 0.4, color=DATA, label=start)
    axes.bar(along + 0.2, np.maximum([each.value for _, each in named], 1e-12), 0.4, color=SAMPLES, label="now")
    axes.set_yscale("log")
    axes.set_xticks(along, [name for name, _ in named])
    _labels(axes, "", "norm of the gradient")


def _log(axes: Axes, case: Case, finding: Finding) -> None:
    if not finding.evidence:
        raise Unknown(finding.sentence)
    every, terms = oscillation.series(case.log)
    term = next(iter(finding.evidence)).removeprefix("period of ").partition(",")[0]
    values = terms[term]
    rounds = case.log[-1]["round"] - every * np.arange(len(values))[::-1]
    axes.plot(rounds, values, color=DATA, linewidth=1, label=term)
    if finding.state in ("suspected", "found"):
        best = oscillation.period(term, values, case.seed)
        rest = oscillation.detrended(values)
        wave = rest - oscillation.without(rest, best.rows)
        axes.plot(rounds, values - rest + wave, color=SAMPLES, linewidth=1.6, label=f"{best.rows * every:,.0f} rounds")
    _labels(axes, "round", "")


def _neighbours(axes: Axes, case: Case, finding: Finding) -> None:
    if not finding.evidence:
        raise Unknown(finding.sentence)
    found = (
        {"samples": case.learned.search(case.rows)}
        if case.held_out is None
        else {"held-out data": case.learned.usual, "samples": case.learned.near(case.rows)}
    )
    near = {name: each.distances.numpy() for name, each in found.items()}
    bins = np.linspace(0, max(float(np.quantile(np.concatenate(list(near.values())), 0.99)), 1e-9), 41).tolist()
    for name, distances in near.items():
        colour = SAMPLES if name == "samples" else _HELD_OUT
        axes.hist(distances, bins, density=True, histtype="step", color=colour, linewidth=1.6, label=name)
    _labels(axes, "distance to the nearest training sample", "density")


def _pairs(axes: Axes, case: Case) -> None:
    """The samples nearest to training data above what they are nearest to, of images; points for points."""
    axes.set_axis_off()
    field = case.last.spec.get("x")
    try:
        if field is None or field.kind != "image":
            return
        made, train = memorisation.pairs(case)
    except Unknown:
        return
    image = pictures.draw_rows([("sample", made), ("nearest", train)], [field, field])
    axes.imshow(np.asarray(image))
    axes.set_title("samples nearest to training data, and that data", color=INK, fontsize=9, loc="left")


def _bars(axes: Axes, finding: Finding, words: str) -> None:
    """Evidence that is a ratio to that of data."""
    rows = {name: each.value for name, each in finding.evidence.items() if words in name or "over data" in name}
    if not rows:
        raise Unknown(finding.sentence)
    axes.barh(list(range(len(rows))), list(rows.values()), color=SAMPLES)
    axes.set_yticks(range(len(rows)), [name.partition(", over")[0] for name in rows])
    axes.axvline(1.0, color=INK, linewidth=1, linestyle="--")
    axes.set_xlabel("samples over data", color=INK, fontsize=9)


def _labels(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x, color=INK, fontsize=9)
    axes.set_ylabel(y, color=INK, fontsize=9)
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)


def _say(axes: Axes, text: str) -> None:
    """Why there is nothing to see."""
    axes.clear()
    axes.set_axis_off()
    axes.text(0, 0.5, textwrap.fill(text, _WIDTH), fontsize=9, color=INK, transform=axes.transAxes)
