r"""What a claim says, and when it holds.

A claim has three **arms**, which share data, first weights, batches, optimiser and budget unless the paper's point is
one of these: the *game*; a *baseline*, which it must beat; and a *control*, which lacks what the paper says is needed,
and must fail. With g, b, c what an arm measures with one seed (minus it, where lower is better), the pilot's figures
frozen in the file, and n seeds,

.. math::

    \text{needed} = \tfrac12\, \overline{(g - b)}_{\text{pilot}}, \qquad
    \text{passes}(a) \iff \overline{(a - b)} - t_{0.975,\, n-1} \frac{s_{a - b}}{\sqrt n} > 0
    \text{ and } \overline{(a - b)} \ge \text{needed},

    \text{holds} \iff \text{passes}(g),\ \text{not passes}(c),\ \overline{(c - b)} < \tfrac13\, \overline{(g - b)},
    \text{ and no trivial answer measures as well as } \bar g.

**How many seeds** is fixed with the pilot, by its own spread s of g - b: the least n from 3 to 12 for which the
interval would reach no further from its mean than what is needed,

.. math::

    t_{0.975,\, n-1}\, s / \sqrt n \le \text{needed};

twelve, if there is none; and at least ten where the baseline fails or not by chance (Lin et al., 2018, take ten
trials). The pilot's seeds are others than those of the proof. Where the pilot found no gain there is nothing to prove,
and the claim does not hold.

**Trivial answers** (:mod:`ganarium.proving.answers`) are measured as the arms are, where samples are: a measure that
noise or a repeated sample wins says nothing of a game.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import Any, Literal, TypeVar

__all__ = ["ANSWERS", "ARMS", "PILOT", "Claim", "claim", "interval"]

#: The arms of every claim, in the order in which they are shown.
ARMS = ("game", "baseline", "control")
#: The trivial answers, in the order in which they are shown; the first, the data itself, is a ceiling and beats nobody.
ANSWERS = ("data", "copies", "repeated", "noise", "prototype")
#: The seeds of pilots, of which three or more are played.
PILOT = range(100, 200)
#: The fewest and the most seeds of a proof, and the fewest where the baseline fails or not by chance.
_FEWEST, _MOST, _BY_CHANCE = 3, 12, 10

Play = TypeVar("Play", bound=Callable[..., Any])


@dataclass(frozen=True)
class Claim:
    """A paper's headline, in miniature.

    Args:
        name: The command of its game, or a name of its own where it is about several.
        says: What the paper found, in our words.
        source: Where: section, figure or table, and its figures.
        world: On what it is tested here, and for how long.
        measure: What is measured of each arm, in words and units.
        better: Whether a higher or a lower measure is better.
        arms: What the game, the baseline and the control are.
        pilot: The measure of each arm with the pilot's seeds; empty before there was a pilot.
        plays: "the recipe", where the game is played as ``ganarium train`` would play it; where not, why not.
        chance: Why the baseline fails or not by chance, where it does.
        no_trivial: Why trivial answers cannot be measured, where they cannot; elsewhere the claim's file has a function
            ``trivial`` beside ``play``.
        tried: What else was tried, above all where the claim does not hold.
        module: Where the claim is.
        about: The first lines of its file.
    """

    name: str
    says: str
    source: str
    world: str
    measure: str
    better: Literal["higher", "lower"]
    arms: Mapping[str, str]
    pilot: Mapping[str, Sequence[float]]
    plays: str = ""
    chance: str = ""
    no_trivial: str = ""
    tried: str = ""
    module: str = ""
    about: str = ""

    def gains(self, mine: Sequence[float], baseline: Sequence[float]) -> list[float]:
        """By how much each seed favours an arm over the baseline; more is better."""
        sign = 1 if self.better == "higher" else -1
        return [sign * (a - b) for a, b in zip(mine, baseline, strict=True)]

    @property
    def needed(self) -> float | None:
        """The mean gain that is needed, half of the pilot's; None before there was a pilot, or if it found no gain."""
        if not self.pilot:
            return None
        gain = fmean(self.gains(self.pilot["game"], self.pilot["baseline"]))
        return gain / 2 if gain > 0 else None

    @property
    def seeds(self) -> int:
        """How many seeds a proof has, by the pilot's spread; the fewest where there is nothing to prove."""
        if self.needed is None:
            return _FEWEST
        gains, needed = self.gains(self.pilot["game"], self.pilot["baseline"]), self.needed
        spread = stdev(gains) if len(gains) > 1 else float("inf")
        enough = (n for n in range(_FEWEST, _MOST) if _reach(spread, n) <= needed)
        return max(next(enough, _MOST), _BY_CHANCE if self.chance else _FEWEST)

    def as_good(self, value: float, other: float) -> bool:
        """Whether a measure is at least as good as another."""
        return value >= other if self.better == "higher" else value <= other


def interval(gains: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % t interval of the mean of paired gains; None for fewer than two.

    Args:
        gains: One for each seed.
    """
    if len(gains) < 2:
        return None
    mean, reach = fmean(gains), _reach(stdev(gains), len(gains))
    return mean - reach, mean + reach


def _reach(spread: float, count: int) -> float:
    """Half the width of the 95 % t interval of a mean."""
    from scipy.special import stdtrit

    return float(stdtrit(count - 1, 0.975)) * spread / sqrt(count)


def claim(name: str, **facts: Any) -> Callable[[Play], Play]:
    """Mark the function that plays one arm of a claim; the fields of :class:`Claim` stand in the call as literals.

    :func:`ganarium.zoo.index.claims` reads them from the file, so that a list of claims imports nothing.

    Args:
        name: As in :class:`Claim`.
        facts: Its other fields.
    """

    def mark(play: Play) -> Play:
        return play

    return mark
