r"""L-BFGS for many small problems at once: each row of a batch has its own curvature and its own steps.

PyTorch's optimiser treats a batch as one problem, so that the rows' steps would depend on each other. Here every inner
product is taken row by row. The direction is that of the two-loop recursion; a step is halved until the loss falls
enough (Armijo), and a row that finds no such step forgets its curvature, then rests.

Reference:
    Nocedal, Wright: Numerical Optimization, 2nd edition, algorithms 7.4 and 3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

__all__ = ["lbfgs"]

_ENOUGH = 1e-4  # of the fall that the slope promises
_HALVINGS = 20
_Pair = tuple[Tensor, Tensor, Tensor]  # a step, the change of the gradient, and one over their product (0: none)
Objective = Callable[[Tensor], tuple[Tensor, Tensor]]


def lbfgs(objective: Objective, u: Tensor, steps: Iterable[int], memory: int = 10) -> Tensor:
    """Where each row's loss is least, of shape (m, Z).

    Args:
        objective: From (m, Z) to losses (m,) and their gradients (m, Z).
        u: Where to start, of shape (m, Z).
        steps: One item for each step.
        memory: How many steps curvature is read from.
    """
    value, slope = objective(u)
    pairs: list[_Pair] = []
    for _ in steps:
        heading = -_scaled(slope, pairs)
        # A heading that does not lead down is replaced by the slope's.
        down = (heading * slope).sum(1, keepdim=True) < 0
        heading = torch.where(down, heading, -slope)
        bent = sum((inverse[:, 0] > 0 for _, _, inverse in pairs), torch.zeros_like(value)) > 0
        length = torch.where(bent, 1.0, 1 / slope.abs().sum(1).clamp(min=1.0))
        moved, new_value, new_slope, found = _line(objective, u, value, slope, heading, length)
        if not (found | bent).any():
            break
        step, change = moved - u, new_slope - slope
        product = (step * change).sum(1, keepdim=True)
        fits = product > 1e-10 * change.square().sum(1, keepdim=True).clamp(min=1e-20)
        pairs = [(a, b, inverse * found[:, None]) for a, b, inverse in pairs[1 - memory :]]
        pairs.append((step, change, torch.where(fits, 1 / product.where(fits, torch.ones_like(product)), 0.0)))
        u, value, slope = moved, new_value, new_slope
    return u


def _scaled(slope: Tensor, pairs: list[_Pair]) -> Tensor:
    """The slope times each row's estimate of the inverse Hessian."""
    q, factors = slope, []
    for step, change, inverse in reversed(pairs):
        factor = inverse * (step * q).sum(1, keepdim=True)
        q = q - factor * change
        factors.append(factor)
    scale = torch.ones_like(slope[:, :1])
    for _, change, inverse in pairs:
        # The newest pair that a row has says how long its steps are.
        scale = torch.where(inverse > 0, 1 / (inverse * change.square().sum(1, keepdim=True)).clamp(min=1e-20), scale)
    q = scale * q
    for (step, change, inverse), factor in zip(pairs, reversed(factors), strict=True):
        q = q + step * (factor - inverse * (change * q).sum(1, keepdim=True))
    return q


def _line(
    objective: Objective, u: Tensor, value: Tensor, slope: Tensor, heading: Tensor, length: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The first of the halved steps that lowers each row's loss enough; a row without one stays."""
    promised = (heading * slope).sum(1)
    at, best, gradient = u, value, slope
    found = torch.zeros_like(value, dtype=torch.bool)
    for _ in range(_HALVINGS):
        trial = torch.where(found[:, None], at, u + length[:, None] * heading)
        new_value, new_slope = objective(trial)
        good = ~found & (new_value <= value + _ENOUGH * length * promised) & (new_value < value)
        at = torch.where(good[:, None], trial, at)
        best, gradient = torch.where(good, new_value, best), torch.where(good[:, None], new_slope, gradient)
        found = found | good
        if found.all():
            break
        length = torch.where(found, length, length / 2)
    return at, best, gradient, found
