"""CycleGAN: round trips, pools, and networks from image to image."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from zoo import toy, toy_batch

from ganarium.games.translation.cyclegan import CycleGAN
from ganarium.ingredients import Adaptive, Brightness, Pool
from ganarium.nets import patch_discriminator, translator
from ganarium.spec import Field, Spec


def image(side: int, channels: int = 3) -> Field:
    return Field((channels, side, side), "image")


class Scale(nn.Module):
    def __init__(self, factor: float):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x):
        return self.factor * x


class Constant(nn.Module):
    def __init__(self, score: float):
        super().__init__()
        self.score = nn.Parameter(torch.tensor(score))

    def forward(self, x):
        return self.score.expand(len(x), 2, 2)


def simple(there: float, back: float, score: float = 0.5, **options: Any) -> CycleGAN:
    networks = {"to_b": Scale(there), "to_a": Scale(back)}
    judges = {"discriminator_a": Constant(score), "discriminator_b": Constant(score)}
    return CycleGAN(Spec(a=image(8), b=image(8)), **networks, **judges, **options)


def test_translators_that_invert_each_other_have_no_cycle_term():
    game = simple(2.0, 0.5)
    assert game.translators_loss(toy_batch(game))["cycle"].item() == pytest.approx(0, abs=1e-6)


def test_the_cycle_term_is_the_weighted_mean_absolute_error_of_both_round_trips():
    game = simple(2.0, 1.0, cycle=3.0)
    batch = toy_batch(game)
    expected = 3.0 * (batch["a"].abs().mean() + batch["b"].abs().mean())
    torch.testing.assert_close(game.translators_loss(batch)["cycle"], expected)


def test_the_identity_term_is_weighted_in_units_of_the_cycle():
    game = simple(3.0, 1.0, cycle=4.0, identity=0.5)
    batch = toy_batch(game)
    torch.testing.assert_close(game.translators_loss(batch)["identity"], 2.0 * 2 * batch["b"].abs().mean())
    assert "identity" not in simple(3.0, 1.0).translators_loss(batch)


def test_scores_cost_what_the_paper_says():
    game = simple(1.0, 1.0, score=0.25)
    batch = toy_batch(game)
    assert game.translators_loss(batch)["fake"].item() == pytest.approx(2 * 0.75**2)
    terms = game.discriminators_loss(batch)
    assert terms["real"].item() == pytest.approx(2 * 0.75**2 / 2)
    assert terms["fake"].item() == pytest.approx(2 * 0.25**2 / 2)


def test_the_discriminators_loss_reaches_no_translator():
    game = toy("cyclegan")
    batch = toy_batch(game)
    game.translators_loss(batch)
    torch.stack(list(game.discriminators_loss(batch).values())).sum().backward()
    assert all(p.grad is None for network in (game.to_a, game.to_b) for p in network.parameters())
    assert all(p.grad is not None for p in game.discriminator_a.parameters())


def test_discriminators_see_what_was_translated_before_the_translators_moved():
    game = toy("cyclegan")
    batch = toy_batch(game, 8)
    expected = game.to_b(batch["a"]).detach()
    game.translators_loss(batch)
    with torch.no_grad():
        for p in game.to_b.parameters():
            p.zero_()
    game.discriminators_loss(batch)
    assert torch.equal(game.fake_b, expected)
    assert not game.fake_b.requires_grad
    kept = game.pool_b.kept[game.pool_b.taken]
    assert sorted(kept.sum((1, 2, 3)).tolist()) == pytest.approx(sorted(expected.sum((1, 2, 3)).tolist()))


def test_domains_may_have_other_numbers_of_channels():
    game = CycleGAN(Spec(a=image(8, 1), b=image(8, 3)), width=4, blocks=1, discriminator_width=4)
    assert game.translate(torch.zeros(2, 1, 8, 8), "b").shape == (2, 3, 8, 8)
    assert game.translate(torch.zeros(2, 3, 8, 8), "a").shape == (2, 1, 8, 8)


def test_what_cannot_work_is_refused():
    with pytest.raises(ValueError, match=r"identity=0\.5 needs domains of one shape"):
        CycleGAN(Spec(a=image(8, 1), b=image(8, 3)), identity=0.5)
    with pytest.raises(ValueError, match="same sides"):
        CycleGAN(Spec(a=image(8), b=image(16)))
    with pytest.raises(ValueError, match="'a' or 'b'; got to='c'"):
        toy("cyclegan").translate(torch.zeros(1, 3, 8, 8), "c")


def test_a_pool_fills_up_and_returns_what_it_is_given():
    pool = Pool(5, (1,))
    first, second = torch.arange(3.0)[:, None], torch.arange(3.0, 5.0)[:, None]
    assert torch.equal(pool(first), first)
    assert torch.equal(pool(second), second)
    assert sorted(pool.kept.flatten().tolist()) == [0, 1, 2, 3, 4]


def test_a_full_pool_exchanges_half_of_the_samples_and_loses_none():
    torch.manual_seed(0)
    pool = Pool(50, (1,))
    pool(torch.arange(50.0)[:, None])
    exchanged = 0
    for start in range(50, 4050, 8):
        new = torch.arange(start, start + 8.0)[:, None]
        before = set(pool.kept.flatten().tolist())
        answer = pool(new).flatten().tolist()
        after = set(pool.kept.flatten().tolist())
        old = set(answer) - set(new.flatten().tolist())
        assert old <= before
        assert len(after) == 50
        assert before | set(new.flatten().tolist()) == after | set(answer)
        exchanged += len(old)
    assert exchanged / 4000 == pytest.approx(0.5, abs=0.03)


def test_a_pool_smaller_than_the_batch_and_no_pool_at_all():
    new = torch.arange(6.0)[:, None]
    small = Pool(4, (1,))
    small(new)
    again = small(new + 10)
    assert torch.equal(again[4:], new[4:] + 10)
    assert torch.equal(Pool(0, (1,))(new), new)
    with pytest.raises(ValueError, match="got size=-1"):
        Pool(-1, (1,))


def test_a_pool_is_saved_with_its_game():
    pool, other = Pool(4, (2,)), Pool(4, (2,))
    pool(torch.randn(3, 2))
    other.load_state_dict(pool.state_dict())
    assert torch.equal(other.kept, pool.kept)
    assert other.taken.sum() == 3


@pytest.mark.parametrize("side", [8, 13, 16, 28, 64, 256])
def test_translators_keep_the_size(side):
    network = translator(image(side, 1), image(side, 3), width=2, blocks=1)
    made = network(torch.rand(1, 1, side, side))
    assert made.shape == (1, 3, side, side)
    assert made.abs().max() <= 1


@pytest.mark.parametrize(("halvings", "seen"), [(1, 16), (2, 34), (3, 70)])
def test_a_score_sees_a_patch(halvings, seen):
    network = patch_discriminator(image(128, 1), width=2, halvings=halvings)
    # Instance norm looks at the whole image; the patch is what the convolutions see.
    network.layers = nn.Sequential(*[layer for layer in network.layers if not isinstance(layer, nn.InstanceNorm2d)])
    x = torch.rand(1, 1, 128, 128, requires_grad=True)
    scores = network(x)
    scores[0, scores.shape[1] // 2, scores.shape[2] // 2].backward()
    assert x.grad is not None
    rows = x.grad[0, 0].abs().sum(1).nonzero().flatten()
    assert (rows.max() - rows.min() + 1).item() == seen


def test_a_patch_discriminator_judges_along_with_an_image():
    network = patch_discriminator(image(16, 3), width=4, condition=image(16, 1))
    assert network(torch.zeros(2, 3, 16, 16), torch.zeros(2, 1, 16, 16)).ndim == 3
    with pytest.raises(ValueError, match="built for a condition: one; got nothing"):
        network(torch.zeros(2, 3, 16, 16))
    with pytest.raises(ValueError, match="sides of 32 or more"):
        patch_discriminator(image(16), halvings=3)


def test_each_domain_s_augmentation_follows_its_own_discriminator():
    game = simple(1.0, 1.0, augment=Adaptive(speed=100, moves=1, start=0.5))
    batch = toy_batch(game, 10)
    game.discriminator_a, game.discriminator_b = Constant(2.0), Constant(-1.0)
    game.translators_loss(batch)
    terms = game.discriminators_loss(batch)
    assert (terms["sign_a"].item(), terms["sign_b"].item()) == (1, -1)
    game.adapt(terms)
    probabilities = game.state_dict()["augmented_a.p"].item(), game.state_dict()["augmented_b.p"].item()
    assert probabilities == pytest.approx((0.6, 0.4))


def test_pools_keep_translations_as_they_are_and_round_trips_see_no_augmentation():
    game = simple(1.0, 1.0, augment=Adaptive((Brightness(),), start=1.0))
    batch = toy_batch(game, 4)
    assert game.translators_loss(batch)["cycle"].item() == 0
    game.discriminators_loss(batch)
    kept = game.pool_b.kept[game.pool_b.taken]
    assert sorted(kept.sum((1, 2, 3)).tolist()) == sorted(batch["a"].sum((1, 2, 3)).tolist())
