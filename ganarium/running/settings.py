"""How a run is played: its length, its batches, its device."""

from __future__ import annotations

import copy
import logging
import math
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import torch

from ganarium.engine.trainer import Trainer
from ganarium.game import Game
from ganarium.ingredients import Cosine, Linear, Schedule
from ganarium.terminal.console import Console, duration
from ganarium.zoo import index

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Settings", "asked_rounds", "fabric", "filling", "length", "trial"]

#: Seconds, about, of the trial that says how long a round takes.
TRIAL = 3.0


@dataclass(frozen=True)
class Settings:
    """How a run is played.

    Args:
        rounds: The run's length in rounds. Give one of rounds, seen, epochs and minutes; else it takes a minute.
        seen: Its length in samples drawn.
        epochs: Its length in passes through the data.
        minutes: Its length in minutes; a short trial turns it into rounds before the run starts.
        batch_size: Samples in a batch.
        seed: What the first weights, the order of the data and all noise follow from.
        average: The half-life of the averaged networks, in samples seen; 0 keeps no average.
        lr: Learning rates that replace the game's, by player.
        decay: How all learning rates fall to zero over each stage.
        clip: The largest norm of a player's gradient.
        accumulate: How many parts a batch is split into, to save memory.
        device: Where to play: auto, cpu, cuda, cuda:1, mps.
        devices: Processes on this machine, each with a device and its part of every batch. Under torchrun, which
            starts the processes itself, it is found out.
        num_nodes: Machines, each with so many processes.
        strategy: How Lightning Fabric runs several processes: auto (which is ddp), ddp, ddp_spawn, ddp_notebook.
        precision: Of arithmetic: 32 bits, 16 where it is safe (bf16-mixed), or 64.
        threads: CPU threads; left to PyTorch if not given.
        channels_last: Lay images out in memory with their channels last.
        compile: Compile each player's loss: minutes at the start, faster rounds after.
        tune: Choose threads, channels_last and compile by a short measured trial, and say why.
        save_every: Rounds between checkpoints; a tenth of the run if not given.
        keep: How many of the newest checkpoints to keep.
        keep_every: Keep every n-th of the regular checkpoints for good.
        best: A scalar to watch, as it is logged (generator/fake), or a metric (frechet); the checkpoint with the lowest
            is kept and marked as best. "max:discriminator/accuracy" watches for the highest; a metric knows its way.
        evaluate_every: Measure quality each time so many samples were seen; whenever a checkpoint is saved if best is a
            metric, and never if left out.
        evaluate_count: By how many samples, against as many of the data; half of the data at most.
        bad_numbers: What to do when a term or a gradient is not finite: stop, or rollback to the newest checkpoint and
            go on with other noise and half the rates, at most three times.
        adapt: When memory is full, go on with half of the batch at once and twice the accumulation.
    """

    rounds: int | None = None
    seen: int | None = None
    epochs: float | None = None
    minutes: float | None = None
    batch_size: int = 64
    seed: int = 0
    average: float = 10_000
    lr: Mapping[str, float] = field(default_factory=dict)
    decay: Literal["none", "linear", "cosine"] = "none"
    clip: float | None = None
    accumulate: int = 1
    device: str = "auto"
    devices: int = 1
    num_nodes: int = 1
    strategy: str = "auto"
    precision: Literal["32", "bf16-mixed", "64"] = "32"
    threads: int | None = None
    channels_last: bool = False
    compile: bool = False
    tune: bool = False
    save_every: int | None = None
    keep: int = 2
    keep_every: int | None = None
    best: str = ""
    evaluate_every: int | None = None
    evaluate_count: int = 2000
    bad_numbers: Literal["stop", "rollback"] = "stop"
    adapt: bool = False

    def __post_init__(self) -> None:
        lengths = [name for name in ("rounds", "seen", "epochs", "minutes") if getattr(self, name) is not None]
        if len(lengths) > 1:
            raise ValueError(f"A run has one length; got {' and '.join(lengths)}. Keep one of them.")
        counts = ("accumulate", "keep", "keep_every", "threads", "save_every", "devices", "num_nodes")
        counts += ("evaluate_every", "evaluate_count")
        for name in ("rounds", "seen", *counts):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"{name} must be at least 1; got {value}.")
        for name in ("epochs", "minutes", "clip"):
            if (value := getattr(self, name)) is not None and not (value > 0 and math.isfinite(value)):
                raise ValueError(f"{name} must be a number above zero; got {value}.")
        if self.average < 0 or self.seed < 0:
            raise ValueError(f"average and seed are not negative; got average={self.average}, seed={self.seed}.")
        for player, rate in self.lr.items():
            if not rate > 0:
                raise ValueError(f"A learning rate is positive; got {rate} for '{player}'.")
        if self.bad_numbers not in ("stop", "rollback"):
            raise ValueError(f"bad_numbers is stop or rollback; got {self.bad_numbers!r}.")
        if self.decay not in ("none", "linear", "cosine"):
            raise ValueError(f"decay is none, linear or cosine; got {self.decay!r}.")

    @property
    def seconds(self) -> float:
        """The seconds of a run whose length is given in minutes, or not at all."""
        return 60 * (1.0 if self.minutes is None else self.minutes)

    @property
    def factor(self) -> Schedule | None:
        """The decay as a schedule."""
        return {"none": None, "linear": Linear(1.0, 0.0), "cosine": Cosine(1.0, 0.0)}[self.decay]

    def trainer(self, game: Game, fabric: Fabric) -> Trainer:
        """A trainer that plays so."""
        return Trainer(
            game,
            fabric,
            self.seed,
            average=self.average,
            rates=self.lr,
            decay=self.factor,
            clip=self.clip,
            accumulate=self.accumulate,
            channels_last=self.channels_last,
            compile=self.compile,
        )

    def changed(self, **changes: Any) -> Settings:
        """These settings with some changed.

        Raises:
            ValueError: if there is no such setting, with the nearest names.
        """
        known = asdict(self)
        for name in changes:
            if name not in known:
                raise ValueError(f"There is no setting '{name}'. {index.nearest(name, known)}")
        return Settings(**{**known, **changes})


