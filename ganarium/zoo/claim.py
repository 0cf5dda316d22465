r"""What a claim says, and when it holds.

A claim has three **arms**, which share data, first weights, batches, optimiser and budget unless the paper's point is
one of these: the *game*; a *baseline*, which it must beat; and a *control*, which lacks what the paper says is needed,
and must fail. With g, b, c what an arm measures with one seed (minus it, where lower is better), and the pilot's
figures frozen in the file,

.. math::

    \text{needed} = \tfrac12\, \overline{(g - b)}_{\text{pilot}}, \qquad
    \text{holds} \iff \min_s (g_s - b_s) > 0,\ \overline{(g - b)} \ge \text{needed},

and the same is *not* true of c in the place of g. The pilot's seeds are others than those of the proof. Where the pilot
found no gain there is nothing to prove, and the claim does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal, TypeVar

__all__ = ["ARMS", "PILOT", "Claim", "claim"]

#: The arms of every claim, in the order in which they are shown.
ARMS = ("game", "baseline", "control")
#: The seeds of pilots.
PILOT = (100, 101, 102)

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
