"""The small perceptrons of tanh on which unrolling was shown to matter."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from torch import nn

from ganarium.nets.architecture import Architecture
from ganarium.nets.layers.blocks import named
from ganarium.nets.roles import Discriminator, Generator, check_counts
from ganarium.spec import Field

__all__ = ["TanhPerceptrons"]

Network = TypeVar("Network", Generator, Discriminator)


@dataclass(frozen=True)
class TanhPerceptrons(Architecture):
    """Two hidden layers of tanh whose weights begin orthogonal: easily collapsing networks (Metz et al., 2017).

    Weights are orthogonal matrices times a gain, biases zero. Images and volumes end in tanh too. A condition follows
    the latent, and the discriminator's numbers.

    Args:
        units: Units of a hidden layer.
        depth: Hidden layers.
        gain: The factor on the orthogonal weights.

    Example:
        >>> import torch
        >>> TanhPerceptrons(8).discriminator(Field((2,), "points"))(torch.randn(5, 2)).shape
        torch.Size([5])
    """

    units: int = 128
    depth: int = 2
    gain: float = 1.4

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        check_counts(latent=latent, condition=condition, units=self.units, depth=self.depth)
        body = named(
            **self.hidden(latent + condition),
            out=nn.Linear(self.units, field.size),
            tanh=nn.Tanh() if field.kind in ("image", "volume", "video") else None,
            shape=nn.Unflatten(1, field.shape),
        )
        return self.begun(Generator(body, latent, condition))

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        check_counts(outputs=outputs, condition=condition, units=self.units, depth=self.depth)
        # The condition was joined to the channels, so it comes once for each place.
        places = field.size // field.shape[0]
        trunk = named(flatten=nn.Flatten(), **self.hidden(field.size + condition * places))
        return self.begun(Discriminator(trunk, self.units, outputs, condition))

    def hidden(self, inputs: int) -> dict[str, nn.Module]:
        """The hidden layers, from vectors of so many numbers."""
        sizes = pairwise([inputs, *[self.units] * self.depth])
        return {f"hidden{i}": named(layer=nn.Linear(a, b), tanh=nn.Tanh()) for i, (a, b) in enumerate(sizes, 1)}

    def begun(self, network: Network) -> Network:
        """The network with its first weights."""
        for module in network.modules():
            if isinstance(module, nn.Linear):
                nn.init.orthogonal_(module.weight, self.gain)
                nn.init.zeros_(module.bias)
        return network
