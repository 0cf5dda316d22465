"""Points as plots: scatter plots in the plane, histograms on the line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganarium.spec import Field

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

__all__ = ["DATA", "INK", "SAMPLES", "limits", "plot", "rendered"]

#: The colours of data, of samples and of words.
DATA, SAMPLES, INK = "#b4b4b4", "#d1495b", "#333333"


def plot(samples: Tensor, field: Field, data: Tensor | None, scale: int = 1) -> Image:
    """A picture of 600 x 600 pixels, times the scale, of points of shape (N, D) in front of the data."""
    from matplotlib.figure import Figure

    # Not pyplot, whose figures are global.
    figure = Figure(figsize=(6, 6), dpi=100 * scale, layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    (_histogram if field.size == 1 else _scatter)(axes, samples, field, data)
    axes.tick_params(colors=INK, labelsize=9, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#999999")
    return rendered(figure)


def rendered(figure: Figure) -> Image:
    """A figure as an image."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def _scatter(axes: Axes, samples: Tensor, field: Field, data: Tensor | None) -> None:
    samples, data = _in_plane(samples, field, data)
    if data is not None:
        axes.scatter(*data.T.numpy(), s=4, c=DATA, alpha=_alpha(len(data)), linewidths=0, label="data")
    axes.scatter(*samples.T.numpy(), s=7, c=SAMPLES, alpha=_alpha(len(samples)), linewidths=0, label="samples")
    axes.set_aspect("equal", adjustable="box")
    (left, right), (bottom, top) = (limits(along) for along in (samples if data is None else data).T)
    half = max(right - left, top - bottom) / 2
    axes.set_xlim((left + right) / 2 - half, (left + right) / 2 + half)
    axes.set_ylim((bottom + top) / 2 - half, (bottom + top) / 2 + half)
    if field.size > 2:
        axes.set_xlabel("first principal axis", color=INK, fontsize=9)
        axes.set_ylabel("second principal axis", color=INK, fontsize=9)
    if data is not None:
        _legend(axes)


def _histogram(axes: Axes, samples: Tensor, field: Field, data: Tensor | None) -> None:
    samples, data = field.restore(samples).flatten(), None if data is None else field.restore(data).flatten()
    low, high = limits(samples if data is None else data)
    bins = torch.linspace(low, high, 61).tolist()
    if data is not None:
        axes.hist(data.numpy(), bins, density=True, color=DATA, alpha=0.6, label="data")
    inside = samples[(samples >= low) & (samples <= high)]
    if len(inside):
        axes.hist(inside.numpy(), bins, density=True, histtype="step", color=SAMPLES, linewidth=1.6, label="samples")
    axes.set_xlim(low, high)
    axes.set_ylabel("density", color=INK, fontsize=9)
    if data is not None:
        _legend(axes)


def _in_plane(samples: Tensor, field: Field, data: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Points of two coordinates in the data's own units; of more, on the two principal axes."""
    if field.size == 2:
        return field.restore(samples), None if data is None else field.restore(data)
    known = samples if data is None else data
    known = known.double().nan_to_num(0.0, 0.0, 0.0)
    _, axes = torch.linalg.eigh((known - known.mean(0)).T @ (known - known.mean(0)))
    plane = axes[:, -2:].flip(1).float()
    return samples @ plane, None if data is None else data @ plane


def limits(along: Tensor) -> tuple[float, float]:
    """The range of the numbers with a margin."""
    finite = along[along.isfinite()]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (-1.0, 1.0)
    margin = 0.08 * (high - low) or 0.5
    return low - margin, high + margin


def _alpha(n: int) -> float:
    """The more points, the more each lets through."""
    return min(0.9, max(0.15, 30 / math.sqrt(n)))


def _legend(axes: Axes) -> None:
    above = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "ncols": 2}
    legend = axes.legend(**above, frameon=False, markerscale=2.5, fontsize=9, labelcolor=INK)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)
