"""BiGAN: pairs, their scores, and who learns from which."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus
from zoo import toy, toy_batch, toy_data

from ganarium.engine.trainer import Trainer
from ganarium.games.inference.bigan import BiGAN
from ganarium.ingredients import Brightness, DiffAugment, Normal, Truncated, Uniform
from ganarium.nets import NormedPerceptrons, PairDiscriminator
from ganarium.spec import Field, Spec

IMAGES = Spec(x=Field((1, 8, 8), "image"))


class Constant(nn.Module):
    def __init__(self, score: float):
        super().__init__()
        self.score = nn.Parameter(torch.tensor(score))

    def forward(self, x, z):
        return self.score.expand(len(x))


def test_an_undecided_discriminator_costs_both_two_log_two():
    game = BiGAN(Spec(x=Field((2,), "points")), latent=4, discriminator=Constant(0.0))
    for loss in (game.discriminator_loss, game.generator_loss):
        terms = loss(toy_batch(game))
        assert (terms["real"] + terms["fake"]).item() == pytest.approx(2 * math.log(2))


def test_the_players_have_the_same_scores_with_opposite_signs():
    game, batch = toy("bigan"), toy_batch(toy("bigan"))
    torch.manual_seed(3)
    real, fake = game.pairs(batch["x"])
    torch.manual_seed(3)
    down = game.discriminator_loss(batch)
    torch.manual_seed(3)
    up = game.generator_loss(batch)
    torch.testing.assert_close(down["real"], softplus(-game.discriminator(*real)).mean())
    torch.testing.assert_close(up["real"], softplus(game.discriminator(*real)).mean())
    torch.testing.assert_close(down["fake"], softplus(game.discriminator(*fake)).mean())
    torch.testing.assert_close(up["fake"], softplus(-game.discriminator(*fake)).mean())


def test_the_discriminators_loss_reaches_nobody_else():
    game = toy("bigan")
    terms = game.discriminator_loss(toy_batch(game))
    (terms["real"] + terms["fake"]).backward()
    assert all(p.grad is not None for p in game.discriminator.parameters())
    assert all(p.grad is None for network in (game.generator, game.encoder) for p in network.parameters())


def test_the_encoder_learns_from_data_and_the_generator_from_latents():
    game = toy("bigan")
    terms = game.generator_loss(toy_batch(game))
    encoder, generator = list(game.encoder.parameters()), list(game.generator.parameters())

    def reach(term, parameters):
        return torch.autograd.grad(terms[term], parameters, retain_graph=True, allow_unused=True)

    assert all(g is None for g in reach("fake", encoder))
    assert all(g is None for g in reach("real", generator))
    assert all(g is not None for g in [*reach("real", encoder), *reach("fake", generator)])


def test_both_gradients_are_taken_before_either_steps():
    game = toy("bigan")
    scores = []
    game.discriminator.register_forward_hook(lambda *call: scores.append(call[-1].detach().clone()))
    report = next(iter(Trainer(game).play(toy_data(game), 16, 1)))
    assert report.round == 1
    real_of_d, fake_of_d, real_of_g, fake_of_g = scores
    assert torch.equal(real_of_d, real_of_g)
    assert torch.equal(fake_of_d, fake_of_g)


@pytest.mark.parametrize(
    ("law", "least", "most"), [(Uniform(-1, 1), -1, 1), (Uniform(2, 5), 2, 5), (Truncated(1.5), -1.5, 1.5)]
)
def test_codes_lie_where_latents_do(law, least, most):
    codes = law.within(torch.linspace(-50, 50, 101))
    assert (codes.min().item(), codes.max().item()) == pytest.approx((least, most))
    assert (codes.diff() >= 0).all()


def test_a_law_without_bounds_leaves_codes_alone():
    codes = torch.randn(7)
    assert torch.equal(Normal().within(codes), codes)


def test_reconstruction_is_the_sample_of_the_code():
    game = BiGAN(IMAGES, latent=6, architecture=NormedPerceptrons(16)).eval()
    x = torch.rand(5, 1, 8, 8) * 2 - 1
    assert torch.equal(game.reconstruct(x), game.generator(game.encode(x)))
    assert game.encode(x).shape == (5, 6)


def test_the_pair_discriminator_sees_both_once():
    judge = PairDiscriminator(IMAGES["x"], condition=6, units=16)
    assert judge.trunk.get_parameter("layer1.weight").shape == (16, 64 + 6)
    with pytest.raises(ValueError, match="pairs with latents"):
        judge(torch.zeros(2, 1, 8, 8))
    with pytest.raises(ValueError, match=r"\(2, 6\).*\(2, 5\)"):
        judge(torch.zeros(2, 1, 8, 8), torch.zeros(2, 5))


def test_images_are_augmented_and_codes_are_those_of_the_images_as_they_are():
    game = BiGAN(IMAGES, latent=6, architecture=NormedPerceptrons(16), augment=DiffAugment((Brightness(),)))
    encoded, judged = [], []
    game.encoder.register_forward_hook(lambda module, given, result: encoded.append(given[0]))
    game.discriminator.register_forward_hook(lambda module, given, result: judged.append(given[0]))
    batch = toy_batch(game, 8)
    for loss in (game.discriminator_loss, game.generator_loss):
        torch.manual_seed(3)
        loss(batch)
    assert all(torch.equal(x, batch["x"]) for x in encoded)
    real_of_d, fake_of_d, real_of_g, fake_of_g = judged
    assert (real_of_d != batch["x"]).flatten(1).all(1).all()
    # Players who move at once see the same.
    assert torch.equal(real_of_d, real_of_g)
    assert torch.equal(fake_of_d, fake_of_g)
