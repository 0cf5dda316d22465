"""The scalar by which the best checkpoint of a run is known: a term of its log, or a metric."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ganarium.zoo import index

__all__ = ["Best"]


class Best:
    """A scalar that is watched.

    Args:
        asked: ``PLAYER/TERM`` as it is logged, or a metric, with ``max:`` before it where the highest is best; empty
            if nothing is watched.
        players: The names of the players.

    Raises:
        ValueError: if it can be neither.
    """

    def __init__(self, asked: str, players: Collection[str]):
        self.name = asked.removeprefix("max:")
        self.sign = -1 if asked.startswith("max:") else 1
        head = self.name.partition("/")[0]
        #: Whether it is a metric.
        self.metric = head in index.watched_metrics() and head not in players
        if asked and head not in players and not self.metric:
            raise ValueError(
                f"A scalar to watch is called PLAYER/TERM, as in the log, or is a metric; got best={asked!r}. "
                f"The players are {', '.join(sorted(players))}; the metrics {', '.join(index.watched_metrics())}."
            )

    def follow(self, name: str, better: str) -> None:
        """Watch a metric by its full name, the way in which it is better.

        Raises:
            ValueError: if neither its lowest nor its highest is best.
        """
        if better == "real":
            raise ValueError(f"The best {name} is that of data, neither the lowest nor the highest; watch another.")
        self.name, self.sign = name, -1 if better == "higher" else 1

    def check(self, terms: Mapping[str, float]) -> None:
        """Raise if a player that is there has no such term.

        Raises:
            ValueError: with the nearest terms.
        """
        players = {name.partition("/")[0] for name in terms}
        if not self.metric and self.name.partition("/")[0] in players and self.name not in terms:
            raise ValueError(f"There is no scalar '{self.name}' to watch. {index.nearest(self.name, terms)}")

    def mean(self, rows: Iterable[Mapping[str, Any]]) -> float | None:
        """Its mean over rows of the log; None if it is in none of them."""
        found = [{**row["terms"], **row.get("metrics", {})} for row in rows]
        values = [row[self.name] for row in found if self.name in row]
        return statistics.fmean(values) if values else None

    def beats(self, value: float, other: float) -> bool:
        """Whether a value is better than another."""
        return self.sign * value < self.sign * other
