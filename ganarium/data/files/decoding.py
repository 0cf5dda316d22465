"""From the bytes of an image file to pixels of one size: what cannot be read, what is converted, how it is resized."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ganarium.data.files.depths import Seen, container_of, low_bytes, spread, to_bytes
from ganarium.data.files.finding import Found, Shelf
from ganarium.data.files.kinds import unusual
from ganarium.data.files.levels import BYTES, Span

__all__ = ["Broken", "Decoded", "Frame", "coloured", "decode", "mended", "opened", "patient", "upright"]

Fit = Literal["cover", "contain", "stretch"]
Resample = Literal["lanczos", "bicubic", "bilinear", "box", "nearest"]

_ORIENTATION = 0x0112  # the tag of EXIF; from 5 on, width and height are exchanged
_GREY = ("1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_CLOSED, _LARGE = "may not be read", "more than"  # reasons that can go away while the file stays the same
_CLEAR = ("RGBA", "LA", "PA", "RGBa", "La")


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
        span: The numbers that are black and white; None: those of each container.
    """

    side: int
    channels: int
    fit: Fit = "cover"
    resample: Resample = "lanczos"
    width: int = 0
    span: Span | None = None

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width."""
        return self.side, self.width or self.side


class Decoded(NamedTuple):
    """An image as it is kept.

    Args:
        pixels: Bytes of shape (H, W, C).
        words: What was converted.
        seen: The numbers that were in the file; None for one that is black and white.
    """

    pixels: Any
    words: tuple[str, ...]
    seen: Seen | None


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


def decode(shelf: Shelf, file: Found, frame: Frame) -> Decoded:
    """The pixels of an image, what was converted, and what its numbers were.

    Raises:
        Broken: if it cannot be read.
    """
    import numpy as np

    with opened(shelf, file) as image:
        try:
            if frame.side and image.format == "JPEG":
                # A JPEG is decoded at a half, a quarter or an eighth where that is still twice as large as needed.
                image.draft(None, (2 * max(frame.sides), 2 * max(frame.sides)))
            container = container_of(image)
            image.load()
            deep = None if container == BYTES else _numbers(shelf, file, image)
            plain, words, seen = _plain(image, frame, container, deep)
            if plain.height < frame.sides[0] or plain.width < frame.sides[1]:
                words.append(f"sides below {' x '.join(map(str, sorted({*frame.sides})))} pixels (enlarged)")
            sized = _sized(plain, frame)
            return Decoded(np.asarray(sized).reshape(sized.height, sized.width, frame.channels), tuple(words), seen)
        except Broken:
            raise
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
        raise Broken(unusual(shelf, file) or "not an image") from None
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


def _plain(image: Any, frame: Frame, container: str, deep: Any) -> tuple[Any, list[str], Seen | None]:
    """The first picture of the file, upright, opaque and in 8 bits, as grey or colour; what that took, and its numbers.

    Args:
        image: As Pillow decoded it.
        frame: What it is brought to.
        container: In what its numbers are.
        deep: Its numbers, if they are more than bytes.
    """
    from PIL import ImageOps

    words, seen, mode = [], None, image.mode
    if getattr(image, "is_animated", False):
        words.append("more than one frame (the first is taken)")
    if deep is not None:
        image, seen = _shallow(image, deep, container, frame.span)
        words.append("more than 8 bits (scaled to 8)")
    if _lies(image):
        ImageOps.exif_transpose(image, in_place=True)
        words.append("a camera's note which way is up (turned)")
    target = "RGB" if frame.channels == 3 else "L"
    if image.mode in _CLEAR or "transparency" in image.info:
        image, seen = _on_white(image, frame.span, target, seen)
        words.append("transparency (laid on white)")
    if mode not in ("RGB", "L", "RGBA", "LA") and deep is None:
        called = {"P": "a palette", "CMYK": "CMYK", "1": "black and white"}.get(mode) or mode
        words.append(f"{called} (converted)")
    elif (mode in _GREY) != (target == "L"):
        words.append("grey (shown in 3 channels)" if target == "RGB" else "colour (turned grey)")
    image = image if image.mode == target else image.convert(target)
    if seen is None and mode != "1":
        image, seen = spread(image, frame.span)
    return image, words, seen


def _numbers(shelf: Shelf, file: Found, image: Any) -> Any:
    """The numbers of a decoded image that has more than bytes, of shape (H, W), or (H, W, bands) in colour."""
    import numpy as np

    pixels = np.asarray(image)
    if image.mode == "L":
        return pixels.view(np.int8)
    if image.mode not in ("RGB", "RGBA"):
        return pixels
    higher = pixels.astype(np.uint16) << 8
    try:
        with opened(shelf, file) as other:
            return higher | np.asarray(low_bytes(other))
    except (ValueError, OSError, IndexError):  # grey with transparency, of which there is no lower half to be had
        return higher | pixels


def _shallow(image: Any, deep: Any, container: str, span: Span | None) -> tuple[Any, Seen]:
    """An image of bytes that shows the numbers of one that has more; colour and transparency as they are."""
    import numpy as np
    from PIL import Image

    if not np.isfinite(deep).all():
        raise Broken("NaN or infinite numbers")
    shown, seen = to_bytes(deep[..., :3] if deep.ndim == 3 else deep, container, span)
    if deep.ndim == 3 and span is None:
        return image, seen
    bands = [shown, (deep[..., 3:] >> 8).astype(np.uint8)] if deep.ndim == 3 else [shown]
    made = Image.fromarray(np.concatenate(bands, axis=-1))
    if _lies(image):
        made.getexif()[_ORIENTATION] = image.getexif()[_ORIENTATION]
    return made, seen


def _on_white(image: Any, span: Span | None, target: str, seen: Seen | None) -> tuple[Any, Seen]:
    """A transparent image laid on white."""
    from PIL import Image

    solid = image.convert("RGBA")
    if seen is None:
        solid, seen = spread(solid, span)
    white = Image.new("RGBA", solid.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, solid).convert(target), seen


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
