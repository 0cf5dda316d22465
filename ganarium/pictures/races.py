"""Contestants' metrics against what they have seen, or against time: every seed faint, their mean in front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ganarium.pictures.charts import COLOURS
from ganarium.pictures.plots import INK, rendered

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["race"]

#: For each seed: rows with ``seen``, ``seconds`` and metrics by name.
Curves = Sequence[Sequence[Mapping[str, Any]]]


def race(contestants: Mapping[str, Curves], metric: str, against: str = "seen", floor: float | None = None) -> Image:
    """A picture of one metric.

    The band reaches from the lowest seed to the highest. Against time every seed is a line of its own, for each has
    another clock.

    Args:
        contestants: By name, the curve of each seed.
        metric: Which metric, such as ``frechet/digits``.
        against: "seen" or "seconds".
        floor: What real data reaches, as a dotted line.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.2), dpi=100, layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    for (name, seeds), colour in zip(contestants.items(), COLOURS * len(contestants), strict=False):
        found = [np.array([[row[against], row[metric]] for row in rows if metric in row]) for rows in seeds]
        found = [each for each in found if len(each)]
        if not found:
            continue
        if against == "seconds" or any(not np.array_equal(each[:, 0], found[0][:, 0]) for each in found):
            for each in found:
                axes.plot(*each.T, color=colour, linewidth=1.2, label=name if each is found[0] else None)
            continue
        values = np.stack([each[:, 1] for each in found])
        axes.plot(found[0][:, 0], values.T, color=colour, linewidth=0.7, alpha=0.35)
        axes.fill_between(found[0][:, 0], values.min(0), values.max(0), color=colour, alpha=0.15, linewidth=0)
        axes.plot(found[0][:, 0], values.mean(0), color=colour, linewidth=1.8, marker=".", label=name)
    if floor is not None:
        axes.axhline(floor, color=INK, linestyle=":", linewidth=1, label="real data")
    axes.set_title(metric, fontsize=10, color=INK, loc="left")
    axes.set_xlabel({"seen": "samples seen", "seconds": "seconds"}[against], fontsize=9, color=INK)
    axes.tick_params(colors=INK, labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)
    return rendered(figure)
