r"""The perceptrons with which a GAN learned to read digits from a hundred labels.

The generator has two hidden layers of softplus units with batch norm. The discriminator adds Gaussian noise to its
input and to each hidden layer, and its weights are normalised, :math:`w = g\, v / \lVert v \rVert`.

Reference:
    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen: Improved Techniques for Training GANs, NIPS 2016,
    arXiv 1606.03498, section 5.1. Salimans, Kingma: Weight Normalization, NIPS 2016.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from ganarium.nets.architecture import Architecture
from ganarium.nets.layers.blocks import ToImage, named
from ganarium.nets.roles import Discriminator, Generator, check_counts
from ganarium.spec import Field

__all__ = ["GaussianNoise", "NoisyPerceptrons"]


class GaussianNoise(nn.Module):
    """Adds N(0, sd^2) to each number in training, nothing in evaluation.

    Args:
        sd: The standard deviation.
    """

    def __init__(self, sd: float):
        super().__init__()
        self.sd = sd

    def forward(self, x: Tensor) -> Tensor:
        return x + self.sd * torch.randn_like(x) if self.training and self.sd else x

    def extra_repr(self) -> str:
        return f"sd={self.sd}"


@dataclass(frozen=True)
class NoisyPerceptrons(Architecture):
    """The perceptrons of semi-supervised learning on digits (Salimans et al., 2016).

    Args:
        generator_units: Units of each of the generator's two hidden layers.
        discriminator_units: Units of the discriminator's hidden layers; the last is its features.
        input_noise: The standard deviation of the noise on the discriminator's input; 0.3 for pixels in [0, 1].
        noise: That of the noise on its hidden layers.
    """

    generator_units: int = 500
    discriminator_units: tuple[int, ...] = (1000, 500, 250, 250, 250)
    input_noise: float = 0.6
    noise: float = 0.5

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        units = self.generator_units
        check_counts(latent=latent, condition=condition, generator_units=units)
        body = named(
            hidden1=nn.Linear(latent + condition, units, bias=False),
            norm1=nn.BatchNorm1d(units),
            softplus1=nn.Softplus(),
            hidden2=nn.Linear(units, units, bias=False),
            norm2=nn.BatchNorm1d(units),
            softplus2=nn.Softplus(),
            out=weight_norm(nn.Linear(units, field.size)),
            shape=nn.Unflatten(1, field.shape),
            to_image=ToImage() if field.kind in ("image", "volume", "video") else None,
        )
        return Generator(body, latent, condition)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        places = field.size // field.shape[0]
        units = (field.size + condition * places, *self.discriminator_units)
        if len(units) < 2:
            raise ValueError("NoisyPerceptrons' discriminator has at least one hidden layer; got none.")
        check_counts(outputs=outputs, condition=condition, **{f"units{i}": n for i, n in enumerate(units)})
        parts: dict[str, nn.Module] = {"flatten": nn.Flatten(), "noise0": GaussianNoise(self.input_noise)}
        for i, (a, b) in enumerate(pairwise(units), 1):
            parts[f"hidden{i}"] = weight_norm(nn.Linear(a, b))
            parts[f"relu{i}"] = nn.ReLU()
            parts[f"noise{i}"] = GaussianNoise(self.noise)
        network = Discriminator(named(**parts), units[-1], outputs, condition)
        weight_norm(network.head)
        return network
