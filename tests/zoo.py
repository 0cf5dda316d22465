"""The zoo, as tests see it: every game that the package holds, found and not listed."""

from __future__ import annotations

from typing import Any

import torch

from ganarium import data, index
from ganarium.game import Batch, Game, Player
from ganarium.trainer import Trainer

GAMES = sorted(index.games())


def toy(command: str, seed: int = 0) -> Any:
    """A small instance whose first weights follow from ``seed``."""
    torch.manual_seed(seed)
    return index.game_class(command).toy()


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
