"""Plays the arms of claims, side by side in one-thread processes, and keeps what they find."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Any

from ganarium.files import write_text
from ganarium.jobs.board import Board
from ganarium.jobs.team import Job, Outcome, Tell, run
from ganarium.proving.answers import score_job
from ganarium.proving.checking import check_claims, echo_job
from ganarium.proving.stale import defines, digest
from ganarium.proving.store import Store
from ganarium.proving.verdict import Verdict
from ganarium.proving.words import markdown
from ganarium.zoo import index
from ganarium.zoo.claim import ARMS, PILOT, Claim

__all__ = ["QUICK", "kept", "pilot", "play", "prove", "write_page"]

#: The share of the budget that a quick look plays.
QUICK = 0.1


def prove(
    names: Sequence[str],
    *,
    seeds: int | None = None,
    out: str | Path = "claims",
    quick: bool = False,
    fresh: bool = False,
    workers: int | None = None,
    quiet: bool = False,
) -> list[Verdict]:
    """Prove claims: play every arm with every seed, and compare.

    What was found before is not played again while it stands: where its code has changed, the arm's echo is played, and
    only an arm with another echo is played again. So the same call goes on with what was interrupted.

    Args:
        names: Which claims (``ganarium.zoo.index.claims()``).
        seeds: How many seeds, from 0 on; of each claim what follows from its pilot, if left out. With fewer no claim
            holds.
        out: The folder in which results are kept.
        quick: One seed, a pilot's, and a tenth of the budget; nothing is kept, and it proves nothing.
        fresh: Play all again.
        workers: How many at once; one for each processor if left out.
        quiet: Say nothing.

    Raises:
        ValueError: if there is no such claim, or fewer than one seed.
        Interrupted: after a signal; the same call goes on.
    """
    if seeds is not None and seeds < 1:
        raise ValueError(f"A claim is played with at least one seed; got {seeds}.")
    claims = [index.claim(name) for name in names]
    if quick:
        return [_played(claim, tuple(PILOT[:1]), QUICK, workers, quiet) for claim in claims]
    store = Store(out)
    if not fresh:
        check_claims(names, out=out, workers=workers, quiet=quiet)
    return [_proved(claim, tuple(range(seeds or claim.seeds)), store, fresh, workers, quiet) for claim in claims]


def pilot(name: str, *, seeds: int = 3, workers: int | None = None, quiet: bool = False) -> Verdict:
    """Play a claim with the pilot's seeds, whose figures are then frozen in its file; nothing is kept.

    Args:
        name: Which claim.
        seeds: How many, from 100 on.
        workers: How many at once.
        quiet: Say nothing.

    Raises:
        ValueError: if there is no such claim, or a pilot has fewer than three seeds or more than a hundred.
    """
    if not 3 <= seeds <= len(PILOT):
        raise ValueError(f"A pilot has 3 to {len(PILOT)} seeds, from {PILOT[0]} on; got {seeds}.")
    claim = index.claim(name)
    found = _played(claim, tuple(PILOT[:seeds]), 1.0, workers, quiet)
    if not defines(claim.module, "trivial"):
        return found
    (scores,) = _run([score_job(claim)], workers, quiet)
    return replace(found, trivial=scores.result or {}, errors={**found.errors, **_failed(scores)})


def kept(out: str | Path = "claims") -> dict[str, Verdict]:
    """What is kept of all claims, by name and with all seeds, whatever code found it.

    Args:
        out: The folder of the results.
    """
    store, claims = Store(out), index.claims().values()
    found = [store.verdict(claim, store.seeds(claim)) for claim in claims]
    return {each.claim.name: each for each in found if any(each.found.values())}


def write_page(out: str | Path = "claims", page: str | Path | None = None) -> Path:
    """Write the page of all kept results.

    Args:
        out: The folder of the results.
        page: Where; ``claims.md`` among the results if left out.
    """
    page = Path(page or Path(out) / "claims.md")
    place = os.path.relpath(out, page.parent)
    write_text(page, markdown(list(kept(out).values()), "" if place == "." else f"{Path(place).as_posix()}/"))
    return page


def play(module: str, arm: str, seed: int, share: float, picture: str, tell: Tell) -> dict[str, Any]:
    """One arm of a claim with one seed: the job of a child.

    Args:
        module: The claim's.
        arm: Which arm.
        seed: Its seed.
        share: The share of the budget.
        picture: Where to write what the arm shows; empty: nowhere.
        tell: Is told of the progress.
    """
    from ganarium.proving.arm import Arm
    from ganarium.terminal.progress import silent

    begun = time.perf_counter()
    played = Arm(arm, seed, share, tell)
    with silent():
        found = {name: float(value) for name, value in import_module(module).play(played).items()}
    wrong = [f"{name} is {value}" for name, value in found.items() if not isfinite(value)]
    if wrong:
        raise ValueError(f"What was measured is not finite: {', '.join(wrong)}.")
    if picture and played.shown is not None:
        from ganarium import pictures

        Path(picture).parent.mkdir(parents=True, exist_ok=True)
        pictures.save(pictures.draw(*played.shown), picture)
    return {"found": found, "seconds": time.perf_counter() - begun}


def _proved(
    claim: Claim, seeds: tuple[int, ...], store: Store, fresh: bool, workers: int | None, quiet: bool
) -> Verdict:
    stamp = digest(claim.module)
    kept = {arm: store.arm(claim, arm, stamp) for arm in ARMS}
    wanted = [(arm, seed) for seed in seeds for arm in ARMS if fresh or str(seed) not in kept[arm]["seeds"]]
    pictures = {(arm, seeds[0]): str(store.picture(claim, arm)) for arm in ARMS}
    jobs = [_job(claim, arm, seed, 1.0, pictures.get((arm, seed), "")) for arm, seed in wanted]
    echoes = [echo_job(claim, arm) for arm in ARMS if fresh or kept[arm]["echo"] is None]

    def keep(outcome: Outcome) -> None:
        if outcome.error:
            return
        if outcome.job in echoes:
            store.hear(claim, stamp, outcome.job.arguments["arm"], outcome.result)
        else:
            store.keep(claim, stamp, *_place(outcome.job), outcome.result)

    outcomes = _run(jobs + echoes, workers, quiet, keep)
    played = [outcome for outcome in outcomes if outcome.job not in echoes]
    errors = {**_errors(played), **_score(claim, store, fresh, workers, quiet)}
    return replace(store.verdict(claim, seeds, stamp), errors=errors)


def _score(
    claim: Claim, store: Store, fresh: bool, workers: int | None, quiet: bool
) -> Mapping[str, Mapping[int, str]]:
    """Keep what trivial answers score; after the arms, for whose measure they speak, were played by the same code."""
    kept = store.trivial(claim)
    old = fresh or kept is None or kept["digest"] != digest(claim.module, "trivial")
    if not (old and store.arms(claim) and defines(claim.module, "trivial")):
        return {}
    (scores,) = _run([score_job(claim)], workers, quiet)
    if not scores.error:
        store.score(claim, scores.result)
    return _failed(scores)


def _failed(scores: Outcome) -> dict[str, dict[int, str]]:
    return {"trivial answers": {0: scores.error}} if scores.error else {}


def _played(claim: Claim, seeds: tuple[int, ...], share: float, workers: int | None, quiet: bool) -> Verdict:
    """A claim with other seeds or another budget than those of a proof; nothing is kept."""
    outcomes = _run([_job(claim, arm, seed, share) for seed in seeds for arm in ARMS], workers, quiet)
    found: dict[str, dict[int, dict[str, float]]] = {arm: {} for arm in ARMS}
    for outcome in outcomes:
        if not outcome.error:
            arm, seed = _place(outcome.job)
            found[arm][seed] = outcome.result["found"]
    seconds = sum(outcome.seconds for outcome in outcomes)
    return Verdict(claim, seeds, found, _errors(outcomes), seconds, share=share)


def _run(
    jobs: list[Job], workers: int | None, quiet: bool, then: Callable[[Outcome], None] | None = None
) -> list[Outcome]:
    if not jobs:
        return []
    with Board(jobs, quiet, then) as board:
        return run(jobs, workers, board, ("ganarium.proving.arm", "ganarium.proving.measures"))


def _errors(outcomes: Sequence[Outcome]) -> dict[str, dict[int, str]]:
    """Why arms failed, by arm and seed."""
    errors: dict[str, dict[int, str]] = {arm: {} for arm in ARMS}
    for outcome in outcomes:
        if outcome.error:
            arm, seed = _place(outcome.job)
            errors[arm][seed] = outcome.error
    return errors


def _job(claim: Claim, arm: str, seed: int, share: float, picture: str = "") -> Job:
    arguments = {"module": claim.module, "arm": arm, "seed": seed, "share": share, "picture": picture}
    return Job(f"{claim.name}: {arm}, seed {seed}", "ganarium.proving.proving:play", arguments)


def _place(job: Job) -> tuple[str, int]:
    return job.arguments["arm"], job.arguments["seed"]
