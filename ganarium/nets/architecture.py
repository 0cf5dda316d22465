"""Families of networks as options: any objective runs on any architecture.

An architecture is a small frozen object that makes the network for a role. A game takes one as ``architecture=``, and
the command line names it: ``--architecture deep-convolutional --architecture.channels 32``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from ganarium.nets.by_kind import discriminator, encoder, generator
from ganarium.nets.dcgan import DCGANDiscriminator, DCGANGenerator
from ganarium.nets.norms import Norm
from ganarium.nets.perceptrons import MaxoutDiscriminator, RectifierGenerator
from ganarium.nets.roles import Discriminator, Encoder, Generator
from ganarium.spec import Field

__all__ = ["Architecture", "DeepConvolutional", "Perceptrons", "Plain"]


@dataclass(frozen=True)
class Architecture(ABC):
    """Networks of one kind, for each role."""

    @abstractmethod
    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        r"""From latents (B, latent), and conditions (B, condition), to samples (B, \*shape)."""

    @abstractmethod
    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        r"""From samples (B, \*shape), and conditions (B, condition), to raw scores (B,) or (B, outputs)."""

    def encoder(self, field: Field, outputs: int) -> Encoder:
        """From samples to codes (B, outputs): the discriminator's trunk with a head of its own."""
        judge = self.discriminator(field)
        return Encoder(judge.trunk, judge.feature_size, outputs)


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


@dataclass(frozen=True)
class Perceptrons(Architecture):
    """The perceptrons of the first GAN (Goodfellow et al., 2014): rectifiers that draw, maxout units that judge.

    Args:
        generator_units: Units of the generator's two hidden layers.
        discriminator_units: Maxout units of the discriminator's two hidden layers.
        pieces: Linear maps that each maxout unit chooses from.
    """

    generator_units: int = 1200
    discriminator_units: int = 240
    pieces: int = 5

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        return RectifierGenerator(latent, field, condition, self.generator_units)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        return MaxoutDiscriminator(field, outputs, condition, self.discriminator_units, self.pieces)


@dataclass(frozen=True)
class DeepConvolutional(Architecture):
    """The convolutional networks of DCGAN (Radford et al., 2016), with batch norm in both.

    Args:
        channels: Feature maps at the image's own scale; twice as many at each coarser one.
        kernel: The width of the kernels.
        norm: Of the discriminator: batch, layer, spectral or None, which gradient penalties and critics want.
    """

    channels: int = 128
    kernel: int = 5
    norm: Norm | None = "batch"

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        return DCGANGenerator(latent, field, self.channels, self.kernel, condition)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        return DCGANDiscriminator(field, self.channels, self.kernel, outputs, condition, self.norm)
