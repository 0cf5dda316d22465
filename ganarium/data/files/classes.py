"""What the folders of images say: their classes, and which are kept for testing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

__all__ = ["Layout", "layout_of"]

Classes = Literal["auto", "folders", "none"]

_TRAIN = frozenset({"train", "training"})
_TEST = frozenset({"test", "testing", "val", "valid", "validation"})


class Layout(NamedTuple):
    """What the folders say.

    Args:
        names: The classes; none: no labels.
        labels: The class of each image, if there are classes.
        test: The places of the images that are kept for testing; None: the folders do not say.
        notes: What a person should know, a sentence each.
    """

    names: tuple[str, ...]
    labels: list[int]
    test: list[int] | None
    notes: list[str]


def layout_of(parts: Sequence[tuple[str, ...]], wanted: Classes, root: str) -> Layout:
    """The layout of images by their places: the folders below the root that each is in, and its name.

    The folders ``train`` and ``test`` (or ``val``) side by side are the splits, and no classes. Classes are the first
    folders below, if every image is in one and there are two or more; deeper folders do not matter.

    Args:
        parts: The places.
        wanted: "auto": as said; "folders": or an error; "none": no labels.
        root: What messages call the folder.

    Raises:
        ValueError: if classes are wanted, but the folders make none.

    Example:
        >>> layout_of([("cat", "1.png"), ("dog", "old", "2.png")], "auto", "photos").names
        ('cat', 'dog')
    """
    notes, test = [], None
    tops = {place[0].lower() if len(place) > 1 else "" for place in parts}
    if tops & _TRAIN and tops & _TEST and tops <= _TRAIN | _TEST:
        test = [number for number, place in enumerate(parts) if place[0].lower() in _TEST]
        parts = [place[1:] for place in parts]
        notes.append(f"Folders named {' and '.join(sorted(tops))} are the train and test splits.")
    folders = sorted({place[0] for place in parts if len(place) > 1}, key=_natural)
    loose = sum(len(place) == 1 for place in parts)
    why = _no_classes(folders, loose, root)
    if wanted == "folders" and why:
        raise ValueError(f"{why}\nPut each image into the folder of its class, or leave classes='folders' out.")
    if wanted == "none" or why:
        return Layout((), [], test, notes + ([why] if folders and wanted == "auto" else []))
    places = {name: number for number, name in enumerate(folders)}
    return Layout(tuple(folders), [places[place[0]] for place in parts], test, notes)


def _natural(name: str) -> tuple[int, int, str]:
    """Folders that are numbers are sorted as numbers."""
    return (0, int(name), name) if name.isascii() and name.isdigit() else (1, 0, name)


def _no_classes(folders: Sequence[str], loose: int, root: str) -> str:
    """Why there are no labels; empty if there are."""
    if not folders:
        return f"All images lie in {root} itself, so there are no labels."
    if loose:
        some = f"{loose:,} image{'s lie' if loose > 1 else ' lies'}"
        return f"{some} in {root} itself, beside the folders {', '.join(folders[:3])}, so there are no labels."
    return f"All images are in one folder, '{folders[0]}', so there are no labels." if len(folders) == 1 else ""
