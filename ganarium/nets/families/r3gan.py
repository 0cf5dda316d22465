r"""The networks of R3GAN: residual, modern, and without any norm.

A stage of maps of one size is a few blocks between two transitions. A block widens its maps with a 1 x 1 convolution,
mixes places with a 3 x 3 one in groups of channels, and narrows them again:

.. math::

    y = x + W_3\, \sigma(b_2 + W_2 * \sigma(b_1 + W_1 x)),

with leaky rectifiers :math:`\sigma`. :math:`W_3` begins at zero, so that every block begins as the identity, and the
variance of :math:`W_1` and :math:`W_2` is divided by :math:`\sqrt L` in a network of :math:`L` blocks (Zhang et al.,
2019): that is what norms are for. Transitions resample with the filter [1, 2, 1] along each axis. The generator begins
with maps that it has learned, each scaled by a number that is linear in the latent; the discriminator ends with the
mirror of that.

Reference:
    Huang, Gokaslan, Kuleshov, Tompkin: The GAN is dead; long live the GAN! A Modern Baseline GAN, NeurIPS 2024,
    arXiv 2501.05441. Zhang, Dauphin, Ma: Fixup Initialization, ICLR 2019.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ganarium.nets.architecture import Architecture
from ganarium.nets.layers.blocks import SLOPE, named
from ganarium.nets.layers.conv import Sides, pyramid
from ganarium.nets.roles import Discriminator, Generator, check_counts
from ganarium.spec import Field

__all__ = ["ModernResidual"]

#: What a leaky rectifier takes from the standard deviation, given back.
GAIN = math.sqrt(2 / (1 + SLOPE**2))


def mix(inputs: int, out: int, dims: int, kernel: int = 1, groups: int = 1, gain: float = 1.0) -> nn.Module:
    """A convolution without a bias, or a linear layer (dims 0), with weights from N(0, gain^2 / inputs of a unit)."""
    if dims:
        layer: nn.Module = nn.Conv2d(inputs, out, kernel, padding=kernel // 2, groups=groups, bias=False)
    else:
        layer = nn.Linear(inputs, out, bias=False)
    return initialised(layer, gain)


@torch.no_grad()
def initialised(layer: nn.Module, gain: float = 1.0) -> nn.Module:
    """``layer`` with weights from N(0, gain^2 / inputs of a unit)."""
    weight = layer.get_parameter("weight")
    weight.normal_(0, gain / math.sqrt(weight[0].numel()))
    return layer


class BiasedReLU(nn.Module):
    """A bias for each channel, and a leaky rectifier."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return leaky_relu(x + self.bias.reshape(-1, *[1] * (x.ndim - 2)), SLOPE)


