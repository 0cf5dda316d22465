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
from ganarium.metrics.looks import KEPT, PAIRS, Rows
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
        learned: What was learned from, where copies of it are looked for; all of it.
        first: Whether these are the first, most telling features: numbers that need none are measured once, with them.
        seed: What every choice follows from.
        resamples: How many random halves a standard error is estimated from; 0 estimates none.
    """

    real: Rows
    made: Rows
    features: Features
    data: Any
    field: str
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
        looked: What of both it looks at, in words; empty if at all, as it is.
        quick: Whether it is also measured while a game is trained.
        aims: What a perfect model would have, if that is not what other data of the reference's kind has; it is then
            measured of all samples together.
    """

    names: tuple[str, ...]
    better: Mapping[str, Better]
    measure: Callable[[Case], dict[str, Pair]]
    fits: Callable[[Case], bool]
    looked: Callable[[Case], str]
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
    looked: Callable[[Case], str] = lambda case: "",
    aims: Callable[[Case], dict[str, float]] | None = None,
) -> Callable[[_Measure], _Measure]:
    """Mark a function as a metric. All arguments but the last three are literals, which are also read from the file.

    From a :class:`Case` to the number with its standard error; or to several, by name. One that is measured only when
    it is asked for is given an :class:`~ganarium.metrics.requested.Asked`, and returns numbers.

    Args:
        names: What it is called; of several, their names with spaces between. A last ``*`` stands for several.
        better: Which way it is better; of several, which way each is.
        about: What it says, in a sentence.
        quick: Whether it is also measured while a game is trained.
        asked: Whether it is measured only when it is asked for.
        fits: Whether it can be measured of a case.
        looked: What of a case it looks at, in words, if not at all of it as it is: it becomes a part of the stamp.
        aims: What a perfect model would have; by default it is measured of other real data.
    """

    def mark(measure: _Measure) -> _Measure:
        several = tuple(names.split())
        ways: Any = better if isinstance(better, Mapping) else dict.fromkeys(several, better)
        alone = len(several) == 1 and not names.endswith("*")
        measured = (lambda case: {names: measure(case)}) if alone else measure
        if not asked:
            _FOUND[several[0]] = Metric(several, ways, measured, fits, looked, quick, aims)
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


def _asked_error(pair: Pair, case: Case) -> Pair:
    """A number with its error only where one is asked for."""
    return pair if case.resamples else (pair[0], None)


def _few_coordinates(case: Case) -> bool:
    return case.features.name == "coordinates" and case.features.size <= 3


def _image_pairs(case: Case) -> bool:
    field = case.data.spec[case.field]
    return case.first and field.kind == "image" and min(field.shape[1:]) >= similarity.LEAST


def _kept(case: Case) -> str:
    """Neighbours and kernels are looked for among so many."""
    return f"at most {KEPT:,} of each" if max(case.real.n, case.made.n) > KEPT else ""


def _equal(limit: int) -> Callable[[Case], str]:
    """As many of each as there are of both, and no more than so many."""

    def looked(case: Case) -> str:
        n = min(case.real.n, case.made.n, limit)
        return f"{n:,} of each" if max(case.real.n, case.made.n) > n else ""

    return looked


def _standardised(case: Case) -> str:
    """The kernel has a scale; coordinates have any."""
    words = "by the reference's mean and deviation" if case.features.name == "coordinates" else ""
    return ", ".join(filter(None, [_kept(case), words]))


def _shown(case: Case) -> str:
    return f"{min(case.made.n // 2, PAIRS):,} pairs"


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
    real, made = case.real.moments[name], case.made.moments[name]
    value = frechet.frechet(real, made)
    return value, frechet.frechet_error(real, made, case.pair[1], case.seed) if case.resamples else None


@metric(
    "kid",
    better="lower",
    about="the kernel distance, which has no bias and may be below zero",
    fits=_seen,
    looked=_standardised,
)
def _kid(case: Case) -> Pair:
    real, made = case.pair
    if case.features.name == "coordinates":
        real, made = frechet.standardised(case.real.moments[case.features.name], real, made)
    return _asked_error(frechet.kernel_distance(real, made, case.seed), case)


@metric(
    "score", better="higher", about="sure classes, evenly used; blind to anything within a class", fits=_has_classes
)
def _score(case: Case) -> Pair:
    return _asked_error(frechet.class_score(case.made.logits[case.features.name], case.seed), case)


@metric(
    "precision recall density coverage",
    better={"precision": "higher", "recall": "higher", "density": "real", "coverage": "higher"},
    about="samples among data, data among samples",
    quick=True,
    fits=_seen,
    looked=_kept,
)
def _balls(case: Case) -> dict[str, Pair]:
    return neighbours.balls(*case.pair, case.resamples, case.seed)


@metric(
    "two-sample",
    better="real",
    about="how often the nearest neighbour is of one's own kind; 0.5 if nobody can tell",
    fits=_seen,
    looked=_equal(KEPT),
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
    looked=_equal(transport.POINTS),
)
def _wasserstein(case: Case) -> Pair:
    return transport.exact_and_error(*case.pair, case.seed, case.resamples)


@metric(
    "similarity",
    better="real",
    about="the structural similarity of random pairs; high: repetitive",
    fits=_image_pairs,
    looked=_shown,
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
