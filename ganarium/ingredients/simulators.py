r"""Models that can be drawn from but whose likelihood nobody needs to write down.

A simulator is a hierarchical model as a program. Global causes :math:`\beta` are drawn first, once for all data; then
for each datum its own causes :math:`z_n` given :math:`\beta`, and :math:`x_n` given both:

.. math::

    \beta \sim N(0, I), \qquad z_n \sim p(z | \beta), \qquad x_n \sim p(x | z_n, \beta).

Causes are given in coordinates in which their prior is the standard normal law; the simulator maps them to its own.
Every simulator is a small frozen object that works on any field with a suitable shape, in the data's own units.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from ganarium.spec import Field

__all__ = ["LotkaVolterra", "NormalMeans", "Simulator"]


@dataclass(frozen=True)
class Simulator(ABC):
    """A hierarchical model that can be drawn from."""

    @abstractmethod
    def sizes(self, field: Field) -> tuple[int, int]:
        """How many numbers the global causes have, and those of one datum.

        Raises:
            ValueError: if the simulator makes no such data.
        """

    @abstractmethod
    def __call__(self, cause: Tensor, field: Field) -> tuple[Tensor, Tensor]:
        r"""For each row of global causes (n, G) one datum: its causes (n, L), and itself (n, \*shape), in own units."""


@dataclass(frozen=True)
class NormalMeans(Simulator):
    r"""Normal data around normal means around one normal centre: the hierarchy whose posterior is known.

    In each coordinate, with b = ``between`` and w = ``within``,

    .. math::

        \mu = s \beta, \qquad z_n \sim N(\mu, b^2), \qquad x_n \sim N(z_n, w^2).

    Args:
        spread: The prior standard deviation s of the centre.
        between: That of the means around the centre.
        within: That of a datum around its mean.
    """

    spread: float = 3.0
    between: float = 1.0
    within: float = 0.5

    def __post_init__(self) -> None:
        if min(self.spread, self.between, self.within) <= 0:
            raise ValueError(
                "NormalMeans has positive standard deviations; "
                f"got spread={self.spread}, between={self.between}, within={self.within}."
            )

    def sizes(self, field: Field) -> tuple[int, int]:
        return field.size, field.size

    def __call__(self, cause: Tensor, field: Field) -> tuple[Tensor, Tensor]:
        z = self.spread * cause + self.between * torch.randn_like(cause)
        x = z + self.within * torch.randn_like(z)
        return z, x.view(len(x), *field.shape)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""The exact mean and standard deviation of :math:`\beta` given all data (N, \*shape), each of shape (D,).

        Example:
            >>> NormalMeans(1.0, 1.0, 1.0).posterior(torch.tensor([[3.0], [1.0]]))
            (tensor([1.]), tensor([0.7071]))
        """
        noise = self.between**2 + self.within**2
        precision = 1 + len(x) * self.spread**2 / noise
        mean = self.spread * x.flatten(1).sum(0) / noise / precision
        return mean, torch.full_like(mean, precision**-0.5)

    def local_posterior(self, x: Tensor, cause: Tensor) -> tuple[Tensor, Tensor]:
        r"""The exact mean (n, D) and standard deviation (n, D) of :math:`z_n` given its datum and :math:`\beta`."""
        trust = self.between**2 / (self.between**2 + self.within**2)
        centre = self.spread * cause
        mean = centre + trust * (x.flatten(1) - centre)
        return mean, torch.full_like(mean, self.within * math.sqrt(trust))


@dataclass(frozen=True)
class LotkaVolterra(Simulator):
    r"""Predators and prey, whose numbers are counted now and then (Wilkinson, 2011).

    With X prey and Y predators, prey are born at the rate :math:`r_1 X`, eaten at :math:`r_2 X Y`, which feeds as many
    predators, and predators die at :math:`r_3 Y`. Events come at random: their number in a short time is Poisson, here
    by its normal limit. A datum is the series of :math:`\log(1 + X)` and then of :math:`\log(1 + Y)`. The global causes
    are the three log-rates; a datum has no causes of its own.

    .. math::

        \log r_i = \log \bar r_i + s \beta_i, \qquad \bar r = (1, 0.01, 0.6).

    Args:
        spread: The prior standard deviation s of the log-rates.
        prey: How many prey there are at first.
        predators: How many predators.
        time: How long they are watched.
        steps: How many steps the simulation takes between two counts.
    """

    spread: float = 0.5
    prey: float = 50.0
    predators: float = 100.0
    time: float = 10.0
    steps: int = 10

    def __post_init__(self) -> None:
        if min(self.spread, self.prey, self.predators, self.time, self.steps) <= 0:
            raise ValueError(f"LotkaVolterra has positive numbers; got {self}.")

    def sizes(self, field: Field) -> tuple[int, int]:
        if len(field.shape) != 1 or field.size % 2:
            raise ValueError(
                "LotkaVolterra makes points of an even number of coordinates, counts of prey and then of predators; "
                f"got {field}."
            )
        return 3, 0

    def rates(self, cause: Tensor) -> Tensor:
        """The three rates, of shape (n, 3), for causes (n, 3)."""
        return (self.spread * cause).exp() * cause.new_tensor([1.0, 0.01, 0.6])

    def __call__(self, cause: Tensor, field: Field) -> tuple[Tensor, Tensor]:
        counts = field.size // 2
        born, eaten, die = self.rates(cause).unbind(1)
        step = self.time / (counts * self.steps)
        prey, predators = (torch.full_like(born, start) for start in (self.prey, self.predators))
        series = []
        for _ in range(counts):
            for _ in range(self.steps):
                means = step * torch.stack([born * prey, eaten * prey * predators, die * predators])
                events = (means + means.sqrt() * torch.randn_like(means)).clamp(min=0)
                prey = (prey + events[0] - events[1]).clamp(0, 1e5)
                predators = (predators + events[1] - events[2]).clamp(0, 1e5)
            series.append(torch.stack([prey, predators], 1))
        return cause[:, :0], torch.stack(series, 2).flatten(1).log1p()
