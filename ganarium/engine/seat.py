"""One player at the table: networks to thaw, a loss to descend, an optimiser to step with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from ganarium.engine.guard import Guard, check_gradients
from ganarium.game import Game, Player, Terms
from ganarium.ingredients import Schedule
from ganarium.spec import Batch

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Gradients", "Move", "Seat", "Steps"]

#: One for each of a player's parameters; None for a player who rests.
Gradients = list[Tensor | None] | None


@dataclass(frozen=True)
class Steps:
    """How players step, beside what the game says.

    Args:
        rate: A learning rate that replaces the game's.
        decay: A factor on the learning rate, over the stage.
        clip: The largest norm of the player's gradient; None does not clip.
        accumulate: How many parts a batch is split into.
        compile: Whether losses are compiled.
    """

    rate: float | None = None
    decay: Schedule | None = None
    clip: float | None = None
    accumulate: int = 1
    compile: bool = False


class Move(nn.Module):
    """A player's losses as a module that owns just the parameters that the player may change.

    Data-parallel wrappers and compilers see these parameters and no others.

    Args:
        losses: By how rarely they join: 1 in every round, 16 in every 16th.
        parameters: The player's own.
        fabric: Of its precision.
        who: Whose they are, for messages.
    """

    def __init__(
        self,
        losses: Mapping[int, Callable[[Batch], Terms]],
        parameters: Iterable[nn.Parameter],
        fabric: Any,
        who: str = "The player",
    ):
        super().__init__()
        self.who = who
        self.own = nn.ParameterList(parameters)
        self.losses = losses
        self.autocast = fabric.autocast
        self.round = 1

    def forward(self, batch: Batch) -> Terms:
        terms: Terms = {}
        with self.autocast():
            for rarely, loss in self.losses.items():
                if self.round % rarely == 0:
                    found = loss(batch)
                    if not isinstance(found, dict):
                        raise ValueError(
                            f"{self.who} returned no terms, but {type(found).__name__}; a loss returns a dict of named "
                            "scalars."
                        )
                    terms |= found
        return terms


class Seat:
    """A player, ready to move.

    Args:
        player: Who sits here.
        place: The player's number in the order of play.
        game: The game.
        frozen: Parameters that stay frozen, whoever moves.
        fabric: Device, precision and processes.
        steps: How the player steps.
    """

    def __init__(self, player: Player, place: int, game: Game, frozen: set[nn.Parameter], fabric: Fabric, steps: Steps):
        self.player, self.place, self.fabric, self.steps = player, place, fabric, steps
        self.who = f"{type(game).__name__}'s player '{player.name}'"
        self.parameters = [p for p in player.parameters() if p not in frozen]
        if not self.parameters:
            raise ValueError(f"{self.who} owns no parameter that can change. Add a network to owns=, or unfreeze one.")
        own = set(self.parameters)
        self.others = [p for p in game.parameters() if p not in own and p not in frozen]
        losses = {1: cast(Any, player.loss), **player.also}
        if steps.compile:
            losses = {rarely: cast(Any, torch.compile(loss)) for rarely, loss in losses.items()}
        self._plain = move = Move(losses, self.parameters, fabric, self.who)
        # One process needs no wrapper around its forward pass; several need one that averages gradients.
        self.move: Any = fabric.setup_module(move, move_to_device=False) if fabric.world_size > 1 else move
        self.optimizer = player.optimizer(self.parameters)
        self._wrapped: Any = fabric.setup_optimizers(self.optimizer)
        self.guard = Guard(self.who, fabric)
        self._skip: Tensor | None = None
        # The game's word comes before the optimiser's own.
        self._schedule: Any = player.schedule or getattr(player.optimizer, "schedule", None)
        self._rates = [self._own_rate() or group["lr"] for group in self.optimizer.param_groups]

    def _own_rate(self) -> float | None:
        """The game's rate, to which a replaced one is compared: where the schedule begins, or ends if that is zero."""
        ends = [self._schedule(progress).get("lr") for progress in (0.0, 1.0)] if self._schedule else []
        return next((rate for rate in ends if rate), None)

    def set_rates(self, progress: float, slower: float = 1.0) -> None:
        """Set the optimiser to what the player's schedule says, at a replaced rate, times the decay.

        Args:
            progress: How far the stage is, from 0 to 1.
            slower: Another factor on the rate.
        """
        rate, decay = self.steps.rate, self.steps.decay
        settings = self._schedule(progress) if self._schedule else {}
        factor = slower * (decay(progress) if decay else 1.0)
        for group, own in zip(self.optimizer.param_groups, self._rates, strict=True):
            group.update(settings)
            group["lr"] = settings.get("lr", own) * (1.0 if rate is None else rate / own) * factor

    def enter(self, round: int) -> None:
        """Say which round of the stage is played, from one: some losses join only now and then."""
        self._plain.round = round

    def gradient(self, batch: Batch, round: int) -> tuple[Terms, Gradients]:
        """The terms of a move, detached, and its gradients.

        Args:
            batch: What the move sees.
            round: The number of the round, from one, for messages.

        Raises:
            ValueError: if a term is no scalar, or none has a gradient.
            FloatingPointError: if a term or a gradient is not finite, unless the guard waits.
        """
        self._focus()
        if self.player.rests is not None and self.player.rests():
            with torch.no_grad():
                terms = self._checked(self.move(batch))
            self.guard.look(terms, [], round, self.rate)
            return terms, None
        parts = _split(batch, self.steps.accumulate)
        made = [self._backward(part, share, last=part is parts[-1][0]) for part, share in parts]
        terms = made[0] if len(parts) == 1 else _weighted(made, [share for _, share in parts])
        gradients = [parameter.grad for parameter in self.parameters]
        found = [gradient for gradient in gradients if gradient is not None]
        if not found:
            raise ValueError(self._stuck())
        self._skip = self.guard.look(terms, found, round, self.rate)
        return terms, gradients

    @property
    def rate(self) -> float:
        """The learning rate, as it is now."""
        return self.optimizer.param_groups[0]["lr"]

    def step(self, gradients: Gradients) -> Terms:
        """Step down these gradients, unless the guard found them not to be finite; a descent tells nothing more."""
        if gradients is None:
            return {}
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        if self.steps.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.steps.clip)
        if self._admitted():
            self._wrapped.step()
        # Kept gradients would be as large as the networks.
        for parameter in self.parameters:
            parameter.grad = None
        return {}

    def _admitted(self) -> bool:
        """Whether to step. A fused optimiser skips on the device; another one must be told here, and waits for it."""
        if self._skip is None:
            return True
        if not getattr(self.optimizer, "_step_supports_amp_scaling", False):
            return not self._skip.item()
        optimizer: Any = self.optimizer
        optimizer.grad_scale, optimizer.found_inf = None, self._skip
        return True

    def after(self, terms: Terms) -> None:
        """What the player does after a move, with the terms averaged over processes."""
        if self.player.after is None:
            return
        if self.fabric.world_size > 1:
            terms = {name: self.fabric.all_reduce(term.clone(), reduce_op="mean") for name, term in terms.items()}  # type: ignore[misc]
        self.player.after(terms)

    def _focus(self) -> None:
        """Thaw what the player owns, freeze all else, forget old gradients."""
        for parameter in self.others:
            parameter.requires_grad = False
        for parameter in self.parameters:
            parameter.requires_grad = True
            parameter.grad = None

    def _backward(self, part: Batch, share: float, last: bool) -> Terms:
        alone = last or self.fabric.world_size == 1
        with nullcontext() if alone else self.fabric.no_backward_sync(self.move):
            terms = self._checked(self.move(part))
            live = [term for term in terms.values() if term.requires_grad]
            if not live:
                raise ValueError(self._stuck())
            loss = sum(live[1:], start=live[0])
            self.fabric.backward(loss * share if share < 1 else loss)
        return {name: term.detach() for name, term in terms.items()}

    def _stuck(self) -> str:
        check_gradients()
        return (
            f"{self.who} returned no term with a gradient, so it cannot move. "
            "Its loss must depend on the networks that it owns, and not be detached from them."
        )

    def _checked(self, terms: Terms) -> Terms:
        for name, term in terms.items():
            if not isinstance(term, Tensor) or term.ndim:
                what = f"a tensor of shape {tuple(term.shape)}" if isinstance(term, Tensor) else repr(term)
                raise ValueError(
                    f"{self.who} returned the term '{name}' as {what}; a term is a scalar tensor. Take a mean or a sum."
                )
        return terms


def _split(batch: Batch, parts: int) -> list[tuple[Batch, float]]:
    """A batch in nearly equal parts, each with its share of the samples."""
    if parts == 1:
        return [(batch, 1.0)]
    size = len(next(iter(batch.values())))
    if size < parts:
        raise ValueError(
            f"A batch of {size} cannot be split into {parts} parts; lower accumulate, or enlarge the batch."
        )
    pieces = {name: value.tensor_split(parts) for name, value in batch.items()}
    split = [{name: piece[i] for name, piece in pieces.items()} for i in range(parts)]
    return [(part, len(next(iter(part.values()))) / size) for part in split]


def _weighted(made: list[Terms], shares: list[float]) -> Terms:
    weights = torch.tensor(shares)
    return {name: (torch.stack([terms[name] for terms in made]) * weights.to(made[0][name])).sum() for name in made[0]}
