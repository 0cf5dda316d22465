"""What there is, found by reading files without importing them (:mod:`ganarium.zoo.reading`)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ganarium.files import at_home, ending
from ganarium.zoo import own
from ganarium.zoo.claim import Claim
from ganarium.zoo.reading import Class, GameEntry, LoaderEntry, MetricEntry, Verb, classes, entry_of, marked, trees

if TYPE_CHECKING:
    from ganarium.zoo.lesson import Lesson

__all__ = [
    "GameEntry",
    "LoaderEntry",
    "MetricEntry",
    "Verb",
    "ability_words",
    "check_data",
    "claim",
    "claims",
    "class_of",
    "doings",
    "every_game",
    "game",
    "game_class",
    "games",
    "is_game",
    "lesson",
    "lessons",
    "loaders",
    "metrics",
    "nearest",
    "readers",
    "verbs",
    "watched_metrics",
    "with_ability",
    "word_of",
]


@cache
def games() -> dict[str, GameEntry]:
    """The games of the zoo by command, in the order of their years."""
    found = [entry_of(module, each) for module, tree in trees("games") for each in classes(tree) if each.paper]
    return {entry.command: entry for entry in sorted(found, key=lambda entry: (entry.paper.year, entry.command))}


def every_game() -> dict[str, GameEntry]:
    """The games of the zoo, then those of installed packages; the zoo's have their commands to themselves."""
    return games() | {name: found[0] for name, found in own.packaged().items() if name not in games()}


@cache
def ability_words() -> dict[str, str]:
    """What lists and commands call the abilities of :mod:`ganarium.game`, by class."""
    return {row.function: row.name for row in marked("game", "ability")}


@cache
def doings() -> dict[str, str]:
    """What a game that has an ability does, by the ability's word."""
    return {row.name: row.facts["does"] for row in marked("game", "ability")}


@cache
def _bases() -> dict[str, Class]:
    """What games, frames and abilities say of themselves, by class."""
    return {each.name: each for folder in ("game", "games") for _, tree in trees(folder) for each in classes(tree)}


def _ancestors(bases: Iterable[str]) -> list[str]:
    """The names of classes and of all their base classes that the files show."""
    found = []
    for name in bases:
        above = _bases()[name].bases if name in _bases() else ()
        found += [name, *_ancestors(above)]
    return found


def _frames() -> dict[str, Class]:
    """The classes that games are made of: Game, the frames, and the games themselves."""
    return {name: each for name, each in _bases().items() if "Game" in _ancestors([name])}


def abilities(entry: GameEntry) -> tuple[str, ...]:
    """What a trained game can do, in the words of its abilities."""
    names = set(_ancestors(entry.bases))
    return tuple(word for ability, word in ability_words().items() if ability in names)


def needs(entry: GameEntry) -> dict[str, tuple[str, ...]]:
    """The fields that a game plays on, and the kinds that it takes (none: any)."""
    found = [_bases()[name].values.get("needs") for name in _ancestors(entry.bases) if name in _bases()]
    return dict(next((each for each in (entry.needs, *found) if each is not None), {"x": ()}))


def with_ability(word: str) -> list[str]:
    """The commands of the games that have an ability."""
    return [command for command, entry in games().items() if word in abilities(entry)]


@cache
def loaders() -> dict[str, LoaderEntry]:
    """The named kinds of data, by name."""
    return _loading("loader")


@cache
def readers() -> dict[str, LoaderEntry]:
    """The kinds of data that are read from a path, by the name before the colon."""
    return _loading("reader")


def _loading(decorator: str) -> dict[str, LoaderEntry]:
    rows = marked("data", decorator)
    return {row.name: LoaderEntry(row.name, row.module, row.function, **row.facts) for row in rows}


@cache
def metrics() -> dict[str, MetricEntry]:
    """What can be measured, by the first of the names that belong together."""
    found = {}
    for row in marked("metrics", "metric"):
        names = tuple(row.name.split())
        better: Any = row.facts["better"]
        facts = {**row.facts, "better": better if isinstance(better, dict) else dict.fromkeys(names, better)}
        found[names[0]] = MetricEntry(names, row.module, row.function, **facts)
    return found


def watched_metrics() -> tuple[str, ...]:
    """The names of the numbers that are also measured while a game is trained."""
    return tuple(name for entry in metrics().values() if entry.quick for name in entry.names)


@cache
def verbs() -> dict[str, Verb]:
    """The commands by word; what a command walks stands under two words."""
    rows = [(row, {"about": row.about.split("\n")[0], **row.facts}) for row in marked("cli/commands", "verb")]
    return {row.name: Verb(row.name, row.module, row.function, **facts) for row, facts in rows}


