r"""Convolutional networks, for images and volumes of any size from 8 a side.

Maps are halved, or doubled, level by level between the data's own sides and a smallest map whose shortest side is 4
to 7: 64 goes 64, 32, 16, 8, 4 and 28 goes 28, 14, 7. Sides need be neither equal nor even: 13 goes to 6, and 6 back to
13 with one more row at the end.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import nn

from ganarium.nets.layers.blocks import SLOPE, block, named
from ganarium.nets.layers.norms import Norm, make_norm
from ganarium.spec import Field

__all__ = ["conv_body", "conv_trunk", "down", "pyramid", "up"]

Sides = tuple[int, ...]

LEAST = 8
CONV = {2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
DIMS = {"image": 2, "volume": 3}


def pyramid(field: Field, kernel: int = 4) -> list[Sides]:
    r"""The sides of the maps of each level, from the data's own down to the smallest.

    An even kernel's strided convolution rounds odd sides down, an odd kernel's rounds them up.

    Example:
        >>> pyramid(Field((1, 28, 20), "image"))
        [(28, 20), (14, 10), (7, 5)]
    """
    sides = field.shape[1:]
    if len(sides) != DIMS.get(field.kind):
        shape = "(C, H, W) for an image, (C, D, H, W) for a volume"
        raise ValueError(
            f"Convolutional networks take fields of the shape {shape}; got '{field}'. For points take perceptrons: "
            "--architecture plain, Plain()."
        )
    if min(sides) < LEAST:
        raise ValueError(
            f"Convolutional networks need sides of at least {LEAST}; got '{field}'. Enlarge or pad the data to "
            f"{' x '.join(str(max(n, LEAST)) for n in sides)}, or flatten it and call it points."
        )
    levels = [sides]
    while min(levels[-1]) >= LEAST:
        levels.append(tuple((n + kernel % 2) // 2 for n in levels[-1]))
    return levels


def down(channels: int, out: int, dims: int, kernel: int = 4, bias: bool = True) -> nn.Module:
    """The convolution that halves a map."""
    return CONV[dims](channels, out, kernel, 2, (kernel - 1) // 2, bias=bias)


def up(channels: int, out: int, small: Sides, large: Sides, kernel: int = 4, bias: bool = True) -> nn.Module:
    """The transposed convolution from maps with the sides ``small`` to the sides ``large``, one level up."""
    more = tuple(b - (2 * a - kernel % 2) for a, b in zip(small, large, strict=True))
    return TRANSPOSED[len(small)](channels, out, kernel, 2, (kernel - 1) // 2, more, bias=bias)


def widths(levels: int, width: int | None) -> list[int]:
    """How many channels the maps of each level have, from the largest maps to the smallest, which have ``width``.

    Each larger level has half as many, so that all levels cost about the same, but no fewer than 16. By default the
    smallest maps have 64 (data of up to 31 a side), 128 (up to 63) or 256.
    """
    most = width or min(max(16 * 2 ** (levels - 1), 64), 256)
    return [max(most >> step, min(most, 16)) for step in reversed(range(levels))]


@torch.no_grad()
def he(layer: nn.Module, slope: float) -> nn.Module:
    """``layer`` with weights that keep the mean square through it and a ReLU of this slope (He et al., 2015).

    PyTorch's own draw shrinks it at every level, so that a discriminator without norms would begin blind: samples of
    digits came out twice as far from the data (Frechet distance of pixels) with N(0, 0.02), DCGAN's draw for networks
    with batch norm.
    """
    weight = layer.get_parameter("weight")
    inputs: float = weight[0].numel()
    if isinstance(layer, nn.modules.conv._ConvTransposeNd):
        # A transposed kernel's taps are shared out among the places that it makes.
        inputs = weight.shape[0] * math.prod(k / s for k, s in zip(layer.kernel_size, layer.stride, strict=True))
    weight.normal_(0, math.sqrt(2 / (1 + slope**2) / inputs))
    return layer


def conv_body(inputs: int, field: Field, width: int | None, norm: Norm | None) -> nn.Sequential:
    r"""From vectors of shape (B, inputs) to images or volumes of shape (B, \*shape), with a tanh at the end."""
    maps = pyramid(field)[::-1]
    channels = widths(len(maps), width)[::-1]
    dims, bias = len(maps[0]), norm != "batch"
    blocks: dict[str, nn.Module] = {"project": projection(inputs, channels[0], maps[0], norm)}
    for i, ((small, large), (a, b)) in enumerate(zip(pairwise(maps), pairwise(channels), strict=True), 1):
        blocks[f"up{i}"] = block(he(up(a, b, small, large, bias=bias), 0.0), b, dims, norm, 0.0)
    out = CONV[dims](channels[-1], field.shape[0], 3, padding=1)
    return named(**blocks, out=out, tanh=nn.Tanh())


def projection(inputs: int, channels: int, sides: Sides, norm: Norm | None) -> nn.Sequential:
    """From vectors to the smallest maps."""
    linear = he(nn.Linear(inputs, channels * math.prod(sides)), 0.0)
    maps = nn.Unflatten(1, (channels, *sides))
    return named(layer=linear, maps=maps, norm=make_norm(norm, channels, len(sides)), activation=nn.ReLU())


def conv_trunk(condition: int, field: Field, width: int | None, norm: Norm | None) -> tuple[nn.Sequential, int]:
    r"""From data of shape (B, C + condition, \*sides) to features, and how many features there are.

    The first block has no norm: the brightness and contrast of the data are what the trunk is to see.
    """
    maps = pyramid(field)
    channels = widths(len(maps), width)
    dims, bias = len(maps[0]), norm != "batch"
    stem = CONV[dims](field.shape[0] + condition, channels[0], 3, padding=1)
    blocks: dict[str, nn.Module] = {"stem": block(he(stem, SLOPE), channels[0], dims, None, SLOPE)}
    for i, (a, b) in enumerate(pairwise(channels), 1):
        blocks[f"down{i}"] = block(he(down(a, b, dims, bias=bias), SLOPE), b, dims, norm, SLOPE)
    return named(**blocks, flatten=nn.Flatten()), channels[-1] * math.prod(maps[-1])
