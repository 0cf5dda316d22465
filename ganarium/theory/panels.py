"""Panels of a lesson's picture, all in one style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganarium.pictures.charts import COLOURS
from ganarium.pictures.plots import DATA, INK, SAMPLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "DATA", "INK", "SAMPLES", "legend", "panels"]


def panels(titles: Sequence[str], columns: int = 3, wide: float = 4.2, high: float = 3.6) -> tuple[Figure, list[Axes]]:
    """A figure with a panel for each title.

    Args:
        titles: What stands over them.
        columns: Panels side by side, at most.
        wide: Inches of a panel.
        high: Inches of a panel.
    """
    from matplotlib.figure import Figure

    # Not pyplot, whose figures are global.
    columns = min(columns, len(titles))
    down = -(-len(titles) // columns)
    figure = Figure(figsize=(wide * columns, high * down), dpi=100, layout="constrained", facecolor="white")
    every = list(figure.subplots(down, columns, squeeze=False).flatten())
    for axes, title in zip(every, titles, strict=False):
        axes.set_title(title, loc="left", fontsize=11, color=INK)
        axes.tick_params(colors=INK, labelsize=9, length=3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color("#999999")
    for axes in every[len(titles) :]:
        axes.set_axis_off()
    return figure, every[: len(titles)]


def legend(axes: Axes, **where: object) -> None:
    """Name the lines of a panel."""
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, **where)  # type: ignore[arg-type]
