"""Data by name: the worlds of this package, files, and whatever a user has at hand."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from ganarium.data.base import Data, InMemory
from ganarium.data.datasets import from_dataset, is_dataset
from ganarium.data.files.finding import SUFFIXES
from ganarium.data.files.photos import Photos
from ganarium.data.registry import LOADERS, READERS, Loader, check_names, loader, nearest, reader
from ganarium.data.tensors import from_tensors
from ganarium.files import at_home, ending
from ganarium.terminal.processes import speaks

__all__ = ["LOADERS", "READERS", "Loader", "from_source", "is_folder", "load", "loader", "maker", "reader"]

_FILE_OPTIONS = ("kind", "range", "axes", "names")


def load(
    what: Any, *, split: Literal["auto", "all", "train", "test"] = "auto", labels: int | None = None, **options: Any
) -> Data:
    """Data from a name, a file, tensors or a dataset.

    Args:
        what: A name in :data:`LOADERS`; the path of a folder or ``.zip`` file of images, of an image, of an ``.npz``
            file (arrays by the names of the fields) or ``.npy`` file (the array ``x``); ``mnist:PATH`` or another of
            :data:`READERS`; an array or tensor; a map-style dataset; or data, which is returned as it is.
        split: Which part of it; "auto": the train part of a folder of images that says itself what is kept for testing
            (folders train and test), and of all else everything.
        labels: How many labels of each class to keep; the others become -1, unknown. None keeps all.
        options: The loader's options. For folders and zip files of images: those of
            :func:`~ganarium.data.files.folders.folder`. For ``.npz`` files, arrays and datasets: those of
            :func:`from_tensors` or :func:`from_dataset`.

    Raises:
        ValueError: if there is no such data or option, or what is there cannot be used.

    Example:
        >>> print(load("ring", modes=5, count=1000, split="test"))
        ring, test: 200 samples; x points 2, y label 5 classes; 3.1 KiB
    """
    if isinstance(what, str) and what in LOADERS:
        mention(what)
    return _part(what, split, labels, options)


def _part(what: Any, split: str, labels: int | None, options: dict[str, Any]) -> Data:
    """A part of some data, with some of its labels."""
    if split not in ("auto", "all", "train", "test"):
        raise ValueError(f"split is 'all', 'train', 'test' or 'auto'; got {split!r}.")
    data = _load(what, options)
    if isinstance(data, Photos) and data is not what and speaks():
        for sentence in filter(None, (data.scan.warning, data.scan.passed)):
            warnings.warn(sentence, stacklevel=3)
    if split == "auto":
        split = "train" if isinstance(data, Photos) and data is not what and data.divided else "all"
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
    name = source["name"]
    place = Path((_reader_of(name) or (None, name))[1])
    if name not in LOADERS and place.is_absolute() and not place.exists():
        raise ValueError(
            f"The data lay in {place}, where nothing is now. `ganarium resume RUN --data PATH` says where it is, "
            "and notes it in the run; from Python, ga.resume(run, data=PATH)."
        )
    options = {"split": "all", "labels": None, **source.get("options", {})}
    data = _part(name, options.pop("split"), options.pop("labels"), options)
    before, now = (each.get("fingerprint") for each in (source, data.source or {}))
    if before and before != now and speaks():
        warnings.warn(f"The files in {source['name']} are not those of before, and so the data is other.", stacklevel=2)
    return data


def _load(what: Any, options: dict[str, Any]) -> Data:
    if isinstance(what, Data):
        check_names("Data that is already loaded", options, ())
        return what
    if is_dataset(what):
        check_names("A dataset", options, (*_FILE_OPTIONS, "workers", "memory", "progress"))
        return from_dataset(what, **options)
    if isinstance(what, str) and what in LOADERS:
        data = LOADERS[what](**options)
        data.name, data.source = what, {"name": what, "options": {**LOADERS[what].options, **options}}
        return data
    if isinstance(what, str | os.PathLike):
        return _from_path(os.fspath(what), options)
    if isinstance(what, Tensor | list) or hasattr(what, "__array__"):
        check_names("An array", options, _FILE_OPTIONS)
        return from_tensors(what, **options)
    raise ValueError(f"Data is loaded from a name, a path, an array or a dataset; got {_of_other_type(what)}.")


def _of_other_type(what: Any) -> str:
    """What somebody gave, and what to give instead, if that is plain."""
    name = type(what).__name__
    if hasattr(what, "dataset") and hasattr(what, "batch_size"):
        return f"{name}. Give what it deals: loader.dataset. Batches are dealt here, in an order that can be resumed"
    if isinstance(what, Mapping):
        return f"{name}. Give its arrays by their names: from_tensors(**arrays)"
    if isinstance(what, tuple):
        return f"{name}. Give arrays as from_tensors(x, y)"
    return f"{name}. A dataset has __len__ and __getitem__" if hasattr(what, "__iter__") else name


def mention(name: str) -> None:
    """Say that a folder is called as data that comes with this package, if one here is: the name means the data."""
    if Path(name).is_dir() and speaks():
        warnings.warn(
            f"'{name}' is data that comes with ganarium. The folder of that name here is ./{name}.", stacklevel=2
        )


def is_folder(name: Any) -> bool:
    """Whether a name is the path of a folder or zip file of images, or of an image."""
    found = _reader_of(os.fspath(name)) if isinstance(name, str | os.PathLike) and name not in LOADERS else None
    return found is not None and found[0].name == "folder"


def maker(name: str) -> Callable[..., Data]:
    """The function whose keywords are the options of the data that a name or path says."""
    if name in LOADERS:
        return LOADERS[name].make
    found = _reader_of(name)
    return found[0].make if found else from_tensors


def _reader_of(name: str) -> tuple[Loader, str] | None:
    """What reads a path, and the path: ``mnist:PATH``, a folder or a zip file; None for anything else."""
    prefix, colon, path = name.partition(":")
    if colon and prefix in READERS:
        return READERS[prefix], path
    path = at_home(name)
    images = path.is_dir() or ending(path) in (".zip", *SUFFIXES)
    return (READERS["folder"], str(path)) if images else None


def _from_path(name: str, options: dict[str, Any]) -> Data:
    if found := _reader_of(name):
        return _from_reader(*found, options)
    path = at_home(name)
    if ending(path) not in (".npz", ".npy"):
        raise ValueError(_unknown(name, path))
    check_names(f"'{name}'", options, _FILE_OPTIONS)
    data = from_tensors(**_arrays(path), **options)
    data.name, data.source = path.stem, {"name": str(path.resolve()), "options": _plain(options)}
    with path.open("rb") as file:
        data.fingerprint = hashlib.file_digest(file, "sha256").hexdigest()[:24]
    return data


def _from_reader(reader: Loader, name: str, options: dict[str, Any]) -> Data:
    if not name:
        raise ValueError(f"Where is it? {reader.name}:PATH, such as {reader.name}:./{reader.name}.")
    path = at_home(name).resolve()
    data = reader(str(path), **options)
    if reader.name == "folder":
        data.name, stored = path.stem or "folder", str(path)
    else:
        data.name, stored = reader.name, f"{reader.name}:{path}"
    data.source = {"name": stored, "options": _plain({**reader.options, **options})}
    if isinstance(data, Photos):
        data.source["fingerprint"] = data.fingerprint
    else:
        data.fingerprint = _digest(data)
    return data


def _digest(data: Data) -> str:
    """A name of what the samples are."""
    digest = hashlib.sha256()
    for batch in data.sweep(4096):
        for value in batch.values():
            digest.update(value.numpy().tobytes())
    return digest.hexdigest()[:24]


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as a YAML file can hold them."""
    return {option: list(value) if isinstance(value, tuple) else value for option, value in options.items()}


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
    if path.is_file():
        return f"{name} is a file of a type that is not read. Give an .npz or .npy file, or a folder or .zip of images."
    if name in READERS:
        return f"'{name}' is read from files that you have: {name}:PATH."
    where = "a folder of images, or of an .npz or .npy file"
    return f"No data is called '{name}'. {nearest(name, LOADERS)} Or give the path of {where}."
