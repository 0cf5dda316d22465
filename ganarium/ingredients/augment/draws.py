"""Random numbers, one for each sample."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["along", "normal", "places", "uniform"]


def uniform(x: Tensor, low: float, high: float) -> Tensor:
    """One number from U[low, high] for each sample of ``x``, of shape (B, 1, ..., 1)."""
    u = torch.rand(len(x), *[1] * (x.ndim - 1), device=x.device, dtype=x.dtype)
    return low + (high - low) * u


def normal(x: Tensor, sd: float) -> Tensor:
    """One number from N(0, sd^2) for each sample of ``x``, of shape (B, 1), at least in single precision."""
    dtype = torch.promote_types(x.dtype, torch.float32)
    return sd * torch.randn(len(x), 1, device=x.device, dtype=dtype)


def places(x: Tensor, axis: int, low: int, high: int) -> Tensor:
    """Places along ``axis`` of shape (B, N), less one whole number for each sample, from low to high inclusive."""
    offset = torch.randint(low, high + 1, (len(x), 1), device=x.device)
    return torch.arange(x.shape[axis], device=x.device) - offset


def along(row: Tensor, x: Tensor, axis: int) -> Tensor:
    """``row``, of shape (B, N), with N at ``axis`` and as many axes as ``x``."""
    shape = [1] * x.ndim
    shape[0], shape[axis] = row.shape
    return row.reshape(shape)
