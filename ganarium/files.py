"""Files that are written whole or not at all, and logs that are read as far as they are whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

__all__ = ["ending", "flush", "read_lines", "write_text", "write_whole"]


def ending(name: str | os.PathLike[str]) -> str:
    """How the name of a file ends, in small letters; nothing if it has no ending.

    Example:
        >>> ending("runs/Cats.PNG"), ending(".hidden")
        ('.png', '')
    """
    return os.path.splitext(os.path.basename(os.fspath(name)))[1].lower()


def write_text(path: Path, text: str) -> None:
    """Write a file whole, and onto the disk: under a temporary name, flushed, then renamed."""
    temporary = path.with_name(path.name + ".tmp")
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
