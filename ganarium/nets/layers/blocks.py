"""A layer, its norm and its activation: the one brick of the plain networks; and what images end in."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from ganarium.nets.layers.norms import Norm, make_norm

__all__ = ["SLOPE", "ToImage", "block", "named"]

#: The slope of a discriminator's leaky ReLU below zero (Radford et al., 2016).
SLOPE = 0.2


def named(**parts: nn.Module | None) -> nn.Sequential:
    """The parts that are not None, one after the other, under their names."""
    return nn.Sequential(OrderedDict((name, part) for name, part in parts.items() if part is not None))


def block(layer: nn.Module, channels: int, dims: int, norm: Norm | None, slope: float) -> nn.Sequential:
    """``layer``, the norm, and a ReLU that has ``slope`` below zero.

    Args:
        layer: A linear layer or a convolution, with or without stride or transposed.
        channels: How many channels come out.
        dims: How many axes the maps that come out have; 0 for vectors.
        norm: Which norm.
        slope: 0 for a ReLU, above 0 for a leaky one.
    """
    activation = nn.LeakyReLU(slope) if slope else nn.ReLU()
    return named(layer=layer, norm=make_norm(norm, channels, dims), activation=activation)


class ToImage(nn.Module):
    """A sigmoid on [-1, 1], where images live."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(x) * 2 - 1
