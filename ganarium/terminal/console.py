"""What a person sees while a game is played: a live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from ganarium.terminal.output import is_terminal

__all__ = ["Console", "duration", "memory"]


def duration(seconds: float) -> str:
    """Seconds as people say them.

    Example:
        >>> duration(7), duration(75), duration(7300)
        ('7 s', '1 min 15 s', '2 h 01 min')
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


def memory(size: float) -> str:
    """Bytes as people say them.

    Example:
        >>> memory(3 * 2**20)
        '3.0 MiB'
    """
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


class Console:
    """Progress of a run.

    Args:
        total: The run's rounds.
        done: Rounds played before.
        quiet: Say nothing.
    """

    def __init__(self, total: int, done: int = 0, quiet: bool = False):
        self.total, self.start, self.quiet = total, done, quiet
        self.begun = time.perf_counter()
        self._next_line = 2.0
        self._live: Any = None

    def say(self, text: str = "") -> None:
        """A line of its own."""
        if not self.quiet:
            self._live.console.print(text, highlight=False, markup=False) if self._live else print(text, flush=True)

    def __enter__(self) -> Console:
        if not self.quiet and is_terminal(sys.stdout):
            from rich.progress import BarColumn, Progress, TextColumn

            columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[text]}"))
            self._live = Progress(*columns, refresh_per_second=4)
            self._task = self._live.add_task("playing", total=self.total, completed=self.start, text="")
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def due(self) -> bool:
        """Whether it is time to show something: four times a second live, at growing intervals in plain lines."""
        elapsed = time.perf_counter() - self.begun
        return not self.quiet and (self._live is not None or elapsed >= self._next_line)

    def show(self, round: int, seen: int, per_round: float, scalars: Mapping[str, float]) -> None:
        """Where the run is.

        Args:
            round: Rounds played so far.
            seen: Samples seen so far.
            per_round: Samples seen in a round.
            scalars: The terms.
        """
        if not self.due():
            return
        elapsed = max(time.perf_counter() - self.begun, 1e-9)
        rate = (round - self.start) / elapsed
        left = duration((self.total - round) / rate) if rate else "?"
        terms = "  ".join(f"{name} {value:.3g}" for name, value in scalars.items())
        text = f"{round:,}/{self.total:,} rounds  {rate:.3g} rounds/s  {rate * per_round:,.0f} samples/s  {left} left"
        if self._live:
            self._live.update(self._task, completed=round, text=f"{text}\n{terms}")
        else:
            print(f"  {text}  |  {terms}", flush=True)
            self._next_line = max(elapsed * 1.5, elapsed + 5)
