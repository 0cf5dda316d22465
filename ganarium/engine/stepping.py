"""A player at the table who takes a step of its own instead of descending a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ganarium.engine.guard import Guard
from ganarium.game import Game, Player, Terms
from ganarium.spec import Batch

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["OwnStep"]


class OwnStep:
    """A player with a step of its own, ready to move; to a trainer it is a :class:`~ganarium.engine.seat.Seat`.

    Several processes take the same step: each sees the whole batch, with the same noise. What is not finite is refused
    at once, and whatever stops a step, what the player owns is then as it was.

    Args:
        player: Who sits here.
        place: The player's number in the order of play.
        game: The game.
        frozen: Parameters that follow no gradient, whoever moves.
        fabric: Device and processes.

    Raises:
        ValueError: if the player owns nothing that could change.
    """

    def __init__(self, player: Player, place: int, game: Game, frozen: set[nn.Parameter], fabric: Fabric):
        self.player, self.place, self.fabric = player, place, fabric
        self.who = f"{type(game).__name__}'s player '{player.name}'"
        self.free = [p for p in player.parameters() if p not in frozen]
        self._own = self._owned()
        if not self._own:
            raise ValueError(f"{self.who} owns no parameter and no buffer that could change. Add a network to owns=.")
        self.guard = Guard(self.who, fabric, waits=False, descends=False)
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
            ValueError: if a term is no scalar, or the step put another tensor in the place of one that the player owns.
            FloatingPointError: if a term, or what the player owns, is not finite.
        """
        assert self.player.step is not None
        for parameter in self.free:
            parameter.requires_grad = True
        before = [tensor.detach().clone() for tensor in self._own]
        with torch.no_grad():
            try:
                terms = {name: self._scalar(name, term) for name, term in self.player.step(batch).items()}
                self._refuse_replaced()
                self.guard.look(terms, [own.detach() for own in self._own if own.is_floating_point()], self._round, 0.0)
            except Exception:
                for tensor, old in zip(self._own, before, strict=True):
                    tensor.copy_(old)
                raise
        return terms

    def after(self, terms: Terms) -> None:
        """What the player does after a move; the terms are the same in all processes."""
        if self.player.after is not None:
            self.player.after(terms)

    def _owned(self) -> list[Tensor]:
        """What the player may change: its parameters and the buffers of its networks."""
        buffers = dict.fromkeys(buffer for network in self.player.owns for buffer in network.buffers())
        return [*self.player.parameters(), *buffers]

    def _refuse_replaced(self) -> None:
        """The average, and who else looks at what the player owns, would go on looking at the old tensors."""
        if [*map(id, self._owned())] != [*map(id, self._own)]:
            raise ValueError(
                f"{self.who} put another tensor in the place of one that it owns. "
                "A step writes into the tensors that are there: means.copy_(new) instead of means = new."
            )

    def _scalar(self, name: str, term: Any) -> Tensor:
        """A term as a scalar tensor on the game's device."""
        value = torch.as_tensor(term, device=self.fabric.device).detach()
        if value.ndim:
            raise ValueError(
                f"{self.who} returned the term '{name}' as a tensor of shape {tuple(value.shape)}; a term is a scalar. "
                "Take a mean or a sum."
            )
        return value if value.is_floating_point() else value.float()
