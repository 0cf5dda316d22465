"""Families of networks as options: any objective runs on any architecture.

An architecture is a small frozen object that makes the network for a role. A game takes one as ``architecture=``, and
the command line names it: ``--architecture deep-convolutional --architecture.channels 32``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ganarium.nets.roles import Discriminator, Encoder, Generator
from ganarium.spec import Field

__all__ = ["Architecture"]


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
