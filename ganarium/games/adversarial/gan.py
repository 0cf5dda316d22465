r"""A generator learns to draw samples that a discriminator cannot tell from data.

The generator :math:`G` maps noise :math:`z` to the space of the data. The discriminator :math:`D` says how probable it
is that a point was drawn from the data rather than by :math:`G`. They play

.. math::

    \min_G \max_D V(D, G) = \mathbb E_{x \sim p} \log D(x) + \mathbb E_{z} \log(1 - D(G(z))).

For a fixed generator with law :math:`q` the best discriminator is :math:`D^*(x) = p(x) / (p(x) + q(x))`, and what is
left for the generator to minimise is :math:`2\,\mathrm{JS}(p, q) - \log 4`: the game is at rest only where
:math:`q = p` and :math:`D = 1/2`.

Early on, when samples are easily told from data, :math:`\log(1 - D(G(z)))` is flat; the generator then maximises
:math:`\log D(G(z))` instead, which has the same fixed point and strong gradients (the non-saturating game).

Reference:
    Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio: Generative Adversarial Nets,
    NIPS 2014.
"""

from __future__ import annotations

import math
from typing import Any, Self

import torch
from torch import Tensor, nn

from ganarium.adversarial import Adversarial
from ganarium.augment import Augmentation, augmented
from ganarium.game import Batch, Game, Paper, Player, Terms
from ganarium.nets.architecture import Architecture, Perceptrons, Plain
from ganarium.nets.roles import features_of
from ganarium.objectives import NonSaturating, Objective
from ganarium.optimizers import SGD, Adam, OptimizerChoice
from ganarium.penalties import R1, Critic, Penalised, Penalty
from ganarium.priors import Law, Normal, Uniform
from ganarium.schedules import Cosine, Exponential, Linear
from ganarium.spec import Field, Spec

__all__ = ["GAN"]


class GAN(Game, Adversarial):
    r"""The generative adversarial network, and the frame of its many variants.

    With raw scores :math:`F = \operatorname{logit} D`, the discriminator descends
    :math:`\mathbb E\,\mathrm{softplus}(-F(x)) + \mathbb E\,\mathrm{softplus}(F(G(z)))` and the generator
    :math:`\mathbb E\,\mathrm{softplus}(-F(G(z)))`; other objectives score the same game differently.

    Players:
        discriminator: ``real`` and ``fake``, the two halves of its loss; ``accuracy`` (watched), the share of data and
            samples on the right side of zero; the name of each penalty; ``sign`` and ``augmentation`` (watched, where
            augmentation is adaptive), the mean sign of the data's margins and the probability of each transform.
        generator: ``fake``, its loss.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        architecture: The family of both networks.
        objective: How scores become losses.
        prior: The law of the noise.
        discriminator_moves: The discriminator's steps a round, each on its own batch (k in Algorithm 1).
        simultaneous: Take both gradients on the same batch and samples before either steps, instead of alternating.
        joined: Show the discriminator data and samples as one batch. This matters to networks that look across the
            batch, such as batch norm.
        optimizer: How both players descend.
        penalties: What else the discriminator descends.
        augment: What the discriminator sees instead of images, in both players' moves.
        generator: From noise (B, latent) to samples (B, \*shape).
        discriminator: From samples to raw scores (B,).

    Deviations from the paper:
        1. The discriminator's loss is the sum of its halves; the authors' code takes their mean.
        2. The rate falls to 0.06 over a run, as it does in the authors' 125,000 updates, whatever the run's length.

    Example:
        >>> game = GAN.toy()
        >>> game.sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Generative Adversarial Nets",
        authors=(
            "Ian Goodfellow",
            "Jean Pouget-Abadie",
            "Mehdi Mirza",
            "Bing Xu",
            "David Warde-Farley",
            "Sherjil Ozair",
            "Aaron Courville",
            "Yoshua Bengio",
        ),
        year=2014,
        arxiv="1406.2661",
        venue="Advances in Neural Information Processing Systems",
        command="gan",
    )

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        architecture: Architecture = Perceptrons(),
        objective: Objective = NonSaturating(),
        prior: Law = Uniform(-math.sqrt(3), math.sqrt(3)),
        discriminator_moves: int = 1,
        simultaneous: bool = False,
        joined: bool = False,
        optimizer: OptimizerChoice = SGD(lr=Exponential(0.1, 0.06), momentum=Linear(0.5, 0.7)),
        penalties: tuple[Penalty, ...] = (),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        super().__init__(spec)
        self.latent, self.architecture, self.objective, self.optimizer = latent, architecture, objective, optimizer
        self.discriminator_moves, self.simultaneous, self.joined = discriminator_moves, simultaneous, joined
        self.penalties, self.augment = penalties, augment
        self.augmented = augmented(augment, spec["x"], type(self).__name__)
        self.prior = prior.of(latent)
        self.generator = generator or architecture.generator(latent, spec["x"])
        self.discriminator = discriminator or architecture.discriminator(spec["x"])
        if objective.of_features:
            features_of(self.discriminator, type(self).__name__)
        self.penalised = Penalised(penalties, self.discriminator, type(self).__name__)

    def players(self) -> list[Player]:
        return [
            Player(
                "discriminator",
                self.discriminator_loss,
                owns=[self.discriminator],
                optimizer=self.optimizer,
                moves=self.discriminator_moves,
                after=self.augmented.controller,
                also=self.penalised.also(self.penalty_loss),
            ),
            Player("generator", self.generator_loss, owns=[self.generator], optimizer=self.optimizer),
        ]

    def discriminator_loss(self, batch: Batch) -> Terms:
        verdict, x, fake = self.contest(batch)
        critic = self.penalised.one_pass(verdict, x, fake)
        real_scores, fake_scores = self.judge(critic, x, fake)
        terms = self.objective.discriminator(real_scores, fake_scores)
        terms |= self.penalised.terms(critic, x, fake, self.progress)
        watched = self.augmented.watch(self.objective.margin(real_scores, fake_scores))
        return {**terms, "accuracy": self.objective.accuracy(real_scores, fake_scores), **watched}

    def generator_loss(self, batch: Batch) -> Terms:
        return self.lesson(self.objective, batch)

    def judge(self, critic: Critic, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of data and of samples, from one pass over both or from one pass each."""
        if not self.joined:
            return critic(real), critic(fake)
        scores = critic(torch.cat([real, fake]))
        return scores[: len(real)], scores[len(real) :]

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z)

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.discriminator(x)

    def features(self, x: Tensor, **condition: Tensor) -> Tensor:
        return features_of(self.discriminator, "GAN")(x)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, architecture=Plain())

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # Without the penalty half of the grid's modes are lost, though not the ring's (docs/recipes.md).
        small = {"architecture": Plain(), "prior": Normal()}
        if spec["x"].kind == "points":
            # It fades: first all modes are found, then they become sharp.
            fading, falling = R1(Exponential(0.3, 0.003)), Adam(Cosine(2e-3, 0.0), (0.0, 0.99))
            return {**small, "latent": 4, "penalties": (fading,), "optimizer": falling}
        return {**small, "latent": 64, "penalties": (R1(1.0),), "optimizer": Adam(5e-4, (0.0, 0.99))}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        return {"batch_size": 128, "average": 40_000} if spec["x"].kind == "points" else {}
