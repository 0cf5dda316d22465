r"""BiGAN's perceptrons for digits: batch norm everywhere, and a discriminator of data and latent side by side.

Two hidden layers of 1024 units each, batch norm without gain and bias after every hidden layer's weights, rectifiers in
the generator and leaky ones in the encoder and the discriminator. The norm is what keeps the encoder alive: without
it, codes begin in one spot of the prior's range, the discriminator knows them by that, and they never spread.

Reference:
    Donahue, Krähenbühl, Darrell: Adversarial Feature Learning, ICLR 2017, appendix on permutation-invariant digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganarium.nets.architecture import Architecture
from ganarium.nets.layers.blocks import SLOPE, named
from ganarium.nets.roles import Discriminator, Encoder, Generator, check_counts
from ganarium.spec import Field

__all__ = ["NormedPerceptrons", "PairDiscriminator"]


class PairDiscriminator(Discriminator):
    r"""From data and latents to raw scores; the numbers of both come in side by side.

    A latent repeated at every place of an image, as convolutions need it, would weigh many times as much.

    Args:
        field: What a sample looks like.
        outputs: How many scores a pair gets.
        condition: How many numbers a latent has.
        units: Units of a hidden layer.
        normed: Whether hidden layers have batch norm.

    Example:
        >>> judge = PairDiscriminator(Field((1, 8, 8), "image"), condition=10, units=16)
        >>> judge(torch.randn(3, 1, 8, 8), torch.randn(3, 10)).shape
        torch.Size([3])
    """

    def __init__(self, field: Field, outputs: int = 1, condition: int = 0, units: int = 1024, normed: bool = True):
        super().__init__(hidden(field.size + condition, units, SLOPE, normed), units, outputs, condition)

    def features(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        if c is None or c.shape != (len(x), self.condition):
            given = "nothing" if c is None else f"shape {tuple(c.shape)}"
            raise ValueError(f"This discriminator judges pairs with latents ({len(x)}, {self.condition}); got {given}.")
        return self.trunk(torch.cat([x.flatten(1), c], 1))


@dataclass(frozen=True)
class NormedPerceptrons(Architecture):
    """The perceptrons of BiGAN (Donahue et al., 2017), with batch norm, for data of any kind.

    Args:
        units: Units of the two hidden layers.
        discriminator_norm: Whether the discriminator has batch norm too, as in the paper. On small data it judges
            better without.
    """

    units: int = 1024
    discriminator_norm: bool = True

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        check_counts(latent=latent, condition=condition, units=self.units)
        body = named(
            hidden=hidden(latent + condition, self.units, 0.0),
            out=nn.Linear(self.units, field.size),
            tanh=nn.Tanh() if field.kind in ("image", "volume", "video") else None,
            shape=nn.Unflatten(1, field.shape),
        )
        return Generator(body, latent, condition)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> PairDiscriminator:
        check_counts(outputs=outputs, condition=condition, units=self.units)
        return PairDiscriminator(field, outputs, condition, self.units, self.discriminator_norm)

    def encoder(self, field: Field, outputs: int) -> Encoder:
        check_counts(outputs=outputs, units=self.units)
        return Encoder(named(flatten=nn.Flatten(), hidden=hidden(field.size, self.units, SLOPE)), self.units, outputs)


def hidden(inputs: int, units: int, slope: float, normed: bool = True) -> nn.Sequential:
    """Two hidden layers."""
    return named(
        layer1=nn.Linear(inputs, units, bias=not normed),
        norm1=nn.BatchNorm1d(units, affine=False) if normed else None,
        activation1=nn.LeakyReLU(slope),
        layer2=nn.Linear(units, units, bias=not normed),
        norm2=nn.BatchNorm1d(units, affine=False) if normed else None,
        activation2=nn.LeakyReLU(slope),
    )
