"""What there is, found by reading the package's files without importing them.

Importing a game imports torch, which takes seconds; a list of games, or the answer to a mistyped name, should not. So
the facts that a list shows stand in the source as literals, and are read from there.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganarium.claiming.statement import Claim
from ganarium.game.paper import Paper

if TYPE_CHECKING:
    from ganarium.theory.lesson import Lesson

__all__ = [
    "ABILITIES",
    "GameEntry",
    "LoaderEntry",
    "check_data",
    "claim",
    "claims",
    "game",
    "game_class",
    "games",
    "lesson",
    "lessons",
    "loaders",
    "nearest",
    "readers",
    "with_ability",
]

_HERE = Path(__file__).parent

#: What lists and commands call the abilities of :mod:`ganarium.game`.
ABILITIES = {
    "Samples": "sample",
    "Decodes": "decode",
    "Scores": "score",
    "Translates": "translate",
    "Encodes": "encode",
    "Density": "density",
    "Classifies": "classify",
    "Detects": "anomaly",
    "Completes": "complete",
}


@dataclass(frozen=True)
class GameEntry:
    """A game of the zoo.

    Args:
        command: Its name on the command line.
        name: Its class.
        module: Where the class is.
        paper: What its ``paper`` says.
        bases: The names of its base classes.
        needs: The fields that it plays on, and the kinds that it takes.
        summary: The first line of its docstring.
    """

    command: str
    name: str
    module: str
    paper: Paper
    bases: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]] | None
    summary: str

    @property
    def family(self) -> str:
        """The folder that the game is in."""
        return self.module.split(".")[-2]


@dataclass(frozen=True)
class LoaderEntry:
    """A named kind of data.

    Args:
        name: Its name on the command line.
        module: Where the function is that makes it.
        function: That function's name.
        title: What it is, in a few words.
        fields: The fields of its batches.
        kinds: The kind of each field.
    """

    name: str
    module: str
    function: str
    title: str
    fields: tuple[str, ...]
    kinds: Mapping[str, str] = field(default_factory=dict)


def _trees(folder: str) -> Iterable[tuple[str, ast.Module]]:
    for path in sorted((_HERE / folder).rglob("*.py")):
        if not path.name.startswith("_"):
            module = ".".join(("ganarium", *path.relative_to(_HERE).with_suffix("").parts))
            yield module, ast.parse(path.read_text(encoding="utf-8"))


def _literals(call: ast.Call) -> dict[str, Any]:
    return {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}


def _attributes(node: ast.ClassDef) -> dict[str, ast.expr]:
    rows = [row for row in node.body if isinstance(row, ast.Assign) and isinstance(row.targets[0], ast.Name)]
    return {row.targets[0].id: row.value for row in rows if isinstance(row.targets[0], ast.Name)}


def _entry(module: str, node: ast.ClassDef) -> GameEntry | None:
    values = _attributes(node)
    paper = values.get("paper")
    if not isinstance(paper, ast.Call):
        return None
    facts = Paper(**_literals(paper))
    summary = (ast.get_docstring(node) or "").split("\n")[0]
    return GameEntry(facts.command, node.name, module, facts, _base_names(node), _needs(node), summary)


@cache
def games() -> dict[str, GameEntry]:
    """The games of the zoo by command, in the order of their years."""
    found = [_entry(module, node) for module, tree in _trees("games") for node in tree.body if _is_class(node)]  # type: ignore[arg-type]
    entries = sorted((entry for entry in found if entry), key=lambda entry: (entry.paper.year, entry.command))
    return {entry.command: entry for entry in entries}


def _is_class(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef)


@cache
def _bases() -> dict[str, tuple[tuple[str, ...], Mapping[str, Any] | None]]:
    """What games, frames and abilities say of themselves, by class: their bases, and what they need."""
    classes = [node for _, tree in _trees("game") for node in tree.body if isinstance(node, ast.ClassDef)]
    found = {node.name: (_base_names(node), _needs(node)) for node in classes}
    return found | {entry.name: (entry.bases, entry.needs) for entry in games().values()}


def _base_names(node: ast.ClassDef) -> tuple[str, ...]:
    return tuple(base.id for base in node.bases if isinstance(base, ast.Name))


def _needs(node: ast.ClassDef) -> dict[str, tuple[str, ...]] | None:
    values = _attributes(node)
    return ast.literal_eval(values["needs"]) if "needs" in values else None


def _ancestors(name: str) -> list[str]:
    """The names of a class and of all its base classes that the files show, the class itself first."""
    return [name, *(found for base in _bases().get(name, ((), None))[0] for found in _ancestors(base))]


def abilities(entry: GameEntry) -> tuple[str, ...]:
    """What a trained game can do, in the words of :data:`ABILITIES`."""
    names = set(_ancestors(entry.name))
    return tuple(word for ability, word in ABILITIES.items() if ability in names)


def needs(entry: GameEntry) -> dict[str, tuple[str, ...]]:
    """The fields that a game plays on, and the kinds that it takes (none: any)."""
    for name in _ancestors(entry.name):
        if (found := _bases().get(name, ((), None))[1]) is not None:
            return dict(found)
    return {"x": ()}


def with_ability(word: str) -> list[str]:
    """The commands of the games that have an ability."""
    return [command for command, entry in games().items() if word in abilities(entry)]


@cache
def loaders() -> dict[str, LoaderEntry]:
    """The named kinds of data, by name."""
    return _decorated("loader")


@cache
def readers() -> dict[str, LoaderEntry]:
    """The kinds of data that are read from a path, by the name before the colon."""
    return _decorated("reader")


@cache
def claims() -> dict[str, Claim]:
    """The claims by name: those of games in the order of the games, then those that are about several."""
    found = {
        name: Claim(name, module=module, about=ast.get_docstring(tree) or "", **facts)
        for module, tree, _, name, facts in _marked("claims", "claim")
    }
    order = [*(name for name in games() if name in found), *sorted(set(found) - set(games()))]
    return {name: found[name] for name in order}


def claim(name: str) -> Claim:
    """A claim, by its name or its game's class.

    Raises:
        ValueError: if there is none, with the nearest names.
    """
    by_class = {entry.name.lower(): entry.command for entry in games().values()}
    found = claims().get(by_class.get(name.lower(), name))
    if found is None:
        raise ValueError(f"There is no claim '{name}'. {nearest(name, claims())} See `ganarium list claims`.")
    return found


@cache
def lessons() -> dict[str, Lesson]:
    """The lessons of the theory, by name."""
    from ganarium.theory.lesson import Lesson

    return {
        name: Lesson(name, module=module, function=node.name, about=ast.get_docstring(node) or "", **facts)
        for module, _, node, name, facts in sorted(_marked("theory", "lesson"), key=lambda row: row[3])
    }


def lesson(name: str) -> Lesson:
    """A lesson, by its name.

    Raises:
        ValueError: if there is none, with the nearest names.
    """
    found = lessons().get(name)
    if found is None:
        raise ValueError(f"There is no lesson '{name}'. {nearest(name, lessons())} See `ganarium theory`.")
    return found


def _decorated(decorator: str) -> dict[str, LoaderEntry]:
    rows = _marked("data", decorator)
    return {name: LoaderEntry(name, module, node.name, **facts) for module, _, node, name, facts in rows}


def _marked(folder: str, decorator: str) -> Iterator[tuple[str, ast.Module, ast.FunctionDef, str, dict[str, Any]]]:
    """Functions with a decorator: module, its tree, function, the decorator's first argument and its keywords."""
    for module, tree in _trees(folder):
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                for call in node.decorator_list:
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == decorator:
                        yield module, tree, node, ast.literal_eval(call.args[0]), _literals(call)


