"""A training as a film: the pictures of the same latents, round after round, as an animated GIF."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganarium.files import ending, read_lines, write_whole
from ganarium.pictures.texts import caption_font

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["captions", "film", "frames_of"]

#: Milliseconds that a frame is held, and the last one.
HELD, LAST = 500, 2500
_MOST = 4 * 2**20 - 2**16  # bytes of a film, a little under 4 MiB
_NARROWEST = 160  # pixels; below that a caption cannot be read
_BAR, _LINE = 4, 24
_PAPER, _INK, _DONE, _LEFT = "white", "#333333", "#d1495b", "#e4e4e8"


def film(
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], out: str | os.PathLike[str], most: int = _MOST
) -> int:
    """Write a film of a training: one frame for each picture, the last held longer.

    Each frame says its round and, where the run's log tells, the samples seen by then. Frames are shrunk until the file
    is small enough.

    Args:
        source: A run's folder, whose ``pictures`` are shown in their order; or the paths of pictures.
        out: Where to, a ``.gif`` file.
        most: Bytes that the file may have; it may have more where frames would be less than 160 pixels wide.

    Returns:
        The number of frames.

    Raises:
        ValueError: if there are no pictures, or ``out`` is no GIF.
    """
    out = Path(out)
    if ending(out) != ".gif":
        raise ValueError(f"A film is a .gif file; got {out.name}. Call it {out.stem or 'film'}.gif.")
    paths = frames_of(source)
    encoded = encode(paths, captions(paths, source), most)
    write_whole(out, lambda file: file.write(encoded))
    return len(paths)


def frames_of(source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[Path]:
    """The pictures of a run in their order, or the given ones.

    Raises:
        ValueError: if there are none.
    """
    if isinstance(source, str | os.PathLike):
        paths = sorted((Path(source) / "pictures").glob("*.png"))
    else:
        paths = [Path(path) for path in source]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise ValueError(f"There is no picture {missing[0]}.")
    if not paths:
        where = f"in {Path(source) / 'pictures'}" if isinstance(source, str | os.PathLike) else "given"
        raise ValueError(f"A film is made of one picture or more; there are none {where}.")
    return paths


def captions(paths: Sequence[Path], source: Any) -> list[str]:
    """What is said below each picture: its round, and the samples seen by then."""
    known = _seen_by_round(Path(source)) if isinstance(source, str | os.PathLike) else []
    return [_caption(path, known) for path in paths]


def _caption(path: Path, known: Sequence[tuple[int, int]]) -> str:
    if not path.stem.isdecimal():
        return path.stem
    round = int(path.stem)
    seen = _between(round, known)
    return f"round {round:,}" + ("" if seen is None else f", {seen:,} samples seen")


def _seen_by_round(folder: Path) -> list[tuple[int, int]]:
    rows = read_lines(folder / "log.jsonl")
    return [(0, 0), *((row["round"], row["seen"]) for row in rows)] if rows else []


def _between(round: int, known: Sequence[tuple[int, int]]) -> int | None:
    """The samples seen by a round: not every round is logged, and between two that are, each draws as many."""
    import numpy as np

    if not known or round > known[-1][0]:
        return None
    rounds, seen = zip(*known, strict=True)
    return int(np.interp(round, rounds, seen).round())


def encode(paths: Sequence[Path], said: Sequence[str], most: int = _MOST) -> bytes:
    """The film's bytes, with frames as small as they must be."""
    images = _opened(paths)
    while True:
        frames = [
            _captioned(image, text, i, len(images)) for i, (image, text) in enumerate(zip(images, said, strict=True))
        ]
        data = _gif(frames)
        width, height = images[0].size
        if len(data) <= most or width <= _NARROWEST:
            return data
        shrink = max(0.95 * math.sqrt(most / len(data)), _NARROWEST / width)
        size = max(1, int(width * shrink)), max(1, int(height * shrink))
        images = [image.resize(size) for image in images]


def _opened(paths: Sequence[Path]) -> list[Image]:
    """The pictures in colour, all as large as the largest."""
    from PIL import Image

    images = []
    for path in paths:
        with Image.open(path) as image:
            found = image.convert("RGBA")
        images.append(Image.alpha_composite(Image.new("RGBA", found.size, _PAPER), found).convert("RGB"))
    width, height = (max(image.size[side] for image in images) for side in (0, 1))
    sheets = [Image.new("RGB", (max(width, _NARROWEST), height), _PAPER) for _ in images]
    for sheet, image in zip(sheets, images, strict=True):
        sheet.paste(image, ((sheet.width - image.width) // 2, 0))
    return sheets


def _captioned(image: Image, text: str, place: int, count: int) -> Image:
    """A picture with its caption, and a bar that says where the film is."""
    from PIL import Image, ImageDraw

    frame = Image.new("RGB", (image.width, image.height + _LINE + _BAR), _PAPER)
    frame.paste(image, (0, 0))
    pencil = ImageDraw.Draw(frame)
    font = caption_font(text, image.width - 8)
    pencil.text((image.width // 2, image.height + _LINE // 2), text, fill=_INK, font=font, anchor="mm")
    top, done = image.height + _LINE, round(image.width * (place + 1) / count)
    pencil.rectangle((0, top, image.width, top + _BAR), fill=_LEFT)
    pencil.rectangle((0, top, done - 1, top + _BAR), fill=_DONE)
    return frame


def _gif(frames: Sequence[Image]) -> bytes:
    from PIL.Image import Dither, Quantize

    # Not dithered: enlarged pixels would get a pattern that is not theirs.
    small = [frame.quantize(256, method=Quantize.MEDIANCUT, dither=Dither.NONE) for frame in frames]
    held = [HELD] * (len(frames) - 1) + [LAST]
    file = io.BytesIO()
    small[0].save(file, "GIF", save_all=True, append_images=small[1:], duration=held, loop=0, disposal=1)
    return file.getvalue()
