"""The folder of a run: where it is, and what its config says."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import yaml

from ganarium._version import __version__
from ganarium.files import numbered, write_text
from ganarium.game import Game
from ganarium.running import checkpoint
from ganarium.running.settings import Settings
from ganarium.zoo import index, options, own

if TYPE_CHECKING:
    from ganarium.engine.trainer import Trainer

__all__ = ["budget", "config_of", "differences", "find", "new_folder", "read_config", "runs", "settle"]


def find(path: str | Path) -> Path:
    """The folder of a run, by its path or its name under ``runs``.

    Raises:
        ValueError: if there is none, with the nearest names.
    """
    for folder in (Path(path), Path("runs") / path):
        if (folder / "config.yaml").is_file():
            return folder
    names = [run.name for run in runs()]
    words = [f"There is no run at '{path}'.", index.nearest(Path(path).name, names), "See `ganarium runs`."]
    raise ValueError(" ".join(filter(None, words)))


def runs(folder: str | Path = "runs") -> list[Path]:
    """The folders of the runs in a folder, oldest first."""
    return sorted((path.parent for path in Path(folder).glob("*/config.yaml")), key=lambda path: path.stat().st_mtime)


def read_config(path: Path) -> dict[str, Any]:
    """A run's config.

    Raises:
        ValueError: if it is of a later version, or is no run's.
    """
    try:
        config = yaml.safe_load((path / "config.yaml").read_text(encoding="utf-8"))
        version = config["format"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise ValueError(f"{path / 'config.yaml'} is not the config of a run ({error}).") from error
    if version > checkpoint.FORMAT:
        raise ValueError(f"{path} was written by a later version (format {version}); update ganarium to read it.")
    return config


@contextmanager
def new_folder(out: str | Path | None, game: Game, data: Any) -> Iterator[Path]:
    """The folder of a new run, taken while a run begins inside; given back if it does not begin.

    A numbered folder is made here, so that no two runs have one number, however many start at once. One that the user
    names may be there, as long as nothing is in it: :func:`settle` takes it.

    Raises:
        ValueError: if something is there already.
    """
    where = Path("runs") if out is None else _empty(Path(out))
    made = [folder for folder in (where, *where.parents) if not folder.exists()]
    where.mkdir(parents=True, exist_ok=True)
    path = where
    if out is None:
        path = numbered(where, f"{game.paper.command}-{_stem(data.name)}")
        made = [path, *made]
    try:
        yield path
    except BaseException:
        for folder in made:
            # Not what somebody else has put something into.
            with suppress(OSError):
                folder.rmdir()
        raise


def settle(path: Path, config: Mapping[str, Any]) -> None:
    """Make a folder a run's: its parts and its config.

    Raises:
        ValueError: if another run has settled there since it was looked at.
    """
    path.mkdir(parents=True, exist_ok=True)
    try:
        (path / "checkpoints").mkdir()
    except FileExistsError:
        raise ValueError(f"{path} was taken by another run meanwhile. Name another --out.") from None
    (path / "pictures").mkdir(exist_ok=True)
    write_text(path / "config.yaml", yaml.safe_dump(config, sort_keys=False))


def _stem(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "data"


def _empty(path: Path) -> Path:
    """A folder that the user names, unless something is there."""
    if (path / "config.yaml").exists():
        raise ValueError(
            f"{path} already holds a run. Go on with it by `ganarium resume {path}`, or name another --out."
        )
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f"{path} is there and is not an empty folder. Name another --out.")
    return path


def config_of(game: Game, data: Any, settings: Settings, trainer: Trainer) -> dict[str, Any]:
    """All that starts a run again, its whole budget, and what it runs with."""
    rows, given = options.of_game(game)
    return {
        "format": checkpoint.FORMAT,
        "game": {
            "command": game.paper.command,
            "class": type(game).__name__,
            **_source(game),
            "options": rows,
            "own": given,
        },
        "spec": game.spec.plain(),
        "data": data.source,
        "data_summary": str(data),
        "settings": {**asdict(settings), "lr": dict(settings.lr)},
        "budget": budget(trainer, settings),
        "ran_with": _surroundings(trainer, data, settings),
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def _source(game: Game) -> dict[str, Any]:
    """Where a game of one's own is."""
    found = own.source_of(type(game))
    return {} if found is None else {"source": found}


def budget(trainer: Trainer, settings: Settings) -> dict[str, Any]:
    """A run's length in rounds and samples, and the first round of each stage, with the one after its last."""
    rounds = settings.rounds or 1
    bounds = zip(trainer.stages, trainer.timetable.bounds(rounds), strict=True)
    return {
        "rounds": rounds,
        "seen": trainer.timetable.seen_in(rounds, settings.batch_size),
        "stages": {stage.name: list(bound) for stage, bound in bounds},
    }


def _surroundings(trainer: Trainer, data: Any, settings: Settings) -> dict[str, Any]:
    """What the last bits of a run depend on, beside its settings and its seed."""
    fabric = trainer.fabric
    device = torch.cuda.get_device_name(fabric.device) if fabric.device.type == "cuda" else fabric.device.type
    return {
        "ganarium": __version__,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "device": device,
        "threads": settings.threads or torch.get_num_threads(),
        "processes": fabric.world_size,
        "samples": len(data),
        "files": getattr(data, "fingerprint", ""),
    }


def differences(config: Mapping[str, Any], trainer: Trainer, data: Any) -> list[str]:
    """What differs from when a run began, in lines; nothing if it goes on exactly."""
    then = config.get("ran_with", {})
    now = _surroundings(trainer, data, Settings(**config["settings"]))
    then = {name: value for name, value in then.items() if name != "files" or value}  # older runs noted fewer
    changed = [f"{name} is {now[name]}, was {then[name]}" for name in now if name in then and now[name] != then[name]]
    changed += own.changes(config["game"].get("source"), type(trainer.game))
    lines = [line if not line.startswith("files") else "the files of the data have changed" for line in changed]
    return [f"not exact    {line}; the run may differ from one that never stopped" for line in lines]
