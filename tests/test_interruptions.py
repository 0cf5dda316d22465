"""Runs that are killed, stopped and paused at any moment, and resumed: they equal runs that never were, bit for bit.

The runs that are killed are children of this file, run as a script (a fork of a warm process begins at once); the tests
read what it found.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from select import select
from typing import Any

import pytest
import torch
from torch.utils.data import Dataset
from zoo import first_of, kind, marked, thorough, toy, toy_data

import ganarium as ga
from benchmarks import patience
from benchmarks.kills import differences, fork, interrupted_until_done, kill, same, waited
from benchmarks.patience import finish, until
from ganarium.engine.trainer import Trainer
from ganarium.running import checkpoint

ROOT = Path(__file__).parents[1]

# -- kill -9 ------------------------------------------------------------------------------------------------------

#: Games of four shapes (perceptrons, batch norm, several stages, a pool), with their rounds.
SHAPES = {"gan": 8, "dcgan": 16, "lapgan": 8, "cyclegan": 5}
#: Rounds of a run that only a signal ends, each of which is logged.
LONG = 999
KINDS = ("memory", "workers-0", "workers-2")
#: These are killed at every push, all others nightly.
QUICK = ("gan/memory", "dcgan/workers-2")
CASES = [f"{game}/{kind}" for game in SHAPES for kind in KINDS if game != "cyclegan" or kind == "memory"]


class Noisy(Dataset):
    """A dataset that is different each time it is read, as augmented ones are."""

    def __init__(self, fields: dict[str, torch.Tensor]):
        self.fields = fields

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def __getitem__(self, row: int) -> dict[str, torch.Tensor]:
        return {name: 0.9 * value[row] + 0.1 * torch.rand(()) for name, value in self.fields.items()}


@cache
def data_for(command: str, kind: str) -> Any:
    """A game's data, in memory or read by workers."""
    memory = ga.data.load("digits") if command == "dcgan" else toy_data(toy(command))
    if kind == "memory":
        return memory
    fields = {name: memory[name] for name in toy(command).spec}
    span = None if command == "gan" else (-1, 1)
    return ga.data.load(Noisy(fields), workers=int(kind[-1]), memory=False, range=span)


def play(case: str, folder: Path, seed: int) -> dict[str, Any]:
    """A run that is never interrupted, and one that is killed again and again: how often, and what differs."""
    command, kind = case.split("/")
    data, rounds = data_for(command, kind), SHAPES[command]
    options: dict[str, Any] = {"rounds": rounds, "batch_size": 32, "save_every": 2, "quiet": True}
    whole, parts = folder / "whole", folder / "parts"
    begun = time.perf_counter()
    ga.fit(toy(command), data, out=whole, **options)
    took = time.perf_counter() - begun
    kills, longest = {"SIGKILL": 0}, 0.6 * took
    while not kills["SIGKILL"]:
        shutil.rmtree(parts, ignore_errors=True)
        kills = interrupted_until_done(
            parts,
            lambda rounds: ga.fit(toy(command), data, out=parts, stop_after=rounds, **options),
            lambda rounds: ga.resume(parts, game=toy(command), data=data, stop_after=rounds, quiet=True),
            Random(f"{command} {kind} {seed}"),
            longest,
        )
        longest /= 2
    return {"kills": kills, "differences": differences(whole, parts)}


def stopped_with_workers(folder: Path, moments: int = 3) -> list[int]:
    """How runs end whose whole group of processes, data workers too, is asked to stop."""
    data, found = data_for("dcgan", "workers-2"), []
    for moment in range(moments):
        out = folder / str(moment)

        def work(out: Path = out) -> None:
            os.setsid()
            ga.fit(toy("dcgan"), data, out=out, rounds=LONG, batch_size=256, quiet=True)

        child = fork(work)
        until((out / "log.jsonl").exists, "the first round of a run with workers")
        time.sleep(0.05 * moment)
        os.killpg(child, signal.SIGTERM)
        found.append(waited(child))
    return found


def main(folder: Path, cases: list[str]) -> None:
    """Some cases, as JSON."""
    torch.set_num_threads(1)
    # What is imported late is here before children are.
    ga.fit(toy("gan"), data_for("gan", "memory"), out=folder / "warm", rounds=2, batch_size=32, quiet=True)
    found: dict[str, Any] = {case: play(case, folder / case, seed=0) for case in cases}
    if "dcgan/workers-2" in cases:
        found["workers"] = stopped_with_workers(folder / "workers")
    (folder / "found.json").write_text(json.dumps(found))


