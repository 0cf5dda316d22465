r"""Residual networks with attention between all places of their maps, and spectral norm in both.

The generator doubles maps of 4 to 7 a side up to the image's; the discriminator halves images until their shortest side
is 8 to 15, at least once, with the blocks of :mod:`ganarium.nets.families.resnet`. Each has one layer of attention, at
the maps whose shortest side is nearest to ``attention``.

Reference:
    Zhang, Goodfellow, Metaxas, Odena: Self-Attention Generative Adversarial Networks, ICML 2019, arXiv 1805.08318.
    Wang, Girshick, Gupta, He: Non-local Neural Networks, CVPR 2018.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from ganarium.nets.architecture import Architecture
from ganarium.nets.families.resnet import Sum, conv, down, first, up
from ganarium.nets.layers.blocks import named
from ganarium.nets.layers.conv import Sides, pyramid
from ganarium.nets.layers.norms import make_spectral
from ganarium.nets.roles import Discriminator, Generator, check_counts
from ganarium.spec import Field

__all__ = ["Attention", "Attentive"]

Sight = Literal["everywhere", "itself"]


class Attention(nn.Module):
    r"""Adds to each place of maps (B, C, H, W) what it finds at the places that are like it.

    With queries f, keys g, values h and the way back v, all 1 x 1 convolutions,

    .. math:: y_i = x_i + \gamma\, v\Bigl(\sum_j \operatorname{softmax}_j(f(x_i)^\top g(x_j))\, h(x_j)\Bigr).

    They have no biases: those of keys would change nothing, for a softmax does not see what all of its logits share.

    Args:
        channels: C. Queries and keys have an eighth of it, values a half.
        pool: Whether keys and values are the largest of each 2 x 2 places, where there are so many.
        sees: "everywhere", or only "itself", which leaves of attention its weights and nothing else: for comparisons.

    Example:
        >>> x = torch.randn(2, 16, 8, 8)
        >>> torch.equal(Attention(16)(x), x)
        True
    """

    def __init__(self, channels: int, pool: bool = True, sees: Sight = "everywhere"):
        super().__init__()
        few, half = max(channels // 8, 1), max(channels // 2, 1)
        self.query, self.key = (nn.Conv2d(channels, few, 1, bias=False) for _ in range(2))
        self.value, self.back = nn.Conv2d(channels, half, 1, bias=False), nn.Conv2d(half, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))
        self.pool, self.sees = pool, sees

    def weights(self, x: Tensor) -> Tensor:
        """How much each place looks at each key, of shape (B, H W, keys); each row sums to one."""
        query, key = self.query(x).flatten(2), self._pooled(self.key(x)).flatten(2)
        return (query.transpose(1, 2) @ key).softmax(2)

    def forward(self, x: Tensor) -> Tensor:
        if self.sees == "itself":
            found = self.value(x)
        else:
            values = self._pooled(self.value(x)).flatten(2)
            found = (values @ self.weights(x).transpose(1, 2)).unflatten(2, x.shape[2:])
        return x + self.gamma * self.back(found)

    def _pooled(self, x: Tensor) -> Tensor:
        return max_pool2d(x, 2) if self.pool and min(x.shape[2:]) > 1 else x


@dataclass(frozen=True)
class Attentive(Architecture):
    """The residual networks of the self-attention GAN (Zhang et al., 2019), without classes.

    Args:
        channels: Of all maps.
        attention: The shortest side of the maps that have attention; those with the nearest are taken. 0: none have.
        pool: Whether keys and values are pooled by two.
        sees: "everywhere", or only "itself", for comparisons.

    Example:
        >>> generator = Attentive(16).generator(8, Field((3, 16, 16), "image"))
        >>> generator(torch.randn(2, 8)).shape
        torch.Size([2, 3, 16, 16])
    """

    channels: int = 64
    attention: int = 32
    pool: bool = True
    sees: Sight = "everywhere"

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        self.check(field, latent=latent, condition=condition)
        maps, size = pyramid(field)[::-1], self.channels
        project = nn.Linear(latent + condition, size * math.prod(maps[0]))
        nn.init.xavier_uniform_(project.weight)
        blocks: dict[str, nn.Module] = {}
        for i, (_, large) in enumerate(pairwise(maps), 1):
            blocks[f"up{i}"] = up(size, large)
            blocks |= self._looking(large, maps[1:])
        body = named(
            project=project,
            maps=nn.Unflatten(1, (size, *maps[0])),
            **blocks,
            norm=nn.BatchNorm2d(size),
            relu=nn.ReLU(),
            out=conv(size, field.shape[0], gain=1.0),
            tanh=nn.Tanh(),
        )
        return make_spectral(Generator(body, latent, condition))

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        self.check(field, outputs=outputs, condition=condition)
        size, maps = self.channels, pyramid(field)[1:]
        maps = maps[: max(len(maps) - 1, 1)]
        blocks: dict[str, nn.Module] = {"down1": first(field.shape[0] + condition, size)}
        blocks |= self._looking(maps[0], maps)
        for i, sides in enumerate(maps[1:], 2):
            blocks[f"down{i}"] = down(size, halve=True)
            blocks |= self._looking(sides, maps)
        trunk = named(**blocks, last=down(size, halve=False), relu=nn.ReLU(), sum=Sum())
        network = Discriminator(trunk, size, outputs, condition)
        nn.init.xavier_uniform_(network.head.weight)
        return make_spectral(network)

    def _looking(self, sides: Sides, levels: list[Sides]) -> dict[str, nn.Module]:
        """Attention after the block that made these maps, if they are those that have it."""
        nearest = min(levels, key=lambda each: abs(math.log(min(each) / self.attention))) if self.attention else None
        return {"attention": Attention(self.channels, self.pool, self.sees)} if sides == nearest else {}

    def check(self, field: Field, **counts: int) -> None:
        """Raise if there are no such networks."""
        check_counts(channels=self.channels, **counts)
        if self.attention < 0:
            raise ValueError(f"The side of maps with attention is at least 0; got attention={self.attention}.")
        if self.sees not in ("everywhere", "itself"):
            raise ValueError(f"Attention sees everywhere, or itself; got sees={self.sees!r}.")
        if field.kind != "image":
            raise ValueError(f"Attentive makes networks for images; got '{field}'. Take Plain().")
