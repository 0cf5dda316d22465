"""Whether standard errors are right: what is printed over how much numbers vary when samples are drawn anew.

``python -m benchmarks.intervals [REDRAWS]``: for each number that has an interval, at the floor (samples of the data's
own law) and off it, the mean printed error over the standard deviation of 300 redraws, the reference left as it is. By
chance alone the ratio strays from 1 by 4 % (one standard deviation). Prints a table in Markdown.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

import ganarium as ga
from ganarium.metrics import Judge
from ganarium.metrics.features import Features
from ganarium.metrics.requested import parzen
from ganarium.terminal.progress import watched

REDRAWS = 300
_PRINTED = 10  # of so many redraws errors are estimated too
Law = Callable[[int, torch.Generator], Tensor]


def normal(d: int, shift: float = 0.0, scale: float = 1.0, flat: int = 0) -> Law:
    """A normal law in d dimensions, the last few of which are nearly flat."""
    scales = torch.tensor([scale] * (d - flat) + [0.05 * scale] * flat)
    return lambda n, generator: shift + scales * torch.randn(n, d, generator=generator)


def images(side: int, spread: float = 1.0) -> Law:
    """Images of a blurred noise about a common picture."""

    def law(n: int, generator: torch.Generator) -> Tensor:
        noise = torch.randn(n, 1, side + 4, side + 4, generator=generator)
        blurred = torch.nn.functional.avg_pool2d(noise, 5, 1) * 2 * spread
        return (blurred + torch.linspace(-1, 1, side)).clamp(-1, 1)

    return law


def with_classes(d: int) -> Features:
    """Points as they are, with ten classes along random directions."""
    directions = torch.randn(d, 10, generator=torch.Generator().manual_seed(7))
    return Features("points", "", d, "as they are", lambda x: (x, x @ directions))


CASES: list[tuple[str, Law, Law, int, int]] = [
    (f"{name}, {n:,} of {d} dimensions" + (f", {blocks} blocks" if blocks > 1 else ""), normal(d), law, n, blocks)
    for n, d, blocks in ((400, 2, 1), (400, 8, 1), (1000, 16, 1), (150, 8, 6))
    for name, law in (
        ("floor", normal(d)),
        ("shifted by 0.3", normal(d, 0.3)),
        ("0.7 as wide", normal(d, 0, 0.7)),
        ("half the dimensions flat", normal(d, flat=d // 2)),
    )
] + [
    ("floor, 300 images of 16 pixels", images(16), images(16), 300, 1),
    ("less spread, 300 images of 16 pixels", images(16), images(16, 0.5), 300, 1),
]


def ratios(real: Law, made: Law, n: int, blocks: int, redraws: int, name: str) -> dict[str, float]:
    """Of each number the mean printed error over how much it varies."""
    generator = torch.Generator().manual_seed(1)
    x = real(2 * n, generator)
    points = x.ndim == 2
    data = ga.data.from_tensors(x) if points else ga.data.from_tensors(x, kind="image", range=(-1, 1))
    features: list[Any] = [with_classes(x.shape[1])] if points else ["pixels"]
    if points and x.shape[1] <= 3:
        features.append("coordinates")
    judge = Judge(data, features=features, reference=n, learned_from=False)
    values: dict[str, list[float]] = {}
    errors: dict[str, list[float]] = {}
    for draw in watched(range(redraws), redraws, lambda draw: 1, doing=name):
        samples = made(n * blocks, generator)
        samples = data.spec["x"].normalise(samples) if points else samples
        rows = judge.look(samples.split(256), len(samples))
        for number in judge.judge(rows, resamples=24 if draw < _PRINTED else 0, floor=False):
            key = number.metric if number.features != "coordinates" else f"{number.metric} by coordinates"
            values.setdefault(key, []).append(number.value)
            if number.se is not None:
                errors.setdefault(key, []).append(number.se)
    return {key: _mean(errors[key]) / float(torch.tensor(values[key]).std()) for key in errors}


def of_parzen(made: Law, n: int, d: int, redraws: int) -> float:
    """The same of Parzen windows, on 400 real points."""
    generator = torch.Generator().manual_seed(1)
    validation, test = normal(d)(n, generator), normal(d)(n, generator)
    found = [parzen(made(n, generator), validation, test, 24 if i < _PRINTED else 0) for i in range(redraws)]
    errors = [error for _, error in found if error is not None]
    return _mean(errors) / float(torch.tensor([value for value, _ in found]).std())


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def table(redraws: int) -> Iterator[str]:
    """The rows of the table, each number by its smallest and largest ratio and by each case."""
    found = {name: ratios(real, made, n, blocks, redraws, name) for name, real, made, n, blocks in CASES}
    for name, law in (("floor", normal(8)), ("shifted by 0.3", normal(8, 0.3))):
        found[f"{name}, 400 of 8 dimensions"]["parzen"] = of_parzen(law, 400, 8, redraws)
    for names in (list(found)[:20], list(found)[20:]):
        numbers = list(dict.fromkeys(key for name in names for key in found[name]))
        yield "| samples | " + " | ".join(numbers) + " |"
        yield "|---" * (len(numbers) + 1) + "|"
        for name in names:
            cells = [f"{found[name][key]:.2f}" if key in found[name] else "" for key in numbers]
            yield f"| {name} | " + " | ".join(cells) + " |"
        yield ""


if __name__ == "__main__":
    for row in table(int(sys.argv[1]) if len(sys.argv) > 1 else REDRAWS):
        print(row)
