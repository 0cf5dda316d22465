"""What the folders of images say: their classes, and which are kept for testing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

__all__ = ["Layout", "check_domains", "layout_of"]

Classes = Literal["auto", "folders", "none"]
Place = tuple[str, ...]

_TRAIN = frozenset({"train", "training"})
_TEST = frozenset({"test", "testing", "val", "valid", "validation"})
_UNKNOWN = -1


class Layout(NamedTuple):
    """What the folders say.

    Args:
        names: The classes; none: no labels.
        labels: The class of each image, if there are classes; -1 where it is not known.
        test: The places of the images that are kept for testing; None: the folders do not say.
        notes: What a person should know, a sentence each.
        why: Why there are no labels; empty if there are.
    """

    names: tuple[str, ...]
    labels: list[int]
    test: list[int] | None
    notes: list[str]
    why: str = ""


def layout_of(parts: Sequence[Place], wanted: Classes, root: str, listed: Mapping[Place, int] | None = None) -> Layout:
    """The layout of images by their places: the folders below the root that each is in, and its name.

    One folder around everything is looked through. The folders ``train`` and ``test`` (or ``val``) side by side are the
    splits, and no classes; below them, an image in no folder has a label that is not known. Classes are the first
    folders below, if every other image is in one and there are two or more; deeper folders do not matter.

    Args:
        parts: The places.
        wanted: "auto": as said; "folders": or an error; "none": no labels.
        root: What messages call the folder.
        listed: The labels by place, where a file lists them; then folders are no classes.

    Raises:
        ValueError: if classes are wanted, but the folders make none.

    Example:
        >>> layout_of([("cat", "1.png"), ("dog", "old", "2.png")], "auto", "photos").names
        ('cat', 'dog')
    """
    if listed is not None and wanted == "auto":
        test, _, notes, _ = _splits(parts, root)
        names, labels, said = _of_list(parts, listed)
        return Layout(names, labels if names else [], test, [*notes, *said], "" if names else said[0])
    test, inner, notes, why = _splits(parts, root)
    folders = sorted({place[0] for place in inner if len(place) > 1}, key=_natural)
    why = why or _no_classes(folders, inner, parts, root, test, wanted)
    if wanted == "folders" and why:
        raise ValueError(f"{why}\nPut each image into the folder of its class, or leave classes='folders' out.")
    if wanted == "none" or why:
        why = why if wanted == "auto" else "classes='none' leaves labels out."
        return Layout((), [], test, notes + ([why] if folders and wanted == "auto" else []), why)
    places = {name: number for number, name in enumerate(folders)}
    labels = [places[place[0]] if len(place) > 1 else _UNKNOWN for place in inner]
    return Layout(tuple(folders), labels, test, [*notes, *_unlearned(parts, labels, folders, test)])


def check_domains(parts: Sequence[Place], wanted: Classes, root: str) -> None:
    """Raise where folders are two domains, such as trainA and trainB, which are no classes.

    Args:
        parts: The places of the images.
        wanted: As for :func:`layout_of`; whoever asks for classes, or for none, gets what is asked for.
        root: What messages call the folder.

    Raises:
        ValueError: saying how two folders of images become the fields ``a`` and ``b``.
    """
    tops = {place[0].lower(): place[0] for place in _unwrapped(parts)[0] if len(place) > 1}
    if wanted == "auto" and {"traina", "trainb"} <= tops.keys():
        raise ValueError(
            f"{root} has the folders {', '.join(sorted(tops.values()))}: images of two domains, which are no classes.\n"
            "Games that translate play on arrays: from Python, x = ga.data.load for each of the two folders, then "
            "ga.data.from_tensors(a=..., b=...) with as many of each; or an .npz file with the arrays a and b.\n"
            "To take all images together, say classes='none' (--data.classes none)."
        )


def _unwrapped(parts: Sequence[Place]) -> tuple[list[Place], list[str]]:
    """The places without the folders that are around everything, and those folders."""
    around: list[str] = []
    parts = list(parts)
    while len({place[0] for place in parts}) == 1 and min(map(len, parts)) > 1 and max(map(len, parts)) > 2:
        around.append(parts[0][0])
        parts = [place[1:] for place in parts]
    return parts, around


def _splits(parts: Sequence[Place], root: str) -> tuple[list[int] | None, list[Place], list[str], str]:
    """The places of the test split, if folders say it; the places below; notes; and why folders are no classes."""
    inner, around = _unwrapped(parts)
    notes = [f"All images lie in {'/'.join(around)}, which is looked through."] if around else []
    tops = Counter(place[0].lower() if len(place) > 1 else "" for place in inner)
    names = sorted(tops.keys() & (_TRAIN | _TEST))
    if not (tops.keys() & _TRAIN and tops.keys() & _TEST):
        return None, inner, notes, ""
    if len(names) < len(tops):
        others = sum(count for top, count in tops.items() if top not in names)
        why = (
            f"Folders named {' and '.join(names)} look like splits, but {_images(others)} in {root} lie beside them, "
            "so there are no splits and no labels. Give a folder with nothing else in it."
        )
        return None, inner, notes, why
    test = [number for number, place in enumerate(inner) if place[0].lower() in _TEST]
    notes.append(
        f"Folders named {' and '.join(names)} are the train and test splits; only "
        f"{' and '.join(sorted(_TRAIN & tops.keys()))} is learned from, unless split is 'all'."
    )
    below: dict[int, Place] = {}
    for split in (_TRAIN, _TEST):
        rows = [number for number, place in enumerate(inner) if place[0].lower() in split]
        below |= zip(rows, _unwrapped([inner[number][1:] for number in rows])[0], strict=True)
    return test, [below[number] for number in range(len(inner))], notes, ""


def _unlearned(
    parts: Sequence[Place], labels: Sequence[int], names: Sequence[str], test: Sequence[int] | None
) -> list[str]:
    """Sentences on images of no class, and on classes that are not learned from."""
    unknown = [number for number, label in enumerate(labels) if label == _UNKNOWN]
    notes = []
    if unknown:
        where = "/".join(parts[unknown[0]][:-1])
        notes.append(f"{_images(len(unknown))} in {where} lie in no class folder, so their labels are not known.")
    held = set(test or ())
    learned = {label for number, label in enumerate(labels) if number not in held}
    lost = [name for number, name in enumerate(names) if number not in learned]
    if lost and test:
        notes.append(f"Nothing is learned of the classes {', '.join(lost[:8])}: all their images are kept for testing.")
    return notes


def _of_list(parts: Sequence[Place], listed: Mapping[Place, int]) -> tuple[tuple[str, ...], list[int], list[str]]:
    """The classes, the labels and what is said of them, where a file lists the labels."""
    values = sorted({listed[place] for place in parts if place in listed})
    places = {value: number for number, value in enumerate(values)}
    labels = [places[listed[place]] if place in listed else _UNKNOWN for place in parts]
    lost = labels.count(_UNKNOWN)
    if not values:
        return (), [], ["dataset.json lists no labels of these images."]
    said = [f"Labels are those of dataset.json: {len(values)} classes."]
    said += [f"{_images(lost)} not in it: their labels are not known."] if lost else []
    return tuple(map(str, values)), labels, said


def _natural(name: str) -> tuple[int, int, str]:
    """Folders that are numbers are sorted as numbers."""
    return (0, int(name), name) if name.isascii() and name.isdigit() else (1, 0, name)


def _no_classes(
    folders: Sequence[str],
    inner: Sequence[Place],
    parts: Sequence[Place],
    root: str,
    test: Sequence[int] | None,
    wanted: Classes,
) -> str:
    """Why there are no labels; empty if there are."""
    loose = [number for number, place in enumerate(inner) if len(place) == 1]
    where = "/".join((root, *parts[loose[0]][:-1])) if loose else root
    if not folders:
        return f"All images lie in {root if test else where} itself, so there are no labels."
    if test and wanted == "auto":
        if {len(place) for number, place in enumerate(inner) if number not in {*test}} == {1}:
            return "No image that is learned from is in a class folder, so there are no labels."
    elif loose:
        some = f"{len(loose):,} image{'s lie' if len(loose) > 1 else ' lies'}"
        beside = "in no class folder" if test else f"beside the folders {', '.join(folders[:3])}"
        return f"{some} in {where} itself, {beside}, so there are no labels."
    return f"All images are in one folder, '{folders[0]}', so there are no labels." if len(folders) == 1 else ""


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"
