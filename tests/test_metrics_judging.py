"""Judging: the order of samples says nothing, one metric that fails loses nothing, held-out data is held out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

import ganarium as ga
from ganarium.cli import dispatch as cli
from ganarium.metrics import catalogue, errors, frechet, learned, neighbours, requested, transport
from ganarium.metrics.judge import Judge
from ganarium.metrics.looks import Moments, of_game
from ganarium.spec import Field, Spec


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def digits():
    return ga.data.load("digits")


def values(found) -> dict[str, float]:
    return {number.metric: number.value for number in found.numbers}


# -- order ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [None, 500])
def test_samples_in_the_order_of_their_classes_get_the_numbers_of_shuffled_ones(digits, count):
    real, made = digits.subset(range(900)), digits.subset(range(900, 1797))
    order = made["y"].argsort(stable=True)
    options = {"features": ["pixels"], "reference": 300, "resamples": 24, "count": count}
    shuffled = ga.evaluate(made["x"], real, **options)
    in_order = ga.evaluate(made["x"][order], real, **options)
    assert len(shuffled.numbers) == len(in_order.numbers) >= 9
    for one, other in zip(shuffled.numbers, in_order.numbers, strict=True):
        assert one.se is not None
        assert other.se is not None
        assert one.blocks == other.blocks == (3 if count is None else 2)
        assert abs(one.value - other.value) < 4 * math.hypot(one.se, other.se), one.metric


def test_no_sample_is_dropped_and_blocks_are_nearly_equal(digits):
    judge = Judge(digits, features=["pixels"], reference=450)
    rows = judge.look([digits["x"][:897]], 897)
    assert [len(each) for each in rows] == [449, 448]
    assert sum(each.moments["pixels"].n for each in rows) == 897
    whole = sum(each.features["pixels"].sum() for each in rows)
    assert torch.allclose(torch.as_tensor(whole), judge.features[0].embed(digits["x"][:897])[0].sum(), rtol=1e-5)
    judge.judge(rows, ["sliced"])
    assert "897 samples are judged in 2 blocks of 449 or 448" in judge.notes


def test_images_of_classes_in_order_are_paired_at_random():
    """Neighbours in order are alike here, random pairs are not."""
    pictures = torch.rand(10, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    data = ga.data.from_tensors(pictures.repeat_interleave(40, 0), kind="image", range=(-1, 1))
    found = ga.evaluate(data["x"], data, features=["pixels"], metrics=["similarity"])
    assert found["similarity"].value < 0.3


def test_held_out_data_is_a_random_part_of_it():
    data = ga.data.load("ring", count=400)
    judge = Judge(data, reference=50)
    assert judge.held_out is not None
    unseen = judge.unseen
    assert unseen is not None
    first = data.spec["x"].normalise(unseen.spec["x"].restore(unseen["x"][:50]))
    assert not torch.allclose(judge.held_out.features["coordinates"], judge.features[0].embed(first)[0], atol=1e-3)


# -- failing ----------------------------------------------------------------------------------------------------------


def test_one_metric_that_fails_is_a_note_with_its_reason(place, monkeypatch, capsys):
    data = ga.data.load("ring")
    np.save("made.npy", data.spec["x"].restore(data["x"]).numpy()[:120])

    def fails(*arguments, **options):
        raise RuntimeError("no such day")

    monkeypatch.setattr(neighbours, "balls", fails)
    monkeypatch.setattr(catalogue.frechet, "kernel_distance", lambda *arguments: (math.nan, math.inf))
    assert cli.main(["evaluate", "made.npy", "--data", "ring", "--reference", "300", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(word))
    measured = {number["metric"] for number in row["numbers"]}
    assert {"frechet", "two-sample", "sliced", "good"} <= measured
    assert not measured & {"precision", "kid"}
    assert all(number["floor"] is not None for number in row["numbers"])
    notes = " ".join(row["notes"])
    assert "precision, recall, density, coverage by coordinates: RuntimeError: no such day" in notes
    assert "kid by coordinates: kid is nan" in notes


def test_where_nothing_can_be_measured_it_is_said_why(digits):
    with pytest.raises(ValueError, match="more than 64 samples"):
        ga.evaluate(digits["x"][:40], digits, metrics=["frechet"], features=["pixels"])


@pytest.mark.parametrize("side", [25, 50, 56])
def test_images_of_any_side_are_judged(side):
    noise = torch.rand(60, 1, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    data = ga.data.from_tensors(noise, kind="image", range=(-1, 1))
    found = ga.evaluate(data["x"][:30], data, features=["pixels"], metrics=["similarity", "sliced"])
    assert {number.metric for number in found.numbers} == {"similarity", "sliced"}


# -- large numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shift", "scale"), [(1.7e9, 1e3), (0.0, 1e6), (1e8, 1.0)])
def test_coordinates_in_any_units_get_the_same_numbers(shift, scale):
    """Time stamps are points too: a kernel and single precision have a scale, the numbers have not."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(600, 3, generator=generator, dtype=torch.float64)
    made = torch.randn(250, 3, generator=generator, dtype=torch.float64) + 0.3

    def judged(shift: float, scale: float) -> dict[str, float]:
        spec = Spec({"x": Field((3,), "points", scale=(scale,) * 3, shift=(shift,) * 3)})
        data = ga.data.InMemory({"x": x.float()}, spec)
        return values(ga.evaluate(made.float(), data, features=["coordinates"]))

    plain, moved = judged(0.0, 1.0), judged(shift, scale)
    assert set(plain) == set(moved)
    for name, value in plain.items():
        unit = {"frechet": scale**2, "sliced": scale, "wasserstein": scale}.get(name, 1.0)
        assert moved[name] / unit == pytest.approx(value, rel=1e-4, abs=1e-6), name


