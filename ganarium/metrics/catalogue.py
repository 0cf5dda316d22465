"""Which metrics there are, what each needs, and which way it is better.

A metric is a function under :func:`metric`, here or in any file of this folder: lists, judges and what is watched while
a game is trained find it by that mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from ganarium.data.base import unpack
from ganarium.metrics import frechet, modes, neighbours, similarity, transport
from ganarium.metrics.features import Features
from ganarium.metrics.looks import Rows
from ganarium.metrics.neighbours import Pair
from ganarium.metrics.stamp import Better
from ganarium.zoo import index

if TYPE_CHECKING:
    from ganarium.metrics.memorised import Learned

__all__ = ["Case", "Metric", "metric", "metrics"]

_Measure = TypeVar("_Measure", bound=Callable[..., Any])


@dataclass(frozen=True)
class Case:
    """Samples that are to be judged, and what they are judged by.

    Args:
        real: The reference.
        made: The samples; for the floor, other real data.
        features: What both are compared by.
        data: What the reference is a part of.
        field: Which field of it.
        held_out: Data that was not learned from, where the reference was.
        learned: What was learned from, where copies of it are looked for; all of it.
        first: Whether these are the first, most telling features: numbers that need none are measured once, with them.
        seed: What every choice follows from.
        resamples: How often samples are drawn anew for a standard error; 0 estimates none.
    """

    real: Rows
    made: Rows
    features: Features
    data: Any
    field: str
    held_out: Rows | None
    learned: Learned | None
    first: bool
    seed: int
    resamples: int

    @property
    def pair(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The features of both."""
        return self.real.features[self.features.name], self.made.features[self.features.name]


@dataclass(frozen=True)
class Metric:
    """One or several numbers that are measured together.

    Args:
        names: What they are called; a last ``*`` stands for several.
        better: Which way each is better.
        measure: Measures them, each with its standard error.
        fits: Whether it can be measured.
        quick: Whether it is also measured while a game is trained.
        aims: What a perfect model would have, if that is not what other data of the reference's kind has; it is then
            measured of all samples together.
    """

    names: tuple[str, ...]
    better: Mapping[str, Better]
    measure: Callable[[Case], dict[str, Pair]]
    fits: Callable[[Case], bool]
    quick: bool
    aims: Callable[[Case], dict[str, float]] | None = None

    def known_as(self, name: str) -> bool:
        """Whether a name is one of these numbers'."""
        return any(name in (own, own.removesuffix("-*")) or self._stands_for(own, name) for own in self.names)

    def way(self, name: str) -> Better:
        """Which way a number is better."""
        return next(way for own, way in self.better.items() if own == name or self._stands_for(own, name))

    @staticmethod
    def _stands_for(own: str, name: str) -> bool:
        return own.endswith("*") and name.startswith(own[:-1])


_FOUND: dict[str, Metric] = {}


def metric(
    names: str,
    *,
    better: Better | Mapping[str, Better],
    about: str,
    quick: bool = False,
    asked: bool = False,
    fits: Callable[[Case], bool] = lambda case: True,
    aims: Callable[[Case], dict[str, float]] | None = None,
) -> Callable[[_Measure], _Measure]:
    """Mark a function as a metric. Arguments that are literals are also read from the file.

    From a :class:`Case` to the number with its standard error; or to several, by name. One that is measured only when
    it is asked for is given an :class:`~ganarium.metrics.requested.Asked`, and returns numbers.

    Args:
        names: What it is called; of several, their names with spaces between. A last ``*`` stands for several.
        better: Which way it is better; of several, which way each is.
        about: What it says, in a sentence.
        quick: Whether it is also measured while a game is trained.
        asked: Whether it is measured only when it is asked for.
        fits: Whether it can be measured of a case.
        aims: What a perfect model would have; by default it is measured of other real data.
    """

    def mark(measure: _Measure) -> _Measure:
        several = tuple(names.split())
        ways: Any = better if isinstance(better, Mapping) else dict.fromkeys(several, better)
        alone = len(several) == 1 and not names.endswith("*")
        measured = (lambda case: {names: measure(case)}) if alone else measure
        if not asked:
            _FOUND[several[0]] = Metric(several, ways, measured, fits, quick, aims)
        return measure

    return mark


