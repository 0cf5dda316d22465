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

from typing import Any, Self

from ganarium.game import Batch, Paper, Terms, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import Hinge, Objective, OptimizerChoice, RMSprop
from ganarium.nets import Architecture, DeepConvolutional, Discriminator, Plain
from ganarium.spec import Field, Spec

__all__ = ["GeometricGAN"]


class GeometricGAN(Adversarial):
    r"""The geometric GAN: the hinge game with the margin of a support vector machine.

    Players:
        discriminator: ``real`` and ``fake``, the two hinges, which come to 2 where samples are data; ``decay``, half
            the squared norm of the last layer's weights, weighted; the rest as in
            :class:`~ganarium.game.frames.adversarial.Adversarial`.
        generator: ``fake``, minus the mean score of its samples.

    Args:
        decay: The weight of half the squared norm of the last layer's weights: 1 / (C n), where the paper's batches
            have n = 64 samples, and a point within the margin costs C = 1. Batches of 128 want 1 / 128.
        discriminator: From samples to raw scores (B,), by ``features`` and then ``head``.

    Deviations from the paper:
        1. Both players see the same batch in a round.
        2. The generator moves ten times, as in the authors' code for digits and faces; for points it moves once
           there, with RMSprop(1e-3) and batches of 500.

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
        batch=64,
    )
    caution = (
        "Its networks are for images: points take `--architecture plain`. Its rates were not measured here yet; under "
        "`gan`'s recipe its objective plays on points: `gan --objective hinge`."
    )

    decay: float = 1 / 64
    generator_moves: int = 10
    architecture: Architecture = DeepConvolutional(64)
    objective: Objective = follows(factory=lambda game: Hinge())
    optimizer: OptimizerChoice = RMSprop(2e-4)
    discriminator: Discriminator = made(factory=discriminator_of)

    def check(self) -> None:
        if self.decay < 0:
            raise ValueError(f"The last layer's weights decay by a weight of 0 or more; got decay={self.decay}.")

    def discriminator_loss(self, batch: Batch) -> Terms:
        # Not of the bias, which places the boundary but does not widen the margin.
        norm = self.discriminator.head.weight.square().sum()
        return {**super().discriminator_loss(batch), "decay": self.decay / 2 * norm}

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, architecture=Plain(), generator_moves=1)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # Not measured; one move each, as in its notes.
        return {"generator_moves": 1}
