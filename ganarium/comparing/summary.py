"""What a comparison says: means and spreads over seeds, and paired differences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganarium.comparing.differences import Difference, corrected, difference, spread
from ganarium.metrics.stamp import Number

__all__ = ["Result", "Summary"]


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

    @property
    def seeds(self) -> int:
        """With how many seeds a contestant was played, at most."""
        return max(Counter(result.label for result in self.results).values(), default=0)

    @property
    def spreads(self) -> str:
        """What follows "+-" in the table."""
        return "Mean and standard deviation over seeds" if self.seeds > 1 else "One run each, with its 95 % interval"

    def of(self, label: str, metric: str) -> dict[int, Number]:
        """A contestant's numbers by seed; those that are no numbers are left out."""
        found = [(result.seed, result.numbers.get(metric)) for result in self.results if result.label == label]
        return {seed: number for seed, number in found if number is not None and math.isfinite(number.value)}

    def aims_at_real_data(self, metric: str) -> bool:
        """Whether a metric is the better the nearer it is to what real data reaches."""
        return self._any(metric).better == "real"

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
        """Of every contestant but the first, in every metric, judged together."""
        first, *others = self.labels
        found = [
            difference(label, metric, self.of(label, metric), self.of(first, metric))
            for metric in self.metrics
            for label in others
        ]
        return corrected(each for each in found if each is not None)

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
        numbers = list(self.of(label, metric).values())
        played = sum(result.label == label for result in self.results)
        if len(numbers) == played == 1 and (se := numbers[0].se) is not None and math.isfinite(se):
            return f"{numbers[0].value:.4g} +- {1.96 * se:.2g}"
        said = _said([number.value for number in numbers])
        return said + (f" ({len(numbers)} of {played} seeds)" if 0 < len(numbers) < played else "")

    def _any(self, metric: str) -> Number:
        return next(result.numbers[metric] for result in self.results if metric in result.numbers)

    def _floor(self, metric: str) -> str:
        floor = self._any(metric).floor
        return "" if floor is None or not math.isfinite(floor) else f"{floor:.4g}"


def _said(values: Sequence[float]) -> str:
    if not values:
        return "failed"
    mean, sd = spread(values)
    return f"{mean:.4g}" if math.isnan(sd) else f"{mean:.4g} +- {sd:.2g}"
