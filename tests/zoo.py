"""The zoo, as tests see it: every game that the package holds, found and not listed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import pytest

from ganarium.contract import plays
from ganarium.contract.plays import ROUNDS, Play, play, play_on, players, toy_batch, toy_data
from ganarium.game import Game
from ganarium.zoo import index

__all__ = [
    "GAMES",
    "ROUNDS",
    "Play",
    "can",
    "family",
    "first_of",
    "game_class",
    "kind",
    "marked",
    "play",
    "play_on",
    "players",
    "record",
    "thorough",
    "toy",
    "toy_batch",
    "toy_data",
]

#: Every game.
GAMES = sorted(index.games())


#: For what is nightly, before a release, and for what a change touches; see "Tests" in docs/design.md.
thorough = pytest.mark.thorough


def game_class(command: str) -> Any:
    """The class of a game."""
    return index.game_class(command)


def family(command: str) -> str:
    """The folder of a game's file."""
    return game_class(command).__module__.split(".")[-2:][0]


def kind(command: str) -> tuple[object, ...]:
    """What the engine sees of a game: its family, whether its players move at once, and whether it has stages."""
    made = game_class(command)
    return family(command), made.simultaneous, made.stages is not Game.stages


def first_of(key: Callable[[str], object] = kind, commands: Iterable[str] = GAMES, count: int = 1) -> list[str]:
    """The first game, or the first few, of each kind: they stand for all others where the engine does the work."""
    seen: dict[object, list[str]] = {}
    for command in commands:
        seen.setdefault(key(command), []).append(command)
    return [command for alike in seen.values() for command in alike[:count]]


def marked(quick: Collection[str], names: Iterable[str] = GAMES) -> list[Any]:
    """Names as parameters of a test: these are quick, all others thorough."""
    return [name if name in quick else pytest.param(name, marks=thorough) for name in names]


def toy(command: str, seed: int = 0) -> Any:
    """A small instance whose first weights follow from ``seed``."""
    return plays.toy(game_class(command), seed)


def record(command: str) -> Play:
    """A toy's play of nine rounds, through all its stages."""
    return plays.record(game_class(command))


def can(game: Any, ability: type) -> bool:
    """Whether a game has an ability."""
    return isinstance(game, ability)
