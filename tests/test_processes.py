"""Several processes: every game plays, saves and resumes on two of them, and equals one where nothing couples a batch.

The processes are this file, run as a script; the tests read what they found.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import nn

from ganarium.engine.trainer import Trainer
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import Adaptive
from ganarium.nets import Plain
from ganarium.randomness import seeded
from ganarium.spec import Field, Spec

sys.path.extend(map(str, (Path(__file__).parent, Path(__file__).parents[1])))
from zoo import GAMES, first_of, kind, marked, thorough, toy, toy_data

from benchmarks import patience

SIZE = 32


def independent(command: str) -> bool:
    """Whether nothing in a game couples the samples of a batch, nor draws noise that this test cannot slice."""
    coupling = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
    game = toy(command)
    return not game.couples_samples and not any(isinstance(module, coupling) for module in game.modules())


class SharedNoise:
    """Inside, noise is drawn for the whole batch, alike in all processes, and each takes its own part."""

    def __init__(self, rank: int, count: int):
        self.rank, self.count, self.draws = rank, count, 0

    def __enter__(self):
        self.real = {name: getattr(torch, name) for name in ("randn_like", "rand_like", "rand", "randn", "randint")}
        for name in self.real:
            setattr(torch, name, self._drawing(name))

    def __exit__(self, *_):
        for name, function in self.real.items():
            setattr(torch, name, function)

    def _drawing(self, name):
        def draw(*arguments, **keywords):
            real = self.real[name]
            if "generator" in keywords:
                return real(*arguments, **keywords)
            whole = list(arguments)
            if isinstance(whole[-1], torch.Tensor):
                whole[-1] = torch.cat([whole[-1]] * self.count)
            elif isinstance(whole[-1], tuple):
                whole[-1] = (whole[-1][0] * self.count, *whole[-1][1:])
            else:
                whole[0] *= self.count
            self.draws += 1
            with seeded(torch.device("cpu"), self.draws):
                return real(*whole, **keywords).tensor_split(self.count)[self.rank]

        return draw


def weights(game) -> torch.Tensor:
    """All parameters as one vector."""
    return torch.cat([p.detach().flatten() for p in game.parameters()])


def resumed(command: str, fabric) -> Trainer:
    """Two rounds, and three more of a trainer that took over from them."""
    first = Trainer(toy(command), fabric)
    data = toy_data(first.game)
    stream = first.play(data, SIZE, 5)
    next(stream)
    next(stream)
    second = Trainer(toy(command, seed=1), fabric)
    second.load_state_dict(first.state_dict())
    for _ in second.play(data, SIZE, 5):
        pass
    return second


def with_shared_noise(command: str, fabric=None) -> torch.Tensor:
    """The parameters after three rounds in double precision."""
    game = toy(command).double()
    data = toy_data(game)
    rank, count = (fabric.global_rank, fabric.world_size) if fabric else (0, 1)
    with SharedNoise(rank, count):
        trainer = Trainer(game, fabric)
        for _ in trainer.play(data, SIZE, 3):
            pass
    return weights(trainer.game)


def apart(fabric, tensor: torch.Tensor) -> float:
    """How far the processes' tensors are from each other."""
    both = fabric.all_gather(tensor)
    return (both[0] - both[1]).abs().max().item()


def main(commands: list[str]) -> None:
    """What one of the processes does: some games, one line for each."""
    from lightning_fabric import Fabric

    torch.set_num_threads(1)
    fabric = Fabric(accelerator="cpu", devices=2, strategy="ddp")
    fabric.launch()
    for command in commands:
        row: dict[str, object] = {"game": command}
        through = play_on(command, fabric)
        again = resumed(command, fabric)
        row["apart"] = apart(fabric, weights(through.game))
        same = all(torch.equal(a, b) for a, b in zip(state(through), state(again), strict=True))
        row["resumed"] = bool(fabric.all_reduce(torch.tensor(float(same)), reduce_op="min"))
        if independent(command):
            row["weights"] = with_shared_noise(command, fabric).tolist()
        if fabric.global_rank == 0:
            print(json.dumps(row), flush=True)
    row = {"game": "", "augmented": augmented(fabric), "told": told_of_what_one_met(fabric)}
    if fabric.global_rank == 0:
        print(json.dumps(row), flush=True)


def augmented(fabric) -> list[float]:
    """A game with adaptive augmentation: how far weights and probabilities are from each other; the probability."""
    torch.manual_seed(0)
    augment = Adaptive(target=-1.0, speed=1000, moves=1)
    game = GAN(Spec(x=Field((1, 8, 8), "image")), latent=4, architecture=Plain(8), augment=augment)
    trainer = Trainer(game, fabric)
    for _ in trainer.play(toy_data(game), SIZE, 5):
        pass
    p = game.augmented.get_buffer("p")
    return [apart(fabric, weights(game)), apart(fabric, p), p.item()]


