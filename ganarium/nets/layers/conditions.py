"""Conditions as vectors, which networks take beside their input."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["one_hot"]


def one_hot(labels: Tensor, classes: int, like: Tensor | None = None) -> Tensor:
    """Labels of shape (B,) as vectors of shape (B, classes), one of them 1; a label of -1 (unknown) is all zeros.

    Args:
        labels: Whole numbers from -1 to classes - 1.
        classes: How many classes there are.
        like: A tensor whose type the vectors take.

    Example:
        >>> one_hot(torch.tensor([2, -1]), 3)
        tensor([[0., 0., 1.],
                [0., 0., 0.]])
    """
    dtype = torch.get_default_dtype() if like is None else like.dtype
    return (labels[:, None] == torch.arange(classes, device=labels.device)).to(dtype)
