"""Fully connected networks, for points of any dimension.

Weights and biases begin as PyTorch draws them. That is smaller than He's draw and better here: on the ring of eight
Gaussians, 89 to 96 % of the samples were good over six runs, and 45 to 94 % with He's.
"""

from __future__ import annotations

from torch import nn

from ganarium.nets.layers.blocks import SLOPE, block, named
from ganarium.nets.layers.norms import Norm
from ganarium.spec import Field

__all__ = ["mlp_body", "mlp_trunk"]

# Three layers of 128 fit the two-dimensional worlds of the literature and take a millisecond.
DEPTH = 3
WIDTH = 128


def check_points(field: Field) -> None:
    """Raise unless a sample is a vector."""
    if len(field.shape) != 1:
        raise ValueError(f"Points have the shape (D,); got {field.shape}. Flatten each sample first.")


def hidden(
    inputs: int, width: int, first: Norm | None, norm: Norm | None, slope: float, depth: int
) -> dict[str, nn.Module]:
    """The hidden blocks, ``depth`` of them, all of ``width`` units; the first may have another norm."""
    blocks = {}
    for i in range(depth):
        here = norm if i else first
        # Batch norm takes the mean away, and a bias with it.
        layer = nn.Linear(width if i else inputs, width, bias=here != "batch")
        blocks[f"hidden{i + 1}"] = block(layer, width, 0, here, slope)
    return blocks


def mlp_body(inputs: int, field: Field, width: int | None, norm: Norm | None, depth: int = DEPTH) -> nn.Sequential:
    r"""From vectors of shape (B, inputs) to points of shape (B, D), with a linear end."""
    check_points(field)
    width = width or WIDTH
    blocks = hidden(inputs, width, norm, norm, 0.0, depth)
    return named(**blocks, out=nn.Linear(width, field.size))


def mlp_trunk(
    condition: int, field: Field, width: int | None, norm: Norm | None, depth: int = DEPTH
) -> tuple[nn.Sequential, int]:
    r"""From points of shape (B, D + condition) to features, and how many features there are.

    The first block has no norm: the scale and place of the data are what the trunk is to see.
    """
    check_points(field)
    width = width or WIDTH
    blocks = hidden(field.size + condition, width, None, norm, SLOPE, depth)
    return named(**blocks), width
