"""Whether kept results of claims still stand: where code or a library has changed, the echo of an arm is compared.

An echo says little of the code that measures. Where that has changed, the trivial answers are scored anew besides: they
are samples that no training moves, so that other scores are the work of the measure. A claim without them is judged by
what its echoes measure, if that is anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ganarium.jobs.board import Tally
from ganarium.jobs.team import Job, Outcome, run
from ganarium.proving.answers import score_job
from ganarium.proving.echo import FOUND, binds, differences, measures, moved
from ganarium.proving.stale import defines, digest, libraries, measuring
from ganarium.proving.store import Store
from ganarium.zoo import index
from ganarium.zoo.claim import ARMS, Claim

__all__ = ["Checked", "check_claims", "echo_job"]

Scores = Mapping[str, Mapping[str, float]]
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
            that measures has changed, and scores trivial answers or the echo otherwise, or nothing speaks for it;
            ``elsewhere``: it differs from an echo of another kind of machine, which proves nothing; ``no echo``: its
            code has changed, and no echo is kept; ``not measured``: nothing is kept; ``failed``: it could not be
            played.
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

    An arm that depends on the code and the libraries that it was played by stands. Of another one the echo is played;
    if it agrees, the results stand, and that is written down. Where the code that measures has changed, what trivial
    answers score must agree too. Where the code is the same and no echo is kept yet, it is recorded.

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
    scored = _scored(claims, store, fresh, workers, quiet)
    arms = [_Arm(claim, arm, store.arms(claim).get(arm), scored.get(claim.name)) for claim in claims for arm in ARMS]
    found = {arm.job.name: Checked(arm.claim.name, arm.name, arm.unplayed(fresh) or "failed") for arm in arms}
    played = {arm.job.name: arm for arm in arms if not arm.unplayed(fresh)}

    def hear(outcome: Outcome) -> None:
        arm = played[outcome.job.name]
        found[arm.job.name] = checked = arm.compared(outcome)
        if checked.said == "recorded":
            store.hear(arm.claim, arm.digest, arm.name, outcome.result)
        if checked.said == "agrees" and arm.changed:
            store.confirm(arm.claim, arm.digest, arm.name)

    _run([arm.job for arm in played.values()], "echoes", workers, quiet, hear)
    return list(found.values())


def echo_job(claim: Claim, arm: str, function: str = "record") -> Job:
    """The echo of an arm, as a job: ``record`` it, or only ``listen``."""
    arguments = {"module": claim.module, "arm": arm}
    return Job(f"{claim.name}: {arm}, echo", f"ganarium.proving.echo:{function}", arguments)


def _scored(
    claims: Sequence[Claim], store: Store, fresh: bool, workers: int | None, quiet: bool
) -> dict[str, tuple[str, ...]]:
    """Where the trivial answers of claims score otherwise than what is kept; those that are nowhere kept are recorded.

    While arms that were measured as the kept scores were wait for a verdict, these stay as they are.
    """
    asked = {score_job(claim).name: claim for claim in claims if _asks(claim, store, fresh)}
    found: dict[str, tuple[str, ...]] = {}

    def hear(outcome: Outcome) -> None:
        claim = asked[outcome.job.name]
        kept = store.trivial(claim)
        moves = (outcome.error,) if outcome.error else _moves(kept["found"], outcome.result) if kept else ()
        if kept:
            found[claim.name] = moves
        if not outcome.error and not (moves and _waiting(claim, store)):
            store.score(claim, outcome.result)

    _run([score_job(claim) for claim in asked.values()], "trivial answers", workers, quiet, hear)
    return found


def _asks(claim: Claim, store: Store, fresh: bool) -> bool:
    """Whether trivial answers are to be scored: something is kept of the claim, but not their scores of today."""
    if not defines(claim.module, "trivial") or not store.arms(claim):
        return False
    kept = store.trivial(claim)
    return not _waiting(claim, store) if kept is None else fresh or kept["digest"] != digest(claim.module, "trivial")


def _waiting(claim: Claim, store: Store) -> bool:
    """Whether arms of a claim were measured by other code than today's."""
    return any(arm["measuring"] != measuring(claim.module) for arm in store.arms(claim).values())


