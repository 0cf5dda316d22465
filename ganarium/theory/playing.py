"""Games within lessons: played in a line, looked at whenever a lesson wants to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ganarium.data.base import InMemory
from ganarium.engine.trainer import Trainer
from ganarium.game import Game, Stage
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import OptimizerChoice
from ganarium.randomness import mix, seeded
from ganarium.spec import Field
from ganarium.terminal.progress import watched

__all__ = ["Ahead", "last", "moments", "played", "require", "world"]

_CPU = torch.device("cpu")


class Ahead(GAN):
    """A GAN whose discriminator plays alone for the first rounds.

    Args:
        ahead: The share of the rounds in which the discriminator plays alone.
        generator_optimizer: How the generator descends, if not as the discriminator does.
    """

    ahead: float = 0.2
    generator_optimizer: OptimizerChoice | None = None

    def stages(self) -> list[Stage]:
        discriminator, generator = self.players()
        alone = [Stage("ahead", [discriminator], self.ahead)] if self.ahead else []
        return [*alone, Stage("play", [discriminator, generator], 1 - self.ahead)]


def played(
    make: Callable[[], Game],
    data: Any,
    rounds: int,
    batch: int,
    *,
    seed: int = 0,
    average: float = 0.0,
    rates: Mapping[str, float] | None = None,
    doing: str = "playing",
) -> Iterator[tuple[int, Any]]:
    """The round and the game, before the first round and after each.

    Args:
        make: Makes the game; its first weights follow from the seed.
        data: What it learns from.
        rounds: How many are played.
        batch: Samples in a batch.
        seed: What weights, order of the data and noise follow from.
        average: The half-life of the averaged game, in samples seen, which is then given instead; 0: none.
        rates: Learning rates that replace the game's, by player.
        doing: What the bar says, once it takes longer than two seconds.
    """
    with seeded(_CPU, mix(seed, 0)):
        game = make()
    trainer = Trainer(game, seed=seed, average=average, rates=rates)
    yield 0, trainer.average
    for report in watched(trainer.play(data, batch, rounds), rounds, lambda _: 1, doing=doing):
        yield report.round, trainer.average


def last(games: Iterator[tuple[int, Any]]) -> Any:
    """The game after the last round, of what :func:`played` gives."""
    *_, (_, game) = games
    return game


def moments(rounds: int, count: int, power: float = 1.0) -> list[int]:
    """Rounds from the first to the last, both included: evenly spread, or denser at first if the power is above 1.

    Example:
        >>> moments(100, 5), moments(100, 5, power=2)
        ([0, 25, 50, 75, 100], [0, 6, 25, 56, 100])
    """
    return sorted({round(rounds * (place / max(count - 1, 1)) ** power) for place in range(count)})


def world(x: Tensor, field: Field, **known: Any) -> InMemory:
    """Rows of a made-up world as data.

    Args:
        x: Of shape (n, \\*field.shape), as games see them.
        field: What they are.
        known: The world's ``factors`` and ``truth``.
    """
    return InMemory({"x": x}, {"x": field}, **known)


def require(lesson: str, least: float = 1, **options: float | Sequence[float]) -> None:
    """Raise a ValueError unless every option, or each of its numbers, is at least so much."""
    for name, value in options.items():
        numbers = value if isinstance(value, Sequence) else [value]
        if not numbers or min(numbers) < least:
            raise ValueError(f"The option '{name}' of {lesson} is {least} or more; got {value}.")
