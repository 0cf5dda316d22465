r"""A trainer's state on disk: written whole or not at all, and loaded without running any code from it.

A checkpoint is a folder, named by its round, of ``model.safetensors`` and ``average.safetensors`` (the game's networks
and buffers), ``state.pt`` (optimisers and counts, read with ``weights_only=True``) and ``meta.json`` (what it is, and
the SHA-256 of each file and of itself). It is written under a temporary name, flushed to the disk and renamed; the
text file ``latest``, which names the newest, moves last. ``best`` names the one whose watched scalar was best.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ganarium.files import flush, write_text

__all__ = [
    "FORMAT",
    "best",
    "latest",
    "load",
    "load_newest",
    "mark_best",
    "named",
    "point_at",
    "rounds",
    "save",
]

#: The version of the layout of runs and checkpoints.
FORMAT = 1


def rounds(folder: Path) -> list[int]:
    """The rounds of the checkpoints in a folder, in order."""
    return sorted(int(path.name) for path in folder.glob("[0-9]*") if path.name.isdigit() and path.is_dir())


def latest(folder: Path) -> Path:
    """The newest checkpoint.

    Raises:
        ValueError: if there is none.
    """
    if name := _pointer(folder):
        return folder / name
    if there := rounds(folder):
        return folder / f"{there[-1]:07d}"
    raise ValueError(_none_in(folder))


def _pointer(folder: Path) -> str:
    """What the file ``latest`` names; nothing if it is not there, or names no round."""
    path = folder / "latest"
    name = path.read_bytes().strip() if path.is_file() else b""
    return name.decode() if name.isdigit() else ""


def _none_in(folder: Path) -> str:
    return (
        f"{folder} holds no checkpoint: the run was stopped before it could save one.\n"
        "Remove the run's folder, and start it again."
    )


def best(folder: Path) -> tuple[int, float] | None:
    """The round of the checkpoint that is marked as best, and its scalar, if it is there."""
    try:
        round, value = (folder / "best").read_text(encoding="utf-8").split()[:2]
        found = int(round), float(value)
    except (OSError, ValueError):
        return None
    return found if found[0] in rounds(folder) else None


def mark_best(folder: Path, round: int, value: float, scalar: str) -> None:
    """Write down that the checkpoint of a round is the best so far; it is not removed before a better one is marked."""
    write_text(folder / "best", f"{round:07d} {value:.9g} {scalar}\n")


def point_at(folder: Path, round: int) -> None:
    """Make the checkpoint of a round the newest, whatever others there are."""
    write_text(folder / "latest", f"{round:07d}")


def named(folder: Path, which: str | int) -> Path:
    """The checkpoint "latest", "best", or that of a round.

    Raises:
        ValueError: if there is none, with those that there are.
    """
    if which == "latest":
        return latest(folder)
    if which == "best":
        if (found := best(folder)) is None:
            raise ValueError(f"No checkpoint in {folder} is marked as best. Train with --best SCALAR, or name a round.")
        which = found[0]
    there = rounds(folder)
    if not str(which).isdigit() or int(which) not in there:
        raise ValueError(f"{folder} has no checkpoint {which}. It has {', '.join(map(str, there)) or 'none'}.")
    return folder / f"{int(which):07d}"


def save(
    folder: Path, state: Mapping[str, Any], keep: int, seconds: float, forever: Callable[[int], bool] | None = None
) -> Path:
    """Write a trainer's state as the newest checkpoint, and remove all but the newest ``keep`` and the best.

    Args:
        folder: The run's folder of checkpoints.
        state: What :meth:`ganarium.engine.trainer.Trainer.state_dict` gave.
        keep: How many checkpoints stay.
        seconds: How long the run has been playing.
        forever: Which rounds are never removed.

    Raises:
        FloatingPointError: if a parameter is not finite; nothing is written.
        OSError: if the disk is full or fails; what was there before still is.
    """
    name = f"{state['round']:07d}"
    temporary, aside = folder / f".{name}.tmp", folder / f".{name}.old"
    _clear(folder)
    temporary.mkdir(parents=True)
    try:
        _write(temporary, state, seconds)
        if (folder / name).exists():
            # A folder cannot take another's place in one step. What is put aside is found again (_restore).
            os.replace(folder / name, aside)
        os.replace(temporary, folder / name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    flush(folder)
    shutil.rmtree(aside, ignore_errors=True)
    point_at(folder, state["round"])
    _remove_old(folder, state["round"], keep, forever or (lambda round: False))
    return folder / name


def _remove_old(folder: Path, newest: int, keep: int, forever: Callable[[int], bool]) -> None:
    marked = best(folder)
    others = [old for old in rounds(folder) if old != newest]
    for old in others[: max(len(others) - keep + 1, 0)]:
        if not forever(old) and not (marked and marked[0] == old):
            shutil.rmtree(folder / f"{old:07d}", ignore_errors=True)


def _write(folder: Path, state: Mapping[str, Any], seconds: float) -> None:
    """All files of a checkpoint, flushed to the disk."""
    try:
        twins = {}
        for kind, file in (("game", "model"), ("average", "average")):
            if state[kind] is not None:
                twins[kind] = _save_tensors(state[kind], folder / f"{file}.safetensors")
        torch.save({k: v for k, v in state.items() if k not in ("game", "average")}, folder / "state.pt")
    except (SafetensorError, RuntimeError) as error:
        # Both libraries hide the system's own word.
        full = shutil.disk_usage(folder).free < 1 << 20 or "space" in str(error)
        raise OSError(errno.ENOSPC if full else errno.EIO, str(error).splitlines()[0]) from error
    sums = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    meta = {"format": FORMAT, "round": state["round"], "seen": state["seen"], "seconds": round(seconds, 3)}
    meta |= {"twins": twins, "sha256": sums}
    (folder / "meta.json").write_text(json.dumps({**meta, "own_sha256": _own_digest(meta)}, indent=1), encoding="utf-8")
    for path in [*folder.iterdir(), folder]:
        flush(path)


def load(path: Path) -> dict[str, Any]:
    """The state of a checkpoint, on the CPU, with ``meta`` beside it.

    Raises:
        ValueError: if a file is missing or is not what was written, or a later version wrote it.
    """
    try:
        meta = json.loads((path / "meta.json").read_text(encoding="utf-8"))
        version, own = int(meta["format"]), meta.get("own_sha256")
        if version <= FORMAT and own is not None and own != _own_digest(meta):
            raise ValueError("meta.json is not what was written")
        damaged = [name for name, digest in meta["sha256"].items() if _digest(path / name) != digest]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"The checkpoint {path} cannot be read ({error}).") from error
    if version > FORMAT:
        raise ValueError(f"The checkpoint {path} was written by a later version (format {version}); update ganarium.")
    if damaged:
        raise ValueError(f"The checkpoint {path} is damaged: {damaged[0]} is not what was written.")
    state = torch.load(path / "state.pt", map_location="cpu", weights_only=True)
    for kind, file in (("game", "model"), ("average", "average")):
        file = path / f"{file}.safetensors"
        state[kind] = _load_tensors(file, meta["twins"][kind]) if file.exists() else None
    return {**state, "meta": meta}


def load_newest(folder: Path) -> dict[str, Any]:
    """The state of the newest checkpoint that is whole; a warning names those that are not.

    Raises:
        ValueError: if there is none.
    """
    _restore(folder)
    there = rounds(folder)
    newest = int(_pointer(folder) or max(there, default=0))
    if not there:
        raise ValueError(_none_in(folder))
    # A later one than `latest` was not finished, in the eyes of the run; it still is better than nothing.
    order = [*sorted((r for r in {*there, newest} if r <= newest), reverse=True), *(r for r in there if r > newest)]
    failures = []
    for round in order:
        try:
            state = load(folder / f"{round:07d}")
        except ValueError as error:
            failures.append(str(error))
            continue
        if failures:
            warnings.warn(f"{' '.join(failures)} Using the one of round {round} instead.", stacklevel=2)
        return state
    raise ValueError(f"No checkpoint in {folder} is whole.\n" + "\n".join(failures))


def _clear(folder: Path) -> None:
    """Remove what a crash left half written or half removed, of whatever round."""
    _restore(folder)
    for left in (*folder.glob(".[0-9]*.tmp"), *folder.glob(".[0-9]*.old")):
        shutil.rmtree(left, ignore_errors=True)


def _restore(folder: Path) -> None:
    """Put back what was put aside to be replaced, where a crash came between."""
    for aside in folder.glob(".[0-9]*.old"):
        place = folder / aside.name[1:-4]
        if not place.exists():
            os.replace(aside, place)


def _save_tensors(tensors: Mapping[str, Tensor], path: Path) -> dict[str, str]:
    """Write each tensor once; the names of those that share another's memory, with that other's name, are returned."""
    first: dict[tuple, str] = {}
    twins, rows = {}, {}
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise FloatingPointError(f"'{name}' is not finite, so the checkpoint was not written.")
        key = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
        if tensor.numel() and key in first:
            twins[name] = first[key]
        else:
            first[key] = name
            # A copy: two names may also share a part of their memory, which a file cannot.
            rows[name] = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    save_file(rows, path)
    return twins


def _load_tensors(path: Path, twins: Mapping[str, str]) -> dict[str, Tensor]:
    tensors = load_file(path)
    return {**tensors, **{name: tensors[other] for name, other in twins.items()}}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _own_digest(meta: Mapping[str, Any]) -> str:
    """The digest of a description, but for the line that holds it."""
    rest = {name: value for name, value in meta.items() if name != "own_sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
