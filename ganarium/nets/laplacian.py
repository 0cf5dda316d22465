r"""The Laplacian pyramid of an image, and the two networks that play at each of its levels.

.. math::

    I_{k+1} = \operatorname{down}(I_k), \qquad l_k = \operatorname{up}(I_{k+1}), \qquad h_k = I_k - l_k.

The pyramid holds nothing but the image: :math:`I_k = l_k + h_k`, whatever ``down`` and ``up`` are, as long as they are
the same everywhere.

Reference:
    Burt and Adelson: The Laplacian Pyramid as a Compact Image Code, IEEE Transactions on Communications 1983. Denton,
    Chintala, Szlam, Fergus: Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks, NIPS 2015.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganarium.nets.blocks import named
from ganarium.nets.roles import check_counts
from ganarium.spec import Field

__all__ = ["ResidualDiscriminator", "ResidualGenerator", "enlarge", "levels_of", "shrink"]


def shrink(x: Tensor) -> Tensor:
    """Images of shape (B, C, H, W) at half their sides: means of 2 x 2 pixels."""
    return avg_pool2d(x, 2)


def enlarge(x: Tensor) -> Tensor:
    """Images of shape (B, C, H, W) at twice their sides: lines between the pixels."""
    return interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def levels_of(field: Field, coarsest: int) -> list[Field]:
    """The fields of a pyramid's levels, from the image's own to the first whose shorter side is no more than a bound.

    Args:
        field: What an image looks like.
        coarsest: The bound.

    Example:
        >>> [level.shape for level in levels_of(Field((3, 32, 32), "image"), 8)]
        [(3, 32, 32), (3, 16, 16), (3, 8, 8)]
    """
    check_counts(coarsest=coarsest)
    levels = [field]
    while min(levels[-1].shape[1:]) > coarsest:
        channels, height, width = levels[-1].shape
        if height % 2 or width % 2:
            raise ValueError(
                f"A pyramid halves images of '{field}' until a side is at most {coarsest}, but {height} x {width} "
                "cannot be halved. Resize the data to sides that are a power of two times that, or raise coarsest."
            )
        levels.append(Field((channels, height // 2, width // 2), "image"))
    return levels


class ResidualGenerator(nn.Module):
    r"""From a map of noise and a blurred image to the detail that it lacks.

    Three convolutions, of 7, 7 and 5 pixels, without a stride; the last is linear, for detail is as often dark as it
    is bright and knows no bounds.

    Args:
        field: What an image of this level looks like.
        channels: Of the hidden maps (64 in the paper for 32 x 32 pixels).

    Example:
        >>> net = ResidualGenerator(Field((3, 16, 16), "image"), channels=8)
        >>> net(torch.rand(2, 1, 16, 16), torch.rand(2, 3, 16, 16)).shape
        torch.Size([2, 3, 16, 16])
    """

    def __init__(self, field: Field, channels: int = 64):
        super().__init__()
        check_counts(channels=channels)
        self.body = named(
            conv1=nn.Conv2d(field.shape[0] + 1, channels, 7, padding=3),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(channels, channels, 7, padding=3),
            relu2=nn.ReLU(),
            out=nn.Conv2d(channels, field.shape[0], 5, padding=2),
        )

    def forward(self, z: Tensor, low: Tensor) -> Tensor:
        """Residuals h of shape (B, C, H, W), for noise (B, 1, H, W) and blurred images l (B, C, H, W)."""
        return self.body(torch.cat([low, z], 1))


class ResidualDiscriminator(nn.Module):
    r"""Judges a residual by the image that it completes: the first thing that it does is to add the two.

    Args:
        field: What an image of this level looks like.
        channels: Of the hidden maps (64 in the paper for 32 x 32 pixels).
        dropout: The share of the features that each pass of training drops.

    Example:
        >>> net = ResidualDiscriminator(Field((3, 16, 16), "image"), channels=8)
        >>> net(torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16)).shape
        torch.Size([2])
    """

    def __init__(self, field: Field, channels: int = 64, dropout: float = 0.5):
        super().__init__()
        check_counts(channels=channels)
        places = math.prod((side + 1) // 2 for side in field.shape[1:])
        self.trunk = named(
            conv1=nn.Conv2d(field.shape[0], channels, 5, padding=2),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(channels, channels, 5, 2, padding=2),
            relu2=nn.ReLU(),
            flatten=nn.Flatten(),
            dropout=nn.Dropout(dropout),
        )
        self.head = nn.Linear(channels * places, 1)

    def forward(self, h: Tensor, low: Tensor) -> Tensor:
        """Raw scores of shape (B,), for residuals h and blurred images l of shape (B, C, H, W)."""
        return self.head(self.trunk(h + low)).squeeze(1)
