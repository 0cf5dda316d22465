"""When the processes that read data ahead begin and end; changes no number."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from time import sleep

__all__ = ["held_back", "outlast"]

_ASKS = (signal.SIGTERM, signal.SIGINT)


def outlast(worker: int, parent: int) -> None:
    """Let a worker outlast the first SIGTERM and Ctrl-C, which ask a whole group of processes to finish the round.

    A worker ends with its parent, whatever it is doing. PyTorch looks only between two batches, and takes whoever is
    the parent by then for its own: one whose parent is killed while it begins would stay for good.

    Args:
        worker: Its number.
        parent: The process it ends with; 0 looks after none, where workers are not its children (forkserver).
    """
    if parent:
        Thread(target=_end_with, args=(parent,), name="ganarium-outlast", daemon=True).start()
    for asks in _ASKS:
        signal.signal(asks, lambda number, frame: signal.signal(number, signal.SIG_DFL) and None)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKS)


def _end_with(parent: int) -> None:
    """End this process once its parent is another, as happens when the first one ended."""
    while os.getppid() == parent:
        sleep(1)
    os._exit(1)


@contextmanager
def held_back(needed: bool) -> Iterator[None]:
    """Inside, SIGTERM and Ctrl-C wait, also for workers that are started here, until they are ready for it."""
    if not needed or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ASKS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
