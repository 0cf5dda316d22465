"""The warm parent of jobs side by side: imports everything once, then forks a child for each line that it reads.

``python -m ganarium.jobs.server MODULE ...`` imports these modules, reads jobs as lines of JSON, and writes what they
say and how they end; it is started by :mod:`ganarium.jobs.team`, and ends, with its children, when its input does.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from ganarium.jobs.team import call

_EVERY = 0.25  # seconds between two words of a job


def main() -> None:
    """Serve until the input ends and all children have."""
    _import(sys.argv[1:])
    server = _Server()
    # Whoever started us signals the whole group: children finish their round, and we wait for them.
    signal.signal(signal.SIGTERM, server.stop)
    _write(json.dumps({"ready": True}).encode())
    server.serve()


def _import(modules: Sequence[str]) -> None:
    import torch

    torch.set_num_threads(1)
    # What jobs import anyway.
    import lightning_fabric  # noqa: F401
    import sklearn.neighbors  # noqa: F401
    import torchmetrics.image  # noqa: F401

    for module in modules:
        import_module(module)


class _Server:
    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.selector.register(0, selectors.EVENT_READ, None)
        self.open, self.input = True, b""
        self.stopped = False
        self.children: dict[int, tuple[int, int, bytes]] = {}  # by pipe: job, process, what is not a line yet

    def stop(self, *_: object) -> None:
        """Begin nothing more."""
        self.stopped = True

    def serve(self) -> None:
        while self.open or self.children:
            for key, _ in self.selector.select():
                self._jobs() if key.data is None else self._words(key.data)

    def _jobs(self) -> None:
        found = os.read(0, 1 << 16)
        if not found:
            self.open = False
            self.selector.unregister(0)
            for _, process, _ in self.children.values():
                os.kill(process, signal.SIGTERM)
            return
        *lines, self.input = (self.input + found).split(b"\n")
        for line in lines:
            self._fork(json.loads(line))

    def _fork(self, job: dict[str, Any]) -> None:
        # A signal waits until the child answers it in its own way: in ours it would be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        if self.stopped:
            _write(json.dumps({"id": job["id"], "error": "stopped"}).encode())
        else:
            self._begin(job)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])

    def _begin(self, job: dict[str, Any]) -> None:
        reads, writes = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(reads)
            _child(job, writes)
        os.close(writes)
        self.children[reads] = (job["id"], process, b"")
        self.selector.register(reads, selectors.EVENT_READ, reads)

    def _words(self, pipe: int) -> None:
        job, process, begun = self.children[pipe]
        found = os.read(pipe, 1 << 16)
        *lines, rest = (begun + found).split(b"\n")
        for line in lines:
            _write(line)
        self.children[pipe] = (job, process, rest)
        if found:
            return
        self.selector.unregister(pipe)
        os.close(pipe)
        del self.children[pipe]
        _, status = os.waitpid(process, 0)
        code = os.waitstatus_to_exitcode(status)
        if code:
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            asked = self.stopped and code == -signal.SIGTERM
            _write(json.dumps({"id": job, "error": "stopped" if asked else f"The process {how}."}).encode())


def _write(line: bytes, file: int = 1) -> None:
    """Write a whole line, in however many pieces the system takes it."""
    left = memoryview(line + b"\n")
    # Whoever started us may be gone; the children are still to be waited for.
    with suppress(BrokenPipeError):
        while left:
            left = left[os.write(file, left) :]


def _child(job: dict[str, Any], out: int) -> None:
    """Do a job and end the process, whatever happens."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    log = os.open(job["log"] or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(log, stream)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    last = [0.0]

    def say(**words: Any) -> None:
        _write(json.dumps({"id": job["id"], **words}).encode(), out)

    def tell(done: int, total: int, text: str) -> None:
        if time.monotonic() - last[0] >= _EVERY or done >= total:
            last[0] = time.monotonic()
            say(done=done, total=total, text=text)

    try:
        say(result=call(job["function"], job["arguments"], tell))
    except KeyboardInterrupt as stop:
        say(error=f"stopped: {stop}" if str(stop) else "stopped")
    except BaseException as error:
        traceback.print_exc()
        say(error=str(error) or type(error).__name__)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
