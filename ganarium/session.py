"""One sitting of a run: plays it, and writes down what happens."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch

from ganarium import checkpoint, pictures
from ganarium.console import Console, duration
from ganarium.gallery import SEEN, gallery, seen
from ganarium.settings import Settings
from ganarium.signals import Interrupted, Stop
from ganarium.trainer import Report, Trainer

__all__ = ["Session"]


class Session:
    """One sitting of a run: plays it, and writes down what happens."""

    def __init__(self, path: Path, trainer: Trainer, data: Any, settings: Settings, quiet: bool, seconds: float = 0.0):
        self.path, self.trainer, self.data, self.settings = path, trainer, data, settings
        self.rounds = settings.rounds or 1
        self.writes = trainer.fabric.is_global_zero
        self.console = Console(self.rounds, trainer.round, quiet or not self.writes)
        self.before, self.begun = seconds, time.perf_counter()
        self.log_every = max(1, self.rounds // 500)
        self.save_every = settings.save_every or max(1, self.rounds // 10)

    @property
    def seconds(self) -> float:
        return self.before + time.perf_counter() - self.begun

    def play(self, stop_after: int | None) -> None:
        """Play to the run's end, or for ``stop_after`` rounds.

        Raises:
            Interrupted: after a signal, once the round is finished and saved.
        """
        if self.settings.threads:
            torch.set_num_threads(self.settings.threads)
        trainer, asked = self.trainer, 0
        end = min(self.rounds, trainer.round + stop_after) if stop_after else self.rounds
        if trainer.round == 0:
            self._show_data()
            self.picture()
            self.save()
        else:
            self._cut_log()
        with Stop() as stop, self.console:
            for report in trainer.play(self.data, self.settings.batch_size, self.rounds):
                asked = self._anyone(stop.asked)
                self._note(report, last=report.round == end or asked > 0)
                if report.round == end or asked:
                    break
        self.console.say(f"{self._ending()} {duration(self.seconds)}. Pictures: {self.path / 'pictures'}")
        if asked:
            raise Interrupted(asked, self.path)

    def _anyone(self, asked: int | None) -> int:
        """The signal that some process was stopped by; 0: none. They stop in the same round, or they would wait."""
        fabric = self.trainer.fabric
        if fabric.world_size == 1:
            return asked or 0
        return int(fabric.all_reduce(torch.tensor(asked or 0, device=fabric.device), reduce_op="max"))  # type: ignore[arg-type]

    def _ending(self) -> str:
        if self.trainer.round >= self.rounds:
            return f"Played {self.rounds:,} rounds in"
        return f"Stopped and saved after round {self.trainer.round:,} of {self.rounds:,} (resume {self.path}),"

    def _note(self, report: Report, last: bool) -> None:
        # What is written is a function of the round alone, so that an interrupted run's log equals one that never was.
        logged = report.round % self.log_every == 0 or report.round == self.rounds
        if logged:
            self._log(report)
        # All processes read terms together, and so only where all do.
        alone = self.trainer.fabric.world_size == 1
        if last or (self.console.due() if alone else logged):
            self.console.show(report.round, report.seen, report.seen / report.round, report.scalars)
        if _pictured(report.round, self.rounds) or report.round == self.rounds:
            self.picture()
        if last or report.round % self.save_every == 0:
            self.save()

    def _log(self, report: Report) -> None:
        terms = {name: float(f"{value:.6g}") for name, value in report.scalars.items()}
        row = {"round": report.round, "seen": report.seen, "stage": report.stage, "seconds": round(self.seconds, 3)}
        if self.writes:
            with (self.path / "log.jsonl").open("a") as file:
                file.write(json.dumps({**row, "terms": terms}) + "\n")

    def _cut_log(self) -> None:
        """Forget what was logged after the checkpoint: it is about to be played again."""
        path = self.path / "log.jsonl"
        if self.writes and path.exists():
            lines = path.read_text().splitlines(keepends=True)
            kept = [line for line in lines if line.endswith("\n") and json.loads(line)["round"] <= self.trainer.round]
            checkpoint.write_text(path, "".join(kept))

    def picture(self) -> None:
        """Draw the same latents as before."""
        if self.writes and (image := gallery(self.trainer.average, self.data)) is not None:
            pictures.save(image, self.path / "pictures" / f"{self.trainer.round:07d}.png")

    def _show_data(self) -> None:
        """Draw what the discriminator is about to see of a user's own images."""
        if self.writes and hasattr(self.data, "scan"):
            size, seed = self.settings.batch_size, self.settings.seed
            if (image := seen(self.data, self.trainer.game, batch_size=size, seed=seed)) is not None:
                pictures.save(image, self.path / SEEN)

    def save(self) -> None:
        """Write a checkpoint."""
        state = self.trainer.state_dict()
        if self.writes:
            checkpoint.save(self.path / "checkpoints", state, self.settings.keep, seconds=self.seconds)


def _pictured(round: int, rounds: int) -> bool:
    """At doubling intervals: the first of them a 256th of the run."""
    first = max(1, rounds // 256)
    return round % first == 0 and (round // first).bit_count() == 1
