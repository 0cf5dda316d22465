r"""What games learn from: :class:`Data`, and the data that fits in memory.

Data says what its batches hold (:attr:`Data.spec`), deals them without end in an order that follows from a seed
(:meth:`Data.batches`), goes through itself once (:meth:`Data.sweep`), and splits itself (:attr:`Data.train`,
:attr:`Data.test`). Where the world is made up, it knows the truth (:attr:`Data.factors`, :attr:`Data.truth`).
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor

from ganarium.data.order import Order, Span, batch_spans, sweep_spans
from ganarium.data.splits import halves
from ganarium.randomness import mix
from ganarium.spec import Batch, Field, Spec

__all__ = ["Data", "InMemory"]


class Data(ABC):
    """Samples in a fixed order, dealt in batches.

    Args:
        fields: What the batches hold; ``index`` is added.
        count: How many samples there are.
        name: What messages call the data.
        factors: What each sample was made from, for made-up worlds: tensors of ``count`` rows.
        truth: What is known about the law of the data, in its own units, such as the centres of its modes.
        test: How many samples the test split holds, or the places of those; None: a fifth.
        absent: Why there is no field of a name, a sentence each.
    """

    def __init__(
        self,
        fields: Mapping[str, Field],
        count: int,
        *,
        name: str = "data",
        factors: Mapping[str, Tensor] | None = None,
        truth: Mapping[str, Any] | None = None,
        test: int | Tensor | None = None,
        absent: Mapping[str, str] | None = None,
    ):
        self.name = name
        #: What the batches hold. The classes of ``index`` are the number of samples.
        self.spec: Spec = Spec(fields, absent, index=Field((), "index", classes=count))
        #: What :func:`ganarium.data.load` needs to make this data again: a name and options. None: it cannot.
        self.source: dict[str, Any] | None = None
        #: Changes with the files that the data was read from; empty if there are none.
        self.fingerprint: str = ""
        #: What is known about the law of the data, in its own units.
        self.truth: dict[str, Any] = dict(truth or {})
        #: Which part of the data this is: "all", "train", "test" or "subset".
        self.split: str = "all"
        self._factors = dict(factors) if factors else None
        self._test = test
        self._rows: Tensor | None = None  # where this part's samples are stored; None: all, in order
        self._halves: tuple[Tensor, Tensor] | None = None

    def __len__(self) -> int:
        return self.spec["index"].classes

    def __getitem__(self, name: str) -> Tensor:
        """One field of all samples, as batches hold it, of shape (n, \\*shape)."""
        if name not in self.spec:
            raise ValueError(f"{self.name} has no field '{name}'; it has {', '.join(self.spec)}.")
        return torch.cat([batch[name] for batch in self.sweep(max(len(self) // 8, 256))])

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where the batches are."""

    @abstractmethod
    def to(self, device: torch.device | str) -> Self:
        """The same data with its batches on ``device``."""

    @abstractmethod
    def gather(self, places: Tensor) -> dict[str, Tensor]:
        """The batch of the samples at ``places``, of shape (B,)."""

    @abstractmethod
    def _follow(self, order: Order, spans: Iterable[Span]) -> Iterator[dict[str, Tensor]]:
        """The batches of the samples that stand at each span of an order."""

    @abstractmethod
    def _labels(self) -> Tensor | None:
        """What a split is stratified by, of shape (n,), on the CPU."""

    @abstractmethod
    def _kept(self) -> str:
        """Where the samples are kept, in words."""

    def batches(self, size: int, seed: int = 0, start: int = 0, part: tuple[int, int] = (0, 1)) -> Iterator[Batch]:
        """Batches without end; every epoch holds every sample once, and a batch may straddle two epochs.

        Args:
            size: Samples in a batch, over all processes.
            seed: What the order follows from.
            start: How many batches to skip; skipping costs nothing.
            part: This process's rank and the number of processes: it gets its contiguous slice of each batch.

        Raises:
            ValueError: if the size is below one, above the number of samples, or not divisible among the processes.
        """
        spans = batch_spans(len(self), size, start, part, self.name)
        return self._follow(Order(len(self), seed, self._order_device()), spans)

    def sweep(self, size: int, part: tuple[int, int] = (0, 1)) -> Iterator[Batch]:
        """Batches once through the data in its own order; the last one may be smaller.

        Args:
            size: Samples in a batch, over all processes.
            part: This process's rank and the number of processes, as in :meth:`batches`.
        """
        spans = list(sweep_spans(len(self), size, part, self.name))
        return self._follow(Order(len(self), None, self._order_device()), spans)

    @property
    def train(self) -> Self:
        """The samples to learn from: four in five, the same each time, in the same proportions of labels."""
        return self._half("train")

    @property
    def test(self) -> Self:
        """The samples kept for testing: those that are not in :attr:`train` (of this part, also the other's)."""
        return self._half("test")

    def subset(self, indices: Tensor | Sequence[int]) -> Self:
        """The samples at ``indices``, in that order, as data of their own whose ``index`` counts from 0.

        Raises:
            ValueError: if there are no indices, or one that is out of range.
        """
        rows = torch.as_tensor(indices).flatten()
        if rows.dtype == torch.bool and len(rows) == len(self):
            rows = rows.nonzero().flatten()
        if rows.is_floating_point() or rows.dtype == torch.bool or not len(rows):
            raise ValueError(f"A subset of {self.name} takes one or more places of samples, or a mask of {len(self)}.")
        if rows.min() < 0 or rows.max() >= len(self):
            raise ValueError(
                f"{self.name} has the samples 0 to {len(self) - 1}; got places from {rows.min()} to {rows.max()}."
            )
        return self._view(self._stored(rows.long()), "subset")

    @property
    def factors(self) -> dict[str, Tensor] | None:
        """What each sample was made from, by name, one row a sample; None unless the world is made up."""
        if self._factors is None or self._rows is None:
            return self._factors
        return {name: value[self._rows.to(value.device)] for name, value in self._factors.items()}

    def __str__(self) -> str:
        part = "" if self.split == "all" else f", {self.split}"
        fields = ", ".join(f"{name} {field}" for name, field in self.spec.items() if name != "index")
        return f"{self.name}{part}: {len(self):,} samples; {fields}; {self._kept()}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def _order_device(self) -> torch.device:
        """Where the order is worked out."""
        return torch.device("cpu")

    def _stored(self, places: Tensor) -> Tensor:
        """Where the samples at ``places`` are stored."""
        return places if self._rows is None else self._rows.index_select(0, places.to(self._rows.device))

    def _half(self, split: str) -> Self:
        if self._halves is None:
            if len(self) < 2:
                raise ValueError(f"{self.name} has one sample, which cannot be split into train and test.")
            train, test = halves(len(self), self._labels(), self._test)
            self._halves = self._stored(train), self._stored(test)
        half = self._view(self._halves[split == "test"], split)
        half._halves = self._halves
        if self.source is not None:
            half.source = {**self.source, "options": {**self.source.get("options", {}), "split": split}}
        return half

    def _view(self, rows: Tensor, split: str) -> Self:
        view = copy.copy(self)
        view.spec = Spec({**self.spec, "index": Field((), "index", classes=len(rows))}, self.spec.absent)
        view.source, view.split, view._halves, view._test = None, split, None, None
        view._rows = rows.to(self._order_device())
        return view


