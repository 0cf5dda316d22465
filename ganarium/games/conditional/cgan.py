r"""Both players are told a label, and so the generator learns each class's law by itself.

Data come with side information :math:`y`, such as a class. Tell it to both players, and the minimax game is played
for every :math:`y` at once:

.. math::

    \min_G \max_D V(D, G) = \mathbb E_{x, y \sim p} \log D(x, y) + \mathbb E_{z,\, y \sim p} \log(1 - D(G(z, y), y)).

For a fixed generator with laws :math:`q(x | y)` the best discriminator is
:math:`D^*(x, y) = p(x | y) / (p(x | y) + q(x | y))`, and what is left for the generator to minimise is

.. math::

    2\, \mathbb E_{y \sim p}\, \mathrm{JS}(p(\cdot | y), q(\cdot | y)) - \log 4,

which is least where :math:`q(x | y) = p(x | y)` for every class. Were only the generator told, it would be free to
ignore the label: a discriminator that does not see :math:`y` compares mixtures over all classes, and no more. And were
the labels of samples drawn from another law than those of the data, the discriminator could tell by the label alone.

Reference:
    Mirza, Osindero: Conditional Generative Adversarial Nets, 2014, arXiv 1411.1784.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn

from ganarium.adversarial import Adversarial
from ganarium.augment import Augmentation, augmented
from ganarium.game import Batch, Game, Paper, Player, Terms
from ganarium.nets.architecture import Architecture, DeepConvolutional, Plain
from ganarium.nets.cgan import TwoStreams
from ganarium.nets.conditions import one_hot
from ganarium.nets.roles import features_of
from ganarium.objectives import NonSaturating, Objective
from ganarium.optimizers import SGD, Adam, OptimizerChoice
from ganarium.penalties import Penalised, Penalty
from ganarium.priors import Law, Normal, Uniform
from ganarium.schedules import Exponential, Linear
from ganarium.spec import Field, Spec

__all__ = ["CGAN"]


class CGAN(Game, Adversarial):
    r"""The conditional GAN: a class can be asked for, ``game.sample(9, y=3)``.

    With raw scores :math:`F = \operatorname{logit} D`, the discriminator descends
    :math:`\mathbb E\,\mathrm{softplus}(-F(x, y)) + \mathbb E\,\mathrm{softplus}(F(G(z, y), y))` and the generator
    :math:`\mathbb E\,\mathrm{softplus}(-F(G(z, y), y))`, with the labels of the batch for data and samples alike.

    Players:
        discriminator: ``real`` and ``fake``, the two halves of its loss, each a mean over the batch; ``accuracy``
            (watched), the share of data and samples on the right side of zero; ``sign`` and ``augmentation`` (watched,
            where augmentation is adaptive), the mean sign of the margins of data and the probability of each transform.
        generator: ``fake``, its loss, a mean over the batch.

    Batch:
        ``x`` (B, \*shape): data. ``y`` (B,): their classes; -1, unknown, is a condition of zeros.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        architecture: The family of both networks.
        objective: How scores become losses.
        prior: The law of the noise; the paper says "the unit hypercube".
        discriminator_moves: The discriminator's steps a round, each on its own batch.
        optimizer: How both players descend.
        penalties: What else the discriminator descends; its networks must then not couple samples (no batch norm).
        augment: What the discriminator sees instead of images, in both players' moves.
        generator: From noise (B, latent) and one-hot labels (B, K) to samples (B, \*shape).
        discriminator: From samples and one-hot labels to raw scores (B,).

    Deviations from the paper:
        1. The generator descends the non-saturating loss; the paper writes the minimax game (``Minimax()``).
        2. The rate falls to its end over a run, whatever the run's length; the paper divides it by 1.00004 a step.
        3. Where a label is not asked for, all classes are equally likely.

    Example:
        >>> game = CGAN.toy()
        >>> game.sample(3, seed=0, y=[0, 1, 1]).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Conditional Generative Adversarial Nets",
        authors=("Mehdi Mirza", "Simon Osindero"),
        year=2014,
        arxiv="1411.1784",
        command="cgan",
    )
    needs = {"x": (), "y": ("label",)}

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        architecture: Architecture = TwoStreams(),
        objective: Objective = NonSaturating(),
        prior: Law = Uniform(-1.0, 1.0),
        discriminator_moves: int = 1,
        optimizer: OptimizerChoice = SGD(lr=Exponential(0.1, 1e-6), momentum=Linear(0.5, 0.7)),
        penalties: tuple[Penalty, ...] = (),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        super().__init__(spec)
        self.latent, self.architecture, self.objective, self.optimizer = latent, architecture, objective, optimizer
        self.discriminator_moves, self.augment = discriminator_moves, augment
        self.augmented = augmented(augment, spec["x"], type(self).__name__)
        self.classes = spec["y"].classes
        self.prior = prior.of(latent)
        self.generator = generator or architecture.generator(latent, spec["x"], condition=self.classes)
        self.discriminator = discriminator or architecture.discriminator(spec["x"], condition=self.classes)
        if objective.of_features:
            features_of(self.discriminator, type(self).__name__)
        self.penalties, self.penalised = penalties, Penalised(penalties, self.discriminator, type(self).__name__)

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
        real_scores, fake_scores = critic(x), critic(fake)
        terms = self.objective.discriminator(real_scores, fake_scores)
        terms |= self.penalised.terms(critic, x, fake, self.progress)
        watched = self.augmented.watch(self.objective.margin(real_scores, fake_scores))
        return {**terms, "accuracy": self.objective.accuracy(real_scores, fake_scores), **watched}

    def generator_loss(self, batch: Batch) -> Terms:
        return self.lesson(self.objective, batch)

    def told(self, batch: Batch) -> dict[str, Tensor]:
        return {"y": batch["y"]}

    @property
    def conditions(self) -> Mapping[str, Field]:
        return {"y": self.spec["y"]}

    def choose(self, n: int, **condition: Tensor) -> dict[str, Tensor]:
        return condition if "y" in condition else {"y": torch.randint(self.classes, (n,), device=self.device)}

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        y = self.choose(len(z), **condition)["y"]
        return self.generator(z, one_hot(y, self.classes, z))

    def features(self, x: Tensor, **condition: Tensor) -> Tensor:
        return features_of(self.discriminator, "CGAN")(x, one_hot(condition["y"], self.classes, x))

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        """Raw scores of shape (B,), given labels ``y``; without them, of the odds' mean over all classes."""
        if "y" in condition:
            return self.discriminator(x, one_hot(condition["y"], self.classes, x))
        y = torch.arange(self.classes, device=x.device).repeat(len(x))
        scores = self.score(x.repeat_interleave(self.classes, 0), y=y)
        return scores.unflatten(0, (len(x), self.classes)).logsumexp(1) - math.log(self.classes)

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((2,), "points"), y=Field((), "label", classes=3))
        return cls(spec, latent=4, architecture=Plain())

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].kind == "points":
            return {"architecture": Plain(), "latent": 16, "prior": Normal(), "optimizer": Adam(5e-4)}
        return {"architecture": DeepConvolutional(32, 4), "latent": 64, "prior": Normal(), "optimizer": Adam(5e-4)}
