"""All that can be said of a folder of images before anything learns from it; no file is changed.

What decoding finds (:class:`~ganarium.data.files.scan.Scan`) is completed by what takes another look: what is inside
files by their first bytes, whatever their names say, and images that are there more than once.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ganarium.data.files.beside import beside
from ganarium.data.files.finding import Found, Shelf, find_images, shown
from ganarium.data.files.folders import fingerprint_of
from ganarium.data.files.kinds import kinds, passed_by
from ganarium.data.files.photos import Photos
from ganarium.data.files.scan import ALLOWED, Scan, Unusable
from ganarium.data.loading import is_folder, load
from ganarium.files import ending
from ganarium.terminal.progress import watched

__all__ = ["examine", "examined"]

_AT_ONCE = 256  # images between two words of progress
_ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".jif"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "WebP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "PNM": (".ppm", ".pgm", ".pbm", ".pnm"),
}


def examine(path: str | os.PathLike[str], **options: Any) -> Scan:
    """What would be used, converted and skipped of a folder or zip file of images, and what is odd in it.

    The images are decoded as :func:`~ganarium.data.load` does it, and kept in the same cache, so that training begins
    at once after it. It looks also for images under names of other types, for images that are there more than once (to
    the pixel, once they are brought to ``size``), and for files that no one looked into.

    Args:
        path: The folder or zip file.
        options: Those of :func:`~ganarium.data.files.folders.folder`.

    Raises:
        ValueError: if there is no such folder, no file in it has the name of an image, or an option is wrong.
    """
    return examined(path, **options)[0]


def examined(path: str | os.PathLike[str], **options: Any) -> tuple[Scan, Photos | None]:
    """The same, and the data; None if no image can be used. More files may be skipped than ``skip`` allows."""
    if not is_folder(path):
        raise ValueError(f"Only a folder or a zip file of images can be examined; {path} is neither. See data.load.")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*( were skipped: | seem to be images )")  # the scan says it
            data = load(path, **{**options, "skip": 1.0})
        assert isinstance(data, Photos)
        scan = data.scan
    except Unusable as error:
        data, scan = None, error.scan
    scan = replace(scan, allowed=options.get("skip", ALLOWED))
    shelf, files = find_images(Path(scan.root), options.get("limit"))
    if data is not None:
        if fingerprint_of(files, beside(shelf, files).labels) != data.fingerprint:
            raise ValueError(f"The files in {path} change while they are looked at. Wait until they are all there.")
        used = [file for place, file in enumerate(files) if place not in data.left_out]
        scan.noticed = {**_misnamed(shelf, used), **_repeated(used, data), **_beyond_ascii(used)}
        data.scan = scan
    scan.beside = _beside(shelf)
    return scan, data


def _misnamed(shelf: Shelf, files: list[Found]) -> dict[str, list[str]]:
    """The files that hold another type of image than their names say."""
    found: dict[str, list[str]] = {}
    for file, kind in kinds(shelf, files, "looking into files"):
        suffix = ending(file.parts[-1])
        if kind and suffix not in _ENDINGS.get(kind, ()):
            found.setdefault(f"{kind} inside, named {suffix}", []).append(shown(file))
    return dict(sorted(found.items()))


def _beside(shelf: Shelf) -> dict[str, list[str]]:
    """What was passed by, by why; images among them first."""
    images, rest = passed_by(shelf)
    hidden = [name.encode("utf-8", "replace").decode() for name in sorted(shelf.hidden)]
    passed = {"hidden": hidden, "a link to a folder that it is in": sorted(shelf.circles)}
    return {**images, **rest, **{k: v for k, v in passed.items() if v}}


def _repeated(files: list[Found], data: Photos) -> dict[str, list[str]]:
    """The images that are there more than once, each with the first of its kind."""
    first: dict[bytes, int] = {}
    found: dict[str, list[str]] = {"the same pixels as another image": [], "the same pixels, but in another class": []}
    same, across = found.values()
    for place, digest in enumerate(_digests(data)):
        other = first.setdefault(digest, place)
        if other != place:
            apart = _class(files[other], data.scan) != _class(files[place], data.scan)
            (across if apart else same).append(f"{shown(files[place])} = {shown(files[other])}")
    return {what: names for what, names in found.items() if names}


def _class(file: Found, scan: Scan) -> str:
    """The folder that is the class of a file, the topmost one that is called so."""
    return next((part for part in file.parts[:-1] if part in scan.classes), "")


def _digests(data: Photos) -> Iterator[bytes]:
    """A short name of each image's pixels."""
    count = len(data.pixels)
    parts: Iterable[range] = (range(low, min(low + _AT_ONCE, count)) for low in range(0, count, _AT_ONCE))
    for part in watched(parts, count, len, doing="comparing images"):
        for row in data.pixels.index_select(0, torch.tensor(part)).numpy():
            yield hashlib.sha256(row.tobytes()).digest()


def _beyond_ascii(files: list[Found]) -> dict[str, list[str]]:
    names = [shown(file) for file in files if not "".join(file.parts).isascii()]
    return {"letters beyond ASCII in the name, which is fine": names} if names else {}
