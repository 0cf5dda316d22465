"""Whether kept results of claims still stand: where code has changed, the echo of an arm is played and compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ganarium.jobs.board import Tally
from ganarium.jobs.team import Job, Outcome, run
from ganarium.proving.echo import binds, differences
from ganarium.proving.stale import digest, measuring
from ganarium.proving.store import Store
from ganarium.zoo import index
from ganarium.zoo.claim import ARMS, Claim

__all__ = ["Checked", "check_claims", "echo_job"]

#: What is said of an arm. Its results stand if it is unchanged, agrees or was recorded.
Said = Literal[
    "unchanged", "agrees", "recorded", "differs", "measured otherwise", "elsewhere", "no echo", "not measured", "failed"
]


@dataclass(frozen=True)
class Checked:
    """What came of the check of an arm.

    Args:
        claim: The claim's name.
        arm: The arm.
        said: ``unchanged``: it depends on the same code; ``agrees``: its echo is the one that is kept; ``recorded``:
            its code is the same, and its first echo was kept; ``differs``; ``measured otherwise``: the code
            that measures has changed, for which no echo speaks; ``elsewhere``: it differs from an echo of
            another kind of machine, which proves nothing; ``no echo``: its code has changed, and no echo is kept;
            ``not measured``: nothing is kept; ``failed``: it could not be played.
        differences: Where it differs, with both values; or why it failed.
        place: The kind of machine on which the kept echo was recorded.
    """

    claim: str
    arm: str
    said: Said
    differences: tuple[str, ...] = ()
    place: str = ""

    @property
    def wrong(self) -> bool:
        """Whether the results of the arm do not stand."""
        return self.said in ("differs", "measured otherwise", "failed")

    def row(self) -> dict[str, str]:
        """As a row of a table: how it differs at first, and at how many places."""
        more = f" (and {len(self.differences) - 1} more)" if len(self.differences) > 1 else ""
        where = f"{self.differences[0]}{more}" if self.differences else ""
        place = f"recorded on {self.place}" if self.said == "elsewhere" else ""
        said = {"elsewhere": "not bound", "no echo": "no echo yet"}.get(self.said, self.said)
        return {"claim": self.claim, "arm": self.arm, "result": said, "where": "; ".join(filter(None, (where, place)))}


def check_claims(
    names: Sequence[str],
    *,
    out: str | Path = "claims",
    fresh: bool = False,
    workers: int | None = None,
    quiet: bool = False,
) -> list[Checked]:
    """Check whether what is kept of claims still stands, in a second or two for each arm.

    An arm that depends on the code that it was played by stands. Of another one the echo is played; if it agrees, the
    results stand, and that is written down. Where the code is the same and no echo is kept yet, it is recorded.

    Args:
        names: Which claims (``ganarium.zoo.index.claims()``).
        out: The folder of the results.
        fresh: Play the echoes of all arms.
        workers: How many at once; one for each processor if left out.
        quiet: Say nothing.

    Returns:
        What came of each arm, claim by claim.

    Raises:
        ValueError: if there is no such claim, or its file holds something else.
        Interrupted: after a signal.
    """
    claims, store = [index.claim(name) for name in names], Store(out)
    arms = [_Arm(claim, arm, digest(claim.module), store.arms(claim).get(arm)) for claim in claims for arm in ARMS]
    found = {arm.job.name: Checked(arm.claim.name, arm.name, arm.unplayed(fresh) or "failed") for arm in arms}
    played = {arm.job.name: arm for arm in arms if not arm.unplayed(fresh)}

    def hear(outcome: Outcome) -> None:
        arm = played[outcome.job.name]
        found[arm.job.name] = checked = arm.compared(outcome)
        if checked.said == "recorded":
            store.hear(arm.claim, arm.digest, arm.name, outcome.result)
        if checked.said == "agrees" and arm.changed:
            store.confirm(arm.claim, arm.digest, arm.name)

    jobs = [arm.job for arm in played.values()]
    if jobs:
        with Tally(jobs, "echoes", quiet, hear) as tally:
            run(jobs, workers, tally)
    return list(found.values())


def echo_job(claim: Claim, arm: str, function: str = "record") -> Job:
    """The echo of an arm, as a job: ``record`` it, or only ``listen``."""
    arguments = {"module": claim.module, "arm": arm}
    return Job(f"{claim.name}: {arm}, echo", f"ganarium.proving.echo:{function}", arguments)


@dataclass(frozen=True)
class _Arm:
    """An arm that is checked: what it depends on today, and what is kept of it."""

    claim: Claim
    name: str
    digest: str
    kept: Mapping[str, Any] | None

    @property
    def changed(self) -> bool:
        return self.kept is not None and self.kept["digest"] != self.digest

    @property
    def job(self) -> Job:
        return echo_job(self.claim, self.name, "listen" if self.kept and self.kept["echo"] else "record")

    def unplayed(self, fresh: bool) -> Said | None:
        """What is said of the arm without playing it; None if it is to be played."""
        if not self.kept or not self.kept["seeds"]:
            return "not measured"
        if self.kept["measuring"] not in ("", measuring(self.claim.module)):
            return "measured otherwise"
        if self.kept["echo"] is None:
            return "no echo" if self.changed else None
        return None if self.changed or fresh else "unchanged"

    def compared(self, outcome: Outcome) -> Checked:
        """What is said of the arm, now that it was played."""
        assert self.kept is not None
        echo = self.kept["echo"]
        if outcome.error:
            return Checked(self.claim.name, self.name, "failed", (outcome.error,))
        if echo is None:
            return Checked(self.claim.name, self.name, "recorded")
        found = tuple(differences(echo, outcome.result))
        said: Said = "agrees" if not found else "differs" if binds(echo) else "elsewhere"
        return Checked(self.claim.name, self.name, said, found, echo["where"])
