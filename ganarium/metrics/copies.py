r"""Copies: samples that are nearer to what was learned from than data that was not.

With :math:`d_1(x) \le d_2(x) \le \dots` the distances of :math:`x` to *all* that was learned from, samples are compared
with held-out data, whose distances are to the same. There need not be as many. Copies are near, and near to one; what
is blurred, or too much alike, is near to many. So each test is of two numbers, the distance :math:`d_1` and its ratio
:math:`d_1 / d_5` to that of the fifth neighbour:

* *ranks*: :math:`P(d(\text{sample}) < d(\text{held out}))`, within each of a few cells of a k-means, and over them in
  the mean. Meehan's statistic is the mean over cells of the standardised rank sums of :math:`d_1`, below zero where
  samples are nearer. What is taken for copying is nearer by the distance, and by the ratio more often than 0.55;
* *the tail*: how many samples lie below the 0.1 % quantile of held-out data, by the ratio. Below the k-th least of m
  fall as many of n as a beta-binomial law says, :math:`BB(n, k, m + 1 - k)`, whatever the law of distances is;
* *duplicates*: samples that equal data to the rounding of single precision, more often than held-out data does, which
  may equal some too (Fisher's exact test).

The least of the three chances, times three, is the chance of so much without copying. Samples that share their nearest
neighbour say the same thing more than once: where they do so more than held-out data does, counts are divided by how
much more, so that a generator that repeats one sample is not taken for a copier.

References:
    Meehan, Chaudhuri, Dasgupta: A Non-Parametric Test to Detect Data-Copying in Generative Models, AISTATS 2020.
    van Elteren: On the Combination of Independent Two-Sample Tests of Wilcoxon, 1960.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganarium.latent.nearest import Nearest
from ganarium.metrics.neighbours import Pair, nearest

__all__ = ["BLOCK", "LEVEL", "ROWS", "TAIL", "Copies", "Near", "cells", "compare", "copies", "nearer", "search"]

LEVEL = 0.05
TAIL = 0.001
NEXT = 5  # the neighbour that the nearest is compared with
_SAME = 1e-6  # of the length of a row from the middle of the data, below which it is equal
_CELLS, _IN_A_CELL = 10, 20
_FAR = 2.0  # below minus this, samples are nearer by Meehan's statistic
_SLIGHT = 0.55  # how often the ratio may be less without copying: a slight blur comes to 0.52
#: Training rows that cells are found by; and how many are looked at at a time.
ROWS, BLOCK = 2000, 4096


@dataclass(frozen=True)
class Near:
    """What some rows are nearest to.

    Args:
        distances: To the nearest row that was learned from (n,).
        ratios: Those over the distances to the fifth nearest (n,).
        places: Where the nearest stands (n,).
        equal: Whether a row equals it (n,).
    """

    distances: Tensor
    ratios: Tensor
    places: Tensor
    equal: Tensor

    def __len__(self) -> int:
        return len(self.distances)

    def at(self, places: Tensor | slice) -> Near:
        """Those of some of the rows."""
        return Near(self.distances[places], self.ratios[places], self.places[places], self.equal[places])

    def and_(self, other: Near) -> Near:
        """Those of both."""
        names = ("distances", "ratios", "places", "equal")
        return Near(*(torch.cat([getattr(self, name), getattr(other, name)]) for name in names))


@dataclass(frozen=True)
class Copies:
    """How samples lie to what was learned from, beside held-out data.

    Args:
        nearer: How often a sample is nearer than held-out data in its cell; 0.5 without copying.
        z: Meehan's statistic; below zero where samples are nearer.
        tail: The share of samples nearer to training data than the 0.1 % quantile of held-out data.
        single: The share whose ratio of distances is below that quantile.
        level: What both are expected to be.
        duplicates: The share of samples that equal training data.
        usual: The share of held-out data that does.
        effective: How many neighbours the samples have, effectively.
        chances: How probable so much is without copying, by the name of the test.
    """

    nearer: Pair
    z: float
    tail: Pair
    single: Pair
    level: float
    duplicates: Pair
    usual: float
    effective: float
    chances: dict[str, float]

    @property
    def chance(self) -> float:
        """How probable so much is without copying, by any of the tests."""
        return min(1.0, len(self.chances) * min(self.chances.values()))

    @property
    def found(self) -> bool:
        """Whether there are copies, at a level of 0.05."""
        return self.chance <= LEVEL

    def __str__(self) -> str:
        name = min(self.chances, key=lambda each: self.chances[each])
        seen = f"by {name}" if self.found else "by ranks, the tail and duplicates"
        word = "found" if self.found else "none that could not be chance"
        near = (
            "" if self.found or self.z > -_FAR else "; samples are nearer to all of it than held-out data, not to one"
        )
        return f"{word}, {seen} (chance {self.chance:.2g}); Meehan's z {self.z:.2f}{near}"


@torch.no_grad()
def search(rows: Tensor, blocks: Iterable[Tensor], itself: bool = False) -> Near:
    """What rows (n, d) are nearest to, of rows (m, d) that come in blocks.

    Args:
        rows: Whose neighbours are looked for.
        blocks: Where.
        itself: Whether the rows are among these, and each is not to be its own neighbour.

    Raises:
        ValueError: if there are fewer than two of these.
    """
    near = Nearest(rows.detach().cpu().flatten(1), NEXT + itself)
    for block in blocks:
        near.add(block)
    if near.seen < 2 + itself:
        raise ValueError(f"Copies are looked for among two samples or more; got {near.seen}.")
    distances, places = (each[:, int(itself) : near.seen] for each in (near.distances, near.places))
    one, far = distances[:, 0].double(), distances[:, -1].double()
    ratios = torch.where(one > 0, one / far.clamp(min=1e-300), 0.0)
    return Near(one, ratios, places[:, 0], one <= _SAME * near.lengths)


def copies(train: Tensor, held_out: Tensor, made: Tensor, seed: int = 0) -> Copies:
    r"""How samples lie to what was learned from, beside data that was not.

    Args:
        train: All that was learned from (m, \*shape).
        held_out: Data of the same law that was not (h, \*shape).
        made: Samples (n, \*shape).
        seed: What cells follow from.

    Example:
        >>> train, others, fresh = torch.randn(3, 500, 8, generator=torch.Generator().manual_seed(0))
        >>> copies(train, others, fresh).found, copies(train, others, train).found
        (False, True)
    """
    train, held_out, made = (rows.detach().cpu().flatten(1) for rows in (train, held_out, made))
    near = search(torch.cat([held_out, made]), train.split(BLOCK))
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))[:ROWS]
    which = cells(train[order], min(len(made), len(held_out)))
    return compare(near.at(slice(len(held_out), None)), near.at(slice(len(held_out))), which(made), which(held_out))


def nearer(train: Tensor, held_out: Tensor, made: Tensor) -> float:
    """How often rows (m, d) are nearer to those (n, d) that were learned from than to as many that were not."""
    if len(train) != len(held_out):
        raise ValueError(f"As much data of both is compared; got {len(train)} and {len(held_out)} rows.")
    one, other = (nearest(rows, made)[0][:, 0] for rows in (train, held_out))
    return float(((one < other).double() + 0.5 * (one == other).double()).mean())


def cells(train: Tensor, fewest: int) -> Callable[[Tensor], Tensor]:
    """A k-means of some training rows: from rows (n, d) to the number of the cell of each.

    Args:
        train: Rows (m, d).
        fewest: How many samples, or held-out data, there will be at the least.
    """
    from sklearn.cluster import KMeans

    k = max(1, min(_CELLS, len(train) // _IN_A_CELL, fewest // (2 * _IN_A_CELL)))
    found = KMeans(k, n_init="auto", random_state=0).fit(train.double().numpy())
    return lambda rows: torch.from_numpy(found.predict(rows.double().numpy())).long()


def compare(made: Near, held_out: Near, made_in: Tensor, held_out_in: Tensor) -> Copies:
    """How samples lie to what was learned from, by what they and held-out data are nearest to.

    Args:
        made: Of n samples.
        held_out: Of m held-out data.
        made_in: The cell of each sample (n,).
        held_out_in: The cell of each of held-out data (m,).
    """
    from scipy import stats

    often = _repeated(made.places, held_out.places)
    by_distance, by_ratio = (
        _ranks(*each, made_in, held_out_in)
        for each in ((made.distances, held_out.distances), (made.ratios, held_out.ratios))
    )
    least = max(1, int(TAIL * len(held_out)))
    tail, single = (
        one < other.kthvalue(least).values
        for one, other in ((made.distances, held_out.distances), (made.ratios, held_out.ratios))
    )
    n, m, same = round(len(made) / often), len(held_out), int(held_out.equal.sum())
    alone, equal = (round(float(each.sum()) / often) for each in (single, made.equal))
    chances = {
        "ranks": float(stats.norm.cdf(max(by_distance.beyond(0.5), by_ratio.beyond(_SLIGHT)) / often**0.5)),
        "the tail": float(stats.betabinom(n, least, m + 1 - least).sf(alone - 1)),
        "duplicates": float(stats.hypergeom(n + m, equal + same, n).sf(equal - 1)),
    }
    near, one, doubles = (_share(each) for each in (tail, single, made.equal))
    effective = len(made) ** 2 / float(torch.bincount(made.places).double().square().sum())
    return Copies(by_distance.nearer, by_distance.z, near, one, least / (m + 1), doubles, same / m, effective, chances)


@dataclass(frozen=True)
class _Ranks:
    """What ranks within cells say.

    Args:
        weights: The share of held-out data in each cell (c,).
        won: How often a sample is less there (c,).
        errors: Its standard error, with the samples drawn anew (c,).
        sds: What it would be if both were of one law (c,).
    """

    weights: Tensor
    won: Tensor
    errors: Tensor
    sds: Tensor

    @property
    def nearer(self) -> Pair:
        """How often a sample is less, and its standard error."""
        return float((self.weights * self.won).sum()), float((self.weights * self.errors).norm())

    @property
    def z(self) -> float:
        """The mean over cells of the standardised rank sum, below zero where samples are less."""
        return float((self.weights * (0.5 - self.won) / self.sds).sum())

    def beyond(self, share: float) -> float:
        """How surely samples are less more often than this share, as a normal number: the less, the surer."""
        return float((self.weights * (share - self.won) / self.sds).sum() / self.weights.norm())


def _ranks(made: Tensor, held_out: Tensor, made_in: Tensor, held_out_in: Tensor) -> _Ranks:
    cells = _filled(made_in, held_out_in)
    if not cells:
        cells, made_in, held_out_in = [0], torch.zeros_like(made_in), torch.zeros_like(held_out_in)
    parts = [(made[made_in == cell], held_out[held_out_in == cell]) for cell in cells]
    counts = torch.tensor([len(other) for _, other in parts], dtype=torch.float64)
    rows = torch.tensor([_won(*part) for part in parts], dtype=torch.float64)
    return _Ranks(counts / counts.sum(), *rows.T)


def _filled(*cells: Tensor) -> list[int]:
    """The cells with enough of both."""
    counts = [torch.bincount(each, minlength=int(max(c.max() for c in cells)) + 1) for each in cells]
    return (torch.stack(counts).amin(0) >= _IN_A_CELL).nonzero()[:, 0].tolist()


def _won(made: Tensor, held_out: Tensor) -> tuple[float, float, float]:
    """How often samples are less, its standard error, and what that would be if both were of one law."""
    n, m = len(made), len(held_out)
    ordered = held_out.sort().values
    below, upto = (torch.searchsorted(ordered, made, right=right) for right in (False, True))
    # Of equals, half are less.
    won = 1 - (below + upto).double() / (2 * m)
    _, ties = torch.cat([made, held_out]).unique(return_counts=True)
    crowd = (ties.double() ** 3 - ties).sum() / ((n + m) * (n + m - 1))
    sd = ((n + m + 1 - float(crowd)) / (12 * n * m)) ** 0.5
    return float(won.mean()), float(won.std()) / n**0.5, max(sd, 1e-12)


def _repeated(made: Tensor, held_out: Tensor) -> float:
    """How much more often than held-out data samples share their nearest neighbour; one or more."""
    n, m = len(made), len(held_out)
    one, other = (torch.bincount(each).double() for each in (made, held_out))
    usual = float((other * (other - 1)).sum()) / max(m * (m - 1), 1)
    return max(1.0, float(one.square().sum()) / n / (1 + (n - 1) * usual))


def _share(true: Tensor) -> Pair:
    share = float(true.double().mean())
    return share, (share * (1 - share) / len(true)) ** 0.5
