"""A player at the table who takes a step of its own instead of descending a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ganarium.game import Game, Player, Terms
from ganarium.guard import Guard
from ganarium.spec import Batch

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["OwnStep"]


class OwnStep:
    """A player with a step of its own, ready to move; a trainer treats it as it does a :class:`~ganarium.seat.Seat`.

    Several processes take the same step: each sees the whole batch, with the same noise. What is not finite is refused
    at once, and what the player owns is then as it was.

    Args:
        player: Who sits here.
        place: The player's number in the order of play.
        game: The game.
        fabric: Device and processes.
        rate: A learning rate that a user gave, which a step has not.

    Raises:
        ValueError: if the player owns nothing that could change, or a rate was given.
    """

    def __init__(self, player: Player, place: int, game: Game, fabric: Fabric, rate: float | None):
        self.player, self.place, self.fabric = player, place, fabric
        who = f"{type(game).__name__}'s player '{player.name}'"
        if rate is not None:
            raise ValueError(f"{who} takes steps of its own and has no learning rate; got {rate:g}.")
        self.parameters = player.parameters()
        self._own = [*self.parameters, *(buffer for network in player.owns for buffer in network.buffers())]
        if not self._own:
            raise ValueError(f"{who} owns no parameter and no buffer that could change. Add a network to owns=.")
        self.guard = Guard(who, fabric, waits=False)
        self._round = 0

    def set_rates(self, progress: float, slower: float = 1.0) -> None:
        """Nothing: there are no rates."""

    def enter(self, round: int) -> None:
        """Nothing: a step is the same in every round."""

    def gradient(self, batch: Batch, round: int) -> tuple[Terms, Batch]:
        """Nothing yet: what is stepped on is the batch, of several processes all of it."""
        self._round = round
        if self.fabric.world_size == 1:
            return {}, batch
        parts: list[Any] = [None] * self.fabric.world_size
        torch.distributed.all_gather_object(parts, dict(batch))
        return {}, {name: torch.cat([part[name].to(value) for part in parts]) for name, value in batch.items()}

    def step(self, batch: Any) -> Terms:
        """Take the step; what it tells, detached.

        Raises:
            FloatingPointError: if a term, or what the player owns, is not finite.
        """
        assert self.player.step is not None
        before = [tensor.detach().clone() for tensor in self._own]
        with torch.no_grad():
            terms = {name: torch.as_tensor(term).detach() for name, term in self.player.step(batch).items()}
            try:
                self.guard.look(
                    terms, [each.detach() for each in self._own if each.is_floating_point()], self._round, 0.0
                )
            except FloatingPointError:
                for tensor, old in zip(self._own, before, strict=True):
                    tensor.copy_(old)
                raise
        return terms

    def after(self, terms: Terms) -> None:
        """What the player does after a move; the terms are the same in all processes."""
        if self.player.after is not None:
            self.player.after(terms)
