"""Trivial answers: what they are of points, images with labels, tokens and bits."""

from __future__ import annotations

import pytest
import torch

from ganarium.data import InMemory, load
from ganarium.data.tensors import from_tensors
from ganarium.proving.answers import Answer
from ganarium.spec import Field
from ganarium.zoo.claim import ANSWERS


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_as_a_game_would_give_it(name: str) -> None:
    for data in (load("ring", count=400), load("digits", split="train"), load("melodies", count=64)):
        made = Answer(name).samples(data, 50)
        assert made.shape == (50, *data.spec["x"].shape)
        assert made.dtype == data["x"].dtype
        assert torch.equal(made, Answer(name).samples(data, 50))


def test_real_samples_are_held_out_where_there_are_such() -> None:
    train = load("digits", split="train")
    made = Answer("data").samples(train, 2000)
    assert len(made) == len(train.test) == len(made.unique(dim=0))
    assert torch.equal(made.flatten(1).sort(0).values, train.test["x"].flatten(1).sort(0).values)
    ring = load("ring", count=400)
    assert torch.cdist(Answer("data").samples(ring, 400), ring["x"]).min() > 0


def test_copies_are_sixteen_samples_of_the_data_and_the_repeated_one_is_one() -> None:
    data = load("ring", count=400)
    for name, count in (("copies", 16), ("repeated", 1)):
        made = Answer(name).samples(data, 1000).unique(dim=0)
        assert len(made) == count
        assert torch.cdist(made, data["x"]).min(1).values.max() == 0


def test_noise_has_the_datas_mean_and_deviation_and_stays_in_the_range_of_images() -> None:
    x = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 2.0, 3.0]) + 5
    data = InMemory({"x": x}, {"x": Field((3,), "points")})
    made = Answer("noise").samples(data, 20_000)
    assert torch.allclose(made.mean(0), x.mean(0), atol=0.1)
    assert torch.allclose(made.std(0), x.std(0), rtol=0.03)
    assert torch.corrcoef(made.T).fill_diagonal_(0).abs().max() < 0.03
    digits = Answer("noise").samples(load("digits"), 500)
    assert digits.min() == -1
    assert digits.max() == 1


def test_with_labels_prototypes_and_copies_are_of_the_class_that_is_asked_for() -> None:
    data, asked = load("digits"), torch.arange(100) % 10
    made = Answer("prototype").samples(data, 100, labels=asked)
    assert torch.allclose(made[3], data["x"][data["y"] == 3].mean(0), atol=1e-5)
    assert len(made.unique(dim=0)) == 10
    for name in ("copies", "data"):
        nearest = torch.cdist(Answer(name).samples(data, 100, labels=asked).flatten(1), data["x"].flatten(1)).argmin(1)
        assert torch.equal(data["y"][nearest], asked)
    assert len(Answer("copies").samples(data, 100, labels=asked).unique(dim=0)) == 10


def test_tokens_and_bits_stay_tokens_and_bits() -> None:
    tokens = torch.tensor([[0, 5], [0, 6], [0, 6], [1, 6]])
    data = InMemory({"x": tokens}, {"x": Field((2,), "tokens", classes=7)})
    noise = Answer("noise").samples(data, 4000)
    assert noise.dtype == torch.int64
    assert (noise[:, 0] == 1).float().mean() == pytest.approx(0.25, abs=0.03)
    # The law of each place alone: 1 and 5 never stand together in the data.
    assert ((noise[:, 0] == 1) & (noise[:, 1] == 5)).float().mean() == pytest.approx(1 / 16, abs=0.02)
    assert Answer("prototype").samples(data, 2).tolist() == [[0, 6], [0, 6]]
    bits = load("digits", binary=True)
    for name in ("noise", "prototype"):
        assert set(Answer(name).samples(bits, 50).unique().tolist()) <= set(bits["x"].unique().tolist())


def test_there_are_five_answers() -> None:
    with pytest.raises(ValueError, match="one of data, copies, repeated, noise, prototype; got 'mean'"):
        Answer("mean")
    assert len(Answer("data").samples(from_tensors(torch.randn(30, 2)), 100)) == 30
