"""Ctrl-C and SIGTERM: the first one asks, the second one does what it always did."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

__all__ = ["Interrupted", "Stop"]


class Interrupted(KeyboardInterrupt):
    """A run was asked to stop, finished its round and saved.

    Args:
        signal: The signal that asked.
        path: The run's folder.
        again: The command that goes on; ``ganarium resume PATH`` if left out.
    """

    def __init__(self, signal: int, path: Path, again: str = ""):
        super().__init__(f"stopped and saved; go on with `{again or f'ganarium resume {path}'}`")
        self.signal = signal
        self.path = path


class Stop:
    """Inside, the first SIGINT or SIGTERM only sets :attr:`asked`; a second one is handled as it was before.

    Handlers are set in the main thread only, and put back at the end.
    """

    def __init__(self) -> None:
        #: The signal that asked to stop, or None.
        self.asked: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = number
        self._restore()

    def _restore(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)
