"""Copies: found among all that was learned from, and not where there are none."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch
from scipy import stats
from torch.nn.functional import avg_pool2d

import ganarium as ga
from ganarium.cli import dispatch as cli
from ganarium.latent.nearest import Nearest
from ganarium.metrics.copies import _ranks, copies, nearer, search
from ganarium.metrics.judge import Judge
from ganarium.metrics.known_features import fine
from ganarium.metrics.looks import of_tensor
from ganarium.metrics.memorised import Learned, unseen


def drawn(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=drawn(seed))


def with_copies(made: torch.Tensor, train: torch.Tensor, share: float, noise: float = 0.0) -> torch.Tensor:
    """Samples the first of which are copies."""
    n = round(share * len(made))
    chosen = train[torch.randperm(len(train), generator=drawn(7))[:n]]
    chosen = chosen + noise * torch.randn(chosen.shape, generator=drawn(8))
    return torch.cat([chosen, made[len(chosen) :]])


@pytest.fixture(scope="module")
def digits():
    """Training, held-out and other digits, as rows."""
    x = ga.data.load("digits")["x"].flatten(1)
    return x[torch.randperm(len(x), generator=drawn(0))].split([1000, 400, 397])


# -- the search -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0.0, 1000.0])
@pytest.mark.parametrize(("n", "d", "decay"), [(600, 2, 0.0), (2100, 100, 2.0), (300, 100, 0.0)])
def test_the_nearest_are_those_of_an_exhaustive_search(n, d, decay, offset):
    scale = torch.logspace(0, -decay, d)
    known = offset + normal(2000, d, 0) * scale
    own = torch.cat([known[:50], offset + normal(n - 50, d, 1) * scale])
    near = Nearest(own, 3)
    for block in known.split(701):
        near.add(block)
    apart = torch.cdist(own.double(), known.double(), compute_mode="donot_use_mm_for_euclid_dist")
    wanted = apart.topk(3, largest=False)
    assert torch.equal(near.places, wanted.indices)
    assert torch.allclose(near.distances.double(), wanted.values, rtol=1e-5, atol=1e-6)
    assert (near.distances[:50, 0] == 0).all()


def test_equal_rows_in_any_number_are_found():
    grid = torch.randint(0, 3, (500, 2), generator=drawn(0)).float()
    found = search(grid, grid.split(64))
    assert found.equal.all()
    assert (found.ratios == 0).all()
    assert (found.places >= 0).all()
    with pytest.raises(ValueError, match="two samples or more; got 1"):
        search(grid, [grid[:1]])


# -- the tests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1400, 5000, 10_000, 20_000, 60_000])
def test_training_data_given_back_is_found_however_much_there_is(count):
    data = ga.data.from_tensors(normal(count, 16, 0))
    learned = Learned(data, ga.data.from_tensors(normal(1000, 16, 1)))
    rows = next(learned.rows(data, torch.randperm(count, generator=drawn(2))[:256]))
    found = learned.compare(rows)
    assert found.found
    assert found.duplicates[0] == found.single[0] == found.nearer[0] == 1


@pytest.mark.parametrize(("share", "noise"), [(0.05, 0.0), (0.05, 0.05), (0.2, 0.1), (1.0, 0.1)])
def test_a_part_of_copies_is_found(digits, share, noise):
    train, held_out, others = digits
    assert copies(train, held_out, with_copies(others, train, share, noise)).found


def test_one_in_a_hundred_is_found_among_many():
    train, held_out, others = normal(20_000, 16, 0), normal(3000, 16, 1), normal(3000, 16, 2)
    for noise in (0.0, 0.1):
        found = copies(train, held_out, with_copies(others, train, 0.01, noise))
        assert found.found
        assert found.single[0] == pytest.approx(0.011, abs=0.002)


@pytest.mark.parametrize("law", ["digits", "normal", "ring", "grid"])
def test_alarms_without_copies_are_rare(law):
    def rows(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        if law == "digits":
            x = ga.data.load("digits")["x"].flatten(1)
            x = x[torch.randperm(len(x), generator=drawn(seed))]
        elif law == "ring":
            x = ga.data.load("ring", count=1800, seed=seed)["x"]
        else:
            x = normal(1800, 16 if law == "normal" else 2, seed)
            x = x if law == "normal" else x.mul(3).round()
        train, held_out, made = x.split([1000, 400, len(x) - 1400])
        return train, held_out, made[made[:, 0].argsort()]  # samples that are sorted

    alarms = sum(copies(*rows(seed)).found for seed in range(40))
    # At most one of twenty is expected; more than six of forty would have a chance of 0.5 %.
    assert alarms <= 6


def test_what_is_nearer_to_all_is_no_copy(digits):
    train, held_out, others = digits
    soft = avg_pool2d(others.view(-1, 1, 8, 8), 3, 1, 1).flatten(1)
    assert not copies(train, held_out, soft).found
    # Samples that keep to the middle have more data around them.
    found = copies(normal(1000, 16, 0), normal(400, 16, 1), 0.7 * normal(400, 16, 2))
    assert not found.found
    assert found.z < -2
    assert found.nearer[0] > 0.6
    assert "nearer to all of it" in str(found)


def test_data_that_holds_the_held_out_data_too_is_no_alarm(digits):
    train, held_out, others = digits
    both = torch.cat([train, held_out[:200], others[:200]])
    found = copies(both, held_out, others)
    assert not found.found
    assert found.usual == pytest.approx(0.5)
    assert found.duplicates[0] == pytest.approx(200 / 397)


def test_one_sample_again_and_again_says_as_much_as_one(digits):
    train, held_out, others = digits
    found = copies(train, held_out, others[:1].repeat(400, 1))
    assert not found.found
    assert found.effective == pytest.approx(1)
    assert copies(train, held_out, train[:10].repeat(40, 1)).found


def test_training_data_that_comes_twice_hides_nothing(digits):
    train, held_out, others = digits
    assert copies(train.repeat(2, 1), held_out, with_copies(others, train, 0.1, 0.02)).found


def test_the_statistic_is_the_standardised_rank_sum():
    made, held_out = normal(60, 1, 0)[:, 0], normal(80, 1, 1)[:, 0] + 0.3
    one = torch.zeros(60), torch.zeros(80)
    ranks = _ranks(made, held_out, *(each.long() for each in one))
    wanted = stats.mannwhitneyu(made.numpy(), held_out.numpy(), use_continuity=False, method="asymptotic")
    assert ranks.nearer[0] == pytest.approx(1 - float(wanted.statistic) / (60 * 80))
    assert stats.norm.cdf(ranks.z) == pytest.approx(float(wanted.pvalue) / 2)  # nearer: below zero
    assert ranks.beyond(0.5) == pytest.approx(ranks.z)


def test_the_tail_has_an_exact_law():
    below = []
    for seed in range(4000):
        held_out, made = torch.rand(500, generator=drawn(seed)), torch.rand(100, generator=drawn(10_000 + seed))
        below.append(int((made < held_out.kthvalue(2).values).sum()))
    law = stats.betabinom(100, 2, 499)
    for x in (1, 2, 3):
        assert sum(each >= x for each in below) / 4000 == pytest.approx(float(law.sf(x - 1)), abs=0.025)


def test_intervals_are_as_wide_as_samples_vary(digits):
    train, held_out, others = digits
    made = with_copies(others, train, 0.3, 0.05)
    found = [
        copies(train, held_out, made[torch.randint(len(made), (len(made),), generator=drawn(s))]) for s in range(60)
    ]
    for name in ("nearer", "tail", "single"):
        values = torch.tensor([getattr(each, name) for each in found], dtype=torch.float64)
        assert float(values[:, 1].mean() / values[:, 0].std()) == pytest.approx(1, abs=0.3)


def test_how_often_samples_are_nearer_to_one_of_two_equal_sets():
    train, held_out, fresh = normal(500, 6, 0), normal(500, 6, 1), normal(500, 6, 2)
    assert nearer(train, held_out, fresh) == pytest.approx(0.5, abs=0.08)
    assert nearer(train, held_out, train + 1e-3 * fresh) > 0.99
    with pytest.raises(ValueError, match="As much data of both"):
        nearer(train, held_out[:5], fresh)


# -- in an evaluation -------------------------------------------------------------------------------------------------


def test_an_evaluation_looks_in_all_that_was_learned_from():
    train = ga.data.load("digits").train
    judge = Judge(train, features=["digits"])
    names = ["memorised", "tail", "copies", "duplicates"]
    copied = {n.metric: n for n in judge.judge(judge.look(of_tensor(train["x"]), 1400), names)}
    assert [copied[name].value for name in names] == [pytest.approx(1)] * 4
    assert [copied[name].floor for name in names] == [0.5, pytest.approx(1 / 398), pytest.approx(1 / 398), 0]
    assert copied["memorised"].stamp.reference == len(train)
    assert copied["memorised"].features == "pixels"
    assert copied["memorised"].stamp.samples == 1400
    assert judge.notes[-1].startswith("copies: found, by ")
    fresh = {n.metric: n for n in judge.judge(judge.look(of_tensor(train.test["x"]), 397), names)}
    assert fresh["memorised"].value == pytest.approx(0.5)
    assert fresh["duplicates"].value == 0
    assert judge.notes[-1].startswith("copies: none that could not be chance")


def test_without_held_out_data_copies_are_not_looked_for():
    digits = ga.data.load("digits")
    judge = Judge(digits, features=["pixels"])
    assert unseen(digits) is None
    assert judge.judge(judge.look(of_tensor(digits["x"][:400]), 400), ["memorised"]) == []
    assert "no data that was not learned from" in judge.notes[-1]


@pytest.mark.parametrize(("shape", "size", "name"), [((1, 8, 8), 64, "pixels"), ((1, 28, 28), 784, "fine-pixels")])
def test_images_are_compared_as_finely_as_they_are(shape, size, name):
    data = ga.data.from_tensors(torch.zeros(20, *shape), kind="image", range=(-1, 1))
    assert (fine(data).size, fine(data).name) == (size, name)
    large = ga.data.from_tensors(torch.zeros(20, 3, 64, 64), kind="image", range=(-1, 1))
    assert fine(large).size == 3 * 18 * 18


def test_another_draw_of_a_world_is_brought_to_the_units_of_what_was_learned_from():
    ring = ga.data.load("ring", count=1000)
    learned = Learned(ring, unseen(ring))
    other = ga.data.load("ring", count=500, seed=9)
    rows = torch.cat(list(learned.rows(other, torch.arange(500))))
    assert not learned.compare(rows).found
    assert dataclasses.is_dataclass(learned.found)


def test_copies_in_somebodys_samples_are_found_beside_held_out_data(digits, tmp_path, capsys):
    names = ("train", "held", "made")
    made = with_copies(digits[2], digits[0], 0.2, 0.01)
    for name, rows in zip(names, (digits[0], digits[1], made), strict=True):
        np.save(tmp_path / f"{name}.npy", rows.numpy())
    train, held, made = (str(tmp_path / f"{name}.npy") for name in names)
    asked = ["--features", "coordinates", "--metrics", "memorised,copies", "--json"]
    assert cli.main(["evaluate", made, "--data", train, "--held-out", held, *asked]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert [number["metric"] for number in row["numbers"]] == ["memorised", "copies"]
    assert row["numbers"][1]["value"] > 0.15
    assert any(note.startswith("copies: found") for note in row["notes"])
    np.save(held, digits[1][:, :5].numpy())
    assert cli.main(["evaluate", made, "--data", train, "--held-out", held, *asked]) == 2
    assert "Held-out data is of the shape of what was learned from" in capsys.readouterr().err
