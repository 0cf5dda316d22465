r"""The optimisers that papers name, as small objects that wait for parameters.

A player's ``optimizer`` is any callable from parameters to a :class:`torch.optim.Optimizer`;
``partial(torch.optim.Adam, lr=1e-3)`` will do. The ones here can also be named on the command line (``--optimizer sgd
--optimizer.lr 0.1``), written to a run's config, and step all their parameters in one fused operation. Each of their
numbers may be a schedule over the stage: ``SGD(lr=0.1, momentum=Linear(0.5, 0.7))``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch.nn import Parameter

from ganarium.schedules import Schedule

__all__ = ["Adam", "OptimizerChoice", "RMSprop", "SGD"]

Number = float | Schedule


def _now(value: Any, progress: float) -> Any:
    if isinstance(value, tuple):
        return tuple(_now(part, progress) for part in value)
    return value(progress) if isinstance(value, Schedule) else value


@dataclass(frozen=True)
class OptimizerChoice(ABC):
    """A rule of gradient descent, with its numbers.

    Args:
        lr: The learning rate.
    """

    lr: Number

    def __post_init__(self) -> None:
        ends = [_now(self.lr, 0.0), _now(self.lr, 1.0)]
        if min(ends) < 0 or max(ends) <= 0:
            raise ValueError(f"{type(self).__name__} needs a positive learning rate; got lr={self.lr}.")

    def __call__(self, parameters: Iterable[Parameter]) -> torch.optim.Optimizer:
        numbers = {each.name: _now(getattr(self, each.name), 0.0) for each in fields(self)}
        return self.build(parameters, numbers)

    @abstractmethod
    def build(self, parameters: Iterable[Parameter], numbers: dict[str, Any]) -> torch.optim.Optimizer:
        """The optimiser of these parameters, with these numbers."""

    def schedule(self, progress: float) -> dict[str, Any]:
        """The numbers that change over a stage, as they are at ``progress``."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        now = {name: _now(value, progress) for name, value in values.items()}
        return {name: number for name, number in now.items() if number != values[name]}


@dataclass(frozen=True)
class Adam(OptimizerChoice):
    """Adam (Kingma and Ba, 2015).

    Args:
        lr: The learning rate.
        betas: The decay of the averages of the gradient and of its square.
        eps: Added to the root of the second average.
        weight_decay: The weight of an L2 penalty on the parameters.
    """

    lr: Number = 2e-4
    betas: tuple[Number, Number] = (0.5, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0

    def build(self, parameters: Iterable[Parameter], numbers: dict[str, Any]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, **numbers, fused=True)


@dataclass(frozen=True)
class SGD(OptimizerChoice):
    """Stochastic gradient descent with momentum.

    Args:
        lr: The learning rate.
        momentum: How much of the last step is kept.
        weight_decay: The weight of an L2 penalty on the parameters.
    """

    lr: Number = 0.1
    momentum: Number = 0.0
    weight_decay: float = 0.0

    def build(self, parameters: Iterable[Parameter], numbers: dict[str, Any]) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, **numbers, fused=True)


@dataclass(frozen=True)
class RMSprop(OptimizerChoice):
    """RMSprop (Tieleman and Hinton, 2012).

    Args:
        lr: The learning rate.
        alpha: The decay of the average of the squared gradient.
        eps: Added to the root of that average.
    """

    lr: Number = 5e-5
    alpha: float = 0.99
    eps: float = 1e-8

    def build(self, parameters: Iterable[Parameter], numbers: dict[str, Any]) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(parameters, **numbers, foreach=True)
