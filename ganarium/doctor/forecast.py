"""What a run will take: memory and time, from a short trial on a copy of the game."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ganarium.game import Game
from ganarium.running.memory import footprint
from ganarium.running.settings import Settings, asked_rounds, fabric, filling, trial
from ganarium.terminal.console import duration, memory

__all__ = ["Forecast", "forecast"]


@dataclass(frozen=True)
class Forecast:
    """What a run will take.

    Args:
        device: Where it was tried.
        rounds: The run's rounds.
        seen: The samples that it draws.
        epochs: How often it sees each sample.
        per_thousand: Seconds for a thousand samples.
        seconds: Seconds of the run, without its pictures and checkpoints.
        learning: Bytes of networks, average, gradients and optimisers.
        batches: Bytes of two batches.
        peak: The most bytes that this process held in the trial, or that the GPU gave it; 0 where nobody says.
        trial: How many of them it did not hold before.
    """

    device: str
    rounds: int
    seen: int
    epochs: float
    per_thousand: float
    seconds: float
    learning: int
    batches: int
    peak: int
    trial: int

    def lines(self) -> dict[str, str]:
        """It in words, by what it is about."""
        held = f"about {memory(self.learning)} for networks, average, gradients and optimisers"
        tried = f"measured: {memory(self.peak)} at most, {memory(self.trial)} of them for the trial"
        return {
            "memory": f"{held}; {memory(self.batches)} for two batches" + (f"; {tried}" if self.peak else ""),
            "speed": f"{self.per_thousand:.3g} s for a thousand samples on {self.device}",
            "length": f"{self.rounds:,} rounds, {self.seen:,} samples, each one {self.epochs:,.3g} times",
            "time": f"{duration(self.seconds)} ({self.seconds / 3600:.2f} hours), pictures and checkpoints not counted",
        }

    def plain(self) -> dict[str, Any]:
        """It as plain values."""
        return {**asdict(self), "hours": self.seconds / 3600}


def forecast(game: Game, data: Any, settings: Settings) -> Forecast:
    """What a run will take, measured in one process in a few seconds; the game stays as it is.

    Args:
        game: The game.
        data: What it plays on.
        settings: How it is to be played.

    Raises:
        ValueError: if the run could not start.
    """
    alone = settings.changed(devices=1, num_nodes=1, strategy="auto")
    trainer = alone.trainer(game.double() if settings.precision == "64" else game, fabric(alone))
    device = trainer.fabric.device
    before = _held(device, reset=True)
    per_round, spent = trial(trainer, data, alone)
    peak = _held(device)
    rounds = asked_rounds(trainer, data, alone) or filling(alone, per_round, spent)
    seen = trainer.timetable.seen_in(rounds, alone.batch_size)
    batch = next(itertools.islice(data.batches(alone.batch_size), 1))
    return Forecast(
        device=str(device),
        rounds=rounds,
        seen=seen,
        epochs=seen / len(data),
        per_thousand=1000 * per_round * rounds / max(seen, 1),
        seconds=per_round * rounds,
        learning=footprint(game, settings),
        batches=2 * sum(value.nbytes for value in batch.values()),
        peak=peak,
        trial=max(peak - before, 0),
    )


def _held(device: torch.device, reset: bool = False) -> int:
    """The most bytes that a device or, on a CPU, this process ever held; after a reset, those that it holds now."""
    if device.type == "cuda":
        if reset:
            torch.cuda.reset_peak_memory_stats(device)
        return torch.cuda.max_memory_allocated(device)
    with suppress(OSError, KeyError, ValueError):
        if reset:
            with suppress(OSError):  # some containers do not allow it: then what loading the data took counts too
                Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
        rows = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
        return 1024 * int(rows["VmRSS" if reset else "VmHWM"].split()[0])
    return 0
