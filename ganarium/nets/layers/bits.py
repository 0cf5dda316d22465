"""Generators of independent bits: what comes out are logits, and bits are drawn from them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganarium.nets.layers.blocks import ToImage

__all__ = ["log_mass", "thrown", "without_squashing"]


def without_squashing(generator: nn.Module) -> nn.Module:
    """The generator without the function at its end that brings images to [-1, 1]; changed in place."""
    last = [name for name, module in generator.named_modules() if isinstance(module, nn.Tanh | ToImage)][-1:]
    for name in last:
        generator.set_submodule(name, nn.Identity())
    return generator


def thrown(chance: Tensor) -> Tensor:
    """Bits of -1 or 1, without gradient: 1 with this chance, each for itself.

    Example:
        >>> thrown(torch.tensor([0.0, 1.0])).tolist()
        [-1.0, 1.0]
    """
    with torch.no_grad():
        return (torch.rand_like(chance) < chance).to(chance.dtype) * 2 - 1


def log_mass(x: Tensor, logits: Tensor, axes: int) -> Tensor:
    r"""The log-probability of bits, in nats: :math:`-\sum_i \mathrm{softplus}(-x_i \ell_i)`.

    Args:
        x: Bits of -1 or 1.
        logits: Of the bits being 1; of a shape that fits ``x``.
        axes: How many of the last axes are the bits of one sample.
    """
    return -softplus(-x * logits).flatten(-axes).sum(-1)
