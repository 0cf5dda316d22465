r"""Plays the rounds of a game.

A round, in the order of its players (Goodfellow et al., 2014, Algorithm 1, for any number of players):

    for each player that plays this round, for each of its moves:
        thaw the networks that the player owns, freeze all others
        terms <- the player's loss on the next batch
        step down the gradient of the terms' sum

Randomness is a function of the seed, the round, the player and the move, so that a run that is stopped and taken up
again equals one that never stopped, and what the user draws between rounds changes nothing. The trainer is a generator:
the user's for-loop decides what to log, when to save and when to stop.

.. code-block:: python

    for report in Trainer(game).play(data, batch_size=64, rounds=1000):
        if report.round % 100 == 0:
            print(report.round, report.scalars)
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from ganarium.engine.average import Average
from ganarium.engine.guard import check_gradients
from ganarium.engine.report import Report
from ganarium.engine.seat import Seat, Steps
from ganarium.engine.stepping import OwnStep
from ganarium.engine.timetable import Timetable
from ganarium.game import Game, Player, Terms
from ganarium.ingredients import Schedule
from ganarium.randomness import mix, set_seed
from ganarium.spec import Batch, Spec

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Playable", "Report", "Trainer"]


class Playable(Protocol):
    """What a trainer needs of data; all of :mod:`ganarium.data` has it."""

    spec: Spec

    def __len__(self) -> int: ...

    def batches(self, size: int, seed: int = 0, start: int = 0, part: tuple[int, int] = (0, 1)) -> Iterator[Batch]:
        """Batches without end, after ``start`` of them, in an order that follows from ``seed``; our part of each."""
        ...

    def sweep(self, size: int) -> Iterator[Batch]:
        """Batches that visit every sample once."""
        ...


class Trainer:
    """Plays a game's rounds, stage after stage, and keeps an average of what the players learn.

    Args:
        game: The game. It is moved to the fabric's device.
        fabric: Device, precision and processes; one process on the best device if left out.
        seed: What the order of the data and all noise follow from.
        average: The half-life of :attr:`average`, in samples seen; 0 keeps no average.
        rates: Learning rates that replace the game's, by player.
        decay: A factor on all learning rates, over each stage.
        clip: The largest norm of a player's gradient; None does not clip.
        accumulate: How many parts a batch is split into, to save memory. Losses that couple the samples of a batch
            (batch norm, relativistic means) then see the parts, not the batch.
        channels_last: Lay images out in memory with their channels last, which convolutions are often faster on.
        compile: Compile each player's loss, which takes minutes and pays on long runs.

    Raises:
        ValueError: if a rate is given for no player, or for one who takes steps of its own; or a player owns something
            that is not in the game; or gradients are switched off.
    """

    def __init__(
        self,
        game: Game,
        fabric: Fabric | None = None,
        seed: int = 0,
        *,
        average: float = 10_000,
        rates: Mapping[str, float] | None = None,
        decay: Schedule | None = None,
        clip: float | None = None,
        accumulate: int = 1,
        channels_last: bool = False,
        compile: bool = False,
    ):
        check_gradients()
        self.fabric = fabric or _fabric()
        self.game = game.to(self.fabric.device)
        self.channels_last = channels_last
        if channels_last:
            for tensor in (*game.parameters(), *game.buffers()):
                tensor.data = _channels_last(tensor.data)
        self.seed = seed
        self.stages = game.stages()
        self.timetable = Timetable(self.stages)
        self.round = self.seen = self.drawn = self.rollbacks = 0
        self.stage = -1
        self.stage_start = 0
        rates = rates or {}
        self._check(rates)
        names = {player.name for stage in self.stages for player in stage.players}
        self._steps = {name: Steps(rates.get(name), decay, clip, accumulate, compile) for name in names}
        # What the user froze stays frozen.
        self._frozen = {p for p in game.parameters() if not p.requires_grad}
        self._free = [p for p in game.parameters() if p.requires_grad]
        self._dtype = next((p.dtype for p in game.parameters()), torch.get_default_dtype())
        self._seats: list[Seat | OwnStep] = []
        self._average = Average(game, average) if average else None

    @property
    def average(self) -> Game:
        """The game with averaged networks, on which every ability works; the game itself if no average is kept."""
        return self._average.game if self._average else self.game

    def play(self, data: Playable, batch_size: int, rounds: int) -> Iterator[Report]:
        """Play until ``rounds`` rounds have been played in all, also after a resume; yield a report for each.

        Args:
            data: What to learn from.
            batch_size: Samples in a batch, over all processes.
            rounds: The run's rounds, which the stages share.

        Raises:
            ValueError: if the data does not suit the game, or a count is below one.
            FloatingPointError: if a term or a gradient is not finite, at once on the CPU and by the end elsewhere. The
                weights have not taken the step.
        """
        data = self._accepted(data, rounds)
        part = (self.fabric.global_rank, self.fabric.world_size)
        batches = data.batches(batch_size, seed=self.seed, start=self.drawn, part=part)
        self.game.train()
        if self.round == 0:
            self._share_weights()
        begun = time.perf_counter()
        while self.round < rounds:
            outer = torch.get_rng_state()
            try:
                self._enter_stages(data, batch_size, rounds)
                terms = self._play_round(batches, batch_size)
            finally:
                self._thaw()
                torch.set_rng_state(outer)
            stage = self.stages[self.stage].name
            yield Report(self.round, self.seen, stage, time.perf_counter() - begun, terms, self.fabric, self.check)
        self.check()

    def check(self) -> None:
        """Wait for the device, and raise if it met a number that is not finite since this stage began.

        Raises:
            FloatingPointError: naming game, player, term and round. The weights have not taken the step.
        """
        for seat in self._seats:
            seat.guard.check()

    def accumulate(self, parts: int) -> None:
        """Split batches into so many parts from the next :meth:`load_state_dict` on."""
        self._steps = {name: replace(steps, accumulate=parts) for name, steps in self._steps.items()}

    def state_dict(self) -> dict[str, Any]:
        """All that follows from what was played: networks, average, optimisers and counts. All processes call it.

        Raises:
            FloatingPointError: if the device met a number that is not finite.
        """
        self.check()
        return {
            **{name: getattr(self, name) for name in _COUNTS},
            "game": self.game.state_dict(),
            "processes": self._local_buffers(),
            "average": self._average.game.state_dict() if self._average else None,
            "optimizers": {seat.player.name: seat.optimizer.state_dict() for seat in self._descending()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state_dict` gave: in the saved stage, without its ``begin``."""
        self.game.load_state_dict(state["game"])
        local = state.get("processes") or []
        if len(local) == self.fabric.world_size > 1:
            self.game.load_state_dict(local[self.fabric.global_rank], strict=False)
        if self._average and state["average"] is not None:
            self._average.game.load_state_dict(state["average"])
        for name in _COUNTS:
            setattr(self, name, state.get(name, 0))
        self._seats = []
        if self.stage >= 0:
            self._take_seats()
        for seat in self._descending():
            seat.optimizer.load_state_dict(state["optimizers"][seat.player.name])

    def _descending(self) -> list[Seat]:
        """Who has an optimiser."""
        return [seat for seat in self._seats if isinstance(seat, Seat)]

    def _local_buffers(self) -> list[dict[str, Tensor]]:
        """The buffers of each process, if there are several: batch statistics and pools are of its own samples."""
        if self.fabric.world_size == 1:
            return []
        parameters = {name for name, _ in self.game.named_parameters(remove_duplicate=False)}
        own = {name: value.cpu() for name, value in self.game.state_dict().items() if name not in parameters}
        everyone: list[Any] = [None] * self.fabric.world_size
        torch.distributed.all_gather_object(everyone, own)
        return everyone

    def _play_round(self, batches: Iterator[Batch], batch_size: int) -> Terms:
        drawn, shared, report = self.drawn, [], {}
        for seat in self._seats:
            seat.set_rates(self._progress, 0.5**self.rollbacks)
            seat.enter(self.round - self.stage_start + 1)
        for move, seats in self._turns():
            made: list[tuple[Seat | OwnStep, Terms, Any]] = []
            for seat in seats:
                batch = self._batch(seat, move, shared, batches)
                # Noise in losses is also a function of the process; in steps it is the same everywhere. Players who
                # move at once draw the same noise: one forward pass, and a gradient for each.
                place = 0 if self.game.simultaneous else seat.place
                self._seed(place, move, 1 + self.fabric.global_rank)
                terms, gradients = seat.gradient(batch, self.round + 1)
                made.append((seat, terms, gradients))
            # Steps of one's own come first: gradients are taken by now, and nobody has descended yet.
            for seat, terms, gradients in sorted(made, key=lambda row: isinstance(row[0], Seat)):
                self._seed(seat.place, move, 0)
                terms |= seat.step(gradients)
                seat.after(terms)
                report |= {f"{seat.player.name}/{name}": term for name, term in terms.items()}
        self.round += 1
        seen = batch_size * (self.drawn - drawn)
        self.seen += seen
        if self._average:
            self._average.update(seen, self.seen)
        return report

    def _turns(self) -> Iterator[tuple[int, list[Seat | OwnStep]]]:
        """Who moves together: every player alone, or, in a simultaneous game, all who make a j-th move."""
        turn = self.round - self.stage_start
        counts = [(seat, seat.player.moves_in(turn)) for seat in self._seats]
        if self.game.simultaneous:
            for move in range(max(count for _, count in counts)):
                yield move, [seat for seat, count in counts if move < count]
        else:
            for seat, count in counts:
                yield from ((move, [seat]) for move in range(count))

    def _batch(self, seat: Seat | OwnStep, move: int, shared: list[Batch], batches: Iterator[Batch]) -> Batch:
        """The round's batch for a seat's move: its own if it wants a fresh one, else the one that all share."""
        if seat.player.fresh:
            return self._draw(batches)
        while len(shared) <= move:
            shared.append(self._draw(batches))
        return shared[move]

    def _draw(self, batches: Iterator[Batch]) -> Batch:
        self.drawn += 1
        return self._here(next(batches))

    def _here(self, batch: Batch) -> Batch:
        """The batch on the game's device, its floats in the game's type, its images in the game's layout."""
        device = self.fabric.device
        batch = {k: v.to(device, self._dtype if v.is_floating_point() else None) for k, v in batch.items()}
        return {k: _channels_last(v) for k, v in batch.items()} if self.channels_last else batch

    def _seed(self, *place: int) -> None:
        # After a rollback, other noise: the same would lead to the same end.
        seed = mix(self.seed, self.rollbacks) if self.rollbacks else self.seed
        set_seed(self.fabric.device, mix(seed, self.round, *place))

    def _accepted(self, data: Any, rounds: int) -> Any:
        if rounds < 1:
            raise ValueError(f"A run plays at least one round; got rounds={rounds}.")
        if not hasattr(data, "batches"):
            raise TypeError(f"A game is played on ganarium data, not on {type(data).__name__}; see ganarium.data.load.")
        data.spec.require(self.game.needs, type(self.game).__name__)
        if "index" in self.game.needs and data.spec["index"] != self.game.spec["index"]:
            built, given = self.game.spec["index"].classes, data.spec["index"].classes
            raise ValueError(f"{type(self.game).__name__} was built for data of {built} samples; got {given}.")
        return data.to(self.fabric.device) if hasattr(data, "to") else data

    def _check(self, rates: Mapping[str, float]) -> None:
        own = {*self.game.parameters(), *self.game.buffers()}
        players = [player for stage in self.stages for player in stage.players]
        names = sorted({player.name for player in players})
        for stranger in sorted(set(rates) - set(names)):
            raise ValueError(f"No player is called '{stranger}'; the players are {', '.join(names)}.")
        for name in sorted(set(rates) - {player.name for player in players if player.step is None}):
            raise ValueError(
                f"{type(self.game).__name__}'s player '{name}' takes steps of its own and has no learning rate; "
                f"got {rates[name]:g}."
            )
        for stage in self.stages:
            if len({player.name for player in stage.players}) < len(stage.players):
                twice = next(name for name in names if [player.name for player in stage.players].count(name) > 1)
                raise ValueError(f"Two players of stage '{stage.name}' are called '{twice}'. Call one otherwise.")
        for player in players:
            if any(each not in own for network in player.owns for each in (*network.parameters(), *network.buffers())):
                raise ValueError(
                    f"Player '{player.name}' owns a network that is not part of the game, so it would not be saved. "
                    "Set it as an attribute of the game."
                )

    def _enter_stages(self, data: Playable, batch_size: int, rounds: int) -> None:
        """Enter the stage of this round, and every stage before it that was not entered yet; set the clock."""
        ends = [end for _, end in self.timetable.bounds(rounds)]
        while self.stage < 0 or (self.round >= ends[self.stage] and self.stage + 1 < len(ends)):
            self.check()
            self.stage += 1
            self.stage_start = self.round
            self._begin(data, batch_size)
            self._take_seats()
        length = max(ends[self.stage] - self.stage_start, 1)
        self._progress = min((self.round - self.stage_start) / length, 1.0)
        self.game.progress.fill_(self._progress)

    def _begin(self, data: Playable, batch_size: int) -> None:
        begin = self.stages[self.stage].begin
        if begin is None:
            return
        before = {name: value.clone() for name, value in self.game.state_dict().items()}
        self._seed(-1, self.stage)
        begin(self._here(batch) for batch in data.sweep(min(batch_size, len(data))))
        self._share_weights()
        if self._average:
            self._average.reset(before)

    def _take_seats(self) -> None:
        self._thaw()
        players = self.stages[self.stage].players
        self._seats = [self._seat(player, place) for place, player in enumerate(players)]
        if self._average:
            self._average.follow(players)

    def _seat(self, player: Player, place: int) -> Seat | OwnStep:
        steps = self._steps[player.name]
        if player.step is not None:
            return OwnStep(player, place, self.game, self._frozen, self.fabric)
        return Seat(player, place, self.game, self._frozen, self.fabric, steps)

    def _thaw(self) -> None:
        for parameter in self._free:
            parameter.requires_grad = True

    @torch.no_grad()
    def _share_weights(self) -> None:
        """Process 0's parameters and buffers, everywhere."""
        if self.fabric.world_size > 1:
            for tensor in [*self.game.parameters(), *self.game.buffers()]:
                torch.distributed.broadcast(tensor.data, src=0)


_COUNTS = ("round", "seen", "drawn", "stage", "stage_start", "rollbacks")


def _channels_last(tensor: Tensor) -> Tensor:
    """Images and volumes, or weights of convolutions, with their channels last in memory; others as they are."""
    layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(tensor.ndim)
    return tensor if layout is None else tensor.contiguous(memory_format=layout)


def _fabric() -> Fabric:
    # Imported here: Fabric takes seconds to import, and most commands never train.
    from lightning_fabric import Fabric

    return Fabric(devices=1)
