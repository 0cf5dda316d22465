"""Which samples are learned from, and which are kept for testing."""

from __future__ import annotations

import torch
from torch import Tensor

from ganarium.randomness import mix

__all__ = ["halves"]


def halves(n: int, labels: Tensor | None = None, test: int | Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The places of the train and of the test samples, each ascending; a function of the arguments alone.

    Every label gets its share of the test samples, rounded so that their total is right (largest remainders); but one
    sample of each label is learned from, where there are more samples than labels.

    Args:
        n: How many samples there are, two or more.
        labels: What the split is stratified by, whole numbers of shape (n,); None: nothing.
        test: How many samples are kept for testing, or the places of those; None: a fifth.

    Example:
        >>> train, test = halves(10, labels=torch.arange(10) % 2, test=4)
        >>> (test % 2).sum()
        tensor(2)
    """
    if isinstance(test, Tensor):
        kept = torch.zeros(n, dtype=torch.bool).index_fill(0, test, True)
        return (~kept).nonzero().flatten(), kept.nonzero().flatten()
    test = min(max(round(n / 5) if test is None else test, 1), n - 1)
    labels = torch.zeros(n, dtype=torch.long) if labels is None else labels
    _, classes, counts = torch.unique(labels, return_inverse=True, return_counts=True)
    shuffled = torch.randperm(n, generator=torch.Generator().manual_seed(mix(n, test)))
    order = shuffled[classes[shuffled].argsort(stable=True)]
    # The place of each sample among those of its class, in shuffled order: the first ones are held out.
    rank = torch.empty(n, dtype=torch.long)
    rank[order] = torch.arange(n) - (counts.cumsum(0) - counts)[classes[order]]
    held = rank < _kept(_shares(counts, test), counts)[classes]
    return (~held).nonzero().flatten(), held.nonzero().flatten()


def _kept(shares: Tensor, counts: Tensor) -> Tensor:
    """The shares, none of them all there is: what is too much is taken of the others that have most left."""
    room = counts - 1
    over = int((shares - room).clamp(min=0).sum())
    if not int(room.sum()):
        return shares
    shares = torch.minimum(shares, room)
    for _ in range(min(over, int((room - shares).sum()))):
        shares[(room - shares).argmax()] += 1
    return shares


def _shares(counts: Tensor, total: int) -> Tensor:
    """``total`` divided in the proportions of ``counts``, in whole numbers."""
    exact = counts.double() * total / counts.sum()
    shares = exact.floor().long()
    most_cut = (shares - exact).argsort(stable=True)
    shares[most_cut[: total - int(shares.sum())]] += 1
    return shares
