"""The names that data can be called by, and their options."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ganarium.data.base import Data
from ganarium.spec import Kind

__all__ = ["LOADERS", "READERS", "Loader", "check_names", "loader", "nearest", "reader"]

_Make = TypeVar("_Make", bound=Callable[..., Data])
_WORDS = {int: "a whole number", float: "a number", str: "a string", bool: "True or False"}


@dataclass(frozen=True)
class Loader:
    """Data that can be called by its name.

    Args:
        name: The name.
        title: What it is, in a few words.
        fields: The names of the fields that its batches have.
        kinds: The kind of each field.
        make: From options, which are its keywords, to the data.
    """

    name: str
    title: str
    fields: tuple[str, ...]
    kinds: Mapping[str, Kind]
    make: Callable[..., Data]

    @property
    def options(self) -> dict[str, Any]:
        """The options with their defaults; a path is none."""
        parameters = inspect.signature(self.make).parameters
        return {name: each.default for name, each in parameters.items() if each.default is not each.empty}

    def __call__(self, *path: str, **options: Any) -> Data:
        """The data, after a check of the options.

        Args:
            path: Where it is, if it is read from a path.
            options: The options.

        Raises:
            ValueError: if there is no such option, or it is of the wrong type.
        """
        check_names(f"'{self.name}'", options, self.options)
        hints = get_type_hints(self.make)
        for name, value in options.items():
            if not _fits(value, hints[name]):
                raise ValueError(
                    f"The option '{name}' of {self.name} is {_described(hints[name])}; "
                    f"got {value!r} ({type(value).__name__})."
                )
        return self.make(*path, **options)


class _Loaders(Mapping[str, Loader]):
    """The loaders by name. The modules that define them are imported when somebody looks."""

    def __init__(self) -> None:
        self.known: dict[str, Loader] = {}
        self._looked = False

    def _all(self) -> dict[str, Loader]:
        if not self._looked:
            self._looked = True
            package = __name__.rpartition(".")[0]
            for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
                importlib.import_module(module.name)
        return dict(sorted(self.known.items()))

    def __getitem__(self, name: str) -> Loader:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


#: The data that can be called by name.
LOADERS = _Loaders()
#: The data that is read from a path, by the name before the colon: ``mnist:PATH``.
READERS = _Loaders()


def loader(
    name: str, *, title: str, fields: tuple[str, ...], kinds: Mapping[str, Kind] | None = None
) -> Callable[[_Make], _Make]:
    """Let :func:`load` find a function under a name. Its keywords, typed and with defaults, become options.

    The arguments are written as plain literals: they are also read from the source, without running it.

    Args:
        name: What users call the data.
        title: What it is, in a few words.
        fields: The names of the fields that its batches have.
        kinds: The kind of each field.
    """

    def register(make: _Make) -> _Make:
        LOADERS.known[name] = Loader(name, title, fields, dict(kinds or {}), make)
        return make

    return register


def reader(
    name: str, *, title: str, fields: tuple[str, ...], kinds: Mapping[str, Kind] | None = None
) -> Callable[[_Make], _Make]:
    """Let :func:`load` find a function that reads a path, its first argument, under ``name:PATH``.

    Args:
        name: What users write before the colon.
        title: What it is, in a few words.
        fields: The names of the fields that its batches have.
        kinds: The kind of each field.
    """

    def register(make: _Make) -> _Make:
        READERS.known[name] = Loader(name, title, fields, dict(kinds or {}), make)
        return make

    return register


def check_names(who: str, options: Iterable[str], known: Iterable[str]) -> None:
    """Raise if an option is not known.

    Raises:
        ValueError: with the nearest names.
    """
    known = list(known)
    for name in options:
        if name not in known:
            raise ValueError(f"{who} has no option '{name}'. {nearest(name, known)}".rstrip())


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that offers the names nearest to a mistyped one, and all."""
    known = list(known)
    if not known:
        return ""
    near = get_close_matches(name, known, n=2)
    guess = f"Did you mean {' or '.join(repr(word) for word in near)}? " if near else ""
    return f"{guess}There are: {', '.join(known)}."


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of an option's type."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if hint in (int, float):
        return isinstance(value, int if hint is int else (int, float)) and not isinstance(value, bool)
    return not isinstance(hint, type) or isinstance(value, hint)


def _described(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(repr(value) for value in get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_described(one) for one in get_args(hint))
    return _WORDS.get(hint, "None" if hint is type(None) else str(hint))
