"""Data too large for memory: read by workers while the game is played, in the order in which memory would be dealt."""

from __future__ import annotations

import copy
import os
import random
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_start_method
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ganarium.data.base import Data, unpack
from ganarium.data.codec import Codec, from_array, tensor_of
from ganarium.data.order import Order, Span
from ganarium.data.workers import held_back, outlast
from ganarium.randomness import mix

__all__ = ["Reader", "Request", "Stream", "read_ahead"]


class Request(NamedTuple):
    """What a worker is asked for: rows of the dataset, for the positions from ``low`` of the order of ``seed``."""

    seed: int
    low: int
    places: list[int]
    rows: list[int]


class Reader(Dataset):
    """Reads rows of a dataset as raw batches; runs in the workers.

    What a dataset draws at random (crops, flips) follows from the seed and the position of the sample in the order,
    so it is the same for any number of workers and processes, and after a resume.

    Args:
        dataset: Items are a tensor, ``(x,)``, ``(x, y)``, or a mapping from field names.
    """

    def __init__(self, dataset: Dataset):
        self.dataset = dataset

    def __getitems__(self, request: Request) -> dict[str, Any]:
        with _kept_randomness():
            items = [
                self._item(row, mix(request.seed, position)) for position, row in enumerate(request.rows, request.low)
            ]
        return {name: _stack(name, [item[name] for item in items], request.rows) for name in items[0]}

    def _item(self, row: int, seed: int) -> dict[str, Any]:
        import numpy as np

        torch.default_generator.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed & 0xFFFFFFFF)
        item = self.dataset[row]
        if item is None:
            raise ValueError(f"Item {row} of the dataset is None. Leave out what cannot be read, or give it a value.")
        if isinstance(item, Mapping):
            return dict(item)
        values = item if isinstance(item, tuple | list) else (item,)
        if len(values) > 2:
            raise ValueError(
                f"Item {row} of the dataset has {len(values)} parts, whose meaning is not known.\n"
                "Give a tensor, (x, y), or a dict with names such as 'x', 'y', 'c', 'a', 'b'."
            )
        return dict(zip(("x", "y"), values, strict=False))


class Stream(Data):
    """Data that is read while it is dealt.

    The same order, the same parts and the same ``start`` as of data in memory. Splits are not stratified: the labels
    are not known before they are read.

    Args:
        dataset: A map-style dataset.
        codecs: How each field is packed.
        workers: Processes that read ahead; 0 reads in this one.
        name: What messages call the data.
    """

    def __init__(self, dataset: Dataset, codecs: Mapping[str, Codec], workers: int = 0, *, name: str = "data"):
        self._reader = Reader(dataset)
        self._codecs = dict(codecs)
        self._workers = workers
        self._device = torch.device("cpu")
        super().__init__({name: codec.field for name, codec in codecs.items()}, len(dataset), name=name)  # pyright: ignore[reportArgumentType]

    @property
    def device(self) -> torch.device:
        return self._device

    def to(self, device: torch.device | str) -> Self:
        moved = copy.copy(self)
        moved._device = torch.device(device)
        return moved

    def gather(self, places: Tensor) -> dict[str, Tensor]:
        request = Request(0, 0, places.tolist(), self._stored(places.cpu()).tolist())
        return self._packed(request.places, self._reader.__getitems__(request))

    def _follow(self, order: Order, spans: Iterable[Span]) -> Iterator[dict[str, Tensor]]:
        for request, raw in read_ahead(self._reader, self._requests(order, spans), self._workers, self._device):
            yield self._packed(request.places, raw)

    def _requests(self, order: Order, spans: Iterable[Span]) -> Iterator[Request]:
        for low, high in spans:
            places = order.places(low, high)
            yield Request(order.seed or 0, low, places.tolist(), self._stored(places).tolist())

    def _packed(self, places: list[int], raw: Mapping[str, Any]) -> dict[str, Tensor]:
        batch = {}
        for name, codec in self._codecs.items():
            packed = codec.pack(tensor_of(name, raw[name]))
            codec.check(packed, name)
            batch[name] = unpack(packed.to(self._device, non_blocking=True))
        batch["index"] = torch.tensor(places, device=self._device)
        return batch

    def _labels(self) -> Tensor | None:
        return None

    def _kept(self) -> str:
        return f"read by {self._workers} workers" if self._workers else "read as they are dealt"


def read_ahead(
    reader: Reader, requests: Iterable[Request], workers: int, device: torch.device
) -> Iterator[tuple[Request, dict[str, Any]]]:
    """Each request with its raw batch, in order."""
    asked: deque[Request] = deque()

    def noted() -> Iterator[Request]:
        for request in requests:
            asked.append(request)
            yield request

    loader = DataLoader(
        reader,
        batch_sampler=noted(),  # pyright: ignore[reportArgumentType]
        num_workers=workers,
        collate_fn=_as_it_is,
        worker_init_fn=partial(outlast, parent=os.getpid() if get_start_method() == "fork" else 0),
        pin_memory=device.type == "cuda",
        # Its own, for otherwise the loader would draw from the global stream.
        generator=torch.Generator().manual_seed(0),
    )
    with held_back(workers > 0):
        batches = iter(loader)
    for raw in batches:
        yield asked.popleft(), raw


def _as_it_is(batch: Any) -> Any:
    return batch


def _stack(name: str, values: Sequence[Any], rows: Sequence[int]) -> Any:
    """One raw array of the items' values; words stay a list."""
    if any(value is None for value in values):
        row = next(row for row, value in zip(rows, values, strict=True) if value is None)
        raise ValueError(f"The dataset's '{name}' is None in item {row}. Leave the item out, or give it a value.")
    if isinstance(values[0], str):
        return list(values)
    tensors = [value.detach() if isinstance(value, Tensor) else from_array(name, value) for value in values]
    for row, tensor in zip(rows, tensors, strict=True):
        if tensor.shape != tensors[0].shape:
            raise ValueError(
                f"The dataset's '{name}' has shape {tuple(tensors[0].shape)} in item {rows[0]}, and "
                f"{tuple(tensor.shape)} in item {row}.\nA batch needs one shape. Resize them in the dataset."
            )
    return torch.stack(tensors)


@contextmanager
def _kept_randomness() -> Iterator[None]:
    """Leave the global streams of PyTorch, Python and numpy as they were."""
    import numpy as np

    states = torch.default_generator.get_state(), random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        torch.default_generator.set_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])
