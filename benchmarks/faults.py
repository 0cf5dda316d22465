"""Faults, each tried many times: damaged checkpoints, full disks, bad numbers, full memory.

Everything that is drawn follows from a seed. Each trial ends in one word or sentence; a table counts them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import torch

import ganarium as ga
from benchmarks.kills import differences
from ganarium.running import checkpoint
from ganarium.running.memory import OutOfMemory

__all__ = ["FAULTS", "faults"]

ROUNDS = 12
LONGER = 100
FILES = ("model.safetensors", "average.safetensors", "state.pt", "meta.json")


def faults(folder: Path, times: int, seed: int) -> dict[str, dict[str, int]]:
    """Each fault, and how often it ended how.

    Args:
        folder: An empty folder to work in.
        times: How often each fault is tried.
        seed: What places and moments follow from.
    """
    whole = folder / "whole"
    _fit(whole)
    found = {}
    for name, fault in FAULTS.items():
        counts = Counter()
        for trial in range(times):
            place = folder / "trial"
            counts[fault(place, whole, Random(f"{name} {seed} {trial}"))] += 1
            shutil.rmtree(place, ignore_errors=True)
        found[name] = dict(counts.most_common())
        print(f"  {name:<56}{', '.join(f'{count} x {word}' for word, count in counts.most_common())}", flush=True)
    return found


def _game() -> Any:
    torch.manual_seed(0)
    return ga.DCGAN.toy()


def _data() -> Any:
    return ga.data.random(_game().spec, 64)


def _options(**changes: Any) -> dict[str, Any]:
    return {"rounds": ROUNDS, "batch_size": 16, "save_every": 4, "keep": 3, "quiet": True, **changes}


def _fit(out: Path, **changes: Any) -> Any:
    return ga.fit(_game(), _data(), out=out, **_options(**changes))


def _resumed(run: Path, whole: Path) -> str:
    """Resume a run to its end, and say whether it equals one that met no fault."""
    ga.resume(run, game=_game(), data=_data(), quiet=True)
    found = differences(whole, run)
    return f"differs: {', '.join(found)}" if found else "resumed, equal bit for bit"


# -- damage ---------------------------------------------------------------------------------------------------------


def _damaged(harm: Callable[[Path, Random], None]) -> Callable[[Path, Path, Random], str]:
    """A fault of a stopped run's newest checkpoint, which is that of round 10."""

    def fault(run: Path, whole: Path, random: Random) -> str:
        _fit(run, stop_after=10)
        harm(run / "checkpoints", random)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            loaded = checkpoint.load_newest(run / "checkpoints")["round"]
            end = _resumed(run, whole)
        return f"round {loaded} loaded {'with a warning' if said else 'in silence'}, {end}"

    return fault


def _truncate(file: str) -> Callable[[Path, Random], None]:
    def harm(folder: Path, random: Random) -> None:
        path = folder / "0000010" / file
        os.truncate(path, random.randrange(path.stat().st_size))

    return harm


def _flip(file: str) -> Callable[[Path, Random], None]:
    def harm(folder: Path, random: Random) -> None:
        path = folder / file
        content = bytearray(path.read_bytes())
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        path.write_bytes(content)

    return harm


def _delete(file: str) -> Callable[[Path, Random], None]:
    return lambda folder, random: (folder / "0000010" / file).unlink()


def _point(text: str) -> Callable[[Path, Random], None]:
    return lambda folder, random: checkpoint.write_text(folder / "latest", text)


# -- a full disk ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _small_disk(place: Path) -> Iterator[bool]:
    """A disk of 1 MiB at a place, where this process may mount one; else none."""
    place.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False
    )
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", place], check=True)


def _fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(512))


def _full(kind: str) -> Callable[[Path, Path, Random], str]:
    """A disk that is full when a checkpoint, a line of the log or a picture is to be written."""

    def fault(place: Path, whole: Path, random: Random) -> str:
        # What is written next after the disk is full: pictures are of rounds 1, 2, 4, 8, ..., and the log needs another
        # block of the disk some lines later.
        full_at = random.choice({"checkpoint": (2, 5), "picture": (3, 7), "log": tuple(range(65, 80))}[kind])
        with _small_disk(place) as real, _refusing(kind, not real) as refuse:
            run = place / "run"
            options = _options(**({"rounds": LONGER, "save_every": LONGER} if kind == "log" else {"save_every": 3}))
            met = _until_full(run, place, options, full_at, real, refuse)
            (place / "filler").unlink(missing_ok=True)
            refuse[0] = False
            kept = place.parent / "freed"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(run, kept)
        end = _resumed(kept, whole) if kind != "log" else _finished(kept)
        shutil.rmtree(kept)
        return f"{met}; {end}"

    return fault


def _until_full(run: Path, disk: Path, options: dict[str, Any], full_at: int, real: bool, refuse: list[bool]) -> str:
    try:
        for report in ga.rounds(_game(), _data(), out=run, **options):
            if report.round == full_at:
                _fill(disk) if real else None
                refuse[0] = True
    except OSError as error:
        names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        what = "log" if "_log" in names else "picture" if "picture" in names else "checkpoint"
        named = "Make room" in str(error)
        return f"said so while writing the {what}" if named else f"another error: {error}"
    return "not met"


