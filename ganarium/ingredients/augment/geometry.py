r"""Augmentations that move pixels.

What moves by whole pixels is a gather or a mirror image. What moves by parts of a pixel is interpolated along one side
after the other, with one matrix a sample and side,

.. math::

    x' = A_h\, x\, A_w^\top, \qquad A_{ij} = \max(0, 1 - |s_i - j|),

where :math:`s_i` is the place that pixel :math:`i` is read from. It is linear in :math:`x`, so that it has a second
gradient, which sampling on a free grid lacks. Places outside are reflected at the edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu

from ganarium.ingredients.augment.draws import along, normal, places, uniform
from ganarium.ingredients.augment.transform import Augmentation

__all__ = ["Cutout", "Flip", "QuarterTurn", "Shift", "Stretch", "Translation", "Zoom"]


def resample(x: Tensor, axis: int, source: Tensor) -> Tensor:
    """``x`` read along ``axis`` at the places ``source``, of shape (B, N), in pixels; reflected where they are outside.

    Example:
        >>> resample(torch.tensor([[[[0.0, 10.0, 20.0]]]]), 3, torch.tensor([[0.5, 2.0, 3.0]])).flatten().tolist()
        [5.0, 20.0, 10.0]
    """
    last = x.shape[axis] - 1
    if last == 0:
        return x
    source = last - (source.remainder(2 * last) - last).abs()
    pixels = torch.arange(last + 1, device=x.device)
    weights = relu(1 - (source[:, :, None] - pixels).abs()).to(x.dtype)
    lines = x.movedim(axis, -1)
    return (lines.flatten(1, -2) @ weights.mT).reshape(lines.shape).movedim(-1, axis)


def scaled(x: Tensor, axis: int, factor: Tensor) -> Tensor:
    """``x`` larger by ``factor``, of shape (B, 1), along ``axis``, around its middle."""
    middle = (x.shape[axis] - 1) / 2
    return resample(x, axis, middle + (torch.arange(x.shape[axis], device=x.device) - middle) / factor)


@dataclass(frozen=True)
class Translation(Augmentation):
    """Moves a sample along each side by a random whole number of pixels; zeros follow.

    Args:
        ratio: The furthest move, as a share of the side, rounded to a whole number of pixels.
    """

    ratio: float = 1 / 8

    def __post_init__(self) -> None:
        if not 0 <= self.ratio <= 1:
            raise ValueError(f"Translation moves by a share of the side, in [0, 1]; got ratio={self.ratio}.")

    def transform(self, x: Tensor) -> Tensor:
        for axis in range(2, x.ndim):
            side = x.shape[axis]
            furthest = int(side * self.ratio + 0.5)
            source = along(places(x, axis, -furthest, furthest), x, axis)
            inside = (source >= 0) & (source < side)
            x = x.gather(axis, source.clamp(0, side - 1).expand_as(x)) * inside
        return x


@dataclass(frozen=True)
class Cutout(Augmentation):
    """Sets a box to zero. Its centre may be anywhere in the sample, so that it may reach over the edge.

    Args:
        ratio: The box's sides, as a share of the sample's, rounded to whole numbers of pixels.
    """

    ratio: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.ratio <= 1:
            raise ValueError(f"Cutout's box is a share of the side, in [0, 1]; got ratio={self.ratio}.")

    def transform(self, x: Tensor) -> Tensor:
        box = torch.ones((), dtype=torch.bool, device=x.device)
        for axis in range(2, x.ndim):
            side = x.shape[axis]
            cut = int(side * self.ratio + 0.5)
            # A box of even width is centred between pixels, where there is one place more, edges included.
            place = places(x, axis, -(cut // 2), side - cut % 2 - cut // 2)
            box = box & along((place >= 0) & (place < cut), x, axis)
        return x * ~box


@dataclass(frozen=True)
class Flip(Augmentation):
    """Mirrors half of the samples, left to right.

    Where left and right mean something, as in digits, generators learn mirror images too.
    """

    def transform(self, x: Tensor) -> Tensor:
        return torch.where(uniform(x, 0, 1) < 0.5, x.flip(-1), x)


@dataclass(frozen=True)
class QuarterTurn(Augmentation):
    """Turns a sample by 0, 90, 180 or 270 degrees, all alike, in the plane of its last two sides."""

    def check(self, shape: Sequence[int]) -> None:
        super().check(shape)
        if shape[-1] != shape[-2]:
            raise ValueError(f"QuarterTurn takes square images; got {shape[-2]} x {shape[-1]} pixels. Use Flip.")

    def transform(self, x: Tensor) -> Tensor:
        turns = torch.randint(4, (len(x), *[1] * (x.ndim - 1)), device=x.device)
        x = torch.where(turns % 2 == 1, x.mT, x)
        x = torch.where((turns == 1) | (turns == 2), x.flip(-2), x)
        return torch.where(turns >= 2, x.flip(-1), x)


@dataclass(frozen=True)
class Zoom(Augmentation):
    r"""Scales a sample around its middle by :math:`2^{\mathcal N(0, s^2)}`.

    Args:
        spread: :math:`s`.
    """

    spread: float = 0.2

    def transform(self, x: Tensor) -> Tensor:
        factor = torch.exp2(normal(x, self.spread))
        for axis in range(2, x.ndim):
            x = scaled(x, axis, factor)
        return x


@dataclass(frozen=True)
class Stretch(Augmentation):
    r"""Scales a sample's width by :math:`2^{\mathcal N(0, s^2)}` and divides its height by the same number.

    Args:
        spread: :math:`s`.
    """

    spread: float = 0.2

    def transform(self, x: Tensor) -> Tensor:
        factor = torch.exp2(normal(x, self.spread))
        return scaled(scaled(x, x.ndim - 1, factor), x.ndim - 2, 1 / factor)


@dataclass(frozen=True)
class Shift(Augmentation):
    r"""Moves a sample along each side by :math:`\mathcal N(0, s^2)` of the side, also by parts of a pixel.

    Args:
        spread: :math:`s`, as a share of the side.
    """

    spread: float = 1 / 8

    def transform(self, x: Tensor) -> Tensor:
        for axis in range(2, x.ndim):
            side = x.shape[axis]
            x = resample(x, axis, torch.arange(side, device=x.device) - side * normal(x, self.spread))
        return x
