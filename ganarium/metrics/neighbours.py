r"""What nearest neighbours say: precision and recall, density and coverage, two samples.

With :math:`B_k(x)` the ball around :math:`x` that reaches to its :math:`k`-th neighbour in its own set,

.. math::

    \text{precision} &= P\bigl(g \in \cup_r B_3(r)\bigr), & \text{recall} &= P\bigl(r \in \cup_g B_3(g)\bigr), \\
    \text{density} &= \tfrac1{5} \mathbb E_g \#\{r : g \in B_5(r)\}, & \text{coverage} &= P(\exists g \in B_5(r)).

Two traps: outliers have large balls, so that recall can be high for garbage; and one repeated good sample has a
precision of 1. Density and coverage use only the balls of real data, and do not fall into the first.

References:
    Kynkäänniemi, Karras, Laine, Lehtinen, Aila: Improved Precision and Recall Metric, NeurIPS 2019.
    Naeem, Oh, Uh, Choi, Yoo: Reliable Fidelity and Diversity Metrics for Generative Models, ICML 2020.
    Lopez-Paz, Oquab: Revisiting Classifier Two-Sample Tests, ICLR 2017.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ganarium.metrics.looks import KEPT

__all__ = ["Pair", "balls", "mean_and_error", "nearest", "two_sample"]

Pair = tuple[float, float | None]
_MEMORY = 128  # MiB of distances at a time


def balls(real: Tensor, made: Tensor, resamples: int = 0, seed: int = 0) -> dict[str, Pair]:
    """Precision, recall (k = 3), density and coverage (k = 5), each with its standard error.

    Args:
        real: Features (n, d).
        made: Features (m, d).
        resamples: How often samples are drawn anew for the error; 0 estimates none.
        seed: What these draws follow from.

    Raises:
        ValueError: if there are fewer than six samples of either.
    """
    a, b = _array(real[:KEPT]), _array(made[:KEPT])
    if min(len(a), len(b)) < 6:
        raise ValueError(f"Fifth neighbours need six samples or more; got {len(a)} real and {len(b)} generated ones.")
    near, far = _radii(a, (3, 5))
    (of_made,) = _radii(b, (3,))
    hit = np.zeros(len(b), bool)
    count = np.zeros(len(b))
    recalled, covered = np.zeros(len(a), bool), np.zeros(len(a), bool)
    for place, distance in _blocks(a, b):
        hit |= (distance <= near[place, None]).any(0)
        inside = distance <= far[place, None]
        count += inside.sum(0)
        covered[place] = inside.any(1)
        recalled[place] = (distance <= of_made).any(1)
    rows = {"precision": hit, "recall": recalled, "density": count / 5, "coverage": covered}
    return {name: mean_and_error(torch.from_numpy(row), resamples, seed) for name, row in rows.items()}


def two_sample(real: Tensor, made: Tensor, resamples: int = 0, seed: int = 0) -> Pair:
    """How often the nearest other sample of the union is of the same kind: 0.5 if nobody can tell them apart.

    Equal counts of each, and of equal samples only one, for a sample's own copy would be its nearest neighbour.
    """
    both = [torch.unique(rows[:KEPT], dim=0) for rows in (real, made)]
    generator = torch.Generator().manual_seed(seed)
    n = min(map(len, both))
    both = [rows[torch.randperm(len(rows), generator=generator)[:n]] for rows in both]
    union = _array(torch.cat(both))
    kind = np.repeat([0, 1], n)
    _, places = _tree(union).kneighbors(n_neighbors=1)
    return mean_and_error(torch.from_numpy(kind[places[:, 0]] == kind), resamples, seed)


def nearest(known: Tensor, x: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
    """The distances and the places of the ``k`` nearest known rows of each row, each of shape (n, k)."""
    distances, places = _tree(_array(known)).kneighbors(_array(x), n_neighbors=k)
    return torch.from_numpy(distances), torch.from_numpy(places)


def mean_and_error(values: Tensor, resamples: int, seed: int) -> Pair:
    """The mean of values (n,), and its standard error when they are drawn anew from themselves."""
    values = values.double()
    if resamples < 2:
        return float(values.mean()), None
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randint(len(values), (resamples, len(values)), generator=generator)
    return float(values.mean()), float(values[chosen].mean(1).std())


def _array(rows: Tensor) -> np.ndarray:
    return rows.detach().cpu().double().numpy()


def _tree(rows: np.ndarray):
    from sklearn.neighbors import NearestNeighbors

    # In many dimensions a tree looks at everything anyway; brute force does so in blocks.
    return NearestNeighbors(algorithm="brute" if rows.shape[1] > 8 else "auto").fit(rows)


def _radii(rows: np.ndarray, ks: tuple[int, ...]) -> list[np.ndarray]:
    """The distance of each row to its k-th other row."""
    distances, _ = _tree(rows).kneighbors(n_neighbors=max(ks))
    return [distances[:, k - 1] for k in ks]


def _blocks(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Distances of rows of ``a`` to all of ``b``, some rows at a time."""
    from sklearn.metrics import pairwise_distances

    size = max(1, (_MEMORY << 20) // (8 * len(b)))
    for start in range(0, len(a), size):
        place = np.arange(start, min(start + size, len(a)))
        yield place, pairwise_distances(a[place], b)
