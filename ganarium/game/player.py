"""Who plays: players, who own networks and descend losses, and the stages of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from ganarium.ingredients import Adam
from ganarium.spec import Batch

__all__ = ["Player", "Stage", "Terms"]

Terms = dict[str, Tensor]


def _no_loss(batch: Batch) -> Terms:
    raise TypeError("A player who takes steps of its own has no loss.")


@dataclass(frozen=True)
class Player:
    """Somebody who owns networks, and in each move descends a loss or takes a step of its own.

    Args:
        name: What logs and options call the player.
        loss: From a batch to named scalar terms, already weighted; their sum is descended. A term without a
            gradient is only watched: logged, averaged over processes, handed to ``after``.
        owns: The only networks whose parameters this player may change.
        step: What the player does in a move instead of descending a loss: a sweep of expectation maximisation, a block
            of a Markov chain. From a batch (of several processes: all of it) to named scalar terms, which are watched;
            it changes parameters and buffers of what the player owns, in place, and keeps nothing elsewhere. It runs
            without gradients, but may ask for them (``torch.enable_grad``). Of players who move at once, those with
            steps of their own move first, in their order, on networks that have not descended yet.
        optimizer: From parameters to an optimiser.
        moves: Steps in a turn, each on its own batch; or a function of the round.
        every: Plays in the rounds that this number divides.
        fresh: Draws its own batches instead of sharing the round's.
        rests: A gate, asked before each move. While it is true the loss still runs, without a gradient, so that
            what the gate watches stays fresh.
        after: Called with the terms after each move: clip weights, move a controller.
        schedule: The optimiser's settings as a function of the stage's progress, from 0 to 1.
        also: Further losses, by how rarely they join: ``{16: loss}`` adds a loss's terms in every 16th round.

    Raises:
        TypeError: if the player has neither a loss nor a step, or both, or a step and what only a loss can have; or
            owns what is no network.
    """

    name: str
    loss: Callable[[Batch], Terms] = _no_loss
    owns: Sequence[nn.Module] = ()
    step: Callable[[Batch], Terms] | None = field(default=None, kw_only=True)
    optimizer: Callable[..., Optimizer] = Adam()
    moves: int | Callable[[int], int] = 1
    every: int = 1
    fresh: bool = False
    rests: Callable[[], bool] | None = None
    after: Callable[[Terms], None] | None = None
    schedule: Callable[[float], dict[str, Any]] | None = None
    also: Mapping[int, Callable[[Batch], Terms]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.owns, nn.Module) or not all(isinstance(network, nn.Module) for network in self.owns):
            raise TypeError(
                f"Player '{self.name}' owns what is no list of networks. Write owns=[self.generator]; let a "
                "module hold what else it owns."
            )
        if not (callable(self.moves) or isinstance(self.moves, int)):
            raise TypeError(f"Player '{self.name}' moves a number of times, or by a function; got {self.moves!r}.")
        if (self.loss is _no_loss) == (self.step is None):
            raise TypeError(
                f"Player '{self.name}' descends a loss or takes steps of its own: give one of loss= and step=."
            )
        if self.step is not None and (self.rests or self.schedule or self.also or self.optimizer != Adam()):
            raise TypeError(
                f"Player '{self.name}' takes steps of its own; optimizer, rests, schedule and also are for losses."
            )

    def moves_in(self, round: int) -> int:
        """How many moves the player makes in a round (counted from 0)."""
        if round % self.every:
            return 0
        return self.moves(round) if callable(self.moves) else self.moves

    def parameters(self) -> list[nn.Parameter]:
        """The parameters that the player owns, each once, in a fixed order."""
        return list(dict.fromkeys(p for network in self.owns for p in network.parameters()))


@dataclass(frozen=True)
class Stage:
    """A named part of a run with its own players.

    Args:
        name: What logs call the stage.
        players: Who plays, in order.
        share: The stage's share of the run's rounds, relative to the other stages'.
        begin: Called once, before the stage's first round, with the data once through: copies weights, re-weights the
            data by ``index``. It changes only parameters and buffers; what no player of the stage owns is frozen.
    """

    name: str
    players: Sequence[Player]
    share: float = 1.0
    begin: Callable[[Iterable[Batch]], None] | None = None
