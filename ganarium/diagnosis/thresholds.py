"""Where a number is no longer healthy. Set from pilots, then frozen; docs/diagnosing.md has the numbers of all runs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COLLAPSE", "MEMORISATION", "OSCILLATION", "OVERFITTING", "VANISHING"]


@dataclass(frozen=True)
class Collapse:
    """The share of modes that is missing; samples' median distance over data's; the share of samples with an equal.

    Pilots: healthy 0, 0.87 to 1.0, 0.02 to 0.05; collapsed 0.6 to 0.75, 0.02 to 0.5, 0.03 to 0.9.
    """

    missing_found: float = 0.1
    missing_suspected: float = 0.0
    spread_found: float = 0.5
    spread_suspected: float = 0.7
    repeats_found: float = 0.5
    repeats_suspected: float = 0.2


@dataclass(frozen=True)
class Overfitting:
    """How probably a training score is above a held-out one; and r of Karras et al.

    Pilots: the ring 0.50 and 0; r3gan on 1,400 digits 0.71 and 0.44, with good samples; 64 digits 0.96 and 1.0.
    """

    auc_found: float = 0.75
    auc_suspected: float = 0.6
    r_found: float = 0.5


@dataclass(frozen=True)
class Vanishing:
    """How well D tells samples from data; the pull at a score; the gradient over what it was at the start.

    Pilots: healthy 0.5 to 1.0, 0.5 to 0.85, 0.7 to 4; vanished 1.0, 2e-12, 5e-10.
    """

    told_apart: float = 0.9
    pull_found: float = 0.02
    pull_suspected: float = 0.05
    ratio_found: float = 0.01
    ratio_suspected: float = 0.03


@dataclass(frozen=True)
class Oscillation:
    """The chance of a period in noise of the log's colour, its share of the variance; how far samples move, in sd.

    Pilots: healthy no chance below 0.1, and moves of 0.01 to 0.04; circling 0.004, 0.41 to 0.66, and 0.9 to 1.8.
    """

    chance: float = 0.02
    explained_found: float = 0.4
    explained_suspected: float = 0.25
    moved_suspected: float = 1.0


@dataclass(frozen=True)
class Memorisation:
    """Without held-out data: the share of samples as near to one training sample, and to no other, as 1 % of data is.

    With it, the tests of copies decide, at a level of 0.05.
    """

    close_suspected: float = 0.25


COLLAPSE, OVERFITTING, VANISHING = Collapse(), Overfitting(), Vanishing()
OSCILLATION, MEMORISATION = Oscillation(), Memorisation()
