"""Runs that are finished, compared: judged anew, on the same data, by the same reference and samples of one seed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganarium.comparing.contest import facts
from ganarium.comparing.summary import Result
from ganarium.metrics.judge import check_metrics
from ganarium.running import evaluation, records
from ganarium.running.run import Run

__all__ = ["are_runs", "arranged", "judged"]


def are_runs(words: Sequence[str]) -> bool:
    """Whether words name runs rather than games.

    Raises:
        ValueError: if only some do.
    """
    found = [word for word in words if _is_run(word)]
    if found and len(found) < len(words):
        others = ", ".join(word for word in words if word not in found)
        raise ValueError(
            f"{found[0]} is a run, and {others} is none. Compare runs with runs, or games with games on --data."
        )
    return bool(found)


def _is_run(word: str) -> bool:
    return any((folder / "config.yaml").is_file() for folder in (Path(word), Path("runs") / word))


def arranged(words: Sequence[str], metrics: Sequence[str]) -> dict[str, dict[int, str]]:
    """The runs' folders by contestant and seed: runs that differ in their seed alone are one contestant's.

    Raises:
        ValueError: if there are fewer than two, one is not finished, or they learned from unlike data.
    """
    check_metrics(list(metrics) or None)
    paths = list(dict.fromkeys(str(records.find(word)) for word in words))
    if len(paths) < 2:
        raise ValueError(f"A comparison has two runs or more, each once; got {', '.join(words)}.")
    configs = {path: records.read_config(Path(path)) for path in paths}
    for path, config in configs.items():
        _check_finished(path, config)
        if config["data"] != configs[paths[0]]["data"]:
            raise ValueError(
                f"{path} learned from {config['data_summary']}, and {paths[0]} from "
                f"{configs[paths[0]]['data_summary']}. Runs are compared on the same data."
            )
    return _grouped(configs)


def _check_finished(path: str, config: Mapping[str, Any]) -> None:
    log = Run(path).log
    played = log[-1]["round"] if log else 0
    if played < config["settings"]["rounds"]:
        raise ValueError(
            f"{path} has played {played:,} of {config['settings']['rounds']:,} rounds. Finish it first: "
            f"`ganarium resume {path}`."
        )


def _grouped(configs: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[int, str]]:
    groups: dict[str, dict[int, str]] = {}
    for path, config in configs.items():
        settings = {name: value for name, value in config["settings"].items() if name != "seed"}
        alike = json.dumps([config["game"], settings], sort_keys=True, default=str)
        seed = config["settings"]["seed"]
        # The same seed again is another contestant: it cannot be paired with itself.
        key = next(f"{alike} {turn}" for turn in range(len(configs)) if seed not in groups.get(f"{alike} {turn}", ()))
        groups.setdefault(key, {})[seed] = path
    members = list(groups.values())
    if len(members) == 1:
        members = [{seed: path} for seed, path in members[0].items()]
    commands = [configs[next(iter(each.values()))]["game"]["command"] for each in members]
    often = Counter(commands)
    return {
        command if often[command] == 1 else f"{command} ({Path(next(iter(each.values()))).name})": each
        for command, each in zip(commands, members, strict=True)
    }


def judged(runs: Mapping[str, Mapping[int, str]], count: int, metrics: Sequence[str]) -> list[Result]:
    """What each run makes, by as many samples for all, against as many of the data.

    Args:
        runs: Folders by contestant and seed.
        count: By how many samples; half of the data at most.
        metrics: Which metrics; all that are measured unasked, if none is named.

    Raises:
        ValueError: if a run cannot be judged.
    """
    loaded = {(label, seed): Run(path) for label, seeds in runs.items() for seed, path in seeds.items()}
    count = min([count, *(run.config["ran_with"]["samples"] // 2 for run in loaded.values())])
    results = []
    for (label, seed), run in loaded.items():
        found = evaluation.evaluate(run, count=count, reference=count, metrics=list(metrics) or None, save=False)
        numbers = {f"{number.metric}/{number.features}": number for number in found.numbers}
        results.append(Result(label, seed, numbers, facts(run)))
    return results
