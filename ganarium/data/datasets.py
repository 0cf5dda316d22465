"""Data from the datasets that PyTorch users already have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset

from ganarium.data.base import Data
from ganarium.data.codec import Codec
from ganarium.data.stream import Reader, Request, Stream, read_ahead
from ganarium.data.tensors import from_tensors, read
from ganarium.spec import Kind
from ganarium.terminal.progress import Progress, watched

__all__ = ["from_dataset", "is_dataset"]

_LIMIT = 1 << 30  # bytes that are brought into memory without being asked
_PROBE = 64  # samples that a stream's spec is found out from
_CHUNK = 256


def is_dataset(what: Any) -> bool:
    """Whether it is a dataset: one of PyTorch's, or anything else whose items have places and a number of them."""
    if isinstance(what, Dataset):
        return True
    others = (str, bytes, Mapping, list, tuple, Tensor)
    ordered = hasattr(what, "__len__") and hasattr(what, "__getitem__") and not hasattr(what, "__array__")
    return ordered and not isinstance(what, others)


def from_dataset(
    dataset: Any,
    workers: int = 0,
    *,
    kind: Kind | None = None,
    range: Sequence[float] | None = None,
    axes: str = "",
    names: Sequence[str] = (),
    memory: bool | None = None,
    progress: Progress | None = None,
) -> Data:
    """Data from a map-style dataset whose items are a tensor, ``(x, y)``, or a dict of fields.

    Values may be tensors, arrays, numbers or Pillow images; they are read as by :func:`from_tensors`. A dataset below
    1 GiB whose items are the same each time is brought into memory. Any other is a :class:`Stream`: its spec is found
    out from 64 samples, and what it draws at random follows from the seed and the place in the order.

    Args:
        dataset: The dataset: anything with ``__len__`` and ``__getitem__``, of PyTorch's class or not.
        workers: Processes that read it; 0 reads in this one.
        kind: What ``x`` is, where its shape leaves doubt.
        range: The lowest and highest number that can occur in ``x``.
        axes: What each axis of a batch of ``x`` is, as for :func:`from_tensors`: N, and those of an item.
        names: What the classes of ``y`` are called; the dataset's ``classes`` unless given.
        memory: Whether to bring it into memory; None: as said above.
        progress: Called with the samples read and their number; None shows a bar if it takes longer than 2 s.

    Raises:
        ValueError: if it has no length, or its items are no batch.
    """
    n = _length(dataset)
    reader = Reader(dataset)
    rows = torch.linspace(0, n - 1, min(n, _PROBE), dtype=torch.float64).long().tolist()
    probe = reader.__getitems__(Request(0, 0, rows, rows))
    names = tuple(names) or _classes(dataset)
    if memory is None:
        memory = _bytes(probe) * n / len(rows) < _LIMIT and not _random(reader, rows[:16], probe)
    if not memory:
        codecs = {name: _codec(name, value, kind, range, names, axes) for name, value in probe.items()}
        return Stream(dataset, codecs, workers, name=type(dataset).__name__)
    chunks = (Request(0, low, every, every) for low, every in _chunks(n))
    parts = (raw for _, raw in read_ahead(reader, chunks, workers, torch.device("cpu")))
    raw = list(watched(parts, n, lambda part: len(next(iter(part.values()))), progress))
    values = {name: _joined([chunk[name] for chunk in raw]) for name in probe}
    del raw
    data = from_tensors(**values, kind=kind, range=range, axes=axes, names=names if "y" in values else ())
    data.name = type(dataset).__name__
    return data


def _length(dataset: Any) -> int:
    name = type(dataset).__name__
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        raise ValueError(
            f"{name} has no length and no place for each sample, so its order could not be resumed.\n"
            "Give a map-style dataset, with __len__ and __getitem__, or tensors: from_tensors(x, y)."
        )
    if len(dataset) < 1:
        raise ValueError(f"{name} is empty.")
    return len(dataset)


def _classes(dataset: Any) -> tuple[str, ...]:
    classes = getattr(dataset, "classes", None)
    if not isinstance(classes, list | tuple) or not all(isinstance(name, str) for name in classes):
        return ()
    return tuple(classes)


def _bytes(probe: dict[str, Any]) -> int:
    """How much memory the samples would take."""
    tensors = [value for value in probe.values() if isinstance(value, Tensor)]
    return sum(value.numel() * (1 if value.dtype == torch.uint8 else 4) for value in tensors)


def _random(reader: Reader, rows: list[int], probe: dict[str, Any]) -> bool:
    """Whether items differ when read again, as augmented ones do."""
    again = reader.__getitems__(Request(1, 0, rows, rows))
    return any(
        not torch.equal(value, probe[name][: len(rows)]) for name, value in again.items() if isinstance(value, Tensor)
    )


def _codec(
    name: str, value: Any, kind: Kind | None, range: Sequence[float] | None, names: Sequence[str], axes: str
) -> Codec:
    _, codec = read(name, value, kind, range, names, axes)
    if codec.field.counts and not (name == "y" and names and isinstance(value, Tensor)):
        raise ValueError(
            f"'{name}' counts up to a number that is not known before all of a streamed dataset is read.\n"
            "For labels, give whole numbers and name all classes with names=; or bring all into memory: memory=True."
        )
    return codec


def _chunks(n: int) -> Iterator[tuple[int, list[int]]]:
    starts = torch.arange(0, n, _CHUNK).tolist()
    return ((low, torch.arange(low, min(low + _CHUNK, n)).tolist()) for low in starts)


def _joined(parts: list[Any]) -> Any:
    if isinstance(parts[0], Tensor):
        return torch.cat(parts)
    return [word for part in parts for word in part]
