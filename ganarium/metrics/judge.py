"""Judges samples by data: the data is looked at once, and any number of sets of samples are compared with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor

from ganarium.metrics import catalogue
from ganarium.metrics.catalogue import Case, Metric
from ganarium.metrics.errors import MANY, SPLITS, over_blocks
from ganarium.metrics.features import Features
from ganarium.metrics.known_features import default, named
from ganarium.metrics.looks import Rows, embed, of_data
from ganarium.metrics.memorised import Learned, unseen
from ganarium.metrics.neighbours import Pair
from ganarium.metrics.stamp import Better, Number, Stamp, described
from ganarium.randomness import mix
from ganarium.terminal.progress import watched
from ganarium.zoo import index

__all__ = ["Judge", "check_metrics"]

#: How many samples are compared at most, unless more are asked for.
COUNT = 10_000
_LEAST = 12

Reference = Literal["half", "all"] | int


class Judge:
    """Judges samples by data.

    The reference is a random half of the data, so that the other half can be judged in the same way: that is the
    floor, what a perfect model would reach at these counts.

    Args:
        data: What samples are to be like.
        field: Which field of it.
        features: What samples are compared by: names, ``./file.py:function``, or maps of samples
            (:mod:`ganarium.metrics.known_features`); what suits the data if left out.
        reference: How many samples of the data: half of it, at most 10,000; all, which leaves nothing for a floor; or
            a number.
        seed: What every choice follows from.
        learned_from: Whether the samples' model learned from this data, so that copies of it can be looked for.
        held_out: Data of the same law that it did not learn from; found by itself, if it can be, where left out.

    Raises:
        ValueError: if the data has too few samples, or the features do not suit it.
    """

    def __init__(
        self,
        data: Any,
        *,
        field: str = "x",
        features: Any = None,
        reference: Reference = "half",
        seed: int = 0,
        learned_from: bool = True,
        held_out: Any = None,
    ):
        if field not in data.spec:
            raise ValueError(f"{data.name} has no field '{field}'; it has {', '.join(data.spec)}.")
        n, size = len(data), {"half": min(COUNT, len(data) // 2), "all": len(data)}.get(str(reference), reference)
        if not isinstance(size, int) or not _LEAST <= size <= n:
            words = f"{_LEAST} samples or more of the data, which has {n:,}; got {reference!r}, which is {size}"
            raise ValueError(f"A reference has {words}. Give more data, or all of it: --reference all.")
        self.data, self.field, self.seed, self.reference = data, field, seed, size
        features = [features] if isinstance(features, str) or callable(features) else features
        self.features = [named(each, data, field) for each in features or default(data, field)]
        names = [each.name for each in self.features]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"Features are told apart by their names; {', '.join(twice)} is there twice.")
        places = torch.randperm(len(data), generator=torch.Generator().manual_seed(mix(seed, 16)))
        #: Which samples are the reference.
        self.places = places[:size]
        #: Which others are the floor.
        self.others_at = places[size : 2 * size]
        self.learned_from = learned_from or held_out is not None
        #: Data that was not learned from, and all that was, where copies are looked for; None if there is none.
        self.unseen = unseen(data) if learned_from and held_out is None else held_out
        distant = self.unseen is not None and not data.spec[field].counts
        self.learned = Learned(data, self.unseen, field, seed) if distant else None
        self._floors: dict[int, Rows] = {}
        #: What could not be measured, and why.
        self.notes: list[str] = []

    @cached_property
    def real(self) -> Rows:
        """The reference."""
        return self._embedded(self.data, self.places, "looking at the data")

    def others(self, count: int) -> Rows | None:
        """As many other real samples; None if there are not so many."""
        if count > len(self.others_at):
            return None
        if count not in self._floors:
            doing = "looking at other data, for the floor"
            self._floors[count] = self._embedded(self.data, self.others_at[:count], doing)
        return self._floors[count]

    @cached_property
    def held_out(self) -> Rows | None:
        """Data that was not learned from; None if there is none."""
        if self.unseen is None:
            return None
        order = torch.randperm(len(self.unseen), generator=torch.Generator().manual_seed(mix(self.seed, 28)))
        return self._embedded(self.unseen, order[: self.reference], "looking at held-out data")

    @property
    def sources(self) -> Tensor:
        """The places of the samples that translations are made of: those that are not the reference, if there are."""
        return self.others_at if len(self.others_at) >= _LEAST else self.places

    def look(self, batches: Iterable[Tensor], count: int, doing: str = "drawing samples") -> list[Rows]:
        """Look at samples once, in as few blocks of nearly equal size as have no more samples than the reference.

        Which block a sample falls into follows from the seed, and not from when it comes.

        Raises:
            ValueError: if there are too few, or their shape is not that of the data.
        """
        if count < _LEAST:
            raise ValueError(f"Samples are judged by {_LEAST} or more; got {count}.")
        shape = self.data.spec[self.field].shape
        blocks = -(-count // self.reference)
        fine: list[Tensor] = []
        batches = _checked(batches, shape, self.data.name)
        if self.learned is not None:
            batches = self.learned.keeping(batches, fine)
        made = embed(batches, self.features, count, doing, blocks, self.seed)
        made[0].fine = torch.cat(fine) if fine else None
        return made

    def judge(
        self,
        made: Sequence[Rows],
        metrics: Sequence[str] | None = None,
        *,
        resamples: int = 100,
        floor: bool = True,
        quick: bool = False,
    ) -> list[Number]:
        """Numbers of samples that were looked at.

        Args:
            made: The samples, in blocks.
            metrics: Names of numbers; all that fit if left out.
            resamples: How many random halves standard errors are estimated from, at most 24; 0 estimates none.
            floor: Whether the same is measured of real data.
            quick: Only what is measured while a game is trained.

        What cannot be measured is noted, with the reason, and loses nothing else.

        Raises:
            ValueError: if there is no such metric.
        """
        check_metrics(metrics)
        jobs = [
            (metric, features)
            for features in self.features
            for metric in catalogue.metrics()
            if _wanted(metric, metrics) and (metric.quick or not quick)
        ]
        self.notes = self._notes(metrics, made) if floor else []
        numbers: list[Number] = []
        for metric, features in watched(jobs, len(jobs), lambda job: 1, doing="measuring"):
            numbers += self._measure(metric, features, made, resamples, floor)
        if any(number.metric == "memorised" for number in numbers) and self.learned is not None and floor:
            self.notes.append(f"copies: {self.learned.found}")
        return [number for number in numbers if metrics is None or _asked(number.metric, metrics)]

    def stamp(self, features: Features, samples: int, looked: str = "") -> Stamp:
        """How numbers of so many samples are obtained."""
        data, what = self.data, (str(features), features.size, features.resize)
        return Stamp(*what, described(data), data.split, self.reference, samples, self.seed, looked=looked)

    def number(
        self,
        name: str,
        pair: Pair,
        better: Better,
        features: Features,
        samples: int,
        floor: float | None = None,
        blocks: int = 1,
        looked: str = "",
    ) -> Number:
        """A number with its stamp."""
        return Number(name, *pair, floor, blocks, better, self.stamp(features, samples, looked))

    def tried(self, what: str, measure: Callable[[], dict[str, Pair]]) -> dict[str, Pair]:
        """What is measured, without what is not finite; nothing where it fails. Both are noted, with the reason."""
        try:
            found = measure()
        except Exception as error:  # one metric's fault, whatever it is, loses no other
            kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
            self.notes.append(f"{what}: {kind}{error}")
            return {}
        for name in [name for name, (value, _) in found.items() if not math.isfinite(value)]:
            self.notes.append(f"{what}: {name} is {found.pop(name)[0]}, which is no number to compare")
        return {name: (value, _finite(error)) for name, (value, error) in found.items()}

    def _measure(
        self, metric: Metric, features: Features, made: Sequence[Rows], resamples: int, floor: bool
    ) -> list[Number]:
        # Many blocks tell by themselves how much numbers vary; of fewer each needs fewer halves.
        splits = 0 if len(made) >= MANY else -(-min(resamples, SPLITS) // len(made))
        cases = [self._case(features, block, splits) for block in made]
        if not metric.fits(cases[0]):
            return []
        if metric.aims is not None:
            return self._whole(metric, cases[0], floor)
        what = f"{', '.join(metric.names)} by {features.name}"
        found = self.tried(what, lambda: over_blocks([metric.measure(case) for case in cases], resamples))
        real = self.others(len(made[0])) if floor and found else None
        floors = {}
        if real is not None:
            floors = self.tried(f"{what}, the floor", lambda: metric.measure(self._case(features, real, 0)))
        looked, n = metric.looked(cases[0]), len(made[0])
        return [
            self.number(name, pair, metric.way(name), features, n, floors.get(name, (None,))[0], len(made), looked)
            for name, pair in found.items()
        ]

    def _whole(self, metric: Metric, case: Case, floor: bool) -> list[Number]:
        """Numbers of all samples together, beside what a perfect model would have."""
        assert metric.aims is not None
        assert self.learned is not None
        assert case.made.fine is not None
        features, n = self.learned.features, len(case.made.fine)
        found = self.tried(", ".join(metric.names), lambda: metric.measure(case))
        aims = metric.aims(case) if floor and found else {}
        stamp = replace(self.stamp(features, n, metric.looked(case)), reference=len(self.data))
        return [Number(name, *pair, aims.get(name), 1, metric.way(name), stamp) for name, pair in found.items()]

    def _case(self, features: Features, made: Rows, resamples: int) -> Case:
        first = features is self.features[0]
        return Case(self.real, made, features, self.data, self.field, self.learned, first, self.seed, resamples)

    def _embedded(self, data: Any, places: Tensor, doing: str) -> Rows:
        # Another draw of a world has other units than the reference.
        own, other = self.data.spec[self.field], data.spec[self.field]
        found = of_data(data, places, self.field)
        parts = found if own == other else (own.normalise(other.restore(x)) for x in found)
        return embed(parts, self.features, len(places), doing)[0]

    def _notes(self, metrics: Sequence[str] | None, made: Sequence[Rows]) -> list[str]:
        notes, count = [], len(made[0])
        if len(made[-1]) < count:
            total = sum(map(len, made))
            notes.append(f"{total:,} samples are judged in {len(made)} blocks of {count:,} or {count - 1:,}")
        if count > len(self.others_at):
            notes.append(f"no floor: beside the reference are {len(self.others_at):,} real samples, not {count:,}")
        if self.learned is None and (metrics is None or "memorised" in metrics):
            notes.append("memorised: no data that was not learned from; give held_out, or train with split='train'")
        return notes


def _finite(error: float | None) -> float | None:
    return None if error is None or not math.isfinite(error) else error


def check_metrics(names: Sequence[str] | None) -> None:
    """Raise if there is no metric of some name.

    Raises:
        ValueError: with the nearest names.
    """
    known = [name for metric in catalogue.metrics() for name in metric.names]
    asked = [name for name, entry in index.metrics().items() if entry.asked]
    for name in names or ():
        if name not in asked and not any(metric.known_as(name) for metric in catalogue.metrics()):
            every = [*(each.rstrip("-*") for each in known), *asked]
            raise ValueError(f"There is no metric '{name}'. {index.nearest(name, every)} There are {', '.join(every)}.")


def _wanted(metric: Metric, names: Sequence[str] | None) -> bool:
    return names is None or any(metric.known_as(name) for name in names)


def _asked(number: str, names: Sequence[str]) -> bool:
    return any(number == name or number.startswith(f"{name}-") for name in names)


def _checked(batches: Iterable[Tensor], shape: tuple[int, ...], name: str) -> Iterable[Tensor]:
    for x in batches:
        if x.shape[1:] != shape:
            raise ValueError(
                f"Samples are compared with {name}, whose shape is {shape}; got samples of shape {tuple(x.shape[1:])}. "
                "Give data of the samples' size (--data.size for images)."
            )
        yield x
