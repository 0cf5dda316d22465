r"""A penalty just around the data: the discriminator may not have cliffs where the data lie.

.. math::

    L_D = \mathbb E\,\mathrm{softplus}(-F(x)) + \mathbb E\,\mathrm{softplus}(F(G(z)))
        + \lambda\, \mathbb E (\lVert \nabla F(x + \delta) \rVert - 1)^2,

with noise :math:`\delta` about as wide as half the data; the generator's loss is the non-saturating one. The view is
that of a game whose players regret: with losses convex and concave, plain alternating gradient steps converge; where
they are not, a run that ends in a bad equilibrium shows sharp slopes of the discriminator around some of the data, and
forcing slopes near one there avoids it. Unlike WGAN-GP's penalty this one looks neither at the samples nor at the
segments to them, so that it constrains nothing far from the data, and the loss stays that of the first GAN.

Reference:
    Kodali, Abernethy, Hays, Kira: On Convergence and Stability of GANs, 2017, arXiv 1705.07215.
"""

from __future__ import annotations

from typing import Any, Self

from torch import nn

from ganarium.augment import Augmentation
from ganarium.game import Paper
from ganarium.games.adversarial.gan import GAN
from ganarium.nets.architecture import Architecture, Plain
from ganarium.nets.flat import Flat
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.penalties import AroundData
from ganarium.priors import Law, Normal
from ganarium.schedules import Schedule
from ganarium.spec import Field, Spec

__all__ = ["DRAGAN"]


class DRAGAN(GAN):
    r"""The deep regret analytic GAN.

    Players:
        discriminator: ``penalty``, that of :class:`~ganarium.penalties.AroundData`; otherwise as in
            :class:`~ganarium.games.adversarial.gan.GAN`.
        generator: as there.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        penalty: The penalty's weight, :math:`\lambda`.
        spread: How far around the data it looks: the noise's deviation over that of the batch's numbers.
        architecture: The family of both networks.
        prior: The law of the noise.
        optimizer: How both players descend.
        augment: What the discriminator sees instead of images, in both players' moves.
        generator: From noise (B, latent) to samples (B, \*shape).
        discriminator: From samples to raw scores (B,); no batch norm.

    Deviations from the paper:
        1. The noise is normal, as the paper says, and as wide as half the batch's deviation; the authors' code adds
           uniform noise of one sign and looks at a random place on the way to it.

    Example:
        >>> DRAGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="On Convergence and Stability of GANs",
        authors=("Naveen Kodali", "Jacob Abernethy", "James Hays", "Zsolt Kira"),
        year=2017,
        arxiv="1705.07215",
        venue="arXiv",
        command="dragan",
    )
    couples_samples = "the penalty's noise is as wide as the batch"

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        penalty: float | Schedule = 10.0,
        spread: float = 0.5,
        architecture: Architecture = Flat(128),
        prior: Law = Normal(),
        optimizer: OptimizerChoice = Adam(1e-4, (0.5, 0.9)),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        super().__init__(
            spec,
            latent=latent,
            architecture=architecture,
            prior=prior,
            optimizer=optimizer,
            penalties=(AroundData(penalty, spread=spread),),
            augment=augment,
            generator=generator,
            discriminator=discriminator,
        )
        self.penalty, self.spread = penalty, spread

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, architecture=Plain())

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        recipe = super().recipe(spec)
        del recipe["penalties"]
        return recipe
