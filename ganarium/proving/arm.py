"""One arm of a claim with one seed: plays games alike, and keeps what is to be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
from torch import Tensor

from ganarium.engine.timetable import Timetable
from ganarium.engine.trainer import Report, Trainer
from ganarium.game import Game
from ganarium.randomness import mix, seeded
from ganarium.spec import Field

__all__ = ["Arm"]

Played = TypeVar("Played", bound=Game)
_CPU = torch.device("cpu")


class Arm:
    """One arm with one seed.

    Args:
        name: ``game``, ``baseline`` or ``control``.
        seed: What first weights, the order of the data and all noise follow from; the same for all arms.
        share: The share of the budget that is played.
        tell: Is told of the progress: done, of how many, and a few words.
    """

    def __init__(self, name: str, seed: int, share: float = 1.0, tell: Callable[[int, int, str], None] | None = None):
        self.name, self.seed, self.share = name, seed, share
        self.tell = tell or (lambda done, total, text: None)
        self.shown: tuple[Tensor, Field] | None = None

    def among(self, **choices: Any) -> Any:
        """The choice of this arm: ``among(game=..., baseline=..., control=...)``."""
        return choices[self.name]

    def begun(self, make: Callable[[], Played]) -> Played:
        """What ``make`` makes, its first weights a function of the seed."""
        with seeded(_CPU, mix(self.seed, 0)):
            return make()

    def played(self, make: Callable[[], Played], data: Any, seen: int, batch: int = 64, **settings: Any) -> Played:
        """The averaged game after so many samples.

        Args:
            make: Makes the game.
            data: What it learns from.
            seen: Samples, at the whole budget.
            batch: Samples in a batch.
            settings: Of the :class:`~ganarium.engine.trainer.Trainer`: ``rates``, ``decay``; ``average``, the
                half-life, is a tenth of ``seen`` if left out.
        """
        trainers = [trainer for trainer, _ in self.rounds(make, data, seen, batch, **settings)]
        return trainers[-1].average.eval()  # type: ignore[return-value]

    def rounds(
        self, make: Callable[[], Game], data: Any, seen: int, batch: int = 64, **settings: Any
    ) -> Iterator[tuple[Trainer, Report]]:
        """The same, round by round: the trainer, whose ``average`` is the averaged game, and its report."""
        settings = {"average": seen * self.share / 10, **settings}
        trainer = Trainer(self.begun(make), seed=self.seed, **settings)
        rounds = self.length(trainer.timetable, seen, batch)
        for report in trainer.play(data, batch, rounds):
            self.tell(report.round, rounds, "")
            yield trainer, report

    def length(self, timetable: Timetable, seen: int, batch: int) -> int:
        """How many rounds of a game are played.

        Args:
            timetable: The game's.
            seen: Samples, at the whole budget.
            batch: Samples in a batch.
        """
        return timetable.rounds_in(int(seen * self.share), batch)

    def show(self, samples: Tensor, field: Field) -> None:
        """Keep samples, as they come, for the claim's picture.

        Args:
            samples: Of shape (n, \\*field.shape).
            field: What they are.
        """
        self.shown = samples.detach(), field
