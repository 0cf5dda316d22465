r"""How much more real than the other side: a discriminator that compares, and a generator that must answer for data.

The plain discriminator judges each point on its own, though it knows that half of what it sees is data: when samples
become good, data should look less sure. Here scores are compared, in pairs or with the mean of the other side:

.. math::

    \text{pairs:}\quad & L_D = \mathbb E\,\mathrm{softplus}(F(G(z)) - F(x)), \qquad
        L_G = \mathbb E\,\mathrm{softplus}(F(x) - F(G(z))), \\
    \text{average:}\quad & 2 L_D = \mathbb E\, a(F(x) - \overline{F(G(z))}) + \mathbb E\, b(F(G(z)) - \overline{F(x)}),

where a and b are the two halves of any objective's loss, and the generator plays the same with both sides exchanged.
So the generator lowers the *relative* score of data while it raises that of its samples, as every game between
distributions by its mathematics does. It does so by its samples alone: scores of data are no function of its weights,
they weigh how much each sample has still to learn. Only differences of scores matter.

Reference:
    Jolicoeur-Martineau: The relativistic discriminator: a key element missing from standard GAN, ICLR 2019,
    arXiv 1807.00734; equations 5 to 8.
"""

from __future__ import annotations

from torch import nn

from ganarium.game import Paper, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import Adam, Objective, OptimizerChoice, RelativisticAverage
from ganarium.nets import Architecture, DeepConvolutional

__all__ = ["RelativisticGAN"]


class RelativisticGAN(Adversarial):
    r"""The relativistic GAN, by averages (RaGAN) or in pairs (RGAN).

    Players:
        discriminator: ``real`` and ``fake``, each half of the objective's on scores less the other side's mean, or
            ``pair`` where scores are compared in pairs; the rest as in
            :class:`~ganarium.game.frames.adversarial.Adversarial`.
        generator: ``fake`` and ``real``, the same with both sides exchanged, or ``pair``.

    Args:
        objective: :class:`~ganarium.ingredients.objectives.RelativisticAverage` of any objective (of least squares with
            the codes 1 and -1: RaLSGAN; of the hinge: RaHingeGAN), or
            :class:`~ganarium.ingredients.objectives.RelativisticPairs`.
        discriminator_moves: The discriminator's steps a round, each on its own batch.

    Deviations from the paper:
        1. The networks are DCGAN's with spectral norms in the discriminator; the paper's for CIFAR-10 are those of
           spectral normalisation, one layer deeper.
        2. Of the paper's settings these are its first for CIFAR-10; its unstable ones change one of them at a time.

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
        batch=32,
    )
    caution = (
        "Its networks are for images: points take `--architecture plain`. No recipe of its own is measured yet; under "
        "`gan`'s recipe its objectives play on points (`gan --objective relativistic-average`)."
    )
    couples_samples = "scores are compared with the other side's mean"

    latent: int = 128
    objective: Objective = RelativisticAverage()
    architecture: Architecture = DeepConvolutional(64, norm="spectral")
    discriminator_moves: int = 1
    optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999))
    discriminator: nn.Module = made(factory=discriminator_of)

    def check(self) -> None:
        if not self.objective.couples_samples or self.objective.of_features:
            raise ValueError(
                "A relativistic discriminator compares the scores of data and samples: use --objective "
                f"relativistic-average or relativistic-pairs; got {type(self.objective).__name__}."
            )
