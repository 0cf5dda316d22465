"""Worlds made by a simulator whose causes are to be inferred: few data, known causes."""

from __future__ import annotations

from typing import Any

import torch

from ganarium.data.base import InMemory
from ganarium.data.loading import loader
from ganarium.ingredients import LotkaVolterra, NormalMeans, Simulator
from ganarium.randomness import seeded
from ganarium.spec import Field

__all__ = ["normal_means", "predators"]


@loader("normal-means", title="normal data around normal means", fields=("x",), kinds={"x": "points"})
def normal_means(
    size: int = 2, spread: float = 3.0, between: float = 1.0, within: float = 0.5, count: int = 200, seed: int = 0
) -> InMemory:
    """Draws of a normal hierarchy, whose posterior is known; the factor is each datum's own mean.

    Args:
        size: Coordinates of a datum.
        spread: The prior standard deviation of the centre.
        between: The standard deviation of the means around the centre.
        within: That of a datum around its mean.
        count: How many samples are drawn.
        seed: What centre and samples follow from.
    """
    return _simulated(NormalMeans(spread, between, within), size, count, seed)


@loader("predators", title="predators and prey, counted now and then", fields=("x",), kinds={"x": "points"})
def predators(times: int = 10, spread: float = 0.5, count: int = 50, seed: int = 0) -> InMemory:
    """Histories of predators and prey, all at the same rates: log-counts of prey, then of predators.

    Args:
        times: How often they are counted.
        spread: The prior standard deviation of the logarithms of the three rates.
        count: How many histories there are.
        seed: What rates and histories follow from.
    """
    return _simulated(LotkaVolterra(spread), 2 * times, count, seed)


def _simulated(simulator: Simulator, size: int, count: int, seed: int) -> InMemory:
    """So many data from one draw of the global causes, which are kept as the truth."""
    if size < 1 or count < 1:
        raise ValueError(f"A simulated world has at least one datum of one coordinate; got count={count}, size={size}.")
    field = Field((size,), "points")
    with seeded(torch.device("cpu"), seed):
        cause = torch.randn(1, simulator.sizes(field)[0])
        z, x = simulator(cause.expand(count, -1), field)
    truth: dict[str, Any] = {"cause": cause[0]}
    return InMemory({"x": x}, {"x": field}, factors={"cause": z} if z.shape[1] else None, truth=truth)
