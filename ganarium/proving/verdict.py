"""Whether a claim holds, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from ganarium.zoo.claim import ANSWERS, ARMS, PILOT, Claim, interval

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
        trivial: For each trivial answer, what was measured by name, the claim's measure first.
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
    trivial: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether every arm was measured with every seed."""
        return bool(self.seeds) and all(seed in self.found.get(arm, {}) for arm in ARMS for seed in self.seeds)

    @property
    def judged(self) -> tuple[int, ...]:
        """The seeds by which it is judged: the first, as many as the pilot fixed, whatever else was played."""
        return self.seeds if self.seeds[0] in PILOT else self.seeds[: self.claim.seeds]

    def values(self, arm: str) -> list[float]:
        """The claim's measure of an arm, for each seed by which it is judged."""
        return [next(iter(self.found[arm][seed].values())) for seed in self.judged]

    def gains(self, arm: str = "game") -> list[float]:
        """By how much each seed favours an arm over the baseline."""
        return self.claim.gains(self.values(arm), self.values("baseline"))

    def passes(self, arm: str) -> bool:
        """Whether an arm beats the baseline: its gain's interval is above zero, and the mean reaches what is needed."""
        gains, needed = self.gains(arm), self.claim.needed
        between = interval(gains)
        return needed is not None and between is not None and between[0] > 0 and fmean(gains) >= needed

    @property
    def fails(self) -> bool:
        """Whether the control fails: it does not pass, and gains less than a third of what the game does."""
        return not self.passes("control") and fmean(self.gains("control")) < fmean(self.gains()) / 3

    @property
    def beaten_by(self) -> list[str]:
        """The trivial answers that measure as well as the game's mean, or better; the data itself does not count."""
        mean, scores = (
            fmean(self.values("game")),
            {name: next(iter(row.values())) for name, row in self.trivial.items()},
        )
        return [name for name, score in scores.items() if name != ANSWERS[0] and self.claim.as_good(score, mean)]

    @property
    def scored(self) -> bool:
        """Whether trivial answers were measured, or need not be."""
        return bool(self.trivial or self.claim.no_trivial)

    @property
    def faults(self) -> list[str]:
        """What keeps it from holding, in a few words each; nothing, where it holds."""
        if self.share < 1 or not self.whole:
            return ["not measured"]
        found = {
            "too few seeds": len(self.seeds) < self.claim.seeds,
            "too small or too uncertain a gain": not self.passes("game"),
            "a control that gains too": self.passes("game") and not self.fails,
            "trivial answers not measured": not self.scored,
            "a trivial answer as good as the game": bool(self.beaten_by),
        }
        return [fault for fault, there in found.items() if there]

    @property
    def holds(self) -> bool:
        """Whether the claim holds."""
        return not self.faults

    @property
    def why(self) -> str:
        """Why it holds or not, in a sentence."""
        if not self.whole:
            places = [(arm, seed) for arm in ARMS for seed in self.seeds]
            missing = [f"{arm}, seed {seed}" for arm, seed in places if seed not in self.found.get(arm, {})]
            return f"not measured: {'; '.join(missing)}"
        if self.share < 1:
            gain = self.gains()[0]
            return f"{self.share:.0%} of the budget, with one seed, which proves nothing; the gain is {gain:+.3g}"
        return "; ".join(filter(None, (self._few(), self._gain(), self._control(), self._trivial())))

    def _few(self) -> str:
        played, wanted = len(self.seeds), self.claim.seeds
        return f"{played} of {wanted} seeds played" if played < wanted else ""

    def _gain(self) -> str:
        claim, between = self.claim, interval(self.gains())
        said = f"the mean gain is {fmean(self.gains()):+.3g}"
        said += f" [{between[0]:+.3g}, {between[1]:+.3g}]" if between else ""
        if claim.needed is None:
            found = "found no gain" if claim.pilot else "is still to come"
            return f"{said}; the pilot, which says how much is needed, {found}"
        above = "" if between is None or between[0] > 0 else ", and an interval above zero"
        return f"{said}, needed {claim.needed:.3g}{above}"

    def _control(self) -> str:
        mine, game = fmean(self.gains("control")), fmean(self.gains())
        share = f", {mine / game:.0%} of the game's" if game > 0 else ""
        said = (
            "passes too" if self.passes("control") else "fails, as it should" if self.fails else "gains a third or more"
        )
        return f"the control {said if self.passes('game') else 'gains'} ({mine:+.3g}{share})"

    def _trivial(self) -> str:
        if not self.scored:
            return "trivial answers are still to be measured"
        return f"as good as the game without learning: {', '.join(self.beaten_by)}" if self.beaten_by else ""

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
        return rows + [self._row(answer, row) for answer, row in self.trivial.items()]

    def _row(self, answer: str, row: Mapping[str, float]) -> dict[str, str]:
        """A row for a trivial answer, with the claim's measure alone."""
        name, value = next(iter(row.items()))
        return {"arm": answer, "measure": name, **{f"seed {seed}": "" for seed in self.seeds}, "mean": _said(value)}

    def plain(self) -> dict[str, Any]:
        """As values that JSON holds."""
        between = interval(self.gains()) if self.whole else None
        return {
            "claim": self.claim.name,
            "holds": self.holds,
            "why": self.why,
            "needed": self.claim.needed,
            "interval": list(between) if between else None,
            "seeds": list(self.seeds),
            "wanted": self.claim.seeds,
            "trivial": {answer: dict(row) for answer, row in self.trivial.items()},
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