# -- held-out data ----------------------------------------------------------------------------------------------------


class _Copier(ga.CGAN):
    """Gives training samples of the class that is asked for."""

    known: ClassVar[Any] = None

    def sample(self, n, seed=None, **asked):
        x, y = self.known["x"], self.known["y"]
        return torch.stack([x[y == int(label)][0] for label in asked["y"]])


def test_accuracy_is_tested_on_what_was_not_learned_from(digits, monkeypatch):
    monkeypatch.setattr(learned, "_STEPS", 200)
    train = digits.train
    game = _Copier.on(train)
    monkeypatch.setattr(_Copier, "known", train)
    seen: list[torch.Tensor] = []

    def accuracy(made, labels, real, truth, *rest):
        seen.append(real)
        return 0.5, None

    monkeypatch.setattr(requested, "accuracy", accuracy)
    judge = Judge(train, features=["pixels"], reference=300)
    rows = judge.look(of_tensor_of(train["x"][:300]), 300)
    requested._accuracy(requested.Asked(judge, game, rows[0], 300, 0, []))
    test = {tuple(row.flatten().tolist()) for row in digits.test["x"]}
    assert all(tuple(row.flatten().tolist()) in test for real in seen for row in real)
    assert len(seen) == 2
    # Where all was learned from there is nothing to test with.
    everything = Judge(digits, features=["pixels"], reference=300)
    with pytest.raises(ValueError, match="not learned from"):
        requested._accuracy(requested.Asked(everything, game, rows[0], 300, 0, []))
    with pytest.raises(ValueError, match="not learned from"):
        requested._parzen(requested.Asked(everything, game, rows[0], 300, 0, []))
    # A reference that is all of the data leaves no floor that would not be tested on what it learned.
    notes: list[str] = []
    whole = Judge(digits, features=["pixels"], reference="all", learned_from=False)
    (number,) = requested._accuracy(requested.Asked(whole, game, rows[0], 300, 0, notes))
    assert number.floor is None
    assert "no floor" in notes[0]


def of_tensor_of(x: torch.Tensor):
    yield from x.split(64)


# -- stamps -----------------------------------------------------------------------------------------------------------


def test_stamps_say_what_was_looked_at(monkeypatch):
    for module in (catalogue, neighbours, catalogue.frechet):
        monkeypatch.setattr(module, "KEPT", 100)
    data = ga.data.load("ring", count=600)
    judge = Judge(data, reference=300, learned_from=False)
    numbers = {n.metric: n for n in judge.judge(judge.look([data["x"][:300]], 300), floor=False)}
    assert numbers["precision"].stamp.looked == "at most 100 of each"
    assert numbers["kid"].stamp.looked == "at most 100 of each, by the reference's mean and deviation"
    assert numbers["frechet"].stamp.looked == ""
    assert numbers["wasserstein"].stamp.looked == ""
    assert "at most 100 of each" in str(numbers["precision"].stamp)
    fewer = {n.metric: n for n in judge.judge(judge.look([data["x"][:200]], 200), floor=False)}
    assert fewer["wasserstein"].stamp.looked == "200 of each"
    assert numbers["wasserstein"].stamp.unlike(fewer["wasserstein"].stamp) == ["samples", "looked"]


# -- errors -----------------------------------------------------------------------------------------------------------


def over_spread(measure: Any, printed: int, redraws: int, d: int, shift: float) -> float:
    """The mean printed error over how much a number varies, of samples that are drawn anew."""
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(200, d, generator=generator)
    made = (torch.randn(200, d, generator=generator) + shift for _ in range(redraws))
    found = [measure(real, rows, 24 * (draw < printed)) for draw, rows in enumerate(made)]
    errors = [error for _, error in found if error is not None]
    assert len(errors) >= printed
    return float(np.mean(errors) / np.std([value for value, _ in found]))


