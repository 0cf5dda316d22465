"""Places that one process at a time takes, files that are written whole or not at all, logs read as far as whole."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

__all__ = [
    "at_home",
    "cache_folder",
    "ending",
    "flush",
    "locked",
    "numbered",
    "read_lines",
    "write_text",
    "write_whole",
]


def at_home(path: str | Path) -> Path:
    """A path whose ``~`` is the user's home folder; as it is where there is none, as for a user without a name."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def cache_folder(named: str = "") -> Path | None:
    """Where what is kept between runs lies, as an absolute path; None where there is no home folder for it.

    Args:
        named: Where, if somebody said; else ``$GANARIUM_CACHE``, else ``ganarium`` under ``$XDG_CACHE_HOME`` or
            ``~/.cache``.
    """
    named = named or os.environ.get("GANARIUM_CACHE", "")
    path = at_home(named or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "ganarium"))
    return None if path.parts[0].startswith("~") and not named else path.resolve()


def numbered(folder: Path, stem: str) -> Path:
    """A new folder ``stem-001`` in ``folder``, or of the first number that nobody has; made, and so taken."""
    for number in itertools.count(1):
        path = folder / f"{stem}-{number:03d}"
        with suppress(FileExistsError):
            path.mkdir(parents=True)
            break
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process at a time inside; the system lets go when a process dies. Nothing where there are no locks.

    Args:
        path: A folder; or a file, made if it is not there.
    """
    try:
        handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:  # folders on Windows
        yield
        return
    try:
        # Windows, and some network disks, have no locks: then several may do the same work.
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def ending(name: str | os.PathLike[str]) -> str:
    """How the name of a file ends, in small letters; nothing if it has no ending.

    Example:
        >>> ending("runs/Cats.PNG"), ending(".hidden")
        ('.png', '')
    """
    return os.path.splitext(os.path.basename(os.fspath(name)))[1].lower()


def write_text(path: Path, text: str) -> None:
    """Write a file whole, and onto the disk: under a temporary name, flushed, then renamed."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    flush(temporary)
    os.replace(temporary, path)
    flush(path.parent)


def write_whole(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write a file whole: under a temporary name, then renamed; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            write(file)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a log; none if it is not there. A last line that was cut off, as by a full disk, is left out."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def flush(path: Path) -> None:
    """Put what was written to a file, or the names in a folder, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
