"""A game's options as plain numbers and words, and back: what a config file holds and a command line offers.

An option that is more than a number is a small frozen object from one of a few families (objectives, penalties, laws of
the latent, optimisers, schedules, augmentations). A file names it by its class, which is looked up in its family; no
path into code is ever resolved from a file.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Mapping
from typing import Any

from ganarium import nets
from ganarium.ingredients import (
    Augmentation,
    Divergence,
    Holes,
    Law,
    Objective,
    OptimizerChoice,
    Penalty,
    Schedule,
    Simulator,
)
from ganarium.nets import Architecture
from ganarium.zoo.index import nearest

__all__ = ["FAMILIES", "choices", "of_game", "plain", "read", "word"]

#: The families of options, each an abstract frozen dataclass.
FAMILIES: tuple[type, ...] = (
    Architecture,
    Objective,
    Divergence,
    Penalty,
    Law,
    OptimizerChoice,
    Schedule,
    Augmentation,
    Simulator,
    Holes,
)


def word(name: str) -> str:
    """A class's name as it is written on the command line.

    Example:
        >>> word("NonSaturating"), word("R1"), word("RMSprop")
        ('non-saturating', 'r1', 'rmsprop')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


@functools.cache
def _all_known() -> None:
    """Import every module of networks: architectures live beside them, and count as choices wherever they are."""
    for module in pkgutil.walk_packages(nets.__path__, nets.__name__ + "."):
        importlib.import_module(module.name)


def choices(family: type) -> dict[str, type]:
    """The members of a family that can be made, by their words."""
    _all_known()
    found: dict[str, type] = {}
    for member in family.__subclasses__():
        if not inspect.isabstract(member):
            found[word(member.__name__)] = member
        found |= choices(member)
    return found


def plain(value: Any) -> Any:
    """An option as numbers, words, lists and mappings.

    Raises:
        TypeError: if it is none that :func:`read` could make again.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, FAMILIES) and dataclasses.is_dataclass(value):
        rows = {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
        return {"is": word(type(value).__name__), **rows}
    raise TypeError(f"{type(value).__name__} cannot be written to a config file.")


def read(value: Any) -> Any:
    """The option that :func:`plain` wrote.

    Raises:
        ValueError: if a name is in no family.
    """
    if isinstance(value, list):
        return tuple(read(part) for part in value)
    if isinstance(value, Mapping):
        members = {name: member for family in FAMILIES for name, member in choices(family).items()}
        name = str(value.get("is"))
        if name not in members:
            raise ValueError(f"There is no option '{name}'. {nearest(name, members)}")
        return members[name](**{key: read(part) for key, part in value.items() if key != "is"})
    return value


def of_game(game: Any) -> tuple[dict[str, Any], list[str]]:
    """All options of a game as plain values, defaults too, and the names of those that are the user's own objects."""
    rows, own = {}, []
    for name, parameter in inspect.signature(type(game)).parameters.items():
        if name == "spec":
            continue
        try:
            rows[name] = plain(game.arguments.get(name, parameter.default))
        except TypeError:
            own.append(name)
    return rows, own
