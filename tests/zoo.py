"""The zoo, as tests see it: every game that the package holds, found and not listed."""

from __future__ import annotations

from typing import Any

from ganarium import index
from ganarium.contract import plays
from ganarium.contract.plays import ROUNDS, Play, play, play_on, players, toy_batch, toy_data

__all__ = [
    "GAMES",
    "ROUNDS",
    "Play",
    "can",
    "game_class",
    "play",
    "play_on",
    "players",
    "record",
    "toy",
    "toy_batch",
    "toy_data",
]

#: Every game.
GAMES = sorted(index.games())


def game_class(command: str) -> Any:
    """The class of a game."""
    return index.game_class(command)


def toy(command: str, seed: int = 0) -> Any:
    """A small instance whose first weights follow from ``seed``."""
    return plays.toy(game_class(command), seed)


def record(command: str) -> Play:
    """A toy's play of nine rounds, through all its stages."""
    return plays.record(game_class(command))


def can(game: Any, ability: type) -> bool:
    """Whether a game has an ability."""
    return isinstance(game, ability)
