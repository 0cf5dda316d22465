"""The zoo, as tests see it: every game that the package holds, found and not listed."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
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


def players(game: Game) -> list[Player]:
    """The players of all stages."""
    return [player for stage in game.stages() for player in stage.players]


def can(game: Any, ability: type) -> bool:
    """Whether a game has an ability."""
    return isinstance(game, ability)
