r"""Laws of the latent: where the generator's noise comes from.

A law is a small frozen object (``Normal()``, ``Uniform(-1, 1)``); ``law.of(64)`` makes it a module that draws latents
of that size on the device and in the type of the game that holds it::

    self.noise = self.prior.of(self.latent)
    z = self.noise(n)                 # (n, latent)
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Latent", "Law", "Normal", "Truncated", "Uniform"]


@dataclass(frozen=True)
class Law(ABC):
    """The law of each coordinate of a latent."""

    @abstractmethod
    def draw(self, like: Tensor) -> Tensor:
        """Independent draws with the shape, device and type of ``like``."""

    def within(self, code: Tensor) -> Tensor:
        """``code`` brought into the law's range, without a kink; as it is if the law has no bounds.

        Example:
            >>> Uniform(0.0, 1.0).within(torch.tensor([-100.0, 0.0, 100.0]))
            tensor([0.0000, 0.5000, 1.0000])
        """
        return code

    def free(self, z: Tensor) -> Tensor:
        """What :meth:`within` brings to ``z``, which lies in the law's range; at its ends, a finite code.

        Example:
            >>> law, z = Uniform(), torch.tensor([-0.5, 0.0, 0.5])
            >>> law.within(law.free(z))
            tensor([-0.5000,  0.0000,  0.5000])
        """
        return z

    @property
    def centre(self) -> float:
        """The mean of a coordinate."""
        return 0.0

    def energy(self, z: Tensor) -> Tensor:
        """Minus the log-density of latents (n, Z) in the law's range, up to a constant, in nats, of shape (n,)."""
        return torch.zeros_like(z[:, 0])

    def of(self, size: int) -> Latent:
        """The module that draws latents of ``size`` coordinates from this law."""
        return Latent(self, size)


@dataclass(frozen=True)
class Normal(Law):
    """The standard normal law, scaled.

    Args:
        sd: The standard deviation.
    """

    sd: float = 1.0

    def draw(self, like: Tensor) -> Tensor:
        z = torch.randn_like(like)
        return z if self.sd == 1.0 else z * self.sd

    def energy(self, z: Tensor) -> Tensor:
        return (z / self.sd).square().sum(1) / 2


@dataclass(frozen=True)
class Uniform(Law):
    """The uniform law on an interval.

    Args:
        low: The interval's lower end.
        high: Its upper end.
    """

    low: float = -1.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"Uniform needs low < high; got low={self.low}, high={self.high}.")

    def draw(self, like: Tensor) -> Tensor:
        return torch.rand_like(like) * (self.high - self.low) + self.low

    def within(self, code: Tensor) -> Tensor:
        return self.low + (self.high - self.low) * (1 + code.tanh()) / 2

    def free(self, z: Tensor) -> Tensor:
        return _atanh(2 * (z - self.low) / (self.high - self.low) - 1)

    @property
    def centre(self) -> float:
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class Truncated(Law):
    """The standard normal law given that no coordinate lies beyond a bound (the truncation trick of BigGAN).

    Drawn by inverting the normal distribution function, so that the cost does not depend on the bound.

    Args:
        bound: The largest absolute value.
    """

    bound: float = 2.0

    def __post_init__(self) -> None:
        if not self.bound > 0:
            raise ValueError(f"Truncated needs a positive bound; got {self.bound}.")

    def draw(self, like: Tensor) -> Tensor:
        edge = math.erf(self.bound / math.sqrt(2))
        u = torch.rand_like(like) * (2 * edge) - edge
        return (torch.erfinv(u) * math.sqrt(2)).clamp(-self.bound, self.bound)

    def within(self, code: Tensor) -> Tensor:
        return self.bound * code.tanh()

    def free(self, z: Tensor) -> Tensor:
        return _atanh(z / self.bound)

    def energy(self, z: Tensor) -> Tensor:
        return z.square().sum(1) / 2


def _atanh(share: Tensor) -> Tensor:
    """The inverse of tanh, finite at the ends."""
    return share.clamp(-1 + 1e-6, 1 - 1e-6).atanh()


class Latent(nn.Module):
    r"""Draws latents.

    Args:
        law: The law of each coordinate.
        size: How many coordinates a latent has.

    Example:
        >>> Uniform().of(16)(4).shape
        torch.Size([4, 16])
    """

    at: Tensor

    def __init__(self, law: Law, size: int):
        super().__init__()
        if size < 1:
            raise ValueError(f"A latent has at least one coordinate; got {size}.")
        self.law = law
        self.size = size
        self.register_buffer("at", torch.empty(0), persistent=False)

    def forward(self, n: int) -> Tensor:
        """``n`` latents, of shape (n, size)."""
        return self.law.draw(self.at.new_empty(n, self.size))

    def extra_repr(self) -> str:
        return f"{self.size} x {self.law}"
