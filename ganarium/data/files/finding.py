"""Which images a folder or a zip file holds, in an order that is the same on any machine."""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from ganarium.files import ending

__all__ = ["SUFFIXES", "Found", "Shelf", "find_images", "shown"]

_NAMES = "jpg jpeg jpe jfif jif png apng bmp dib gif webp tif tiff ppm pgm pbm pnm pfm"
#: The endings of the names of files that are looked into. What is inside decides how they are read.
SUFFIXES = frozenset(f".{name}" for name in _NAMES.split())


class Found(NamedTuple):
    """A file that may be an image.

    Args:
        parts: The folders below the root that it is in, and its name, in composed characters.
        path: How its shelf finds it.
        size: Its bytes.
        changed: When it was last changed, as a number that only grows.
    """

    parts: tuple[str, ...]
    path: str
    size: int
    changed: int


class Shelf(ABC):
    """Where images lie: a folder, or a zip file.

    Args:
        root: Its path.
    """

    def __init__(self, root: Path):
        self.root = root
        #: What :meth:`files` passed by: hidden files and folders, and links to a folder that they are in.
        self.hidden: list[str] = []
        self.circles: list[str] = []
        #: The folders that :meth:`files` went through.
        self.folders: set[tuple[str, ...]] = set()
        #: The files that have no name of an image.
        self.others: list[Found] = []

    @abstractmethod
    def files(self) -> Iterator[Found]:
        """All files that are not hidden."""

    @abstractmethod
    def open(self, file: Found) -> str | IO[bytes]:
        """What Pillow can open."""

    @abstractmethod
    def start(self, file: Found, count: int) -> bytes:
        """The first bytes of a file.

        Raises:
            OSError: if it cannot be read.
        """


class Folder(Shelf):
    """A folder of files, and of folders to any depth; links are followed, but not in circles."""

    def files(self) -> Iterator[Found]:
        return self._below(str(self.root), (), frozenset())

    def open(self, file: Found) -> str:
        return file.path

    def start(self, file: Found, count: int) -> bytes:
        with open(file.path, "rb", buffering=0) as opened:
            return opened.read(count)

    def _below(self, folder: str, parts: tuple[str, ...], above: frozenset[tuple[int, int]]) -> Iterator[Found]:
        here = os.stat(folder)
        if (here.st_dev, here.st_ino) in above:
            self.circles.append("/".join(parts))  # a link to a folder that this one is in
            return
        self.folders.add(parts)
        above = above | {(here.st_dev, here.st_ino)}
        with os.scandir(folder) as entries:
            entries = list(entries)
        seen = [entry for entry in entries if not entry.name.startswith(".")]
        self.hidden += ["/".join((*parts, entry.name)) for entry in entries if entry.name.startswith(".")]
        for entry in seen:
            place = (*parts, unicodedata.normalize("NFC", entry.name))
            try:
                if entry.is_dir():
                    yield from self._below(entry.path, place, above)
                    continue
                facts = entry.stat()
            except OSError:  # a link to nowhere, or a folder that may not be read
                yield Found(place, entry.path, -1, 0)
                continue
            yield Found(place, entry.path, facts.st_size, facts.st_mtime_ns)


class Zip(Shelf):
    """A zip file, read without unpacking it."""

    def __init__(self, root: Path):
        super().__init__(root)
        try:
            self._archive = zipfile.ZipFile(root)
        except (zipfile.BadZipFile, OSError) as error:
            raise ValueError(f"{root} cannot be read as a zip file: {str(error).rstrip('.')}.") from None

    def files(self) -> Iterator[Found]:
        for entry in self._archive.infolist():
            name = unicodedata.normalize("NFC", entry.filename)
            # Some programs separate folders by the other stroke, which no name of theirs can hold.
            name = name if "/" in name else name.replace("\\", "/")
            parts = tuple(name.strip("/").split("/"))
            hidden = any(part.startswith(".") for part in parts) or parts[0] == "__MACOSX"
            if name.endswith("/"):
                self.folders.add(parts)
            elif hidden:
                self.hidden.append("/".join(parts))
            else:
                yield Found(parts, entry.filename, entry.file_size, entry.CRC)

    def open(self, file: Found) -> IO[bytes]:
        return io.BytesIO(self._archive.read(file.path))

    def start(self, file: Found, count: int) -> bytes:
        try:
            with self._archive.open(file.path) as opened:
                return opened.read(count)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:  # damaged, locked, packed otherwise
            raise OSError(str(error)) from None


def find_images(path: Path, limit: int | None = None) -> tuple[Shelf, list[Found]]:
    """The images of a folder or zip file by the endings of their names, sorted by their place.

    Args:
        path: The folder or zip file; or an image, which is then the only one.
        limit: How many to take, evenly spread; None takes all.

    Raises:
        ValueError: if there is nothing, saying what there is instead.
    """
    if not path.exists():
        raise ValueError(f"There is no folder or file {path}. Give the path of a folder of images.")
    if ending(path) in SUFFIXES and path.is_file():
        return Folder(path.parent), [Found((path.name,), str(path), path.stat().st_size, path.stat().st_mtime_ns)]
    if (path / "config.yaml").is_file() and (path / "pictures").is_dir():
        raise ValueError(f"{path} is a run, whose pictures are samples. Give the data that it was trained on.")
    shelf = Folder(path) if path.is_dir() else Zip(path)
    try:
        files = list(shelf.files())
    except PermissionError as error:
        raise ValueError(f"The folder {error.filename} may not be read. Change its permissions.") from None
    images = sorted(file for file in files if ending(file.parts[-1]) in SUFFIXES)
    if not images:
        raise ValueError(_nothing(path, files))
    shelf.others = sorted(file for file in files if ending(file.parts[-1]) not in SUFFIXES)
    if limit is not None:
        images = [images[k * len(images) // limit] for k in range(min(limit, len(images)))]
    return shelf, images


def shown(file: Found) -> str:
    """The place of a file as messages show it, whatever its name is made of."""
    return "/".join(file.parts).encode("utf-8", "replace").decode()


def _nothing(path: Path, files: list[Found]) -> str:
    endings = Counter(ending(file.parts[-1]) or "no ending" for file in files)
    there = ", ".join(f"{count:,} of {ending}" for ending, count in endings.most_common(4))
    what = f"only {len(files):,} other files ({there})" if files else "nothing"
    return (
        f"There are no images in {path}: {what}.\n"
        f"Names of images end in {', '.join(sorted(SUFFIXES))}. Give the folder that they are in."
    )
