"""Perceptrons that take data of any kind as vectors of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn

from ganarium.nets.architecture import Architecture
from ganarium.nets.layers.blocks import named
from ganarium.nets.layers.mlp import mlp_body, mlp_trunk
from ganarium.nets.layers.norms import Norm, check_norm, make_spectral
from ganarium.nets.roles import Discriminator, Generator, check_counts
from ganarium.spec import Field

__all__ = ["Flat"]


@dataclass(frozen=True)
class Flat(Architecture):
    """Perceptrons for data of any kind; images and volumes end in tanh.

    On images of few pixels they play several times as many rounds in the same time as convolutions do. A condition
    follows the latent, and the discriminator's numbers.

    Args:
        width: Units of a hidden layer.
        norm: Of the discriminator: batch, layer, spectral or None.
        generator_norm: Of the generator.
        depth: Hidden layers.

    Example:
        >>> import torch
        >>> Flat(16).generator(8, Field((3, 4, 4), "image"))(torch.randn(2, 8)).shape
        torch.Size([2, 3, 4, 4])
    """

    width: int = 256
    norm: Norm | None = None
    generator_norm: Norm | None = None
    depth: int = 3

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        check_counts(latent=latent, condition=condition, width=self.width, depth=self.depth)
        check_norm(self.generator_norm)
        network = named(
            body=mlp_body(latent + condition, flat(field), self.width, self.generator_norm, self.depth),
            tanh=nn.Tanh() if field.kind in ("image", "volume", "video") else None,
            shape=nn.Unflatten(1, field.shape),
        )
        generator = Generator(network, latent, condition)
        return make_spectral(generator) if self.generator_norm == "spectral" else generator

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        check_counts(outputs=outputs, condition=condition, width=self.width, depth=self.depth)
        check_norm(self.norm)
        # The condition was joined to the channels, so it comes once for each place.
        places = math.prod(field.shape[1:])
        trunk, features = mlp_trunk(condition * places, flat(field), self.width, self.norm, self.depth)
        network = Discriminator(named(flatten=nn.Flatten(), trunk=trunk), features, outputs, condition)
        return make_spectral(network) if self.norm == "spectral" else network


def flat(field: Field) -> Field:
    """The field of the same numbers in a row."""
    return Field((field.size,), "points")