class Block(nn.Module):
    r"""What a residual block adds to its maps (B, channels, \*sides), and the maps.

    Args:
        channels: Of the maps.
        wide: Channels inside.
        groups: Of the channels inside.
        dims: Axes of the maps; 0 for vectors.
        blocks: How many blocks the network has.
    """

    def __init__(self, channels: int, wide: int, groups: int, dims: int, blocks: int):
        super().__init__()
        # Three linear layers in a branch: L^(-1 / (2 * 3 - 2)) each (Fixup, section 3).
        gain = GAIN * blocks ** (-1 / 4)
        self.branch = named(
            widen=mix(channels, wide, dims, gain=gain),
            activation1=BiasedReLU(wide),
            mix=mix(wide, wide, dims, 3, groups, gain),
            activation2=BiasedReLU(wide),
            narrow=mix(wide, channels, dims, gain=0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.branch(x)


def means(large: int, small: int) -> Tensor:
    """The matrix (small, large) that filters by [1, 2, 1] / 4 along an axis and keeps every second place."""
    wanted, here = 2 * torch.arange(small)[:, None], torch.arange(large)
    return (2 - (wanted - here).abs()).clamp(min=0) / 4


class Resample(nn.Module):
    """Maps with the sides ``before`` as maps with the sides ``after``, half or twice as large; filtered by [1, 2, 1].

    It multiplies by one matrix for each axis: on CPUs, with second derivatives, several times as fast as convolving
    each channel alone.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, before: Sides, after: Sides):
        super().__init__()
        # Larger, each place gets what it would have given, and no less in sum: twice along each axis.
        pairs = [2 * means(b, a).T if b > a else means(a, b) for a, b in zip(before, after, strict=True)]
        self.register_buffer("rows", pairs[0], persistent=False)
        self.register_buffer("columns", pairs[1].T.contiguous(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.rows @ (x @ self.columns)


class Basis(nn.Module):
    """Learned maps (channels, H, W), each scaled by a number that is linear in a vector of ``inputs`` numbers."""

    def __init__(self, inputs: int, channels: int, sides: Sides):
        super().__init__()
        self.maps = nn.Parameter(torch.randn(channels, *sides))
        self.scales = mix(inputs, channels, 0)

    def forward(self, z: Tensor) -> Tensor:
        return self.maps * self.scales(z)[..., None, None]


@dataclass(frozen=True)
class ModernResidual(Architecture):
    r"""Residual networks without norms, of images and of points (Huang et al., 2024).

    Points have residual perceptrons of the same form, with one stage. A condition follows the latent; in the
    discriminator it becomes constant channels (the paper's is an inner product with the last features).

    Args:
        channels: Of the four coarsest sizes of maps; each finer one has half of the one before.
        blocks: Blocks at each size.
        expansion: How much wider maps are inside a block.
        group: Channels in a group of the 3 x 3 convolutions. 16, the paper's, is also fast on CPUs.

    Example:
        >>> import torch
        >>> generator = ModernResidual(32).generator(8, Field((3, 20, 12), "image"))
        >>> generator(torch.randn(2, 8)).shape
        torch.Size([2, 3, 20, 12])
    """

    channels: int = 768
    blocks: int = 2
    expansion: int = 2
    group: int = 16

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        check_counts(latent=latent, condition=condition)
        maps, widths = self.levels(field)
        maps, widths = maps[::-1], widths[::-1]
        dims, total = len(maps[0]), self.blocks * len(maps)
        first = Basis(latent + condition, widths[0], maps[0]) if dims else mix(latent + condition, widths[0], 0)
        parts = {"begin": first, "stage1": self.stage(widths[0], dims, total)}
        for i, (a, b) in enumerate(pairwise(widths), 2):
            narrow = mix(a, b, dims) if a != b else None
            parts[f"up{i}"] = named(narrow=narrow, resample=Resample(maps[i - 2], maps[i - 1]))
            parts[f"stage{i}"] = self.stage(b, dims, total)
        return Generator(named(**parts, out=mix(widths[-1], field.shape[0], dims)), latent, condition)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        check_counts(outputs=outputs, condition=condition)
        maps, widths = self.levels(field)
        dims, total = len(maps[0]), self.blocks * len(maps)
        parts = {
            "begin": mix(field.shape[0] + condition, widths[0], dims),
            "stage1": self.stage(widths[0], dims, total),
        }
        for i, (a, b) in enumerate(pairwise(widths), 2):
            parts[f"down{i}"] = named(
                resample=Resample(maps[i - 2], maps[i - 1]), widen=mix(a, b, dims) if a != b else None
            )
            parts[f"stage{i}"] = self.stage(b, dims, total)
        if dims:
            height, width = maps[-1]
            last = initialised(nn.Conv2d(widths[-1], widths[-1], (height, width), groups=widths[-1], bias=False))
            parts |= {"basis": last, "flatten": nn.Flatten()}
        network = Discriminator(named(**parts), widths[-1], outputs, condition, bias=False)
        initialised(network.head)
        return network

    def levels(self, field: Field) -> tuple[list[Sides], list[int]]:
        """The sides of the maps and their channels, from the data's own size to the smallest; () for points."""
        check_counts(channels=self.channels, blocks=self.blocks, expansion=self.expansion, group=self.group)
        if field.kind not in ("image", "points"):
            raise ValueError(f"ModernResidual makes networks for images and points; got '{field}'. Take Plain().")
        maps = pyramid(field, kernel=3) if field.kind == "image" else [()]
        return maps, [max(self.channels >> max(len(maps) - 4 - i, 0), 1) for i in range(len(maps))]

    def stage(self, channels: int, dims: int, blocks: int) -> nn.Sequential:
        """The blocks of one size, in a network of so many blocks."""
        wide = channels * self.expansion
        groups = max(wide // self.group, 1)
        if wide % groups:
            raise ValueError(f"Groups of {self.group} channels do not share out {wide}; give a divisor as group.")
        return nn.Sequential(*[Block(channels, wide, groups, dims, blocks) for _ in range(self.blocks)])
