"""The idea: games, their players and options, what trained games can do, and the frames that many games share.

Names are found when they are first used: a list of papers should not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganarium.game.abilities import *  # noqa: F403
    from ganarium.game.game import Game as Game
    from ganarium.game.options import follows as follows
    from ganarium.game.options import made as made
    from ganarium.game.paper import Paper as Paper
    from ganarium.game.player import Player as Player
    from ganarium.game.player import Stage as Stage
    from ganarium.game.player import Terms as Terms
    from ganarium.spec import Batch as Batch

_NAMES = {
    "Batch": "spec",
    "Game": "game.game",
    "Paper": "game.paper",
    "Player": "game.player",
    "Stage": "game.player",
    "Terms": "game.player",
    "follows": "game.options",
    "made": "game.options",
}

__all__ = [*_NAMES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(f"ganarium.{_NAMES[name]}"), name)
    abilities = import_module("ganarium.game.abilities")
    if name in abilities.__all__:
        return getattr(abilities, name)
    raise AttributeError(f"module 'ganarium.game' has no attribute '{name}'")
