"""What makes a run faster and nothing else: layout, compilation, and the trial that chooses."""

from __future__ import annotations

import gc
import itertools
from types import SimpleNamespace

import pytest
import torch
import yaml

import ganarium as ga
from ganarium.cli import main
from ganarium.engine.trainer import Trainer
from ganarium.nets import DeepConvolutional
from ganarium.running import tuning
from ganarium.zoo import index


def dcgan():
    torch.manual_seed(0)
    return ga.DCGAN(digits().spec, latent=8, architecture=DeepConvolutional(8))


def digits():
    return ga.data.load("digits")


@pytest.fixture
def short(monkeypatch, tmp_path):
    """Trials of an instant, in an empty folder."""
    monkeypatch.setattr(tuning, "SECONDS", 0.01)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def played(rounds: int = 3, **options):
    trainer = Trainer(dcgan(), **options)
    for _ in trainer.play(digits(), 16, rounds):
        pass
    return trainer


def test_channels_last_plays_the_same_game():
    plain, last = played(), played(channels_last=True)
    weights = [p for p in last.game.parameters() if p.ndim == 4]
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in weights)
    for a, b in zip(plain.game.parameters(), last.game.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_channels_last_resumes_exactly():
    through = played(5, channels_last=True)
    again = Trainer(dcgan(), channels_last=True)
    again.load_state_dict(played(3, channels_last=True).state_dict())
    for _ in again.play(digits(), 16, 5):
        pass
    pairs = zip(through.game.state_dict().values(), again.game.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_volumes_have_their_own_layout():
    game = index.game_class("3d-gan").toy()
    trainer = Trainer(game, channels_last=True)
    next(trainer.play(ga.data.random(game.spec), 16, 1))
    weights = [p for p in game.parameters() if p.ndim == 5]
    assert weights
    assert all(p.is_contiguous(memory_format=torch.channels_last_3d) for p in weights)


def test_a_trial_tries_threads_and_layouts_and_leaves_the_game_alone(short, capsys):
    before = [p.clone() for p in dcgan().parameters()]
    game = dcgan()
    run = ga.fit(game, digits(), rounds=2, batch_size=16, tune=True)
    said = capsys.readouterr().out
    for words in ("1 thread ", "1 thread, channels last", "<- chosen", "not compiled: the run takes less than 10 min"):
        assert words in said
    config = yaml.safe_load((run.path / "config.yaml").read_text())["settings"]
    assert config["threads"] >= 1
    assert not config["tune"]
    ga.fit(
        dcgan(),
        digits(),
        rounds=2,
        batch_size=16,
        out="again",
        quiet=True,
        **{k: config[k] for k in ("threads", "channels_last")},
    )
    again = ga.load("again", weights="last").game
    assert all(torch.equal(a, b) for a, b in zip(game.parameters(), again.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(before, game.parameters(), strict=True))


def test_points_have_no_layout_to_choose(short, capsys):
    assert main(["train", "gan", "--data", "ring", "--rounds", "2", "--tune"]) == 0
    assert "channels last" not in capsys.readouterr().out


def test_compiling_is_chosen_only_if_it_pays_within_the_run(short, capsys):
    short.setattr(tuning, "WORTH_COMPILING", 0.0)
    short.setattr(torch, "compile", lambda loss: loss)
    # A second passes each time that it is asked: rounds last one, whether compiled or not.
    seconds = itertools.count()
    short.setattr(tuning, "time", SimpleNamespace(perf_counter=lambda: next(seconds)))
    ga.fit(dcgan(), digits(), rounds=1, batch_size=16, tune=True)
    assert "not compiled:" in capsys.readouterr().out


def test_compiling_that_fails_is_said_and_left(short, capsys):
    def broken(loss):
        raise RuntimeError("no compiler here")

    short.setattr(tuning, "WORTH_COMPILING", 0.0)
    short.setattr(torch, "compile", broken)
    run = ga.fit(dcgan(), digits(), rounds=1, batch_size=16, tune=True)
    assert "not compiled: no compiler here" in capsys.readouterr().out
    assert not yaml.safe_load((run.path / "config.yaml").read_text())["settings"]["compile"]


def tensors():
    """All that Python holds."""
    return [thing for thing in gc.get_objects() if issubclass(type(thing), torch.Tensor)]


def test_between_rounds_only_networks_averages_optimisers_and_batches_are_kept():
    data = digits()
    gc.collect()
    others = {id(thing) for thing in tensors()}
    trainer = Trainer(dcgan())
    play = trainer.play(data, 16, 4)
    for _ in range(3):
        next(play)
    gc.collect()
    storages = [t.untyped_storage() for t in tensors() if id(t) not in others]
    kept = sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())
    networks = sum(t.nbytes for t in (*trainer.game.parameters(), *trainer.game.buffers()))
    assert all(p.grad is None for p in trainer.game.parameters())
    # Networks, averages and Adam's two moments; two batches of 16 digits; the order of the data.
    assert kept <= 4 * networks + 2 * 16 * 64 * 4 + 8 * len(data) + 4096
