r"""Holes in images: which pixels are known, and which are to be filled in.

A mask is 1 where an image :math:`x` is known and 0 in its hole. What somebody makes of the image, :math:`x_G`, counts
in the hole alone; the completed image is

.. math::

    x_I = m \odot x + (1 - m) \odot x_G,

so that what is known stays as it is, to the bit, and no gradient reaches the maker from there. A law of holes is a
small frozen object, called with images, whose masks it draws::

    mask = RandomSquare(0.25)(x)               # (B, 1, H, W)
    whole = completed(x, mask, made)
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

__all__ = ["CentralSquare", "Holes", "RandomPixels", "RandomSquare", "checked", "completed", "read_mask"]


@dataclass(frozen=True)
class Holes(ABC):
    """A law of holes.

    Args:
        area: The share of an image that its hole takes, from 0 to 1.
    """

    area: float = 0.25

    def __post_init__(self) -> None:
        if not 0 <= self.area <= 1:
            raise ValueError(
                f"{type(self).__name__} takes a share of each image, from 0 to 1; got area={self.area}. "
                "A quarter is 0.25."
            )

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """A mask for each image: 1 where it is known, 0 in the hole; of shape (B, 1, H, W), in the type of ``x``.

        Args:
            x: Images of shape (B, C, H, W).
        """

    def sides(self, x: Tensor) -> tuple[int, int]:
        """Height and width of a hole with the proportions of the images, which is square where they are."""
        rooted = math.sqrt(self.area)
        height, width = (max(round(rooted * side), 1) if rooted else 0 for side in x.shape[-2:])
        return height, width


@dataclass(frozen=True)
class RandomSquare(Holes):
    """One square hole in each image, anywhere in it.

    The place is drawn for each image. If it were always the same, a discriminator could look there alone.

    Args:
        area: The share of an image that its hole takes, from 0 to 1; its sides are rounded to whole pixels.

    Example:
        >>> mask = RandomSquare(0.25)(torch.zeros(5, 3, 8, 8))
        >>> mask.shape, (1 - mask).sum((1, 2, 3)).tolist()
        (torch.Size([5, 1, 8, 8]), [16.0, 16.0, 16.0, 16.0, 16.0])
    """

    def __call__(self, x: Tensor) -> Tensor:
        return square(x, self.sides(x), torch.rand(len(x), 2, device=x.device, dtype=x.dtype))


@dataclass(frozen=True)
class CentralSquare(Holes):
    """One square hole in the middle of each image.

    Args:
        area: The share of an image that its hole takes, from 0 to 1; its sides are rounded to whole pixels.

    Example:
        >>> CentralSquare(0.25)(torch.zeros(1, 1, 4, 4))[0, 0].tolist()
        [[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]]
    """

    def __call__(self, x: Tensor) -> Tensor:
        return square(x, self.sides(x), torch.full((len(x), 2), 0.5, device=x.device, dtype=x.dtype))


@dataclass(frozen=True)
class RandomPixels(Holes):
    """Each pixel is lost by itself.

    Args:
        area: How probable it is that a pixel is lost, from 0 to 1.
    """

    def __call__(self, x: Tensor) -> Tensor:
        lost = torch.rand(len(x), 1, *x.shape[-2:], device=x.device, dtype=x.dtype) < self.area
        return 1 - lost.to(x.dtype)


def square(x: Tensor, sides: tuple[int, int], place: Tensor) -> Tensor:
    """Masks with one hole each.

    Args:
        x: Images of shape (B, C, H, W).
        sides: Height and width of the holes.
        place: Where each hole is along both sides, from 0 to 1, of shape (B, 2); each place that has room for it is as
            large a part of that.
    """
    inside = []
    for axis, (side, whole) in enumerate(zip(sides, x.shape[-2:], strict=True)):
        # In float32 a number just below one may be rounded up to the place beyond the last.
        first = (place[:, axis, None] * (whole - side + 1)).floor().clamp(max=whole - side)
        pixels = torch.arange(whole, device=x.device)
        inside.append((pixels >= first) & (pixels < first + side))
    rows, columns = inside
    return 1 - (rows[:, None, :, None] & columns[:, None, None, :]).to(x.dtype)


def completed(x: Tensor, mask: Tensor, made: Tensor) -> Tensor:
    """``x`` where the mask is 1, ``made`` where it is 0; neither has a gradient in the other's place.

    Args:
        x: Images of shape (B, C, H, W).
        mask: Of a shape that can be broadcast to theirs.
        made: What fills the hole, of the shape of ``x``.

    Example:
        >>> completed(torch.zeros(1, 1, 1, 2), torch.tensor([1.0, 0.0]), torch.ones(1, 1, 1, 2)).flatten().tolist()
        [0.0, 1.0]
    """
    return torch.where(mask != 0, x, made)


def checked(mask: Tensor, x: Tensor) -> Tensor:
    r"""A mask that somebody gave, in the type and on the device of the images ``x``, which it fits.

    Args:
        mask: Ones and zeros, of shape (H, W) or of any that can be broadcast to the images'.
        x: Images of shape (B, C, H, W).

    Raises:
        ValueError: if it does not fit, or holds anything else.
    """
    try:
        fits = torch.broadcast_shapes(mask.shape, x.shape) == x.shape
    except RuntimeError:
        fits = False
    if not fits or mask.shape[-2:] != x.shape[-2:]:
        raise ValueError(
            f"A mask of images {tuple(x.shape)} has their height and width, and one row for all images or for each; "
            f"got shape {tuple(mask.shape)}."
        )
    if not ((mask == 0) | (mask == 1)).all():
        raise ValueError("A mask is 1 where an image is known and 0 in its hole; this one holds other numbers.")
    return mask.to(x.device, x.dtype)


def read_mask(path: str | Path, sides: tuple[int, int]) -> Tensor:
    """A mask from a picture, of shape (1, 1, H, W): black or transparent is the hole, white is known.

    Args:
        path: The picture. It may be larger or smaller than the images, and is then resized; its proportions are
            theirs.
        sides: Height and width of the images.

    Raises:
        ValueError: if there is no such picture, it has other proportions, or no hole.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            grey = picture.convert("RGBA").convert("LA")
    except FileNotFoundError:
        raise ValueError(f"There is no mask {path}. Give a picture that is black in the hole and white else.") from None
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"The mask {path} cannot be read as a picture: {error}") from None
    height, width = sides
    if abs(grey.width * height - grey.height * width) > max(grey.width, grey.height, height, width):
        raise ValueError(
            f"The mask {path} has {grey.width} x {grey.height} pixels, and the images {width} x {height}. "
            "Give it their proportions."
        )
    shown = Image.composite(grey.getchannel("L"), Image.new("L", grey.size, 0), grey.getchannel("A"))
    shown = shown.resize((width, height), Image.Resampling.BOX)
    mask = torch.tensor(list(shown.tobytes()), dtype=torch.float32).view(1, 1, height, width)
    mask = (mask >= 128).float()
    if mask.all():
        raise ValueError(f"The mask {path} has no hole in images of {width} x {height}. Paint it black there.")
    return mask
