"""Toys and their plays, as the contract looks at them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from ganarium import data
from ganarium.engine.trainer import Trainer
from ganarium.game import Batch, Game, Player

__all__ = [
    "ROUNDS",
    "Play",
    "doubled_noise",
    "play",
    "play_on",
    "players",
    "record",
    "same",
    "toy",
    "toy_batch",
    "toy_data",
    "twenty_rounds",
]

#: The rounds of a play that is written down, its batches, which do not divide the data, and the rounds that are kept.
ROUNDS, SIZE, KEPT = 9, 100, (1, 2, 3, 4, 7, 9)


@dataclass(frozen=True)
class Play:
    """A toy's play, written down once and read by many properties, which leave it as it is.

    Args:
        states: The trainer's state after some of the rounds.
        terms: Of all rounds.
    """

    states: dict[int, dict[str, Any]]
    terms: list[dict[str, float]]


def toy(kind: Any, seed: int = 0) -> Any:
    """A small instance whose first weights follow from ``seed``."""
    torch.manual_seed(seed)
    return kind.toy()


def toy_data(game: Game) -> Any:
    """Random data for a toy."""
    return data.random(game.spec, count=256)


def toy_batch(game: Game, n: int = 32) -> Batch:
    """A batch of it."""
    return next(toy_data(game).batches(n))


def players(game: Game) -> list[Player]:
    """The players of all stages."""
    return [player for stage in game.stages() for player in stage.players]


def play(game: Game, rounds: int, size: int = 32, **options: Any) -> Trainer:
    """A trainer that has played a toy."""
    trainer = Trainer(game, **options)
    for _ in trainer.play(toy_data(game), size, rounds):
        pass
    return trainer


# One is enough: the properties of a game are checked one after the other.
@lru_cache(maxsize=1)
def record(kind: Any) -> Play:
    """A toy's play of nine rounds, through all its stages."""
    trainer, states, terms = Trainer(toy(kind)), {}, []
    for report in trainer.play(toy_data(trainer.game), SIZE, ROUNDS):
        terms.append(report.scalars)
        if report.round in KEPT:
            states[report.round] = copy.deepcopy(trainer.state_dict())
    return Play(states, terms)


def play_on(trainer: Trainer, until: int = ROUNDS) -> list[dict[str, float]]:
    """Play the rounds of such a play, from where a trainer is; their terms."""
    terms = []
    for report in trainer.play(toy_data(trainer.game), SIZE, ROUNDS):
        terms.append(report.scalars)
        if report.round == until:
            break
    return terms


@lru_cache(maxsize=1)
def twenty_rounds(kind: Any) -> tuple[Trainer, dict[str, bool]]:
    """A trainer after twenty rounds for each stage, and whether each parameter that a player owns has moved."""
    game = toy(kind)
    trainer = Trainer(game)
    moved: dict[str, bool] = {}
    names = {id(p): name for name, p in game.named_parameters()}
    start = {name: p.detach().clone() for name, p in game.named_parameters()}
    for _ in trainer.play(toy_data(game), 32, 20 * len(trainer.stages)):
        for seat in trainer._seats:
            for p in seat.player.parameters():
                name = names[id(p)]
                moved[name] = moved.get(name, False) or not torch.equal(p, start[name])
    return trainer, moved


def same(one: Any, other: Any) -> bool:
    """Whether two nests of tensors and numbers are equal, bit for bit."""
    if isinstance(one, Tensor):
        return isinstance(other, Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return one == other


@contextmanager
def doubled_noise(doubled: bool) -> Iterator[None]:
    """Inside, noise is a function of how many draws came before; if doubled, its second half repeats the first."""
    real = {name: getattr(torch, name) for name in ("randn_like", "rand_like", "rand", "randn")}
    draws = 0

    def drawing(name: str) -> Any:
        def draw(*size: Any, **keywords: Any) -> Tensor:
            nonlocal draws
            like = size[0] if isinstance(size[0], Tensor) else torch.empty(*size)
            draws += 1
            generator = torch.Generator().manual_seed(draws)
            n = len(like) // 2 if doubled else len(like)
            noise = real["randn" if "randn" in name else "rand"](n, *like.shape[1:], generator=generator)
            return torch.cat([noise, noise]) if doubled else noise

        return draw

    for name in real:
        setattr(torch, name, drawing(name))
    try:
        yield
    finally:
        for name, function in real.items():
            setattr(torch, name, function)
