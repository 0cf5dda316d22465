r"""A support vector machine on the discriminator's features; samples move along the normal of its margin.

The discriminator's last layer :math:`F(x) = \langle w, \Phi(x) \rangle + b` separates data from samples with a soft
margin, and the generator moves its samples across:

.. math::

    L_D &= \mathbb E \max(0, 1 - F(x)) + \mathbb E \max(0, 1 + F(G(z))) + \tfrac{1}{2 C n} \lVert w \rVert^2, \\
    L_G &= -\mathbb E F(G(z)).

Only points within the margin or on the wrong side of it, the support vectors, teach the discriminator, so that it does
not go on sharpening what it knows; and every sample feels the same force, the normal :math:`w` in the space of
features, however sure the discriminator is. Where :math:`q = p` the two hinges come to 2 at best, and the game rests.
The hinge without the weight's norm is what spectral norms and attention were later combined with.

Reference:
    Lim, Ye: Geometric GAN, 2017, arXiv 1705.02894.
"""

from __future__ import annotations

from typing import Self

from torch import nn

from ganarium.augment import Augmentation
from ganarium.game import Batch, Paper, Terms
from ganarium.games.adversarial.gan import GAN
from ganarium.nets.architecture import Architecture, DeepConvolutional, Plain
from ganarium.nets.roles import Discriminator
from ganarium.objectives import Hinge
from ganarium.optimizers import OptimizerChoice, RMSprop
from ganarium.penalties import Penalty
from ganarium.priors import Law, Normal
from ganarium.spec import Field, Spec

__all__ = ["GeometricGAN"]


class GeometricGAN(GAN):
    r"""The geometric GAN: the hinge game with the margin of a support vector machine.

    Players:
        discriminator: ``real`` and ``fake``, the two hinges, which come to 2 where samples are data; ``decay``, half
            the squared norm of the last layer's weights, weighted; otherwise as in
            :class:`~ganarium.games.adversarial.gan.GAN`.
        generator: ``fake``, minus the mean score of its samples.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        decay: The weight of half the squared norm of the last layer's weights: 1 / (C n), where the paper's batches
            have n = 64 samples, and a point within the margin costs C = 1.
        architecture: The family of both networks.
        prior: The law of the noise.
        optimizer: How both players descend.
        penalties: What else the discriminator descends; its networks must then not couple samples (no batch norm).
        augment: What the discriminator sees instead of images, in both players' moves.
        generator: From noise (B, latent) to samples (B, \*shape).
        discriminator: From samples to raw scores (B,), by ``features`` and then ``head``.

    Deviations from the paper:
        1. One move of each player a round; the authors' code for digits moves the generator ten times.
        2. Both players see the same batch in a round.

    Raises:
        ValueError: if ``decay`` is below zero.

    Example:
        >>> GeometricGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Geometric GAN",
        authors=("Jae Hyun Lim", "Jong Chul Ye"),
        year=2017,
        arxiv="1705.02894",
        venue="arXiv",
        command="geometric-gan",
    )
    discriminator: Discriminator

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        decay: float = 1 / 64,
        architecture: Architecture = DeepConvolutional(64),
        prior: Law = Normal(),
        optimizer: OptimizerChoice = RMSprop(2e-4),
        penalties: tuple[Penalty, ...] = (),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        discriminator: Discriminator | None = None,
    ):
        if decay < 0:
            raise ValueError(f"The last layer's weights decay by a weight of 0 or more; got decay={decay}.")
        super().__init__(
            spec,
            latent=latent,
            architecture=architecture,
            objective=Hinge(),
            prior=prior,
            optimizer=optimizer,
            penalties=penalties,
            augment=augment,
            generator=generator,
            discriminator=discriminator,
        )
        self.decay = decay

    def discriminator_loss(self, batch: Batch) -> Terms:
        # Not of the bias, which places the boundary but does not widen the margin.
        norm = self.discriminator.head.weight.square().sum()
        return {**super().discriminator_loss(batch), "decay": self.decay / 2 * norm}

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, architecture=Plain())