def left(folder: str) -> list[str]:
    """The processes on whose command line a folder is."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # It has just ended.
            found.append(path.read_text(errors="replace").replace("\0", " "))
    return [line for line in found if folder in line]


@cache
def killed(cases: tuple[str, ...]) -> dict[str, Any]:
    """What the script found; in memory where it can be, for flushing a shared disk takes most of the time."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        command = [sys.executable, "-X", "faulthandler", __file__, folder, *cases]
        paths = {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))}
        # Words go to a file: a pipe would be read until the last process that holds it has ended.
        with tempfile.TemporaryFile("w+") as words:
            done = patience.run(command, env={**os.environ, **paths}, stdout=words, stderr=words)
            words.seek(0)
            assert done.returncode == 0, words.read()[-5000:]
        found = json.loads(Path(folder, "found.json").read_text())
        until(lambda: not left(folder), "the end of all that was started")
        return found


@pytest.mark.parametrize("case", marked(QUICK, CASES))
def test_a_run_that_is_killed_again_and_again_equals_one_that_never_was(case):
    found = killed(QUICK if case in QUICK else tuple(case for case in CASES if case not in QUICK))[case]
    assert found["kills"]["SIGKILL"] >= 1
    assert found["differences"] == []


def test_a_signal_to_all_processes_of_a_run_with_workers_still_saves():
    assert killed(QUICK)["workers"] == [128 + signal.SIGTERM] * 3


@pytest.mark.parametrize("late", [False, True])
def test_a_worker_ends_with_its_parent(late):
    """Whether the parent is killed while the worker works or before it began: the pipe that it held is closed."""
    from ganarium.data.workers import outlast

    ours, theirs = os.pipe()

    def work() -> None:
        if os.fork():
            signal.pause()
        parent = os.getppid()
        if not late:
            outlast(0, parent)
        os.write(theirs, b"!")
        while late and os.getppid() == parent:
            time.sleep(0.01)
        outlast(0, parent)
        signal.pause()

    child = fork(work)
    os.close(theirs)
    assert os.read(ours, 1) == b"!"
    kill(child)
    until(lambda: select([ours], [], [], 0)[0], "the end of a worker")
    assert os.read(ours, 1) == b""
    os.close(ours)


# -- signals to a real process ------------------------------------------------------------------------------------


def trained(out: Path) -> subprocess.Popen:
    """A run on the command line, each of whose rounds takes a while."""
    words = [
        "train",
        "dcgan",
        "--data",
        "digits",
        "--rounds",
        str(LONG),
        "--batch",
        "1000",
        "--threads",
        "1",
        "--quiet",
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "ganarium", *words, "--out", str(out)], cwd=ROOT, stderr=-1, text=True
    )


def stopped(folder: Path, number: signal.Signals, times: int) -> tuple[int, str]:
    """The exit status and the last words of a run that is stopped by one or two signals."""
    run = trained(folder)
    until((folder / "log.jsonl").exists, "the first round of a run")
    run.send_signal(number)
    if times == 2:
        time.sleep(0.05)
        run.send_signal(number)
    _, words = finish(run)
    return run.returncode, words


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), pytest.param("SIGTERM", 143, marks=thorough)])
def test_the_first_signal_saves_and_says_how_to_go_on(tmp_path, name, status):
    folder = tmp_path / "run"
    code, words = stopped(folder, signal.Signals[name], 1)
    assert code == status
    assert f"ganarium resume {folder}" in words
    last = ga.load(folder).log[-1]["round"] if (folder / "log.jsonl").exists() else 0
    assert checkpoint.load_newest(folder / "checkpoints")["round"] >= last > 0


@pytest.mark.parametrize(
    ("name", "codes"), [pytest.param("SIGINT", (130, -2), marks=thorough), ("SIGTERM", (143, -15))]
)
def test_the_second_signal_leaves_at_once_and_the_run_still_loads(tmp_path, name, codes):
    folder = tmp_path / "run"
    code, _ = stopped(folder, signal.Signals[name], 2)
    assert code in codes
    assert checkpoint.load_newest(folder / "checkpoints")["round"] >= 0
    assert ga.load(folder).sample(2).isfinite().all()


# -- paused after every round -------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", marked(first_of(kind)))
def test_a_run_that_is_paused_after_every_round_equals_one_that_never_was(command, tmp_path):
    """In the middle of an epoch, at its end, and across stages: through the disk, into other first weights."""
    size, data = 64, toy_data(toy(command))
    rounds = 5 * len(toy(command).stages())
    whole = Trainer(toy(command))
    expected = [report.scalars for report in whole.play(data, size, rounds)]
    paused, terms, ends, stages = Trainer(toy(command)), [], set(), set()
    for seed in range(1, rounds + 1):
        for report in paused.play(data, size, rounds):
            terms.append(report.scalars)
            break
        ends.add(paused.drawn * size % len(data) == 0)
        stages.add(paused.stage)
        path = checkpoint.save(tmp_path, paused.state_dict(), keep=1, seconds=0.0)
        paused = Trainer(toy(command, seed=seed))
        paused.load_state_dict({k: v for k, v in checkpoint.load(path).items() if k != "meta"})
    assert terms == expected
    assert same(paused.state_dict(), whole.state_dict())
    assert stages == set(range(len(whole.stages)))
    assert False in ends or size % len(data) == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
