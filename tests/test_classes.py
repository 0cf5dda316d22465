"""Classes: found by their names, those that occur and no others, drawn as often as the data has them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import ganarium as ga
from ganarium import data as gd
from ganarium.cli.commands.on_runs import value
from ganarium.data.splits import halves
from ganarium.games.adversarial.am_gan import AMGAN
from ganarium.nets import Plain
from ganarium.randomness import seeded
from ganarium.running.run import build, drawn_evenly
from ganarium.spec import Field, Spec


def labels(*names: str, classes: int = 0, **more: Any) -> Field:
    return Field((), "label", classes=classes or len(names), names=names, **more)


# Names


@pytest.mark.parametrize(
    ("names", "asked", "place"),
    [
        (("cat", "dog"), "dog", 1),
        (("001", "002", "003"), "1", 0),
        (("001", "002", "003"), "003", 2),
        (("1", "2", "3"), "1", 0),
        (("2", "1", "0"), "0", 2),
        (("100", "200"), "200.0", 1),
        (("1", "01"), "01", 1),
        (("-5", "5"), "5", 1),
        ((), "2", 2),
    ],
)
def test_a_string_is_a_name_and_a_number_of_its_value(names: tuple[str, ...], asked: str, place: int):
    field = labels(*names, classes=len(names) or 3)
    assert field.read(asked, 1).tolist() == [place]
    assert field.read(value(asked, field), 2).tolist() == [place, place]


@pytest.mark.parametrize(
    ("names", "asked", "words"),
    [
        (("cat", "dog"), "1", "'1' is not a class of 'y'. There are cat, dog."),
        (("001", "002"), "0", "There are 001, 002."),
        (("cat", "7"), "07", "There are cat, 7."),
        (("1", "01"), "001", "Did you mean 1 or 01?"),
        (("cat", "dog"), "Dog", "Did you mean dog?"),
        (("cat", "²"), "2", "There are cat, ²."),
        ((), "3", "There are 0, 1, 2."),
        (tuple(f"n{place}" for place in range(15)), "x", "and 3 more."),
    ],
)
def test_the_place_of_a_class_is_no_name(names: tuple[str, ...], asked: str, words: str):
    field = labels(*names, classes=len(names) or 3)
    for given in (asked, value(asked, field)):
        with pytest.raises(ValueError, match="is not a class of") as caught:
            field.read(given, 1, "y")
        assert words in str(caught.value)


def test_several_names_and_names_with_commas_and_spaces():
    field = labels("sea lion", "cat, wild", "dog")
    assert field.read(value("sea lion,dog", field), 2).tolist() == [0, 2]
    assert field.read(value("cat, wild", field), 1).tolist() == [1]
    assert field.read(value("dog", field), 3).tolist() == [2, 2, 2]


def test_numbers_from_python_are_places():
    field = labels("100", "200")
    assert field.read(torch.tensor([1, 0]), 2).tolist() == [1, 0]
    assert field.read(1, 1).tolist() == [1]
    with pytest.raises(ValueError, match="from 0 to 1; got 100"):
        field.read(100, 1)


# Classes that nobody has


@pytest.mark.parametrize(
    ("y", "names", "places"),
    [
        ([100, 200, 100, -1], ("100", "200"), [0, 1, 0, -1]),
        ([3, 1, 2, 1], ("1", "2", "3"), [2, 0, 1, 0]),
        ([7, 7, 7, 7], ("7",), [0, 0, 0, 0]),
        ([5.0, 9.0, 5.0, 9.0], ("5", "9"), [0, 1, 0, 1]),
        ([True, False, True, True], (), [1, 0, 1, 1]),
    ],
)
def test_the_classes_are_those_that_occur(y: list[Any], names: tuple[str, ...], places: list[int]):
    data = gd.from_tensors(torch.rand(4, 2), y)
    assert (data.spec["y"].names, data["y"].tolist()) == (names, places)
    assert data.spec["y"].classes == (len(names) or 2)


def test_classes_that_are_named_may_be_lacking_and_are_never_drawn():
    data = gd.from_tensors(torch.rand(4, 2), [0, 2, 2, 2], names=("a", "b", "c"))
    assert data.spec["y"].frequencies == (0.25, 0.0, 0.75)
    assert data.spec["y"].draw(2000).bincount(minlength=3)[1] == 0


# As often as the data has them


def test_frequencies_are_of_known_labels_and_of_each_part():
    y = torch.tensor([0] * 60 + [1] * 20 + [-1] * 20)
    data = gd.from_tensors(torch.rand(100, 2), y)
    assert data.spec["y"].frequencies == (0.75, 0.25)
    assert data.subset([0, 1, 2, 60]).spec["y"].frequencies == (0.75, 0.25)
    assert data.subset([60, 61]).spec["y"].frequencies == (0.0, 1.0)
    assert data.train.spec["y"].frequencies == (0.75, 0.25)
    assert data.few_labels(5).spec["y"].frequencies == (0.75, 0.25)


def test_labels_are_drawn_by_the_law_of_the_data():
    field = labels(classes=3, frequencies=(0.05, 0.0, 0.95))
    with seeded(torch.device("cpu"), 0):
        drawn = field.draw(20_000)
        few = Field((), "label", classes=4).draw(8000)
    assert (drawn == 0).float().mean() == pytest.approx(0.05, abs=0.005)
    assert not (drawn == 1).any()
    assert few.bincount().min() > 1800


def test_frequencies_come_back_from_a_file_and_are_no_difference():
    spec = Spec(y=labels("a", "b", frequencies=(0.1, 0.9)))
    assert Spec.read(spec.plain())["y"].frequencies == (0.1, 0.9)
    assert spec["y"] == labels("a", "b")
    assert gd.difference(spec, Spec(y=labels("a", "b"))) == ""


def uneven() -> gd.InMemory:
    y = (torch.arange(400) % 20 == 0).long()
    return gd.from_tensors(torch.randn(400, 2) + 4 * y[:, None], y, names=("many", "few"))


def test_a_conditional_game_draws_the_classes_of_its_data(tmp_path: Any):
    data = uneven()
    run = ga.fit(ga.CGAN.on(data, architecture=Plain()), data, rounds=1, batch_size=8, quiet=True, out=tmp_path / "run")
    games: list[Any] = [run.game, build(run.config)]
    for game in games:
        with seeded(torch.device("cpu"), 1):
            assert game.choose(4000)["y"].float().mean() == pytest.approx(0.05, abs=0.015)
        assert drawn_evenly(game) == []


def test_am_gan_draws_them_in_samples_and_evenly_while_it_learns():
    data = uneven()
    game = AMGAN(data.spec, dynamic=False, latent=4, architecture=Plain()).eval()
    with seeded(torch.device("cpu"), 1):
        assert game.choose(4000)["y"].float().mean() == pytest.approx(0.05, abs=0.015)
    told: list[torch.Tensor] = []
    game.draw = lambda n, **condition: (told.append(condition["y"]), torch.zeros(n, 2))[1]  # type: ignore[method-assign]
    game.train().generator_loss({"x": torch.zeros(4000, 2)})
    assert told[0].float().mean() == pytest.approx(0.5, abs=0.05)


def test_an_older_run_draws_evenly_and_says_so():
    game = ga.CGAN(Spec(x=Field((2,), "points"), y=labels("a", "b")), architecture=Plain())
    with seeded(torch.device("cpu"), 1):
        assert game.choose(4000)["y"].float().mean() == pytest.approx(0.5, abs=0.05)
    assert drawn_evenly(game) == ["'y' is drawn evenly: the run does not say how often the data has each class."]
    assert drawn_evenly(game, {"y": "a"}) == []
    assert drawn_evenly(ga.InfoGAN.toy()) == []


def test_scores_without_a_label_are_of_the_law_of_the_data():
    game = ga.CGAN.on(uneven(), architecture=Plain())
    x = torch.randn(5, 2)
    odds = torch.stack([game.score(x, y=torch.full((5,), k)) for k in (0, 1)], 1).exp()
    assert torch.allclose(game.score(x), (odds @ torch.tensor([0.95, 0.05])).log(), atol=1e-5)


# Splits


@pytest.mark.parametrize("counts", [[50, 1, 1, 1], [6, 2, 2], [3, 1], [2, 2, 2, 2, 2], [40, 2, 1]])
def test_no_class_is_kept_for_testing_as_a_whole(counts: list[int]):
    y = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    train, test = halves(len(y), y, test=max(len(y) // 3, 1))
    assert set(y[train].tolist()) == set(y.tolist())
    assert len(train) + len(test) == len(y)
    assert len(test) >= 1


def test_classes_of_one_sample_each_are_split_nevertheless():
    train, test = halves(10, torch.arange(10))
    assert (len(train), len(test)) == (8, 2)