def _frechet(real, made, splits):
    moments = [Moments(real.shape[1]) for _ in range(2)]
    for each, rows in zip(moments, (real, made), strict=True):
        each.add(rows)
    return frechet.frechet(moments[0], moments[1]), frechet.frechet_error(moments[0], moments[1], made)


SMOOTH = {
    "frechet": _frechet,
    "kid": lambda real, made, splits: frechet.kernel_distance(real, made),
    "score": lambda real, made, splits: frechet.class_score(made),
}


@pytest.mark.parametrize("shift", [0.0, 0.4])
@pytest.mark.parametrize("name", SMOOTH)
def test_errors_of_smooth_numbers_are_how_much_they_vary(name, shift):
    """At the floor and off it. ``python -m benchmarks.intervals`` has all numbers; of 300 redraws a spread is known to
    4 %."""
    assert over_spread(SMOOTH[name], 300, 300, 4, shift) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_errors_from_halves_are_how_much_numbers_vary(shift):
    def sliced(real, made, splits):
        return transport.sliced_and_error(real, made, 0, splits)

    assert over_spread(sliced, 10, 150, 2, shift) == pytest.approx(1, abs=0.25)
    assert over_spread(neighbours.two_sample, 10, 150, 2, shift) == pytest.approx(1, abs=0.25)


def test_an_error_is_asked_for_or_none():
    a, b = torch.randn(40, 2), torch.randn(40, 2)
    assert all(error is None for _, error in neighbours.balls(a, b).values())
    assert neighbours.two_sample(a, b)[1] is None
    assert errors.of_mean(torch.tensor([0.0, 1.0, 0.0, 1.0])) == pytest.approx(math.sqrt(1 / 3) / 2)


# -- features of one's own --------------------------------------------------------------------------------------------

FILE = """
import torch
from torch import nn


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(64, 12))


def with_classes(x):
    flat = x.flatten(1)
    return flat[:, ::4], flat[:, :10]


def a_picture(x):
    return x


def fails(x):
    return x @ nothing
"""


def test_features_may_be_a_network_in_a_file(place, capsys):
    Path("mine.py").write_text(FILE)
    data = ga.data.load("digits").subset(range(200))
    ga.pictures.write_samples(data["x"][:60], data.spec["x"], "made")
    command = ["evaluate", "made", "--data", "digits", "--count", "60", "--json", "--metrics", "frechet,score"]
    assert cli.main([*command, "--features", "./mine.py:network,./mine.py:with_classes"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    found = [(number["metric"], number["features"], number["stamp"]["size"]) for number in row["numbers"]]
    assert found == [
        ("frechet", "mine.py:network", 12),
        ("frechet", "mine.py:with_classes", 16),
        ("score", "mine.py:with_classes", 16),
    ]
    before = row["numbers"][1]["stamp"]["features"]
    Path("mine.py").write_text(FILE + "\n# another\n")
    assert cli.main([*command, "--features", "mine.py:with_classes"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["numbers"][0]["stamp"]["features"] != before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mine.py:nobody", "has no 'nobody': it defines network"),
        ("mine.py", "Name one: mine.py:NAME"),
        ("none.py:network", "There is no file none.py"),
        ("mine.py:a_picture", r"give features of shape (2, 1, 8, 8) for 2 samples; they have the shape (2, d)"),
        ("mine.py:fails", "NameError: name 'nothing' is not defined (mine.py, line 21)"),
    ],
)
def test_what_is_no_feature_is_told_in_a_line(place, capsys, name, words):
    Path("mine.py").write_text(FILE)
    np.save("made.npy", np.zeros((20, 8, 8, 1), np.uint8))
    assert cli.main(["evaluate", "made.npy", "--data", "digits", "--features", name]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said


def test_features_may_be_a_network_from_python(digits):
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 5))
    found = ga.evaluate(digits["x"][:100], digits, features=[network, "pixels"], metrics=["frechet"])
    assert [number.features for number in found.numbers] == ["Sequential", "pixels"][: len(found.numbers)]
    again = ga.evaluate(digits["x"][:100], digits, features=network, metrics=["frechet"])
    assert again["frechet"].stamp == found["frechet"].stamp
    with torch.no_grad():
        for each in network.parameters():
            each += 1
    moved = ga.evaluate(digits["x"][:100], digits, features=network, metrics=["frechet"])
    assert moved["frechet"].stamp.unlike(found["frechet"].stamp) == ["features"]
    with pytest.raises(ValueError, match="is there twice"):
        ga.evaluate(digits["x"][:100], digits, features=[network, network])


def test_games_are_judged_whatever_the_order_of_their_samples():
    data = ga.data.load("ring", count=400)
    game = ga.GAN.on(data)
    judge = Judge(data, reference=100)
    rows = judge.look(of_game(game, 250, 0), 250)
    assert [len(each) for each in rows] == [84, 83, 83]
