r"""A trainer's state on disk: written whole or not at all, and loaded without running any code from it.

A checkpoint is a folder, named by its round, of ``model.safetensors`` and ``average.safetensors`` (the game's networks
and buffers), ``state.pt`` (optimisers and counts, read with ``weights_only=True``) and ``meta.json`` (what it is, and
the SHA-256 of each file). It is written under a temporary name, flushed to the disk and renamed; the text file
``latest``, which names the newest, moves last.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

__all__ = ["FORMAT", "latest", "load", "rounds", "save", "write_text"]

#: The version of the layout of runs and checkpoints.
FORMAT = 1


def write_text(path: Path, text: str) -> None:
    """Write a file whole: under a temporary name, flushed, then renamed."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    _flush(temporary)
    os.replace(temporary, path)
    _flush(path.parent)


def rounds(folder: Path) -> list[int]:
    """The rounds of the checkpoints in a folder, in order."""
    return sorted(int(path.name) for path in folder.glob("[0-9]*") if path.name.isdigit() and path.is_dir())


def latest(folder: Path) -> Path:
    """The newest checkpoint.

    Raises:
        ValueError: if there is none.
    """
    pointer = folder / "latest"
    if not pointer.is_file():
        raise ValueError(f"{folder} holds no checkpoint: the run was stopped before it could save one.")
    return folder / pointer.read_text(encoding="utf-8").strip()


def save(folder: Path, state: Mapping[str, Any], keep: int, seconds: float) -> Path:
    """Write a trainer's state as the newest checkpoint, and remove all but the newest ``keep``.

    Args:
        folder: The run's folder of checkpoints.
        state: What :meth:`ganarium.trainer.Trainer.state_dict` gave.
        keep: How many checkpoints stay.
        seconds: How long the run has been playing.

    Raises:
        FloatingPointError: if a parameter is not finite; nothing is written.
    """
    name = f"{state['round']:07d}"
    temporary = folder / f".{name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        _write(temporary, state, seconds)
        shutil.rmtree(folder / name, ignore_errors=True)
        os.replace(temporary, folder / name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    _flush(folder)
    write_text(folder / "latest", name)
    others = [old for old in rounds(folder) if old != state["round"]]
    for old in others[: max(len(others) - keep + 1, 0)]:
        shutil.rmtree(folder / f"{old:07d}", ignore_errors=True)
    return folder / name


def _write(folder: Path, state: Mapping[str, Any], seconds: float) -> None:
    """All files of a checkpoint, flushed to the disk."""
    twins = {}
    for kind, file in (("game", "model"), ("average", "average")):
        if state[kind] is not None:
            twins[kind] = _save_tensors(state[kind], folder / f"{file}.safetensors")
    torch.save({k: v for k, v in state.items() if k not in ("game", "average")}, folder / "state.pt")
    sums = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    meta = {"format": FORMAT, "round": state["round"], "seen": state["seen"], "seconds": round(seconds, 3)}
    (folder / "meta.json").write_text(json.dumps({**meta, "twins": twins, "sha256": sums}, indent=1))
    for path in [*folder.iterdir(), folder]:
        _flush(path)


def load(path: Path) -> dict[str, Any]:
    """The state of a checkpoint, on the CPU, with ``meta`` beside it.

    Raises:
        ValueError: if a file is missing or is not what was written.
    """
    try:
        meta = json.loads((path / "meta.json").read_text(encoding="utf-8"))
        damaged = [name for name, digest in meta["sha256"].items() if _digest(path / name) != digest]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"The checkpoint {path} cannot be read ({error}).") from error
    if damaged:
        raise ValueError(f"The checkpoint {path} is damaged: {damaged[0]} is not what was written.")
    state = torch.load(path / "state.pt", map_location="cpu", weights_only=True)
    for kind, file in (("game", "model"), ("average", "average")):
        file = path / f"{file}.safetensors"
        state[kind] = _load_tensors(file, meta["twins"][kind]) if file.exists() else None
    return {**state, "meta": meta}


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


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
