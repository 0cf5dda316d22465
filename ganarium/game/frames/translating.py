r"""The frame of translation between two domains without pairs: a translator each way, a discriminator of each domain.

With scores :math:`D_a, D_b`, an objective :math:`(a, b, c)` and :math:`\tilde d` what is translated to the domain d,

.. math::

    L_D = \sum_{d} \mathbb E\, a(D_d(d)) + \mathbb E\, b(D_d(\tilde d)), \qquad
    L_G = w \sum_{d} \mathbb E\, c(D_d(\tilde d)) + \dots,

where the dots tie a translation to where it came from: each paper's own.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import partial

import torch
from torch import Tensor, nn

from ganarium.game.abilities import Translates
from ganarium.game.game import Game
from ganarium.game.options import made
from ganarium.game.player import Player, Terms
from ganarium.ingredients import Adam, Augmentation, Augmented, NonSaturating, Objective, OptimizerChoice, augmented
from ganarium.spec import Batch, Field

__all__ = ["Translating"]


class Translating(Game, Translates):
    r"""Two translators, who move first, against two discriminators.

    Batch:
        ``a`` (B, \*shape): samples of one domain; images are in [-1, 1].
        ``b`` (B, \*shape'): samples of the other; the rows of a batch need not belong together.

    Args:
        adversarial: The weight w of what the discriminators say to the translators.
        objective: How scores become losses.
        optimizer: How both players descend.
        augment: What the discriminators see instead of images, in both players' moves, whichever round they are of.
            Each domain has its own probability, where augmentation is adaptive.
        to_b: The translator from ``a`` to ``b``.
        to_a: The translator from ``b`` to ``a``.
        discriminator_a: From samples of ``a`` to raw scores of any shape.
        discriminator_b: From samples of ``b`` to raw scores of any shape.
    """

    needs = {"a": (), "b": ()}

    adversarial: float = 1.0
    objective: Objective = NonSaturating()
    optimizer: OptimizerChoice = Adam()
    augment: Augmentation | None = None
    to_b: nn.Module = made(factory=lambda game: game.new_translator(game.spec["a"], game.spec["b"]))
    to_a: nn.Module = made(factory=lambda game: game.new_translator(game.spec["b"], game.spec["a"]))
    discriminator_a: nn.Module = made(factory=lambda game: game.new_discriminator(game.spec["a"]))
    discriminator_b: nn.Module = made(factory=lambda game: game.new_discriminator(game.spec["b"]))

    def check(self) -> None:
        if self.objective.of_features:
            raise ValueError(f"{type(self).__name__} judges by scores: there are no features to match. Choose another.")

    def build(self) -> None:
        self.augmented_a, self.augmented_b = (augmented(self.augment, self.spec[d], type(self).__name__) for d in "ab")

    @abstractmethod
    def new_translator(self, source: Field, target: Field) -> nn.Module:
        """A network from samples of one domain to samples of the other."""

    @abstractmethod
    def new_discriminator(self, field: Field) -> nn.Module:
        """A network from samples of a domain to raw scores."""

    @abstractmethod
    def ties(self, batch: Batch, translated: dict[str, Tensor]) -> Terms:
        """What ties translations to where they came from: weighted terms of the translators."""

    def players(self) -> list[Player]:
        judges, translators = [self.discriminator_a, self.discriminator_b], [self.to_b, self.to_a]
        after = self.adapt if self.augmented_a.controller else None
        return [
            Player("translators", self.translators_loss, translators, optimizer=self.optimizer),
            Player("discriminators", self.discriminators_loss, judges, optimizer=self.optimizer, after=after),
        ]

    def translators_loss(self, batch: Batch) -> Terms:
        fakes = self.translated(batch)
        seen, say = self.scores_seen, self.objective.generator
        of_a, of_b = (say(seen(fakes[d], d), partial(seen, batch[d], d)) for d in "ab")
        return {name: self.adversarial * (of_a[name] + of_b[name]) for name in of_a} | self.ties(batch, fakes)

    def discriminators_loss(self, batch: Batch) -> Terms:
        fakes, seen = self.shown(batch), self.scores_seen
        scores = {d: (seen(batch[d], d), seen(fakes[d], d)) for d in "ab"}
        of_a, of_b = (self.objective.discriminator(*scores[d]) for d in "ab")
        terms = {name: of_a[name] + of_b[name] for name in of_a}
        for d in "ab":
            watched = self._augmented(d).watch(self.objective.margin(*scores[d]))
            terms |= {f"{name}_{d}": term for name, term in watched.items()}
        return terms

    def translated(self, batch: Batch) -> dict[str, Tensor]:
        """The batch's translations, by the domain that they are in now."""
        return {"b": self.to_b(batch["a"]), "a": self.to_a(batch["b"])}

    @torch.no_grad()
    def shown(self, batch: Batch) -> dict[str, Tensor]:
        """The translations that the discriminators see, without gradient."""
        return self.translated(batch)

    def scores_seen(self, x: Tensor, domain: str) -> Tensor:
        """Scores, of any shape, of what the discriminator of a domain sees of ``x``."""
        return getattr(self, f"discriminator_{domain}")(self._augmented(domain)(x))

    def _augmented(self, domain: str) -> Augmented:
        return getattr(self, f"augmented_{domain}")

    def adapt(self, terms: Terms) -> None:
        """Move each domain's probability of a transform by what its own discriminator said."""
        for d in "ab":
            if controller := self._augmented(d).controller:
                controller({"sign": terms[f"sign_{d}"]})

    def translate(self, x: Tensor, to: str) -> Tensor:
        if to not in self.targets:
            raise ValueError(f"{type(self).__name__} translates to 'a' or 'b'; got to={to!r}.")
        return self.to_a(x) if to == "a" else self.to_b(x)
