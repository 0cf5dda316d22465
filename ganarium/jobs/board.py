"""What a person sees of jobs side by side: a line for each on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

from ganarium.jobs.team import Job, Outcome, Watcher
from ganarium.terminal.console import duration
from ganarium.terminal.output import is_terminal

__all__ = ["Board", "Tally"]

_PATIENCE = 10.0  # seconds between plain lines of one job


class Board(Watcher):
    """Shows how far jobs are.

    Args:
        jobs: All of them.
        quiet: Say nothing.
        then: Called with each outcome as it comes, to keep it.
    """

    def __init__(self, jobs: Sequence[Job], quiet: bool = False, then: Callable[[Outcome], None] | None = None):
        self.jobs, self.quiet, self.then = list(jobs), quiet, then
        self._width = 2 + max((len(job.name) for job in jobs), default=0)
        self._bars: Any = None
        self._rows: dict[str, Any] = {}
        self._begun: dict[str, tuple[float, int]] = {}  # when first heard of, and how far it was then
        self._said: dict[str, float] = {}

    def __enter__(self) -> Self:
        if not self.quiet and is_terminal(sys.stderr):
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            # Words of errors may hold brackets, which are no markup.
            name, text = (TextColumn(f"{{task.{field}}}", markup=False) for field in ("description", "fields[text]"))
            columns = (name, BarColumn(bar_width=20), text)
            self._bars = Progress(*columns, console=Console(stderr=True), refresh_per_second=4)
            self._rows = {job.name: self._bars.add_task(job.name, total=None, text="waiting") for job in self.jobs}
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars:
            self._bars.stop()

    def told(self, job: Job, done: int, total: int, text: str) -> None:
        now = time.monotonic()
        begun, before = self._begun.setdefault(job.name, (now, done))
        known = done > before and now - begun > 1
        left = duration((now - begun) * (total - done) / (done - before)) if known else "?"
        words = f"{done:,}/{total:,}  {left} left  {text}"
        if self._bars:
            self._bars.update(self._rows[job.name], completed=done, total=total, text=words)
        elif not self.quiet and now - self._said.get(job.name, begun) > _PATIENCE:
            self._said[job.name] = now
            print(f"  {job.name:<{self._width}}{words}", file=sys.stderr, flush=True)

    def ended(self, outcome: Outcome) -> None:
        if self.then:
            self.then(outcome)
        words = outcome.error.split("\n")[0] or f"done in {duration(outcome.seconds)}"
        if self._bars:
            self._bars.update(self._rows[outcome.job.name], text=words)
        elif not self.quiet:
            print(f"  {outcome.job.name:<{self._width}}{words}", file=sys.stderr, flush=True)


class Tally(Watcher):
    """Shows how many of many short jobs are done, on one line.

    Args:
        jobs: All of them.
        doing: What is being done, in a few words.
        quiet: Say nothing.
        then: Called with each outcome as it comes, to keep it.
    """

    def __init__(
        self, jobs: Sequence[Job], doing: str, quiet: bool = False, then: Callable[[Outcome], None] | None = None
    ):
        self.total, self.doing, self.quiet, self.then = len(jobs), doing, quiet, then
        self.done = 0
        self._bar: Any = None
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        if not self.quiet and is_terminal(sys.stderr):
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.add_task(self.doing, total=self.total)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def ended(self, outcome: Outcome) -> None:
        if self.then:
            self.then(outcome)
        self.done += 1
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=self.done)
        elif not self.quiet and (self.done == self.total or time.monotonic() - self._said > _PATIENCE):
            self._said = time.monotonic()
            print(f"  {self.doing}: {self.done}/{self.total}", file=sys.stderr, flush=True)
