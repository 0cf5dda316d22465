"""Games of one's own as entries, read from their files without running them."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ganarium.files import at_home, ending
from ganarium.zoo.own.words import enumerated, said
from ganarium.zoo.reading import Class, GameEntry, classes, entry_of

__all__ = ["GROUP", "in_file", "is_file", "packaged"]

#: The entry points of packages that bring games: a command, and ``module:Class``.
GROUP = "ganarium.games"

_FILE = re.compile(r"(?P<path>.+\.py)(?::(?P<name>\w+))?$")


def is_file(word: str) -> bool:
    """Whether a word names a file, or a class in a file."""
    return _FILE.match(word) is not None


def _games_of(found: list[Class], known: Mapping[str, Any]) -> list[Class]:
    """Those classes of a file that are games, as far as the file shows; helpers begin with an underscore."""
    own = {each.name: each for each in found}

    def plays(each: Class) -> bool:
        return any(base in known or (base in own and base != each.name and plays(own[base])) for base in each.bases)

    return [each for each in found if plays(each) and not each.name.startswith("_")]


def in_file(word: str, known: Mapping[str, Any]) -> GameEntry:
    """A game in a file, read without running it.

    Args:
        word: ``./my_game.py:MyGAN``, or ``./my_game.py`` where it has one game.
        known: The games and frames that others are made of, by class.

    Raises:
        ValueError: if there is no such file or game, with what there is.
    """
    match = _FILE.match(word)
    assert match is not None
    file, name = match["path"], match["name"]
    path = at_home(file)
    found, others = _read(path)
    games = _games_of(found, known)
    if name is None:
        if len(games) != 1:
            what = (
                f"has the games {enumerated([each.name for each in games])}"
                if games
                else _has([*_names(found), *others])
            )
            how = f"Name one: {file}:{games[-1].name}." if games else f"A game's class derives from {_frames(known)}."
            raise ValueError(f"{path.name} {what}. {how}")
        return entry_of("", games[0], file=file)
    chosen = next((each for each in found if each.name == name), None)
    if chosen is None and name in others:
        raise ValueError(f"{path.name}:{name} is no class. {path.name} {_has([*_names(found), *others], games)}.")
    if chosen is None:
        raise ValueError(f"{path.name} has no '{name}': it {_has([*_names(found), *others], games)}.")
    return entry_of("", chosen, file=file)


def _read(path: Path) -> tuple[list[Class], list[str]]:
    """The classes of a file, and what else it defines."""
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{path.name} cannot be read as Python: {said(error, path)}.") from None
    return classes(tree), [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def _names(found: list[Class]) -> list[str]:
    return [each.name for each in found]


def _has(names: list[str], games: list[Class] | None = None) -> str:
    """What a file defines, in words."""
    if games:
        return f"has the game{'s' * (len(games) > 1)} {enumerated(_names(games))}"
    return f"defines {enumerated(names)}, no Game" if names else "defines nothing"


def _frames(known: Mapping[str, Any]) -> str:
    return " or ".join(name for name in ("Adversarial", "Game") if name in known)


@cache
def packaged() -> dict[str, list[GameEntry]]:
    """The games of installed packages by command, read from their source; packages that clash share a command."""
    found: dict[str, list[GameEntry]] = {}
    for point in metadata.entry_points(group=GROUP):
        package = f"{point.dist.name} {point.dist.version}" if point.dist else "a package"
        module, _, name = point.value.partition(":")
        name = name.partition("[")[0].strip()
        own = next((each for each in _source_classes(module) if each.name == name), None)
        entry = entry_of(module, own or Class(name, (), {}, None, ""), package=package)
        found.setdefault(point.name, []).append(_called(entry, point.name))
    return found


def _called(entry: GameEntry, command: str) -> GameEntry:
    return GameEntry(**{**vars(entry), "command": command})


def _source_classes(module: str) -> list[Class]:
    """The classes of an installed module, found without importing it; none if it cannot be read.

    One package that is broken should not keep all others from being listed; whoever names its game is told.
    """
    top, *parts = module.split(".")
    with suppress(ImportError, ValueError):
        return _classes_of(find_spec(top), parts)
    return []


def _classes_of(spec: ModuleSpec | None, parts: list[str]) -> list[Class]:
    """The classes of a module, by where its topmost package is, and the names within."""
    if spec is None:
        return []
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    files = [Path(spec.origin)] if not parts and spec.origin else []
    files += [place.joinpath(*parts[:-1], f"{parts[-1]}.py") for place in places if parts]
    files += [place.joinpath(*parts, "__init__.py") for place in places]
    path = next((file for file in files if file.is_file() and ending(file) == ".py"), None)
    return _read(path)[0] if path else []
