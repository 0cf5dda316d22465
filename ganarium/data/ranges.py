"""The range of numbers: how far rounding may leave it, how little of it is remarked on, and how a person says it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from ganarium.terminal.processes import speaks

__all__ = ["NARROW", "NOISE", "advised", "check_span", "narrow", "number"]

#: How far rounding may carry a number out of its range, as a share of it.
NOISE = 1e-4
#: The share of a range below which data that fills no more of it is remarked on.
NARROW = 0.25


def check_span(name: str, low: float, high: float, span: Sequence[float], *, rounded: bool) -> None:
    """Check a range that was given against the numbers that there are.

    Args:
        name: What messages call them.
        low: The lowest.
        high: The highest.
        span: The range.
        rounded: Whether rounding may have carried them out of it.

    Raises:
        ValueError: if it is none, or they leave it.
    """
    if isinstance(span, str) or len(span) != 2 or not span[0] < span[1]:
        raise ValueError(f"range is (low, high) with low < high; got {tuple(span)}.")
    noise = NOISE * (span[1] - span[0]) if rounded else 0.0
    if low < span[0] - noise or high > span[1] + noise:
        raise ValueError(
            f"'{name}' goes from {low:g} to {high:g}, beyond range=({span[0]:g}, {span[1]:g}). Widen it, or clip."
        )


def narrow(name: str, low: float, high: float, whole: tuple[float, float]) -> None:
    """Warn where numbers that differ fill less than a quarter of their range, and so are dealt nearly alike."""
    share = (high - low) / (whole[1] - whole[0])
    if low < high and share < NARROW and speaks():
        warnings.warn(
            f"'{name}' goes from {low:g} to {high:g}, {share:.2g} of the range {whole[0]:g} to {whole[1]:g}: its "
            f"numbers are dealt nearly alike. If these are all levels that there can be: {advised(low, high)}.",
            stacklevel=2,
        )


def advised(low: float, high: float) -> str:
    """How a person gives the range of numbers that go from ``low`` to ``high``: from zero, unless that is far below.

    Example:
        >>> advised(12, 4095)
        '--data.range 0 4095, in Python range=(0, 4095)'
    """
    low = 0.0 if low > 0 and high - low >= NARROW * high else low
    words = [number(low), number(high)]
    return f"--data.range {' '.join(words)}, in Python range=({', '.join(words)})"


def number(value: float) -> str:
    """A number as a person writes it: whole ones whole."""
    return f"{value:.12g}" if value == round(value) else f"{value:.6g}"
