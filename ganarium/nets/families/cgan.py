r"""The perceptrons of the conditional GAN: the condition gets a first layer of its own.

The generator's latent and condition go through a layer of rectifiers each and meet in a second one. The
discriminator's sample and condition go through a layer of maxout units each and meet in a second one. With dropout.

Reference:
    Mirza, Osindero: Conditional Generative Adversarial Nets, 2014, arXiv 1411.1784, section 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganarium.nets.architecture import Architecture
from ganarium.nets.families.perceptrons import Maxout, spread
from ganarium.nets.layers.blocks import ToImage, named
from ganarium.nets.roles import Discriminator, Generator, check_counts
from ganarium.spec import Field

__all__ = ["Streams", "TwoStreams"]


class Streams(nn.Module):
    """Two networks side by side: one for a sample or latent, one for the condition that was joined to it.

    Args:
        channels: How many of the channels are the sample's; the others are the condition's, the same at every place.
        left: From the sample's numbers, as vectors, to features.
        right: From the condition's numbers to features.
    """

    def __init__(self, channels: int, left: nn.Module, right: nn.Module):
        super().__init__()
        self.channels, self.left, self.right = channels, left, right

    def forward(self, joined: Tensor) -> Tensor:
        r"""Both features side by side, for tensors of shape (B, channels + condition, \*sides)."""
        x, c = joined.tensor_split([self.channels], 1)
        return torch.cat([self.left(x.flatten(1)), self.right(c.flatten(2)[..., 0] if c.ndim > 2 else c)], 1)


@dataclass(frozen=True)
class TwoStreams(Architecture):
    """The perceptrons of the conditional GAN (Mirza and Osindero, 2014).

    Args:
        latent_units: Rectifiers that see the latent.
        label_units: Rectifiers that see the condition.
        joint_units: Rectifiers that see both.
        sample_maxouts: Maxout units, of 5 pieces, that see the sample.
        label_maxouts: Maxout units, of 5 pieces, that see the condition.
        joint_maxouts: Maxout units, of 4 pieces, that see both.
        dropout: The share of hidden units that is left out in training, in both networks.
    """

    latent_units: int = 200
    label_units: int = 1000
    joint_units: int = 1200
    sample_maxouts: int = 240
    label_maxouts: int = 50
    joint_maxouts: int = 240
    dropout: float = 0.5

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        check_condition(condition)
        check_counts(latent=latent, latent_units=self.latent_units, label_units=self.label_units)
        left = named(layer=nn.Linear(latent, self.latent_units), relu=nn.ReLU())
        right = named(layer=nn.Linear(condition, self.label_units), relu=nn.ReLU())
        body = named(
            streams=Streams(latent, left, right),
            dropout1=nn.Dropout(self.dropout),
            joint=nn.Linear(self.latent_units + self.label_units, self.joint_units),
            relu=nn.ReLU(),
            dropout2=nn.Dropout(self.dropout),
            out=nn.Linear(self.joint_units, field.size),
            shape=nn.Unflatten(1, field.shape),
            to_image=ToImage() if field.kind in ("image", "volume", "video") else None,
        )
        spread(body, 0.05)
        return Generator(body, latent, condition)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        check_condition(condition)
        check_counts(outputs=outputs, sample_maxouts=self.sample_maxouts, label_maxouts=self.label_maxouts)
        left, right = Maxout(field.size, self.sample_maxouts, 5), Maxout(condition, self.label_maxouts, 5)
        trunk = named(
            streams=Streams(field.shape[0], left, right),
            dropout1=nn.Dropout(self.dropout),
            joint=Maxout(self.sample_maxouts + self.label_maxouts, self.joint_maxouts, 4),
            dropout2=nn.Dropout(self.dropout),
        )
        network = Discriminator(trunk, self.joint_maxouts, outputs, condition)
        spread(network, 0.005)
        return network


def check_condition(condition: int) -> None:
    """Raise if there is nothing to condition on."""
    if condition < 1:
        raise ValueError(
            f"TwoStreams makes networks that take a condition; got condition={condition}. "
            "Give the game Perceptrons() or Plain() instead."
        )
