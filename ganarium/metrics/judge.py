"""Judges samples by data: the data is looked at once, and any number of sets of samples are compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor

from ganarium.metrics import catalogue
from ganarium.metrics.catalogue import Case, Metric
from ganarium.metrics.features import Features
from ganarium.metrics.known_features import default, named
from ganarium.metrics.looks import Rows, embed, of_data
from ganarium.metrics.memorised import Learned, unseen
from ganarium.metrics.neighbours import Pair
from ganarium.metrics.stamp import Better, Number, Stamp
from ganarium.randomness import mix
from ganarium.terminal.progress import watched
from ganarium.zoo import index

__all__ = ["Judge", "check_metrics"]

#: How many samples are compared at most, unless more are asked for.
COUNT = 10_000
_LEAST = 12
_MANY = 4  # blocks, from which on their spread is the error

Reference = Literal["half", "all"] | int


class Judge:
    """Judges samples by data.

    The reference is a random half of the data, so that the other half can be judged in the same way: that is the
    floor, what a perfect model would reach at these counts.

    Args:
        data: What samples are to be like.
        field: Which field of it.
        features: What samples are compared by, by name; what suits the data if left out.
        reference: How many samples of the data: half of it, at most 10,000; all, which leaves nothing for a floor; or
            a number.
        seed: What every choice follows from.
        learned_from: Whether the samples' model learned from this data, so that copies of it can be looked for.

    Raises:
        ValueError: if the data has too few samples, or the features do not suit it.
    """

    def __init__(
        self,
        data: Any,
        *,
        field: str = "x",
        features: Sequence[str] | None = None,
        reference: Reference = "half",
        seed: int = 0,
        learned_from: bool = True,
    ):
        if field not in data.spec:
            raise ValueError(f"{data.name} has no field '{field}'; it has {', '.join(data.spec)}.")
        size = {"half": min(COUNT, len(data) // 2), "all": len(data)}.get(str(reference), reference)
        if not isinstance(size, int) or not _LEAST <= size <= len(data):
            raise ValueError(
                f"A reference has {_LEAST} samples or more of the data, which has {len(data):,}; got {reference!r}, "
                f"which is {size}."
            )
        self.data, self.field, self.seed, self.reference = data, field, seed, size
        self.features = [named(name, data, field) for name in features or default(data, field)]
        places = torch.randperm(len(data), generator=torch.Generator().manual_seed(mix(seed, 16)))
        #: Which samples are the reference.
        self.places = places[:size]
        self._others = places[size : 2 * size]
        self._unseen = unseen(data) if learned_from else None
        #: What was learned from, and held-out data, where copies are looked for.
        self.learned = None if self._unseen is None else Learned(data, self._unseen, field, seed)
        self._floors: dict[int, Rows] = {}
        #: What could not be measured, and why.
        self.notes: list[str] = []

    @cached_property
    def real(self) -> Rows:
        """The reference."""
        return self._embedded(self.data, self.places, "looking at the data")

    def others(self, count: int) -> Rows | None:
        """As many other real samples; None if there are not so many."""
        if count > len(self._others):
            return None
        if count not in self._floors:
            doing = "looking at other data, for the floor"
            self._floors[count] = self._embedded(self.data, self._others[:count], doing)
        return self._floors[count]

    @cached_property
    def held_out(self) -> Rows | None:
        """Data that was not learned from; None if there is none."""
        if self._unseen is None:
            return None
        places = torch.arange(min(len(self._unseen), self.reference))
        return self._embedded(self._unseen, places, "looking at held-out data")

    @property
    def sources(self) -> Tensor:
        """The places of the samples that translations are made of: those that are not the reference, if there are."""
        return self._others if len(self._others) >= _LEAST else self.places

    def look(self, batches: Iterable[Tensor], count: int, doing: str = "drawing samples") -> list[Rows]:
        """Look at samples once, in blocks as large as the reference, or one that is smaller.

        Raises:
            ValueError: if there are too few, or their shape is not that of the data.
        """
        if count < _LEAST:
            raise ValueError(f"Samples are judged by {_LEAST} or more; got {count}.")
        shape = self.data.spec[self.field].shape
        block = min(count, self.reference)
        fine: list[Tensor] = []
        batches = _checked(batches, shape, self.data.name)
        if self.learned is not None:
            batches = self.learned.keeping(batches, fine)
        made = embed(batches, self.features, count, doing, block)
        if fine:
            made[0].fine = torch.cat(fine)
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
            resamples: How often samples are drawn anew for standard errors; 0 estimates none.
            floor: Whether the same is measured of real data.
            quick: Only what is measured while a game is trained.

        Raises:
            ValueError: if there is no such metric, or there are too few samples for one.
        """
        check_metrics(metrics)
        jobs = [
            (metric, features)
            for features in self.features
            for metric in catalogue.metrics()
            if _wanted(metric, metrics) and (metric.quick or not quick)
        ]
        self.notes = self._notes(metrics, len(made[0])) if floor else []
        numbers: list[Number] = []
        for metric, features in watched(jobs, len(jobs), lambda job: 1, doing="measuring"):
            numbers += self._measure(metric, features, made, resamples, floor)
        if any(number.metric == "memorised" for number in numbers) and self.learned is not None and floor:
            self.notes.append(f"copies: {self.learned.found}")
        return [number for number in numbers if metrics is None or _asked(number.metric, metrics)]

    def stamp(self, features: Features, samples: int) -> Stamp:
        """How numbers of so many samples are obtained."""
        data, digest = self.data, str(features)
        return Stamp(
            digest, features.size, features.resize, _described(data), data.split, self.reference, samples, self.seed
        )

    def number(
        self,
        name: str,
        pair: Pair,
        better: Better,
        features: Features,
        samples: int,
        floor: float | None = None,
        blocks: int = 1,
    ) -> Number:
        """A number with its stamp."""
        return Number(name, *pair, floor, blocks, better, self.stamp(features, samples))

    def _measure(
        self, metric: Metric, features: Features, made: Sequence[Rows], resamples: int, floor: bool
    ) -> list[Number]:
        # Many blocks tell by themselves how much numbers vary.
        resamples = 0 if len(made) >= _MANY else resamples
        cases = [self._case(features, block, resamples) for block in made]
        if not metric.fits(cases[0]):
            return []
        if metric.aims is not None:
            return self._whole(metric, cases[0], floor)
        found = [metric.measure(case) for case in cases]
        real = self.others(len(made[0])) if floor else None
        floors = {} if real is None else metric.measure(self._case(features, real, 0))
        return [
            self.number(
                name,
                _together([pairs[name] for pairs in found]),
                metric.way(name),
                features,
                len(made[0]),
                floors.get(name, (None,))[0],
                len(made),
            )
            for name in found[0]
        ]

    def _whole(self, metric: Metric, case: Case, floor: bool) -> list[Number]:
        """Numbers of all samples together, beside what a perfect model would have."""
        assert metric.aims is not None
        assert self.learned is not None
        assert case.made.fine is not None
        aims = metric.aims(case) if floor else {}
        features, n = self.learned.features, len(case.made.fine)
        stamp = replace(self.stamp(features, n), reference=len(self.data))
        return [
            Number(name, *pair, aims.get(name), 1, metric.way(name), stamp)
            for name, pair in metric.measure(case).items()
        ]

    def _case(self, features: Features, made: Rows, resamples: int) -> Case:
        first = features is self.features[0]
        held_out, learned = self.held_out, self.learned
        return Case(self.real, made, features, self.data, self.field, held_out, learned, first, self.seed, resamples)

    def _embedded(self, data: Any, places: Tensor, doing: str) -> Rows:
        # Another draw of a world has other units than the reference.
        own, other = self.data.spec[self.field], data.spec[self.field]
        found = of_data(data, places, self.field)
        parts = found if own == other else (own.normalise(other.restore(x)) for x in found)
        return embed(parts, self.features, len(places), doing)[0]

    def _notes(self, metrics: Sequence[str] | None, count: int) -> list[str]:
        notes = []
        if count > len(self._others):
            notes.append(f"no floor: beside the reference there are {len(self._others):,} real samples, not {count:,}")
        if self.held_out is None and (metrics is None or "memorised" in metrics):
            notes.append("memorised: there is no data that was not learned from; train with --data.split train")
        return notes


def _together(pairs: Sequence[Pair]) -> Pair:
    """The mean of what was measured of each block, and its standard error."""
    values = torch.tensor([value for value, _ in pairs], dtype=torch.float64)
    if len(pairs) >= _MANY:
        return float(values.mean()), float(values.std()) / len(pairs) ** 0.5
    errors = [error for _, error in pairs if error is not None]
    error = sum(errors) / len(errors) / len(pairs) ** 0.5 if errors else None
    return float(values.mean()), error


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


def _described(data: Any) -> str:
    """The data and the options that made it, in one line."""
    source = data.source
    if source is None:
        return f"{data.name} ({len(data):,} samples)"
    chosen = {name: value for name, value in source.get("options", {}).items() if name not in ("split", "labels")}
    words = ", ".join(f"{name} {value}" for name, value in chosen.items())
    files = f", files {source['fingerprint'][:8]}" if source.get("fingerprint") else ""
    return f"{source['name']} ({words}{files})" if words or files else str(source["name"])
