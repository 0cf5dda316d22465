"""Augmentations of brightness and colour."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganarium.ingredients.augment.draws import uniform
from ganarium.ingredients.augment.transform import Augmentation

__all__ = ["Brightness", "Contrast", "Hue", "LumaFlip", "Saturation"]


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
class Hue(Augmentation):
    r"""Turns colours about the grey axis by an angle :math:`\sim U[-a, a]`.

    It is the identity where there are not three channels.

    Args:
        angle: :math:`a`, in radians; :math:`\pi` is every hue alike.
    """

    angle: float = math.pi

    def transform(self, x: Tensor) -> Tensor:
        if x.shape[1] != 3:
            return x
        grey = x.mean(1, keepdim=True)
        # Rodrigues' rotation about (1, 1, 1) / sqrt(3), whose cross product is a difference of neighbours.
        across = (x.roll(1, 1) - x.roll(-1, 1)) / math.sqrt(3)
        angle = uniform(x, -self.angle, self.angle)
        return grey + angle.cos() * (x - grey) + angle.sin() * across


@dataclass(frozen=True)
class LumaFlip(Augmentation):
    """Mirrors half of the samples in their brightness: dark becomes light, and hues stay.

    With one channel it is the negative.
    """

    def transform(self, x: Tensor) -> Tensor:
        return torch.where(uniform(x, 0, 1) < 0.5, x - 2 * x.mean(1, keepdim=True), x)
