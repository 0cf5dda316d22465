r"""How much more real than the other side: a discriminator that compares, and a generator that must answer for data.

The plain discriminator judges each point on its own, though it knows that half of what it sees is data: when samples
become good, data should look less sure. Here scores are compared, in pairs or with the mean of the other side:

.. math::

    \text{pairs:}\quad & L_D = \mathbb E\,\mathrm{softplus}(F(G(z)) - F(x)), \qquad
        L_G = \mathbb E\,\mathrm{softplus}(F(x) - F(G(z))), \\
    \text{average:}\quad & 2 L_D = \mathbb E\, a(F(x) - \overline{F(G(z))}) + \mathbb E\, b(F(G(z)) - \overline{F(x)}),

where a and b are the two halves of any objective's loss, and the generator plays the same with both sides exchanged.
So the generator's gradient passes through the scores of data too: it lowers them while it raises those of its samples,
as every game between distributions by its mathematics does, and which the plain loss cannot. Only differences of scores
matter.

Reference:
    Jolicoeur-Martineau: The relativistic discriminator: a key element missing from standard GAN, ICLR 2019,
    arXiv 1807.00734; equations 5 to 8.
"""

from __future__ import annotations

from typing import Self

from torch import nn

from ganarium.augment import Augmentation
from ganarium.game import Paper
from ganarium.games.adversarial.gan import GAN
from ganarium.nets.architecture import Architecture, DeepConvolutional, Plain
from ganarium.objectives import Objective, RelativisticAverage
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.penalties import Penalty
from ganarium.priors import Law, Normal
from ganarium.spec import Field, Spec

__all__ = ["RelativisticGAN"]


class RelativisticGAN(GAN):
    r"""The relativistic GAN, by averages (RaGAN) or in pairs (RGAN).

    Players:
        discriminator: ``real`` and ``fake``, each half of the objective's on scores less the other side's mean, or
            ``pair`` where scores are compared in pairs; otherwise as in
            :class:`~ganarium.games.adversarial.gan.GAN`.
        generator: ``fake`` and ``real``, the same with both sides exchanged, or ``pair``.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        objective: :class:`~ganarium.objectives.RelativisticAverage` of any objective (of least squares with the codes
            1 and -1: RaLSGAN; of the hinge: RaHingeGAN), or :class:`~ganarium.objectives.RelativisticPairs`.
        architecture: The family of both networks.
        prior: The law of the noise.
        discriminator_moves: The discriminator's steps a round, each on its own batch.
        optimizer: How both players descend.
        penalties: What else the discriminator descends; its networks must then not couple samples (no batch norm).
        augment: What the discriminator sees instead of images, in both players' moves.
        generator: From noise (B, latent) to samples (B, \*shape).
        discriminator: From samples to raw scores (B,).

    Deviations from the paper:
        1. The networks are DCGAN's with spectral norms in the discriminator; the paper's for CIFAR-10 are those of
           spectral normalisation, one layer deeper.

    Raises:
        ValueError: if the objective compares nothing.

    Example:
        >>> RelativisticGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="The relativistic discriminator: a key element missing from standard GAN",
        authors=("Alexia Jolicoeur-Martineau",),
        year=2019,
        arxiv="1807.00734",
        venue="International Conference on Learning Representations",
        command="relativistic-gan",
    )
    couples_samples = "scores are compared with the other side's mean"

    def __init__(
        self,
        spec: Spec,
        latent: int = 128,
        objective: Objective = RelativisticAverage(),
        architecture: Architecture = DeepConvolutional(64, norm="spectral"),
        prior: Law = Normal(),
        discriminator_moves: int = 1,
        optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999)),
        penalties: tuple[Penalty, ...] = (),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        if not objective.couples_samples or objective.of_features:
            raise ValueError(
                "A relativistic discriminator compares the scores of data and samples: use --objective "
                f"relativistic-average or relativistic-pairs; got {type(objective).__name__}."
            )
        super().__init__(
            spec,
            latent=latent,
            architecture=architecture,
            objective=objective,
            prior=prior,
            discriminator_moves=discriminator_moves,
            optimizer=optimizer,
            penalties=penalties,
            augment=augment,
            generator=generator,
            discriminator=discriminator,
        )

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, architecture=Plain())