@cache
def claims() -> dict[str, Claim]:
    """The claims by name: those of games in the order of the games, then those that are about several."""
    rows = marked("claims", "claim")
    found = {row.name: Claim(row.name, module=row.module, about=row.page, **row.facts) for row in rows}
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
        raise ValueError(_row(f"There is no claim '{name}'.", nearest(name, claims()), "See `ganarium list claims`."))
    return found


@cache
def lessons() -> dict[str, Lesson]:
    """The lessons of the theory, by name."""
    from ganarium.zoo.lesson import Lesson

    rows = sorted(marked("theory", "lesson"), key=lambda row: row.name)
    return {
        row.name: Lesson(row.name, module=row.module, function=row.function, about=row.page, **row.facts)
        for row in rows
    }


def lesson(name: str) -> Lesson:
    """A lesson, by its name.

    Raises:
        ValueError: if there is none, with the nearest names.
    """
    found = lessons().get(name)
    if found is None:
        raise ValueError(_row(f"There is no lesson '{name}'.", nearest(name, lessons()), "See `ganarium theory`."))
    return found


def is_game(word: str) -> bool:
    """Whether a word names a game: of the zoo, of a package, or of a file."""
    return word in games() or own.is_file(word) or word in own.packaged()


def game(word: str) -> GameEntry:
    """A game by its command or class name, or by the file that it is in, ``./my_game.py:MyGAN``.

    Raises:
        ValueError: if there is none, with the nearest names; or if two packages have it.
    """
    if own.is_file(word):
        return own.in_file(word, _frames())
    by_name = {entry.name.lower(): entry for entry in games().values()}
    entry = games().get(word) or by_name.get(word.lower())
    return entry or _packaged(word)


def _packaged(word: str) -> GameEntry:
    found = own.packaged().get(word, [])
    if len(found) > 1:
        packages = " and ".join(entry.package for entry in found)
        raise ValueError(f"Two packages have a game '{word}': {packages}. Remove one of them.")
    if not found:
        near = nearest(word, every_game())
        how = "Your own is named by its file: ./my_game.py:MyGAN." if {"/", ":", "."} & set(word) else near
        raise ValueError(_row(f"There is no game '{word}'.", how, "See `ganarium list`."))
    return found[0]


def check_data(name: str) -> None:
    """Raise if a word can be no data: it is no loader's name, no file's and no folder's.

    Raises:
        ValueError: with the nearest names.
    """
    path = at_home(name)
    known = name == "toy" or name in loaders() or (":" in name and name.partition(":")[0] in readers())
    if name in readers() and not path.exists():
        raise ValueError(f"'{name}' is read from files that you have: --data {name}:PATH.")
    if not known and not ending(path) and not path.exists():
        raise ValueError(f"There is no data '{name}'. {nearest(name, loaders())} A path must exist.")


def game_class(word: str) -> Any:
    """The class of a game that a user names, imported.

    Raises:
        ValueError: if there is none, with the nearest names; if a game of one's own cannot be imported, or is none.
    """
    entry = game(word)
    if entry.file or entry.package:
        return own.load(entry)
    return getattr(import_module(entry.module), entry.name)


def class_of(row: Mapping[str, Any]) -> Any:
    """The class of the game of a run, by what its config says; or by what the command at hand names in its place.

    Raises:
        ValueError: if it is not to be had, or may not run without being named; with what to do.
    """
    name = row["class"]
    if word := own.named():
        kind = game_class(word)
        if kind.__name__ != name:
            raise ValueError(f"This run is of the game {name}; {word} is another, {kind.__name__}.")
        return kind
    if row.get("source"):
        return own.of_source(row["source"], name)
    entry = games().get(row["command"])
    if entry is None or entry.name != name:
        raise ValueError(f"This run has your own game {name}, which no file holds. Load it from Python, with game=.")
    return game_class(row["command"])


def word_of(row: Mapping[str, Any]) -> str:
    """What names the game of a run on the command line, by what its config says."""
    file = row.get("source", {}).get("file")
    return f"{file}:{row['class']}" if file else row["command"]


def _row(*sentences: str) -> str:
    """Those sentences that say something, in a row."""
    return " ".join(filter(None, sentences))


def nearest(word: str, words: Iterable[str]) -> str:
    """A sentence that offers the words nearest to a mistyped one, or all if none is near and they are few."""
    words = list(words)
    close = difflib.get_close_matches(word.lower(), words, n=3, cutoff=0.5)
    close += [other for other in words if word.lower() in other and other not in close][:3]
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"There are {', '.join(words)}." if 0 < len(words) <= 12 else ""
