"""The frame of adversarial games in which a player rests while its loss is far below the other's."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ganarium.game.game import Game
from ganarium.game.options import follows
from ganarium.game.player import Player, Terms

__all__ = ["Balanced"]


class Balanced(Game):
    """A game of a discriminator, with the terms ``real`` and ``fake``, and a generator, with the term ``fake``.

    Args:
        balance: A player rests while its loss is less than this many times the other's; 0 never rests.

    Raises:
        ValueError: if the balance is below 0, or 1 or more, where both could rest for ever.
    """

    balance: float = 0.7
    #: Each player's last loss, which says who rests.
    generator_level: Tensor = follows(factory=lambda game: torch.ones(()))
    discriminator_level: Tensor = follows(factory=lambda game: torch.ones(()))

    def check(self) -> None:
        if not 0 <= self.balance < 1:
            raise ValueError(
                f"{type(self).__name__}'s balance is at least 0 and less than 1; got balance={self.balance}."
            )

    def balanced(self, discriminator: Player, generator: Player) -> list[Player]:
        """Both players, in this order, with what makes them rest."""
        return [
            replace(discriminator, rests=self.discriminator_rests, after=self.note_discriminator),
            replace(generator, rests=self.generator_rests, after=self.note_generator),
        ]

    def discriminator_rests(self) -> bool:
        """Whether the discriminator's loss is that far below the generator's."""
        return bool(self.discriminator_level < self.balance * self.generator_level)

    def generator_rests(self) -> bool:
        """Whether the generator's loss is that far below the discriminator's."""
        return bool(self.generator_level < self.balance * self.discriminator_level)

    def note_discriminator(self, terms: Terms) -> None:
        """Remember the discriminator's loss."""
        self.discriminator_level.copy_(terms["real"] + terms["fake"])

    def note_generator(self, terms: Terms) -> None:
        """Remember the generator's adversarial loss."""
        self.generator_level.copy_(terms["fake"])
