r"""BEGAN's networks: an autoencoder that judges, and a generator that is one more decoder.

Kernels of width three and ELUs, two layers at each scale, no norm and no dropout. The encoder halves maps by strided
convolutions, and its channels grow by n with each halving: n, 2n, 3n. The decoder has n channels at every scale and
doubles maps by repeating each pixel. Linear layers without an activation lead to the code and away from it. The
generator has the decoder's shape, with weights of its own.

Reference:
    Berthelot, Schumm, Metz: BEGAN: Boundary Equilibrium Generative Adversarial Networks, 2017, arXiv 1703.10717.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from torch import Tensor, nn

from ganarium.nets.architecture import Architecture
from ganarium.nets.layers.blocks import named
from ganarium.nets.layers.conv import CONV, down, he, pyramid
from ganarium.nets.roles import Discriminator, Generator, check_counts
from ganarium.spec import Field

__all__ = ["Autoencoder", "Mirrored"]

#: The slope below zero at which a leaky ReLU keeps as much of the mean square of normal numbers as an ELU does.
ELU_SLOPE = 0.538


class Autoencoder(nn.Module):
    r"""From data to data, through a code.

    Args:
        encoder: From samples (B, \*shape) to codes.
        decoder: From codes to samples.

    Example:
        >>> import torch
        >>> field = Field((1, 13, 9), "image")
        >>> Autoencoder.of(Mirrored(4), field, code=5)(torch.randn(2, 1, 13, 9)).shape
        torch.Size([2, 1, 13, 9])
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    @classmethod
    def of(cls, architecture: Architecture, field: Field, code: int) -> Self:
        """An architecture's encoder of samples to ``code`` numbers, then its generator."""
        return cls(architecture.encoder(field, code), architecture.generator(code, field))

    def forward(self, x: Tensor) -> Tensor:
        """The reconstruction of ``x``, of its shape."""
        return self.decoder(self.encoder(x))


@dataclass(frozen=True)
class Mirrored(Architecture):
    """The networks of BEGAN (Berthelot et al., 2017): ELUs, and a decoder that mirrors the encoder.

    Args:
        filters: Channels of the largest maps, n (64 or 128 in the paper).
        units: Units of the two hidden layers for points.
    """

    filters: int = 64
    units: int = 128

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        check_counts(latent=latent, condition=condition, filters=self.filters, units=self.units)
        return Generator(lively(self._body(latent + condition, field)), latent, condition)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        check_counts(outputs=outputs, condition=condition, filters=self.filters, units=self.units)
        trunk, features = self._trunk(field, condition)
        return Discriminator(lively(trunk), features, outputs, condition)

    def _body(self, inputs: int, field: Field) -> nn.Sequential:
        """From vectors to samples; its end is linear."""
        if field.kind == "points":
            return named(hidden=hidden(inputs, self.units), out=nn.Linear(self.units, field.size))
        n, maps = self.filters, pyramid(field, 3)[::-1]
        dims = len(maps[0])
        first = named(layer=nn.Linear(inputs, n * math.prod(maps[0])), maps=nn.Unflatten(1, (n, *maps[0])))
        parts = {"project": first, "scale0": twice(n, dims)}
        for i, sides in enumerate(maps[1:], 1):
            parts[f"scale{i}"] = named(grow=nn.Upsample(sides, mode="nearest"), convs=twice(n, dims))
        return named(**parts, out=CONV[dims](n, field.shape[0], 3, padding=1))

    def _trunk(self, field: Field, condition: int) -> tuple[nn.Sequential, int]:
        """From samples to features, and how many features there are."""
        if field.kind == "points":
            return hidden(field.size + condition, self.units), self.units
        maps = pyramid(field, 3)
        dims, channels = len(maps[0]), [self.filters * level for level in range(1, len(maps) + 1)]
        stem = CONV[dims](field.shape[0] + condition, channels[0], 3, padding=1)
        parts = {"stem": named(layer=stem, activation=nn.ELU()), "scale0": twice(channels[0], dims)}
        for i, (a, b) in enumerate(pairwise(channels), 1):
            parts[f"scale{i}"] = named(shrink=down(a, b, dims, 3), activation=nn.ELU(), convs=twice(b, dims))
        return named(**parts, flatten=nn.Flatten()), channels[-1] * math.prod(maps[-1])


def lively(network: nn.Sequential) -> nn.Sequential:
    """``network`` with weights that keep the mean square from layer to layer.

    PyTorch's own draw loses it: samples of 8 x 8 pixels then begin with a standard deviation of 0.01 over the noise,
    and stay one picture.
    """
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.modules.conv._ConvNd)):
            he(module, ELU_SLOPE)
    return network


def twice(channels: int, dims: int) -> nn.Sequential:
    """Two convolutions that keep the maps' sides."""
    layers = [CONV[dims](channels, channels, 3, padding=1) for _ in range(2)]
    return named(conv1=layers[0], activation1=nn.ELU(), conv2=layers[1], activation2=nn.ELU())


def hidden(inputs: int, units: int) -> nn.Sequential:
    """Two hidden layers."""
    layers = {"layer1": nn.Linear(inputs, units), "activation1": nn.ELU()}
    return named(**layers, layer2=nn.Linear(units, units), activation2=nn.ELU())
