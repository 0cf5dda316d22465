"""The idea: games, their players and options, what trained games can do, and the frames that many games share.

Names are found when they are first used: a list of papers should not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganarium.game.abilities import Classifies as Classifies
    from ganarium.game.abilities import Completes as Completes
    from ganarium.game.abilities import Decodes as Decodes
    from ganarium.game.abilities import Density as Density
    from ganarium.game.abilities import Detects as Detects
    from ganarium.game.abilities import Encodes as Encodes
    from ganarium.game.abilities import Samples as Samples
    from ganarium.game.abilities import Scores as Scores
    from ganarium.game.abilities import Translates as Translates
    from ganarium.game.abilities import evaluating as evaluating
    from ganarium.game.game import Game as Game
    from ganarium.game.options import follows as follows
    from ganarium.game.options import made as made
    from ganarium.game.paper import Paper as Paper
    from ganarium.game.player import Player as Player
    from ganarium.game.player import Stage as Stage
    from ganarium.game.player import Terms as Terms
    from ganarium.spec import Batch as Batch

_ABILITIES = (
    "Classifies",
    "Completes",
    "Decodes",
    "Density",
    "Detects",
    "Encodes",
    "Samples",
    "Scores",
    "Translates",
    "evaluating",
)
_NAMES = {
    **dict.fromkeys(_ABILITIES, "game.abilities"),
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
    raise AttributeError(f"module 'ganarium.game' has no attribute '{name}'")
