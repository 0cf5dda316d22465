"""Fair comparisons: the same data, budget, batch and seeds, side by side, in one thread each.

.. code-block:: python

    found = ga.compare(["gan", "wgan-gp", "r3gan"], data="ring", seen=400_000, seeds=3)
    print(found)                    # means and spreads over seeds, paired differences with intervals
    found.path / "comparison.html"

    ga.compare(["runs/gan-ring-001", "runs/wgan-gp-ring-001"])    # runs that are finished
"""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ganarium._version import __version__
from ganarium.comparing import finished
from ganarium.comparing.comparison import Comparison
from ganarium.comparing.fairness import check, files_of, refuse_unnamed, words_of
from ganarium.comparing.summary import Result, Summary
from ganarium.files import numbered, write_text
from ganarium.jobs.board import Board
from ganarium.jobs.team import Job, Outcome, run
from ganarium.metrics.stamp import Number
from ganarium.running.records import read_config
from ganarium.running.run import Run
from ganarium.terminal.progress import silent
from ganarium.terminal.signals import Interrupted
from ganarium.zoo import index

__all__ = ["CONFIG", "Comparison", "compare", "go_on"]

#: What a comparison's folder says of itself.
CONFIG = "comparison.yaml"

#: And what each contestant's minutes were found to be worth, in samples.
BUDGETS = "budgets.json"

_AHEAD = ("ganarium.comparing.contest",)  # what its jobs import


def compare(
    contestants: Sequence[str | Path | Run],
    data: str = "",
    *,
    seen: int | None = None,
    minutes: float | None = None,
    seeds: int | Sequence[int] = 3,
    batch: int = 64,
    measure: int = 8,
    count: int = 2000,
    metrics: Sequence[str] = (),
    paper: bool = False,
    data_options: Sequence[str] = (),
    out: str | Path | None = None,
    workers: int | None = None,
    quiet: bool = False,
) -> Comparison:
    """Play games on the same data with the same budget, batch and seeds, and compare what they make.

    Or compare runs that are finished: then only ``count``, ``metrics`` and ``out`` are asked for. Runs that differ in
    their seed alone are one contestant's, and contestants are paired by seed.

    Args:
        contestants: Games, each with options of its own where it has any: ``"gan"``, ``"wgan-gp --critic-moves 1"``; or
            runs, by their folders or names.
        data: What to learn from, by name or path.
        seen: Samples that each sees.
        minutes: Minutes that each plays for, instead: a trial of each turns them into samples before any run starts.
        seeds: How many seeds, from 0 on; or which.
        batch: Samples in a batch.
        measure: How often quality is measured on the way.
        count: By how many samples, against as many of the data; half of it at most.
        metrics: Which metrics at the end; all that are measured unasked, if none is named.
        paper: The papers' own settings instead of the measured recipes.
        data_options: The data's options, as words: ``["--data.size", "32"]``.
        out: The comparison's folder, where one that was begun is gone on with; numbered under ``comparisons`` if left
            out.
        workers: How many runs at once; one for each processor if left out.
        quiet: Say nothing.

    Raises:
        ValueError: if a contestant is unknown or cannot play on the data, the length is given twice or not at all, or
            the folder holds another comparison.
        Interrupted: after a signal; the same call goes on.
    """
    words = [str(each.path if isinstance(each, Run) else each) for each in contestants]
    if not data and finished.are_runs(words):
        if seen or minutes or data_options or paper or (seeds, batch, measure) != (3, 64, 8):
            raise ValueError("Finished runs have played: only count, metrics and out can be asked for.")
        return _finished(words, count, metrics, out, quiet)
    config = {
        "contestants": [" ".join(each.split()) for each in words],
        "data": str(data),
        "data_options": list(data_options),
        "seen": seen,
        "minutes": minutes,
        "seeds": list(range(seeds)) if isinstance(seeds, int) else [int(seed) for seed in seeds],
        "batch": batch,
        "measure": measure,
        "count": count,
        "metrics": list(metrics),
        "paper": paper,
    }
    check(config)
    config["files"] = files_of(config["contestants"])
    path = Path(out) if out is not None else _new(config, config["contestants"])
    _agree(path, config)
    return _play(path, config, workers, quiet)


def go_on(path: str | Path, workers: int | None = None, quiet: bool = False) -> Comparison:
    """Go on with a comparison that was begun; what is finished is not played again.

    Args:
        path: Its folder.
        workers: How many runs at once.
        quiet: Say nothing.

    Raises:
        ValueError: if there is none.
    """
    if not (Path(path) / CONFIG).is_file():
        raise ValueError(f"There is no comparison in {path}: it has no {CONFIG}.")
    config = _read(Path(path))
    if config.get("runs"):
        return _write(Comparison(Path(path), config, _judged(config, quiet)))
    refuse_unnamed(config)
    return _play(Path(path), config, workers, quiet)


def _finished(
    words: Sequence[str], count: int, metrics: Sequence[str], out: str | Path | None, quiet: bool
) -> Comparison:
    """Judge runs anew, and write what came out."""
    runs = finished.arranged(words, metrics)
    source = read_config(Path(next(iter(next(iter(runs.values())).values()))))["data"]
    config = {
        "contestants": list(runs),
        "runs": runs,
        "data": source["name"] if source else "data that has no name",
        "seeds": sorted({seed for seeds in runs.values() for seed in seeds}),
        "count": count,
        "metrics": list(metrics),
    }
    summary = _judged(config, quiet)
    path = Path(out) if out is not None else _new(config, [label.split()[0] for label in runs])
    _agree(path, config)
    return _write(Comparison(path, config, summary))


