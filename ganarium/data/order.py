r"""The order in which data is seen: one infinite stream, a function of a seed.

Position :math:`p` belongs to epoch :math:`e = \lfloor p / n \rfloor` and holds sample :math:`\pi_e(p - e n)`, where the
permutation :math:`\pi_e` follows from the seed and :math:`e` alone. Batch :math:`b` of size :math:`B` is the positions
:math:`bB, \dots, (b + 1) B - 1`, whether or not an epoch ends among them. So nothing about the order needs to be stored
but the number of batches drawn, any number of batches is skipped at once, and every epoch holds every sample once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import torch
from torch import Tensor

from ganarium.randomness import mix

__all__ = ["Order", "batch_spans", "sweep_spans"]

Span = tuple[int, int]


class Order:
    """Which sample stands where.

    Args:
        n: How many samples there are.
        seed: What the order follows from; None: as they come.
        device: Where the answers are.

    Example:
        >>> Order(3, seed=None).places(1, 5)
        tensor([1, 2, 0, 1])
    """

    def __init__(self, n: int, seed: int | None, device: torch.device | None = None):
        self.n = n
        self.seed = seed
        self.device = device
        self._epoch = -1
        self._permutation = torch.empty(0)

    def permutation(self, epoch: int) -> Tensor:
        """The samples in the order of an epoch, of shape (n,); the last one asked for is kept."""
        if epoch != self._epoch:
            if self.seed is None:
                places = torch.arange(self.n)
            else:
                places = torch.randperm(self.n, generator=torch.Generator().manual_seed(mix(self.seed, epoch)))
            self._epoch, self._permutation = epoch, places.to(self.device)
        return self._permutation

    def places(self, low: int, high: int) -> Tensor:
        """The samples at positions ``low`` to ``high`` - 1, of shape (high - low,)."""
        epoch, first = divmod(low, self.n)
        if first + high - low <= self.n:
            return self.permutation(epoch)[first : first + high - low]
        end = (epoch + 1) * self.n
        return torch.cat([self.permutation(epoch)[first:], self.places(end, high)])


def batch_spans(n: int, size: int, start: int, part: Span, who: str) -> Iterator[Span]:
    """The positions (low, high) of one process's slice of each batch, without end.

    Raises:
        ValueError: if the size does not suit ``n`` samples or the processes, or ``start`` is negative.
    """
    _check_size(size, who)
    rank, of = _check_part(part, size)
    if size > n:
        raise ValueError(
            f"{who} has {n:,} samples; a batch of {size:,} would hold some of them twice. Take {n:,} or fewer."
        )
    if start < 0:
        raise ValueError(f"start counts the batches to skip, 0 or more; got {start}.")
    share = size // of
    return ((b * size + rank * share, b * size + (rank + 1) * share) for b in count(start))


def sweep_spans(n: int, size: int, part: Span, who: str) -> Iterator[Span]:
    """The positions (low, high) of one process's slice of each batch, once through ``n`` samples.

    The last batch may be smaller, and a process whose slice of it would be empty goes without.

    Raises:
        ValueError: if the size does not suit the processes.
    """
    _check_size(size, who)
    rank, of = _check_part(part, size)
    for low in range(0, n, size):
        here = min(size, n - low)
        span = low + here * rank // of, low + here * (rank + 1) // of
        if span[0] < span[1]:
            yield span


def _check_size(size: int, who: str) -> None:
    if size < 1:
        raise ValueError(f"A batch of {who} holds at least one sample; got size {size}.")


def _check_part(part: Span, size: int) -> Span:
    rank, of = part
    if not 0 <= rank < of:
        raise ValueError(f"part is (rank, processes) with 0 <= rank < processes; got {part}.")
    if size % of:
        fitting = max(size // of, 1) * of
        raise ValueError(
            f"A batch of {size} does not divide among {of} processes. Take a multiple of {of}, such as {fitting}."
        )
    return rank, of
