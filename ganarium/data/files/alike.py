"""Images of any place, read as those of a field were: by one rule, whichever command asks."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganarium.data.base import unpack
from ganarium.data.files.decoding import Broken, Frame, decode, patient
from ganarium.data.files.finding import Folder, Found
from ganarium.data.files.folders import folder
from ganarium.data.files.levels import BYTES, Beyond, Level, Span, span_for
from ganarium.files import ending
from ganarium.spec import Field

__all__ = ["images_alike", "options_alike"]


def options_alike(field: Field) -> dict[str, Any]:
    """The options by which a folder's images are read as those of a field: their size, channels and range.

    Those of :func:`~ganarium.data.files.folders.folder`. Sides that differ are those that the files must have.

    Raises:
        ValueError: if files give no such images.

    Example:
        >>> options_alike(Field((1, 8, 8), "image", scale=(2047.5,), shift=(2047.5,)))
        {'size': 8, 'channels': 1, 'range': (0.0, 4095.0)}
    """
    if field.kind != "image" or field.shape[0] not in (1, 3):
        raise ValueError(f"Files give images that are grey or coloured; asked for is {field}. Give an .npz file.")
    channels, height, width = field.shape
    return {"size": height if height == width else 0, "channels": channels, "range": _span_of(field)}


def images_alike(path: str | Path, field: Field, count: int | None = None, **options: Any) -> Tensor:
    """Images of a folder, a zip file or one image file, read as those of a field were.

    Pictures that show a range as bytes do, as those that samples are written to, are read so wherever their bytes do
    not fit the range itself.

    Args:
        path: Where they are.
        field: What they are to be like.
        count: How many to take of a folder; None takes all.
        options: More of :func:`~ganarium.data.files.folders.folder`: how images reach their size.

    Returns:
        Numbers in [-1, 1], of shape (n, \\*field.shape).

    Raises:
        ValueError: if there are none, one cannot be read, or they do not fit the field.
    """
    path = Path(path).expanduser()
    asked = {**options_alike(field), **options}
    read = partial(_all, path, count) if path.is_dir() or ending(path) == ".zip" else partial(_one, path)
    try:
        x = read(asked)
    except Beyond as error:
        if set(error.containers) != {BYTES}:
            raise ValueError(
                f"{error.found}\nImages are read here in the range of the run's data; fit them to it."
            ) from None
        x = read({**asked, "range": None})
    if x.shape[1:] != field.shape:
        raise ValueError(f"The images in {path} have shape {tuple(x.shape[1:])}; asked for is {field}. Resize them.")
    return x


def _span_of(field: Field) -> Span | None:
    """The range of a field's own units that is dealt as [-1, 1]; None: it has none."""
    if len(field.scale) != 1:
        return None
    (half,), middle = field.scale, field.shift[0] if field.shift else 0.0
    return middle - half, middle + half


def _all(path: Path, count: int | None, options: dict[str, Any]) -> Tensor:
    return folder(str(path), limit=count, classes="none", **options)["x"]


def _one(path: Path, options: dict[str, Any]) -> Tensor:
    if not path.is_file():
        raise ValueError(f"There is no image {path}.")
    how = {name: options[name] for name in ("fit", "resample") if name in options}
    frame = Frame(options["size"], options["channels"], **how, span=options["range"])
    try:
        with patient():
            made = decode(Folder(path.parent), Found((path.name,), str(path), path.stat().st_size, 0), frame)
    except Broken as reason:
        raise ValueError(f"The image {path} cannot be read: {reason}.") from None
    seen = made.seen
    levels = {seen.container: Level(seen.low, seen.high, 1, 0, 0)} if seen else {}
    span = span_for(levels, frame.span, [path.name], str(path.parent))
    if span != frame.span:
        return _one(path, {**options, "range": span})
    return unpack(torch.from_numpy(made.pixels.copy()).permute(2, 0, 1)[None])
