r"""Mode collapse: samples that repeat themselves, or leave out a part of the data.

Where modes are known (centres of a mixture, classes that features recognise), a mode is missing if its share of
samples is below a quarter of its share of data; a sample counts for the nearest mode, however bad it is. Elsewhere
modes are the cells of a k-means of the data's features (as in Richardson, Weiss, 2018). Everywhere the median
distance of pairs is compared with data's, and a birthday test is made (Arora, Risteski, Zhang, 2018): if many of
:math:`n` samples have an equal, they come from few. Coverage (the share of data with a sample among its five nearest,
Naeem et al., 2020) stands beside them, and decides nothing: it also falls where samples are varied and bad.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ganarium.diagnosis.case import Case
from ganarium.diagnosis.finding import Finding, Measure, State
from ganarium.diagnosis.remedies import advise
from ganarium.diagnosis.thresholds import COLLAPSE as T
from ganarium.metrics.looks import Rows
from ganarium.metrics.neighbours import balls, nearest

__all__ = ["Modes", "examine", "modes_of"]

NAME = "mode collapse"
_NAMED = 100  # modes, at most, that are named
_CELLS = 20
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
    def count(self) -> int:
        """How many modes the data has."""
        return int((self.data > 0).sum()) if self.names else self.floor

    @property
    def missing(self) -> list[str]:
        """The names of the missing modes."""
        return [name for name, data, made in zip(self.names, self.data, self.made, strict=True) if made < _FAIR * data]

    @property
    def share(self) -> float:
        """The share of the modes that are missing."""
        if self.names:
            return len(self.missing) / max(self.count, 1)
        return max(0.0, 1 - int((self.made > 0).sum()) / max(self.floor, 1))


def examine(case: Case) -> Finding:
    """Whether the averaged game leaves out a part of the data."""
    name, (real, other), made = case.features.name, case.halves, case.made
    a, b, c = (rows.features[name][: len(real)] for rows in (real, other, made))
    modes = modes_of(case)
    spread, repeats = _distance(c) / max(_distance(a), 1e-12), _repeats(b, c)
    covered, floor = balls(a, c)["coverage"][0], balls(a, b)["coverage"][0]
    last = case.made if case.last is case.average else case.looked_at(case.draw(case.last, len(c)))
    now = _distance(last.features[name]) / max(_distance(a), 1e-12)
    now_missing = modes_of(case, last).share
    evidence = {
        "modes missing": Measure(round(modes.share * modes.count), "0"),
        "modes": Measure(modes.count, "what the data has"),
        "median distance of two samples, over data's": Measure(spread, "about 1"),
        "the same, weights of the last round": Measure(now, "about 1"),
        "modes missing, weights of the last round": Measure(round(now_missing * modes.count), "0"),
        "samples with a near-equal": Measure(repeats, "about 0.01"),
        "data near samples, over data near other data": Measure(covered / max(floor, 1e-12), "about 1"),
    }
    state = _state(modes.share, spread, repeats)
    sentence = _sentence(state, case, modes, spread, repeats, len(c))
    if state == "healthy" and _state(now_missing, now, 0.0) == "found":
        state, sentence = "suspected", f"{sentence} {_hidden(now_missing * modes.count, now)}"
    return Finding(NAME, state, sentence, evidence, advise(case, NAME, state))


def _hidden(missing: float, spread: float) -> str:
    """What the average does not show."""
    return (
        f"But the average hides what happens: with the weights of the last round {missing:.0f} modes are missing, and "
        f"pairs are {spread:.2f} times as far apart."
    )


def _state(share: float, spread: float, repeats: float) -> State:
    if share >= T.missing_found or spread < T.spread_found or repeats > T.repeats_found:
        return "found"
    if share > T.missing_suspected or spread < T.spread_suspected or repeats > T.repeats_suspected:
        return "suspected"
    return "healthy"


def modes_of(case: Case, last: Rows | None = None) -> Modes:
    """How often each mode comes, in data and in samples; of the averaged weights, unless others are given."""
    name, (real, other), made = case.features.name, case.halves, last or case.made
    truth, k = case.data.truth, 0
    if "centres" in truth and name == "coordinates":
        centres = truth["centres"]
        k = len(centres)
        places = [torch.cdist(rows.features[name].double(), centres.double()).argmin(1) for rows in (real, other, made)]
        names = [f"{i} at ({', '.join(f'{round(x, 3) + 0.0:.3g}' for x in c)})" for i, c in enumerate(centres.tolist())]
    elif name in made.logits:
        k = made.logits[name].shape[1]
        places = [rows.logits[name].argmax(1) for rows in (real, other, made)]
        labels = case.data.spec.get("y")
        known = labels is not None and labels.names and len(labels.names) == k
        names = list(labels.names) if known and labels is not None else [str(i) for i in range(k)]
    else:
        places, k = _cells([rows.features[name] for rows in (real, other, made)])
        names = [f"cell {i}" for i in range(k)]
    counts = [torch.bincount(place, minlength=k).double() for place in places]
    shares = [count / count.sum() for count in ((counts[0] + counts[1]), counts[2])]
    if k > _NAMED:
        small = places[1][: len(places[2])]
        return Modes([], shares[0], shares[1], floor=len(small.unique()) if len(small) == len(places[2]) else 0)
    return Modes(names, shares[0], shares[1])


def _cells(rows: list[Tensor]) -> tuple[list[Tensor], int]:
    """The cell of each row in a k-means of the first rows, and how many cells there are."""
    from sklearn.cluster import KMeans

    k = max(2, min(_CELLS, len(rows[0]) // 25))
    cells = KMeans(k, n_init="auto", random_state=0).fit(rows[0].double().numpy())
    return [torch.from_numpy(cells.predict(each.double().numpy())).long() for each in rows], k


def _distance(rows: Tensor) -> float:
    """The median distance of pairs."""
    half = len(rows) // 2
    return float((rows[:half] - rows[half : 2 * half]).norm(dim=1).median())


def _repeats(data: Tensor, made: Tensor) -> float:
    """The share of samples that have an equal nearer than 99 % of as many data have."""
    near = [nearest(rows, rows, 2)[0][:, 1] for rows in (data[: len(made)], made)]
    return float((near[1] < near[0].quantile(0.01) + 1e-12).double().mean())


def _sentence(state: State, case: Case, modes: Modes, spread: float, repeats: float, n: int) -> str:
    if state == "healthy":
        there = f"{round((1 - modes.share) * modes.count)} of {modes.count} modes are there."
        return f"{case.name}'s samples are as varied as the data: pairs are {spread:.2f} times as far apart. {there}"
    said = []
    if modes.share > T.missing_suspected:
        which = f": {', '.join(modes.missing[:12])}{', ...' * (len(modes.missing) > 12)}" if modes.names else ""
        said.append(f"{round(modes.share * modes.count)} of {modes.count} modes are missing{which}.")
    if spread < T.spread_suspected:
        said.append(f"Two samples are {spread:.2g} times as far apart as two of the data.")
    if repeats > T.repeats_suspected:
        said.append(f"{repeats:.0%} of {n:,} samples nearly equal another, which 1 % of data do.")
    total = case.done and (spread < T.spread_found or modes.count * (1 - modes.share) <= 1.5 < modes.count)
    return f"{'The collapse is total' if total else 'Samples are less varied than the data'}. {' '.join(said)}"
