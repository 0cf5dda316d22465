r"""Packing: a discriminator that judges several samples of one kind at once.

A pack of m samples, all data or all made, is one input of m times as many channels, and gets one score:

.. math::

    F(x_1, \dots, x_m), \qquad x_i \sim p \text{ for all } i, \text{ or } x_i \sim q \text{ for all } i.

The game is then played between the product laws :math:`p^m` and :math:`q^m`. A generator that leaves modes out makes
packs that agree too often, and that is easier to see with every sample more: of laws whose samples are equally far
from data one at a time, those that lost modes are farther away in packs.

Reference:
    Lin, Khetan, Fanti, Oh: PacGAN: The power of two samples in generative adversarial networks, NeurIPS 2018,
    arXiv 1712.04086, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ganarium.nets.architecture import Architecture
from ganarium.nets.families.plain import Plain
from ganarium.nets.roles import Discriminator, Encoder, Generator
from ganarium.spec import Field

__all__ = ["Packed", "Packing", "packed"]

#: The kinds whose samples have an axis of channels, along which packs lie.
KINDS = ("points", "image", "volume", "video")


class Packing(nn.Module):
    r"""A network that sees packs instead of samples; what it says of a pack is said of each of its samples.

    A batch is dealt in order: the first ``packing`` samples are the first pack. In evaluation mode a last pack that is
    not full is filled with the first samples of the batch.

    Args:
        network: From packs (B / packing, packing * C, \*sides) to a row for each.
        packing: How many samples are in a pack, m.

    Example:
        >>> pairs = Packing(nn.Linear(4, 1), 2)
        >>> scores = pairs(torch.randn(6, 2))
        >>> scores.shape, torch.equal(scores[0], scores[1])
        (torch.Size([6, 1]), True)
    """

    couples_samples = "judges packs of samples"

    def __init__(self, network: nn.Module, packing: int = 2):
        super().__init__()
        check_packing(packing)
        self.network = network
        self.packing = packing

    def forward(self, x: Tensor) -> Tensor:
        r"""A row for each sample, for samples of shape (B, C, \*sides)."""
        missing = -len(x) % self.packing
        if len(x) < self.packing or (missing and self.training):
            raise ValueError(
                f"A packed discriminator judges {self.packing} samples at a time; got a batch of {len(x)}. "
                f"Give it {'a multiple' if self.training else 'at least as many'}, or lower packing."
            )
        full = torch.cat([x, x[:missing]]) if missing else x
        rows = self.network(full.reshape(-1, self.packing * x.shape[1], *x.shape[2:]))
        return rows.repeat_interleave(self.packing, 0)[: len(x)]


@dataclass(frozen=True)
class Packed(Architecture):
    """Any family of networks, whose discriminator judges packs of samples (Lin et al., 2018).

    Its first layer is ``packing`` times as wide; all else is the family's. A game shows its discriminator data and
    samples in batches of their own, so that no pack is mixed; of one that joins both in a batch, half the batch must
    hold whole packs. All samples of a pack get its score. Encoders speak of one sample, and are the family's.

    Args:
        family: The networks.
        packing: How many samples are in a pack; the batch is a multiple of it.
    """

    family: Architecture = Plain()
    packing: int = 2

    def __post_init__(self) -> None:
        check_packing(self.packing)

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        return self.family.generator(latent, field, condition)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        if outputs > 1:
            raise ValueError(
                f"A pack has one score for all its samples, but {outputs} numbers are asked of each sample, such as "
                "its class. Give this game the family itself."
            )
        network = self.family.discriminator(packed(field, self.packing), outputs, self.packing * condition)
        # The condition is joined to each sample, and then they are packed.
        network.trunk, network.condition = Packing(network.trunk, self.packing), condition
        return network

    def encoder(self, field: Field, outputs: int) -> Encoder:
        return self.family.encoder(field, outputs)


def packed(field: Field, packing: int) -> Field:
    """What a pack looks like: a sample with the channels of all.

    Args:
        field: What a sample looks like.
        packing: How many samples are in a pack.

    Raises:
        ValueError: if samples have no channels.

    Example:
        >>> packed(Field((3, 8, 8), "image"), 2).shape
        (6, 8, 8)
    """
    if field.kind not in KINDS:
        raise ValueError(f"Packs lie along the channels of {', '.join(KINDS)}; got '{field.kind}'.")
    channels, *sides = field.shape
    return replace(field, shape=(packing * channels, *sides), scale=(), shift=())


def check_packing(packing: int) -> None:
    """Raise unless a pack holds something."""
    if packing < 1:
        raise ValueError(f"A pack holds at least one sample; got packing={packing}.")
