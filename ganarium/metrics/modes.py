r"""Modes that are there, where it is known which there should be; and factors that come as often as they should."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ganarium.metrics.neighbours import Pair, mean_and_error

__all__ = ["factors", "mixture", "spelt"]


def mixture(points: Tensor, centres: Tensor, sd: float, resamples: int = 0, seed: int = 0) -> dict[str, Pair]:
    """Of points (n, 2) in the data's own units around centres (k, 2).

    A good sample lies within three standard deviations of a centre. ``modes`` is the number of centres with a quarter
    of their fair share of samples that are good, ``good`` the share of good samples, ``divergence`` the
    Kullback-Leibler divergence of the centres' shares of good samples from even ones, in nats.
    """
    distance, mode = torch.cdist(points, centres.to(points)).min(1)
    good = distance < 3 * sd
    k = len(centres)
    shares = torch.bincount(mode[good], minlength=k) / len(points)
    return {
        "modes": (float((shares >= 0.25 / k).sum()), None),
        "good": mean_and_error(good, resamples, seed),
        "divergence": (_divergence(mode[good], k), None),
    }


def spelt(numbers: Tensor, count: int) -> dict[str, Pair]:
    """Of classes (n,) that samples are recognised as: how many of ``count`` are there; their divergence, in nats."""
    present = torch.bincount(numbers, minlength=count) > 0
    return {"modes": (float(present.sum()), None), "divergence": (_divergence(numbers, count), None)}


def factors(counted: Mapping[str, slice], real: Tensor, made: Tensor) -> dict[str, Pair]:
    """The total variation between how often each value of a factor is read off samples and off data.

    0: as often as in the data; 1: never the same. For factors that are counted, not measured.

    Args:
        counted: The columns of each factor.
        real: Features of data that hold a one for the value of each factor.
        made: Those of samples.
    """
    away = (real.double().mean(0) - made.double().mean(0)).abs()
    return {f"factor-{name}": (float(away[columns].sum() / 2), None) for name, columns in counted.items()}


def _divergence(places: Tensor, k: int) -> float:
    """KL(shares || even), in nats; the logarithm of ``k`` if nothing is there."""
    if not len(places):
        return float(torch.log(torch.tensor(float(k))))
    shares = torch.bincount(places, minlength=k).double() / len(places)
    return float(torch.special.xlogy(shares, k * shares).sum())
