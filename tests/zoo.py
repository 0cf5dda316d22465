"""The zoo, as tests see it: every game that the package holds, found and not listed."""

from __future__ import annotations

import copy
import importlib.util
import sys
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import torch

from ganarium import data, index
from ganarium.game import Batch, Game, Player
from ganarium.trainer import Trainer

#: Every game, and the skeleton that newcomers start from.
GAMES = ["skeleton", *sorted(index.games())]


@cache
def game_class(command: str) -> Any:
    """The class of a game."""
    if command != "skeleton":
        return index.game_class(command)
    path = Path(__file__).parents[1] / "examples" / "skeleton.py"
    spec = importlib.util.spec_from_file_location("skeleton", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["skeleton"] = module
    spec.loader.exec_module(module)
    return module.Skeleton


def toy(command: str, seed: int = 0) -> Any:
    """A small instance whose first weights follow from ``seed``."""
    torch.manual_seed(seed)
    return game_class(command).toy()


def toy_data(game: Game):
    """Random data for a toy."""
    return data.random(game.spec, count=256)


def toy_batch(game: Game, n: int = 32) -> Batch:
    """A batch of it."""
    return next(toy_data(game).batches(n))


def play(game: Game, rounds: int, size: int = 32, **options) -> Trainer:
    """A trainer that has played a toy."""
    trainer = Trainer(game, **options)
    for _ in trainer.play(toy_data(game), size, rounds):
        pass
    return trainer


@dataclass(frozen=True)
class Play:
    """A toy's play, written down once and read by many tests, which leave it as it is.

    Args:
        states: The trainer's state after some of the rounds.
        terms: Of all rounds.
    """

    states: dict[int, dict[str, Any]]
    terms: list[dict[str, float]]


#: The rounds of a play that is written down, its batches, which do not divide the data, and the rounds that are kept.
ROUNDS, SIZE, KEPT = 9, 100, (1, 2, 3, 4, 7, 9)


# One is enough: tests that are parametrised over games with the scope of a module come game by game.
@lru_cache(maxsize=1)
def record(command: str) -> Play:
    """A toy's play of nine rounds, through all its stages."""
    trainer, states, terms = Trainer(toy(command)), {}, []
    for report in trainer.play(toy_data(trainer.game), SIZE, ROUNDS):
        terms.append(report.scalars)
        if report.round in KEPT:
            states[report.round] = copy.deepcopy(trainer.state_dict())
    return Play(states, terms)


def play_on(trainer: Trainer, until: int = ROUNDS) -> list[dict[str, float]]:
    """Play the rounds of such a play, from where a trainer is; their terms."""
    terms = []
    for report in trainer.play(toy_data(trainer.game), SIZE, ROUNDS):
        terms.append(report.scalars)
        if report.round == until:
            break
    return terms


def players(game: Game) -> list[Player]:
    """The players of all stages."""
    return [player for stage in game.stages() for player in stage.players]


def can(game: Any, ability: type) -> bool:
    """Whether a game has an ability."""
    return isinstance(game, ability)
