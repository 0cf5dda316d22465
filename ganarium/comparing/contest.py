"""One contestant with one seed: an ordinary run, measured as it goes, and at its end in full."""

from __future__ import annotations

import itertools
import json
import math
import shutil
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ganarium.arguments.request import GAME, Request
from ganarium.jobs.team import Tell
from ganarium.running import checkpoint, evaluation
from ganarium.running.fitting import begun, taken_up
from ganarium.running.records import read_config
from ganarium.running.run import Run
from ganarium.running.session import Session
from ganarium.running.settings import fabric
from ganarium.terminal.progress import silent

__all__ = ["JUDGED", "facts", "judged", "paces", "play", "sitting"]

#: Where a run keeps what the comparison measured of it.
JUDGED = "judged.json"

#: In a trial of speed: turns that only warm up, turns that count, and the seconds of one.
_WARM, _TURNS, _TURN = 3, 7, 0.25


def paces(words: list[list[str]], minutes: float, tell: Tell) -> list[int]:
    """How many samples each of several runs sees in so many minutes here.

    The runs take turns, a few rounds each, so that all meet the same noise of the machine; medians decide.

    Args:
        words: For each run, what ``ganarium train`` would be given.
        minutes: Each run's.
        tell: Is told of the progress.

    Raises:
        ValueError: if a run meets numbers that are not finite so soon.
    """
    with silent():
        players = [_Trial(each) for each in words]
        rounds = [1] * len(players)
        costs: list[list[float]] = [[] for _ in players]
        # The first turns warm up, and find how many rounds make a turn.
        for turn in range(_WARM + _TURNS):
            for i, player in enumerate(players):
                before = player.seen
                try:
                    seconds = player.play(rounds[i])
                except FloatingPointError as error:
                    raise ValueError(f"{words[i][0]}, contestant {i + 1}, fails at once: {error}") from error
                rounds[i] = min(max(1, round(rounds[i] * _TURN / seconds)), 10 * rounds[i])
                if turn >= _WARM:
                    costs[i].append(seconds / (player.seen - before))
                tell(turn * len(players) + i + 1, (_WARM + _TURNS) * len(players), "")
    return [max(round(60 * minutes / statistics.median(each)), 1) for each in costs]


class _Trial:
    """A run of no end, played for its speed.

    Args:
        words: What ``ganarium train`` would be given.
    """

    def __init__(self, words: list[str]):
        request = Request(words, "train", GAME)
        data = request.data()
        settings = request.settings(data)
        if settings.threads:
            torch.set_num_threads(settings.threads)
        self.trainer = settings.trainer(request.game(data), fabric(settings))
        self.reports = self.trainer.play(data, settings.batch_size, 10**9)

    @property
    def seen(self) -> int:
        """The samples drawn so far."""
        return self.trainer.seen

    def play(self, rounds: int) -> float:
        """The seconds of so many rounds."""
        start = time.perf_counter()
        for report in itertools.islice(self.reports, rounds):
            last = report
        _ = last.scalars  # waits for the device
        return time.perf_counter() - start


def play(words: list[str], path: str, count: int, metrics: list[str], tell: Tell) -> dict[str, Any]:
    """Play a run, or go on with it, and measure it; at once if both was done before.

    Args:
        words: What ``ganarium train`` would be given.
        path: The run's folder.
        count: How many samples are judged.
        metrics: Which metrics; those that are measured unasked, if none is named.
        tell: Is told of the progress.

    Returns:
        The run's facts and numbers, as JSON holds them.
    """
    folder = Path(path)
    with silent():
        session = sitting(words, folder)
        if session is not None:
            total = session.trainer.timetable.seen_in(session.rounds, session.settings.batch_size)
            for report in session.reports(None):
                quality = "  ".join(f"{name} {value:.3g}" for name, value in session.newest.items())
                tell(report.seen, total, quality)
        run = Run(folder)
        found = judged(run, count, metrics)
    return {"numbers": [number.plain() for number in found.numbers], **facts(run)}


def facts(run: Run) -> dict[str, Any]:
    """What a run took, and its quality on the way: ``rounds``, ``seen``, ``seconds``, ``parameters``, ``curve``."""
    return {
        "rounds": run.config["settings"]["rounds"],
        "seen": run.log[-1]["seen"],
        "seconds": run.log[-1]["seconds"],
        "parameters": sum(parameter.numel() for parameter in run.game.parameters()),
        "curve": [
            {"seen": row["seen"], "seconds": row["seconds"], **_finite(row["metrics"])}
            for row in run.log
            if "metrics" in row
        ],
    }


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def judged(run: Run, count: int, names: Sequence[str] = ()) -> evaluation.Evaluation:
    """The numbers of a run's end; kept apart from evaluations that anybody else may have made of it since."""
    file = run.path / JUDGED
    if file.exists():
        found = evaluation.Evaluation.read(json.loads(file.read_text(encoding="utf-8")))
        if found.facts["round"] == run.config["settings"]["rounds"]:
            return found
    # As many samples as the reference has: coverage would fall short with fewer.
    count = min(count, run.config["ran_with"]["samples"] // 2)
    found = evaluation.evaluate(run, count=count, reference=count, metrics=list(names) or None)
    checkpoint.write_text(file, json.dumps(found.plain(), indent=1) + "\n")
    return found


def sitting(words: list[str], folder: Path) -> Session | None:
    """The next sitting of a run; None if it was played to its end."""
    saved = checkpoint.rounds(folder / "checkpoints")
    if not saved:
        # Nothing was kept, so nothing is lost.
        shutil.rmtree(folder, ignore_errors=True)
        request = Request(words, "train", GAME)
        data = request.data()
        return begun(request.game(data), data, request.settings(data), folder, quiet=True)
    if saved[-1] >= read_config(folder)["settings"]["rounds"]:
        return None
    return taken_up(folder, quiet=True)
