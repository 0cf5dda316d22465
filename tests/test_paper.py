"""``--paper`` plays the paper: its batches and averages beside the constructor's defaults."""

from __future__ import annotations

import inspect

import pytest
from zoo import GAMES, game_class

import ganarium as ga
from ganarium.arguments.request import GAME, Request
from ganarium.data import InMemory
from ganarium.game import Paper
from ganarium.nets import DeepConvolutional
from ganarium.running.run import read_config
from ganarium.running.settings import Settings
from ganarium.spec import Field
from ganarium.zoo import options


@pytest.mark.parametrize("command", GAMES)
def test_the_command_line_plays_the_paper_s_run(command):
    paper = game_class(command).paper
    settings = Request([command, "--data", "ring", "--paper"], "train", GAME).settings(None)
    assert settings == Settings(batch_size=paper.batch or 64, average=paper.average)


def test_what_is_asked_for_wins_over_the_paper():
    words = ["dcgan", "--data", "digits", "--paper", "--batch", "32", "--average", "5"]
    assert Request(words, "train", GAME).settings(None) == Settings(batch_size=32, average=5)


@pytest.mark.parametrize("command", GAMES)
def test_no_paper_before_2018_averages_the_weights_that_it_samples_with(command):
    paper = game_class(command).paper
    assert not paper.average or paper.year >= 2018 or command == "semi-supervised-gan"


def test_python_plays_the_paper_as_the_command_line_does(tmp_path):
    field = Field((1, 8, 8), "image")
    data = InMemory({"x": field.random(200)}, {"x": field})
    game = ga.LSGAN.as_published(data, architecture=DeepConvolutional(4))
    assert game.arguments == {"spec": data.spec, "architecture": DeepConvolutional(4)}
    ga.fit(game, data, rounds=2, out=tmp_path / "run", quiet=True)
    settings = read_config(tmp_path / "run")["settings"]
    assert (settings["batch_size"], settings["average"]) == (64, 0.0)


def test_a_game_without_a_paper_has_no_run_of_its_own():
    assert Paper.unpublished("MyGAN", "Mine.").run == {}
    assert "not known" in ga.BGAN.paper.run_in_words
    assert ga.R3GAN.paper.run_in_words == "batches of 512, weights averaged with a half-life of 5,000,000 samples"


#: What papers have where their games' recipes have something else, and tables of settings are easily moved by mistake.
PUBLISHED = {
    "wgan": {"latent": 100, "architecture": "deep-convolutional", "optimizer": "rmsprop"},
    "wgan-gp": {"latent": 128, "architecture": "residual", "optimizer": "adam"},
    "dragan": {"latent": 100, "architecture": "flat", "prior": "uniform"},
    "f-gan": {"architecture": "exponential-perceptrons", "simultaneous": True},
    "bs-gan": {"latent": 128, "architecture": "deep-convolutional"},
    "gogan": {"architecture": "deep-convolutional"},
    "bayesian-gan": {"architecture": "deep-convolutional"},
    "geometric-gan": {"generator_moves": 10, "architecture": "deep-convolutional"},
}


@pytest.mark.parametrize("command", PUBLISHED)
def test_the_defaults_are_the_paper_s(command):
    for name, wanted in PUBLISHED[command].items():
        value = options.plain(inspect.signature(game_class(command)).parameters[name].default)
        assert (value["is"] if isinstance(value, dict) else value) == wanted


def test_the_help_says_what_the_paper_has(capsys):
    with pytest.raises(SystemExit):
        Request(["began", "--data", "digits", "--help"], "train", GAME)
    assert "batches of 16, no averaged weights" in " ".join(capsys.readouterr().out.replace("│", " ").split())
