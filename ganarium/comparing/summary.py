"""What a comparison says: means and spreads over seeds, and paired differences with intervals."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganarium.metrics.stamp import Number

__all__ = ["Difference", "Result", "Summary", "difference", "interval", "spread"]


@dataclass(frozen=True)
class Result:
    """What one contestant reached with one seed.

    Args:
        label: The contestant.
        seed: The seed.
        numbers: Its metrics at the end, by ``metric/features``.
        facts: ``rounds``, ``seen``, ``seconds``, ``parameters``; and ``curve``, metrics as they were measured.
        error: Why there are no numbers; empty if there are.
    """

    label: str
    seed: int
    numbers: Mapping[str, Number]
    facts: Mapping[str, Any]
    error: str = ""


@dataclass(frozen=True)
class Difference:
    """A contestant's number minus the first's, with the same seeds.

    Args:
        label: The contestant.
        metric: ``metric/features``.
        each: The difference for each seed.
        mean: Their mean.
        low: The lower end of its 95 % interval, by Student's t; nan of one seed.
        high: The upper end.
        verdict: "better", "worse" or "cannot tell".
    """

    label: str
    metric: str
    each: tuple[float, ...]
    mean: float
    low: float
    high: float
    verdict: str


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The mean and the standard deviation of a number over seeds; nan of fewer than two."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else math.nan


def difference(label: str, metric: str, mine: Mapping[int, Number], first: Mapping[int, Number]) -> Difference | None:
    """The paired difference of two contestants; None if they share no seed.

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
    _, worst, best = interval([_goodness(mine[seed]) - _goodness(first[seed]) for seed in seeds])
    verdict = "better" if worst > 0 else "worse" if best < 0 else "cannot tell"
    return Difference(label, metric, each, *interval(each), verdict)


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean of values, and its 95 % interval by Student's t; nan of one value."""
    from scipy.stats import t

    mean, sd = spread(values)
    half = float(t.ppf(0.975, len(values) - 1)) * sd / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return mean, mean - half, mean + half


def _goodness(number: Number) -> float:
    """The number, or minus it, so that more is better; where the aim is that of real data, minus the distance to it."""
    if number.better == "real":
        return math.nan if number.floor is None else -abs(number.value - number.floor)
    return number.value if number.better == "higher" else -number.value


class Summary:
    """Results, arranged.

    Args:
        labels: The contestants, the first one that the others are compared with.
        results: Of all seeds.
    """

    def __init__(self, labels: Sequence[str], results: Sequence[Result]):
        self.labels, self.results = list(labels), list(results)

    @property
    def metrics(self) -> list[str]:
        """What was measured, in the order in which it was."""
        return list(dict.fromkeys(name for result in self.results for name in result.numbers))

    def of(self, label: str, metric: str) -> dict[int, Number]:
        """A contestant's numbers by seed."""
        found = [result for result in self.results if result.label == label and metric in result.numbers]
        return {result.seed: result.numbers[metric] for result in found}

    def rows(self) -> list[dict[str, str]]:
        """For each metric: every contestant's mean and spread over seeds, and what real data reaches."""
        return [
            {
                "metric": metric,
                **{label: self._cell(label, metric) for label in self.labels},
                "real data": self._floor(metric),
                "better": {"lower": "low", "higher": "high", "real": "as real"}[self._any(metric).better],
            }
            for metric in self.metrics
        ]

    def table(self) -> list[dict[str, str]]:
        """The same as a page shows it: of many contestants and few metrics with a row for each contestant."""
        if len(self.labels) <= max(len(self.metrics), 4):
            return self.rows()
        rows = [
            {"contestant": label, **{metric: self._cell(label, metric) for metric in self.metrics}}
            for label in self.labels
        ]
        return [*rows, {"contestant": "real data", **{metric: self._floor(metric) for metric in self.metrics}}]

    def differences(self) -> list[Difference]:
        """Of every contestant but the first, in every metric."""
        first, *others = self.labels
        found = [
            difference(label, metric, self.of(label, metric), self.of(first, metric))
            for metric in self.metrics
            for label in others
        ]
        return [each for each in found if each is not None]

    def costs(self) -> list[dict[str, str]]:
        """For each contestant: parameters, rounds, samples seen, seconds."""
        rows = []
        for label in self.labels:
            facts = [result.facts for result in self.results if result.label == label and not result.error]
            if facts:
                seconds = _said([each["seconds"] for each in facts])
                counts = {name: f"{facts[0][name]:,}" for name in ("parameters", "rounds", "seen")}
                rows.append({"contestant": label, **counts, "seconds": seconds})
        return rows

    def _cell(self, label: str, metric: str) -> str:
        """Mean and spread, and of how many seeds if some failed: those that are left may be the lucky ones."""
        values = [number.value for number in self.of(label, metric).values()]
        played = sum(result.label == label for result in self.results)
        return _said(values) + (f" ({len(values)} of {played} seeds)" if 0 < len(values) < played else "")

    def _any(self, metric: str) -> Number:
        return next(result.numbers[metric] for result in self.results if metric in result.numbers)

    def _floor(self, metric: str) -> str:
        floor = self._any(metric).floor
        return "" if floor is None else f"{floor:.4g}"


def _said(values: Sequence[float]) -> str:
    if not values:
        return "failed"
    mean, sd = spread(values)
    return f"{mean:.4g}" if math.isnan(sd) else f"{mean:.4g} +- {sd:.2g}"
