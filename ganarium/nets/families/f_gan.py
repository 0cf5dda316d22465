"""The perceptrons of f-GAN: batch norm and rectifiers that draw, exponential-linear units that judge.

Reference:
    Nowozin, Cseke, Tomioka: f-GAN: Training Generative Neural Samplers using Variational Divergence Minimization,
    NIPS 2016, arXiv 1606.00709, section 4 and its appendix.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ganarium.nets.architecture import Architecture
from ganarium.nets.families.perceptrons import spread
from ganarium.nets.layers.blocks import ToImage, named
from ganarium.nets.roles import Discriminator, Generator, check_counts
from ganarium.spec import Field

__all__ = ["ExponentialPerceptrons"]


@dataclass(frozen=True)
class ExponentialPerceptrons(Architecture):
    """The perceptrons of f-GAN's digits (Nowozin et al., 2016), for data of any kind.

    Two hidden layers each. The generator has batch norm and rectifiers, and draws images by a sigmoid onto [-1, 1]; the
    discriminator exponential-linear units, and no dropout, whose noise would be part of a bound. Weights begin as the
    first GAN's. A condition follows the latent, and the discriminator's numbers.

    Args:
        generator_units: Units of the generator's hidden layers.
        discriminator_units: Units of the discriminator's hidden layers.

    Example:
        >>> import torch
        >>> ExponentialPerceptrons(16, 8).generator(4, Field((1, 8, 8), "image"))(torch.rand(2, 4)).shape
        torch.Size([2, 1, 8, 8])
    """

    generator_units: int = 1200
    discriminator_units: int = 240

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        check_counts(latent=latent, condition=condition, generator_units=self.generator_units)
        units, image = self.generator_units, field.kind in ("image", "volume", "video")
        body = named(
            hidden1=named(layer=nn.Linear(latent + condition, units), norm=nn.BatchNorm1d(units), relu=nn.ReLU()),
            hidden2=named(layer=nn.Linear(units, units), norm=nn.BatchNorm1d(units), relu=nn.ReLU()),
            out=nn.Linear(units, field.size),
            shape=nn.Unflatten(1, field.shape),
            to_image=ToImage() if image else None,
        )
        generator = Generator(body, latent, condition)
        spread(generator, 0.05)
        return generator

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        check_counts(outputs=outputs, condition=condition, discriminator_units=self.discriminator_units)
        units, places = self.discriminator_units, field.size // field.shape[0]
        trunk = named(
            flatten=nn.Flatten(),
            hidden1=named(layer=nn.Linear(field.size + condition * places, units), elu=nn.ELU()),
            hidden2=named(layer=nn.Linear(units, units), elu=nn.ELU()),
        )
        discriminator = Discriminator(trunk, units, outputs, condition)
        spread(discriminator, 0.005)
        return discriminator
