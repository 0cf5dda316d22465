"""Runs that are killed, damaged and starved, again and again: ``python -m benchmarks.soak`` or ``make soak``.

Three parts: kills in the middle of saving, faults (benchmarks/faults.py), and a long run that is interrupted at random
moments, beside one that is not. Writes ``benchmarks/soak.json`` and the tables of ``docs/reliability.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import torch
import yaml

import ganarium as ga
from benchmarks.faults import faults
from benchmarks.kills import differences, fork, interrupted_until_done, kill, waited
from ganarium.engine.trainer import Trainer
from ganarium.running import checkpoint
from ganarium.zoo import index

ROOT = Path(__file__).parents[1]
MEMORY = Path("/dev/shm")
WAYS = ("SIGKILL", "SIGTERM", "SIGINT", "stop-after")


# -- (a) killed while saving ----------------------------------------------------------------------------------------


def kills_while_saving(folder: Path, times: int, draw: random.Random) -> dict[str, Any]:
    """Children that save in a loop, killed after a moment; what was known to be complete must load, in silence.

    Each round is saved twice, so that also the replacing of a checkpoint is met. A number in the state counts saves.

    Args:
        folder: The run's folder of checkpoints.
        times: How many children.
        draw: Draws the moments.
    """
    game = ga.GAN.toy()
    trainer = Trainer(game)
    for _ in trainer.play(ga.data.random(game.spec, 64), 16, 2):
        pass
    state, where, done, saves = trainer.state_dict(), Counter(), -1, 0
    checkpoint.save(folder / "warm", state, keep=1, seconds=0.0)
    lost: list[str] = []
    for number in range(times):
        begun = done + 1
        done = max(done, _killed(folder, state, begun, draw.uniform(0.0, 0.05)))
        saves += done + 1 - begun
        where[_place(folder)] += 1
        loaded = _loaded(folder)
        if isinstance(loaded, str) or loaded < done:
            lost.append(f"kill {number}: {loaded}, where save {done} was complete")
        else:
            done = loaded
        if (number + 1) % max(times // 10, 1) == 0:
            print(f"  {number + 1} kills, {saves:,} saves, {len(lost)} losses", flush=True)
    return {"kills": times, "saves": saves, "where": dict(where.most_common()), "lost": lost}


def _killed(folder: Path, state: dict[str, Any], first: int, seconds: float) -> int:
    """Save in a child, from a number on, until it is killed; the last number that it told of."""
    read, write = os.pipe()

    def work() -> None:
        number = first
        while True:
            game = {**state["game"], "saves": torch.tensor(number)}
            checkpoint.save(folder, {**state, "round": number // 2, "game": game}, keep=2, seconds=0.0)
            os.write(write, number.to_bytes(8, "big"))
            number += 1

    child = fork(work)
    os.close(write)
    # The clock runs from a first save on, or half of the children would die before they do anything.
    told = os.read(read, 8)
    time.sleep(seconds)
    kill(child)
    while more := os.read(read, 1 << 16):
        told = (told + more)[-8:]
    os.close(read)
    return int.from_bytes(told, "big")


def _place(folder: Path) -> str:
    """Where a kill struck, by what it left."""
    there = checkpoint.rounds(folder)
    for left in folder.glob(".[0-9]*.old"):
        gone = not (folder / left.name[1:-4]).exists()
        return "the old one put aside, the new one not in its place" if gone else "the old one not yet removed"
    if any(folder.glob(".[0-9]*.tmp")):
        return "a checkpoint half written"
    if (folder / "latest.tmp").exists():
        return "`latest` half written"
    if there and checkpoint.latest(folder).name != f"{there[-1]:07d}":
        return "`latest` older than the newest"
    if any(not (folder / f"{round:07d}" / "meta.json").exists() for round in there) or len(there) > 2:
        return "an old checkpoint not (wholly) removed"
    return "between two saves, or before a file was made"


def _loaded(folder: Path) -> int | str:
    """The number of the save that loads, or what was said instead."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            state = checkpoint.load_newest(folder)
        except (ValueError, OSError, UserWarning) as error:
            return str(error)
    number = int(state["game"]["saves"])
    return number if state["round"] == number // 2 else f"round {state['round']} with the tensors of save {number}"


# -- (c) a long run -------------------------------------------------------------------------------------------------


