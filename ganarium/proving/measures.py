"""What claims measure of samples, in a line each."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

from ganarium.data import load
from ganarium.metrics.judge import Judge
from ganarium.metrics.learned import digits
from ganarium.metrics.modes import mixture
from ganarium.metrics.neighbours import balls

__all__ = ["agreement", "digit_classes", "judged", "points"]


def points(data: Any, made: Tensor, count: int = 2000) -> dict[str, float]:
    """Of points (n, 2) around known centres: coverage (k = 5), modes found, share of good samples, divergence in nats.

    Args:
        data: A ring or a grid.
        made: Samples, as the game draws them.
        count: How many points of each are compared for coverage.
    """
    restore = data.spec["x"].restore
    real = data["x"][torch.randperm(len(data), generator=torch.Generator().manual_seed(0))[:count]]
    row = {"coverage": balls(real, made[:count])["coverage"][0]}
    modes = mixture(restore(made), data.truth["centres"], data.truth["sd"])
    return row | {name: pair[0] for name, pair in modes.items()}


def judged(data: Any, made: Tensor, *metrics: str, features: str | None = None) -> dict[str, float]:
    """Numbers of :mod:`ganarium.metrics`, by name, against half of ``data`` (10,000 samples of it at most).

    Args:
        data: What samples are to be like.
        made: Samples (n, \\*shape).
        metrics: Their names; those that are measured while a game is trained, if none is given.
        features: What samples are compared by; what suits the data, if that is one kind.

    Raises:
        ValueError: if a number could be of several features, and it is not said of which.
    """
    judge = Judge(data, features=[features] if features else None, learned_from=False)
    rows = judge.look([made], len(made))
    numbers = judge.judge(rows, metrics or None, resamples=0, floor=False, quick=not metrics)
    if not numbers:
        raise ValueError(" ".join(judge.notes))
    found = {number.metric: number.value for number in numbers}
    if len(found) < len(numbers):
        raise ValueError(f"By what are samples compared? Say features, one of {', '.join(map(str, judge.features))}.")
    return found


def digit_classes(x: Tensor) -> Tensor:
    """The classes (n,) that a classifier, trained on the spot, reads from digits (n, 1, H, W)."""
    return _reader(x.shape[1:])(x)


@cache
def _reader(shape: torch.Size) -> Any:
    features = digits(load("digits", size=shape[-1]), "x")

    def read(x: Tensor) -> Tensor:
        logits = features.embed(x)[1]
        assert logits is not None
        return logits.argmax(1)

    return read


def agreement(found: Tensor, true: Tensor, classes: int = 10) -> float:
    """How often groups (n,) are classes (n,), each group named by one class as best they can be: 0 to 1."""
    from scipy.optimize import linear_sum_assignment

    table = torch.zeros(max(classes, int(found.max()) + 1), classes)
    table.index_put_((found, true), torch.ones(len(found)), accumulate=True)
    rows, columns = linear_sum_assignment(-table.numpy())
    return float(table[rows, columns].sum()) / len(found)
