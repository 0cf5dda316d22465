"""Whether games learn: the figures on the pages of the zoo, each beside a control.

``python -m benchmarks.learning cgan --seeds 0 1 2`` trains and prints one line for each arm and seed. A module is
named as its game; its ``arms`` are functions of a seed that give a row of numbers.
"""

from __future__ import annotations

from typing import Any, TypeVar

import torch

from ganarium.game import Game
from ganarium.randomness import mix, seeded
from ganarium.trainer import Trainer

__all__ = ["accuracy", "digits_judge", "played"]

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


def digits_judge() -> Any:
    """From digits of shape (n, 1, 8, 8) to classes: a support vector machine, right on 0.987 of held-out digits."""
    from sklearn.svm import SVC

    from ganarium.data import load

    train = load("digits", split="train")
    machine = SVC(gamma="scale", C=10).fit(train["x"].flatten(1).numpy(), train["y"].numpy())
    return lambda x: torch.from_numpy(machine.predict(x.flatten(1).numpy()))
