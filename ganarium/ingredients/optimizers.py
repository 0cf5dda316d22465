r"""The optimisers that papers name, as small objects that wait for parameters.

A player's ``optimizer`` is any callable from parameters to a :class:`torch.optim.Optimizer`;
``partial(torch.optim.Adam, lr=1e-3)`` will do. The ones here can also be named on the command line (``--optimizer sgd
--optimizer.lr 0.1``), written to a run's config, and step all their parameters in one fused operation. Each of their
numbers may be a schedule over the stage: ``SGD(lr=0.1, momentum=Linear(0.5, 0.7))``. One does not descend but samples,
:class:`SGHMC`; one adds to any other, :class:`HistoricalAveraging`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from ganarium.ingredients.schedules import Schedule

__all__ = ["Adam", "Descent", "HistoricalAveraging", "OptimizerChoice", "RMSprop", "SGD", "SGHMC"]

Number = float | Schedule


def _now(value: Any, progress: float) -> Any:
    if isinstance(value, tuple):
        return tuple(_now(part, progress) for part in value)
    return value(progress) if isinstance(value, Schedule) else value


@dataclass(frozen=True)
class OptimizerChoice(ABC):
    """A rule of gradient descent, with its numbers."""

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
class Descent(OptimizerChoice):
    """A rule with a learning rate.

    Args:
        lr: The learning rate.
    """

    lr: Number

    def __post_init__(self) -> None:
        ends = [_now(self.lr, 0.0), _now(self.lr, 1.0)]
        if min(ends) < 0 or max(ends) <= 0:
            raise ValueError(f"{type(self).__name__} needs a positive learning rate; got lr={self.lr}.")


@dataclass(frozen=True)
class Adam(Descent):
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
class SGD(Descent):
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
class RMSprop(Descent):
    """RMSprop (Tieleman and Hinton, 2012).

    From an average of zero, as in PyTorch, the first step is as long in every weight, whatever its gradient: the rate
    over the root of 1 - alpha, which is ten times the rate by default. A network that has learned before loses by it.
    TensorFlow begins at one, with an alpha of 0.9: ``RMSprop(alpha=0.9, start=1.0)``.

    Args:
        lr: The learning rate.
        alpha: The decay of the average of the squared gradient.
        eps: Added to the root of that average.
        start: Where that average begins, at least 0.
    """

    lr: Number = 5e-5
    alpha: float = 0.99
    eps: float = 1e-8
    start: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start < 0:
            raise ValueError(f"RMSprop's average of squares begins at 0 or above; got start={self.start}.")

    def build(self, parameters: Iterable[Parameter], numbers: dict[str, Any]) -> torch.optim.Optimizer:
        start = numbers.pop("start")
        optimizer = torch.optim.RMSprop(parameters, **numbers, foreach=True)
        for group in optimizer.param_groups:
            group["start"] = start
        if start:
            optimizer.register_step_pre_hook(partial(_begin, start=start))
        return optimizer


@dataclass(frozen=True)
class SGHMC(Descent):
    r"""Stochastic-gradient Hamiltonian Monte Carlo (Chen, Fox and Guestrin, 2014, equation 15): descent with noise.

    With a loss U, rate :math:`\eta`, friction :math:`\alpha` and temperature T,

    .. math::

        v \leftarrow (1 - \alpha) v - \eta \nabla U + \sqrt{2 \alpha \eta T}\, \varepsilon, \qquad
        \theta \leftarrow \theta + v, \qquad \varepsilon \sim N(0, I).

    Where the rate is small, :math:`\theta` comes to be drawn from :math:`e^{-U/T}` over its normaliser. For a posterior
    given N data U is their mean negative log-likelihood plus that of the prior over N, and T = 1/N. At T = 0 it is
    gradient descent with the momentum :math:`1 - \alpha`. Noise is drawn from PyTorch's default generator.

    Args:
        lr: The learning rate.
        friction: How much of the velocity is lost in a step, in (0, 1].
        temperature: The temperature T, in the units of the loss.
    """

    lr: Number = 1e-2
    friction: Number = 0.01
    temperature: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        ends = [_now(self.friction, 0.0), _now(self.friction, 1.0)]
        if not (min(ends) > 0 and max(ends) <= 1 and self.temperature >= 0):
            raise ValueError(
                "SGHMC needs a friction in (0, 1] and a temperature that is not negative; "
                f"got friction={self.friction}, temperature={self.temperature}."
            )

    def build(self, parameters: Iterable[Parameter], numbers: dict[str, Any]) -> torch.optim.Optimizer:
        return _SGHMC(parameters, numbers)


@dataclass(frozen=True)
class HistoricalAveraging(OptimizerChoice):
    r"""Any other rule, for a player who also pays for leaving where its weights have been on average.

    .. math:: \lambda\, \Big\lVert \theta - \frac1t \sum_{i=1}^t \theta_i \Big\rVert^2

    joins the loss, as its gradient joins the other's before each step (Salimans et al., 2016, section 3.3). In games
    whose players run in circles around their point of rest, the average of the circle lies near that point. In
    :math:`\min_x \max_y x y` simultaneous gradient steps spiral outwards; with this pull, they come to rest.

    The averages are the optimiser's state, and begin with the first weights; where gradients are clipped, the pull is
    added after.

    Args:
        weight: The weight, lambda, at least 0.
        of: The rule.
    """

    weight: Number = 0.01
    of: OptimizerChoice = Adam()

    def __post_init__(self) -> None:
        if min(_now(self.weight, 0.0), _now(self.weight, 1.0)) < 0:
            raise ValueError(f"Historical averaging has a weight of at least 0; got weight={self.weight}.")
        if isinstance(self.of, HistoricalAveraging):
            raise ValueError("Historical averaging is of a rule that has none yet: one pull with the sum of weights.")

    def build(self, parameters: Iterable[Parameter], numbers: dict[str, Any]) -> torch.optim.Optimizer:
        optimizer = self.of(parameters)
        for group in optimizer.param_groups:
            group["weight"] = numbers["weight"]
        history = _History()
        optimizer.register_step_pre_hook(history.pull)
        optimizer.register_step_post_hook(history.remember)
        return optimizer

    def schedule(self, progress: float) -> dict[str, Any]:
        return {**self.of.schedule(progress), **super().schedule(progress)}


@torch.no_grad()
def _begin(optimizer: torch.optim.Optimizer, *_: Any, start: float) -> None:
    """Before a parameter's first step, the average of its squared gradients."""
    for parameter in (each for group in optimizer.param_groups for each in group["params"]):
        if parameter.grad is not None and not optimizer.state.get(parameter):
            average = torch.full_like(parameter, start, memory_format=torch.preserve_format)
            optimizer.state[parameter] = {"step": torch.zeros(()), "square_avg": average}


