"""One sitting of a run: plays it, writes down what happens, and mends what can be mended."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import yaml

from ganarium import pictures
from ganarium.engine.trainer import Report, Trainer
from ganarium.files import read_lines
from ganarium.running import checkpoint
from ganarium.running.best import Best
from ganarium.running.gallery import SEEN, gallery, seen
from ganarium.running.memory import OutOfMemory, advice, asked_for, is_shortage
from ganarium.running.settings import Settings
from ganarium.terminal.console import Console, duration
from ganarium.terminal.progress import silent
from ganarium.terminal.signals import Interrupted, Stop

if TYPE_CHECKING:
    from ganarium.metrics.watch import Watch

__all__ = ["ROLLBACKS", "Session"]

#: How often a run may be rolled back.
ROLLBACKS = 3


class Session:
    """One sitting of a run: plays it, writes down what happens, and mends what can be mended."""

    def __init__(
        self,
        path: Path,
        trainer: Trainer,
        data: Any,
        settings: Settings,
        quiet: bool,
        seconds: float = 0.0,
        named: str | int = "latest",
    ):
        self.path, self.trainer, self.data, self.settings = path, trainer, data, settings
        self.rounds = settings.rounds or 1
        self.writes = trainer.fabric.is_global_zero
        self.console = Console(self.rounds, trainer.round, quiet or not self.writes)
        self.before, self.begun = seconds, time.perf_counter()
        self.log_every = max(1, self.rounds // 500)
        self.save_every = settings.save_every or max(1, self.rounds // 10)
        self._saved, self._named = -1, named
        #: The newest metrics.
        self.newest: dict[str, float] = {}
        players = {player.name for stage in trainer.stages for player in stage.players}
        self.best = Best(settings.best, players)
        self.watch = self._watching()

    def _watching(self) -> Watch | None:
        """What measures quality, if that is asked for; all that can be wrong with it is found now."""
        if not (self.settings.evaluate_every or self.best.metric) or not self.writes:
            return None
        from ganarium.metrics.watch import Watch

        with silent(self.console.quiet):
            watch = Watch(self.trainer.game, self.data, self.settings.evaluate_count)
        if self.best.metric:
            self.best.follow(*watch.find(self.best.name))
        return watch

    @property
    def seconds(self) -> float:
        return self.before + time.perf_counter() - self.begun

    def play(self, stop_after: int | None) -> None:
        """Play to the run's end, or for ``stop_after`` rounds.

        Raises:
            Interrupted: after a signal, once the round is finished and saved.
            FloatingPointError: if a term or a gradient is not finite, and it is not to be mended.
            OutOfMemory: if memory runs out, and it is not to be mended.
            OSError: if the disk is full or fails; what was saved before is as it was.
        """
        for _ in self.reports(stop_after):
            pass

    def reports(self, stop_after: int | None) -> Iterator[Report]:
        """The same, round by round. Whoever breaks off, by an error or not, leaves the run saved."""
        if self.settings.threads:
            torch.set_num_threads(self.settings.threads)
        trainer = self.trainer
        end = min(self.rounds, trainer.round + stop_after) if stop_after else self.rounds
        with self._alone(), Stop() as stop, self.console:
            self._clear()
            if trainer.round == 0:
                self._show_data()
                self.picture()
                self.save()
            elif self._named != "latest" and self.writes:
                checkpoint.point_at(self.path / "checkpoints", trainer.round)
            self._saved = trainer.round
            try:
                asked = yield from self._reports(end, stop)
            except ValueError:
                # What cannot be played leaves nothing behind that is in the way of what can.
                if trainer.round == 0 and not self.before and self.writes:
                    shutil.rmtree(self.path, ignore_errors=True)
                raise
        self.console.say(f"{self._ending()} {duration(self.seconds)}. Pictures: {self.path / 'pictures'}")
        if asked:
            raise Interrupted(asked, self.path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let nobody else play this run meanwhile; the system lets go when a process dies.

        Raises:
            ValueError: if another process plays it.
        """
        if not self.writes:
            yield
            return
        with (self.path / "checkpoints" / ".lock").open("ab") as file:
            try:
                import fcntl

                # Not flock, which workers that outlive a killed process would hold on to.
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):
                raise ValueError(f"{self.path} is being played by another process. Stop it first, or wait.") from None
            except (ImportError, OSError):  # Windows, and some network disks
                pass
            yield

    def _reports(self, end: int, stop: Stop) -> Iterator[Report]:
        """Rounds up to ``end``, mended where that is asked for; returns the signal that stopped it, or 0."""
        while True:
            try:
                return (yield from self._unmended(end, stop))
            except FloatingPointError as error:
                mend = self._roll_back(error)
            except (RuntimeError, MemoryError) as error:
                if not is_shortage(error):
                    raise
                mend = self._adapt(error)
            # The error is gone here, and with it what its traceback held on the device.
            mend()

    def _unmended(self, end: int, stop: Stop) -> Iterator[Report]:
        seen = self.trainer.seen
        for report in self.trainer.play(self.data, self.settings.batch_size, self.rounds):
            asked = self._anyone(stop.asked)
            metrics = self._measured(report, seen)
            seen = report.seen
            self._note(report, metrics, last=report.round == end or asked > 0)
            try:
                yield report
            except GeneratorExit:
                if self.trainer.fabric.world_size == 1 and self._saved != report.round:
                    self.save()
                raise
            if report.round == end or asked:
                return asked
        return 0

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

    # -- what is written ----------------------------------------------------------------------------------------

    def _measured(self, report: Report, before: int) -> dict[str, float]:
        """Metrics of this round's average, if it is their turn: a function of where the run is."""
        if self.watch is None:
            return {}
        every = self.settings.evaluate_every
        due = report.seen // every > before // every if every else report.round % self.save_every == 0
        if not due and report.round != self.rounds:
            return {}
        begun = time.perf_counter()
        with silent():
            metrics = self.watch.measure(self.trainer.average)
        # The run's clock is of playing.
        self.begun += time.perf_counter() - begun
        return metrics

    def _note(self, report: Report, metrics: dict[str, float], last: bool) -> None:
        # What is written is a function of the round alone, so that an interrupted run's log equals one that never was.
        logged = report.round % self.log_every == 0 or report.round == self.rounds
        if logged or metrics:
            self._log(report, metrics)
        # All processes read terms together, and so only where all do.
        alone = self.trainer.fabric.world_size == 1
        if last or (self.console.due() if alone else logged):
            self.newest |= metrics
            scalars = {**report.scalars, **self.newest}
            self.console.show(report.round, report.seen, report.seen / report.round, scalars)
        if _pictured(report.round, self.rounds) or report.round == self.rounds:
            self.picture()
        if last or report.round % self.save_every == 0:
            self.save()

    def _log(self, report: Report, metrics: dict[str, float]) -> None:
        terms = {name: float(f"{value:.6g}") for name, value in report.scalars.items()}
        row = {"round": report.round, "seen": report.seen, "stage": report.stage, "seconds": round(self.seconds, 3)}
        self.best.check(terms)
        self._append("log.jsonl", {**row, "terms": terms} | ({"metrics": metrics} if metrics else {}))

    def _append(self, file: str, row: dict[str, Any]) -> None:
        if self.writes:
            with self._writing(), (self.path / file).open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row) + "\n")

    def _clear(self) -> None:
        """Forget what a killed sitting left: lines of rounds that are about to be played again, and half a picture."""
        self._cut("log.jsonl")
        self._cut("events.jsonl")
        for half in (self.path / "pictures").glob(".*.tmp") if self.writes else ():
            half.unlink(missing_ok=True)

    def _cut(self, file: str) -> None:
        """Forget what was written after the checkpoint: it is about to be played again."""
        path = self.path / file
        if self.writes and path.exists():
            with self._writing():
                kept = [json.dumps(row) + "\n" for row in read_lines(path) if row["round"] <= self.trainer.round]
                checkpoint.write_text(path, "".join(kept))

    def picture(self) -> None:
        """Draw the same latents as before."""
        if self.writes and (image := gallery(self.trainer.average, self.data)) is not None:
            with self._writing():
                pictures.save(image, self.path / "pictures" / f"{self.trainer.round:07d}.png")

    def _show_data(self) -> None:
        """Draw what the discriminator is about to see of a user's own images."""
        if self.writes and hasattr(self.data, "scan"):
            size, seed = self.settings.batch_size, self.settings.seed
            if (image := seen(self.data, self.trainer.game, batch_size=size, seed=seed)) is not None:
                with self._writing():
                    pictures.save(image, self.path / SEEN)

    def save(self) -> None:
        """Write a checkpoint, and mark it if it is the best so far."""
        state, settings = self.trainer.state_dict(), self.settings
        if self.writes:
            each = self.save_every * (settings.keep_every or 0)
            with self._writing():
                checkpoint.save(
                    self.path / "checkpoints",
                    state,
                    settings.keep,
                    self.seconds,
                    forever=lambda round: bool(each) and round % each == 0,
                )
                self._mark()
        self._saved = self.trainer.round

    def _mark(self) -> None:
        """Mark the checkpoint as best if its scalar, in the mean over the time since the one before, is."""
        now = self.trainer.round
        if not self.best.name or now == 0 or (now % self.save_every and now != self.rounds):
            return
        since, folder = (now - 1) // self.save_every * self.save_every, self.path / "checkpoints"
        value = self.best.mean(row for row in read_lines(self.path / "log.jsonl") if row["round"] > since)
        marked = checkpoint.best(folder)
        if value is not None and (marked is None or marked[0] > now or self.best.beats(value, marked[1])):
            checkpoint.mark_best(folder, now, value, self.best.name)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say what is safe when the disk is not."""
        try:
            yield
        except OSError as error:
            saved = checkpoint.rounds(self.path / "checkpoints")
            safe = f"Its last checkpoint is of round {saved[-1]:,}" if saved else "It has no checkpoint yet"
            raise OSError(
                f"The run in {self.path} cannot be written: {error.strerror or error}. {safe}; nothing written before "
                f"is lost.\nMake room, then `ganarium resume {self.path}`."
            ) from error

    # -- what is mended -----------------------------------------------------------------------------------------

    def _roll_back(self, error: FloatingPointError) -> Callable[[], None]:
        """Go back to the newest checkpoint, for other noise and lower rates, at most three times."""
        done = self.trainer.rollbacks
        if self.settings.bad_numbers == "stop" or done >= ROLLBACKS:
            again = f" The run was rolled back {done} times before." if done else ""
            raise FloatingPointError(f"{error}{again}") from error
        met, story = self.trainer.round + 1, str(error).split(" The weights")[0]

        def mend() -> None:
            self._return()
            self.trainer.rollbacks = done + 1
            self._event(
                met,
                f"{story} Rolled back to round {self.trainer.round:,}; rates are multiplied by {0.5 ** (done + 1):g}, "
                "and the noise is another.",
            )

        return mend

    def _adapt(self, error: BaseException) -> Callable[[], None]:
        """Go back to the newest checkpoint, with half as many samples at once."""
        settings, fabric = self.settings, self.trainer.fabric
        parts = 2 * settings.accumulate
        if not settings.adapt or parts * fabric.world_size > settings.batch_size:
            raise OutOfMemory(advice(error, str(fabric.device), settings.batch_size, settings.accumulate)) from error
        met, asked = self.trainer.round + 1, asked_for(error) or " more"

        def mend() -> None:
            self.settings = settings.changed(accumulate=parts)
            self.trainer.accumulate(parts)
            self._return()
            self._reconfigure(accumulate=parts)
            # Noted at the checkpoint's round: the config keeps the parts, so that it will not be met again.
            self._event(
                self.trainer.round,
                f"Round {met}: memory was full (the run wanted{asked}). Goes on from round {self.trainer.round:,} with "
                f"batches of {settings.batch_size} in {parts} parts; losses that couple the samples of a batch see the "
                "parts.",
            )

        return mend

    def _return(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.trainer.load_state_dict(checkpoint.load_newest(self.path / "checkpoints"))
        self._saved = self.trainer.round
        self._cut("log.jsonl")

    def _reconfigure(self, **changes: Any) -> None:
        """Write changed settings into the run's config, so that a resume plays on with them."""
        if self.writes:
            config = yaml.safe_load((self.path / "config.yaml").read_text(encoding="utf-8"))
            config["settings"] |= changes
            checkpoint.write_text(self.path / "config.yaml", yaml.safe_dump(config, sort_keys=False))

    def _event(self, round: int, text: str) -> None:
        """Tell the person, and write it down for `show`."""
        self.console.say(text)
        self._append("events.jsonl", {"round": round, "event": text})


def _pictured(round: int, rounds: int) -> bool:
    """At doubling intervals: the first of them a 256th of the run."""
    first = max(1, rounds // 256)
    return round % first == 0 and (round // first).bit_count() == 1
