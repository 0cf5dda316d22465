r"""A memory of samples that were made before, so that a discriminator does not forget them.

Shrivastava et al. (2017) mix the refined images of earlier rounds into the discriminator's batches; CycleGAN (Zhu et
al., 2017) keeps the last 50 or so of each domain. The pool answers each new sample with itself or, half of the time,
with an old one whose place the new one takes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Pool"]


class Pool(nn.Module):
    r"""Samples of earlier rounds, in buffers: the state of a run, saved and resumed with it.

    While there are empty places, each new sample takes one and is returned. Once there are none, each new sample is
    with probability 1/2 returned and forgotten; else it is exchanged for a random old one. No two samples of a batch
    meet the same place; in a batch larger than the pool, the last samples are returned as they are. A pool of size 0
    returns everything as it is.

    Args:
        size: How many samples it holds.
        shape: The shape of one.

    Example:
        >>> pool = Pool(8, (2,))
        >>> new = torch.ones(8, 2)
        >>> torch.equal(pool(new), new)         # the pool fills up
        True
        >>> sorted(set(pool(2 * new).flatten().tolist()))
        [1.0, 2.0]
    """

    kept: Tensor
    taken: Tensor

    def __init__(self, size: int, shape: tuple[int, ...]):
        super().__init__()
        if size < 0:
            raise ValueError(f"A pool holds no samples (0) or some; got size={size}.")
        self.size = size
        self.register_buffer("kept", torch.zeros(size, *shape))
        self.register_buffer("taken", torch.zeros(size, dtype=torch.bool))

    @torch.no_grad()
    def forward(self, new: Tensor) -> Tensor:
        r"""Samples of the same shape (B, \*shape), new ones and old ones, without gradient."""
        new = new.detach()
        count = min(len(new), self.size)
        coming, rest = new[:count], new[count:]
        # Places in random order, the empty ones first.
        places = (torch.rand(self.size, device=new.device) + self.taken).argsort()[:count]
        old, empty = self.kept[places], ~self.taken[places]
        exchanged = ~empty & (torch.rand(count, device=new.device) < 0.5)
        self.kept[places] = torch.where(spread(empty | exchanged, old), coming.to(old.dtype), old)
        self.taken[places] = True
        return torch.cat([torch.where(spread(exchanged, old), old.to(new.dtype), coming), rest])

    def extra_repr(self) -> str:
        return f"{self.size} x {tuple(self.kept.shape[1:])}"


def spread(mask: Tensor, like: Tensor) -> Tensor:
    """A mask of shape (B,) with as many axes as ``like``."""
    return mask.reshape(-1, *[1] * (like.ndim - 1))
