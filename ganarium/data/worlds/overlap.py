"""Three classes of points that no line keeps apart."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganarium.data.base import InMemory
from ganarium.data.codec import standardise
from ganarium.data.loading import loader
from ganarium.data.worlds.checks import at_least
from ganarium.spec import Field

__all__ = ["CENTRES", "SDS", "overlap", "posterior"]

#: The centres of the classes, on a triangle of side 2, in the data's own units.
CENTRES = ((0.0, 1.1547), (-1.0, -0.57735), (1.0, -0.57735))
#: The standard deviation of each class in each coordinate, in the same units.
SDS = (1.0, 0.7, 1.4)


@loader("overlap", title="three overlapping Gaussians", fields=("x", "y"), kinds={"x": "points", "y": "label"})
def overlap(count: int = 30_000, seed: int = 0) -> InMemory:
    """Three equally likely round Gaussians that overlap; the label is the Gaussian.

    Their centres are 2 apart and their standard deviations 1, 0.7 and 1.4, so that even the best classifier errs:
    :func:`posterior` is that classifier.

    Args:
        count: How many samples are drawn; the classes have the same number, give or take one.
        seed: What they follow from.
    """
    at_least(1, "overlap", count=count)
    generator = torch.Generator().manual_seed(seed)
    mode = torch.randperm(count, generator=generator) % len(SDS)
    centres, sds = torch.tensor(CENTRES), torch.tensor(SDS)
    points = centres[mode] + sds[mode, None] * torch.randn(count, 2, generator=generator)
    x, field = standardise(points)
    fields = {"x": field, "y": Field((), "label", classes=3, names=("0", "1", "2"))}
    truth = {"centres": centres, "sds": sds}
    return InMemory({"x": x, "y": mode}, fields, factors={"mode": mode}, truth=truth)


def posterior(points: Tensor) -> Tensor:
    r"""The true :math:`p(y \mid x)` at points in the data's own units, of shape (n, 2), as a tensor of shape (n, 3).

    Example:
        >>> posterior(torch.tensor([[-1.0, -1.0]])).argmax(1)
        tensor([1])
    """
    centres, sds = points.new_tensor(CENTRES), points.new_tensor(SDS)
    squares = (points[:, None] - centres).square().sum(2)
    return (-squares / (2 * sds**2) - 2 * sds.log() - math.log(2 * math.pi)).softmax(1)
