r"""Mode collapse: samples that repeat themselves, or leave out a part of the data.

Where modes are known (centres of a mixture, classes that features recognise), a mode is missing if its share of samples
is below a quarter of its share of data. Everywhere, samples are compared with data by the median distance of pairs, by
coverage (the share of data that has a sample among its five nearest, Naeem et al., 2020), by the median distance to the
nearest other sample, each over the same number for data, and by a birthday test (Arora, Risteski, Zhang, 2018): if many
of :math:`n` samples have an equal, they come from few.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ganarium.diagnosis.case import Case
from ganarium.diagnosis.finding import Finding, Measure, State
from ganarium.diagnosis.remedies import advise
from ganarium.diagnosis.thresholds import COLLAPSE as T
from ganarium.metrics.neighbours import balls, nearest

__all__ = ["Modes", "examine", "modes_of"]

NAME = "mode collapse"
_NAMED = 100  # modes, at most, that are named
_FAIR = 0.25  # of the data's share, below which a mode is missing


@dataclass(frozen=True)
class Modes:
    """How often each mode comes.

    Args:
        names: Of the modes; empty if there are too many.
        data: Their shares of data (k,).
        made: Their shares of samples (k,).
        floor: How many modes as many other data have.
    """

    names: list[str] = field(default_factory=list)
    data: Tensor = field(default_factory=lambda: torch.zeros(0))
    made: Tensor = field(default_factory=lambda: torch.zeros(0))
    floor: int = 0

    @property
    def missing(self) -> list[str]:
        """The names of the missing modes."""
        return [name for name, data, made in zip(self.names, self.data, self.made, strict=True) if made < _FAIR * data]

    @property
    def share(self) -> float:
        """The share of the modes that are missing."""
        if self.names:
            return len(self.missing) / max(int((self.data > 0).sum()), 1)
        return max(0.0, 1 - int((self.made > 0).sum()) / max(self.floor, 1))


def examine(case: Case) -> Finding:
    """Whether the averaged game leaves out a part of the data."""
    name, (real, other), made = case.features.name, case.halves, case.made
    a, b, c = (rows.features[name][: len(real)] for rows in (real, other, made))
    modes = modes_of(case)
    spread = _distance(c) / max(_distance(a), 1e-12)
    covered, floor = balls(a, c)["coverage"][0], balls(a, b)["coverage"][0]
    repeats = _repeats(b, c)
    evidence = {
        "median distance of two samples, over data's": Measure(spread, "about 1"),
        "data near samples, over data near other data": Measure(covered / max(floor, 1e-12), "about 1"),
        "samples with a near-equal": Measure(repeats, "about 0.01"),
    }
    share = modes.share if modes is not None else 0.0
    if modes is not None:
        evidence["modes missing"] = Measure(share * _count(modes), "0")
        evidence["modes"] = Measure(_count(modes), "what the data has")
    state = _state(share, spread, covered / max(floor, 1e-12))
    sentence = _sentence(state, case, modes, spread, covered / max(floor, 1e-12), repeats, len(c))
    return Finding(NAME, state, sentence, evidence, advise(case, NAME, state))


def _state(share: float, spread: float, covered: float) -> State:
    if share >= T.missing_found or spread < T.spread_found or covered < T.covered_found:
        return "found"
    if share > T.missing_suspected or spread < T.spread_suspected or covered < T.covered_suspected:
        return "suspected"
    return "healthy"


def modes_of(case: Case) -> Modes | None:
    """How often each mode comes, in data and in samples; None if modes are not known."""
    name, (real, other), made = case.features.name, case.halves, case.made
    truth, k = case.data.truth, 0
    if "centres" in truth and name == "coordinates":
        centres = truth["centres"]
        k = len(centres)
        places = [torch.cdist(rows.features[name], centres.float()).argmin(1) for rows in (real, other, made)]
        names = [f"{i} at ({', '.join(f'{x:.3g}' for x in c)})" for i, c in enumerate(centres.tolist())]
    elif name in made.logits:
        k = made.logits[name].shape[1]
        places = [rows.logits[name].argmax(1) for rows in (real, other, made)]
        labels = case.data.spec.get("y")
        known = labels is not None and labels.names and len(labels.names) == k
        names = list(labels.names) if known and labels is not None else [str(i) for i in range(k)]
    else:
        return None
    counts = [torch.bincount(place, minlength=k).double() for place in places]
    shares = [count / count.sum() for count in ((counts[0] + counts[1]), counts[2])]
    if k > _NAMED:
        small = places[1][: len(places[2])]
        return Modes([], shares[0], shares[1], floor=len(small.unique()) if len(small) == len(places[2]) else 0)
    return Modes(names, shares[0], shares[1])


def _count(modes: Modes) -> int:
    return len(modes.names) or modes.floor


def _distance(rows: Tensor) -> float:
    """The median distance of pairs."""
    half = len(rows) // 2
    return float((rows[:half] - rows[half : 2 * half]).norm(dim=1).median())


def _repeats(data: Tensor, made: Tensor) -> float:
    """The share of samples that have an equal nearer than 99 % of as many data have."""
    near = [nearest(rows, rows, 2)[0][:, 1] for rows in (data[: len(made)], made)]
    return float((near[1] < near[0].quantile(0.01) + 1e-12).double().mean())


def _sentence(
    state: State, case: Case, modes: Modes | None, spread: float, covered: float, repeats: float, n: int
) -> str:
    who = f"{case.name}'s samples"
    if state == "healthy":
        all_there = f" All {_count(modes)} modes are there." if modes is not None and modes.names else ""
        few = modes is not None and modes.missing
        there = f" One mode is rare: {few[0]}." if few else all_there
        return f"{who} are as varied as the data: pairs are {spread:.2f} times as far apart.{there}"
    said = []
    if modes is not None and modes.share > T.missing_suspected:
        left = _count(modes) - round(modes.share * _count(modes))
        which = f": {', '.join(modes.missing[:12])}{', ...' * (len(modes.missing) > 12)}" if modes.names else ""
        said.append(f"{_count(modes) - left} of {_count(modes)} modes are missing{which}.")
    if covered < T.covered_suspected:
        said.append(f"Samples reach {covered:.0%} of the data that other data reaches.")
    if spread < T.spread_suspected:
        said.append(f"Two samples are {spread:.2g} times as far apart as two of the data.")
    if repeats > T.repeats:
        said.append(f"{repeats:.0%} of {n:,} samples nearly equal another, which 1 % of data do.")
    total = spread < T.spread_found or (modes is not None and _count(modes) * (1 - modes.share) <= 1.5)
    return f"{'The collapse is total' if total else 'A part of the data is left out'}. {' '.join(said)}"
