r"""Minibatch discrimination: a discriminator that sees how alike the samples of a batch are.

Of features :math:`f(x_i)` a learned tensor makes B vectors, and each is compared with those of the other samples:

.. math::

    M_i = f(x_i)\, T \in \mathbb R^{B \times C}, \qquad
    o(x_i)_b = \sum_{j \ne i} \exp(-\lVert M_{i, b} - M_{j, b} \rVert_1).

The head sees :math:`[f(x_i), o(x_i)]`. Where a generator has collapsed, all samples are one and each :math:`o_b` is as
large as it can be, one less than the batch: no single sample shows it, and now it is seen.

Reference:
    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen: Improved Techniques for Training GANs, NIPS 2016,
    arXiv 1606.03498, section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganarium.nets.architecture import Architecture
from ganarium.nets.families.dcgan import DeepConvolutional
from ganarium.nets.layers.blocks import named
from ganarium.nets.roles import Discriminator, Encoder, Generator, check_counts
from ganarium.spec import Field

__all__ = ["MinibatchDiscrimination", "MinibatchDiscriminating"]


class MinibatchDiscrimination(nn.Module):
    """Features, and beside them how near the other samples of the batch are.

    Args:
        features: How many features come in.
        kernels: How many nearnesses go out beside them.
        size: Numbers that each nearness compares.

    Example:
        >>> layer = MinibatchDiscrimination(6, kernels=3)
        >>> layer(torch.ones(4, 6))[0, 6:]     # a collapsed batch of four
        tensor([3., 3., 3.], grad_fn=<SliceBackward0>)
    """

    couples_samples = "compares the samples of a batch"

    def __init__(self, features: int, kernels: int = 100, size: int = 5):
        super().__init__()
        check_counts(features=features, kernels=kernels, size=size)
        self.kernels = kernels
        self.project = nn.Linear(features, kernels * size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Of shape (B, features + kernels), for features of shape (B, features)."""
        rows = self.project(x).unflatten(1, (self.kernels, -1))
        near = (rows[:, None] - rows).abs().sum(3).neg().exp()
        # A sample is as near to itself as can be: exactly one.
        return torch.cat([x, near.sum(1) - 1], 1)


@dataclass(frozen=True)
class MinibatchDiscriminating(Architecture):
    """Any family of networks, whose discriminator also sees how alike a batch is (Salimans et al., 2016).

    A game shows its discriminator data and samples in batches of their own, so that each is compared with its like.
    Penalties on the discriminator's slope want a score that depends on one sample alone, and are refused.

    Args:
        family: The networks.
        kernels: Numbers that say how near the rest of the batch is.
        size: Numbers that each of them compares.
    """

    family: Architecture = DeepConvolutional()
    kernels: int = 100
    size: int = 5

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        return self.family.generator(latent, field, condition)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        # The family's own discriminator, for how it takes samples and conditions may be its own too.
        judge = self.family.discriminator(field, outputs, condition)
        across = MinibatchDiscrimination(judge.feature_size, self.kernels, self.size)
        judge.trunk, judge.feature_size = named(trunk=judge.trunk, across=across), judge.feature_size + self.kernels
        judge.head = nn.Linear(judge.feature_size, outputs, bias=judge.head.bias is not None)
        return judge

    def encoder(self, field: Field, outputs: int) -> Encoder:
        return self.family.encoder(field, outputs)
