"""AdaGAN: the weights of the data, and the mixture."""

from __future__ import annotations

import math

import pytest
import torch
from zoo import play, toy_batch, toy_data

from ganarium.games.adversarial.adagan import AdaGAN, boosted_weights
from ganarium.nets import Plain
from ganarium.spec import Field, Spec


def game(components: int = 3, count: int = 64, **options) -> AdaGAN:
    torch.manual_seed(0)
    spec = Spec(x=Field((2,), "points"), index=Field((), "index", classes=count))
    return AdaGAN(spec, components=components, architecture=Plain(width=8), **options)


@pytest.mark.parametrize("beta", [0.1, 0.5, 1 / 3, 1.0])
def test_weights_are_a_law_that_falls_with_the_ratio(beta):
    ratio = torch.rand(500, dtype=torch.float64).mul(6).sub(3).exp()
    weights = boosted_weights(ratio, beta)
    assert weights.sum().item() == pytest.approx(1)
    assert (weights >= 0).all()
    assert (weights[ratio.argsort()].diff() <= 1e-15).all()


def test_weights_solve_the_equation_of_the_level():
    """sum_i max(0, lambda - (1 - beta) r_i) = N beta, solved by bisection."""
    beta, ratio = 0.25, torch.rand(300, dtype=torch.float64).mul(8).sub(4).exp()
    low, high = 0.0, 1e3
    for _ in range(80):
        middle = (low + high) / 2
        mass = (middle - (1 - beta) * ratio).clamp(min=0).sum().item()
        low, high = (middle, high) if mass < len(ratio) * beta else (low, middle)
    expected = (low - (1 - beta) * ratio).clamp(min=0) / (len(ratio) * beta)
    torch.testing.assert_close(boosted_weights(ratio, beta), expected)


def test_what_the_mixture_covers_well_gets_no_weight_and_what_it_misses_gets_it_all():
    ratio = torch.tensor([0.0, 0.0, 50.0, 50.0])
    assert boosted_weights(ratio, 0.5).tolist() == [0.5, 0.5, 0.0, 0.0]


def test_a_perfect_mixture_or_a_share_of_one_weighs_all_data_alike():
    assert boosted_weights(torch.ones(8), 0.3).tolist() == pytest.approx([1 / 8] * 8)
    assert boosted_weights(torch.rand(8), 1.0).tolist() == pytest.approx([1 / 8] * 8)


def test_the_target_law_makes_the_mixture_whole_where_that_is_possible():
    """With r below lambda / (1 - beta) everywhere, (1 - beta) q + beta g is the data's law."""
    ratio = torch.tensor([0.5, 1.5, 0.8, 1.2], dtype=torch.float64)
    mixed = 0.5 * ratio / 4 + 0.5 * boosted_weights(ratio, 0.5)
    torch.testing.assert_close(mixed, torch.full_like(mixed, 0.25))


def test_begin_weighs_the_data_by_index_with_the_fresh_classifier():
    adagan = game()
    data = toy_data(adagan)
    adagan.reweigh(list(data.sweep(10))[::-1], t=1)
    with torch.no_grad():
        score = adagan.classifiers[0].eval()(data["x"])
    expected = 64 * boosted_weights(score.neg().exp().double(), 0.5)
    torch.testing.assert_close(adagan.weights, expected.float())
    assert adagan.weights.mean().item() == pytest.approx(1)
    assert adagan.mixture.tolist() == [0.5, 0.5, 0.0]


def test_what_the_classifier_takes_for_data_gets_more_weight():
    """D says how probable data is: a high score is a region that the mixture misses."""
    adagan = game()
    data = toy_data(adagan)
    adagan.classifiers[0] = First()
    adagan.reweigh(data.sweep(64), t=1)
    order = data["x"][:, 0].argsort()
    assert (adagan.weights[order].diff() >= -1e-6).all()
    assert adagan.weights[order[-1]] > adagan.weights[order[0]]


