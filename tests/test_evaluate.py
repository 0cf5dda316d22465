"""``evaluate`` on runs, games and files; quality while a game is trained."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import ganarium as ga
from ganarium.cli import dispatch as cli
from ganarium.metrics import catalogue, learned
from ganarium.running import checkpoint
from ganarium.running.evaluation import read
from ganarium.zoo import index


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fit(out: str = "run", game: str = "GAN", **options) -> ga.Run:
    data = ga.data.load("ring", count=600)
    torch.manual_seed(0)
    options = {"rounds": 12, "batch_size": 32, "save_every": 3, "quiet": True, "threads": 1, **options}
    return ga.fit(getattr(ga, game).on(data), data, out=out, **options)


def log(run: str) -> list[dict]:
    rows = ga.load(run).log
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_a_run_is_evaluated_and_keeps_its_numbers(place):
    run = fit()
    found = ga.evaluate(run, resamples=5)
    assert found["modes"].value <= 8
    assert found["modes"].floor == 8
    assert floor(found["frechet/coordinates"]) < found["frechet"].value
    assert found.facts["round"] == 12
    assert "300 samples against 300 of ring" in str(found)
    ga.evaluate("run", resamples=5, save=False)
    (kept,) = read("run")
    assert kept == found
    again = ga.evaluate("run", resamples=5)
    assert [number.value for number in again.numbers] == [number.value for number in found.numbers]
    assert len(read("run")) == 1
    ga.evaluate("run", metrics=["frechet"], reference=200)
    assert len(read("run")) == 2
    # A part of what was measured does not take the place of the whole.
    ga.evaluate("run", metrics=["frechet"])
    assert [len(kept.numbers) for kept in read("run")] == [len(found.numbers), 1, 1]
    with pytest.raises(ValueError, match="'kidd' was not measured"):
        found["kidd"]


def test_evaluating_leaves_the_users_random_numbers_alone(place):
    run = fit()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    ga.evaluate(run, resamples=5)
    assert torch.equal(torch.rand(3), expected)


def test_files_of_samples_and_games_are_evaluated_by_data(place):
    data = ga.data.load("ring", count=600)
    np.savez("real.npz", x=data.spec["x"].restore(data["x"])[:300].numpy())
    found = ga.evaluate("real.npz", data, metrics=["frechet", "good"])
    assert found["good"].value > 0.95
    assert found["frechet"].value < 0.1
    assert ga.evaluate(data["x"], data, metrics=["good"])["good"].value > 0.95
    assert ga.evaluate(ga.GAN.on(data), data, metrics=["good"])["good"].value < 0.5
    with pytest.raises(ValueError, match="say which"):
        ga.evaluate("real.npz")
    digits = ga.data.load("digits")
    ga.pictures.write_samples(digits["x"][:40], digits.spec["x"], "folder")
    assert ga.evaluate("folder", "digits", metrics=["sliced"], features=["pixels"])["sliced"].value < 0.1


def test_a_translator_is_judged_in_the_other_domain(place):
    data = ga.data.load("shape-pairs", count=60)
    run = ga.fit(
        ga.CycleGAN.on(data, width=4, discriminator_width=4, blocks=1),
        data,
        rounds=1,
        batch_size=4,
        quiet=True,
        out="run",
    )
    found = ga.evaluate(run, features=["world", "pixels"], metrics=["factor", "sliced"], to="b")
    assert {number.metric for number in found.numbers} == {"factor-shape", "sliced"}
    assert found["sliced"].value > floor(found["sliced"])


def test_numbers_on_request(place, monkeypatch):
    monkeypatch.setattr(learned, "_STEPS", 150)
    digits = ga.data.load("digits").subset(range(400))
    digits.name = "digits"
    cgan = ga.CGAN.on(digits)
    found = ga.evaluate(cgan, digits, metrics=["parzen"], features=["pixels"])
    assert found["parzen"].value < floor(found["parzen"])
    with pytest.raises(ValueError, match="asked for by their label"):
        ga.evaluate(ga.GAN.on(digits), digits, metrics=["accuracy"], features=["pixels"])
    accuracy = ga.evaluate(cgan, digits, metrics=["accuracy"], features=["pixels"])["accuracy"]
    assert accuracy.value < 0.4 < 0.75 < floor(accuracy)


def floor(number: ga.metrics.Number) -> float:
    assert number.floor is not None
    return number.floor


# -- the command line -------------------------------------------------------------------------------------------------


def test_the_command_prints_a_table_and_json(place, capsys):
    fit()
    assert cli.main(["evaluate", "run", "--count", "100", "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "Frechet distance" in printed
    assert "100 samples against 300" in printed
    assert cli.main(["evaluate", "run", "--metrics", "modes,frechet", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert [number["metric"] for number in row["numbers"]] == ["modes", "frechet"]
    assert row["numbers"][0]["stamp"]["reference"] == 300
    assert row["round"] == 12
    assert json.loads(Path("run/evaluation.json").read_text())[-1]["numbers"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere"], "There is no run at 'nowhere'"),
        (["run", "--metrics", "frechett"], "Did you mean frechet"),
        (["run", "--features", "digits"], "take images"),
        (["run", "--count", "2"], "12 or more"),
        (["run", "--count", "12", "--features", "random"], "images"),
        (["run", "--reference", "many"], "half, all, or a number"),
        (["run", "--reference", "9999"], "which has 600"),
        (["run", "--split", "tset"], "split is 'all', 'train' or 'test'"),
        (["run", "--data", "digits"], "digits has image 1 x 8 x 8"),
        (["run", "--metrics", "accuracy"], "asked for by their label"),
        (["run", "--checkpoint", "best"], "is marked as best"),
    ],
)
def test_misuse_is_told_in_a_line(place, capsys, words, sentence):
    fit()
    assert cli.main(["evaluate", *words]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert not Path("run/evaluation.json").exists()


# -- while training ---------------------------------------------------------------------------------------------------


def test_quality_is_measured_every_so_many_samples_seen(place):
    fit(evaluate_every=128, evaluate_count=50)
    measured = [row for row in log("run") if "metrics" in row]
    assert [row["round"] for row in measured] == [4, 8, 12]
    assert {name.partition("/")[0] for name in measured[0]["metrics"]} == set(index.watched_metrics())
    assert "frechet/coordinates" in ga.load("run").summary()
    quick = {name for metric in catalogue.metrics() if metric.quick for name in metric.names}
    assert quick == set(index.watched_metrics())


def test_measuring_changes_nothing_and_an_interrupted_run_measures_the_same(place):
    plain = fit("plain")
    whole = fit("whole", evaluate_every=100, evaluate_count=50, best="good")
    fit("broken", evaluate_every=100, evaluate_count=50, best="good", stop_after=5)
    ga.resume("broken", quiet=True)
    for one, other in zip(plain.game.parameters(), whole.game.parameters(), strict=True):
        assert torch.equal(one, other)
    assert log("broken") == log("whole")
    assert checkpoint.best(Path("broken/checkpoints")) == checkpoint.best(Path("whole/checkpoints"))


@pytest.mark.parametrize(("name", "pick"), [("good", max), ("frechet/coordinates", min)])
def test_the_best_follows_a_metric(place, name, pick):
    fit(rounds=30, best=name, evaluate_count=60, save_every=3)
    full = name if "/" in name else f"{name}/coordinates"
    rows = {row["round"]: row["metrics"][full] for row in log("run") if "metrics" in row}
    assert list(rows) == list(range(3, 31, 3))
    found = checkpoint.best(Path("run/checkpoints"))
    assert found is not None
    assert rows[found[0]] == pick(rows.values()) == pytest.approx(found[1])
    assert f"with {name} " in ga.load("run").summary()


def test_what_cannot_be_measured_is_refused_before_a_run_begins(place):
    with pytest.raises(ValueError, match="neither the lowest nor the highest"):
        fit(best="density")
    with pytest.raises(ValueError, match="or is a metric"):
        fit(best="frechett")
    with pytest.raises(ValueError, match="not measured during training"):
        fit(best="frechet/digits")
    with pytest.raises(ValueError, match="evaluate_every must be at least 1"):
        fit(evaluate_every=0)
    assert not Path("run").exists()
