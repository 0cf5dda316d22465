"""InfoGAN: what Q reads, who fits it, and what the bound says."""

import math

import pytest
import torch
from torch import nn

from ganarium.games.conditional.infogan import InfoGAN
from ganarium.nets import Plain
from ganarium.spec import Field, Spec

SPEC = Spec(x=Field((2,), "points"))


def small(**options) -> InfoGAN:
    torch.manual_seed(0)
    return InfoGAN(SPEC, **{"latent": 4, "categories": 4, "codes": 2, "architecture": Plain(), **options})


def batch(n: int = 64):
    return {"x": torch.randn(n, 2)}


def test_q_is_fitted_by_the_discriminator_and_obeyed_by_the_generator():
    game = small()
    terms = game.discriminator_loss(batch())
    (terms["category"] + terms["code"]).backward()
    judge, maker, q = game.discriminator, game.generator, game.recogniser
    assert all(p.grad is not None for p in q.parameters())
    assert all(p.grad is not None for p in judge.trunk.parameters())
    assert all(p.grad is None for p in judge.head.parameters()), "the bound says nothing of real and fake"
    assert all(p.grad is None for p in maker.parameters()), "samples are detached in the discriminator's move"
    discriminator, generator = game.players()
    assert set(q.parameters()) < set(discriminator.parameters())
    assert not set(q.parameters()) & set(generator.parameters())
    terms = game.generator_loss(batch())
    grads = torch.autograd.grad(terms["category"] + terms["code"], list(maker.parameters()))
    assert any(g.abs().sum() > 0 for g in grads)


def test_a_q_that_knows_nothing_has_no_information_and_one_that_knows_all_has_log_k():
    category = torch.arange(8) % 4
    game = small(category_weight=3.0, code_weight=0.5)
    terms = game.code_law.cost(torch.zeros(8, 6), category=category, code=torch.full((8, 2), 0.5))
    assert terms["category"].item() == pytest.approx(3 * math.log(4), rel=1e-5)
    assert terms["code"].item() == pytest.approx(0.5 * (0.25 + 0.25) / 2)
    for layer in game.recogniser.modules():
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    assert game.discriminator_loss(batch())["information"].item() == pytest.approx(0, abs=1e-6)


def test_information_is_not_weighted_and_only_watched():
    game = small(category_weight=0.0, code_weight=0.0)
    terms = game.discriminator_loss(batch())
    assert not terms["information"].requires_grad
    assert terms["information"].item() != 0
    assert terms["category"].item() == terms["code"].item() == 0


def test_codes_follow_their_laws():
    category, code = small().choose(40_000).values()
    assert torch.bincount(category, minlength=4).sub(10_000).abs().max() < 500
    assert code.abs().max() <= 1
    assert code.mean(0).abs().max() < 0.02
    torch.testing.assert_close(code.var(0), torch.full((2,), 1 / 3), rtol=0.03, atol=0)


def test_codes_can_be_asked_for():
    game = small()
    assert set(game.conditions) == {"category", "code"}
    a = game.sample(3, seed=0, category=1, code=[0.0, 0.0])
    assert not torch.allclose(a, game.sample(3, seed=0, category=2, code=[0.0, 0.0]))
    assert not torch.allclose(a, game.sample(3, seed=0, category=1, code=[0.0, 2.0]))
    alone = small(codes=0)
    assert set(alone.conditions) == {"category"}
    assert "code" not in alone.generator_loss(batch())
    assert alone.sample(2, seed=0, category=3).shape == (2, 2)


def test_it_reads_categories_and_codes_from_data():
    game = small()
    x = torch.randn(5, 2)
    seen = game.encode(x)
    torch.testing.assert_close(seen[:, :4], game.classify(x).softmax(1))
    torch.testing.assert_close(seen[:, :4].sum(1), torch.ones(5))
    torch.testing.assert_close(game.heads(game.features(x))[0], game.score(x))


def test_it_refuses_a_single_category():
    with pytest.raises(ValueError, match="two categories or more"):
        small(categories=1)
