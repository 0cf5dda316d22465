"""Samples as tiles: one small picture each; and tiles laid out on a sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganarium.pictures import solids
from ganarium.spec import Field, Kind

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["KINDS", "PADDING", "colours", "image_of", "sheet", "tiles", "to_uint8"]

#: The kinds of fields whose samples are tiles.
KINDS: tuple[Kind, ...] = ("image", "volume", "video", "sequence")
#: Pixels around a tile.
PADDING = 2

_SIDE = 48  # the least side of a tile in pixels, so that small images are visible
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_ROLL = (64, 128)  # the height of a piano roll in pixels, and its width, about
_NIGHT, _RULE = (24, 26, 36), (44, 47, 62)
_DIM, _BRIGHT = (44, 66, 164), (255, 208, 96)  # the faintest and the loudest notes


def to_uint8(samples: Tensor) -> Tensor:
    """Numbers in [-1, 1] as bytes, rounded, on the CPU; what lies beyond is clamped, and NaN is grey.

    Example:
        >>> to_uint8(torch.tensor([-1.0, 0.0, 1.0, 3.0]))
        tensor([  0, 128, 255, 255], dtype=torch.uint8)
    """
    numbers = samples.detach().float().cpu().nan_to_num(0.0, 1.0, -1.0)
    return ((numbers + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def tiles(samples: Tensor, field: Field, scale: int | None = None) -> Tensor:
    """One picture for each sample, as bytes of shape (N, C, H, W).

    Args:
        samples: Of shape (N, \\*field.shape).
        field: What they are: an image; a volume, which is looked at from above; a video, whose frames stand in a row;
            or a sequence, whose time goes from left to right.
        scale: How many pixels wide a pixel or a voxel becomes, or by how much a sequence is enlarged; None: enough.
    """
    if field.kind == "volume":
        return solids.shaded(samples, scale)
    if field.kind == "sequence":
        return _enlarged(_rolls(samples), scale or 1)
    small = _strips(samples) if field.kind == "video" else colours(samples)
    return _enlarged(small, scale or _enlargement(*small.shape[2:]))


def colours(samples: Tensor) -> Tensor:
    """Images as bytes; the mean over the channels if they are no colours."""
    return to_uint8(samples if samples.shape[1] in _MODES else samples.mean(1, keepdim=True))


def sheet(cells: Tensor | Sequence[Tensor], columns: int) -> Tensor:
    """Tiles row by row, with a white border of two pixels around each, of shape (C, height, width)."""
    channels, height, width = cells[0].shape
    rows = math.ceil(len(cells) / columns)
    step = height + PADDING, width + PADDING
    # Where there is an alpha channel, the border is transparent white.
    page = torch.full((channels, rows * step[0] + PADDING, columns * step[1] + PADDING), 255, dtype=torch.uint8)
    page[3:] = 0
    for place, cell in enumerate(cells):
        top, left = (place // columns) * step[0] + PADDING, (place % columns) * step[1] + PADDING
        page[:, top : top + height, left : left + width] = cell
    return page


def image_of(pixels: Tensor) -> Image:
    """Bytes of shape (C, H, W), with 1, 3 or 4 channels, as an image."""
    from PIL import Image

    array = pixels[0] if len(pixels) == 1 else pixels.permute(1, 2, 0)
    return Image.fromarray(array.contiguous().numpy())


def _enlargement(height: int, width: int) -> int:
    """Makes the shorter side 48 pixels or more, unless the longer one would pass 512."""
    return max(1, min(math.ceil(_SIDE / min(height, width)), 512 // max(height, width)))


def _enlarged(cells: Tensor, scale: int) -> Tensor:
    return cells.repeat_interleave(scale, 2).repeat_interleave(scale, 3)


def _strips(videos: Tensor) -> Tensor:
    """The frames of each video side by side with a white line between them, of shape (N, C, H, T (W + 1) - 1)."""
    n, _, time, height, width = videos.shape
    frames = colours(videos.transpose(1, 2).flatten(0, 1)).reshape(n, time, -1, height, width).transpose(1, 2)
    line = torch.full((*frames.shape[:-1], 1), 255, dtype=torch.uint8)
    strips = torch.cat([frames, line], -1).transpose(2, 3).flatten(3)
    return strips[..., :-1]


def _rolls(sequences: Tensor) -> Tensor:
    """Piano rolls: a bar for each step, of shape (N, 3, 64, about 128).

    Its height is the second feature, and its brightness the third; if there are fewer than three, all are bright and
    joined to a line, and if there is only one, that is the height.
    """
    numbers = sequences.float().nan_to_num(0.0, 1.0, -1.0).clamp(-1, 1)
    features = numbers.shape[2]
    wide = max(1, _ROLL[1] // numbers.shape[1])
    level = (_ROLL[0] - 1) / 2 - numbers[..., min(1, features - 1)] * (_ROLL[0] / 2 - 3)
    rows = torch.arange(_ROLL[0])[None, :, None]
    bars = ((rows - level[:, None]).abs() <= 2).repeat_interleave(wide, 2)
    if features < 3:
        before = torch.cat([level[:, :1], level[:, :-1]], 1)
        low, high = torch.minimum(level, before)[:, None], torch.maximum(level, before)[:, None]
        bars[..., ::wide] |= (rows >= low) & (rows <= high)
    light = (numbers[..., 2] + 1) / 2 if features > 2 else torch.ones_like(level)
    return _lit(bars, light.repeat_interleave(wide, 1))


def _lit(bars: Tensor, light: Tensor) -> Tensor:
    """Bars of shape (N, H, W) in the light of shape (N, W), on a dark ground with three faint rules."""
    night, rule, dim, bright = (torch.tensor(colour).float() for colour in (_NIGHT, _RULE, _DIM, _BRIGHT))
    ground = night.repeat(_ROLL[0], 1)
    ground[_ROLL[0] // 4 :: _ROLL[0] // 4] = rule
    ink = torch.lerp(dim, bright, light[..., None])
    image = torch.where(bars[..., None], ink[:, None], ground[None, :, None])
    return image.round().to(torch.uint8).permute(0, 3, 1, 2)
