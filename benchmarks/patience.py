"""Waiting for other processes for as long as they move, however busy the machine is.

A time-out in seconds is a guess about a machine. These waits end when what they wait for is there, and fail only if,
look after look, no process that we started computes, or waits for a core or a disk. Looks are counted, not seconds:
where the machine has no time for our processes, it has none for us who look at them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["Stuck", "finish", "run", "until"]

_NAP = 0.02  # seconds between two questions
_LOOK = 50  # questions from one look at the processes to the next: a second, or more where the machine is busy
_STILL = 120  # looks in which nothing moves, before we give up
_WORK = 0.5  # seconds of computing that are a move; who only asks in vain, again and again, uses less
_ENOUGH = 1800  # seconds of computing: no wait of ours is for that much
_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


class Stuck(AssertionError):
    """What was waited for will not come: nothing moves, or it moves without end."""


def until(done: Callable[[], Any], what: str = "it") -> Any:
    """Wait until something is true, and return it.

    Args:
        done: Asked some fifty times a second.
        what: Is waited for, for the message.

    Raises:
        Stuck: if nothing moves that we started.
    """
    watch = _Watch(what)
    while not (found := done()):
        time.sleep(_NAP)
        watch.ask()
    return found


def finish(process: subprocess.Popen) -> tuple[Any, Any]:
    """Wait for a process to end, and return its output and its errors, as ``communicate`` does.

    Raises:
        Stuck: if it does not move any more; it is ended, with its last words in the message.
    """
    watch = _Watch("the end of a process")
    while True:
        try:
            return process.communicate(timeout=_NAP)
        except subprocess.TimeoutExpired:
            try:
                watch.ask()
            except Stuck as stuck:
                # Python writes where it stands, if its faulthandler is on.
                process.send_signal(signal.SIGABRT)
                raise Stuck(f"{stuck}\n{_last_words(process)}") from None


def run(command: list[str], *, input: Any = None, **options: Any) -> subprocess.CompletedProcess:
    """A command, as ``subprocess.run`` runs it, with all that it says, for as long as it moves.

    Args:
        command: What to run.
        input: A file that it reads; nothing if left out.
        options: More for ``Popen``.

    Raises:
        Stuck: if it does not move any more.
    """
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    process = subprocess.Popen(command, stdin=input or subprocess.DEVNULL, **options)
    out, err = finish(process)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _last_words(process: subprocess.Popen) -> str:
    try:
        return str(process.communicate(timeout=10)[1])[-3000:]
    except subprocess.TimeoutExpired:
        process.kill()
        return ""


class _Watch:
    """Looks at the processes that we started now and then; where they are not listed as files, it sees nothing."""

    def __init__(self, what: str):
        self.what, self.asked, self.still = what, 0, 0
        self.begun = self.moved = _used(_ours())

    def ask(self) -> None:
        """One more time in vain."""
        self.asked += 1
        if self.asked % _LOOK or not _PROC.is_dir():
            return
        ours = list(_ours())
        used = _used(ours)
        self.still += 1
        # What has ended is not counted any more: less is a move too.
        if abs(used - self.moved) >= _WORK or any(state in "RD" for _, state, _ in ours):
            self.still, self.moved = 0, used
        if self.still >= _STILL or used - self.begun > _ENOUGH:
            seen = "\n".join(f"{one} {state} {_line(one)}" for one, state, _ in ours) or "none is left"
            raise Stuck(f"Waited for {self.what}; our processes:\n{seen}")


def _ours() -> Iterator[tuple[int, str, float]]:
    """The processes that come from us: number, state (R for one that has or wants a core, D for a disk), seconds."""
    rows: dict[int, list[str]] = {}
    for path in _PROC.glob("[0-9]*/stat"):
        with suppress(OSError):  # It has just ended.
            rows[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
    found = {os.getpid()}
    while more := {one for one, row in rows.items() if int(row[1]) in found} - found:
        found |= more
    for one in sorted(found - {os.getpid()}):
        yield one, rows[one][0], sum(map(int, rows[one][11:15])) / _TICKS


def _used(ours: Any) -> float:
    """Seconds of computing of processes, and of those of their children that have ended."""
    return sum(seconds for _, _, seconds in ours)


def _line(process: int) -> str:
    with suppress(OSError):
        return (_PROC / str(process) / "cmdline").read_text(errors="replace").replace("\0", " ")[:200]
    return ""
