r"""Numbers that change while a stage is played: rates, momenta, penalty weights.

A schedule maps progress, 0 at the start of a stage and 1 at its end, to a number. Progress is counted in data seen
and may be a float or a tensor (the game's own clock, ``game.progress``); the answer is of the same type.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["Cosine", "Exponential", "Linear", "Schedule", "at"]


@dataclass(frozen=True)
class Schedule(ABC):
    """From ``start`` to ``end`` while progress goes from ``since`` to ``until``; constant before and after.

    Args:
        start: The value at first.
        end: The value at last.
        since: The progress at which it begins to move.
        until: The progress at which it has arrived.
    """

    start: float = 1.0
    end: float = 0.0
    since: float = 0.0
    until: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.since < self.until <= 1:
            raise ValueError(f"A schedule needs 0 <= since < until <= 1; got since={self.since}, until={self.until}.")

    def __call__(self, progress: Any) -> Any:
        t = (progress - self.since) / (self.until - self.since)
        return self.blend(t.clamp(0, 1) if isinstance(t, Tensor) else min(max(t, 0.0), 1.0))

    @abstractmethod
    def blend(self, t: Any) -> Any:
        """The value at ``t`` in [0, 1], a float or a tensor."""


class Linear(Schedule):
    r"""A straight line.

    Example:
        >>> Linear(1.0, 0.0, since=0.5)(0.75)
        0.5
    """

    def blend(self, t: Any) -> Any:
        return self.start + (self.end - self.start) * t


class Cosine(Schedule):
    """Half a period of a cosine: flat at both ends."""

    def blend(self, t: Any) -> Any:
        wave = torch.cos(math.pi * t) if isinstance(t, Tensor) else math.cos(math.pi * t)
        return self.end + (self.start - self.end) * (1 + wave) / 2


@dataclass(frozen=True)
class Exponential(Schedule):
    """A constant factor for each unit of progress; both ends are positive."""

    end: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start <= 0 or self.end <= 0:
            raise ValueError(f"An exponential schedule has positive ends; got {self.start} and {self.end}.")

    def blend(self, t: Any) -> Any:
        return self.start * (self.end / self.start) ** t


def at(value: float | Schedule, progress: Tensor) -> float | Tensor:
    """A number as it is, or a schedule's value at ``progress``."""
    return value(progress) if isinstance(value, Schedule) else value
