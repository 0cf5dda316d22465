"""What a person sees of reading that takes long: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TypeVar

from ganarium.terminal.output import is_terminal
from ganarium.terminal.processes import speaks

__all__ = ["Progress", "silent", "watched"]

#: Called with what is done and how much there is.
Progress = Callable[[int, int], None]

_PATIENCE = 2.0  # seconds before progress is shown
_Part = TypeVar("_Part")
_SILENT: ContextVar[bool] = ContextVar("silent", default=False)


@contextmanager
def silent(quiet: bool = True) -> Iterator[None]:
    """No bars inside, if ``quiet``."""
    before = _SILENT.set(quiet or _SILENT.get())
    try:
        yield
    finally:
        _SILENT.reset(before)


def watched(
    parts: Iterable[_Part],
    total: int,
    size: Callable[[_Part], int],
    progress: Progress | None = None,
    doing: str = "reading the data",
) -> Iterator[_Part]:
    """The parts, with progress reported after each.

    Args:
        parts: What is read, in parts.
        total: How much there is in all.
        size: How much a part is.
        progress: Who is told; None: a bar on the terminal, once it takes longer than 2 s.
        doing: What the bar says.
    """
    began, done = time.monotonic(), 0
    seen = not _SILENT.get() and speaks() and is_terminal(sys.stderr)
    with ExitStack() as stack:
        for part in parts:
            yield part
            done = min(done + size(part), total)
            if progress is None and seen and time.monotonic() - began > _PATIENCE:
                progress = _bar(stack, doing)
            if progress is not None:
                progress(done, total)


def _bar(stack: ExitStack, doing: str) -> Progress:
    from rich.console import Console
    from rich.progress import Progress as Bar

    bar = stack.enter_context(Bar(console=Console(stderr=True), transient=True))
    task = bar.add_task(doing, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)
