"""What of the data samples are nearest to: a first look at whether they are copies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Nearest", "Neighbours", "neighbours"]

_QUERIES = 2048  # rows that are compared at a time
_PAIRS = 1024
_FEW = 64  # numbers of a row, up to which they are compared in double precision
_KEPT = 0.95  # of the variance, by the axes that bounds are worked out on
_WIDE = 4096  # numbers of a row, beyond which no such axes are looked for


@dataclass(frozen=True)
class Neighbours:
    """The nearest of the data, for each of n samples, near ones first.

    Args:
        distances: Euclidean, in pixels or in features, of shape (n, k).
        places: Where they stand in the data, of shape (n, k).
        samples: They themselves, of shape (n, k, \\*shape).
    """

    distances: Tensor
    places: Tensor
    samples: Tensor


class Nearest:
    r"""The ``k`` nearest of rows that come in blocks, to each of some other rows. Exact, whatever the blocks are.

    A block is first compared on the axes :math:`V` along which the rows vary most, where

    .. math::

        \|x - y\|^2 \ge \|V^\top (x - y)\|^2 + (r_x - r_y)^2, \qquad r_x = \|x - V V^\top x\|,

    and distances are worked out, as norms of differences, only where this bound is below the k-th distance so far.

    Args:
        own: The rows (n, d) whose neighbours are looked for.
        k: How many.

    Example:
        >>> near = Nearest(torch.tensor([[3.0]]), k=2)
        >>> for block in torch.tensor([[0.0], [2.0], [9.0]]).split(2):
        ...     _ = near.add(block)
        >>> near.places, near.distances
        (tensor([[1, 0]]), tensor([[1., 3.]]))
    """

    def __init__(self, own: Tensor, k: int):
        self.own, self.k, self.seen = own, k, 0
        self.distances = torch.full((len(own), k), torch.inf, dtype=own.dtype)
        self.places = torch.full((len(own), k), -1)
        self._centre = own.mean(0, keepdim=True, dtype=torch.float64)
        self._axes = _axes(self._centred(own))
        self._shadows = self._shadow(own)

    @property
    def lengths(self) -> Tensor:
        """How far each of the rows is from the middle of them, of shape (n,)."""
        return self._centred(self.own).norm(dim=1)

    def add(self, block: Tensor) -> tuple[Tensor, Tensor]:
        """Look at further rows (m, d).

        Returns:
            For each of the nearest as they now are (n, k), where it stands in this block; and whether it is in it. Of
            those that are not, where they stood among the k before.
        """
        shadows, moved, new = self._shadow(block), [], []
        for start in range(0, len(self.own), _QUERIES):
            part = slice(start, start + _QUERIES)
            rows, columns = self._candidates(part, block, shadows)
            found = _first(rows, columns, self._apart(part, block, rows, columns), len(self.own[part]), self.k)
            here, there = self._merged(part, *found)
            moved.append(here)
            new.append(there)
        self.seen += len(block)
        return torch.cat(moved), torch.cat(new)

    def _candidates(self, part: slice, block: Tensor, shadows: Tensor) -> tuple[Tensor, Tensor]:
        """The pairs, as rows and columns, that may be among the nearest."""
        own = self._shadows[part]
        of_own, of_block = own.square().sum(1, keepdim=True), shadows.square().sum(1)
        bounds = torch.addmm(of_block[None], own, shadows.T, alpha=-2).add_(of_own)
        slack = 16 * torch.finfo(bounds.dtype).eps * (of_own + of_block.max())
        limits = self.distances[part, -1:].to(bounds).square()
        if self.seen < self.k:
            limits = limits.minimum(self._limits(part, block, bounds))
        rows, columns = (bounds <= limits * (1 + 1e-5) + slack).nonzero(as_tuple=True)
        return rows, columns

    def _limits(self, part: slice, block: Tensor, bounds: Tensor) -> Tensor:
        """The square of the k-th distance is no more, for each row (n, 1)."""
        if len(block) < self.k:
            return torch.full((len(bounds), 1), torch.inf, dtype=bounds.dtype)
        columns = bounds.topk(self.k, largest=False).indices
        rows = torch.arange(len(bounds))[:, None].expand_as(columns)
        apart = self._apart(part, block, rows.flatten(), columns.flatten())
        return apart.view(columns.shape).amax(1, keepdim=True).to(bounds).square()

    def _apart(self, part: slice, block: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """Distances of pairs."""
        own = self.own[part]
        pairs = zip(rows.split(_PAIRS), columns.split(_PAIRS), strict=True)
        return torch.cat([(own[one] - block[other]).norm(dim=1) for one, other in pairs])

    def _merged(self, part: slice, distances: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        both = torch.cat([self.distances[part], distances], 1)
        # Of equal ones those that came first stay first.
        values, best = (each[:, : self.k] for each in both.sort(dim=1, stable=True))
        new = best >= self.k
        where = torch.where(new, torch.cat([columns, columns], 1).gather(1, best), best)
        before = self.places[part].gather(1, best.clamp(max=self.k - 1))
        self.distances[part], self.places[part] = values, torch.where(new, where + self.seen, before)
        return where, new

    def _shadow(self, rows: Tensor) -> Tensor:
        """The rows along the axes, with the length of what is left; in double precision if they are short."""
        rows = self._centred(rows)
        if self._axes is None:
            return rows
        along = rows @ self._axes
        rest = rows.square().sum(1) - along.square().sum(1)
        return torch.cat([along, rest.clamp(min=0).sqrt()[:, None]], 1)

    def _centred(self, rows: Tensor) -> Tensor:
        """The rows from the middle of them all; rounded only then, so that a large mean costs nothing."""
        centred = rows.double() - self._centre
        return centred if rows.shape[1] <= _FEW else centred.to(self.own)


def _axes(centred: Tensor) -> Tensor | None:
    """The axes (d, m) that keep most of the variance of some rows; None where all are as well taken."""
    n, d = centred.shape
    if n < _QUERIES or not _FEW < d <= _WIDE:
        return None
    some = centred[:: max(1, n // 4096)]
    variances, axes = torch.linalg.eigh(some.T @ some)
    shares = variances.flip(0).clamp(min=0).cumsum(0) / variances.clamp(min=0).sum().clamp(min=1e-30)
    m = int((shares < _KEPT).sum()) + 1
    return None if m > d // 2 else axes.flip(1)[:, :m].contiguous()


def _first(rows: Tensor, columns: Tensor, apart: Tensor, n: int, k: int) -> tuple[Tensor, Tensor]:
    """The k least of the pairs of each row, and their columns, both (n, k); infinite where a row has fewer."""
    order = apart.argsort(stable=True)
    order = order[rows[order].argsort(stable=True)]
    rows = rows[order]
    begins = torch.searchsorted(rows, torch.arange(n))
    ranks = torch.arange(len(rows)) - begins[rows]
    kept = ranks < k
    distances, found = torch.full((n, k), torch.inf, dtype=apart.dtype), torch.zeros(n, k, dtype=torch.long)
    distances[rows[kept], ranks[kept]] = apart[order][kept]
    found[rows[kept], ranks[kept]] = columns[order][kept]
    return distances, found


@torch.no_grad()
def neighbours(
    samples: Tensor, blocks: Iterable[Tensor], k: int = 5, features: Callable[[Tensor], Tensor] | None = None
) -> Neighbours:
    """The ``k`` nearest of the data to each sample. No more than a block of the data is held.

    Args:
        samples: Of shape (n, \\*shape).
        blocks: The data in its own order, in parts of shape (m, \\*shape).
        k: How many neighbours.
        features: What distances are measured in, from (m, \\*shape) to m rows; None: the numbers themselves.

    Raises:
        ValueError: if the data has fewer than k samples, or of another shape.

    Example:
        >>> data = torch.tensor([[0.0], [2.0], [9.0]])
        >>> neighbours(torch.tensor([[3.0]]), data.split(2), k=2).places
        tensor([[1, 0]])
    """
    if k < 1:
        raise ValueError(f"Samples have one nearest neighbour or more; got k={k}.")
    near = Nearest(_flat(samples, features), k)
    found = torch.zeros(len(samples), k, *samples.shape[1:], dtype=samples.dtype)
    for block in blocks:
        if block.shape[1:] != samples.shape[1:]:
            raise ValueError(f"Samples are {tuple(samples.shape[1:])}, and the data {tuple(block.shape[1:])}.")
        where, new = near.add(_flat(block, features))
        old = found[torch.arange(len(found))[:, None], where.masked_fill(new, 0)]
        found = old.index_put((new,), block.cpu()[where[new]])
    if near.seen < k:
        raise ValueError(f"The data has {near.seen} samples, fewer than the k={k} neighbours that were asked for.")
    return Neighbours(near.distances, near.places, found)


def _flat(samples: Tensor, features: Callable[[Tensor], Tensor] | None) -> Tensor:
    return (samples if features is None else features(samples)).flatten(1).cpu().float()