@cache
def metrics() -> tuple[Metric, ...]:
    """The metrics that are measured unasked."""
    entries = [(name, entry) for name, entry in index.metrics().items() if not entry.asked]
    for _, entry in entries:
        import_module(entry.module)
    return tuple(_FOUND[name] for name, _ in entries)


def _seen(case: Case) -> bool:
    """Whether neighbours are to be looked for: among made-up factors everybody has many equals."""
    return case.features.name != "world"


def _has_modes(case: Case) -> bool:
    truth = case.data.truth
    mixture = "centres" in truth and "sd" in truth and case.features.name == "coordinates"
    return mixture or ("modes" in truth and case.features.name == "digits" and case.field == "x")


def _has_factors(case: Case) -> bool:
    return bool(case.features.counted)


def _has_classes(case: Case) -> bool:
    return case.features.name in case.made.logits


def _few_coordinates(case: Case) -> bool:
    return case.features.name == "coordinates" and case.features.size <= 3


def _image_pairs(case: Case) -> bool:
    field = case.data.spec[case.field]
    return case.first and field.kind == "image" and min(field.shape[1:]) >= 7


@metric(
    "modes good divergence",
    better={"modes": "higher", "good": "higher", "divergence": "lower"},
    about="modes that are there, good samples, and how unevenly modes are shared",
    quick=True,
    fits=_has_modes,
)
def _modes(case: Case) -> dict[str, Pair]:
    truth = case.data.truth
    if "centres" in truth:
        return modes.mixture(case.pair[1], truth["centres"], truth["sd"], case.resamples, case.seed)
    return modes.spelt(case.made.logits[case.features.name].argmax(1), truth["modes"])


@metric("frechet", better="lower", about="the distance of Gaussians fitted to features", quick=True)
def _frechet(case: Case) -> Pair:
    name = case.features.name
    value = frechet.frechet(case.real.moments[name], case.made.moments[name])
    return value, frechet.frechet_error(case.real.moments[name], case.pair[1], case.resamples, case.seed)


@metric("kid", better="lower", about="the kernel distance, which has no bias and may be below zero", fits=_seen)
def _kid(case: Case) -> Pair:
    return frechet.kernel_distance(*case.pair, case.seed)


@metric(
    "score", better="higher", about="sure classes, evenly used; blind to anything within a class", fits=_has_classes
)
def _score(case: Case) -> Pair:
    return frechet.class_score(case.made.logits[case.features.name], case.seed)


@metric(
    "precision recall density coverage",
    better={"precision": "higher", "recall": "higher", "density": "real", "coverage": "higher"},
    about="samples among data, data among samples",
    quick=True,
    fits=_seen,
)
def _balls(case: Case) -> dict[str, Pair]:
    return neighbours.balls(*case.pair, case.resamples, case.seed)


@metric(
    "two-sample",
    better="real",
    about="how often the nearest neighbour is of one's own kind; 0.5 if nobody can tell",
    fits=_seen,
)
def _two_sample(case: Case) -> Pair:
    return neighbours.two_sample(*case.pair, case.resamples, case.seed)


@metric("sliced", better="lower", about="the sliced Wasserstein distance")
def _sliced(case: Case) -> Pair:
    return transport.sliced_and_error(*case.pair, case.seed, case.resamples)


@metric(
    "wasserstein",
    better="lower",
    about="the exact Wasserstein distance of at most 1,000 points",
    fits=_few_coordinates,
)
def _wasserstein(case: Case) -> Pair:
    return transport.exact_and_error(*case.pair, case.seed, case.resamples)


@metric(
    "similarity",
    better="real",
    about="the structural similarity of random pairs; high: repetitive",
    fits=_image_pairs,
)
def _similarity(case: Case) -> Pair:
    assert case.made.some is not None
    return neighbours.mean_and_error(similarity.pairs(unpack(case.made.some)), case.resamples, case.seed)


@metric(
    "factor-*",
    better={"factor-*": "lower"},
    about="how differently often each value of a factor comes, from 0 to 1",
    fits=_has_factors,
)
def _factors(case: Case) -> dict[str, Pair]:
    return modes.factors(case.features.counted, *case.pair)
