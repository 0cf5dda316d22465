"""What a new run takes over from an old one: networks that fit, by name and shape."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ganarium.game import Game

__all__ = ["take_over"]


@torch.no_grad()
def take_over(game: Game, state: Mapping[str, Tensor]) -> str:
    """Copy every parameter and buffer of ``state`` that has its name and shape in ``game``; say what was copied.

    Args:
        game: The game that begins.
        state: The state of the game that was trained, which may be another game.

    Returns:
        Which networks were taken over, whole or in part, and which begin afresh.

    Raises:
        ValueError: if no parameter fits.
    """
    mine = game.state_dict()
    fits = {name for name, value in mine.items() if name in state and state[name].shape == value.shape}
    parts = {name: [f"{name}.{key}" for key, _ in child.named_parameters()] for name, child in game.named_children()}
    parts = {name: keys for name, keys in parts.items() if keys}
    taken = {name: sum(key in fits for key in keys) / len(keys) for name, keys in parts.items()}
    if not any(taken.values()):
        raise ValueError(
            f"No network of {type(game).__name__} has the names and shapes of the run's: it has "
            f"{', '.join(sorted({name.partition('.')[0] for name in state}))}.\n"
            "Give both the same game, architecture and size of data."
        )
    for name in fits - {"progress"}:
        mine[name].copy_(state[name])
    words = [f"{name} {_share(share)}" for name, share in taken.items()]
    return ", ".join(words)


def _share(share: float) -> str:
    return "whole" if share == 1 else "afresh" if share == 0 else f"{share:.0%}"
