"""From the numbers that an image file holds to the bytes that are kept: their container, and their range."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from ganarium.data.files.levels import BYTES, NUMBERS, WORDS, Span, ruled_by

__all__ = ["Seen", "container_of", "low_bytes", "spread", "to_bytes"]

_SIGNED = 2  # how the tag 339 of a TIFF file says that its whole numbers have a sign
_SAMPLES = 339
_OTHER = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}


class Seen(NamedTuple):
    """The lowest and highest number of one image, and its container."""

    container: str
    low: float
    high: float


def container_of(image: Any) -> str:
    """Which container an opened image has, before it is decoded."""
    if image.mode == "F":
        return NUMBERS
    if image.mode == "I":  # of these types of file only 16 bits are given so
        return WORDS if image.format in ("PNG", "PPM") else NUMBERS
    if image.format == "TIFF" and image.mode == "L" and image.tag_v2.get(_SAMPLES) in (_SIGNED, (_SIGNED,)):
        return NUMBERS
    return WORDS if image.mode.startswith("I;16") or _words(image) else BYTES


def low_bytes(image: Any) -> Any:
    """Let a colour image of 16 bits, opened and not decoded, give the lower byte of each number, not the higher."""
    image.tile = [(*tile[:3], _swapped(tile[3])) for tile in image.tile]
    return image


def to_bytes(pixels: Any, container: str, span: Span | None) -> tuple[Any, Seen]:
    """The numbers of an image in an array, as bytes from black to white."""
    import numpy as np

    black, white = ruled_by(container, span)
    shown = np.clip(np.rint((pixels.astype(np.float64) - black) * (255 / (white - black))), 0, 255).astype(np.uint8)
    return shown, Seen(container, float(pixels.min()), float(pixels.max()))


def spread(image: Any, span: Span | None) -> tuple[Any, Seen]:
    """An image of bytes with its range spread over all of them; transparency stays as it is."""
    bands = image.getextrema()
    bands = (bands,) if isinstance(bands[0], int) else bands[:3]
    seen = Seen(BYTES, float(min(low for low, _ in bands)), float(max(high for _, high in bands)))
    black, white = ruled_by(BYTES, span)
    if (black, white) == (0, 255):
        return image, seen
    table = [min(max(round((level - black) * 255 / (white - black)), 0), 255) for level in range(256)]
    same = list(range(256)) if image.mode == "RGBA" else []
    return image.point(table * len(bands) + same), seen


def _words(image: Any) -> bool:
    """Whether the bands of a colour image have 16 bits, of which Pillow gives the higher 8."""
    return bool(image.tile) and image.mode in ("RGB", "RGBA") and ";16" in _raw(image.tile[0][3])


def _swapped(args: Any) -> Any:
    name = _raw(args)
    name = name[:-3] + _OTHER[name[-3:]]
    return name if isinstance(args, str) else (name, *args[1:])


def _raw(args: Any) -> str:
    """How the numbers lie in the file, as Pillow's decoders call it."""
    return args if isinstance(args, str) else str(args[0]) if args else ""
