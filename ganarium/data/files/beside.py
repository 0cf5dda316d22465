"""What lies beside images and says something of them: labels in dataset.json, which are read; captions and tables."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from ganarium.data.files.finding import Found, Shelf, shown
from ganarium.data.files.scan import some
from ganarium.files import ending

__all__ = ["Beside", "beside"]

_LIST = "dataset.json"
_CAPTIONS = frozenset({".txt", ".caption", ".json", ".xml"})
_TABLES = frozenset({".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xml", ".mat"})
_LARGEST = 1 << 30  # bytes of a list of labels


class Beside(NamedTuple):
    """What lies beside images.

    Args:
        labels: The label of each listed image by its place; None: no list.
        notes: What a person should know, a sentence each.
        tables: A sentence on what may hold labels, for who has none; or nothing.
        captions: A sentence on what may hold captions; or nothing.
    """

    labels: Mapping[tuple[str, ...], int] | None
    notes: list[str]
    tables: str
    captions: str


def beside(shelf: Shelf, images: Sequence[Found]) -> Beside:
    """What the files beside images say of them.

    ``dataset.json`` holds ``{"labels": [["a/1.png", 3], ...]}``, as for StyleGAN: whole numbers, or rows with one
    1. Nothing else is read, but said to be there.

    Args:
        shelf: Where the images lie.
        images: The images.
    """
    files = [file for file in shelf.others if file.size >= 0]
    lists = [file for file in files if file.parts[-1] == _LIST]
    labels, said = _listed(shelf, lists[0]) if len(lists) == 1 else (None, "")
    twins = {_stem(file) for file in images}
    captions = [file for file in files if ending(file.parts[-1]) in _CAPTIONS and _stem(file) in twins]
    named = set(captions) | set(lists)
    tables = [file for file in files if ending(file.parts[-1]) in _TABLES and file not in named]
    told = _sentence("called as images are, as captions would be", captions)
    listing = _sentence("beside the images", tables)
    return Beside(labels, [*filter(None, (said, told))], listing, told)


def _stem(file: Found) -> tuple[str, ...]:
    """The place of a file without its ending."""
    return (*file.parts[:-1], PurePath(file.parts[-1]).stem)


def _sentence(what: str, files: Sequence[Found]) -> str:
    if not files:
        return ""
    names = some([shown(file) for file in files])
    return f"Not read: {len(files):,} file{'s' * (len(files) > 1)} {what} ({names})."


def _listed(shelf: Shelf, file: Found) -> tuple[dict[tuple[str, ...], int] | None, str]:
    """The labels of a list by the places of images; or why it has none."""
    try:
        if file.size > _LARGEST:
            raise ValueError("it is too large")
        rows = json.loads(shelf.start(file, file.size))["labels"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return None, f"{shown(file)} has no labels that can be read ({type(error).__name__})."
    if not rows:
        return {}, ""
    try:
        return {(*file.parts[:-1], *_parts(name)): _label(label) for name, label in rows}, ""
    except (ValueError, TypeError):
        return None, f"The labels in {shown(file)} are no whole numbers, one for each image, and are not read."


def _parts(name: Any) -> list[str]:
    """The folders of a listed image, and its name, as they are found on disk."""
    names = unicodedata.normalize("NFC", str(name)).replace("\\", "/").split("/")
    return [each for each in names if each not in ("", ".")]


def _label(label: Any) -> int:
    """A whole number, or the place of the one in a row of zeros.

    Raises:
        ValueError: if it is neither.
    """
    if isinstance(label, list) and sorted(label)[-1:] == [1] and sum(map(abs, label)) == 1:
        return label.index(1)
    if isinstance(label, bool) or not isinstance(label, int) or label < 0:
        raise ValueError(label)
    return label
