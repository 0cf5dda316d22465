"""Volumes as pictures: what a camera in front, above and to the right of the voxels sees."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

__all__ = ["shaded"]

_AZIMUTH, _ELEVATION = math.radians(32), math.radians(26)
_WIDE = 88  # how many pixels wide a picture is, about, unless a scale is given
_FINE = 2  # rays along a side of a pixel
_CHUNK = 16  # volumes that are looked at once
_LIGHT = (0.84, 1.0, 0.60)  # how bright the front, the top and the right-hand faces are
_INK, _PAPER, _FLOOR = (92, 152, 196), (246, 246, 248), (226, 228, 233)


class _Rays(NamedTuple):
    """What each of the P rays of a picture meets, at most K voxels, near ones first.

    Args:
        voxels: Places in the flattened volume; one beyond its last where there is no more, of shape (K, P).
        faces: The axis of the face by which the ray enters each, of shape (K, P).
        depths: How far away each is, from 0 to 1, of shape (K, P).
        floor: Whether the ray meets the floor in the end, of shape (P,).
        sides: The height and the width of the picture in rays.
    """

    voxels: Tensor
    faces: Tensor
    depths: Tensor
    floor: Tensor
    sides: tuple[int, int]


def shaded(volumes: Tensor, scale: int | None = None) -> Tensor:
    """Pictures of volumes as bytes, of shape (N, 3, height, width).

    A voxel is solid where the mean over its channels is above zero. The camera is far away (parallel rays), and light
    comes from above.

    Args:
        volumes: Of shape (N, C, D, H, W): D leads away from the camera, H down and W to the right.
        scale: How many pixels long the side of a voxel is; None: so many that a picture is about 88 pixels wide.
    """
    shape = tuple(volumes.shape[2:])
    rays = _rays(shape, scale or max(1, round(_WIDE / _extent(shape)[0])))
    solid = (volumes.float().mean(1) > 0).flatten(1)
    solid = torch.cat([solid, solid.new_zeros(len(solid), 1)], 1)
    return torch.cat([_seen(chunk, rays) for chunk in solid.split(_CHUNK)])


def _seen(solid: Tensor, rays: _Rays) -> Tensor:
    """Pictures of flattened volumes with one empty voxel at the end, of shape (n, voxels + 1)."""
    first = _first(solid, rays.voxels)
    found = first < len(rays.voxels)
    near = first.clamp(max=len(rays.voxels) - 1)
    ray = torch.arange(len(rays.floor))
    light = torch.tensor(_LIGHT)[rays.faces[near, ray]] * (1.12 - 0.42 * rays.depths[near, ray])
    ink, paper, floor = (torch.tensor(colour, dtype=torch.float32) for colour in (_INK, _PAPER, _FLOOR))
    empty = torch.where(rays.floor[:, None], floor, paper)
    colours = torch.where(found[..., None], (light[..., None] * ink).clamp(max=255), empty)
    image = colours.transpose(1, 2).reshape(len(solid), 3, *rays.sides)
    return avg_pool2d(image, _FINE).round().to(torch.uint8)


def _first(solid: Tensor, voxels: Tensor) -> Tensor:
    """The place of the first solid voxel on each ray, or their number, of shape (n, P)."""
    first = torch.full((len(solid), voxels.shape[1]), len(voxels))
    for place in range(len(voxels) - 1, -1, -1):
        first.masked_fill_(solid.index_select(1, voxels[place]), place)
    return first


def _extent(shape: tuple[int, ...]) -> tuple[float, float]:
    """The width and the height of the picture in voxels."""
    depth, height, width = shape
    wide = width * math.cos(_AZIMUTH) + depth * math.sin(_AZIMUTH)
    deep = width * math.sin(_AZIMUTH) + depth * math.cos(_AZIMUTH)
    return wide, height * math.cos(_ELEVATION) + deep * math.sin(_ELEVATION)


@lru_cache(maxsize=4)
def _rays(shape: tuple[int, ...], scale: int) -> _Rays:
    """Follow every ray through all planes between voxels, in the order in which it crosses them."""
    starts, sides = _starts(shape, scale)
    ahead = torch.tensor(_direction())
    planes = [(torch.arange(side + 1)[:, None] - starts[:, axis]) / ahead[axis] for axis, side in enumerate(shape)]
    faces = torch.cat([torch.full((side + 1,), axis) for axis, side in enumerate(shape)])
    times, order = torch.cat(planes).sort(0)
    places = (starts + ((times[1:] + times[:-1]) / 2)[..., None] * ahead).floor().long()
    inside = ((places >= 0) & (places < torch.tensor(shape))).all(2)
    # A ray leaves the box by the plane that it crosses last inside of it; where that is the lowest, it meets the floor.
    last = (inside * torch.arange(1, len(inside) + 1)[:, None]).amax(0)
    floor = (last > 0) & (faces[order.gather(0, last[None])][0] == 1)
    # What lies outside is left out: each ray is inside from the plane by which it enters on, until it leaves.
    number = inside.sum(0)
    rank = ((last - number) + torch.arange(int(number.max()))[:, None]).clamp(max=len(inside) - 1)
    flat = (places[..., 0] * shape[1] + places[..., 1]) * shape[2] + places[..., 2]
    voxels = torch.where(inside, flat, math.prod(shape)).gather(0, rank)
    depths = (times[:-1] / math.hypot(*shape) + 0.5).clamp(0, 1)
    return _Rays(voxels, faces[order.gather(0, rank)], depths.gather(0, rank), floor, sides)


def _direction() -> tuple[float, float, float]:
    """Where the camera looks, along D, H and W: away, down and to the left."""
    flat = math.cos(_ELEVATION)
    return flat * math.cos(_AZIMUTH), math.sin(_ELEVATION), -flat * math.sin(_AZIMUTH)


def _starts(shape: tuple[int, ...], scale: int) -> tuple[Tensor, tuple[int, int]]:
    """A point of each ray, row by row, in the plane through the middle of the volume, of shape (P, 3)."""
    wide, high = (math.ceil(extent * scale) * _FINE for extent in _extent(shape))
    right = torch.tensor([math.sin(_AZIMUTH), 0.0, math.cos(_AZIMUTH)])
    sink = math.sin(_ELEVATION)
    down = torch.tensor([-sink * math.cos(_AZIMUTH), math.cos(_ELEVATION), sink * math.sin(_AZIMUTH)])
    across = (torch.arange(wide) + 0.5 - wide / 2) / (scale * _FINE)
    along = (torch.arange(high) + 0.5 - high / 2) / (scale * _FINE)
    middle = torch.tensor(shape) / 2
    return (middle + along[:, None, None] * down + across[None, :, None] * right).reshape(-1, 3), (high, wide)
