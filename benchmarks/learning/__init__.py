"""Whether games learn: the figures on the pages of the zoo, each beside a control.

``python -m benchmarks.learning gan_cls --seeds 0 1 2`` trains and prints one line for each arm and seed. A module is
named as its game; its ``arms`` are functions of a seed that give a row of numbers.
"""

from __future__ import annotations

from typing import Any, TypeVar

import torch

from ganarium.game import Game
from ganarium.randomness import mix, seeded
from ganarium.trainer import Trainer

__all__ = ["accuracy", "played"]

Played = TypeVar("Played", bound=Game)


def played(kind: type[Played], data: Any, rounds: int, seed: int, batch: int = 64, **changes: Any) -> Played:
    """The averaged game after so many rounds, begun and played as a run with this seed would be."""
    with seeded(torch.device("cpu"), mix(seed, 0)):
        game = kind.on(data, **changes)
    trainer = Trainer(game, seed=seed)
    for _ in trainer.play(data, batch, rounds):
        pass
    return trainer.average.eval()  # type: ignore[return-value]


def accuracy(found: torch.Tensor, true: torch.Tensor) -> float:
    """The share of places where both agree."""
    return round((found == true).float().mean().item(), 3)
