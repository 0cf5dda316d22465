"""Filled and outlined shapes, drawn without steps: the pencil of the worlds of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

__all__ = ["SHAPES", "blend", "colours", "cover", "distance"]

#: The shapes, by their place.
SHAPES = ("circle", "square", "triangle", "cross")

_FINE = 64  # how many points a side of the image is sampled at, at least
_CHUNK = 256  # images that are drawn at once


def distance(shape: int, right: Tensor, down: Tensor) -> Tensor:
    """How far points lie from the edge of a shape of radius 1 around zero, negative inside.

    It is exact along the normal of each side; around outer corners, the largest distance to a side stands for it.

    Args:
        shape: The place of the shape in :data:`SHAPES`.
        right: How far right of the centre the points lie, of any shape.
        down: How far below the centre, of the same shape.
    """
    if shape == 0:
        return torch.hypot(right, down) - 1
    if shape == 1:
        return torch.maximum(right.abs(), down.abs()) - 0.88
    if shape == 2:  # an isosceles triangle that points up
        slopes = 0.8944 * right.abs() - 0.4472 * (down + 1.0)
        return torch.maximum(slopes, down - 0.85)
    across = torch.maximum(right.abs() - 1.0, down.abs() - 0.34)
    along = torch.maximum(right.abs() - 0.34, down.abs() - 1.0)
    return torch.minimum(across, along)


def cover(shape: Tensor, right: Tensor, down: Tensor, radius: Tensor, size: int, line: float | None = None) -> Tensor:
    """How much of each pixel a shape covers, from 0 to 1, of shape (n, size, size).

    Each pixel is sampled at several points of a fine grid, so that edges are smooth and sub-pixel moves are seen.

    Args:
        shape: Places in :data:`SHAPES`, of shape (n,).
        right: Where the centres are: -1 is the left edge of the image and 1 the right one, of shape (n,).
        down: -1 is the upper edge and 1 the lower one, of shape (n,).
        radius: In halves of the image's side, of shape (n,).
        size: The side of the images in pixels.
        line: Outlines of this width inside of the edge, in halves of the image's side; None: filled shapes.
    """
    fine = max(2, -(-_FINE // size))
    grid = (torch.arange(size * fine) + 0.5) * (2 / (size * fine)) - 1
    covered = torch.empty(len(shape), size, size)
    for kind in range(len(SHAPES)):
        for places in _chunks(shape == kind):
            u = (grid - right[places, None]) / radius[places, None]
            v = (grid - down[places, None]) / radius[places, None]
            edge = distance(kind, *torch.broadcast_tensors(u[:, None, :], v[:, :, None])) * radius[places, None, None]
            inside = edge <= 0 if line is None else (edge <= 0) & (edge > -line)
            covered[places] = avg_pool2d(inside.float(), fine)
    return covered


def _chunks(chosen: Tensor) -> list[Tensor]:
    """The places where ``chosen`` is true, a few at a time."""
    places = chosen.nonzero().flatten()
    return list(places.split(_CHUNK)) if len(places) else []


def colours(rows: Sequence[Sequence[int]]) -> Tensor:
    """Colours given as bytes, in [-1, 1], of shape (k, 3)."""
    return torch.tensor(rows, dtype=torch.float32) / 127.5 - 1


def blend(cover: Tensor, ink: Tensor, paper: Tensor) -> Tensor:
    """Images in [-1, 1] of shape (n, 3, S, S): ink where the cover is 1, paper where it is 0.

    Args:
        cover: Of shape (n, S, S).
        ink: Colours in [-1, 1], of shape (n, 3).
        paper: One colour of shape (3,).
    """
    return torch.lerp(paper[None, :, None, None], ink[:, :, None, None], cover[:, None]).clamp(-1, 1)
