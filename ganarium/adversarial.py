"""What games with one critic share: what it judges, what it is penalised for now and then, what it teaches."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from ganarium.augment import Augmented
from ganarium.game import Batch, Decodes, Scores, Terms
from ganarium.objectives import Objective
from ganarium.penalties import Critic, Penalised

__all__ = ["Adversarial"]


class Adversarial(Decodes, Scores):
    """A generator whose samples one critic compares with data.

    A game that is one makes ``augmented`` and ``penalised`` in its constructor, and ``progress`` is any game's; it says
    how samples are scored (``score``) and made (``decode``), and what both are told of a batch, if anything.
    """

    augmented: Augmented
    penalised: Penalised
    progress: Tensor

    def told(self, batch: Batch) -> dict[str, Tensor]:
        """What both players are told of a batch, as conditions of ``draw`` and ``score``: nothing, by default."""
        return {}

    def contest(self, batch: Batch) -> tuple[Critic, Tensor, Tensor]:
        """The verdict, told what the batch says; data; and as many samples, which do not teach the generator."""
        x, told = batch["x"], self.told(batch)
        with torch.no_grad():
            return partial(self.verdict, **told), x, self.draw(len(x), **told)

    def penalty_loss(self, batch: Batch, every: int) -> Terms:
        """The penalties that are taken in every n-th round."""
        return self.penalised.terms(*self.contest(batch), self.progress, every)

    def verdict(self, x: Tensor, **told: Tensor) -> Tensor:
        """The critic's scores of what it sees of ``x``, of shape (B,)."""
        return self.score(self.augmented(x), **told)

    def lesson(self, objective: Objective, batch: Batch) -> Terms:
        """What the generator descends on a batch: the objective's, of scores or of what the critic's head sees."""
        x, told = batch["x"], self.told(batch)
        seen = self.impression if objective.of_features else self.verdict
        return objective.generator(seen(self.draw(len(x), **told), **told), lambda: seen(x, **told))

    def impression(self, x: Tensor, **told: Tensor) -> Tensor:
        """What the critic's head sees of ``x``, of shape (B, features)."""
        return self.features(self.augmented(x), **told)

    def features(self, x: Tensor, **condition: Tensor) -> Tensor:
        """The last features of the critic, of shape (B, features); for games that take any objective."""
        raise TypeError(f"{type(self).__name__} does not define features(), which its objective asks for.")