def long_run(folder: Path, minutes: float, every: float, draw: random.Random, game: str, data: str) -> dict[str, Any]:
    """A run that is never interrupted and, beside it, one that is, again and again.

    Args:
        folder: Where they are.
        minutes: How long the first is.
        every: About the longest time between interruptions, in seconds.
        draw: Draws the moments and the ways.
        game: The game's command.
        data: The data's name.
    """
    whole, parts, source = folder / "whole", folder / "parts", ga.data.load(data)

    def made() -> Any:
        torch.manual_seed(0)
        return index.game_class(game).on(source)

    begun, options = time.perf_counter(), {"threads": 1, "quiet": True}
    child = fork(lambda: ga.fit(made(), source, out=whole, minutes=minutes, save_every=20, **options))
    while not (whole / "config.yaml").exists():
        time.sleep(0.1)
    rounds = yaml.safe_load((whole / "config.yaml").read_text())["settings"]["rounds"]
    counts = interrupted_until_done(
        parts,
        lambda stop_after: ga.fit(
            made(), source, out=parts, rounds=rounds, save_every=20, stop_after=stop_after, **options
        ),
        lambda stop_after: ga.resume(parts, stop_after=stop_after, quiet=True),
        draw,
        every,
        WAYS,
        lambda way, round: print(f"  {way:<11} round {round:>8,} of {rounds:,}", flush=True),
    )
    if waited(child) != 0:
        raise RuntimeError("The run that is not interrupted has failed.")
    facts = {"game": game, "data": data, "rounds": rounds, "minutes": round((time.perf_counter() - begun) / 60, 2)}
    return {**facts, "interruptions": counts, "differences": differences(whole, parts)}


# -- the report -----------------------------------------------------------------------------------------------------


def tables(found: dict[str, Any]) -> str:
    """The tables of docs/reliability.md."""
    lines = [f"Measured on {found['date']}: {found['machine']}, by `{found['command']}`."]
    if saving := found.get("saving"):
        lost = f"{len(saving['lost'])} of {saving['kills']:,}"
        lines += [
            f"\n**Killed while saving**: {saving['kills']:,} processes that saved without pause "
            f"({saving['saves']:,} saves) were killed. The run did not load in silence with what was known "
            f"to be complete: {lost}.",
            "\n| what the kill left | times |\n|---|---|",
            *(f"| {place} | {count:,} |" for place, count in saving["where"].items()),
        ]
    if found.get("faults"):
        lines += ["\n**Faults**\n\n| fault | what happened | times |\n|---|---|---|"]
        lines += [
            f"| {name} | {word} | {n} |" for name, counts in found["faults"].items() for word, n in counts.items()
        ]
    if run := found.get("run"):
        total = sum(count for way, count in run["interruptions"].items() if way in WAYS)
        ways = ", ".join(f"{count} {way}" for way, count in run["interruptions"].items())
        lines += [
            f"\n**A long run**: {run['game']} on {run['data']}, {run['rounds']:,} rounds, interrupted {total} times "
            f"({ways}), beside one that was not; {run['minutes']} minutes for both. What differs: "
            f"{', '.join(run['differences']) or 'nothing'} (networks, averages, optimisers, log, pictures)."
        ]
    return "\n".join(lines)


def _report(found: dict[str, Any], write: bool) -> None:
    text = tables(found)
    print(f"\n{text}")
    if write:
        (ROOT / "benchmarks" / "soak.json").write_text(json.dumps(found, indent=1) + "\n")
        page = ROOT / "docs" / "reliability.md"
        marked = re.compile(r"<!-- soak -->.*?<!-- /soak -->", re.DOTALL)
        page.write_text(marked.sub(lambda _: f"<!-- soak -->\n{text}\n<!-- /soak -->", page.read_text()))


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=1000, help="processes killed while they save; 0: none")
    parser.add_argument("--times", type=int, default=20, help="how often each fault is tried; 0: none")
    parser.add_argument("--minutes", type=float, default=20, help="the length of the long run; 0: none")
    parser.add_argument(
        "--every", type=float, default=30, help="about the longest time between interruptions, in seconds"
    )
    parser.add_argument("--game", default="dcgan", help="what the long run plays")
    parser.add_argument("--data", default="digits", help="and on what")
    parser.add_argument("--seed", type=int, default=0, help="what all moments and places follow from")
    parser.add_argument("--dry", action="store_true", help="write no results")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """Run the parts; 1 if anything was lost or differs."""
    asked = _options(words)
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {torch.backends.cpu.get_cpu_capability()}, {versions}"
    command = " ".join(["python -m benchmarks.soak", *words])
    found: dict[str, Any] = {"date": date.today().isoformat(), "machine": machine, "command": command}
    # In memory where it can be: what a kill leaves is the same, and flushing a shared disk takes most of the time.
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
        folder = Path(place)
        if asked.kills:
            print("killed while saving", flush=True)
            found["saving"] = kills_while_saving(folder / "saves", asked.kills, random.Random(f"saves {asked.seed}"))
        if asked.times:
            print("faults", flush=True)
            found["faults"] = faults(folder / "faults", asked.times, asked.seed)
        if asked.minutes:
            print("a long run", flush=True)
            draw = random.Random(f"run {asked.seed}")
            found["run"] = long_run(folder / "runs", asked.minutes, asked.every, draw, asked.game, asked.data)
    _report(found, write=not asked.dry)
    return int(bool(found.get("saving", {}).get("lost") or found.get("run", {}).get("differences")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
