"""Furniture of voxels, whose every factor is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from ganarium.data.base import InMemory
from ganarium.data.loading import loader
from ganarium.data.worlds.checks import at_least
from ganarium.spec import Field

__all__ = ["CLASSES", "SIDE", "build", "draw_factors", "voxels"]

#: The classes, by their place.
CLASSES = ("chair", "table", "lamp", "sofa")
#: The side of the volumes in voxels.
SIDE = 16

_SIZES = ("width", "depth", "height", "part")
_CHUNK = 256  # volumes that are built at once


class _Space(NamedTuple):
    """Where the centres of the voxels are, seen from the middle of the floor, each of shape (1, D, H, W)."""

    back: Tensor
    up: Tensor
    right: Tensor


@loader("voxels", title="furniture of 16 x 16 x 16 voxels", fields=("x", "y"), kinds={"x": "volume", "y": "label"})
def voxels(count: int = 2000, seed: int = 0) -> InMemory:
    """Chairs, tables, lamps and sofas that stand on the floor: 1 where there is matter, -1 where there is none.

    A volume has the axes (1, D, H, W): from front to back, from top to bottom, from left to right, so that one slice
    is a picture. The factors are those of :func:`build`.

    Args:
        count: How many samples are drawn; the classes have the same number, give or take one.
        seed: What they follow from.
    """
    factors = draw_factors(count, seed)
    # As bytes, of which data makes -1 and 1 when it deals them.
    x = (build(factors) > 0).to(torch.uint8) * 255
    fields = {
        "x": Field((1, SIDE, SIDE, SIDE), "volume"),
        "y": Field((), "label", classes=len(CLASSES), names=CLASSES),
    }
    return InMemory({"x": x, "y": factors["class"]}, fields, factors=factors, truth={"classes": CLASSES})


def draw_factors(count: int, seed: int = 0) -> dict[str, Tensor]:
    """Factors for :func:`build`, each of shape (count,)."""
    at_least(1, "voxels", count=count)
    generator = torch.Generator().manual_seed(seed)
    kind = torch.randperm(count, generator=generator) % len(CLASSES)
    sizes = dict(zip(_SIZES, torch.rand(len(_SIZES), count, generator=generator), strict=True))
    return {"class": kind, **sizes, "orientation": torch.randint(4, (count,), generator=generator)}


def build(factors: Mapping[str, Tensor]) -> Tensor:
    """The volumes, -1 or 1, of shape (n, 1, 16, 16, 16).

    Args:
        factors: ``class`` (0 to 3); ``width``, ``depth``, ``height`` and ``part`` (the back of a chair, the legs and
            top of a table, the shade of a lamp, the arms of a sofa) from 0, the smallest of the class, to 1; and
            ``orientation`` (quarter turns about the upright axis; with 0 its back is away from us); of shape (n,).
    """
    volumes = torch.zeros(len(factors["class"]), SIDE, SIDE, SIDE, dtype=torch.bool)
    for kind, make in enumerate((_chair, _table, _lamp, _sofa)):
        for turn in range(4):
            chosen = ((factors["class"] == kind) & (factors["orientation"] == turn)).nonzero().flatten()
            for places in chosen.split(_CHUNK):
                sizes = [factors[name][places].reshape(-1, 1, 1, 1) for name in _SIZES]
                volumes[places] = make(_space(), *sizes).rot90(turn, (1, 3))
    return volumes[:, None].float() * 2 - 1


def _space() -> _Space:
    along = torch.arange(SIDE) + 0.5
    middle = along - SIDE / 2
    return _Space(middle[None, :, None, None], along.flip(0)[None, None, :, None], middle[None, None, None, :])


def _chair(at: _Space, width: Tensor, depth: Tensor, height: Tensor, part: Tensor) -> Tensor:
    wide, deep, seat = 3 + 2 * width, 3 + 2 * depth, 4 + 3 * height
    plate = _box(at, wide, deep, seat, seat + 1.5)
    rest = _box(at, wide, deep, seat, seat + 5 + 4 * part) & (at.back >= deep.round() - 1)
    return plate | rest | _legs(at, wide, deep, seat, 1)


def _table(at: _Space, width: Tensor, depth: Tensor, height: Tensor, part: Tensor) -> Tensor:
    wide, deep, top = 5 + 3 * width, 4 + 2 * depth, 6 + 5 * height
    thick = 1 + 2 * part
    return _box(at, wide, deep, top, top + thick) | _legs(at, wide, deep, top, thick.round())


def _lamp(at: _Space, width: Tensor, depth: Tensor, height: Tensor, part: Tensor) -> Tensor:
    top, high = 11 + 5 * height, 3 + 3 * part
    from_pole, below = torch.maximum(at.back.abs(), at.right.abs()), top - at.up
    foot = _box(at, 2 + 2 * depth, 2 + 2 * depth, 0, 1)
    # The shade becomes wider below its middle.
    wide = (2.5 + 2 * width).round() + (below > high / 2)
    shade = (from_pole < wide) & (below > 0) & (below < high)
    return foot | _box(at, torch.ones_like(width), torch.ones_like(width), 0, top) | shade


def _sofa(at: _Space, width: Tensor, depth: Tensor, height: Tensor, part: Tensor) -> Tensor:
    wide, deep, seat = 6 + 2 * width, 3.5 + 1.5 * depth, 3 + 1 * height
    rest = _box(at, wide, deep, 0, seat + 4 + 2 * height) & (at.back >= deep.round() - 2)
    arms = _box(at, wide, deep, 0, seat + 1 + 3 * part) & (at.right.abs() >= wide.round() - 2)
    return _box(at, wide, deep, 1, seat) | rest | arms


def _box(at: _Space, wide: Tensor, deep: Tensor, low: Tensor | float, high: Tensor | float) -> Tensor:
    """Matter between two heights; ``wide`` and ``deep`` are half of its sides, and rounded."""
    level = (at.up > low) & (at.up < high)
    return level & (at.right.abs() < wide.round()) & (at.back.abs() < deep.round())


def _legs(at: _Space, wide: Tensor, deep: Tensor, high: Tensor, thick: Tensor | int) -> Tensor:
    """Four of them, at the corners of a box."""
    corner = (at.right.abs() > wide.round() - thick) & (at.back.abs() > deep.round() - thick)
    return corner & _box(at, wide, deep, 0, high)
