r"""Differentiable augmentation of what the discriminator sees.

With little data the discriminator learns it by heart. Augmenting the data alone would teach the generator to make
augmented samples. Instead every image that the discriminator sees goes through a random :math:`T`, in both players'
losses, and gradients flow to the generator through it:

.. math::

    L_D = \mathbb E_x\, a(F(T(x))) + \mathbb E_z\, b(F(T(G(z)))), \qquad L_G = \mathbb E_z\, c(F(T(G(z)))).

An augmentation is a small frozen object, called with images of shape (B, C, H, W), or volumes with a further side. Each
sample gets its own random numbers, from the default generator. Values may leave [-1, 1]: they are not clipped, since
clipping would stop gradients.

Reference:
    Zhao, Liu, Lin, Zhu and Han, "Differentiable augmentation for data-efficient GAN training", NeurIPS 2020,
    arXiv 2006.10738.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Augmentation", "Brightness", "Contrast", "Cutout", "DiffAugment", "Saturation", "Translation"]


def uniform(x: Tensor, low: float, high: float) -> Tensor:
    """One number from U[low, high] for each sample of ``x``, of shape (B, 1, ..., 1)."""
    u = torch.rand(len(x), *[1] * (x.ndim - 1), device=x.device, dtype=x.dtype)
    return low + (high - low) * u


def places(x: Tensor, axis: int, low: int, high: int) -> Tensor:
    """Places along ``axis`` of shape (B, N), less one whole number for each sample, from low to high inclusive."""
    offset = torch.randint(low, high + 1, (len(x), 1), device=x.device)
    return torch.arange(x.shape[axis], device=x.device) - offset


def along(row: Tensor, x: Tensor, axis: int) -> Tensor:
    """``row``, of shape (B, N), with N at ``axis`` and as many axes as ``x``."""
    shape = [1] * x.ndim
    shape[0], shape[axis] = row.shape
    return row.reshape(shape)


@dataclass(frozen=True)
class Augmentation(ABC):
    r"""A random transform that has a gradient with respect to what it transforms."""

    @abstractmethod
    def transform(self, x: Tensor) -> Tensor:
        r"""``x`` transformed; for :meth:`__call__`, which games use."""

    def __call__(self, x: Tensor) -> Tensor:
        r"""Each sample transformed with its own random numbers; the shape stays.

        Args:
            x: Images of shape (B, C, H, W) or volumes of shape (B, C, D, H, W).

        Raises:
            ValueError: if ``x`` has another number of axes.
        """
        if x.ndim not in (4, 5):
            name = type(self).__name__
            raise ValueError(f"{name} takes images (B, C, H, W) or volumes (B, C, D, H, W); got {tuple(x.shape)}.")
        return self.transform(x)


@dataclass(frozen=True)
class Brightness(Augmentation):
    r"""Adds to all of a sample one number :math:`\sim U[-s, s]`.

    Args:
        spread: :math:`s`, in units in which images span [-1, 1].
    """

    spread: float = 0.5

    def transform(self, x: Tensor) -> Tensor:
        return x + uniform(x, -self.spread, self.spread)


@dataclass(frozen=True)
class Saturation(Augmentation):
    r"""Multiplies colours' distance from grey, the mean over the channels, by :math:`U[1 - s, 1 + s]`.

    With one channel it is the identity.

    Args:
        spread: :math:`s`.
    """

    spread: float = 1.0

    def transform(self, x: Tensor) -> Tensor:
        if x.shape[1] == 1:
            return x
        return torch.lerp(x.mean(1, keepdim=True).expand_as(x), x, uniform(x, 1 - self.spread, 1 + self.spread))


@dataclass(frozen=True)
class Contrast(Augmentation):
    r"""Multiplies a sample's distance from its own mean by :math:`U[1 - s, 1 + s]`.

    Args:
        spread: :math:`s`.
    """

    spread: float = 0.5

    def transform(self, x: Tensor) -> Tensor:
        mean = x.flatten(1).mean(1).reshape(-1, *[1] * (x.ndim - 1))
        return torch.lerp(mean.expand_as(x), x, uniform(x, 1 - self.spread, 1 + self.spread))


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
class DiffAugment(Augmentation):
    """Several augmentations, one after the other (Zhao et al., 2020).

    The paper's names for its policies: *color* is brightness, saturation and contrast. All of them is for little data
    (some hundred images); for CIFAR-10 it takes translation and cutout.

    Args:
        policy: The augmentations, in order.

    Example:
        >>> augment = DiffAugment((Translation(), Cutout()))
        >>> augment(torch.ones(2, 3, 16, 16)).shape
        torch.Size([2, 3, 16, 16])
    """

    policy: tuple[Augmentation, ...] = (Brightness(), Saturation(), Contrast(), Translation(), Cutout())

    def transform(self, x: Tensor) -> Tensor:
        for augmentation in self.policy:
            x = augmentation(x)
        return x
