"""Data for who plays on a spec already: how files are read for it, in its units, by its classes; and what differs."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any, Literal

import torch

from ganarium.data.base import Data, InMemory
from ganarium.data.files.levels import BYTES, Beyond
from ganarium.data.loading import is_folder, load, maker
from ganarium.spec import Field, Spec, some

__all__ = ["difference", "like", "reading"]

_ROUNDING = 1e-4  # how far units may differ, on another machine
_PIXELS = ("image", "volume", "video")


def like(
    what: Any,
    spec: Spec,
    *,
    split: Literal["all", "train", "test"] = "all",
    who: str = "The run plays on",
    **options: Any,
) -> Data:
    """Data as who plays on a spec sees it, whatever it lies in; all commands read files by this rule.

    Images of a folder, a zip file or a file are brought to the spec's size and channels, and read in its range. Numbers
    of arrays are brought to its units, classes to its order by their names.

    Args:
        what: Anything that :func:`~ganarium.data.load` takes.
        spec: The fields that matter; what else the data holds stays as it is.
        split: Which part of it.
        who: How the message begins if a shape is another.
        options: Options of the data, which win over what the spec says.

    Raises:
        ValueError: if there is no such data, or a field has another shape, or classes that the spec does not know.

    Example:
        >>> cats = Spec(y=Field((), "label", classes=2, names=("cat", "dog")))
        >>> like(load([[0.0], [1.0]]), cats)["x"].flatten().tolist()
        [-1.0, 1.0]
    """
    data = _read(what, {**reading(what, spec), "split": split}, options)
    for name, own in spec.items():
        other = data.spec.get(name)
        if other is None or name == "index":
            continue
        if own.kind == other.kind == "label":
            data = _relabelled(data, name, own)
        elif own.shape != other.shape:
            raise ValueError(f"{who} '{name}' of {own}; {data.name} has {other}.")
        elif not same_units(own, other) and own.kind == other.kind:
            data = _restated(data, name, own)
    return data


def _read(what: Any, known: dict[str, Any], options: dict[str, Any]) -> Data:
    """Data as its spec says, or as a person does; pictures of a range, as samples are written to, as pictures."""
    try:
        return load(what, **{**known, **options})
    except Beyond as error:
        if "range" in options or set(error.containers) != {BYTES}:
            raise
        return load(what, **{**known, **options, "range": None})


def reading(what: Any, spec: Spec) -> dict[str, Any]:
    """The options with which files, arrays and datasets give what a spec holds.

    Args:
        what: What is read; data by name, and data that is loaded, have no such options.
        spec: The fields; the first of them that is no label counts.

    Example:
        >>> reading("photos.zip", Spec(x=Field((3, 24, 32), "image")))
        {'size': 24, 'channels': 3, 'width': 32}
    """
    field = next((field for field in spec.values() if not field.counts or field.kind == "tokens"), None)
    if field is None or isinstance(what, Data):
        return {}
    known = inspect.signature(maker(str(what)) if isinstance(what, str) or is_folder(what) else load).parameters
    options: dict[str, Any] = {}
    if is_folder(what) and field.kind == "image" and field.shape[0] in (1, 3):
        _, height, width = field.shape
        options = {"size": height, "channels": field.shape[0]} | ({} if width == height else {"width": width})
    elif field.kind not in ("image", "volume", "attributes") and "kind" in known:
        options["kind"] = field.kind
    if field.kind in _PIXELS and field.scale and "range" in known:
        half, middle = field.scale[0], (*field.shift, 0.0)[0]
        options["range"] = (middle - half, middle + half)
    return options


def difference(spec: Spec, other: Spec) -> str:
    """What ``other`` has otherwise than ``spec``, in a sentence; nothing if who plays on ``spec`` can play on it.

    Fields that only ``other`` has, the number of samples and the frequencies of classes do not matter.

    Args:
        spec: What is played on.
        other: What there is.

    Example:
        >>> cats, ants = (Field((), "label", classes=2, names=names) for names in (("cat", "dog"), ("ant", "cat")))
        >>> difference(Spec(y=cats), Spec(y=ants))
        "'y' has the classes ant, cat, and had cat, dog."
    """
    for name, before in spec.items():
        if name != "index" and (words := _difference(before, other.get(name))):
            return f"'{name}' {words}."
    return ""


def _difference(before: Field, now: Field | None) -> str:
    """What a field has otherwise than before; nothing if it has not."""
    if now is None:
        return f"is not there, and was {before}"
    if before.kind == now.kind == "label" and before.called != now.called:
        return f"has the classes {some(now.called)}, and had {some(before.called)}"
    if (before.kind, before.shape, before.classes) != (now.kind, now.shape, now.classes):
        return f"is {now}, and was {before}"
    if before.names != now.names and before.kind != "label":
        return "has other words, or the same in another order"
    return "" if same_units(before, now) else f"is in other units: {_units(now)}, and had {_units(before)}"


def same_units(one: Field, other: Field) -> bool:
    """Whether the same number means the same in two fields, but for rounding."""
    scales, shifts = _pairs(one.scale, other.scale, 1.0), _pairs(one.shift, other.shift, 0.0)
    wide = max(abs(number) for pair in scales for number in pair)
    return all(math.isclose(a, b, rel_tol=_ROUNDING) for a, b in scales) and all(
        math.isclose(a, b, rel_tol=0, abs_tol=_ROUNDING * wide) for a, b in shifts
    )


def _pairs(one: Sequence[float], other: Sequence[float], default: float) -> list[tuple[float, float]]:
    """Numbers side by side, one for each coordinate where either has so many."""
    one, other = one or (default,), other or (default,)
    count = max(len(one), len(other))
    return [(one[place % len(one)], other[place % len(other)]) for place in range(count)]


def _units(field: Field) -> str:
    scale, shift = ([f"{number:.4g}" for number in row[:3]] for row in (field.scale, field.shift))
    return f"one unit is {', '.join(scale) or '1'} and zero is at {', '.join(shift) or '0'}"


def _restated(data: Data, name: str, own: Field) -> Data:
    """The same numbers in the units of another field; pixels of whom no range is known are shown as they are."""
    other = data.spec[name]
    if not isinstance(data, InMemory) or (own.kind in _PIXELS and not (own.scale and other.scale)):
        return data
    return data.changed(name, own.normalise(other.restore(data.stored(name))), own)


def _relabelled(data: Data, name: str, own: Field) -> Data:
    """The same labels by the places that another field gives to the classes.

    Raises:
        ValueError: if a class of the data has no place there.
    """
    called = data.spec[name].called
    if called == own.called:
        return data
    lost = [word for word in called if word not in own.called]
    if lost or not isinstance(data, InMemory):
        raise ValueError(
            f"'{name}' of {data.name} has the classes {some(called)}; those that are known are {some(own.called)}."
        )
    y = data.stored(name)
    places = y.new_tensor([own.called.index(word) for word in called])
    return data.changed(name, torch.where(y < 0, -1, places[y.clamp(min=0)]), own)
