"""Decoded images kept on disk: one array file of bytes and a small note beside it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ganarium.data.files.finding import Found
from ganarium.files import cache_folder

__all__ = ["ArrayFile", "check_space", "fingerprint", "folder_of", "read_note", "write_note"]


def folder_of(cache: bool | str) -> Path | None:
    """The folder that decoded images are kept in; None if there is none that can be written and nobody named it.

    That of :func:`ganarium.files.cache_folder`, unless it is named.

    Raises:
        ValueError: if the folder that was named cannot be written.
    """
    if cache is False:
        return None
    named = cache if isinstance(cache, str) else os.environ.get("GANARIUM_CACHE", "")
    folder = cache_folder(named)
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
        reason = "it may not be written"
    except OSError as error:
        reason = error.strerror or "it cannot be made"
    if not named:
        return None
    raise ValueError(f"Images cannot be cached in {folder}: {reason}. Name another folder with cache=, or cache=False.")


def fingerprint(files: Sequence[Found], options: dict[str, Any]) -> str:
    """A name that changes with the place, size and time of any file, and with the options."""
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for file in files:
        name = "/".join(file.parts).encode("utf-8", "surrogatepass")
        digest.update(name + f"\0{file.size}\0{file.changed}\n".encode())
    return digest.hexdigest()[:24]


def check_space(folder: Path, size: int) -> None:
    """Raise unless a disk has room for ``size`` bytes.

    Raises:
        ValueError: saying how much room there is.
    """
    free = shutil.disk_usage(folder).free
    if size > free:
        raise ValueError(
            f"The decoded images would take up to {size / 2**30:.1f} GiB, and the disk of {folder} has "
            f"{free / 2**30:.1f} GiB left.\nTake a smaller size, a limit, or a cache folder on another disk: cache=DIR."
        )


def write_note(path: Path, note: dict[str, Any]) -> None:
    """A JSON file, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    draft.write_text(json.dumps(note), encoding="utf-8")
    os.replace(draft, path)


def read_note(path: Path, array: Path) -> dict[str, Any] | None:
    """The note at ``path``; None if it is not there, or if the array beside it is not as it says."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        count, *shape = note["shape"]
        size = note["offset"] + count * int(shape[0] * shape[1] * shape[2])
        return note if array.stat().st_size == size else None
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


class ArrayFile:
    """Writes a ``.npy`` file of bytes row by row; its place is taken only when it is whole.

    Args:
        path: Where it is to be.
        shape: The shape of a row.
    """

    def __init__(self, path: Path, shape: tuple[int, ...]):
        self.path, self.shape = path, shape
        self.count = 0
        self._draft = path.with_name(f"{path.name}.{os.getpid()}.part")
        self._file: IO[bytes] = open(self._draft, "wb")  # noqa: SIM115
        #: Where the first row begins.
        self.offset = self._header()

    def write(self, rows: Any) -> None:
        """Append rows, an array of bytes of shape (n, \\*shape)."""
        self._file.write(rows.tobytes())
        self.count += len(rows)

    def close(self) -> None:
        """Put the file in its place."""
        self._file.seek(0)
        assert self._header() == self.offset
        self._file.close()
        os.replace(self._draft, self.path)

    def discard(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        with suppress(OSError):
            self._draft.unlink()

    def _header(self) -> int:
        """Write the header, whose length does not depend on the number of rows."""
        import numpy as np

        shape = (self.count, *self.shape)
        facts = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, facts)
        return self._file.tell()
