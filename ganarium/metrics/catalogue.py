"""Which metrics there are, what each needs, and which way it is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ganarium.data.base import unpack
from ganarium.metrics import library, modes, neighbours, similarity, transport
from ganarium.metrics.features import Features
from ganarium.metrics.neighbours import Pair
from ganarium.metrics.rows import Rows
from ganarium.metrics.stamp import WATCHED, Better

__all__ = ["METRICS", "ON_REQUEST", "Case", "Metric"]


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
        about: What they say, in a sentence.
    """

    names: tuple[str, ...]
    better: Mapping[str, Better]
    measure: Callable[[Case], dict[str, Pair]]
    fits: Callable[[Case], bool]
    about: str

    @property
    def quick(self) -> bool:
        """Whether it is also measured while a game is trained."""
        return self.names[0] in WATCHED

    def known_as(self, name: str) -> bool:
        """Whether a name is one of these numbers'."""
        return any(name in (own, own.removesuffix("-*")) or self._stands_for(own, name) for own in self.names)

    def way(self, name: str) -> Better:
        """Which way a number is better."""
        return next(way for own, way in self.better.items() if own == name or self._stands_for(own, name))

    @staticmethod
    def _stands_for(own: str, name: str) -> bool:
        return own.endswith("*") and name.startswith(own[:-1])


def _one(
    name: str, better: Better, measure: Callable[[Case], Pair], fits: Any, about: str, quick: bool = False
) -> Metric:
    return Metric((name,), {name: better}, lambda case: {name: measure(case)}, fits, about)


def _frechet(case: Case) -> Pair:
    name = case.features.name
    value = library.frechet(case.real.moments[name], case.made.moments[name])
    return value, library.frechet_error(case.real.moments[name], case.pair[1], case.resamples, case.seed)


def _modes(case: Case) -> dict[str, Pair]:
    truth = case.data.truth
    if "centres" in truth:
        return modes.mixture(case.pair[1], truth["centres"], truth["sd"], case.resamples, case.seed)
    return modes.spelt(case.made.logits[case.features.name].argmax(1), truth["modes"])


def _copies(case: Case) -> Pair:
    assert case.held_out is not None
    real, made = case.pair
    return neighbours.copies(real, case.held_out.features[case.features.name], made, case.resamples, case.seed)


def _similarity(case: Case) -> Pair:
    assert case.made.some is not None
    return neighbours.mean_and_error(similarity.pairs(unpack(case.made.some)), case.resamples, case.seed)


def _seen(case: Case) -> bool:
    """Whether neighbours are to be looked for: among made-up factors everybody has many equals."""
    return case.features.name != "world"


def _has_modes(case: Case) -> bool:
    truth = case.data.truth
    mixture = "centres" in truth and "sd" in truth and case.features.name == "coordinates"
    return mixture or ("modes" in truth and case.features.name == "digits" and case.field == "x")


def _image_pairs(case: Case) -> bool:
    field = case.data.spec[case.field]
    return case.first and field.kind == "image" and min(field.shape[1:]) >= 7


METRICS: tuple[Metric, ...] = (
    Metric(
        ("modes", "good", "divergence"),
        {"modes": "higher", "good": "higher", "divergence": "lower"},
        _modes,
        _has_modes,
        "modes that are there, good samples, and how unevenly modes are shared",
    ),
    _one("frechet", "lower", _frechet, lambda case: True, "the distance of Gaussians fitted to features"),
    _one(
        "kid",
        "lower",
        lambda case: library.kernel_distance(*case.pair, case.seed),
        _seen,
        "the kernel distance, which has no bias and may be below zero",
    ),
    _one(
        "score",
        "higher",
        lambda case: library.class_score(case.made.logits[case.features.name], case.seed),
        lambda case: case.features.name in case.made.logits,
        "sure classes, evenly used; blind to anything within a class",
    ),
    Metric(
        ("precision", "recall", "density", "coverage"),
        {"precision": "higher", "recall": "higher", "density": "real", "coverage": "higher"},
        lambda case: neighbours.balls(*case.pair, case.resamples, case.seed),
        _seen,
        "samples among data, data among samples",
    ),
    _one(
        "two-sample",
        "real",
        lambda case: neighbours.two_sample(*case.pair, case.resamples, case.seed),
        _seen,
        "how often the nearest neighbour is of one's own kind; 0.5 if nobody can tell",
    ),
    _one(
        "memorised",
        "real",
        _copies,
        lambda case: _seen(case) and case.held_out is not None,
        "how often a sample is nearer to training data than to as much held-out data; 0.5 without copying",
    ),
    _one(
        "sliced",
        "lower",
        lambda case: transport.sliced_and_error(*case.pair, case.seed, case.resamples),
        _seen,
        "the sliced Wasserstein distance",
    ),
    _one(
        "wasserstein",
        "lower",
        lambda case: transport.exact_and_error(*case.pair, case.seed, case.resamples),
        lambda case: case.features.name == "coordinates" and case.features.size <= 3,
        "the exact Wasserstein distance of at most 1,000 points",
    ),
    _one(
        "similarity", "real", _similarity, _image_pairs, "the structural similarity of random pairs; high: repetitive"
    ),
    Metric(
        ("factor-*",),
        {"factor-*": "lower"},
        lambda case: modes.factors(case.features.counted, *case.pair),
        lambda case: bool(case.features.counted),
        "how differently often each value of a factor comes, from 0 to 1",
    ),
)

#: Names of what is measured only when it is asked for, and what it says.
ON_REQUEST = {
    "accuracy": "of a classifier that learned from samples alone, on real data",
    "path-length": "how far features move for a small step between latents",
    "parzen": "the log-likelihood of data under Gaussians around samples, in nats; for history",
}