def _moves(kept: Scores, scores: Scores) -> tuple[str, ...]:
    """Where trivial answers score otherwise than is kept, with both values."""
    then, now = (
        {f"{answer}: {name}": value for answer, row in each.items() for name, value in row.items()}
        for each in (kept, scores)
    )
    return tuple(moved(then, now))


def _run(jobs: list[Job], what: str, workers: int | None, quiet: bool, hear: Callable[[Outcome], None]) -> None:
    if jobs:
        with Tally(jobs, what, quiet, hear) as tally:
            run(jobs, workers, tally)


@dataclass(frozen=True)
class _Arm:
    """An arm that is checked: what is kept of it, and where the claim's trivial answers score otherwise, if scored."""

    claim: Claim
    name: str
    kept: Mapping[str, Any] | None
    moves: tuple[str, ...] | None

    @property
    def digest(self) -> str:
        return digest(self.claim.module)

    @property
    def changed(self) -> bool:
        """Whether its code has, or the versions of the libraries."""
        now = {"digest": self.digest, "libraries": libraries(self.claim.module)}
        return self.kept is not None and any(self.kept.get(name) != value for name, value in now.items())

    @property
    def otherwise(self) -> bool:
        """Whether the code that measures it has changed."""
        return self.kept is not None and self.kept["measuring"] not in ("", measuring(self.claim.module))

    @property
    def job(self) -> Job:
        return echo_job(self.claim, self.name, "listen" if self.kept and self.kept["echo"] else "record")

    def unplayed(self, fresh: bool) -> Said | None:
        """What is said of the arm without playing it; None if it is to be played."""
        if not self.kept or not self.kept["seeds"]:
            return "not measured"
        if self.kept["echo"] is None:
            return "measured otherwise" if self.otherwise else "no echo" if self.kept["digest"] != self.digest else None
        return None if self.changed or fresh else "unchanged"

    def compared(self, outcome: Outcome) -> Checked:
        """What is said of the arm, now that it was played."""
        assert self.kept is not None
        echo, checked = self.kept["echo"], Checked(self.claim.name, self.name, "failed", (outcome.error,))
        if outcome.error:
            return checked
        if echo is None:
            return replace(checked, said="recorded", differences=())
        if renamed := self.renamed(outcome.result):
            return replace(checked, said="measured otherwise", differences=(renamed,))
        found = tuple(differences(echo, outcome.result))
        found, said = (found, self.said(found)) if found or not self.otherwise else self.measured(outcome.result)
        said = said if binds(echo) or not found else "elsewhere"
        return replace(checked, said=said, differences=found, place=echo["where"])

    def renamed(self, numbers: Mapping[str, float]) -> str:
        """How the claim's measure, which is the first of an arm's numbers, is another now; empty if it is not."""
        assert self.kept is not None
        kept = next(iter(next(iter(self.kept["seeds"].values()))["found"]))
        now = next(name.removeprefix(FOUND) for name in numbers if name.startswith(FOUND))
        return "" if kept == now else f"the measure was {kept}, is {now}"

    def said(self, found: Sequence[str]) -> Said:
        """What is said of an echo that differs there."""
        if self.otherwise and found and all(where.startswith("found: ") for where in found):
            return "measured otherwise"
        return "differs" if found else "agrees"

    def measured(self, numbers: Mapping[str, float]) -> tuple[tuple[str, ...], Said]:
        """Where an arm is measured otherwise, though it plays alike, and what is said of it."""
        assert self.kept is not None
        found, speaks = self.moves or (), self.moves is not None or measures(self.kept["echo"], numbers)
        return found, "measured otherwise" if found or not speaks else "agrees"