def told_of_what_one_met(fabric) -> bool:
    """Whether both processes stop, and in the same round, when one meets a number that is not finite."""
    game, met = cast(Any, toy("gan")), 0
    plain = game.discriminator_loss

    def loss(batch):
        bad = trainer.round == 2 and fabric.global_rank == 1
        return {name: term + float("nan") * bad if bad else term for name, term in plain(batch).items()}

    game.discriminator_loss = loss
    trainer = Trainer(game, fabric)
    try:
        for _ in trainer.play(toy_data(game), SIZE, 5):
            pass
    except FloatingPointError as error:
        met = int("Round 3" in str(error))
    return bool(fabric.all_reduce(torch.tensor(float(met)), reduce_op="min"))


def play_on(command: str, fabric) -> Trainer:
    """Five rounds."""
    trainer = Trainer(toy(command), fabric)
    for _ in trainer.play(toy_data(trainer.game), SIZE, 5):
        pass
    return trainer


def state(trainer: Trainer) -> list[torch.Tensor]:
    """All parameters and buffers of this process."""
    return list(trainer.game.state_dict().values())


def free_port() -> str:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def environment() -> dict[str, str]:
    """This process's, with threads that do not fight for two cores."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}


#: The engine does the same for all games of a kind.
QUICK = first_of(kind)


@cache
def found(quick: bool) -> dict[str, dict]:
    """What two processes found of one game of each kind, or of the others."""
    commands = QUICK if quick else [command for command in GAMES if command not in QUICK]
    done = patience.run([sys.executable, "-W", "ignore", "-X", "faulthandler", __file__, *commands], env=environment())
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(rows) == len(commands) + 1, done.stderr[-3000:]
    return {row["game"]: row for row in rows}


def of(command: str) -> dict[str, Any]:
    """What two processes found of a game."""
    return found(command in QUICK)[command]


@pytest.mark.parametrize("command", marked(QUICK))
def test_two_processes_keep_equal_weights_and_resume_exactly(command):
    assert of(command)["apart"] == 0
    assert of(command)["resumed"]


@pytest.mark.parametrize("command", marked(QUICK))
def test_two_processes_equal_one(command):
    if not independent(command):
        pytest.skip("its batches are coupled, or it draws noise that this test cannot slice")
    once, twice = with_shared_noise(command), torch.tensor(of(command)["weights"]).double()
    torch.testing.assert_close(twice, once, rtol=0, atol=1e-6)
    start = weights(toy(command).double())
    assert (once - start).abs().max() > 1e-5


def test_two_processes_augment_alike():
    weights_apart, probability_apart, probability = found(True)[""]["augmented"]
    assert weights_apart == probability_apart == 0
    # Five moves of 32 samples.
    assert probability == pytest.approx(5 * SIZE / 1000)


def test_two_processes_stop_together_at_what_one_of_them_met():
    assert found(True)[""]["told"]


TRAIN = ("train", "gan", "--data", "ring", "--data.count", "500", "--threads", "1", "--quiet")


def ganarium(*words: str, launcher: tuple[str, ...] = ("-m",)) -> subprocess.CompletedProcess:
    """The command line, in a process of its own."""
    command = [sys.executable, *launcher, "ganarium", *words]
    return patience.run(command, env=environment())


def test_the_command_line_starts_two_processes_and_resumes_on_them(tmp_path):
    run = str(tmp_path / "run")
    done = ganarium(*TRAIN, "--rounds", "6", "--stop-after", "3", "--devices", "2", "--out", run)
    assert done.returncode == 0, done.stderr
    done = ganarium("resume", run, "--quiet")
    assert done.returncode == 0, done.stderr
    log = [json.loads(line)["round"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert log == [1, 2, 3, 4, 5, 6]


@thorough
def test_torchrun_starts_them_too(tmp_path):
    launcher = ("-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", free_port(), "-m")
    done = ganarium(*TRAIN, "--rounds", "2", "--out", str(tmp_path / "run"), launcher=launcher)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "checkpoints" / "latest").read_text() == "0000002"


def test_a_batch_that_cannot_be_shared_is_refused_once(tmp_path):
    done = ganarium(*TRAIN, "--rounds", "2", "--batch", "33", "--devices", "2", "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    assert done.stderr.count("33") == 1
    assert not (tmp_path / "run").exists()


def test_there_are_games_of_many_kinds_among_them():
    assert len(QUICK) > 8
    assert sum(independent(command) for command in QUICK) >= 4


if __name__ == "__main__":
    main(sys.argv[1:])
