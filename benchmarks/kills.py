"""Children forked from a warm process and killed at moments that a seed draws, and runs compared bit for bit.

A fresh process takes seconds to import PyTorch; a forked one begins at once, so that a thousand are killed in minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.patience import Stuck, until
from ganarium.contract.plays import same
from ganarium.running import checkpoint

__all__ = ["differences", "ended", "fork", "interrupted_until_done", "kill", "newest", "same", "waited"]


def fork(work: Callable[[], object]) -> int:
    """Do some work in a child; its exit status is 0, 128 and the signal that it stopped for, or 1 after a traceback.

    Args:
        work: What to do.
    """
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        work()
        status = 0
    except KeyboardInterrupt as stop:
        status = 128 + getattr(stop, "signal", signal.SIGINT)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def ended(child: int, seconds: float) -> int | None:
    """The exit status of a child, minus the signal that ended it, or None if it has not ended after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            return None
        time.sleep(0.002)


def waited(child: int) -> int:
    """The exit status of a child, however long it takes, as long as it moves; one that does not is killed.

    Raises:
        Stuck: if it does not.
    """
    try:
        (status,) = until(
            lambda: [found] if (found := ended(child, 0)) is not None else [], f"the end of child {child}"
        )
    except Stuck:
        kill(child)
        raise
    return status


def kill(child: int) -> None:
    """``kill -9``."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def newest(run: Path) -> int:
    """The round of a run's newest checkpoint; -1 if there is none."""
    return max(checkpoint.rounds(run / "checkpoints"), default=-1)


#: How a child may end, by how it was interrupted: before the game begins, signals do what they always do.
_EXPECTED = {
    "SIGKILL": (0, -signal.SIGKILL),
    "SIGTERM": (0, 128 + signal.SIGTERM, -signal.SIGTERM),
    "SIGINT": (0, 128 + signal.SIGINT),
    "stop-after": (0,),
}


def interrupted_until_done(
    run: Path,
    begin: Callable[[int | None], object],
    go_on: Callable[[int | None], object],
    random: Random,
    seconds: float,
    ways: tuple[str, ...] = ("SIGKILL",),
    note: Callable[[str, int], object] = lambda way, round: None,
) -> dict[str, int]:
    """Play a run, interrupted again and again; how often in which way is returned.

    A run that is killed before its first checkpoint begins anew. Where a child got no further than the one before it,
    the next ones are given more time.

    Args:
        run: The run's folder.
        begin: Plays from the beginning, for so many rounds at most.
        go_on: Resumes, likewise.
        random: Draws ways and moments.
        seconds: About the longest time between interruptions.
        ways: "SIGKILL", "SIGTERM", "SIGINT" and "stop-after".
        note: Called with each way and the round after it.
    """
    counts = {**dict.fromkeys(ways, 0), "before the first checkpoint": 0}
    before = -1
    while True:
        way = random.choice(ways)
        rounds = random.randint(1, 40) if way == "stop-after" else None
        child = fork(lambda rounds=rounds: go_on(rounds) if newest(run) >= 0 else begin(rounds))
        status = _stopped(child, way, seconds * random.uniform(0.1, 1.1))
        if status not in _EXPECTED[way]:
            raise RuntimeError(f"A child of {run} ended with {status} after {way}.")
        now = newest(run)
        if now >= 0 and finished(run):
            return counts
        counts[way] += 1
        note(way, now)
        if now < 0:
            counts["before the first checkpoint"] += 1
            shutil.rmtree(run, ignore_errors=True)
        seconds *= 1.5 if now <= before else 1.0
        before = now


def finished(run: Path) -> bool:
    """Whether a run has played all its rounds."""
    import yaml

    rounds = yaml.safe_load((run / "config.yaml").read_text())["settings"]["rounds"]
    return newest(run) >= rounds


def _stopped(child: int, way: str, seconds: float) -> int:
    """The exit status of a child that is interrupted after so many seconds, unless it ends before."""
    if way != "stop-after":
        if (status := ended(child, seconds)) is not None:
            return status
        os.kill(child, getattr(signal, way))
    return waited(child)


# -- what is left ---------------------------------------------------------------------------------------------------


def differences(one: Path, other: Path) -> list[str]:
    """What differs between two runs' newest checkpoints, logs and pictures; times are left out."""
    runs = (one, other)
    folders = [checkpoint.latest(run / "checkpoints") for run in runs]
    states = [{k: v for k, v in checkpoint.load(folder).items() if k != "meta"} for folder in folders]
    found = [f"state.pt: {key}" for key in states[0] if not same(states[0][key], states[1].get(key))]
    for name in ("model.safetensors", "average.safetensors"):
        if len({(folder / name).read_bytes() for folder in folders}) > 1:
            found.append(name)
    logs = [_rows(run) for run in runs]
    if logs[0] != logs[1]:
        found.append(f"log.jsonl, with {len(logs[0])} and {len(logs[1])} rows")
    pictures = [{path.name: path.read_bytes() for path in (run / "pictures").iterdir()} for run in runs]
    found += [f"pictures/{name}" for name in {**pictures[0], **pictures[1]} if len({p.get(name) for p in pictures}) > 1]
    return found


def _rows(run: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]