def game(command: str) -> GameEntry:
    """A game, by its command or its class name.

    Raises:
        ValueError: if there is none, with the nearest names.
    """
    by_name = {entry.name.lower(): entry for entry in games().values()}
    entry = games().get(command) or by_name.get(command.lower())
    if entry is None:
        raise ValueError(f"There is no game '{command}'. {nearest(command, games())} See `ganarium list`.")
    return entry


def check_data(name: str) -> None:
    """Raise if a word can be no data: it is no loader's name, no file's and no folder's.

    Raises:
        ValueError: with the nearest names.
    """
    path = Path(name).expanduser()
    known = name == "toy" or name in loaders() or (":" in name and name.partition(":")[0] in readers())
    if name in readers() and not path.exists():
        raise ValueError(f"'{name}' is read from files that you have: --data {name}:PATH.")
    if not known and not path.suffix and not path.exists():
        raise ValueError(f"There is no data '{name}'. {nearest(name, loaders())} A path must exist.")


def game_class(command: str) -> Any:
    """The class of a game, imported.

    Raises:
        ValueError: if there is none, with the nearest names.
    """
    entry = game(command)
    return getattr(import_module(entry.module), entry.name)


def nearest(word: str, words: Iterable[str]) -> str:
    """A sentence that offers the words nearest to a mistyped one, or all if none is near and they are few."""
    words = list(words)
    close = difflib.get_close_matches(word.lower(), words, n=3, cutoff=0.5)
    close += [other for other in words if word.lower() in other and other not in close][:3]
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"There are {', '.join(words)}." if 0 < len(words) <= 12 else ""
