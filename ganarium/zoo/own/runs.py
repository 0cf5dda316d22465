"""Runs of games of one's own: where the game was, and whether its code may run again."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ganarium.zoo.own.classes import SOURCES, from_file, load, was_named
from ganarium.zoo.own.entries import packaged

__all__ = ["changes", "file_of", "named", "naming", "of_source", "source_of"]

_HOW = "--game ./file.py:Class on the command line, game= in Python"
#: The game that a command names for a run beside it: ``--game ./my_game.py:MyGAN``.
_NAMED: ContextVar[str] = ContextVar("named", default="")


def source_of(kind: type) -> dict[str, str] | None:
    """Where the class of a game came from, as a run writes it down; None for the zoo's own."""
    if kind.__module__.startswith("ganarium.games."):
        return None
    if kind in SOURCES:
        return dict(SOURCES[kind])
    for command, entries in packaged().items():
        for entry in entries:
            if (entry.module, entry.name) == (kind.__module__, kind.__name__):
                return {"command": command, "package": entry.package, "module": entry.module}
    path = file_of(kind)
    return {"module": kind.__module__} | ({} if path is None else {"path": str(path)})


def file_of(kind: type) -> Path | None:
    """The file that a class is in."""
    with suppress(TypeError, OSError):
        return Path(inspect.getfile(kind)).resolve()
    return None


def of_source(source: Mapping[str, str], name: str) -> Any:
    """The class that a run wrote down, if its code may run without being named again.

    Args:
        source: What :func:`source_of` said then.
        name: The class.

    Raises:
        ValueError: if it is not there, or may not run; with what to do.
    """
    if "package" in source:
        return _of_package(source, name)
    if "sha256" in source:
        return _of_file(source, name)
    where = f"the module {source['module']}" + (f" ({source['path']})" if source.get("path") else "")
    raise ValueError(f"This run's game {name} was given from Python, by {where}. Name it again: {_HOW}.")


def _of_package(source: Mapping[str, str], name: str) -> Any:
    for entry in packaged().get(source["command"], []):
        same_package = entry.package.split(" ")[0] == source["package"].split(" ")[0]
        if same_package and (entry.module, entry.name) == (source["module"], name):
            return load(entry)
    raise ValueError(
        f"This run's game {name} is of the package {source['package']}, which is not installed here. Install it, or "
        f"name the game: {_HOW}."
    )


def _of_file(source: Mapping[str, str], name: str) -> Any:
    path = Path(source["path"])
    how = (
        f"If you trust it, name it wherever it is now: {_HOW.replace('./file.py:Class', source['file'] + ':' + name)}."
    )
    if not path.is_file():
        raise ValueError(f"This run's game {name} was in {path}, which is not there. {how}")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if not was_named(digest):
        since = "has changed since, and as it is now" if digest != source["sha256"] else "as it is"
        raise ValueError(f"This run's game {name} is in {path}, which {since} was never named on this machine. {how}")
    return from_file(source["file"], path, content, name)


def changes(then: Mapping[str, str] | None, kind: type) -> list[str]:
    """What of a game of one's own is not as a run wrote it down, in words.

    Args:
        then: What :func:`source_of` said when the run began.
        kind: The game's class now.
    """
    then, now = then or {}, source_of(kind) or {}
    rows = []
    if then.get("sha256") != now.get("sha256"):
        rows.append(f"the game's file {Path(now.get('path', then.get('path', ''))).name} has changed")
    if then.get("package") != now.get("package"):
        rows.append(f"the game's package is {now.get('package')}, was {then.get('package')}")
    return rows


@contextmanager
def naming(word: str) -> Iterator[None]:
    """Inside, a run's game is the one that a word names, if it is not empty."""
    token = _NAMED.set(word or _NAMED.get())
    try:
        yield
    finally:
        _NAMED.reset(token)


def named() -> str:
    """The word for the run's game that the command at hand was given; empty if it was given none."""
    return _NAMED.get()
