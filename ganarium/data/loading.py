"""Data by name: the worlds of this package, files, and whatever a user has at hand."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from torch import Tensor
from torch.utils.data import Dataset

from ganarium.data.base import Data, InMemory
from ganarium.data.datasets import from_dataset
from ganarium.data.tensors import from_tensors
from ganarium.spec import Kind

__all__ = ["LOADERS", "Loader", "from_source", "load", "loader"]

_Make = TypeVar("_Make", bound=Callable[..., Data])
_FILE_OPTIONS = ("kind", "range", "names")
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
        """The options with their defaults."""
        return {name: option.default for name, option in inspect.signature(self.make).parameters.items()}

    def __call__(self, **options: Any) -> Data:
        """The data, after a check of the options.

        Raises:
            ValueError: if there is no such option, or it is of the wrong type.
        """
        _check_names(f"'{self.name}'", options, self.options)
        hints = get_type_hints(self.make)
        for name, value in options.items():
            if not _fits(value, hints[name]):
                raise ValueError(
                    f"The option '{name}' of {self.name} is {_described(hints[name])}; "
                    f"got {value!r} ({type(value).__name__})."
                )
        return self.make(**options)


class _Loaders(Mapping[str, Loader]):
    """The loaders by name. The modules that define them are imported when somebody looks."""

    def __init__(self) -> None:
        self.known: dict[str, Loader] = {}
        self._looked = False

    def _all(self) -> dict[str, Loader]:
        if not self._looked:
            self._looked = True
            package = __name__.rpartition(".")[0]
            for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
                importlib.import_module(f"{package}.{module.name}")
        return dict(sorted(self.known.items()))

    def __getitem__(self, name: str) -> Loader:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


#: The data that can be called by name.
LOADERS = _Loaders()


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


def load(
    what: Any, *, split: Literal["all", "train", "test"] = "all", labels: int | None = None, **options: Any
) -> Data:
    """Data from a name, a file, tensors or a dataset.

    Args:
        what: A name in :data:`LOADERS`; the path of an ``.npz`` file (arrays by the names of the fields) or ``.npy``
            file (the array ``x``); an array or tensor; a map-style dataset; or data, which is returned as it is.
        split: Which part of it.
        labels: How many labels of each class to keep; the others become -1, unknown. None keeps all.
        options: The loader's options. For files, arrays and datasets: those of :func:`from_tensors` or
            :func:`from_dataset`.

    Raises:
        ValueError: if there is no such data or option, or what is there cannot be used.

    Example:
        >>> print(load("ring", modes=5, count=1000, split="test"))
        ring, test: 200 samples; x points 2, y label 5 classes; 3.1 KiB
    """
    if split not in ("all", "train", "test"):
        raise ValueError(f"split is 'all', 'train' or 'test'; got {split!r}.")
    data = _load(what, options)
    data = data if split == "all" else getattr(data, split)
    if labels is None:
        return data
    if not isinstance(data, InMemory):
        raise ValueError(f"Labels can be hidden in data that is in memory; {data.name} is streamed.")
    return data.few_labels(labels)


def from_source(source: Mapping[str, Any]) -> Data:
    """The data whose :attr:`Data.source` this is.

    Example:
        >>> data = load("moons", count=10)
        >>> bool((from_source(data.source)["x"] == data["x"]).all())
        True
    """
    return load(source["name"], **source.get("options", {}))


def _load(what: Any, options: dict[str, Any]) -> Data:
    if isinstance(what, Data):
        _check_names("Data that is already loaded", options, ())
        return what
    if isinstance(what, Dataset):
        _check_names("A dataset", options, (*_FILE_OPTIONS, "workers", "memory", "progress"))
        return from_dataset(what, **options)
    if isinstance(what, str) and what in LOADERS:
        data = LOADERS[what](**options)
        data.name, data.source = what, {"name": what, "options": {**LOADERS[what].options, **options}}
        return data
    if isinstance(what, str | os.PathLike):
        return _from_path(os.fspath(what), options)
    if isinstance(what, Tensor | list) or hasattr(what, "__array__"):
        _check_names("An array", options, _FILE_OPTIONS)
        return from_tensors(what, **options)
    raise ValueError(f"Data is loaded from a name, a path, an array or a dataset; got {type(what).__name__}.")


def _from_path(name: str, options: dict[str, Any]) -> Data:
    path = Path(name)
    if path.suffix not in (".npz", ".npy"):
        raise ValueError(_unknown(name, path))
    _check_names(f"'{name}'", options, _FILE_OPTIONS)
    data = from_tensors(**_arrays(path), **options)
    plain = {option: list(value) if isinstance(value, tuple) else value for option, value in options.items()}
    data.name, data.source = path.stem, {"name": str(path.resolve()), "options": plain}
    return data


def _arrays(path: Path) -> dict[str, Any]:
    """The arrays of a file by the names of their fields."""
    import numpy as np

    if not path.is_file():
        raise ValueError(f"There is no file {path}.")
    try:
        found = np.load(path, allow_pickle=False)
        arrays = {"x": found} if isinstance(found, np.ndarray) else {name: found[name] for name in found.files}
    except (ValueError, OSError, EOFError, KeyError) as error:
        raise ValueError(f"{path} cannot be read as numpy arrays: {str(error).rstrip('.')}.") from None
    clash = [name for name in _FILE_OPTIONS if name in arrays]
    if clash:
        raise ValueError(f"{path} has an array called '{clash[0]}', which is an option's name. Give it another name.")
    return arrays


def _unknown(name: str, path: Path) -> str:
    if name == "toy":
        return "'toy' is made from a game's own spec: ganarium.data.random(game.spec)."
    if path.is_dir():
        return f"{name} is a folder, and folders of images are not read yet. Give an .npz file with an array 'x'."
    if path.is_file():
        return f"{name} is a file of a type that is not read. Give an .npz or .npy file."
    return f"No data is called '{name}'. {_nearest(name, LOADERS)} Or give the path of an .npz or .npy file."


def _check_names(who: str, options: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    for name in options:
        if name not in known:
            raise ValueError(f"{who} has no option '{name}'. {_nearest(name, known)}".rstrip())


def _nearest(name: str, known: Iterable[str]) -> str:
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
