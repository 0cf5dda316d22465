"""One contestant with one seed: an ordinary run, measured as it goes, and at its end in full."""

from __future__ import annotations

import json
import shutil
import statistics
from pathlib import Path
from typing import Any

from ganarium import checkpoint, metrics
from ganarium.data.progress import silent
from ganarium.fitting import begun, taken_up
from ganarium.forecast import forecast
from ganarium.records import read_config
from ganarium.request import GAME, Request
from ganarium.run import Run
from ganarium.session import Session
from ganarium.side_by_side import Tell

__all__ = ["JUDGED", "judged", "pace", "play", "sitting"]

#: Where a run keeps what the comparison measured of it.
JUDGED = "judged.json"


def pace(words: list[str], minutes: float, tell: Tell) -> int:
    """How many samples a run sees in so many minutes here: the median of three trials.

    Args:
        words: What ``ganarium train`` would be given.
        minutes: The run's.
        tell: Is told of the progress.
    """
    request = Request(words, "train", GAME)
    with silent():
        data = request.data()
        settings = request.settings(data).changed(seen=None, minutes=minutes)
        found = []
        for i in range(3):
            tell(i, 3, "")
            found.append(forecast(request.game(data), data, settings).per_thousand)
    return max(round(60_000 * minutes / statistics.median(found)), settings.batch_size)


def play(words: list[str], path: str, count: int, tell: Tell) -> dict[str, Any]:
    """Play a run, or go on with it, and measure it; at once if both was done before.

    Args:
        words: What ``ganarium train`` would be given.
        path: The run's folder.
        count: How many samples are judged.
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
        found = judged(run, count)
    return {
        "numbers": [number.plain() for number in found.numbers],
        "rounds": run.config["settings"]["rounds"],
        "seen": run.log[-1]["seen"],
        "seconds": run.log[-1]["seconds"],
        "parameters": sum(parameter.numel() for parameter in run.game.parameters()),
        "curve": [
            {"seen": row["seen"], "seconds": row["seconds"], **row["metrics"]} for row in run.log if "metrics" in row
        ],
    }


def judged(run: Run, count: int) -> metrics.Evaluation:
    """The numbers of a run's end; kept apart from evaluations that anybody else may have made of it since."""
    file = run.path / JUDGED
    if file.exists():
        found = metrics.Evaluation.read(json.loads(file.read_text(encoding="utf-8")))
        if found.facts["round"] == run.config["settings"]["rounds"]:
            return found
    # As many samples as the reference has: coverage would fall short with fewer.
    count = min(count, run.config["ran_with"]["samples"] // 2)
    found = metrics.evaluate(run, count=count, reference=count)
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
