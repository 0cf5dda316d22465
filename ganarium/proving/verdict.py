"""Whether a claim holds, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from ganarium.zoo.claim import ARMS, Claim

__all__ = ["Verdict"]


@dataclass(frozen=True)
class Verdict:
    """What came out of a claim.

    Args:
        claim: The claim.
        seeds: The seeds that were played.
        found: For each arm and seed, what was measured by name, the claim's measure first.
        errors: For each arm and seed that failed, why.
        seconds: What all arms and seeds took, added up.
        machine: Where the newest was played.
        date: When the newest was played.
        commit: At which commit, or with which version.
        share: The share of the budget that was played; less than 1 proves nothing.
        pictures: For each arm, the file among the results that shows its first seed, if there is one.
    """

    claim: Claim
    seeds: tuple[int, ...]
    found: Mapping[str, Mapping[int, Mapping[str, float]]]
    errors: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    seconds: float = 0.0
    machine: str = ""
    date: str = ""
    commit: str = ""
    share: float = 1.0
    pictures: Mapping[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether every arm was measured with every seed."""
        return bool(self.seeds) and all(seed in self.found.get(arm, {}) for arm in ARMS for seed in self.seeds)

    def values(self, arm: str) -> list[float]:
        """The claim's measure of an arm, for each seed."""
        return [next(iter(self.found[arm][seed].values())) for seed in self.seeds]

    def gains(self, arm: str = "game") -> list[float]:
        """By how much each seed favours an arm over the baseline."""
        return self.claim.gains(self.values(arm), self.values("baseline"))

    def passes(self, arm: str) -> bool:
        """Whether an arm beats the baseline by what is needed, with every seed."""
        gains, needed = self.gains(arm), self.claim.needed
        return needed is not None and min(gains) > 0 and fmean(gains) >= needed

    @property
    def holds(self) -> bool:
        """Whether the claim holds."""
        return self.share >= 1 and self.whole and self.passes("game") and not self.passes("control")

    @property
    def why(self) -> str:
        """Why it holds or not, in a sentence."""
        if not self.whole:
            places = [(arm, seed) for arm in ARMS for seed in self.seeds]
            missing = [f"{arm}, seed {seed}" for arm, seed in places if seed not in self.found.get(arm, {})]
            return f"not measured: {'; '.join(missing)}"
        gains, needed = self.gains(), self.claim.needed
        if self.share < 1:
            return f"{self.share:.0%} of the budget, with one seed, which proves nothing; the gain is {gains[0]:+.3g}"
        if needed is None:
            found = "found no gain" if self.claim.pilot else "is still to come"
            return f"the pilot, which says how much is needed, {found}; the mean gain is {fmean(gains):+.3g}"
        mean = f"the mean gain is {fmean(gains):+.3g}, needed {needed:.3g}"
        against = [str(seed) for seed, gain in zip(self.seeds, gains, strict=True) if gain <= 0]
        if against:
            return f"seed {', '.join(against)} favours the baseline; {mean}"
        if fmean(gains) < needed:
            return mean
        if self.passes("control"):
            return f"{mean}; but the control passes too ({fmean(self.gains('control')):+.3g})"
        return f"every seed favours the game; {mean}; the control fails ({fmean(self.gains('control')):+.3g})"

    def rows(self) -> list[dict[str, str]]:
        """A row for each arm and number: every seed, mean and spread."""
        rows = []
        for arm in ARMS:
            kept = self.found.get(arm, {})
            for name in next(iter(kept.values()), {}):
                values = [kept[seed][name] for seed in self.seeds if seed in kept]
                cells = {f"seed {seed}": _said(kept[seed][name]) if seed in kept else "failed" for seed in self.seeds}
                sd = f" +- {stdev(values):.2g}" if len(values) > 1 else ""
                rows.append({"arm": arm, "measure": name, **cells, "mean": f"{_said(fmean(values))}{sd}"})
        return rows

    def plain(self) -> dict[str, Any]:
        """As values that JSON holds."""
        return {
            "claim": self.claim.name,
            "holds": self.holds,
            "why": self.why,
            "needed": self.claim.needed,
            "seeds": list(self.seeds),
            "found": {arm: {str(seed): dict(row) for seed, row in rows.items()} for arm, rows in self.found.items()},
            "errors": {arm: {str(seed): text for seed, text in rows.items()} for arm, rows in self.errors.items()},
            "share": self.share,
            "seconds": round(self.seconds, 1),
        }

    def __str__(self) -> str:
        from ganarium.proving.words import text

        return text(self)


def _said(value: float) -> str:
    return f"{value:.4g}"
