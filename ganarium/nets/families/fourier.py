r"""Fourier features: a discriminator of points that sees fine structure soon.

A perceptron learns what changes slowly first, and fine detail last. With sines and cosines of each coordinate beside
the coordinates themselves,

.. math::

    x \mapsto \bigl(x,\ \sin \omega_1 x, \cos \omega_1 x,\ \dots,\ \sin \omega_K x, \cos \omega_K x\bigr),

what changes quickly in :math:`x` changes slowly in what it is given. In a game, the discriminator then sees that
samples lie beside the data, or too close together, early enough for the generator to mend it. The higher the
frequencies, the finer the detail, and the more it sees before it knows the whole.

Reference:
    Tancik, Srinivasan, Mildenhall, Fridovich-Keil, Raghavan, Singhal, Ramamoorthi, Barron, Ng: Fourier Features Let
    Networks Learn High Frequency Functions in Low Dimensional Domains, NeurIPS 2020, arXiv 2006.10739 (there for
    regression, with random directions).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganarium.nets.architecture import Architecture
from ganarium.nets.families.plain import Plain
from ganarium.nets.layers.blocks import named
from ganarium.nets.roles import Discriminator, Encoder, Generator
from ganarium.spec import Field

__all__ = ["FourierFeatures", "Waves"]


class Waves(nn.Module):
    """Numbers, and beside them the sines and cosines of the first few.

    Args:
        numbers: How many there are sines and cosines of; what follows them, such as a condition, passes through.
        frequencies: In radians for a step of one.

    Example:
        >>> Waves(1, (1.0, 2.0))(torch.tensor([[0.0, 7.0]]))
        tensor([[0., 0., 0., 1., 1., 7.]])
    """

    frequencies: Tensor

    def __init__(self, numbers: int, frequencies: tuple[float, ...]):
        super().__init__()
        self.numbers = numbers
        self.register_buffer("frequencies", torch.tensor(frequencies), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Of shape (B, N + 2 K numbers), for rows of shape (B, N) and K frequencies."""
        own, rest = x[:, : self.numbers], x[:, self.numbers :]
        angles = (own[:, None] * self.frequencies[:, None]).flatten(1)
        return torch.cat([own, angles.sin(), angles.cos(), rest], 1)


@dataclass(frozen=True)
class FourierFeatures(Architecture):
    """Any family of networks, whose discriminator also sees sines and cosines of points (Tancik et al., 2020).

    Args:
        family: The networks.
        frequencies: In radians for a step of one, in the game's units, in which points have a spread of about one.
    """

    family: Architecture = Plain()
    frequencies: tuple[float, ...] = (1.0, 2.0, 4.0)

    def __post_init__(self) -> None:
        if not self.frequencies or not all(0 < each < math.inf for each in self.frequencies):
            raise ValueError(f"Fourier features have one frequency above 0 or more; got {self.frequencies}.")

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        return self.family.generator(latent, field, condition)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        if len(field.shape) != 1:
            raise ValueError(
                f"Fourier features are of the coordinates of points, of shape (D,); got {field.shape}. Give the game "
                "the family itself."
            )
        seen = Field((field.size * (1 + 2 * len(self.frequencies)),), "points")
        judge = self.family.discriminator(seen, outputs, condition)
        judge.trunk = named(waves=Waves(field.size, self.frequencies), trunk=judge.trunk)
        return judge

    def encoder(self, field: Field, outputs: int) -> Encoder:
        return self.family.encoder(field, outputs)
