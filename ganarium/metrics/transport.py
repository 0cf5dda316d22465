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

import torch
from torch import Tensor

from ganarium.metrics.errors import of_halves, some
from ganarium.randomness import mix

__all__ = ["POINTS", "exact", "exact_and_error", "shadows", "sliced", "sliced_and_error"]

DIRECTIONS = 128
#: Of how many points at most a plan is worked out.
POINTS = 1000
_LEAST = 12


def sliced(a: Tensor, b: Tensor, seed: int = 0, directions: int = DIRECTIONS) -> float:
    """The sliced Wasserstein-1 distance of rows (n, d) and (m, d), all of them.

    Args:
        a: Rows.
        b: Rows.
        seed: What the directions follow from.
        directions: How many.
    """
    generator = torch.Generator().manual_seed(mix(seed, 20))
    theta = torch.randn(a.shape[1], directions, generator=generator, dtype=torch.float64)
    return shadows(a, b, theta / theta.norm(dim=0))


def shadows(a: Tensor, b: Tensor, theta: Tensor) -> float:
    """The mean Wasserstein-1 distance of the shadows of rows (n, d) and (m, d) along unit vectors (d, k)."""
    middle = a.double().mean(0)  # nothing cancels where means are large
    one, other = (((rows.double() - middle) @ theta).sort(0).values for rows in (a, b))
    n, m = len(a), len(b)
    # Between these steps, in units of 1 / (n m), neither law's quantiles jump.
    steps = torch.cat([torch.arange(1, n + 1) * m, torch.arange(1, m + 1) * n]).unique()
    widths = steps.diff(prepend=torch.zeros(1, dtype=steps.dtype)).double() / (n * m)
    return float(widths @ (one[(steps - 1) // m] - other[(steps - 1) // n]).abs().mean(1))


def exact(a: Tensor, b: Tensor, seed: int = 0) -> float:
    """The Wasserstein-1 distance of 1,000 rows of each, or as many as the fewer are; of more, a random part."""
    from scipy.optimize import linear_sum_assignment

    n = min(len(a), len(b), POINTS)
    one, other = (some(rows, n, mix(seed, kind)).double() for kind, rows in enumerate((a, b)))
    cost = torch.cdist(one, other, compute_mode="donot_use_mm_for_euclid_dist").numpy()
    return float(cost[linear_sum_assignment(cost)].mean())


def sliced_and_error(real: Tensor, made: Tensor, seed: int, resamples: int) -> tuple[float, float | None]:
    """:func:`sliced`, and its standard error (:mod:`ganarium.metrics.errors`)."""
    if resamples < 1 or min(len(real), len(made)) < _LEAST:
        return sliced(real, made, seed), None
    (error,) = of_halves(lambda a, b: torch.tensor([sliced(a, b, seed)]), real, made, resamples, seed)
    return sliced(real, made, seed), error


def exact_and_error(real: Tensor, made: Tensor, seed: int, resamples: int) -> tuple[float, float | None]:
    """:func:`exact`, and its standard error (:mod:`ganarium.metrics.errors`)."""
    n = min(len(real), len(made), POINTS)
    real, made = (some(rows, n, mix(seed, kind)) for kind, rows in enumerate((real, made)))
    if resamples < 1 or n < _LEAST:
        return exact(real, made, seed), None
    (error,) = of_halves(lambda a, b: torch.tensor([exact(a, b, seed)]), real, made, resamples, seed)
    return exact(real, made, seed), error
