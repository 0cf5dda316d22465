"""Jobs side by side, each in a process of its own with one thread, forked from one warm parent.

Two runs in two one-thread processes do up to twice the work of one run in a two-thread process, and importing takes
seconds. So a server (:mod:`ganarium.jobs.server`) imports everything once and forks a child for each job. It is a
process of its own: whatever threads the caller has started, nothing of them is forked.

.. code-block:: python

    outcomes = run([Job(f"seed {seed}", "ganarium.mine:play", {"seed": seed}) for seed in range(3)])

A job is a function by name with arguments that JSON holds. It gets ``tell`` beside them, for its progress, and what it
returns comes back through JSON too.
"""

from __future__ import annotations

import importlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganarium.terminal.signals import Interrupted, Stop

__all__ = ["Job", "Outcome", "Tell", "Watcher", "call", "cores", "run"]

#: How a job says where it is: done, of how many, and a few words.
Tell = Callable[[int, int, str], None]

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    """Something to do.

    Args:
        name: What people call it.
        function: ``module:name`` of what does it.
        arguments: Its keyword arguments, as JSON holds them.
        log: Where what it prints goes; nowhere if left out.
    """

    name: str
    function: str
    arguments: dict[str, Any] = field(default_factory=dict)
    log: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Args:
        job: The job.
        result: What it returned.
        error: Why it returned nothing; empty if it did.
        seconds: How long it took.
    """

    job: Job
    result: Any
    error: str
    seconds: float


class Watcher:
    """Is told of all jobs; says nothing."""

    def told(self, job: Job, done: int, total: int, text: str) -> None:
        """A job is so far."""

    def ended(self, outcome: Outcome) -> None:
        """A job ended."""


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    jobs: Sequence[Job],
    workers: int | None = None,
    watcher: Watcher | None = None,
    ahead: Sequence[str] = (),
) -> list[Outcome]:
    """Do jobs side by side.

    A job that fails does not stop the others. After Ctrl-C or SIGTERM all are asked to stop, and are waited for.

    Args:
        jobs: What to do.
        workers: How many at once; one for each processor if left out.
        watcher: Who is told how far they are.
        ahead: Modules of ours that all jobs need, by name: they are imported once, before any job begins.

    Raises:
        Interrupted: after a signal, once all have stopped.
        ChildProcessError: if the server is killed; what jobs have saved is kept.
    """
    workers = min(workers or cores(), len(jobs)) or 1
    if not hasattr(os, "fork"):  # Windows
        return [_alone(job, watcher or Watcher()) for job in jobs]
    return _Team(jobs, workers, watcher or Watcher(), ahead).run()


def call(function: str, arguments: dict[str, Any], tell: Tell) -> Any:
    """Call a function by name."""
    module, _, name = function.partition(":")
    return getattr(importlib.import_module(module), name)(**arguments, tell=tell)


def _alone(job: Job, watcher: Watcher) -> Outcome:
    begun, result, error = time.perf_counter(), None, ""
    try:
        result = call(job.function, job.arguments, lambda *words: watcher.told(job, *words))
    except (ValueError, OSError, RuntimeError, FloatingPointError) as failure:
        error = str(failure) or type(failure).__name__
    outcome = Outcome(job, result, error, time.perf_counter() - begun)
    watcher.ended(outcome)
    return outcome


class _Ended(ChildProcessError):
    """The server is gone."""

    def __init__(self) -> None:
        super().__init__("The process that starts jobs side by side was killed, or could not start.")


def _environment() -> dict[str, str]:
    """Our own, with one thread, and with our path to modules."""
    path = os.pathsep.join(dict.fromkeys(os.path.abspath(place) for place in sys.path))
    return {**os.environ, **dict.fromkeys(_THREADS, "1"), "PYTHONPATH": path}


class _Team:
    """The server and its children, seen from here."""

    def __init__(self, jobs: Sequence[Job], workers: int, watcher: Watcher, ahead: Sequence[str]):
        self.jobs, self.workers, self.watcher, self.ahead = jobs, workers, watcher, ahead
        self.waiting = list(range(len(jobs)))
        self.begun: dict[int, float] = {}
        self.outcomes: dict[int, Outcome] = {}
        self.buffer = b""
        self.ready = False  # the server has imported everything

    def run(self) -> list[Outcome]:
        # In a session of its own, so that Ctrl-C reaches it through us alone. -P: what we import it imports, and
        # nothing from the folder that we happen to be in.
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", "ganarium.jobs.server", *self.ahead],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        )
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            with Stop() as stop:
                self._follow(server, stop)
        except BaseException:
            _signal(server, signal.SIGKILL)
            raise
        finally:
            # At the end of its input it ends, once all its children have.
            with suppress(BrokenPipeError):
                server.stdin.close()
            server.wait()
            server.stdout.close()
        if stop.asked:
            raise Interrupted(stop.asked, Path(), "the same command again")
        return [self.outcomes[place] for place in range(len(self.jobs))]

    def _follow(self, server: subprocess.Popen[bytes], stop: Stop) -> None:
        assert server.stdout is not None
        told = False
        with selectors.DefaultSelector() as selector:
            selector.register(server.stdout, selectors.EVENT_READ)
            while len(self.outcomes) < len(self.jobs):
                if stop.asked and not told:
                    told, self.waiting = True, []
                    _signal(server, signal.SIGTERM if self.ready else signal.SIGKILL)
                    if not self.ready:  # nothing has begun
                        return
                if told and not self.begun:
                    return
                while self.waiting and len(self.begun) < self.workers:
                    self._start(server, self.waiting.pop(0))
                # Signals do not end a wait by themselves; so it is short.
                if selector.select(0.2):
                    self._read(server.stdout)

    def _start(self, server: subprocess.Popen[bytes], place: int) -> None:
        job = self.jobs[place]
        message = {"id": place, "function": job.function, "arguments": job.arguments, "log": job.log}
        assert server.stdin is not None
        try:
            server.stdin.write(json.dumps(message).encode() + b"\n")
            server.stdin.flush()
        except BrokenPipeError:
            raise _Ended from None
        self.begun[place] = time.perf_counter()

    def _read(self, stream: Any) -> None:
        found = os.read(stream.fileno(), 1 << 16)
        if not found:
            raise _Ended
        *lines, self.buffer = (self.buffer + found).split(b"\n")
        for line in lines:
            self._hear(json.loads(line))

    def _hear(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self.ready = True
            return
        place = message["id"]
        job = self.jobs[place]
        if "done" in message:
            self.watcher.told(job, message["done"], message["total"], message["text"])
            return
        seconds = time.perf_counter() - self.begun.pop(place)
        self.outcomes[place] = Outcome(job, message.get("result"), message.get("error", ""), seconds)
        self.watcher.ended(self.outcomes[place])


def _signal(server: subprocess.Popen[bytes], number: int) -> None:
    """Signal the server and all its children."""
    with suppress(ProcessLookupError):
        os.killpg(server.pid, number)
