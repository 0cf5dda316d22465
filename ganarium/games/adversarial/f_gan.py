r"""Any f-divergence as a game: a variational bound that the discriminator raises and the generator lowers.

For a convex :math:`f` with :math:`f(1) = 0`, conjugate :math:`f^*` and an activation :math:`g_f` that puts raw scores
:math:`v` onto the domain of :math:`f^*`,

.. math::

    \min_G \max_v\ \mathbb E\, g_f(v(x)) - \mathbb E f^*(g_f(v(G(z)))) \quad = \quad \min_G D_f(p \Vert q),

since at its best :math:`g_f(v) = f'(p / q)`. The first GAN is one member of the family, with
:math:`f(u) = u \log u - (u + 1) \log(u + 1)`. Which divergence it is decides how a model that cannot match the data
compromises: Kullback and Leibler's spreads over all of the data, the reverse one settles on a part of it. The table of
members is :mod:`ganarium.divergences`.

Reference:
    Nowozin, Cseke, Tomioka: f-GAN: Training Generative Neural Samplers using Variational Divergence Minimization,
    NIPS 2016, arXiv 1606.00709; Algorithm 1, tables 2 and 6.
"""

from __future__ import annotations

from typing import Self

from torch import nn

from ganarium.augment import Augmentation
from ganarium.divergences import Divergence, Pearson
from ganarium.game import Batch, Paper, Terms
from ganarium.games.adversarial.gan import GAN
from ganarium.nets.architecture import Architecture, Perceptrons, Plain
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.penalties import Penalty
from ganarium.priors import Law, Uniform
from ganarium.spec import Field, Spec

__all__ = ["FGAN"]


class FGAN(GAN):
    r"""The variational divergence minimiser.

    Players:
        discriminator: ``real`` and ``fake``, minus the two parts of the bound; ``bound`` (watched), the bound itself,
            an estimate of the divergence from below; otherwise as in :class:`~ganarium.games.adversarial.gan.GAN`.
        generator: ``fake``, its part of the bound.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        divergence: Which divergence is played for; with ``practical`` the generator raises :math:`\mathbb E\, g_f(v)`
            of its samples instead (section 3.2).
        architecture: The family of both networks.
        prior: The law of the noise.
        simultaneous: Both gradients are taken at once, as in Algorithm 1; otherwise the players alternate.
        optimizer: How both players descend.
        penalties: What else the discriminator descends; its networks must then not couple samples (no batch norm).
        augment: What the discriminator sees instead of images, in both players' moves.
        generator: From noise (B, latent) to samples (B, \*shape).
        discriminator: From samples to raw scores v, (B,).

    Deviations from the paper:
        1. The discriminator's units are maxout; the paper's, as wide, are exponential-linear.
        2. Activations have the signs of the published table, so that a large score means data for every divergence;
           the authors' notebook has some reversed.
        3. Pearson's divergence by default: the paper has none, and finds it best on digits (table 3).

    Example:
        >>> FGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="f-GAN: Training Generative Neural Samplers using Variational Divergence Minimization",
        authors=("Sebastian Nowozin", "Botond Cseke", "Ryota Tomioka"),
        year=2016,
        arxiv="1606.00709",
        venue="Advances in Neural Information Processing Systems",
        command="f-gan",
    )

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        divergence: Divergence = Pearson(),
        architecture: Architecture = Perceptrons(),
        prior: Law = Uniform(-1.0, 1.0),
        simultaneous: bool = True,
        optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999)),
        penalties: tuple[Penalty, ...] = (),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        super().__init__(
            spec,
            latent=latent,
            architecture=architecture,
            objective=divergence,
            prior=prior,
            simultaneous=simultaneous,
            optimizer=optimizer,
            penalties=penalties,
            augment=augment,
            generator=generator,
            discriminator=discriminator,
        )
        self.divergence = divergence

    def discriminator_loss(self, batch: Batch) -> Terms:
        terms = super().discriminator_loss(batch)
        return {**terms, "bound": -(terms["real"] + terms["fake"]).detach()}

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, architecture=Plain())
