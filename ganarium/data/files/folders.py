"""Images of your own: a folder of any depth, or a zip file."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from ganarium.data.files.beside import Beside, beside
from ganarium.data.files.cache import fingerprint, folder_of
from ganarium.data.files.classes import Classes, Layout, check_domains, layout_of
from ganarium.data.files.decoding import Broken, Fit, Frame, Resample, coloured, opened, patient, upright
from ganarium.data.files.finding import Found, Shelf, find_images, shown
from ganarium.data.files.kinds import passed_by
from ganarium.data.files.levels import field_span, in_units, notes_on, span_for, spanned
from ganarium.data.files.photos import Photos
from ganarium.data.files.scan import ALLOWED, Scan, some
from ganarium.data.files.store import Store, decoded
from ganarium.data.gathering import FileRows
from ganarium.data.registry import reader
from ganarium.files import ending
from ganarium.spec import Field
from ganarium.terminal.progress import watched

__all__ = ["fingerprint_of", "folder"]

_SHARE = 0.25  # of the memory that is free, which images may fill without being asked
_PROBED = 64  # files whose size is looked at, where images are taken as they are


@reader("folder", title="your own images, in folders or a zip file", fields=("x",), kinds={"x": "image"})
def folder(
    path: str,
    size: int = 64,
    crop: Literal["center", "random", "none"] = "center",
    fit: Fit = "cover",
    resample: Resample = "lanczos",
    channels: Literal["auto", 1, 3] = "auto",
    classes: Classes = "auto",
    flip: bool = False,
    limit: int | None = None,
    load_size: int | None = None,
    workers: int | None = None,
    memory: bool | None = None,
    cache: bool | str = True,
    skip: float = ALLOWED,
    range: tuple[float, float] | None = None,
    width: int | None = None,
) -> Photos:
    """Images of a folder or ``.zip`` file, decoded once and cached as bytes; labels are the names of class folders.

    Args:
        path: The folder or zip file, or one image.
        size: The side of the images in pixels; 0 takes them as they are, if they are all of one size.
        crop: What is cut: "center", "random" (``size`` out of ``load_size``, another place each time) or "none".
        fit: How images reach the square: "cover" fills it and cuts, "contain" adds black, "stretch" distorts.
        resample: The antialiased filter that resizes: "lanczos", "bicubic", "bilinear" or "box"; or "nearest".
        channels: 1 for grey, 3 for colour, "auto" for 3 if any image has colour.
        classes: Labels from dataset.json or from folders: "auto" if all images are in two or more, "folders" or an
            error, "none".
        flip: Whether half of the images are mirrored, left to right, another half each time.
        limit: How many files to take, evenly spread over the sorted names; None takes all.
        load_size: The side that random crops are taken from; None: 9/8 of ``size``.
        workers: How many threads decode; None: one for each processor.
        memory: Whether images are held in memory; None: if they take less than a quarter of what is free.
        cache: Where decoded images are kept: a folder, True for $GANARIUM_CACHE or ~/.cache/ganarium, False: nowhere.
        skip: The largest share of the files that may be skipped because they cannot be read.
        range: The numbers that are black and white in the files; samples come back in it. None: the ends of 8 and of
            16 bits; signed numbers, those of 32 bits and floats fill [0, 1] or [-1, 1], or their range is asked for.
        width: Their width, where it is another than ``size``, which then is their height.

    Raises:
        ValueError: if there are no images, too few can be read, their numbers leave the range, or the options
            contradict each other.
    """
    _check(size, crop, fit, limit, load_size, workers, width)
    given = spanned(range)
    shelf, files = find_images(Path(path), limit)
    names = [shown(file) for file in files]
    check_domains([file.parts for file in files], classes, path)
    with patient():
        depth = channels if channels != "auto" else 3 if any(_coloured(shelf, files)) else 1
        side = _side(size, crop, load_size)
        frame = Frame(side, depth, fit, resample, 0 if width in (None, size) else round(width * side / size), given)
        sides = frame.sides if frame.side else _common(shelf, files)
    kept = folder_of(cache) if not Path(path).is_file() or ending(path) == ".zip" else None
    with ExitStack() as stack:
        place = kept or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ganarium-")))
        store = decoded(shelf, files, frame, sides, workers, place)
        scan = Scan.of(path, names, store.skipped, store.converted, skip)
        scan.check()
        span = span_for(store.levels, given, names, path)
        if span != given:  # floats below zero: only all of them say so
            store = decoded(shelf, files, replace(frame, span=span), sides, workers, place)
        pixels = _pixels(store, memory, kept)
    left_out = frozenset(number for number, _ in store.skipped)
    used = [file for number, file in enumerate(files) if number not in left_out]
    more = beside(shelf, used)
    layout = layout_of([file.parts for file in used], classes, path, more.labels)
    absent = _absent(layout, more)
    tables = [more.tables] if layout.why and more.tables else []
    notes = [*notes_on(store.levels, given, span), *layout.notes, *more.notes, *tables]
    scan.notes += [*notes, *_bare(shelf, files, left_out)]
    scan.beside = passed_by(shelf)[0]
    counts = Counter(label for label in layout.labels if label >= 0)
    scan.classes = {layout.names[label]: count for label, count in sorted(counts.items())}
    shape = (depth, size or sides[0], width or size or sides[1])
    field = in_units(Field(shape, "image"), field_span(store.levels, span))
    data = _data(pixels, field, layout, scan, crop == "random", flip, str(kept or ""), absent)
    data.fingerprint, data.left_out = fingerprint_of(files, more.labels), left_out
    return data


def _absent(layout: Layout, more: Beside) -> dict[str, str]:
    """Why there are no labels and no sentences, for who needs them."""
    why = " ".join(filter(None, [layout.why, *more.notes, more.tables])) if layout.why else ""
    return {name: words for name, words in {"y": why, "text": more.captions}.items() if words}


def fingerprint_of(files: Sequence[Found], labels: Mapping[tuple[str, ...], int] | None = None) -> str:
    """A name of the files that changes with the place and size of any, wherever and whenever they were copied.

    Args:
        files: The files.
        labels: Their listed labels, if there is a list.
    """
    listed = {"labels": sorted(["/".join(place), label] for place, label in labels.items())} if labels else {}
    return fingerprint([file._replace(changed=0) for file in files], listed)


def _bare(shelf: Shelf, files: Sequence[Found], left_out: frozenset[int]) -> list[str]:
    """Sentences on the folders that hold no images, or none that can be used, or that may not be read."""
    above = {file.parts[:depth] for file in files for depth in range(len(file.parts))}
    closed = {file.parts for file in shelf.others if file.size < 0}
    empty = {parts for parts in shelf.folders - above - closed if parts[:-1] in above}  # the topmost of empty ones
    tops = [file.parts[:1] if len(file.parts) > 1 else () for file in files]
    lost = set(tops) - {top for number, top in enumerate(tops) if number not in left_out} - {()}
    sentences = {
        "No images are in these folders": empty,
        "No image can be used in these folders": lost,
        "What is in these may not be read, or is a link to nowhere": closed,
    }
    names = {what: [shown(Found(parts, "", 0, 0)) for parts in sorted(places)] for what, places in sentences.items()}
    return [f"{what}: {some(each)}." for what, each in names.items() if each]


def _data(
    pixels: Tensor | FileRows,
    field: Field,
    layout: Layout,
    scan: Scan,
    crop: bool,
    flip: bool,
    cached: str,
    absent: Mapping[str, str],
) -> Photos:
    fields, labels = {"x": field}, None
    if layout.names:
        labels = torch.tensor(layout.labels)
        fields["y"] = Field((), "label", classes=len(layout.names), names=layout.names)
    test = torch.tensor(layout.test) if layout.test else None
    return Photos(pixels, fields, labels, scan=scan, crop=crop, flip=flip, cached=cached, test=test, absent=absent)


def _check(
    size: int,
    crop: str,
    fit: str,
    limit: int | None,
    load_size: int | None,
    workers: int | None,
    width: int | None,
) -> None:
    if size < 0 or size == 1:
        raise ValueError(f"The option 'size' is the side of images in pixels, 2 or more, or 0; got {size}.")
    if crop == "none" and fit == "cover" and size:
        raise ValueError(
            "Images that cover a square are cut where they stick out, and crop='none' cuts nothing.\n"
            "Say fit='contain' or fit='stretch', or size=0 to take images as they are."
        )
    if load_size is not None and (crop != "random" or load_size < size):
        raise ValueError(f"load_size is for crop='random', and at least size={size}; got load_size={load_size}.")
    if crop == "random" and not size:
        raise ValueError("crop='random' needs to know the size that is cut out. Say size=64, for example.")
    if width is not None and not size:
        raise ValueError("width= is the width of images that are brought to a height, size=; with size=0 they are not.")
    for name, value in {"limit": limit, "workers": workers, "width": width}.items():
        if value is not None and value < 1:
            raise ValueError(f"The option '{name}' is 1 or more; got {value}.")


def _side(size: int, crop: str, load_size: int | None) -> int:
    """The side of the squares that are kept."""
    if crop != "random":
        return size
    return load_size or size + (size + 7) // 8


def _coloured(shelf: Shelf, files: Sequence[Found]) -> Iterator[bool]:
    """Whether each file has colour; all of them are opened where none has."""
    return (coloured(shelf, file) for file in watched(files, len(files), lambda _: 1, doing="looking for colour"))


def _common(shelf: Shelf, files: Sequence[Found]) -> tuple[int, int]:
    """The most common height and width among some of the files."""
    sizes: Counter[tuple[int, int]] = Counter()
    for file in files[:: max(1, len(files) // _PROBED)]:
        try:
            with opened(shelf, file) as image:
                sizes[upright(image)] += 1
        except Broken:
            continue
    if not sizes:
        raise ValueError(f"None of the images in {shelf.root} that were tried can be read. Are they images?")
    return sizes.most_common(1)[0][0]


def _pixels(store: Store, memory: bool | None, kept: Path | None) -> Tensor | FileRows:
    """The decoded images: in memory, or on disk."""
    size = torch.Size(store.shape).numel()
    if memory is None:
        processes = int(os.environ.get("LOCAL_WORLD_SIZE", 1))  # each of them would hold the images
        memory = processes * size < _SHARE * _free_memory() or kept is None
    if memory:
        import numpy as np

        return torch.from_numpy(np.fromfile(store.path, np.uint8, size, offset=store.offset)).reshape(store.shape)
    if kept is None:
        raise ValueError("Images that stay on disk need a place there, and there is no cache. Say cache=DIR.")
    return FileRows(store.path, store.shape, store.offset)


def _free_memory() -> float:
    """The bytes of memory that programs may still take."""
    free = float("inf")
    try:
        rows = dict(line.split(":") for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines())
        free = float(rows["MemAvailable"].split()[0]) * 1024
        group = Path("/sys/fs/cgroup")  # of a container
        free = min(free, float((group / "memory.max").read_text()) - float((group / "memory.current").read_text()))
    except (OSError, ValueError, KeyError):
        pass
    if free == float("inf"):
        names = getattr(os, "sysconf_names", {})
        known = "SC_PHYS_PAGES" in names and "SC_PAGE_SIZE" in names
        free = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")) / 2 if known else 4.0 * 2**30
    return free
