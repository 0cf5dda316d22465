"""Examines a run for every ailment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganarium.diagnosis import collapse, memorisation, oscillation, overfitting, vanishing
from ganarium.diagnosis.case import Case, Unknown
from ganarium.diagnosis.finding import Diagnosis, Finding
from ganarium.game import Game
from ganarium.terminal.progress import watched
from ganarium.zoo import index

__all__ = ["AILMENTS", "diagnose"]

_EXAMINERS: dict[str, Callable[[Case], Finding]] = {
    each.NAME: each.examine for each in (collapse, overfitting, vanishing, oscillation, memorisation)
}
#: What is looked for.
AILMENTS = tuple(_EXAMINERS)


def diagnose(
    run: Any,
    *,
    game: Game | type[Game] | str | None = None,
    data: Any = None,
    held_out: Any = None,
    checkpoint: str | int = "latest",
    seed: int = 0,
    save: bool = True,
) -> Diagnosis:
    """Why a run's game behaves as it does. Of a run that has not played all of its rounds, only what is seen so far.

    Args:
        run: The run's folder, its name under ``runs``, or a :class:`ganarium.Run`.
        game: The game as it was before training, for a run whose config cannot make it.
        data: What it learned from, for a run whose data has no name.
        held_out: Data of the same law that it did not learn from; the test part of data that was split, or another
            draw of a made-up world, if left out.
        checkpoint: "latest", "best" or a round.
        seed: What samples and every choice follow from.
        save: Whether the run keeps it, as ``diagnosis.json`` and ``diagnosis.png``.

    Raises:
        ValueError: if there is no such run or checkpoint, or the game cannot be made.
    """
    case = Case(getattr(run, "path", run), game, data, held_out, checkpoint, seed)
    jobs = list(_EXAMINERS.items())
    findings = [_examined(case, *job) for job in watched(jobs, len(jobs), lambda _: 1, doing="examining the run")]
    facts = {
        "run": str(case.path),
        "game": index.word_of(case.config["game"]),
        "data": case.config["data_summary"],
        "round": case.state["round"],
        "rounds": case.planned,
        "done": case.done,
        "seen": case.state["seen"],
        "seed": seed,
    }
    found = Diagnosis(findings, facts)
    if save:
        from ganarium.diagnosis.picture import save_picture

        found.save(Path(case.path))
        save_picture(case, found, Path(case.path))
    return found


def _examined(case: Case, name: str, examine: Callable[[Case], Finding]) -> Finding:
    try:
        found = examine(case)
    except Unknown as why:
        return Finding(name, "cannot tell", str(why))
    return found if case.done else _so_far(case, found)


def _so_far(case: Case, found: Finding) -> Finding:
    """No verdict on a run that is not done: only what is seen so far."""
    when = f"After {case.state['round']:,} of {case.planned:,} rounds:"
    return replace(found, state="not done yet", sentence=f"{when} {found.sentence}", advice=())