@contextlib.contextmanager
def _refusing(kind: str, injected: bool) -> Iterator[list[bool]]:
    """Where no small disk can be mounted: the error of a full one, raised when that kind of thing is written."""
    refuse = [False]
    if not injected:
        yield refuse
        return
    from ganarium import pictures
    from ganarium.running.session import Session

    owner, name = {
        "checkpoint": (checkpoint, "_write"),
        "picture": (pictures, "_write"),
        "log": (Session, "_append"),
    }[kind]
    real = getattr(owner, name)

    def write(*words: Any, **more: Any) -> Any:
        if refuse[0]:
            with words[0]._writing() if kind == "log" else contextlib.nullcontext():
                raise OSError(errno.ENOSPC, "No space left on device")
        return real(*words, **more)

    setattr(owner, name, write)
    try:
        yield refuse
    finally:
        setattr(owner, name, real)


def _finished(run: Path) -> str:
    rounds = [row["round"] for row in ga.resume(run, game=_game(), data=_data(), quiet=True).log]
    return "resumed to its end" if rounds == list(range(1, LONGER + 1)) else f"a log of the rounds {rounds}"


# -- numbers and memory ---------------------------------------------------------------------------------------------


def _spoiled(where: str, bad_numbers: str) -> Callable[[Path, Path, Random], str]:
    """A number that is not finite, once, in a loss or a gradient, at any round of either player."""

    def fault(run: Path, whole: Path, random: Random) -> str:
        game, at, player = _game(), random.randint(1, ROUNDS - 1), random.choice(("discriminator", "generator"))
        bad, armed = random.choice((float("nan"), float("inf"))), [False]

        def spoil(value: torch.Tensor) -> torch.Tensor:
            if not armed[0]:
                return value
            armed[0] = False
            return value * bad

        if where == "loss":
            loss = getattr(game, f"{player}_loss")
            setattr(game, f"{player}_loss", lambda batch: {name: spoil(term) for name, term in loss(batch).items()})
        else:
            next(getattr(game, player).parameters()).register_hook(spoil)
        try:
            for report in ga.rounds(game, _data(), out=run, **_options(bad_numbers=bad_numbers)):
                armed[0] = armed[0] or (report.round == at and not (run / "events.jsonl").exists())
        except FloatingPointError as error:
            named = f"Round {at + 1}, DCGAN's player '{player}'" in str(error)
            return f"stopped, {'named' if named else 'not named'}, {_resumed(run, whole)}"
        events = ga.load(run).events
        finite = all(value.isfinite().all() for value in ga.load(run, game=_game()).game.state_dict().values())
        return f"rolled back {len(events)} time and played on, {'finite' if finite else 'not finite'}"

    return fault


def _crowded(adapt: bool) -> Callable[[Path, Path, Random], str]:
    """Memory that from some round on does not hold more than a quarter of the batch."""

    def fault(run: Path, whole: Path, random: Random) -> str:
        game, at, crowded = _game(), random.randint(1, ROUNDS - 1), [False]
        loss, room = game.generator_loss, random.choice((4, 8))

        def hungry(batch: Any) -> Any:
            if crowded[0] and len(batch["x"]) > room:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has ...")
            return loss(batch)

        game.generator_loss = hungry
        try:
            for report in ga.rounds(game, _data(), out=run, **_options(adapt=adapt)):
                crowded[0] = crowded[0] or report.round == at
        except OutOfMemory as error:
            return (
                f"stopped, {'said' if 'Say --adapt' in str(error) else 'not said'} what to do, {_resumed(run, whole)}"
            )
        parts = ga.load(run).config["settings"]["accumulate"]
        rounds = ga.load(run).log[-1]["round"]
        return f"played to round {rounds}, {'with as many parts as needed' if parts == 16 // room else 'parts wrong'}"

    return fault


FAULTS: dict[str, Callable[[Path, Path, Random], str]] = {
    **{f"newest checkpoint: {file} truncated": _damaged(_truncate(file)) for file in FILES},
    **{f"newest checkpoint: a bit of {file} flipped": _damaged(_flip(f"0000010/{file}")) for file in FILES},
    **{f"newest checkpoint: {file} deleted": _damaged(_delete(file)) for file in FILES},
    "a bit of `latest` flipped": _damaged(_flip("latest")),
    "`latest` empty": _damaged(_point("")),
    "`latest` names a folder that is not there": _damaged(_point("0000099")),
    **{f"disk full at a {kind}": _full(kind) for kind in ("checkpoint", "picture", "log")},
    **{
        f"a {where} not finite, {'stop' if how == 'stop' else 'rollback'}": _spoiled(where, how)
        for where in ("loss", "gradient")
        for how in ("stop", "rollback")
    },
    "memory full": _crowded(False),
    "memory full, --adapt": _crowded(True),
}
