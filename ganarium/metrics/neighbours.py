r"""What nearest neighbours say: precision and recall, density and coverage, two samples.

With :math:`B_k(x)` the ball around :math:`x` that reaches to its :math:`k`-th neighbour in its own set,

.. math::

    \text{precision} &= P\bigl(g \in \cup_r B_3(r)\bigr), & \text{recall} &= P\bigl(r \in \cup_g B_3(g)\bigr), \\
    \text{density} &= \tfrac1{5} \mathbb E_g \#\{r : g \in B_5(r)\}, & \text{coverage} &= P(\exists g \in B_5(r)).

A ball holds its centre but not its edge, and what lies on it is not decided by rounding. So it is in the code of the
latter two (prdc), but where a row has three or five equal ones: there a ball has no width, and holds nothing.
Two traps: outliers have large balls, so that recall can be high for garbage; and one repeated good sample has a
precision of 1. Density and coverage use only the balls of real data, and do not fall into the first.

References:
    Kynkäänniemi, Karras, Laine, Lehtinen, Aila: Improved Precision and Recall Metric, NeurIPS 2019.
    Naeem, Oh, Uh, Choi, Yoo: Reliable Fidelity and Diversity Metrics for Generative Models, ICML 2020.
    Lopez-Paz, Oquab: Revisiting Classifier Two-Sample Tests, ICLR 2017.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ganarium.metrics.errors import Pair, of_halves, of_mean, some
from ganarium.metrics.looks import KEPT
from ganarium.randomness import mix

__all__ = ["Pair", "balls", "mean_and_error", "nearest", "two_sample"]

_MEMORY = 64  # MiB of distances at a time
_ROUNDING = 1e-12  # of squared distances, as a share of the squares that they are made of
_LEAST = 24  # rows that halves of samples are made of


def balls(real: Tensor, made: Tensor, resamples: int = 0, seed: int = 0) -> dict[str, Pair]:
    """Precision, recall (k = 3), density and coverage (k = 5), each with its standard error.

    Of more than 10,000 rows a random part is looked at.

    Args:
        real: Features (n, d).
        made: Features (m, d).
        resamples: How many random halves the errors are estimated from (:mod:`ganarium.metrics.errors`); 0 estimates
            none.
        seed: What random parts follow from.

    Raises:
        ValueError: if there are fewer than six samples of either.
    """
    real, made = (some(rows, KEPT, seed) for rows in (real, made))
    if min(len(real), len(made)) < 6:
        raise ValueError(
            f"Fifth neighbours need six samples or more; got {len(real)} real and {len(made)} generated ones."
        )
    rows = _in_balls(real, made)
    values = {name: float(row.mean()) for name, row in rows.items()}
    if resamples < 1 or min(len(real), len(made)) < _LEAST:
        return {name: (value, None) for name, value in values.items()}
    # Halves may have other shares than the whole; as angles these vary alike, whatever they are.
    angles = of_halves(lambda a, b: _shares(a, b).sqrt().asin(), real, made, resamples, seed)
    errors = {name: of_mean(rows[name]) for name in ("precision", "density")}
    for name, angle in zip(("recall", "coverage"), angles, strict=True):
        errors[name] = 2 * angle * math.sqrt(values[name] * (1 - values[name]))
    return {name: (values[name], errors[name]) for name in values}


def _in_balls(real: Tensor, made: Tensor) -> dict[str, Tensor]:
    """Of each sample whether it is in a ball of data, and in how many; of data whether a sample's ball holds it, and
    its ball a sample."""
    a, b = (_centred(rows, real) for rows in (real, made))
    near, far = _radii(a, (3, 5))
    (of_made,) = _radii(b, (3,))
    hit, count = torch.zeros(len(b), dtype=torch.bool), torch.zeros(len(b), dtype=torch.float64)
    recalled, covered = torch.empty(len(a), dtype=torch.bool), torch.empty(len(a), dtype=torch.bool)
    for place, distance, rounding in _blocks(a, b):
        same, distance = distance <= rounding, distance + rounding
        hit |= (same | (distance < near[place, None])).any(0)
        inside = same | (distance < far[place, None])
        count += inside.sum(0)
        covered[place] = inside.any(1)
        recalled[place] = (same | (distance < of_made)).any(1)
    rows = {"precision": hit, "recall": recalled, "density": count / 5, "coverage": covered}
    return {name: row.double() for name, row in rows.items()}


def _shares(real: Tensor, made: Tensor) -> Tensor:
    """Recall and coverage."""
    rows = _in_balls(real, made)
    return torch.stack([rows["recall"].mean(), rows["coverage"].mean()])


def two_sample(real: Tensor, made: Tensor, resamples: int = 0, seed: int = 0) -> Pair:
    """How often the nearest other sample of the union is of the same kind: 0.5 if nobody can tell them apart.

    As many of each, at most 10,000. Of several that are equally near each counts its share: equal samples are each
    other's nearest, so that one sample repeated is told from data.

    Args:
        real: Features (n, d).
        made: Features (m, d).
        resamples: As for :func:`balls`.
        seed: As there.
    """
    n = min(len(real), len(made), KEPT)
    real, made = (some(rows, n, mix(seed, kind)) for kind, rows in enumerate((real, made)))
    value = float(_told_apart(real, made))
    if resamples < 1 or n < _LEAST:
        return value, None
    (error,) = of_halves(_told_apart, real, made, resamples, seed)
    return value, error


def _told_apart(real: Tensor, made: Tensor) -> Tensor:
    """The share of samples whose nearest other one is of the same kind, of shape (1,)."""
    rows = _centred(torch.cat([real, made]), real)
    kind, own = torch.arange(len(rows)) >= len(real), 0.0
    for place, distance, rounding in _blocks(rows, rows):
        distance[torch.arange(len(place)), place] = torch.inf
        nearest = distance <= distance.min(1, keepdim=True).values + rounding
        alike = nearest & (kind[place, None] == kind)
        own += float((alike.sum(1).double() / nearest.sum(1)).sum())
    return torch.tensor([own / len(rows)], dtype=torch.float64)


def nearest(known: Tensor, x: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
    """The distances and the places of the ``k`` nearest known rows of each row, each of shape (n, k)."""
    distances, places = _tree(_array(known)).kneighbors(_array(x), n_neighbors=k)
    return torch.from_numpy(distances), torch.from_numpy(places)


def mean_and_error(values: Tensor, resamples: int = 1, seed: int = 0) -> Pair:
    """The mean of values (n,), one of each sample, and its standard error; none where no error is asked for."""
    return float(values.double().mean()), of_mean(values) if resamples > 0 and len(values) > 1 else None


def _array(rows: Tensor) -> np.ndarray:
    return rows.detach().cpu().double().numpy()


def _tree(rows: np.ndarray):
    from sklearn.neighbors import NearestNeighbors

    # In many dimensions a tree looks at everything anyway; brute force does so in blocks.
    return NearestNeighbors(algorithm="brute" if rows.shape[1] > 8 else "auto").fit(rows)


def _centred(rows: Tensor, real: Tensor) -> Tensor:
    """Rows about the mean of the reference, in double precision: squared distances cancel least there."""
    return rows.detach().cpu().double() - real.detach().cpu().double().mean(0)


def _radii(rows: Tensor, ks: tuple[int, ...]) -> list[Tensor]:
    """The squared distance of each row to its k-th other row."""
    found = torch.empty(len(rows), max(ks), dtype=torch.float64)
    for place, distance, _ in _blocks(rows, rows):
        distance[torch.arange(len(place)), place] = torch.inf
        found[place] = distance.topk(max(ks), 1, largest=False).values
    return [found[:, k - 1] for k in ks]


def _blocks(a: Tensor, b: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Squared distances of rows of ``a`` to all of ``b``, some rows at a time; and below what they are rounding."""
    ours, theirs = a.square().sum(1), b.square().sum(1)
    size = max(1, (_MEMORY << 20) // (8 * len(b)))
    for place in torch.arange(len(a)).split(size):
        sums = ours[place, None] + theirs
        yield place, torch.addmm(sums, a[place], b.T, alpha=-2), sums * _ROUNDING
