"""From the bytes of an image file to pixels of one size: what cannot be read, what is converted, how it is resized."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from ganarium.data.files.finding import Found, Shelf

__all__ = ["Broken", "Frame", "coloured", "decode", "mended", "opened", "patient", "upright"]

Fit = Literal["cover", "contain", "stretch"]
Resample = Literal["lanczos", "bicubic", "bilinear", "box", "nearest"]

_ORIENTATION = 0x0112  # the tag of EXIF; from 5 on, width and height are exchanged
_GREY = ("1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_CLOSED, _LARGE = "may not be read", "more than"  # reasons that can go away while the file stays the same
_DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")


class Broken(Exception):
    """An image that cannot be read; its text is the reason, in few words."""


@dataclass(frozen=True)
class Frame:
    """What images are brought to.

    Args:
        side: The height of what is shown in pixels; 0 leaves images as they are.
        channels: 1 or 3.
        fit: "cover" fills the square and cuts off what sticks out on both sides, "contain" shows all of the image on
            black, "stretch" changes its proportions.
        resample: The filter that resizes; all but "nearest" are antialiased.
        width: Its width; 0: a square.
    """

    side: int
    channels: int
    fit: Fit = "cover"
    resample: Resample = "lanczos"
    width: int = 0

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width."""
        return self.side, self.width or self.side


@contextmanager
def patient() -> Iterator[None]:
    """Turn Pillow's warning about gigantic images into an error, and ignore its others, which name no file."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def coloured(shelf: Shelf, file: Found) -> bool:
    """Whether an image is more than grey, by its header; False if it cannot be read."""
    try:
        with opened(shelf, file) as image:
            return image.mode not in _GREY
    except Broken:
        return False


def decode(shelf: Shelf, file: Found, frame: Frame) -> tuple[Any, tuple[str, ...]]:
    """The pixels of an image, bytes of shape (H, W, C), and what was converted, in words.

    Raises:
        Broken: if it cannot be read.
    """
    import numpy as np

    with opened(shelf, file) as image:
        try:
            if frame.side and image.format == "JPEG":
                # A JPEG is decoded at a half, a quarter or an eighth where that is still twice as large as needed.
                image.draft(None, (2 * max(frame.sides), 2 * max(frame.sides)))
            image.load()
            plain, words = _plain(image, frame.channels)
            if plain.height < frame.sides[0] or plain.width < frame.sides[1]:
                words.append(f"sides below {' x '.join(map(str, sorted({*frame.sides})))} pixels (enlarged)")
            sized = _sized(plain, frame)
            return np.asarray(sized).reshape(sized.height, sized.width, frame.channels), tuple(words)
        except (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, OverflowError) as error:
            cut = "truncated" in str(error) or isinstance(error, EOFError)
            raise Broken("cut short" if cut else "damaged") from None
        except Exception as error:  # struct.error, zlib.error and what else decoders raise
            raise Broken("damaged") from error


def opened(shelf: Shelf, file: Found) -> Any:
    """The Pillow image of a file, not decoded yet.

    Raises:
        Broken: if it is not an image, or too large.
    """
    from PIL import Image, UnidentifiedImageError

    if file.size == 0:
        raise Broken("empty")
    try:
        return Image.open(shelf.open(file))
    except UnidentifiedImageError:
        raise Broken("not an image") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Broken(_too_many()) from None
    except PermissionError:
        raise Broken(_CLOSED) from None
    except FileNotFoundError:
        raise Broken("a link to nowhere") from None
    except OSError as error:
        raise Broken("a link in a circle" if error.errno == errno.ELOOP else "damaged") from None
    except Exception:  # a broken header: whatever decoders raise
        raise Broken("damaged") from None


def mended(shelf: Shelf, file: Found, reason: str) -> bool:
    """Whether a file that was skipped for a reason may be read now: its mode was changed, or the limit was."""
    if reason.startswith(_LARGE):
        return reason != _too_many()
    if reason != _CLOSED:
        return False
    try:
        return bool(shelf.start(file, 1))
    except OSError:
        return False


def _too_many() -> str:
    from PIL import Image

    return f"{_LARGE} {(Image.MAX_IMAGE_PIXELS or 0) // 10**6} million pixels"


def _plain(image: Any, channels: int) -> tuple[Any, list[str]]:
    """The first picture of the file, upright, opaque and in 8 bits, as grey or colour; and what that took."""
    from PIL import Image, ImageOps

    words, mode = [], image.mode
    if getattr(image, "is_animated", False):
        words.append("more than one frame (the first is taken)")
    if _lies(image):
        ImageOps.exif_transpose(image, in_place=True)
        words.append("a camera's note which way is up (turned)")
    if mode in _DEEP:
        image = _eight_bits(image)
        words.append("more than 8 bits (scaled to 8)")
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        solid = image.convert("RGBA")
        white = Image.new("RGBA", solid.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, solid).convert("RGB" if channels == 3 else "L")
        words.append("transparency (laid on white)")
    target = "RGB" if channels == 3 else "L"
    if mode not in ("RGB", "L", "RGBA", "LA", *_DEEP):
        words.append({"P": "a palette", "CMYK": "CMYK", "1": "black and white"}.get(mode, mode) + " (converted)")
    elif (mode in _GREY) != (target == "L"):
        words.append("grey (shown in 3 channels)" if target == "RGB" else "colour (turned grey)")
    return (image if image.mode == target else image.convert(target)), words


def upright(image: Any) -> tuple[int, int]:
    """The height and width of an image, once it is turned as the camera noted."""
    lies_on_its_side = _lies(image) and image.getexif().get(_ORIENTATION) >= 5
    return (image.width, image.height) if lies_on_its_side else (image.height, image.width)


def _lies(image: Any) -> bool:
    """Whether the camera noted that the image is to be turned; a broken note is none."""
    try:
        return image.getexif().get(_ORIENTATION, 1) in range(2, 9)
    except Exception:
        return False


def _eight_bits(image: Any) -> Any:
    """Whole numbers of 16 bits, or floats in [0, 1] or [0, 255], as 8 bits."""
    import numpy as np
    from PIL import Image

    pixels = np.asarray(image).astype(np.float64)
    top = 65535.0
    if image.mode == "F":
        top = 1.0 if pixels.max() <= 1 else 255.0 if pixels.max() <= 255 else 65535.0
    return Image.fromarray(np.clip(np.rint(pixels * (255 / top)), 0, 255).astype(np.uint8))


def _sized(image: Any, frame: Frame) -> Any:
    from PIL import Image, ImageOps

    size = frame.sides[1], frame.sides[0]
    if not frame.side or image.size == size:
        return image
    how = Image.Resampling[frame.resample.upper()]
    if frame.fit == "stretch":
        return image.resize(size, how)
    if frame.fit == "contain":
        return ImageOps.pad(image, size, how, color=0)
    return ImageOps.fit(image, size, how)
