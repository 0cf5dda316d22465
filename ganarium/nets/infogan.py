"""What reads codes from samples (Chen et al., 2016): a small head on the discriminator's trunk."""

from __future__ import annotations

from torch import nn

__all__ = ["recogniser"]


def recogniser(features: int, outputs: int) -> nn.Sequential:
    """From features (B, features) to what is read (B, outputs), with a hidden layer of 128 units.

    Args:
        features: How many the discriminator's trunk has.
        outputs: How many numbers are read.

    Example:
        >>> import torch
        >>> recogniser(8, 12)(torch.zeros(2, 8)).shape
        torch.Size([2, 12])
    """
    return nn.Sequential(nn.Linear(features, 128), nn.LeakyReLU(0.1), nn.Linear(128, outputs))
