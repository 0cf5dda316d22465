"""The classes of games of one's own, imported: their users named them."""

from __future__ import annotations

import hashlib
import inspect
import re
import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

from ganarium.files import at_home, cache_folder, ending
from ganarium.zoo.own.words import enumerated, said
from ganarium.zoo.reading import GameEntry

__all__ = ["SOURCES", "digest_of", "from_file", "imported", "load", "was_named"]

#: Where classes of files came from.
SOURCES: dict[type, dict[str, str]] = {}


def load(entry: GameEntry) -> Any:
    """The class of a game of one's own that its user names: its code runs, and may run again.

    Raises:
        ValueError: if it cannot be imported, is no game, or has no players; with the line.
    """
    if entry.package:
        if not (entry.module and entry.name):
            raise ValueError(f"The game '{entry.command}' of {entry.package} names no class. Write module:Class there.")
        return _checked(entry, _module_of(entry), entry.package)
    path = at_home(entry.file).resolve()
    return from_file(entry.file, path, path.read_bytes(), entry.name)


def from_file(file: str, path: Path, content: bytes, name: str) -> Any:
    """The class in a file, whose code runs, and may run again as long as the content is the same.

    Args:
        file: The file, as its user named it.
        path: Where it is.
        content: What it holds.
        name: The class.

    Raises:
        ValueError: as for :func:`load`.
    """
    module = _imported(path, content)
    kind = _checked_kind(getattr(module, name, None), name, path, path.name)
    digest = hashlib.sha256(content).hexdigest()
    SOURCES[kind] = {"file": file, "path": str(path), "sha256": digest}
    _remember(digest, path)
    return kind


def imported(word: str) -> tuple[Any, bytes, Path]:
    """What a file that its user names defines under a name, ``./file.py:name``: its code runs, this time.

    Returns:
        It, what the file holds, and where the file is.

    Raises:
        ValueError: if there is no such file or name, or it cannot be imported; with the line.
    """
    file, _, name = word.rpartition(":") if ending(word) != ".py" else (word, "", "")
    path = at_home(file).resolve()
    if not path.is_file():
        raise ValueError(f"There is no file {file}.")
    content = path.read_bytes()
    module = _imported(path, content)
    own = [each for each, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
    if not name or not hasattr(module, name):
        has = f"defines {enumerated(own)}" if own else "defines nothing"
        raise ValueError(f"{path.name} has no '{name}': it {has}." if name else f"Name one: {file}:NAME. It {has}.")
    return getattr(module, name), content, path


def _imported(path: Path, content: bytes) -> ModuleType:
    """A file as a module, imported once for each content."""
    name = f"ganarium_own_{hashlib.sha256(str(path).encode() + content).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # what lies beside it can be imported
    spec = spec_from_loader(name, loader=None, origin=str(path))
    assert spec is not None
    module = sys.modules[name] = module_from_spec(spec)
    module.__file__ = str(path)
    try:
        exec(compile(content, str(path), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ValueError(f"{path.name} cannot be imported: {said(error, path)}.") from error
    return module


def _module_of(entry: GameEntry) -> ModuleType:
    try:
        return import_module(entry.module)
    except Exception as error:
        raise ValueError(f"{entry.module} of {entry.package} cannot be imported: {said(error, None)}.") from error


def _checked(entry: GameEntry, module: ModuleType, where: str) -> Any:
    file = getattr(module, "__file__", None)
    return _checked_kind(getattr(module, entry.name, None), entry.name, Path(file) if file else None, where)


def _checked_kind(kind: Any, name: str, path: Path | None, where: str) -> Any:
    """A class, if it is a game whose toy has players."""
    from ganarium.game import Game

    if not inspect.isclass(kind) or not issubclass(kind, Game):
        what = "a class, but no Game" if inspect.isclass(kind) else "no class"
        raise ValueError(f"{name} of {where} is {what}. A game's class derives from Game, or from a frame of games.")
    if missing := sorted(kind.__abstractmethods__):
        raise ValueError(f"{name} of {where} lacks {enumerated([f'{each}()' for each in missing])}.")
    _try(kind, name, path)
    return kind


def _try(kind: Any, name: str, path: Path | None) -> None:
    import torch

    from ganarium.randomness import seeded

    doing = "toy()"
    try:
        with seeded(torch.device("cpu"), 0):
            game = kind.toy()
        if not isinstance(game, kind):
            raise ValueError(f"it returns no {name}")
        doing = "stages()" if "stages" in vars(kind) else "players()"
        found = [player for stage in game.stages() for player in _listed(stage.players)]
        if not found:
            raise ValueError("nobody plays")
    except Exception as error:
        raise ValueError(f"{name}.{doing} fails: {said(error, path)}.") from error


def _listed(players: Any) -> list[Any]:
    """A stage's players.

    Raises:
        ValueError: if they are something else.
    """
    from ganarium.game import Player

    if not isinstance(players, list | tuple) or not all(isinstance(player, Player) for player in players):
        what = type(players).__name__ if not isinstance(players, list | tuple) else "what is no Player"
        raise ValueError(f"it returns {what}; players are a list of Player(name, loss, owns=[...])")
    for player in players:
        if not re.fullmatch(r"\w+(-\w+)*", player.name):
            raise ValueError(f"a player's name, from which options are made, is a word; got '{player.name}'")
    return list(players)


def digest_of(word: str) -> str:
    """The digest of the file that a word names.

    Raises:
        ValueError: if there is none.
    """
    path = at_home(word.rpartition(".py")[0] + ".py")
    if not path.is_file():
        raise ValueError(f"There is no file {path}.")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _register() -> Path | None:
    """Where the files that were named are noted; None where there is no home folder for it."""
    folder = cache_folder()
    return folder and folder / "named"


def _remember(digest: str, path: Path) -> None:
    """Note that a file was named; where nothing can be written it will have to be named again."""
    if (register := _register()) is None:
        return
    with suppress(OSError):
        register.mkdir(parents=True, exist_ok=True)
        (register / digest).write_text(f"{path}\n", encoding="utf-8")


def was_named(digest: str) -> bool:
    """Whether a file with this content was named on this machine."""
    register = _register()
    return register is not None and (register / digest).is_file()