def _judged(config: Mapping[str, Any], quiet: bool) -> Summary:
    """What finished runs make.

    Raises:
        ValueError: if a run cannot be judged, or they cannot be compared.
    """
    with silent(quiet):
        summary = Summary(config["contestants"], finished.judged(config["runs"], config["count"], config["metrics"]))
    summary.differences()
    return summary


def _new(config: Mapping[str, Any], labels: Sequence[str]) -> Path:
    """A numbered folder, taken."""
    name = re.sub(r"[^a-z0-9]+", "-", Path(config["data"]).name.lower()).strip("-") or "data"
    games = [index.game(shlex.split(label)[0]).command for label in labels[:3]]
    stem = f"{'-'.join(games)}-{name}"
    return numbered(Path("comparisons"), stem)


def _agree(path: Path, config: Mapping[str, Any]) -> None:
    """Write what is to be compared; raise if the folder holds anything else."""
    if (path / CONFIG).is_file():
        before = _read(path)
        unlike = [
            f"{name} was {before.get(name)}, is {config[name]}" for name in config if before.get(name) != config[name]
        ]
        if unlike:
            raise ValueError(f"{path} holds another comparison: {'; '.join(unlike)}. Name another --out.")
        return
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f"{path} is there and is no comparison. Name another --out.")
    (path if config.get("runs") else path / "runs").mkdir(parents=True, exist_ok=True)
    write_text(path / CONFIG, yaml.safe_dump({**config, "ganarium": __version__}, sort_keys=False))


def _read(path: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load((path / CONFIG).read_text(encoding="utf-8"))
        # Comparisons that were begun before these could be asked for.
        config = {"minutes": None, "metrics": [], "files": {}, **config}
        return {name: value for name, value in config.items() if name != "ganarium"}
    except (yaml.YAMLError, TypeError) as error:
        raise ValueError(f"{path / CONFIG} cannot be read ({error}).") from error


def _budgets(path: Path, config: Mapping[str, Any], quiet: bool) -> dict[str, int]:
    """The samples that each contestant sees: those that were asked for, or as many as its minutes are worth."""
    labels = config["contestants"]
    if config["seen"] is not None:
        return dict.fromkeys(labels, int(config["seen"]))
    file = path / BUDGETS
    if not file.exists():
        words = [words_of(config, label, config["seeds"][0], config["batch"]) for label in labels]
        job = Job(
            "how fast each is", "ganarium.comparing.contest:paces", {"words": words, "minutes": config["minutes"]}
        )
        with Board([job], quiet) as board:
            (outcome,) = run([job], 1, board, _AHEAD)
        if outcome.error:
            raise ValueError(f"The trial that turns minutes into samples failed: {outcome.error}")
        write_text(file, json.dumps(dict(zip(labels, outcome.result, strict=True)), indent=1) + "\n")
    budgets: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))
    return budgets


def _play(path: Path, config: Mapping[str, Any], workers: int | None, quiet: bool) -> Comparison:
    try:
        return _played(path, config, workers, quiet)
    except Interrupted as stop:
        raise Interrupted(stop.signal, path, f"ganarium compare --resume {path}") from None


def _played(path: Path, config: Mapping[str, Any], workers: int | None, quiet: bool) -> Comparison:
    budgets = _budgets(path, config, quiet)
    places = {}
    for seed in config["seeds"]:
        for number, label in enumerate(config["contestants"]):
            places[f"{label}, seed {seed}"] = (label, seed, path / "runs" / f"{number}-{_slug(label)}-seed{seed}")
    jobs = [
        Job(
            name,
            "ganarium.comparing.contest:play",
            {
                "words": words_of(config, label, seed, budgets[label]),
                "path": str(folder),
                "count": config["count"],
                "metrics": config["metrics"],
            },
            str(path / "runs" / f"{folder.name}.log"),
        )
        for name, (label, seed, folder) in places.items()
    ]
    with Board(jobs, quiet) as board:
        outcomes = run(jobs, workers, board, _AHEAD)
    results = [_result(outcome, *places[outcome.job.name][:2]) for outcome in outcomes]
    return _write(Comparison(path, config, Summary(config["contestants"], results)))


def _result(outcome: Outcome, label: str, seed: int) -> Result:
    if outcome.error:
        return Result(label, seed, {}, {}, outcome.error)
    numbers = [Number.read(row) for row in outcome.result["numbers"]]
    facts = {name: value for name, value in outcome.result.items() if name != "numbers"}
    return Result(label, seed, {f"{number.metric}/{number.features}": number for number in numbers}, facts)


def _write(found: Comparison) -> Comparison:
    """Put what came out into its folder, and return it."""
    from ganarium.comparing.page import comparison
    from ganarium.comparing.words import markdown

    rows = [
        {
            "label": result.label,
            "seed": result.seed,
            "error": result.error,
            **result.facts,
            "numbers": [number.plain() for number in result.numbers.values() if math.isfinite(number.value)],
        }
        for result in found.summary.results
    ]
    write_text(found.path / "results.json", json.dumps(rows, indent=1) + "\n")
    write_text(found.path / "results.md", markdown(found))
    write_text(found.path / "comparison.html", comparison(found))
    return found


def _slug(label: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", label.lower()).strip("-")[:60]