def fabric(settings: Settings) -> Fabric:
    """Lightning Fabric on the devices and in the precision of these settings, its processes started.

    Raises:
        ValueError: if a device is not there.
    """
    name, _, number = settings.device.partition(":")
    available = {"auto": True, "cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name not in available:
        raise ValueError(f"There is no device '{settings.device}'. {index.nearest(name, available)}")
    count = torch.cuda.device_count() if name == "cuda" else 1
    if not available[name] or (number and (not number.isdigit() or int(number) >= count)):
        here = ", ".join(key for key, is_here in available.items() if is_here and key != "auto")
        raise ValueError(f"The device '{settings.device}' is not on this machine, which has {here}. Try --device cpu.")
    from lightning_fabric import Fabric  # it takes seconds to import

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    devices, nodes = _processes(settings)
    if number and devices * nodes > 1:
        raise ValueError(f"{devices * nodes} processes do not fit on one device; got device={settings.device}.")
    precision: Any = {"32": "32-true", "64": "64-true"}.get(settings.precision, settings.precision)
    made = Fabric(
        accelerator=name,
        devices=[int(number)] if number else devices,
        num_nodes=nodes,
        strategy="ddp" if settings.strategy == "auto" and devices * nodes > 1 else settings.strategy,
        precision=precision,
    )
    made.launch()
    return made


def _processes(settings: Settings) -> tuple[int, int]:
    """Processes on each machine, and machines: torchrun's word, if it started this process."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return settings.devices, settings.num_nodes
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    return here, int(os.environ["WORLD_SIZE"]) // here


def length(trainer: Trainer, data: Any, settings: Settings, console: Console) -> int:
    """A run's length in rounds, whatever it was given in."""
    rounds = asked_rounds(trainer, data, settings)
    if rounds is not None:
        return rounds
    per_round, spent = trial(trainer, data, settings)
    rounds = filling(settings, per_round, spent)
    seconds = duration(settings.seconds)
    console.say(f"  length       {rounds:,} rounds fill {seconds} here, at {per_round * 1000:.3g} ms each")
    return rounds


def asked_rounds(trainer: Trainer, data: Any, settings: Settings) -> int | None:
    """A run's length in rounds; None if it is given in minutes."""
    size = settings.batch_size
    if settings.rounds is not None:
        return settings.rounds
    if settings.seen is not None:
        return trainer.timetable.rounds_in(settings.seen, size)
    if settings.epochs is not None:
        return trainer.timetable.rounds_in(round(settings.epochs * len(data)), size)
    return None


def filling(settings: Settings, per_round: float, spent: float) -> int:
    """How many rounds of so many seconds fill the run's minutes, of which some were spent before."""
    return max(round((settings.seconds - spent) * 0.97 / per_round), 1)


def trial(trainer: Trainer, data: Any, settings: Settings) -> tuple[float, float]:
    """Seconds for a round, measured on a copy of the game through all its stages; and the seconds this took."""
    target = min(TRIAL, settings.seconds / 20)
    begun, rounds = time.perf_counter(), len(trainer.stages)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    while True:
        twin = settings.trainer(copy.deepcopy(trainer.game), trainer.fabric)
        start = time.perf_counter()
        for _ in twin.play(data, settings.batch_size, rounds):
            pass
        # One clock for all processes, or they would go separate ways.
        elapsed = trainer.fabric.broadcast(time.perf_counter() - start)
        if elapsed >= target / 2:
            return elapsed / rounds, trainer.fabric.broadcast(time.perf_counter() - begun)
        rounds = math.ceil(rounds * min(max(target / elapsed, 2), 20))
