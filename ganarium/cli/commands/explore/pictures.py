"""Walks as pictures: rows of samples, and for points in the plane paths over the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from ganarium import pictures
from ganarium.spec import Field

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["paths", "picture"]

_DATA, _INK = "#b4b4b4", "#333333"
_COLOURS = ("#d1495b", "#00798c", "#edae49", "#30638e", "#7a5195", "#5c8001", "#a05195", "#3d405b")


def picture(labels: Sequence[str], samples: Tensor, field: Field, data: Tensor | None = None) -> Image:
    """Rows of samples with their labels; of points in the plane, the path of each row over the data.

    Args:
        labels: One for each row.
        samples: Of shape (n, T, \\*shape).
        field: What the samples are.
        data: Real points to show behind paths.
    """
    if field.kind == "points" and field.size == 2:
        return paths(labels, samples, field, data)
    if field.kind == "points":
        return pictures.draw(samples.flatten(0, 1), field, data=data)
    return pictures.draw_rows(list(zip(labels, samples, strict=True)), field)


def paths(labels: Sequence[str], samples: Tensor | Sequence[Tensor], field: Field, data: Tensor | None = None) -> Image:
    """A plot of 600 x 600 pixels: each row a path, a ring where it begins and a disc where it ends.

    Args:
        labels: One for each path; shown where there are no more than eight.
        samples: Points of shape (n, T, 2), or n tensors of shape (T, 2).
        field: What they are.
        data: Real points to show behind them.
    """
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    # Not pyplot, whose figures are global.
    figure = Figure(figsize=(6, 6), dpi=100, layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    if data is not None:
        axes.scatter(*field.restore(data).T.numpy(), s=4, c=_DATA, alpha=0.4, linewidths=0)
    for number, (label, path) in enumerate(zip(labels, samples, strict=True)):
        x, y = field.restore(path).T.numpy()
        colour = _COLOURS[number % len(_COLOURS)]
        axes.plot(x, y, color=colour, linewidth=1.2, marker=".", markersize=4, label=label)
        axes.scatter(x[:1], y[:1], s=42, facecolors="white", edgecolors=colour, linewidths=1.4, zorder=3)
        axes.scatter(x[-1:], y[-1:], s=42, c=colour, linewidths=0, zorder=3)
    axes.set_aspect("equal", adjustable="datalim")
    axes.tick_params(colors=_INK, labelsize=9, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#999999")
    if any(labels) and len(labels) <= len(_COLOURS):
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, frameon=False, fontsize=9, labelcolor=_INK)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
