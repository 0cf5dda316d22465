"""Networks that train well on small data, chosen by the kind of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganarium.nets.architecture import Architecture
from ganarium.nets.by_kind import discriminator, encoder, generator
from ganarium.nets.layers.norms import Norm
from ganarium.nets.roles import Discriminator, Encoder, Generator
from ganarium.spec import Field

__all__ = ["Plain"]


@dataclass(frozen=True)
class Plain(Architecture):
    """Networks that train well on small data: perceptrons for points, convolutions for images and volumes.

    Args:
        width: Units of the hidden layers (128), or channels of the smallest maps (64 to 256, by size).
        norm: Of the discriminator: batch, layer, spectral or None.
        generator_norm: Of the generator; by default batch norm for images and volumes, none for points.
    """

    width: int | None = None
    norm: Norm | None = None
    generator_norm: Norm | Literal["default"] | None = "default"

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        return generator(latent, field, condition, width=self.width, norm=self.generator_norm)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        return discriminator(field, outputs, condition, self.norm, width=self.width)

    def encoder(self, field: Field, outputs: int) -> Encoder:
        return encoder(field, outputs, width=self.width, norm=self.norm)
