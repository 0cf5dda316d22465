"""What of the data samples are nearest to: a first look at whether they are copies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Neighbours", "neighbours"]


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
    seen, own, start = features or torch.Tensor.cpu, _flat(samples, features), 0
    distances = torch.empty(len(samples), 0, dtype=own.dtype)
    places = torch.empty(len(samples), 0, dtype=torch.long)
    found = samples.cpu()[:, None][:, :0]
    for block in blocks:
        if block.shape[1:] != samples.shape[1:]:
            raise ValueError(f"Samples are {tuple(samples.shape[1:])}, and the data {tuple(block.shape[1:])}.")
        apart = torch.cdist(own, seen(block).flatten(1).to(own), compute_mode="donot_use_mm_for_euclid_dist")
        near = apart.topk(min(k, len(block)), largest=False)
        distances, places = torch.cat([distances, near.values], 1), torch.cat([places, near.indices + start], 1)
        found = torch.cat([found, block.cpu()[near.indices]], 1)
        best = distances.sort(stable=True, dim=1).indices[:, :k]
        distances, places = distances.gather(1, best), places.gather(1, best)
        found = found[torch.arange(len(found))[:, None], best]
        start += len(block)
    if start < k:
        raise ValueError(f"The data has {start} samples, fewer than the k={k} neighbours that were asked for.")
    return Neighbours(distances, places, found)


def _flat(samples: Tensor, features: Callable[[Tensor], Tensor] | None) -> Tensor:
    return (samples if features is None else features(samples)).flatten(1).cpu().float()
