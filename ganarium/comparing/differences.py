"""Paired differences over seeds, and what they allow to say: Student's t, corrected by Holm over all of a page.

Holm's correction: of m differences, the one with the smallest p is judged at 0.05 / m, the next at 0.05 / (m - 1), and
so on to the first that is not told from zero; all others are judged as that one. Then the chance that any verdict of a
page errs is 0.05 at most. Each interval has the level at which its difference was judged, and so excludes zero where
there is a verdict; but where real data is the aim, it is the distance to it that is judged.

Reference:
    Holm: A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6, 1979.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ganarium.metrics.stamp import Number

__all__ = ["ERROR", "FEWEST", "Difference", "corrected", "difference", "interval", "spread"]

#: Fewer seeds than these tell too little of the spread between seeds for any verdict.
FEWEST = 3
#: The chance that any verdict of a page errs.
ERROR = 0.05


@dataclass(frozen=True)
class Difference:
    """A contestant's number minus the first's, with the same seeds.

    Args:
        label: The contestant.
        metric: ``metric/features``.
        each: The difference for each seed.
        mean: Their mean.
        low: The lower end of its interval, by Student's t; nan of one seed.
        high: The upper end.
        p: The chance of so large a difference, either way, if there were none; nan where there is no verdict.
        better: Whether the contestant's numbers are better in the mean than the first's.
        level: Of the interval.
        verdict: "better", "worse", "cannot tell", "tie", or "no verdict".
    """

    label: str
    metric: str
    each: tuple[float, ...]
    mean: float
    low: float
    high: float
    p: float
    better: bool
    level: float = 1 - ERROR
    verdict: str = "no verdict"


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The mean and the standard deviation of a number over seeds; nan of fewer than two."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else math.nan


def interval(values: Sequence[float], level: float = 1 - ERROR) -> tuple[float, float, float]:
    """The mean of values, and its interval by Student's t; nan of one value.

    Args:
        values: One for each seed.
        level: How often such an interval covers the mean.
    """
    from scipy.stats import t

    mean, sd = spread(values)
    half = float(t.isf((1 - level) / 2, len(values) - 1)) * sd / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return mean, mean - half, mean + half


def difference(label: str, metric: str, mine: Mapping[int, Number], first: Mapping[int, Number]) -> Difference | None:
    """The paired difference of two contestants, not judged yet; None if they share no seed.

    Args:
        label: The contestant.
        metric: ``metric/features``.
        mine: Its numbers by seed.
        first: The first contestant's.

    Raises:
        ValueError: if numbers were not obtained alike.
    """
    seeds = sorted(set(mine) & set(first))
    each = tuple(mine[seed].minus(first[seed]) for seed in seeds)
    if not each:
        return None
    gains = list(_gains([(mine[seed], first[seed]) for seed in seeds]))
    same_way = len({statistics.fmean(gain) > 0 for gain in gains}) == 1
    p = max(_p(gain) for gain in gains) if same_way else 1.0
    if not any(each):
        p = math.nan
    return Difference(label, metric, each, *interval(each), p, better=statistics.fmean(gains[0]) > 0)


def corrected(found: Iterable[Difference]) -> list[Difference]:
    """Differences with their verdicts, corrected by Holm over all that can be judged."""
    found = list(found)
    ranked = sorted((i for i, each in enumerate(found) if not math.isnan(each.p)), key=lambda i: found[i].p)
    told = 0
    while told < len(ranked) and found[ranked[told]].p < ERROR / (len(ranked) - told):
        told += 1
    for place, i in enumerate(ranked):
        level = 1 - ERROR / (len(ranked) - min(place, told, len(ranked) - 1))
        verdict = ("better" if found[i].better else "worse") if place < told else "cannot tell"
        found[i] = _at(found[i], level, verdict)
    return [replace(each, verdict="tie") if _tied(each) else each for each in found]


def _tied(each: Difference) -> bool:
    """Whether seeds enough for a verdict are all alike."""
    return len(each.each) >= FEWEST and not any(each.each)


def _at(each: Difference, level: float, verdict: str) -> Difference:
    _, low, high = interval(each.each, level)
    return replace(each, low=low, high=high, level=level, verdict=verdict)


def _gains(pairs: Sequence[tuple[Number, Number]]) -> Iterable[list[float]]:
    """For each seed by how much the one is better than the other; where real data is the aim, for all that it may be.

    What real data reaches is itself measured with so many samples: it may lie two standard errors to either side.
    """
    if pairs[0][0].better != "real":
        sign = 1 if pairs[0][0].better == "higher" else -1
        yield [sign * (mine.value - first.value) for mine, first in pairs]
        return
    for shift in (0.0, -1.96, 1.96):
        yield [_distance(first, shift) - _distance(mine, shift) for mine, first in pairs]


def _distance(number: Number, shift: float) -> float:
    """How far a number is from what real data reaches, if that lies so many standard errors off; nan if not known."""
    return math.nan if number.floor is None else abs(number.value - number.floor - shift * (number.se or 0.0))


def _p(gains: Sequence[float]) -> float:
    """By Student's t, two-sided; nan of too few seeds, or of seeds that do not differ."""
    from scipy.stats import t

    if len(gains) < FEWEST or any(map(math.isnan, gains)):
        return math.nan
    mean, sd = spread(gains)
    # No wider than rounding.
    if sd <= 1e-12 * max(map(abs, gains)):
        return math.nan
    return 2 * float(t.sf(abs(mean) / sd * math.sqrt(len(gains)), len(gains) - 1))