class InMemory(Data):
    """Data whose samples are tensors on one device.

    Args:
        tensors: The fields' tensors, each with one row a sample. Bytes are kept as bytes and dealt in [-1, 1].
        fields: What each tensor holds.
        name: What messages call the data.
        factors: What each sample was made from, for made-up worlds.
        truth: What is known about the law of the data, in its own units.
        test: How many samples the test split holds, or the places of those; None: a fifth.
        absent: Why there is no field of a name, a sentence each.

    Example:
        >>> data = InMemory({"x": torch.zeros(10, 2)}, {"x": Field((2,), "points")}, name="zeros")
        >>> print(data)
        zeros: 10 samples; x points 2; 80 bytes
        >>> batch = next(data.batches(4))
        >>> batch["x"].shape
        torch.Size([4, 2])
    """

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        fields: Mapping[str, Field],
        *,
        name: str = "data",
        factors: Mapping[str, Tensor] | None = None,
        truth: Mapping[str, Any] | None = None,
        test: int | Tensor | None = None,
        absent: Mapping[str, str] | None = None,
    ):
        self._tensors = dict(tensors)
        super().__init__(fields, len(self._first), name=name, factors=factors, truth=truth, test=test, absent=absent)
        self._count()

    @property
    def _first(self) -> Tensor:
        return next(iter(self._tensors.values()))

    @property
    def device(self) -> torch.device:
        return self._first.device

    def to(self, device: torch.device | str) -> Self:
        if torch.device(device) == self.device:
            return self
        moved = copy.copy(self)
        moved._tensors = {name: value.to(device) for name, value in self._tensors.items()}
        moved._rows = None if self._rows is None else self._rows.to(device)
        return moved

    def _view(self, rows: Tensor, split: str) -> Self:
        view = super()._view(rows, split)
        view._count()
        return view

    def _count(self) -> None:
        """Let the spec say how often each class occurs, among the labels that are known."""
        labels = self._labels()
        if labels is None or not (known := labels[labels >= 0]).numel():
            return
        counts = torch.bincount(known, minlength=self.spec["y"].classes).double()
        y = replace(self.spec["y"], frequencies=tuple((counts / counts.sum()).tolist()))
        self.spec = Spec({**self.spec, "y": y}, self.spec.absent)

    def stored(self, name: str) -> Tensor:
        """The tensor of a field as it is kept, of all parts, with numbers in [-1, 1] where bytes are kept."""
        return unpack(self._tensors[name])

    def changed(self, name: str, tensor: Tensor, field: Field) -> Self:
        """The same samples with another tensor in the place of a field's.

        Args:
            name: The field.
            tensor: Its numbers, with a row for each that :meth:`stored` gives.
            field: What they are.
        """
        other = copy.copy(self)
        other._tensors = {**self._tensors, name: tensor}
        other.spec = Spec({**self.spec, name: field}, self.spec.absent)
        other._halves = None if self._rows is None else self._halves
        other._count()
        return other

    def few_labels(self, per_class: int, seed: int = 0) -> Self:
        """The same samples with ``per_class`` labels of each class kept and all others hidden (-1).

        Args:
            per_class: How many labels of each class to keep.
            seed: Which ones, at random.

        Raises:
            ValueError: if there are no labels, or fewer of a class.
        """
        labels = self._labels()
        if labels is None:
            raise ValueError(f"{self.name} has no labels 'y' to hide.")
        counts = torch.bincount(labels[labels >= 0], minlength=self.spec["y"].classes)
        if not 1 <= per_class <= int(counts.min()):
            raise ValueError(
                f"{self.name} has {int(counts.min())} labels or more of each class; cannot keep {per_class}."
            )
        shuffled = torch.randperm(len(labels), generator=torch.Generator().manual_seed(mix(seed, per_class)))
        kept = torch.cat([shuffled[labels[shuffled] == k][:per_class] for k in range(len(counts))])
        y = torch.full_like(self._tensors["y"], -1)
        y[self._stored(kept.to(self.device))] = labels[kept].to(y)
        fewer = copy.copy(self)
        fewer._tensors = {**self._tensors, "y": y}
        if self.source is not None:
            fewer.source = {**self.source, "options": {**self.source.get("options", {}), "labels": per_class}}
        return fewer

    def gather(self, places: Tensor) -> dict[str, Tensor]:
        return self._dealt(places.to(self.device))

    def _dealt(self, places: Tensor) -> dict[str, Tensor]:
        rows = places if self._rows is None else self._rows.index_select(0, places)
        batch = {name: unpack(value.index_select(0, rows)) for name, value in self._tensors.items()}
        # A copy: the places are a piece of the epoch's permutation, which a game must not write into.
        batch["index"] = places.clone()
        return batch

    def _follow(self, order: Order, spans: Iterable[Span]) -> Iterator[dict[str, Tensor]]:
        return (self._dealt(order.places(low, high)) for low, high in spans)

    def _order_device(self) -> torch.device:
        return self.device

    def _labels(self) -> Tensor | None:
        if "y" not in self._tensors or self.spec["y"].kind != "label":
            return None
        y = self._tensors["y"].cpu()
        return y if self._rows is None else y[self._rows.cpu()]

    def _kept(self) -> str:
        size = float(len(self) * sum(value[0].nbytes for value in self._tensors.values()))
        for unit in ("bytes", "KiB", "MiB"):
            if size < 1024:
                return f"{size:.0f} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
            size /= 1024
        return f"{size:.1f} GiB"


def unpack(stored: Tensor) -> Tensor:
    """Bytes as numbers in [-1, 1]; anything else as it is."""
    return stored.float().div_(127.5).sub_(1) if stored.dtype == torch.uint8 else stored