class _History:
    """The hooks of :class:`HistoricalAveraging` around an optimiser's step."""

    def __init__(self) -> None:
        self.first: dict[Tensor, Tensor] = {}

    @torch.no_grad()
    def pull(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        """Add the pull's gradient. In a parameter's first step there is none, and its state must stay empty."""
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                state = optimizer.state.get(parameter, {})
                if parameter.grad is None:
                    continue
                if "mean" in state:
                    parameter.grad.add_(parameter - state["mean"], alpha=2 * group["weight"])
                else:
                    self.first[parameter] = parameter.detach().clone()

    @torch.no_grad()
    def remember(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        """Count the weights as they are now."""
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter in self.first:
                    optimizer.state[parameter] |= {"mean": self.first.pop(parameter), "count": 1}
                state = optimizer.state.get(parameter, {})
                if "mean" in state:
                    state["count"] += 1
                    state["mean"].lerp_(parameter, 1 / state["count"])


class _SGHMC(torch.optim.Optimizer):
    """The steps of :class:`SGHMC`."""

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        for group in self.param_groups:
            moved = [parameter for parameter in group["params"] if parameter.grad is not None]
            if not moved:
                continue
            velocities = [self._velocity(parameter) for parameter in moved]
            torch._foreach_mul_(velocities, 1 - group["friction"])
            torch._foreach_add_(velocities, [parameter.grad for parameter in moved], alpha=-group["lr"])
            spread = math.sqrt(2 * group["friction"] * group["lr"] * group["temperature"])
            if spread:
                torch._foreach_add_(velocities, [torch.randn_like(each) for each in velocities], alpha=spread)
            torch._foreach_add_(moved, velocities)

    def _velocity(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(parameter)
        return state["velocity"]