class First(torch.nn.Module):
    """Scores points by their first coordinate."""

    def forward(self, x):
        return x[:, 0]


def test_bagging_weighs_nothing():
    adagan = game(boosted=False)
    adagan.reweigh(toy_data(adagan).sweep(64), t=1)
    assert adagan.weights.eq(1).all()
    assert adagan.mixture.tolist() == [0.5, 0.5, 0.0]


def test_shares_of_the_mixture_end_equal():
    adagan = game(components=4)
    for t in (1, 2, 3):
        adagan.reweigh(toy_data(adagan).sweep(64), t=t)
    assert adagan.mixture.tolist() == pytest.approx([0.25] * 4)


def test_samples_come_from_the_components_by_their_shares():
    adagan = game()
    adagan.generators = torch.nn.ModuleList([Constant(k) for k in range(3)])
    adagan.mixture.copy_(torch.tensor([0.2, 0.0, 0.8]))
    counts = torch.bincount(adagan.sample(4000, seed=0)[:, 0].long(), minlength=3) / 4000
    assert counts[1] == 0
    assert counts[2].item() == pytest.approx(0.8, abs=0.03)


class Constant(torch.nn.Module):
    """Draws one point."""

    def __init__(self, value: float):
        super().__init__()
        self.value = value

    def forward(self, z):
        return torch.full((len(z), 2), float(self.value), dtype=z.dtype)


def test_the_weights_multiply_the_terms_of_real_data_only():
    adagan = game()
    batch = toy_batch(adagan)
    torch.manual_seed(1)
    before = adagan.discriminator_loss(batch, t=0)
    adagan.weights.mul_(3)
    torch.manual_seed(1)
    after = adagan.discriminator_loss(batch, t=0)
    assert after["real"].item() == pytest.approx(3 * before["real"].item())
    assert after["fake"].item() == before["fake"].item()
    assert not after["weight"].requires_grad


def test_weighted_batches_descend_what_batches_drawn_by_weight_do():
    """E over even batches of N w_i f_i is E over batches from w of f_i, exactly: the sum of w_i f_i."""
    adagan = game()
    data = toy_data(adagan)
    adagan.reweigh(data.sweep(64), t=1)
    whole = next(iter(data.sweep(64)))
    score = adagan.discriminators[1](whole["x"])
    drawn = (adagan.weights / 64 * torch.nn.functional.softplus(-score)).sum()
    torch.testing.assert_close(adagan.discriminator_loss(whole, t=1)["real"], drawn)


def test_a_later_stage_leaves_earlier_components_alone():
    adagan = game(components=2)
    stages = [stage.name for stage in adagan.stages()]
    assert stages == ["component 1", "mixture 1", "component 2"]
    trainer = play(adagan, 8)
    first = {k: v.clone() for k, v in adagan.generators[0].state_dict().items()}
    for _ in trainer.play(toy_data(adagan), 32, 12):
        pass
    assert all(torch.equal(v, first[k]) for k, v in adagan.generators[0].state_dict().items())
    assert adagan.mixture.tolist() == [0.5, 0.5]


def test_ratios_stay_finite_when_the_classifier_is_sure():
    adagan = game()
    adagan.classifiers[0] = Sure()
    adagan.reweigh(toy_data(adagan).sweep(64), t=1)
    assert adagan.weights.isfinite().all()
    assert math.isclose(adagan.weights.mean().item(), 1, rel_tol=1e-5)


class Sure(torch.nn.Module):
    """Scores no finite ratio can be made of."""

    def forward(self, x):
        return 1e4 * x[:, 0].sign()


def test_wrong_counts_are_refused_in_words():
    with pytest.raises(ValueError, match="components >= 1"):
        game(components=0)
    with pytest.raises(ValueError, match="AdaGAN needs 3 generators"):
        game(generators=[torch.nn.Linear(5, 2)])
