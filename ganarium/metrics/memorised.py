"""Copies of what a model learned from: :mod:`ganarium.metrics.copies`, by all of its data and by samples in blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ganarium.data import from_source
from ganarium.metrics.catalogue import Case, metric
from ganarium.metrics.copies import BLOCK, ROWS, Copies, Near, cells, compare, search
from ganarium.metrics.features import Features
from ganarium.metrics.known_features import fine
from ganarium.metrics.looks import KEPT, of_data
from ganarium.metrics.neighbours import Pair
from ganarium.randomness import mix
from ganarium.terminal.progress import watched
from ganarium.zoo import index

__all__ = ["Learned", "unseen"]

_OTHER_SEED = 1_000_003


class Learned:
    """All that a model learned from, in which copies are looked for, and data of the same law that it did not see.

    Args:
        data: What was learned from.
        held_out: What was not; a random 10,000 of it at most are looked at.
        field: Which field of both.
        seed: What the choice follows from.

    Raises:
        ValueError: if both are not of one shape, or have no distances.
    """

    def __init__(self, data: Any, held_out: Any, field: str = "x", seed: int = 0):
        if held_out is not None and held_out.spec[field].shape != data.spec[field].shape:
            raise ValueError(
                f"Held-out data is of the shape of what was learned from, {data.spec[field]}; {held_out.name} has "
                f"{held_out.spec[field]}. Give other data."
            )
        self.data, self.field, self.seed = data, field, seed
        self.held_out: Any = held_out
        #: What distances are measured in.
        self.features: Features = fine(data, field)
        self._last: tuple[Tensor, Near, Copies] | None = None

    def rows(self, data: Any, places: Tensor) -> Iterator[Tensor]:
        """Some of the data as rows of numbers (m, d), in parts."""
        own, other = self.data.spec[self.field], data.spec[self.field]
        for x in of_data(data, places, self.field):
            # Another draw of a world has other units.
            yield self.features.embed(x.cpu() if own == other else own.normalise(other.restore(x.cpu())))[0]

    def keeping(self, batches: Iterable[Tensor], kept: list[Tensor]) -> Iterator[Tensor]:
        """The samples; meanwhile, what copies are looked for by is kept of the first 10,000."""
        came = 0
        for x in batches:
            if came < KEPT:
                kept.append(self.features.embed(x[: KEPT - came].detach().cpu())[0])
            came += len(x)
            yield x

    def search(self, rows: Tensor, itself: bool = False) -> Near:
        """What rows (n, d) are nearest to, of all that was learned from; ``itself``: but for themselves."""
        doing = "looking for copies in all that was learned from"
        blocks = _joined(self.rows(self.data, torch.arange(len(self.data))))
        return search(rows, watched(blocks, len(self.data), len, doing=doing), itself)

    def compare(self, rows: Tensor) -> Copies:
        """How samples (n, d) lie to what was learned from, beside held-out data."""
        return self._looked_for(rows)[2]

    def near(self, rows: Tensor) -> Near:
        """What samples (n, d) are nearest to."""
        return self._looked_for(rows)[1]

    @property
    def found(self) -> Copies | None:
        """What was last found."""
        return self._last[2] if self._last else None

    def _looked_for(self, rows: Tensor) -> tuple[Tensor, Near, Copies]:
        """The same rows are not looked for twice."""
        if self._last is None or self._last[0] is not rows:
            near = self.search(rows)
            fewest = min(len(rows), len(self._unseen))
            which = cells(torch.cat(list(self.rows(self.data, self._some(len(self.data), ROWS)))), fewest)
            self._last = rows, near, compare(near, self.usual, which(rows), which(self._unseen))
        return self._last

    @cached_property
    def usual(self) -> Near:
        """What held-out data is nearest to."""
        return self.search(self._unseen)

    @cached_property
    def _unseen(self) -> Tensor:
        return torch.cat(list(self.rows(self.held_out, self._some(len(self.held_out), KEPT))))

    def _some(self, n: int, most: int) -> Tensor:
        return torch.randperm(n, generator=torch.Generator().manual_seed(mix(self.seed, 18)))[:most]


def _joined(parts: Iterable[Tensor]) -> Iterator[Tensor]:
    """Rows in larger parts: a few thousand are compared at a time."""
    waiting: list[Tensor] = []
    for part in parts:
        waiting.append(part)
        if sum(map(len, waiting)) >= BLOCK:
            yield torch.cat(waiting)
            waiting = []
    if waiting:
        yield torch.cat(waiting)


def unseen(data: Any) -> Any:
    """Data of the same law that a game which learned from this part of it has not seen; None if there is none.

    The test part, if the game learned from the training part; a made-up world is drawn anew.
    """
    source = data.source
    if source is None:
        return None
    if data.split == "train":
        return data.test
    options = source.get("options", {})
    if data.split == "all" and "seed" in options and source["name"] in index.loaders():
        return from_source({**source, "options": {**options, "seed": options["seed"] + _OTHER_SEED}})
    return None


def _can_be_copied(case: Case) -> bool:
    return case.first and case.learned is not None and case.made.fine is not None


def _aims(case: Case) -> dict[str, float]:
    assert case.learned is not None
    assert case.made.fine is not None
    found = case.learned.compare(case.made.fine)
    return {"memorised": 0.5, "tail": found.level, "copies": found.level, "duplicates": found.usual}


@metric(
    "memorised tail copies duplicates",
    better={"memorised": "real", "tail": "real", "copies": "real", "duplicates": "lower"},
    about="how often a sample is nearer to training data than held-out data is; far nearer; to one of it; equal to it",
    fits=_can_be_copied,
    aims=_aims,
)
def _memorised(case: Case) -> dict[str, Pair]:
    assert case.learned is not None
    assert case.made.fine is not None
    found = case.learned.compare(case.made.fine)
    return {
        "memorised": found.nearer,
        "tail": found.tail,
        "copies": found.single,
        "duplicates": found.duplicates,
    }
