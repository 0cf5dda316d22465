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

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ganarium.game.abilities import Decodes
from ganarium.game.frames.two_player import FromNoise, TwoPlayer
from ganarium.game.options import follows
from ganarium.game.player import Terms
from ganarium.ingredients import (
    Augmentation,
    Critic,
    NonSaturating,
    Objective,
    OptimizerChoice,
    Penalised,
    Penalty,
    augmented,
)
from ganarium.nets.roles import features_of
from ganarium.spec import Batch

__all__ = ["Adversarial", "Discriminating", "discriminator_of", "joined_scores"]


def discriminator_of(game: Any, outputs: int = 1) -> Any:
    """The discriminator of a game's architecture, with one score for each sample, or several outputs."""
    return game.architecture.discriminator(game.spec["x"], outputs=outputs)


def joined_scores(critic: Critic, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Scores of data and of samples, shown as one batch, as networks that look across it notice."""
    scores = critic(torch.cat([real, fake]))
    return scores[: len(real)], scores[len(real) :]


class Discriminating(TwoPlayer):
    r"""A generator, and an adversary, the discriminator or critic, that tells what it makes from data.

    A game says what its paper changes: the objective, the penalties, the networks. What the generator makes, and of
    what, is said by :meth:`fakes`: of noise in most games (:class:`Adversarial`), of images in others.

    Players:
        discriminator: ``real`` and ``fake``, the two halves of its loss; ``accuracy`` (watched), the share of data and
            samples on the right side of zero; the name of each penalty; ``sign`` and ``augmentation`` (watched, where
            augmentation is adaptive), the mean sign of the data's margins and the probability of each transform.
        generator: ``fake``, its loss.

    Args:
        objective: How scores become losses.
        generator_moves: The generator's steps a round, each with noise of its own.
        generator_optimizer: How the generator descends, if not as the other player.
        penalties: What else the discriminator (critic) descends; its networks must then not couple samples (no batch
            norm).
        augment: What the discriminator (critic) sees instead of images, in both players' moves.
    """

    objective: Objective = follows(factory=lambda game: NonSaturating())
    generator_moves: int = 1
    generator_optimizer: OptimizerChoice | None = None
    penalties: tuple[Penalty, ...] = ()
    augment: Augmentation | None = None

    def build(self) -> None:
        super().build()
        who = type(self).__name__
        if self.generator_moves < 1:
            raise ValueError(
                f"{who}'s generator moves at least once a round; got generator_moves={self.generator_moves}."
            )
        self.augmented = augmented(self.augment, self.spec["x"], who)
        self.penalised = Penalised(self.penalties_taken(), self.adversary, who)
        if self.objective.of_features:
            features_of(self.adversary, who)

    def penalties_taken(self) -> tuple[Penalty, ...]:
        """All penalties that the adversary descends: the game's own, if it has any, and the user's."""
        return self.penalties

    @property
    def controller(self) -> Callable[[Terms], None] | None:
        """What follows each of the adversary's moves: adaptive augmentation moves by what it watched."""
        return self.augmented.controller

    @property
    def rare_losses(self) -> Mapping[int, Callable[[Batch], Terms]]:
        return self.penalised.also(self.penalty_loss)

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
        return self.objective.generator(seen(self.fakes(x, **given), **given), lambda: seen(x, **given))

    def penalty_loss(self, batch: Batch, every: int) -> Terms:
        """The penalties that are taken in every n-th round."""
        return self.penalised.terms(*self.contest(batch), self.progress, every)

    def given(self, batch: Batch) -> dict[str, Tensor]:
        """What both players are given of a batch, as conditions of ``draw`` and ``score``: nothing, by default."""
        return {}

    @abstractmethod
    def fakes(self, x: Tensor, **condition: Tensor) -> Tensor:
        """What the generator makes, of as many data ``x`` (B, \\*shape), under the conditions that are given."""

    def contest(self, batch: Batch) -> tuple[Critic, Tensor, Tensor]:
        """The scoring under the batch's conditions; data; and as many samples, which do not teach the generator."""
        x, given = batch["x"], self.given(batch)
        with torch.no_grad():
            return partial(self.scores_seen, **given), x, self.fakes(x, **given)

    def both_scores(self, critic: Critic, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of data and of samples."""
        if self.simultaneous:
            # Players who move at once draw the same noise: samples are judged first, as in the generator's loss, so
            # that both see one pass of a network with noise of its own.
            fake_scores = critic(fake)
            return critic(real), fake_scores
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


class Adversarial(Discriminating, FromNoise, Decodes):
    """A generator of samples from noise, which an adversary, the discriminator or critic, tells from data."""

    def fakes(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.draw(len(x), **condition)
