r"""Residual networks with batch norm that draw, and with spectral norm that judge.

A block adds what two 3 x 3 convolutions make of its maps; where it changes their size, the shortcut does so too:

.. math::

    y = S(x) + W_2 * \sigma(W_1 * \sigma(x)).

The generator's blocks have batch norm before each rectifier :math:`\sigma`, and double the maps before their first
convolution. The discriminator's halve them by mean pooling after their second. Its first block sees pixels and not
features: it begins with no rectifier, and its shortcut pools before it convolves. Its last features are summed over all
places, so that a score adds up what was found wherever it was found.

Reference:
    Miyato, Kataoka, Koyama, Yoshida: Spectral Normalization for Generative Adversarial Networks, ICLR 2018,
    arXiv 1802.05957, appendix B.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from ganarium.nets import by_kind
from ganarium.nets.architecture import Architecture
from ganarium.nets.layers.blocks import named
from ganarium.nets.layers.conv import Sides, pyramid
from ganarium.nets.layers.norms import make_spectral
from ganarium.nets.roles import Discriminator, Generator, check_counts
from ganarium.spec import Field

__all__ = ["Residual"]


def conv(inputs: int, out: int, kernel: int = 3, gain: float = math.sqrt(2)) -> nn.Conv2d:
    """A convolution that keeps the maps' size, with a uniform draw (Glorot and Bengio, 2010) and no bias at first."""
    layer = nn.Conv2d(inputs, out, kernel, padding=kernel // 2)
    nn.init.xavier_uniform_(layer.weight, gain)
    nn.init.zeros_(layer.get_parameter("bias"))
    return layer


class Sum(nn.Module):
    """Maps (B, C, H, W) as the sums of each channel (B, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum((2, 3))


class Block(nn.Module):
    """The sum of two ways through.

    Args:
        branch: The way with convolutions.
        shortcut: The way past them.
    """

    def __init__(self, branch: nn.Module, shortcut: nn.Module):
        super().__init__()
        self.branch, self.shortcut = branch, shortcut

    def forward(self, x: Tensor) -> Tensor:
        return self.branch(x) + self.shortcut(x)


def up(channels: int, large: Sides) -> Block:
    """A generator's block, onto maps with the sides ``large``."""
    branch = named(
        norm1=nn.BatchNorm2d(channels),
        relu1=nn.ReLU(),
        up=nn.Upsample(large),
        conv1=conv(channels, channels),
        norm2=nn.BatchNorm2d(channels),
        relu2=nn.ReLU(),
        conv2=conv(channels, channels),
    )
    # A 1 x 1 convolution and the doubling may change places; small maps convolve faster.
    return Block(branch, named(conv=conv(channels, channels, 1, gain=1.0), up=nn.Upsample(large)))


def first(inputs: int, channels: int) -> Block:
    """A discriminator's first block, which halves what it sees."""
    branch = named(conv1=conv(inputs, channels), relu=nn.ReLU(), conv2=conv(channels, channels), pool=nn.AvgPool2d(2))
    return Block(branch, named(pool=nn.AvgPool2d(2), conv=conv(inputs, channels, 1, gain=1.0)))


def down(channels: int, halve: bool) -> Block:
    """Another block of it. It halves the maps, or keeps their size and has nothing in its shortcut."""
    pool = nn.AvgPool2d(2) if halve else None
    branch = named(
        relu1=nn.ReLU(), conv1=conv(channels, channels), relu2=nn.ReLU(), conv2=conv(channels, channels), pool=pool
    )
    if not halve:
        return Block(branch, nn.Identity())
    # Pooling commutes with a 1 x 1 convolution too.
    return Block(branch, named(pool=nn.AvgPool2d(2), conv=conv(channels, channels, 1, gain=1.0)))


@dataclass(frozen=True)
class Residual(Architecture):
    r"""The residual networks of SNGAN (Miyato et al., 2018), and its perceptrons for points.

    The generator doubles maps of 4 to 7 a side up to the image's. The discriminator halves images until their shortest
    side is 8 to 15, at least once, and has ``flat`` more blocks there; all its weights have spectral norm. For 32 x 32
    pixels, with the default numbers, these are the paper's networks. A condition follows the latent; in the
    discriminator it becomes constant channels.

    Args:
        channels: Of the generator's maps.
        discriminator_channels: Of the discriminator's maps.
        flat: The discriminator's last blocks, which keep the maps' size.
        norm: Of the discriminator: spectral, or None, as gradient penalties want.

    Example:
        >>> import torch
        >>> generator = Residual(16).generator(8, Field((3, 20, 12), "image"))
        >>> generator(torch.randn(2, 8)).shape
        torch.Size([2, 3, 20, 12])
    """

    channels: int = 256
    discriminator_channels: int = 128
    flat: int = 2
    norm: Literal["spectral"] | None = "spectral"

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        self.check(field, latent=latent, condition=condition)
        if field.kind == "points":
            return by_kind.generator(latent, field, condition)
        maps = pyramid(field)[::-1]
        project = nn.Linear(latent + condition, self.channels * math.prod(maps[0]))
        nn.init.xavier_uniform_(project.weight)
        blocks = {f"up{i}": up(self.channels, large) for i, (_, large) in enumerate(pairwise(maps), 1)}
        body = named(
            project=project,
            maps=nn.Unflatten(1, (self.channels, *maps[0])),
            **blocks,
            norm=nn.BatchNorm2d(self.channels),
            relu=nn.ReLU(),
            out=conv(self.channels, field.shape[0], gain=1.0),
            tanh=nn.Tanh(),
        )
        return Generator(body, latent, condition)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        self.check(field, outputs=outputs, condition=condition)
        if field.kind == "points":
            return by_kind.discriminator(field, outputs, condition, self.norm)
        size = self.discriminator_channels
        halvings = max(len(pyramid(field)) - 2, 1)
        blocks = {f"down{i + 2}": down(size, halve=i < halvings - 1) for i in range(halvings - 1 + self.flat)}
        trunk = named(down1=first(field.shape[0] + condition, size), **blocks, relu=nn.ReLU(), sum=Sum())
        network = Discriminator(trunk, size, outputs, condition)
        nn.init.xavier_uniform_(network.head.weight)
        return make_spectral(network) if self.norm else network

    def check(self, field: Field, **counts: int) -> None:
        """Raise if there are no such networks."""
        check_counts(channels=self.channels, discriminator_channels=self.discriminator_channels, **counts)
        if field.kind not in ("image", "points"):
            raise ValueError(f"Residual makes networks for images and points; got '{field}'. Take Plain().")
