"""Runs on disk: started, stopped, resumed, loaded."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from torch import nn

import ganarium as ga
from benchmarks.patience import until
from ganarium.cli import main
from ganarium.running import checkpoint, settings
from ganarium.running.run import Interrupted
from ganarium.running.settings import Settings
from ganarium.spec import MissingField


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ring(count: int = 600):
    return ga.data.load("ring", count=count)


def gan(seed: int = 0):
    torch.manual_seed(seed)
    return ga.GAN.on(ring(), latent=4)


def fit(**options):
    return ga.fit(gan(), ring(), quiet=True, **{"rounds": 12, "batch_size": 32, **options})


def files(path):
    return {p.name: p.read_bytes() for p in path.iterdir()}


def test_a_run_holds_what_the_design_says(place):
    run = fit()
    assert run.path.name == "gan-ring-001"
    assert {p.name for p in run.path.iterdir()} == {"config.yaml", "log.jsonl", "pictures", "checkpoints"}
    latest = checkpoint.latest(run.path / "checkpoints")
    assert {p.name for p in latest.iterdir()} == {
        "model.safetensors",
        "average.safetensors",
        "state.pt",
        "meta.json",
    }
    assert latest.name == "0000012"
    assert (run.path / "pictures" / "0000000.png").is_file()
    assert (run.path / "pictures" / "0000012.png").is_file()
    row = json.loads((run.path / "log.jsonl").read_text().splitlines()[-1])
    assert (row["round"], row["seen"], row["stage"]) == (12, 12 * 32, "play")
    terms = {"real", "fake", "r1", "accuracy"}
    assert set(row["terms"]) == {*(f"discriminator/{term}" for term in terms), "generator/fake"}


def test_runs_are_numbered(place):
    assert [fit(rounds=1).path.name for _ in range(2)] == ["gan-ring-001", "gan-ring-002"]
    assert [path.name for path in ga.runs()] == ["gan-ring-001", "gan-ring-002"]


def test_an_interrupted_run_resumed_equals_one_that_never_stopped(place):
    fit(out="whole", save_every=3)
    fit(out="parts", save_every=3, stop_after=5)
    assert ga.load("parts").log[-1]["round"] == 5
    ga.resume("parts", stop_after=4, quiet=True)
    ga.resume("parts", quiet=True)
    for name in ("model.safetensors", "average.safetensors"):
        whole, parts = (checkpoint.latest(place / run / "checkpoints") / name for run in ("whole", "parts"))
        assert whole.read_bytes() == parts.read_bytes()
    strip = [{k: v for k, v in row.items() if k != "seconds"} for row in ga.load("whole").log]
    assert strip == [{k: v for k, v in row.items() if k != "seconds"} for row in ga.load("parts").log]
    assert files(place / "whole" / "pictures") == files(place / "parts" / "pictures")


def test_a_crash_after_a_checkpoint_is_played_again(place):
    fit(out="whole", save_every=4)
    fit(out="crashed", save_every=4, stop_after=4)
    with (place / "crashed" / "log.jsonl").open("a") as file:
        file.write('{"round": 6, "seen": 192, "stage": "play", "seconds": 1, "terms": {}}\n{"round": 7, "se')
    ga.resume("crashed", quiet=True)
    assert [row["round"] for row in ga.load("crashed").log] == list(range(1, 13))


def test_a_run_killed_before_its_first_round_was_saved_logs_each_round_once(place):
    fit(out="whole", save_every=6)
    fit(out="killed", save_every=6, stop_after=4)
    shutil.rmtree(place / "killed" / "checkpoints" / "0000004")
    (place / "killed" / "checkpoints" / "latest").write_text("0000000")
    ga.resume("killed", quiet=True)
    assert [row["round"] for row in ga.load("killed").log] == list(range(1, 13))


def test_half_a_line_of_the_log_is_not_read(place):
    run = fit(rounds=3)
    for file in ("log.jsonl", "events.jsonl"):
        with (run.path / file).open("a") as lines:
            lines.write('{"round": 4, "se')
    assert [row["round"] for row in run.log] == [1, 2, 3]
    assert run.events == []
    assert "3 of 3 rounds" in run.summary()


def test_half_a_picture_that_was_left_is_removed(place):
    fit(out="run", rounds=6, stop_after=2)
    left = place / "run" / "pictures" / ".0000003.png.123.tmp"
    left.write_bytes(b"half")
    ga.resume("run", quiet=True)
    assert not left.exists()


def test_a_finished_run_goes_on_only_with_more_rounds(place):
    run = fit(rounds=3)
    with pytest.raises(ValueError, match="--rounds"):
        ga.resume(run.path)
    assert ga.resume(run.path, rounds=5, quiet=True).log[-1]["round"] == 5
    assert ga.load(run.path).config["settings"]["rounds"] == 5


def test_loading_gives_the_averaged_networks_and_data_units(place):
    run = fit()
    loaded = ga.load(run.path)
    samples = loaded.sample(300, seed=0)
    assert samples.shape == (300, 2)
    assert torch.equal(samples, run.sample(300, seed=0))
    field = loaded.spec["x"]
    assert torch.equal(samples, field.restore(loaded.sample(300, seed=0, units="game")))
    assert not torch.equal(samples, ga.load(run.path, weights="last").sample(300, seed=0))


def test_images_come_out_in_their_range(place):
    data = ga.data.load("digits")
    run = ga.fit(ga.DCGAN.on(data), data, rounds=2, quiet=True)
    samples = ga.load(run.path).sample(7, seed=0)
    assert samples.shape == (7, 1, 8, 8)
    assert samples.abs().max() <= 1


@pytest.mark.parametrize(
    ("length", "rounds"), [({"seen": 640}, 20), ({"epochs": 2}, 37), ({"rounds": 9}, 9), ({"seen": 1}, 1)]
)
def test_lengths_become_rounds(place, length, rounds):
    run = fit(**{"rounds": None, **length})
    assert run.log[-1]["round"] == run.config["settings"]["rounds"] == rounds


def test_minutes_become_rounds_before_the_run_starts(place, monkeypatch):
    """By a clock that is a tenth of a second later each time it is asked: a round takes as long, the trial three."""
    clock = (tenths / 10 for tenths in itertools.count())
    monkeypatch.setattr(settings, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    run = fit(rounds=None, minutes=0.05)
    assert run.config["settings"]["rounds"] == run.log[-1]["round"] == round((3 - 0.3) * 0.97 / 0.1)


def test_own_networks_are_trained_and_loaded_with_the_game(place):
    class Mine(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 2)

        def forward(self, z):
            return self.layer(z)

    data = ring()
    make = lambda: ga.GAN.on(data, latent=4, generator=Mine())  # noqa: E731
    run = ga.fit(make(), data, rounds=3, quiet=True)
    with pytest.raises(ValueError, match="your own generator"):
        ga.load(run.path).sample(1)
    assert torch.equal(ga.load(run.path, game=make()).sample(5, seed=0), run.sample(5, seed=0))


def test_own_data_is_given_again_to_resume(place):
    points = np.random.default_rng(0).normal(size=(200, 3)).astype("float32")
    data = ga.data.from_tensors(points)
    run = ga.fit(ga.GAN.on(data), data, rounds=6, stop_after=2, quiet=True)
    with pytest.raises(ValueError, match="data="):
        ga.resume(run.path)
    assert ga.resume(run.path, data=data, quiet=True).log[-1]["round"] == 6


def test_arrays_are_taken_as_they_are(place):
    points = np.random.default_rng(0).normal(3, 2, size=(200, 2))
    run = ga.fit(ga.VAE.on(ga.data.load(points)), points, rounds=2, quiet=True)
    assert run.sample(4).shape == (4, 2)


def _signal_once_it_plays(run: Path, number: int) -> threading.Thread:
    def send() -> None:
        until((run / "checkpoints" / "latest").exists, "a run that began")
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_round_saves_and_leaves(place, number):
    before = signal.getsignal(number)
    thread = _signal_once_it_plays(place / "run", number)
    with pytest.raises(Interrupted) as stopped:
        fit(rounds=1_000_000, out="run")
    thread.join()
    assert stopped.value.signal == number
    assert signal.getsignal(number) is before
    saved = checkpoint.load(checkpoint.latest(place / "run" / "checkpoints"))["round"]
    assert 0 < saved < 1_000_000
    assert ga.resume("run", stop_after=1, quiet=True).path.name == "run"


def test_bad_numbers_stop_the_run_and_leave_it_loadable(place):
    with pytest.raises(FloatingPointError, match=r"Round \d+, GAN's player '\w+': .*Try a lower rate"):
        fit(rounds=300, lr={"discriminator": 1e20, "generator": 1e20}, out="run")
    assert ga.load("run").sample(2).isfinite().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rounds": 0}, "rounds must be at least 1; got 0"),
        ({"minutes": -1, "rounds": None}, "minutes must be a number above zero"),
        ({"rounds": 5, "minutes": 1}, "one length"),
        ({"batch_size": 0}, "batch"),
        ({"batch_size": 10_000}, "600"),
        ({"lr": {"critic": 1e-3}}, "No player is called 'critic'; the players are discriminator, generator"),
        ({"lr": {"generator": 0.0}}, "positive"),
        ({"device": "cuda"}, "not on this machine"),
        ({"device": "coda"}, "Did you mean cuda"),
        ({"bach_size": 3}, "Did you mean batch_size"),
        ({"decay": "cubic"}, "none, linear or cosine"),
        ({"threads": 0}, "threads must be at least 1"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_written(place, options, message):
    if options.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match=message) as error:
        fit(**options)
    assert len(str(error.value).splitlines()) <= 3
    assert not list(place.iterdir())


def test_a_folder_that_holds_something_else_is_left_alone(place):
    (place / "mine").mkdir()
    (place / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="not an empty folder"):
        fit(out="mine")
    run = fit(rounds=1, out="run")
    with pytest.raises(ValueError, match=r"already holds a run.*ganarium resume"):
        fit(out=run.path)
    assert [p.name for p in (place / "mine").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("game", ["gan", ga.GAN])
def test_what_is_no_game_is_refused_with_what_to_give(game):
    with pytest.raises(ValueError, match=r"built for its data is played, as ga.GAN.on\(data\) is; got"):
        ga.fit(game, "ring", rounds=2)


def test_data_without_the_field_is_refused(place):
    with pytest.raises(MissingField, match="DCGAN plays on batches with the field 'x' as image"):
        ga.DCGAN.on(ring())
    game = ga.DCGAN.toy()
    with pytest.raises(MissingField):
        ga.fit(game, ring(), rounds=1, quiet=True)


def test_unknown_runs_offer_the_nearest(place):
    fit(rounds=1)
    with pytest.raises(ValueError, match="Did you mean gan-ring-001"):
        ga.load("gan-ring-002")
    (place / "runs" / "gan-ring-001" / "config.yaml").write_text("just: this\n")
    with pytest.raises(ValueError, match="not the config of a run"):
        ga.load("gan-ring-001")


def test_a_later_format_says_to_update(place):
    path = fit(rounds=1).path / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "format": 99}))
    with pytest.raises(ValueError, match="later version"):
        ga.load("gan-ring-001")


def test_a_summary_says_what_was_played(place):
    text = fit().summary()
    for words in ("gan (GAN)", "ring: 600 samples", "12 of 12 rounds", "384 samples seen", "discriminator/real"):
        assert words in text


def test_settings_have_help_for_each_option():
    from ganarium.arguments.forms import rows_of

    assert all(row.help for row in rows_of(Settings))


def test_a_game_made_for_data_is_played_at_its_measured_pace_unless_told_otherwise(place):
    data = ring()
    measured = ga.GAN.pace(data.spec)
    assert measured["batch_size"] != Settings().batch_size
    made = ga.fit(gan(), data, rounds=1, quiet=True).config["settings"]
    assert {name: made[name] for name in measured} == measured
    told = ga.fit(gan(), data, rounds=1, batch_size=16, quiet=True).config["settings"]
    assert (told["batch_size"], told["average"]) == (16, measured["average"])
    given = ga.fit(gan(), data, Settings(rounds=1), quiet=True).config["settings"]
    assert given["batch_size"] == Settings().batch_size
    papers = ga.fit(ga.GAN(data.spec), data, rounds=1, quiet=True).config["settings"]
    assert papers["batch_size"] == Settings().batch_size


# -- seeds ---------------------------------------------------------------------------------------------------------


def weights_of(run) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in run.game.parameters()])


def test_a_seed_covers_the_first_weights(place):
    runs = [ga.fit(ga.GAN.on(ring(), latent=4), ring(), rounds=3, seed=seed, quiet=True) for seed in (1, 1, 2)]
    first, again, other = map(weights_of, runs)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_same_seed_is_the_same_run_from_python_and_from_the_command_line(place):
    run = ga.fit(ga.VAE.on(ga.data.load("ring")), ga.data.load("ring"), rounds=3, seed=5, quiet=True)
    assert main(["train", "vae", "--data", "ring", "--rounds", "3", "--seed", "5", "--quiet"]) == 0
    assert torch.equal(weights_of(run), weights_of(ga.load("vae-ring-002")))


def test_weights_that_are_the_users_stay(place):
    mine = gan()
    with torch.no_grad():
        for p in mine.parameters():
            p.data.fill_(0.01)  # as a custom initialisation does, past torch's count of changes
    kept = [p.clone() for p in mine.parameters()]
    mine.redraw(1)
    assert all(torch.equal(p, old) for p, old in zip(mine.parameters(), kept, strict=True))
    network = nn.Linear(4, 2)
    before = network.weight.clone()
    given = ga.GAN(ring().spec, latent=4, generator=network)
    given.redraw(1)
    assert torch.equal(network.weight, before)
    trained = ga.fit(gan(), ring(), rounds=2, quiet=True).game
    before = [p.clone() for p in trained.parameters()]
    trained.redraw(1)
    assert all(torch.equal(p, old) for p, old in zip(trained.parameters(), before, strict=True))


def test_without_a_seed_the_first_weights_are_those_of_the_game(place):
    first, again = (weights_of(ga.fit(gan(seed), ring(), rounds=2, quiet=True)) for seed in (1, 2))
    assert not torch.equal(first, again)
