r"""The perceptrons of the first GAN: rectifiers that draw, maxout units that judge.

Reference:
    Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio: Generative Adversarial Nets,
    NIPS 2014. Goodfellow, Warde-Farley, Mirza, Courville, Bengio: Maxout Networks, ICML 2013.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ganarium.nets.architecture import Architecture
from ganarium.nets.layers.blocks import ToImage, named
from ganarium.nets.roles import Discriminator, Generator, check_counts
from ganarium.spec import Field

__all__ = ["Maxout", "MaxoutDiscriminator", "Perceptrons", "RectifierGenerator"]


class Maxout(nn.Linear):
    """The largest of several linear maps, for each unit.

    Args:
        inputs: How many numbers come in.
        units: How many go out.
        pieces: How many linear maps each unit chooses from.
    """

    def __init__(self, inputs: int, units: int, pieces: int = 5):
        super().__init__(inputs, units * pieces)
        self.pieces = pieces

    def forward(self, input: Tensor) -> Tensor:
        """Vectors of shape (B, units), for vectors of shape (B, inputs)."""
        return super().forward(input).unflatten(1, (-1, self.pieces)).amax(2)


def spread(network: nn.Module, width: float) -> None:
    """Draw all weights uniformly from [-width, width], and set all biases to zero."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.uniform_(module.weight, -width, width)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class RectifierGenerator(Generator):
    r"""Two hidden layers of rectifiers (1200 in the paper), weights from U(-0.05, 0.05).

    Args:
        latent: How many numbers a latent has.
        field: What a sample looks like; images end in a sigmoid onto [-1, 1], other data in a linear layer.
        condition: How many numbers a condition has; they are concatenated to the latent.
        units: Units of a hidden layer.

    Deviations from the paper:
        1. The last bias is zero; the authors' code sets it to the pixels' marginals.

    Example:
        >>> import torch
        >>> RectifierGenerator(10, Field((1, 8, 8), "image"), units=16)(torch.rand(2, 10)).shape
        torch.Size([2, 1, 8, 8])
    """

    def __init__(self, latent: int, field: Field, condition: int = 0, units: int = 1200):
        check_counts(latent=latent, condition=condition, units=units)
        layers = {
            "hidden1": nn.Linear(latent + condition, units),
            "relu1": nn.ReLU(),
            "hidden2": nn.Linear(units, units),
            "relu2": nn.ReLU(),
            "out": nn.Linear(units, field.size),
            "shape": nn.Unflatten(1, field.shape),
        }
        if field.kind in ("image", "volume", "video"):
            layers["to_image"] = ToImage()
        super().__init__(named(**layers), latent, condition)
        spread(self, 0.05)


class MaxoutDiscriminator(Discriminator):
    r"""Two hidden layers of maxout units with dropout (240 of 5 pieces in the paper), weights from U(-0.005, 0.005).

    Args:
        field: What a sample looks like.
        outputs: How many scores a sample gets.
        condition: How many numbers a condition has; they are concatenated to the sample.
        units: Units of a hidden layer.
        pieces: Linear maps that each unit chooses from.

    Example:
        >>> import torch
        >>> MaxoutDiscriminator(Field((2,), "points"), units=8)(torch.randn(3, 2)).shape
        torch.Size([3])
    """

    def __init__(self, field: Field, outputs: int = 1, condition: int = 0, units: int = 240, pieces: int = 5):
        check_counts(outputs=outputs, condition=condition, units=units, pieces=pieces)
        places = field.size // field.shape[0] if len(field.shape) > 1 else 1
        trunk = named(
            flatten=nn.Flatten(),
            dropout0=nn.Dropout(0.2),
            hidden1=Maxout(field.size + condition * places, units, pieces),
            dropout1=nn.Dropout(0.5),
            hidden2=Maxout(units, units, pieces),
            dropout2=nn.Dropout(0.5),
        )
        super().__init__(trunk, units, outputs, condition)
        spread(self, 0.005)


@dataclass(frozen=True)
class Perceptrons(Architecture):
    """The perceptrons of the first GAN (Goodfellow et al., 2014): rectifiers that draw, maxout units that judge.

    Args:
        generator_units: Units of the generator's two hidden layers.
        discriminator_units: Maxout units of the discriminator's two hidden layers.
        pieces: Linear maps that each maxout unit chooses from.
    """

    generator_units: int = 1200
    discriminator_units: int = 240
    pieces: int = 5

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        return RectifierGenerator(latent, field, condition, self.generator_units)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        return MaxoutDiscriminator(field, outputs, condition, self.discriminator_units, self.pieces)
