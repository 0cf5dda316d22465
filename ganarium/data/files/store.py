"""Images decoded by workers into one array of bytes, in order, and kept."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ganarium.data.files import cache
from ganarium.data.files.decoding import Broken, Frame, decode, mended, patient
from ganarium.data.files.finding import Found, Shelf
from ganarium.data.files.levels import Level, Levels, joined
from ganarium.files import locked
from ganarium.terminal.progress import watched

__all__ = ["Store", "decoded"]

_VERSION = 2  # of how images are decoded; a higher number makes all that was kept before be decoded again
_AT_ONCE = 64  # files in the task of a worker
_BYTES = 8 << 20  # of pixels in the task of a worker


@dataclass(frozen=True)
class Store:
    """Decoded images in a file.

    Args:
        path: The ``.npy`` file.
        shape: (n, C, H, W).
        offset: Where the first image begins in the file, in bytes.
        skipped: The places, among the files, of those that could not be read, with the reason.
        converted: How many images were converted, by what they were.
        levels: The lowest and highest number of the images of each container.
    """

    path: Path
    shape: tuple[int, int, int, int]
    offset: int
    skipped: list[tuple[int, str]]
    converted: Counter[str]
    levels: Levels = field(default_factory=dict)


class _Part(NamedTuple):
    """What a worker made of some files: rows of bytes, what went wrong at which of them, and their levels."""

    count: int
    rows: Any
    skipped: list[tuple[int, str]]
    words: Counter[str]
    levels: Levels


def decoded(
    shelf: Shelf, files: Sequence[Found], frame: Frame, sides: tuple[int, int], workers: int | None, folder: Path
) -> Store:
    """The images, from ``folder`` if they were decoded before; other processes that want the same wait.

    Args:
        shelf: Where the files are.
        files: The files.
        frame: What the images are brought to.
        sides: Height and width of the result.
        workers: Threads that decode; None: one for each processor.
        folder: Where decoded images are kept.

    Raises:
        ValueError: if no file can be read, or the disk is too small.
    """
    options = {"version": _VERSION, "sides": sides, **asdict(frame)}
    key = cache.fingerprint(files, options)
    array, note = folder / f"{key}.npy", folder / f"{key}.json"
    with locked(folder / f"{key}.lock"):
        found = cache.read_note(note, array)
        if found is None or any(mended(shelf, files[place], reason) for place, reason in found["skipped"]):
            cache.check_space(folder, len(files) * frame.channels * sides[0] * sides[1])
            found = {"root": str(shelf.root), **_decode_all(shelf, files, frame, sides, workers, array)}
            cache.write_note(note, found)
    n, c, h, w = found["shape"]
    skipped = [(int(place), str(reason)) for place, reason in found["skipped"]]
    levels = {name: Level(*level) for name, level in found["levels"].items()}
    return Store(array, (n, c, h, w), found["offset"], skipped, Counter(found["converted"]), levels)


def _decode_all(
    shelf: Shelf, files: Sequence[Found], frame: Frame, sides: tuple[int, int], workers: int | None, path: Path
) -> dict[str, Any]:
    """Decode everything into a file, and say what came of it."""
    shape = (frame.channels, *sides)
    file, skipped, words, levels, done = cache.ArrayFile(path, shape), [], Counter(), {}, 0
    try:
        with patient():
            parts = _parts(shelf, files, frame, shape, workers or os.cpu_count() or 1)
            for part in watched(parts, len(files), lambda part: part.count, doing="decoding images"):
                file.write(part.rows)
                skipped += [(done + place, reason) for place, reason in part.skipped]
                words += part.words
                levels = joined(levels, {name: level.later(done) for name, level in part.levels.items()})
                done += part.count
        file.close()
    except BaseException:
        file.discard()
        raise
    found = {"skipped": skipped, "converted": dict(words), "levels": levels}
    return {"shape": [file.count, *shape], "offset": file.offset, **found}


def _parts(
    shelf: Shelf, files: Sequence[Found], frame: Frame, shape: tuple[int, int, int], workers: int
) -> Iterator[_Part]:
    """What the workers make of the files, in order. Only so much is begun that memory stays as it is."""
    at_once = max(1, min(_AT_ONCE, _BYTES // (shape[0] * shape[1] * shape[2])))
    asked: deque[Future[_Part]] = deque()
    with ThreadPoolExecutor(workers, "ganarium-decode") as pool:
        try:
            for low in range(0, len(files), at_once):
                asked.append(pool.submit(_decode_some, shelf, files[low : low + at_once], frame, shape))
                if len(asked) > 2 * workers:
                    yield asked.popleft().result()
            while asked:
                yield asked.popleft().result()
        finally:
            for future in asked:
                future.cancel()


def _decode_some(shelf: Shelf, files: Sequence[Found], frame: Frame, shape: tuple[int, int, int]) -> _Part:
    import numpy as np

    channels, height, width = shape
    rows = np.empty((len(files), *shape), np.uint8)
    skipped, words, levels, kept = [], Counter(), {}, 0
    for place, file in enumerate(files):
        try:
            pixels, converted, seen = decode(shelf, file, frame)
            if pixels.shape != (height, width, channels):
                raise Broken(f"not of {width} x {height} pixels")
        except Broken as reason:
            skipped.append((place, str(reason)))
            continue
        rows[kept] = pixels.transpose(2, 0, 1)
        words.update(converted)
        if seen is not None:
            levels = joined(levels, {seen.container: Level(seen.low, seen.high, 1, place, place)})
        kept += 1
    return _Part(len(files), rows[:kept], skipped, words, levels)
