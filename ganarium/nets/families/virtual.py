r"""Virtual batch norm: what a sample becomes does not depend on the other samples of its batch.

A reference batch of R rows is drawn once and for all. Each sample is normalised by the moments of the reference batch
and of itself,

.. math::

    \mu_i = \frac{R\, \mu_{\mathrm{ref}} + \mu(x_i)}{R + 1}, \qquad
    s_i = \frac{R\, s_{\mathrm{ref}} + s(x_i)}{R + 1}, \qquad
    \hat x_i = \frac{x_i - \mu_i}{\sqrt{s_i - \mu_i^2 + \epsilon}},

with :math:`\mu` the mean and :math:`s` the mean square of a channel, over places too. The reference batch goes through
the network with every batch, normalised by its own moments, as these change with the weights. There are no running
means: training and evaluation are alike.

Reference:
    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen: Improved Techniques for Training GANs, NIPS 2016,
    arXiv 1606.03498, section 3.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganarium.ingredients import Law, Normal
from ganarium.nets.architecture import Architecture
from ganarium.nets.families.dcgan import DeepConvolutional
from ganarium.nets.roles import Discriminator, Encoder, Generator
from ganarium.spec import Field

__all__ = ["Referred", "VirtualBatchNorm", "VirtuallyNormed", "make_virtual"]


class VirtualBatchNorm(nn.Module):
    r"""Normalises rows by those that come first, and by themselves.

    Args:
        channels: Of the rows.
        reference: How many rows come first, R.
        eps: Added to the variance.
    """

    def __init__(self, channels: int, reference: int, eps: float = 1e-5):
        super().__init__()
        self.reference, self.eps = reference, eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        r"""Of the shape of ``x``, (R + B, channels, \*sides)."""
        size = self.reference
        places = tuple(range(2, x.ndim))
        mean, square = (m.mean(places, keepdim=True) if places else m for m in (x, x.square()))
        return self.scaled(x, self.shared(mean, size), self.shared(square, size))

    def shared(self, moments: Tensor, size: int) -> Tensor:
        """What normalises each row: for the reference its mean, for the others the mean of it and themselves."""
        ours = moments[:size].mean(0, keepdim=True)
        theirs = (size * ours + moments[size:]) / (size + 1)
        return torch.cat([ours.expand(size, *ours.shape[1:]), theirs])

    def scaled(self, x: Tensor, mean: Tensor, square: Tensor) -> Tensor:
        # Rounding may leave a variance just below zero.
        deviation = ((square - mean.square()).clamp(min=0) + self.eps).sqrt()
        shape = (1, -1, *[1] * (x.ndim - 2))
        return (x - mean) / deviation * self.weight.view(shape) + self.bias.view(shape)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, reference={self.reference}, eps={self.eps}"


class Referred(nn.Module):
    """A network that takes its reference batch along with every batch.

    Args:
        network: From rows to rows.
        reference: The reference batch, of shape (R, ...).
    """

    reference: Tensor

    def __init__(self, network: nn.Module, reference: Tensor):
        super().__init__()
        self.network = network
        self.register_buffer("reference", reference.clone())

    def forward(self, x: Tensor) -> Tensor:
        return self.network(torch.cat([self.reference.to(x), x]))[len(self.reference) :]


@dataclass(frozen=True)
class VirtuallyNormed(Architecture):
    """Any family of networks, the batch norm of whose generator is virtual (Salimans et al., 2016).

    Args:
        family: The networks, with batch norm in the generator.
        reference: Latents in the reference batch.
        law: What they are drawn from: the prior of the game.
    """

    family: Architecture = DeepConvolutional()
    reference: int = 64
    law: Law = Normal()

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        generator = self.family.generator(latent, field, condition)
        return make_virtual(generator, self.law.of(latent)(self.reference))

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        return self.family.discriminator(field, outputs, condition)

    def encoder(self, field: Field, outputs: int) -> Encoder:
        return self.family.encoder(field, outputs)


def make_virtual(generator: Generator, reference: Tensor) -> Generator:
    r"""Replace every batch norm of ``generator`` by a virtual one, in place.

    Args:
        generator: With batch norm somewhere, and without a condition.
        reference: Latents of the reference batch, of shape (R, latent).

    Raises:
        ValueError: if there is no batch norm, a condition, or no reference of at least two latents.
    """
    if len(reference) < 2 or generator.condition:
        raise ValueError(
            "Virtual batch norm is for generators without a condition, by a reference of two latents or more; "
            f"got condition={generator.condition}, {len(reference)} latents."
        )
    if not _replace(generator.body, len(reference)):
        raise ValueError("This generator has no batch norm that could be made virtual. Choose one that has, or none.")
    generator.body = Referred(generator.body, reference)
    return generator


def _replace(network: nn.Module, size: int) -> int:
    """Replace the batch norms within, and count them."""
    count = 0
    for name, part in list(network.named_children()):
        if isinstance(part, _BatchNorm):
            virtual = VirtualBatchNorm(part.num_features, size, part.eps)
            if part.affine:
                virtual.load_state_dict({"weight": part.weight, "bias": part.bias})
            setattr(network, name, virtual)
            count += 1
        else:
            count += _replace(part, size)
    return count
