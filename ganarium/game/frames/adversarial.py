r"""The frame of games between a generator and a discriminator (or critic): Algorithm 1, each part an ingredient.

With raw scores :math:`F`, what the discriminator sees :math:`T`, an objective :math:`(a, b, c)` and penalties
:math:`P_i`,

.. math::

    L_D = \mathbb E\, a(F(T x)) + \mathbb E\, b(F(T G(z))) + \sum_i P_i(F), \qquad L_G = \mathbb E\, c(F(T G(z))).

Reference:
    Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio: Generative Adversarial Nets,
    NIPS 2014.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ganarium.augment import Augmentation, augmented
from ganarium.game.abilities import Decodes, Scores
from ganarium.game.game import Game
from ganarium.game.options import follows, made
from ganarium.game.player import Player, Terms
from ganarium.nets.architecture import Architecture, Plain
from ganarium.nets.roles import features_of
from ganarium.objectives import NonSaturating, Objective
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.penalties import Critic, Penalised, Penalty
from ganarium.priors import Law, Normal
from ganarium.spec import Batch

__all__ = ["Adversarial", "discriminator_of"]


def discriminator_of(game: Any) -> Any:
    """The discriminator of a game's architecture, with one score for each sample."""
    return game.architecture.discriminator(game.spec["x"])


class Adversarial(Game, Decodes, Scores):
    r"""A generator whose samples an adversary, the discriminator or critic, tells from data.

    A game says what its paper changes: the objective, the penalties, the networks. Where it has an option called
    ``<player>_optimizer`` or ``<player>_moves``, this is a player's own optimiser, or its moves in a round.

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
        optimizer: How both players descend.
        discriminator_moves: The discriminator's steps a round, each on its own batch (k in Algorithm 1).
        generator_moves: The generator's steps a round, each with noise of its own.
        critic_moves: The critic's steps a round, each on its own batch.
        generator_optimizer: How the generator descends.
        discriminator_optimizer: How the discriminator descends.
        penalties: What else the discriminator (critic) descends; its networks must then not couple samples (no batch
            norm).
        augment: What the discriminator (critic) sees instead of images, in both players' moves.
        generator: From noise (B, latent) to samples (B, \*shape).
        discriminator: From samples to raw scores (B,).
        critic: From samples to raw scores (B,).
    """

    #: What the paper calls the adversary: the network, and the player who owns it.
    adversary_name: ClassVar[str] = "discriminator"

    latent: int = 100
    architecture: Architecture = Plain()
    objective: Objective = follows(factory=lambda game: NonSaturating())
    prior: Law = Normal()
    optimizer: OptimizerChoice = Adam()
    penalties: tuple[Penalty, ...] = ()
    augment: Augmentation | None = None
    generator: nn.Module = made(factory=lambda game: game.architecture.generator(game.latent, game.spec["x"]))

    def build(self) -> None:
        who = type(self).__name__
        self.noise = self.prior.of(self.latent)
        self.augmented = augmented(self.augment, self.spec["x"], who)
        self.penalised = Penalised(self.penalties_taken(), self.adversary, who)
        if self.objective.of_features:
            features_of(self.adversary, who)

    @property
    def adversary(self) -> Any:
        """The network that tells data from samples."""
        name = self.adversary_name
        if not hasattr(self, name):
            raise TypeError(
                f"{type(self).__name__} declares no {name}. Write {name}: nn.Module = "
                "made(factory=discriminator_of), or another network."
            )
        return getattr(self, name)

    def penalties_taken(self) -> tuple[Penalty, ...]:
        """All penalties that the adversary descends: the game's own, if it has any, and the user's."""
        return self.penalties

    def players(self) -> list[Player]:
        name = self.adversary_name
        return [
            Player(
                name,
                self.discriminator_loss,
                owns=[self.adversary],
                optimizer=self.optimizer_of(name),
                moves=self.moves_of(name),
                after=self.controller,
                also=self.penalised.also(self.penalty_loss),
            ),
            Player(
                "generator",
                self.generator_loss,
                owns=[self.generator],
                optimizer=self.optimizer_of("generator"),
                moves=self.moves_of("generator"),
            ),
        ]

    def optimizer_of(self, player: str) -> OptimizerChoice:
        """How a player descends: by its own optimiser, if the game has an option for it."""
        return getattr(self, f"{player}_optimizer", None) or self.optimizer

    def moves_of(self, player: str) -> int | Callable[[int], int]:
        """How many moves a player makes in a round, or a function of the round."""
        return getattr(self, f"{player}_moves", 1)

    @property
    def controller(self) -> Callable[[Terms], None] | None:
        """What follows each of the adversary's moves: adaptive augmentation moves by what it watched."""
        return self.augmented.controller

    def discriminator_loss(self, batch: Batch) -> Terms:
        scoring, x, fake = self.contest(batch)
        critic = self.penalised.one_pass(scoring, x, fake)
        real_scores, fake_scores = self.both_scores(critic, x, fake)
        terms = self.objective.discriminator(real_scores, fake_scores)
        watched = self.watched(terms, real_scores, fake_scores)
        terms |= self.penalised.terms(critic, x, fake, self.progress)
        return {**terms, **watched, **self.augmented.watch(self.objective.margin(real_scores, fake_scores))}

    def generator_loss(self, batch: Batch) -> Terms:
        x, given = batch["x"], self.given(batch)
        seen: Any = self.features_seen if self.objective.of_features else self.scores_seen
        return self.objective.generator(seen(self.draw(len(x), **given), **given), lambda: seen(x, **given))

    def penalty_loss(self, batch: Batch, every: int) -> Terms:
        """The penalties that are taken in every n-th round."""
        return self.penalised.terms(*self.contest(batch), self.progress, every)

    def given(self, batch: Batch) -> dict[str, Tensor]:
        """What both players are given of a batch, as conditions of ``draw`` and ``score``: nothing, by default."""
        return {}

    def contest(self, batch: Batch) -> tuple[Critic, Tensor, Tensor]:
        """The scoring under the batch's conditions; data; and as many samples, which do not teach the generator."""
        x, given = batch["x"], self.given(batch)
        with torch.no_grad():
            return partial(self.scores_seen, **given), x, self.draw(len(x), **given)

    def both_scores(self, critic: Critic, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of data and of samples."""
        return critic(real), critic(fake)

    def watched(self, terms: Terms, real: Tensor, fake: Tensor) -> Terms:
        """What logs tell of the scores of data and samples, beside the loss."""
        return {"accuracy": self.objective.accuracy(real, fake)}

    def scores_seen(self, x: Tensor, **condition: Tensor) -> Tensor:
        """Scores (B,) of what the adversary sees of ``x``."""
        return self.score(self.augmented(x), **condition)

    def features_seen(self, x: Tensor, **condition: Tensor) -> Tensor:
        """The last features (B, features) of what the adversary sees of ``x``."""
        return self.features(self.augmented(x), **condition)

    def features(self, x: Tensor, **condition: Tensor) -> Tensor:
        """The last features of the adversary, of shape (B, features)."""
        return features_of(self.adversary, type(self).__name__)(x)

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z)

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.adversary(x)
