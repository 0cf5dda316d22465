"""Where a number is no longer healthy. Set from pilots, then frozen; docs/diagnosing.md has the numbers of all runs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COLLAPSE", "MEMORISATION", "OSCILLATION", "OVERFITTING", "VANISHING"]


@dataclass(frozen=True)
class Collapse:
    """Shares of modes that are missing; samples' median distance and coverage over data's; samples with an equal."""

    missing_found: float = 0.1
    missing_suspected: float = 0.0
    spread_found: float = 0.5
    spread_suspected: float = 0.7
    covered_found: float = 0.3
    covered_suspected: float = 0.5
    repeats: float = 0.2


@dataclass(frozen=True)
class Overfitting:
    """How probably a training score is above a held-out one; and r of Karras et al."""

    auc_found: float = 0.75
    auc_suspected: float = 0.6
    r_found: float = 0.5


@dataclass(frozen=True)
class Vanishing:
    """How well D tells samples from data; the pull at a score; the gradient over what it was at the start."""

    told_apart: float = 0.9
    pull_found: float = 0.02
    pull_suspected: float = 0.05
    ratio_found: float = 0.01
    ratio_suspected: float = 0.03


@dataclass(frozen=True)
class Oscillation:
    """The share of a term's variance that one period explains, and the chance of that in noise of the same colour."""

    chance: float = 0.02
    explained_found: float = 0.4
    explained_suspected: float = 0.25
    moved_suspected: float = 1.0


@dataclass(frozen=True)
class Memorisation:
    """The lower end of the interval of the share of samples nearer to training than to held-out data; copies."""

    nearer_found: float = 0.6
    nearer_suspected: float = 0.53
    close_suspected: float = 0.25


COLLAPSE, OVERFITTING, VANISHING = Collapse(), Overfitting(), Vanishing()
OSCILLATION, MEMORISATION = Oscillation(), Memorisation()
