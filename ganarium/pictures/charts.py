"""The log of a run as curves: a panel for each player with a line for each term, and a panel for each metric."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ganarium.pictures.plots import INK, rendered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

__all__ = ["Panel", "curves", "panels", "smoothed"]

#: Colours that differ for every kind of eye (Okabe and Ito, 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_STROKES = ("-", "--", ":", "-.")
_WIDE, _HIGH = 5.0, 3.0  # inches of a panel, at 100 pixels each
_NAMED = 6  # stages, at most, whose names are written


@dataclass
class Panel:
    """What one panel shows.

    Args:
        title: The player, or the metric.
        lines: For each term, the samples seen at its rows, and its values there.
        metric: Whether these are measurements now and then, which are not smoothed.
    """

    title: str
    lines: dict[str, tuple[list[int], list[float]]] = field(default_factory=dict)
    metric: bool = False

    def add(self, name: str, seen: int, value: float) -> None:
        along, values = self.lines.setdefault(name, ([], []))
        along.append(seen)
        values.append(value)


def panels(rows: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """What a log holds: the players in the order in which they were first met, then the metrics.

    Args:
        rows: Rows of ``log.jsonl``: ``seen``, ``terms`` by ``player/term`` and, where it was measured, ``metrics``.

    Example:
        >>> rows = [{"seen": 64, "terms": {"critic/real": 1.0, "critic/fake": 2.0}, "metrics": {"frechet/digits": 3.0}}]
        >>> [(panel.title, list(panel.lines)) for panel in panels(rows)]
        [('critic', ['real', 'fake']), ('frechet/digits', ['frechet/digits'])]
    """
    players: dict[str, Panel] = {}
    metrics: dict[str, Panel] = {}
    for row in rows:
        for key, value in (row.get("terms") or {}).items():
            player, _, term = key.rpartition("/")
            players.setdefault(player, Panel(player)).add(term, row["seen"], _number(value))
        for key, value in (row.get("metrics") or {}).items():
            metrics.setdefault(key, Panel(key, metric=True)).add(key, row["seen"], _number(value))
    return [*players.values(), *metrics.values()]


def curves(rows: Sequence[Mapping[str, Any]], only: str = "", columns: int = 2) -> Image:
    """A picture of a log against the samples seen.

    A term is a smoothed line over its faint raw values. The y axis leaves out rare outliers; where it does, their
    number is written. Stages are divided by dashed lines.

    Args:
        rows: Rows of ``log.jsonl``.
        only: The title of the one panel to draw; empty: all.
        columns: Panels side by side.

    Raises:
        ValueError: if there is nothing to draw.
    """
    from matplotlib.figure import Figure

    shown = [panel for panel in panels(rows) if only in ("", panel.title)]
    if not shown:
        raise ValueError(f"There is no panel '{only}' in this log." if only else "This log has no terms yet.")
    columns = min(columns, len(shown))
    down = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(_WIDE * columns, _HIGH * down), dpi=100, layout="constrained", facecolor="white")
    grid = figure.subplots(down, columns, squeeze=False).flatten()
    for axes, panel in zip(grid, shown, strict=False):
        _draw(axes, panel, _stages(rows))
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    return rendered(figure)


def smoothed(values: Sequence[float]) -> np.ndarray:
    """The mean over a window of a fortieth of the values around each, shorter at the ends; without what is not finite.

    Example:
        >>> smoothed([1.0, 3.0]).tolist()
        [1.0, 3.0]
    """
    numbers = np.asarray(values, dtype=float)
    half = len(numbers) // 80
    window = np.ones(2 * half + 1)
    finite = np.isfinite(numbers)
    total = np.convolve(np.where(finite, numbers, 0.0), window)[half : half + len(numbers)]
    count = np.convolve(finite.astype(float), window)[half : half + len(numbers)]
    return np.divide(total, count, out=np.full(len(numbers), np.nan), where=count > 0.5)


def _draw(axes: Axes, panel: Panel, stages: Sequence[tuple[int, str]]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for place, (name, (seen, values)) in enumerate(panel.lines.items()):
        look: dict[str, Any] = {"color": COLOURS[place % len(COLOURS)]}
        look["linestyle"] = _STROKES[place // len(COLOURS) % len(_STROKES)]
        if panel.metric:
            axes.plot(seen, values, marker="o", markersize=3, linewidth=1.4, **look)
            continue
        axes.plot(seen, values, linewidth=0.6, alpha=0.25, **look)
        axes.plot(seen, smoothed(values), linewidth=1.4, label=name, **look)
    axes.set_title(panel.title, loc="left", fontsize=10, color=INK)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel("samples seen", fontsize=8, color=INK)
    axes.tick_params(colors=INK, labelsize=8, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#999999")
    axes.grid(axis="y", color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    _limit(axes, panel)
    _mark(axes, stages)
    if not panel.metric:
        many = len(panel.lines)
        axes.legend(frameon=False, fontsize=8, labelcolor=INK, ncols=min(many, 4), loc="upper right")


def _limit(axes: Axes, panel: Panel) -> None:
    """A y axis from the first to the ninety-ninth percentile of each line, and the number of what lies beyond."""
    finite = [array[np.isfinite(array)] for _, values in panel.lines.values() if len(array := np.asarray(values))]
    finite = [array for array in finite if len(array)]
    if not finite:
        return
    share = 0 if panel.metric else 1
    low = min(np.percentile(array, share) for array in finite)
    high = max(np.percentile(array, 100 - share) for array in finite)
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.5
    # Room for the legend.
    above = margin if panel.metric else 4 * margin
    axes.set_ylim(low - margin, high + above)
    beyond = sum(int(((array < low - margin) | (array > high + above)).sum()) for array in finite)
    if beyond:
        note = f"{beyond} value{'s' * (beyond > 1)} beyond the axis"
        axes.annotate(note, (0.99, 0.02), xycoords="axes fraction", ha="right", fontsize=7, color="#8a8a8a")


def _mark(axes: Axes, stages: Sequence[tuple[int, str]]) -> None:
    """Lines where stages begin, and their names if they are few."""
    for seen, _ in stages[1:]:
        axes.axvline(seen, color="#999999", linewidth=0.8, linestyle=(0, (4, 3)))
    if 1 < len(stages) <= _NAMED:
        for seen, name in stages:
            at = {"xy": (seen, 0.02), "xycoords": ("data", "axes fraction"), "ha": "left", "va": "bottom"}
            axes.annotate(f" {name}", **at, fontsize=7, color="#8a8a8a")


def _stages(rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Where each stage's first row is, in samples seen."""
    found: list[tuple[int, str]] = []
    for row in rows:
        if not found or row.get("stage", "") != found[-1][1]:
            found.append((row["seen"], row.get("stage", "")))
    return found


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _short(number: float) -> str:
    """Large numbers in thousands and millions.

    Example:
        >>> _short(250_000), _short(1_500_000), _short(0)
        ('250k', '1.5M', '0')
    """
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= unit:
            return f"{number / unit:.4g}{letter}"
    return f"{number:.4g}"
