r"""A generator that foresees how the discriminator will answer.

In theory the generator lowers :math:`\max_D V(D, G)`; in play it lowers :math:`V(D, G)` for the discriminator of the
moment, for which the best answer is the one point that looks most like data. So it puts all its mass there, the
discriminator moves on, and so does the mass. Here the generator descends, in the place of V, the *surrogate*

.. math::

    V_K(\theta_G, \theta_D) = V(\theta_G, \theta_D^K(\theta_G, \theta_D)), \qquad
    \theta_D^0 = \theta_D, \quad \theta_D^{k+1} = \theta_D^k + \eta\, \nabla_{\theta_D} V(\theta_G, \theta_D^k):

with K = 0 the usual game, with :math:`K \to \infty` the theory's. The gradient has two parts,

.. math::

    \frac{d V_K}{d \theta_G} = \frac{\partial V(\theta_G, \theta_D^K)}{\partial \theta_G}
        + \frac{\partial V(\theta_G, \theta_D^K)}{\partial \theta_D^K} \frac{d \theta_D^K}{d \theta_G}.

The second says how the discriminator would react to a change of the generator, and makes it costly to put much mass
in one place. It vanishes where :math:`\theta_D^K` is best. The discriminator itself moves as it always does.

Reference:
    Metz, Poole, Pfau, Sohl-Dickstein: Unrolled Generative Adversarial Networks, ICLR 2017, arXiv 1611.02163.
"""

from __future__ import annotations

from typing import Any, Self

from torch import nn

from ganarium.augment import Augmentation
from ganarium.game import Batch, Paper, Player, Terms
from ganarium.games.adversarial.gan import GAN
from ganarium.nets.architecture import Architecture, Plain
from ganarium.nets.unrolled_gan import TanhPerceptrons
from ganarium.objectives import Minimax
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.penalties import Critic
from ganarium.priors import Law, Normal
from ganarium.schedules import Schedule, at
from ganarium.spec import Field, Spec
from ganarium.unrolling import unrolled

__all__ = ["UnrolledGAN"]


class UnrolledGAN(GAN):
    r"""The unrolled GAN.

    Players:
        discriminator: as in :class:`~ganarium.games.adversarial.gan.GAN`.
        generator: ``fake`` and, where there are steps, ``real``: minus the halves of the discriminator's loss, on
            scores of the discriminator as it would be after its steps on this batch and these samples.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        steps: How many of the discriminator's steps the generator foresees, K; with none it is ``gan`` with the
            objective ``minimax``.
        rate: The size of these steps, :math:`\eta`, a number or a schedule over the stage; from 0.3 on, all modes of a
            ring were lost (docs/zoo/unrolled-gan.md).
        through: Whether the generator's gradient passes through the steps; without, the second part is left out.
        architecture: The family of both networks.
        prior: The law of the noise.
        joined: Show the discriminator data and samples as one batch, which is faster; it matters to batch norm.
        generator_optimizer: How the generator descends.
        discriminator_optimizer: How the discriminator descends.
        augment: What the discriminator sees instead of images, in both players' moves.
        generator: From noise (B, latent) to samples (B, \*shape).
        discriminator: From samples to raw scores (B,).

    Deviations from the paper:
        1. The steps that are foreseen are of plain gradient descent, as in the paper's equations; the authors' code
           foresees Adam's, from its averages at that moment.
        2. Discriminator and generator move in turn; the authors' code moves both at once.

    Raises:
        ValueError: if there are fewer than no steps.

    Example:
        >>> UnrolledGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Unrolled Generative Adversarial Networks",
        authors=("Luke Metz", "Ben Poole", "David Pfau", "Jascha Sohl-Dickstein"),
        year=2017,
        arxiv="1611.02163",
        venue="International Conference on Learning Representations",
        command="unrolled-gan",
    )
    couples_samples = "the steps that are foreseen follow from the whole batch"

    def __init__(
        self,
        spec: Spec,
        latent: int = 256,
        steps: int = 5,
        rate: float | Schedule = 0.02,
        through: bool = True,
        architecture: Architecture = TanhPerceptrons(),
        prior: Law = Normal(),
        joined: bool = False,
        generator_optimizer: OptimizerChoice = Adam(1e-3, (0.5, 0.999)),
        discriminator_optimizer: OptimizerChoice = Adam(1e-4, (0.5, 0.999)),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        if steps < 0:
            raise ValueError(f"UnrolledGAN foresees no steps of the discriminator or more; got steps={steps}.")
        super().__init__(
            spec,
            latent=latent,
            architecture=architecture,
            objective=Minimax(),
            prior=prior,
            joined=joined,
            augment=augment,
            generator=generator,
            discriminator=discriminator,
        )
        self.steps, self.rate, self.through = steps, rate, through
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer

    def players(self) -> list[Player]:
        return [
            Player(
                "discriminator",
                self.discriminator_loss,
                owns=[self.discriminator],
                optimizer=self.discriminator_optimizer,
                after=self.augmented.controller,
            ),
            Player("generator", self.generator_loss, owns=[self.generator], optimizer=self.generator_optimizer),
        ]

    def generator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        if not self.steps:
            return super().generator_loss(batch)
        # What the discriminator sees is drawn once: its steps and the surrogate are about the same points.
        fake, real = self.augmented(self.draw(len(x))), self.augmented(x)

        def loss(critic: Critic) -> Terms:
            return self.objective.discriminator(*self.judge(critic, real, fake))

        later = unrolled(
            self.discriminator,
            lambda critic: sum(loss(critic).values()),  # type: ignore[arg-type]
            self.steps,
            at(self.rate, self.progress),
            self.through,
        )
        return {name: -term for name, term in loss(later).items()}

    @classmethod
    def toy(cls) -> Self:
        small = Adam(1e-3, (0.5, 0.999))
        return cls(
            Spec(x=Field((2,), "points")),
            latent=4,
            steps=2,
            architecture=Plain(16),
            discriminator_optimizer=small,
        )

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # Those of GAN were measured with a penalty and without foresight.
        return {}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        return {}
