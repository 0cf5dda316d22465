"""Quality while a game is trained: the quick metrics, of as many samples of its average each time, on equal terms."""

from __future__ import annotations

from typing import Any

from ganarium.game import Samples, Translates
from ganarium.metrics.judge import Judge
from ganarium.metrics.looks import of_game
from ganarium.metrics.stamp import Better, Number
from ganarium.zoo import index

__all__ = ["Watch"]


class Watch:
    """Measures a game now and then; called ``metric/features``, as in ``frechet/digits``.

    Args:
        game: What will be measured.
        data: What it is trained on.
        count: How many samples, and how many of the data.
        seed: What both follow from; the same for runs of all seeds, so that their numbers are comparable.

    Raises:
        ValueError: if the game draws no samples, or the data cannot judge them.
    """

    def __init__(self, game: Any, data: Any, count: int, seed: int = 0):
        if not isinstance(game, Samples | Translates):
            able = ", ".join(index.with_ability("sample"))
            raise ValueError(f"{type(game).__name__} draws no samples to measure. These games do: {able}.")
        self.to = "" if isinstance(game, Samples) else game.targets[-1]
        count = min(count, len(data) // 2)
        self.judge = Judge(data, field=self.to or "x", reference=count, seed=seed)
        self.count, self.seed = count, seed
        real = self.judge.others(count)
        assert real is not None
        numbers = {_called(number): number for number in self._numbers([real])}
        if not numbers:
            raise ValueError(" ".join(self.judge.notes))
        #: The same of real data, by name: what a perfect model would reach.
        self.floor = {name: number.value for name, number in numbers.items()}
        self._better: dict[str, Better] = {name: number.better for name, number in numbers.items()}

    def measure(self, game: Any) -> dict[str, float]:
        """The numbers of a game, by name."""
        batches = of_game(game, self.count, self.seed, self.judge.data, self.to, self.judge.sources)
        made = self.judge.look(batches, self.count)
        return {_called(number): float(f"{number.value:.6g}") for number in self._numbers(made)}

    def find(self, name: str) -> tuple[str, Better]:
        """The full name of a number, and which way it is better.

        Raises:
            ValueError: if it is not measured, with those that are.
        """
        for full, better in self._better.items():
            if name in (full, full.partition("/")[0]):
                return full, better
        raise ValueError(f"'{name}' is not measured during training. {index.nearest(name, self._better)}")

    def _numbers(self, made: Any) -> list[Number]:
        return self.judge.judge(made, resamples=0, floor=False, quick=True)


def _called(number: Number) -> str:
    return f"{number.metric}/{number.features}"
