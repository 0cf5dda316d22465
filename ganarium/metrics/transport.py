r"""Wasserstein-1 distances: exact between few points, and of one-dimensional shadows of many.

.. math::

    W_1(p, q) = \min_\pi \mathbb E_{(x, y) \sim \pi} |x - y|, \qquad
    SW_1(p, q) = \mathbb E_{\theta} W_1(\theta^\top p, \theta^\top q),

the shadows along directions :math:`\theta` drawn evenly from the sphere. On the line the best plan keeps the order, so
that it takes a sort.

References:
    Rabin, Peyré, Delon, Bernot: Wasserstein Barycenter and Its Application to Texture Mixing, SSVM 2011.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganarium.randomness import mix

__all__ = ["exact", "exact_and_error", "sliced", "sliced_and_error"]

DIRECTIONS = 128
#: Of how many points at most a plan is worked out.
POINTS = 1000
_RESAMPLES = 20


def sliced(a: Tensor, b: Tensor, seed: int = 0, directions: int = DIRECTIONS) -> float:
    """The sliced Wasserstein-1 distance of rows (n, d) and (m, d), of which as many are taken as the fewer are.

    Args:
        a: Rows.
        b: Rows.
        seed: What the directions follow from.
        directions: How many.
    """
    n = min(len(a), len(b))
    generator = torch.Generator().manual_seed(mix(seed, 20))
    theta = torch.randn(a.shape[1], directions, generator=generator, dtype=torch.float64)
    theta = theta / theta.norm(dim=0)
    one, other = ((rows[:n].double() @ theta).sort(0).values for rows in (a, b))
    return float((one - other).abs().mean())


def exact(a: Tensor, b: Tensor) -> float:
    """The Wasserstein-1 distance of the first 1,000 rows of each, or as many as the fewer are."""
    from scipy.optimize import linear_sum_assignment

    n = min(len(a), len(b), POINTS)
    cost = torch.cdist(a[:n].double(), b[:n].double()).numpy()
    return float(cost[linear_sum_assignment(cost)].mean())


def sliced_and_error(real: Tensor, made: Tensor, seed: int, resamples: int) -> tuple[float, float | None]:
    """:func:`sliced`, and its standard error when samples are drawn anew from themselves."""
    return sliced(real, made, seed), _error(lambda rows: sliced(real, rows, seed), made, seed, resamples)


def exact_and_error(real: Tensor, made: Tensor, seed: int, resamples: int) -> tuple[float, float | None]:
    """:func:`exact`, and its standard error when samples are drawn anew from themselves."""
    return exact(real, made), _error(lambda rows: exact(real, rows), made[:POINTS], seed, resamples)


def _error(distance: Callable[[Tensor], float], made: Tensor, seed: int, resamples: int) -> float | None:
    resamples = min(resamples, _RESAMPLES)
    if resamples < 2:
        return None
    generator = torch.Generator().manual_seed(mix(seed, 21))
    draws = [torch.randint(len(made), (len(made),), generator=generator) for _ in range(resamples)]
    return float(torch.tensor([distance(made[chosen]) for chosen in draws]).std())
