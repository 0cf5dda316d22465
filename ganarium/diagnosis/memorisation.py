r"""Memorisation: samples that are training data, more or less.

A sample is nearer to one of :math:`n` training samples than to one of :math:`n` held-out ones with a probability of one
half, if nothing is copied (Meehan, Chaudhuri, Dasgupta, 2020). Samples that share their nearest neighbour say the same
thing, so the interval is Wilson's for the effective number :math:`(\sum_c n_c)^2 / \sum_c n_c^2` of neighbours, where
:math:`n_c` samples have the neighbour :math:`c`: a game that draws one sample all the time is not taken for a
copier.
Beside it stands how many samples have one training sample much nearer than any other: the ratio of the two least
distances is below that of 99 % of held-out data (a blur is as near to many). Images are compared pixel
by pixel (patch by patch if they are large), for features forgive what copies do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganarium.diagnosis.case import COUNT, Case, Unknown
from ganarium.diagnosis.finding import Finding, Measure, State
from ganarium.diagnosis.remedies import advise
from ganarium.diagnosis.thresholds import MEMORISATION as T
from ganarium.metrics.neighbours import nearest

__all__ = ["Copies", "examine", "pairs", "rows", "votes"]

NAME = "memorisation"
_LEAST = 5  # neighbours, effectively


@dataclass(frozen=True)
class Copies:
    """How often samples are nearer to training data.

    Args:
        share: The share of samples.
        low: The lower end of its 95 % interval.
        high: The upper end.
        effective: How many neighbours the samples have, effectively.
    """

    share: float
    low: float
    high: float
    effective: float


def examine(case: Case) -> Finding:
    """Whether the averaged game gives its training data back."""
    found_rows = rows(case)
    train, made = found_rows["training data"], found_rows["samples"]
    if case.held_out is None:
        return _alone(case, train, made)
    held_out = found_rows["held-out data"]
    found = votes(train, held_out, made)
    close = _close(train, held_out, made)
    evidence = {
        "samples nearer to training than to held-out data": Measure(found.share, "0.5"),
        "the lower end of its 95 % interval": Measure(found.low, "below 0.5"),
        "effective number of nearest neighbours": Measure(found.effective, "hundreds, or all of the data"),
        "samples nearer to one training sample than 99 % of held-out data": Measure(close, "about 0.01"),
    }
    if found.effective < _LEAST:
        raise Unknown(
            f"The {len(made):,} samples have {found.effective:.1f} nearest neighbours, effectively: they repeat "
            "themselves, which hides whether they are copies. See mode collapse."
        )
    state = _state(found, close)
    return Finding(NAME, state, _sentence(state, case, found, close), evidence, advise(case, NAME, state))


def rows(case: Case) -> dict[str, Tensor]:
    """Pixels or coordinates of training data, of held-out data (if there is any), and of samples."""
    plain = case.plain
    parts = {"training data": case.rows_of(case.data, COUNT, 6)["x"]}
    if case.held_out is not None:
        parts["held-out data"] = case.rows_of(case.held_out, COUNT, 7)["x"]
    parts["samples"] = case.x
    return {name: case.looked_at(x, plain).features[plain.name] for name, x in parts.items()}


def votes(train: Tensor, held_out: Tensor, made: Tensor) -> Copies:
    """How often samples are nearer to training data than to as much held-out data.

    Args:
        train: Rows (n, d); no more are looked at than of held-out data.
        held_out: Rows (m, d).
        made: Those of samples (k, d).
    """
    n = min(len(train), len(held_out))
    (one, first), (other, second) = (nearest(rows[:n], made) for rows in (train, held_out))
    won = (one < other)[:, 0].double() + 0.5 * (one == other)[:, 0].double()
    who = torch.where((one <= other)[:, 0], first[:, 0], n + second[:, 0])
    counts = torch.bincount(who).double()
    effective = float(counts.sum() ** 2 / counts.square().sum())
    return Copies(float(won.mean()), *_wilson(float(won.mean()), effective), effective)


def pairs(case: Case, count: int = 8) -> tuple[Tensor, Tensor]:
    """The samples that are nearest to training data, and what they are nearest to; both of shape (count, ...)."""
    found, train = rows(case), case.rows_of(case.data, COUNT, 6)["x"]
    distances, places = nearest(found["training data"], found["samples"])
    order = distances[:, 0].argsort()[:count]
    return case.x[order], train[places[order, 0]]


def _alone(case: Case, train: Tensor, made: Tensor) -> Finding:
    """Without held-out data only copies that are too close for chance are seen."""
    close = _close(train, None, made)
    how = "Keep a part of the data away from it with --data.split train; from Python, give held_out=."
    if close < T.close_suspected:
        raise Unknown(f"There is no data that {case.name} has not learned from. {how}")
    return Finding(
        NAME,
        "suspected",
        f"{close:.0%} of samples are as near to one training sample, and to no other, as 1 % of data is. {how}",
        {"samples nearer to one training sample than 99 % of data": Measure(close, "about 0.01")},
        advise(case, NAME, "suspected"),
    )


def _close(train: Tensor, held_out: Tensor | None, made: Tensor) -> float:
    """The share of samples with a smaller ratio of least distances than 99 % of held-out (or other training) data."""
    usual = _ratio(nearest(train, train, 3)[0][:, 1:]) if held_out is None else _ratio(nearest(train, held_out, 2)[0])
    return float((_ratio(nearest(train, made, 2)[0]) < usual.quantile(0.01)).double().mean())


def _ratio(distances: Tensor) -> Tensor:
    """The least distance over the next (n, 2); 1 where both are zero."""
    return torch.where(distances[:, 1] > 0, distances[:, 0] / distances[:, 1].clamp(min=1e-300), 1.0)


def _wilson(share: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share of n draws (Wilson, 1927).

    Example:
        >>> [round(end, 2) for end in _wilson(1.0, 10)]
        [0.72, 1.0]
    """
    middle, half = share + z * z / (2 * n), z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def _state(found: Copies, close: float) -> State:
    if found.low > T.nearer_found:
        return "found"
    return "suspected" if found.low > T.nearer_suspected or close > T.close_suspected else "healthy"


def _sentence(state: State, case: Case, found: Copies, close: float) -> str:
    ends = f"{found.low:.0%} to {found.high:.0%}"
    how = f"{found.share:.0%} of samples ({ends}) are nearer to training than to held-out data"
    if state == "healthy":
        return f"{case.name} copies nothing that can be seen: {how}."
    near = f"{close:.0%} are as near to one, and to no other, as 1 % of held-out data is"
    return f"{case.name} gives training data back: {how}, and {near}."
