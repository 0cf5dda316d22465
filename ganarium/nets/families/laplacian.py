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
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganarium.ingredients import Latent, Law
from ganarium.nets.architecture import Architecture
from ganarium.nets.layers.blocks import named
from ganarium.nets.roles import check_counts
from ganarium.spec import Field

__all__ = [
    "ResidualDiscriminator",
    "ResidualGenerator",
    "PyramidNoise",
    "apart",
    "detail",
    "enlarge",
    "level_of",
    "levels_of",
    "pyramid",
    "rebuilt",
    "relative",
    "shrink",
    "sides_of",
]


def shrink(x: Tensor) -> Tensor:
    """Images of shape (B, C, H, W) at half their sides: means of 2 x 2 pixels."""
    return avg_pool2d(x, 2)


def enlarge(x: Tensor) -> Tensor:
    """Images of shape (B, C, H, W) at twice their sides: lines between the pixels."""
    return interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def apart(x: Tensor) -> tuple[Tensor, Tensor]:
    """The residual h and the blurred image l of an image."""
    low = enlarge(shrink(x))
    return x - low, low


def level_of(x: Tensor, k: int, is_last: bool) -> tuple[Tensor, Tensor | None]:
    """What the level k adds to a blurred image, and that image: h and l; at the last, coarsest level I and None.

    Args:
        x: Images of shape (B, C, H, W).
        k: How often they are halved.
        is_last: Whether the pyramid ends there.
    """
    for _ in range(k):
        x = shrink(x)
    return (x, None) if is_last else apart(x)


def detail(generator: nn.Module, z: Tensor, low: Tensor | None) -> Tensor:
    """What a level's generator adds to blurred images; at the coarsest level, images.

    Args:
        generator: From maps of noise (B, 1, H, W) and blurred images; at the coarsest level from noise (B, latent).
        z: The level's noise, of shape (B, H * W); at the coarsest level (B, latent).
        low: Blurred images (B, C, H, W); None at the coarsest level.
    """
    return generator(z) if low is None else generator(z.unflatten(1, (1, *low.shape[2:])), low)


def relative(made: Tensor, real: Tensor) -> Tensor:
    """The root mean square of what was made over that of what is real, a number."""
    return (made.square().mean() / real.square().mean().clamp(min=1e-12)).sqrt()


def rebuilt(generators: nn.ModuleList, noises: Sequence[Tensor]) -> Tensor:
    """The images that the generators of a pyramid make, from the coarsest level up.

    Args:
        generators: One for each level, finest first; see :func:`detail`.
        noises: Each level's noise, coarsest first.
    """
    *fine, coarsest = generators
    x = detail(coarsest, noises[0], None)
    for generator, z in zip(reversed(fine), noises[1:], strict=True):
        low = enlarge(x)
        x = low + detail(generator, z, low)
    return x


def sides_of(field: Field) -> str:
    """The name of a level.

    Example:
        >>> sides_of(Field((3, 16, 16), "image"))
        '16x16'
    """
    return "x".join(map(str, field.shape[1:]))


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


class PyramidNoise(Latent):
    """Noise for all levels of a pyramid, the coarsest first: side by side, of shape (n, Z).

    Args:
        law: The law of each coordinate.
        latent: Coordinates of the coarsest level's; finer levels take a map, one number a pixel.
        levels: What images of each level look like, finest first.
    """

    def __init__(self, law: Law, latent: int, levels: Sequence[Field]):
        check_counts(latent=latent)
        self.sizes = [latent, *(math.prod(field.shape[1:]) for field in reversed(levels[:-1]))]
        super().__init__(law, sum(self.sizes))

    def forward(self, n: int) -> Tensor:
        return torch.cat([self.level(k, n) for k in reversed(range(len(self.sizes)))], 1)

    def level(self, k: int, n: int) -> Tensor:
        """``n`` draws for the level k, counted from the finest."""
        return self.law.draw(self.at.new_empty(n, self.sizes[len(self.sizes) - 1 - k]))


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


def pyramid(
    levels: Sequence[Field], latent: int, channels: int, dropout: float, coarsest: Architecture
) -> tuple[nn.ModuleList, nn.ModuleList]:
    """The generators and the discriminators of a pyramid's levels, finest first.

    Args:
        levels: What images of each level look like, finest first.
        latent: Coordinates of the coarsest level's noise.
        channels: Hidden maps of the finer levels' networks.
        dropout: The share of features that the finer levels' discriminators drop.
        coarsest: The family of the coarsest level's networks.
    """
    *fine, small = levels
    drawing: list[nn.Module] = [ResidualGenerator(field, channels) for field in fine]
    judging: list[nn.Module] = [ResidualDiscriminator(field, channels, dropout) for field in fine]
    generators = nn.ModuleList([*drawing, coarsest.generator(latent, small)])
    return generators, nn.ModuleList([*judging, coarsest.discriminator(small)])
