"""A run that begins with another's networks."""

from __future__ import annotations

import pytest
import torch

import ganarium as ga
from ganarium.cli import main
from ganarium.running import checkpoint
from ganarium.running.records import read_config


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A run on ten digits, of two classes more than its successor needs."""
    monkeypatch.chdir(tmp_path)
    return ga.fit(ga.CGAN.on(ga.data.load("digits")), "digits", rounds=4, quiet=True)


def test_a_run_begins_with_the_networks_and_averages_of_another(old, tmp_path):
    ga.fit(ga.CGAN.on(ga.data.load("digits")), "digits", origin=old.path, rounds=1, out="new", quiet=True)
    begun = checkpoint.load(tmp_path / "new/checkpoints/0000000")
    ended = checkpoint.load(checkpoint.latest(old.path / "checkpoints"))
    for kind in ("game", "average"):
        assert begun[kind].keys() == ended[kind].keys()
        assert all(torch.equal(begun[kind][name], ended[kind][name]) for name in begun[kind] if name != "progress")
    assert read_config(tmp_path / "new")["origin"] == str(old.path)


def test_the_command_line_takes_the_old_game_and_its_options(old, capsys):
    changed = ["--latent", "64", "--architecture.channels", "32"]
    assert main(["train", "--from", str(old.path), "--data", "digits", "--rounds", "2", *changed, "--out", "new"]) == 0
    assert "begins with  generator whole, discriminator whole" in capsys.readouterr().out


def test_what_has_another_shape_begins_afresh(old, capsys):
    words = ["--data", "digits", "--data.size", "16", "--rounds", "1", "--out", "new"]
    assert main(["train", "--from", str(old.path), *words]) == 0
    assert "generator afresh, discriminator 20%" in capsys.readouterr().out


def test_networks_that_fit_nowhere_are_refused_before_anything_is_written(old, tmp_path, capsys):
    assert main(["train", "vae", "--from", str(old.path), "--data", "digits", "--rounds", "1", "--out", "new"]) == 2
    assert "No network of VAE" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_an_unknown_origin_is_refused(old, capsys):
    assert main(["train", "cgan", "--from", "cgan-digits-01", "--data", "digits"]) == 2
    assert "cgan-digits-001" in capsys.readouterr().err
