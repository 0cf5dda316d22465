r"""A generator that foresees how the discriminator will answer.

In theory the generator lowers :math:`\max_D V(D, G)`; in play it lowers :math:`V(D, G)` for the discriminator of the
moment, for which the best answer is the one point that looks most like data. So it puts all its mass there, the
discriminator moves on, and so does the mass. Here the generator descends, in the place of V, the *surrogate*

.. math::

    V_K(\theta_G, \theta_D) = V(\theta_G, \theta_D^K(\theta_G, \theta_D)), \qquad
    \theta_D^0 = \theta_D, \quad \theta_D^{k+1} = \theta_D^k + \eta\, \nabla_{\theta_D} V(\theta_G, \theta_D^k):

with K = 0 the usual game, with :math:`K \to \infty` the theory's. The gradient has two parts,

.. math:: d V_K / d \theta_G = \partial V / \partial \theta_G
        + (\partial V / \partial \theta_D^K)\, (d \theta_D^K / d \theta_G) \quad \text{at } (\theta_G, \theta_D^K).

The second says how the discriminator would react to a change of the generator, and makes it costly to put much mass
in one place. It vanishes where :math:`\theta_D^K` is best. The discriminator itself moves as it always does.

Reference:
    Metz, Poole, Pfau, Sohl-Dickstein: Unrolled Generative Adversarial Networks, ICLR 2017, arXiv 1611.02163.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from ganarium.game import Batch, Paper, Terms, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of, joined_scores
from ganarium.ingredients import Adam, Critic, Minimax, Objective, OptimizerChoice, Penalty, Schedule, at, unrolled
from ganarium.nets import Architecture, Plain, TanhPerceptrons
from ganarium.spec import Field, Spec

__all__ = ["UnrolledGAN"]


class UnrolledGAN(Adversarial):
    r"""The unrolled GAN.

    Players:
        discriminator: ``real`` and ``fake``, the halves of its loss; ``accuracy`` (watched).
        generator: ``fake`` and, where there are steps, ``real``: minus these halves, on scores of the discriminator as
            it would be after its steps on this batch and these samples.

    Args:
        steps: How many of the discriminator's steps the generator foresees, K; 0 is ``gan --objective minimax``.
        rate: The size of these steps, :math:`\eta`; from 0.3 on, all modes of a ring were lost.
        through: Whether the generator's gradient passes through the steps; without, the second part is left out.
        joined: Show the discriminator data and samples as one batch, which is faster; it matters to batch norm.

    Deviations from the paper:
        1. The foreseen steps are of gradient descent, as in the paper's equations; the authors' code foresees Adam's.
        2. Discriminator and generator move in turn, as in the paper; the authors' code moves both at once.
        3. Networks, rates, latents and batches are the authors' notebook's, which says they are not the paper's.

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
        batch=512,
    )
    couples_samples = "the steps that are foreseen follow from the whole batch"
    latent: int = 256
    steps: int = 5
    rate: float | Schedule = 0.02
    through: bool = True
    architecture: Architecture = TanhPerceptrons()
    objective: Objective = follows(factory=lambda game: Minimax())
    joined: bool = False
    generator_optimizer: OptimizerChoice = Adam(1e-3, (0.5, 0.999))
    discriminator_optimizer: OptimizerChoice = Adam(1e-4, (0.5, 0.999))
    optimizer: OptimizerChoice = follows(factory=lambda game: game.generator_optimizer)
    penalties: tuple[Penalty, ...] = follows(factory=lambda game: ())
    discriminator: nn.Module = made(factory=discriminator_of)

    def check(self) -> None:
        if self.steps < 0:
            raise ValueError(f"UnrolledGAN foresees no steps of the discriminator or more; got steps={self.steps}.")

    def generator_loss(self, batch: Batch) -> Terms:
        if not self.steps:
            return super().generator_loss(batch)
        # What the discriminator sees is drawn once: its steps and the surrogate are about the same points.
        fake, real = self.augmented(self.draw(len(batch["x"]))), self.augmented(batch["x"])

        def loss(critic: Critic) -> Terms:
            return self.objective.discriminator(*self.both_scores(critic, real, fake))

        rate, total = at(self.rate, self.progress), lambda critic: torch.stack([*loss(critic).values()]).sum()
        later = unrolled(self.discriminator, total, self.steps, rate, self.through)
        return {name: -term for name, term in loss(later).items()}

    def both_scores(self, critic: Critic, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        return joined_scores(critic, real, fake) if self.joined else super().both_scores(critic, real, fake)

    @classmethod
    def toy(cls) -> Self:
        small = {"architecture": Plain(16), "discriminator_optimizer": Adam(1e-3, (0.5, 0.999))}
        return cls(Spec(x=Field((2,), "points")), latent=4, steps=2, **small)
