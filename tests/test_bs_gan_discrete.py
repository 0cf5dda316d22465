"""The discrete boundary-seeking GAN: weights over a latent's samples, no gradient through bits, a known optimum."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn
from zoo import toy

from ganarium.games.adversarial.bs_gan_discrete import BSGANDiscrete
from ganarium.nets import DeepConvolutional, Flat, Perceptrons, Plain
from ganarium.nets.layers.bits import log_mass, thrown, without_squashing
from ganarium.spec import Field, Spec

IMAGE = Spec(x=Field((1, 2, 2), "image"))
#: All images of four bits.
STATES = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=4))).view(16, 1, 2, 2)


class Chances(nn.Module):
    """One table of logits for every latent."""

    def __init__(self):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(1, 2, 2))

    def forward(self, z: Tensor) -> Tensor:
        return self.logits.expand(len(z), 1, 2, 2)


class Ratio(nn.Module):
    """The best discriminator there is: log p(x) - log q(x), with p independent bits."""

    def __init__(self, truth: Tensor, generator: Chances):
        super().__init__()
        self.truth, self.generator = truth, (generator,)
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (log_mass(x, self.truth, 3) - log_mass(x, self.generator[0].logits.detach(), 3))


def made(**options) -> BSGANDiscrete:
    return BSGANDiscrete(IMAGE, **{"latent": 3, "draws": 5, "architecture": Flat(8, depth=1), **options})


def test_log_masses_are_those_of_independent_bits():
    logits = torch.tensor([[[0.3, -2.0], [1.0, 0.0]]])
    masses = log_mass(STATES, logits, 3).exp()
    assert masses.sum().item() == pytest.approx(1)
    assert masses[-1].item() == pytest.approx(logits.sigmoid().prod().item())


def test_bits_are_thrown_with_their_chances_and_without_gradient():
    torch.manual_seed(0)
    chance = torch.tensor([0.1, 0.5, 0.9], requires_grad=True)
    x = thrown(chance.expand(20_000, 3))
    assert set(x.unique().tolist()) == {-1, 1}
    assert not x.requires_grad
    assert x.gt(0).float().mean(0).tolist() == pytest.approx([0.1, 0.5, 0.9], abs=0.02)


def test_weights_sum_to_one_over_the_samples_of_a_latent_and_not_over_the_batch():
    scores = torch.randn(7, 5, generator=torch.Generator().manual_seed(0))
    weights = made().weights(scores)
    assert torch.allclose(weights.sum(1), torch.ones(7))
    assert torch.allclose(weights, scores.exp() / scores.exp().sum(1, keepdim=True))
    # A latent whose samples are all bad teaches as much as one whose samples are good.
    assert torch.allclose(made().weights(scores - torch.arange(7.0)[:, None] * 10), weights, atol=1e-5)


def test_the_loss_by_hand():
    torch.manual_seed(0)
    game = made()
    torch.manual_seed(1)
    terms = game.generator_loss({"x": STATES})
    torch.manual_seed(1)
    logits = game.logits(16)
    x = game.several(logits)
    assert x.shape == (16, 5, 1, 2, 2)
    by_hand = torch.zeros(())
    for latent in range(16):
        weights = game.score(x[latent]).softmax(0)
        by_hand -= (weights * log_mass(x[latent], logits[latent], 3)).sum() / 16
    assert terms["fake"].item() == pytest.approx(by_hand.item(), rel=1e-5)
    assert 1 <= terms["effective"].item() <= 5
    assert not terms["effective"].requires_grad


def test_neither_samples_nor_weights_carry_a_gradient():
    game = made()
    assert not game.several(game.logits(4)).requires_grad
    loss = game.generator_loss({"x": STATES})["fake"]
    judged = torch.autograd.grad(loss, list(game.discriminator.parameters()), allow_unused=True, retain_graph=True)
    assert all(slope is None for slope in judged)
    assert all(slope is not None for slope in torch.autograd.grad(loss, list(game.generator.parameters())))


def test_all_samples_of_all_latents_train_the_discriminator():
    seen = []
    game = made()
    game.discriminator.register_forward_hook(lambda module, inputs, output: seen.append(len(inputs[0])))
    terms = game.discriminator_loss({"x": STATES})
    assert seen == [16, 80]
    assert 0 <= terms["accuracy"].item() <= 1


def test_with_the_best_discriminator_the_law_becomes_the_datas():
    torch.manual_seed(0)
    truth, generator = torch.tensor([[[2.0, -1.0], [0.5, -3.0]]]), Chances()
    game = made(draws=20, generator=generator, discriminator=Ratio(truth, generator))
    optimizer = torch.optim.Adam([generator.logits], 0.03)
    p = log_mass(STATES, truth, 3)

    def distance() -> float:
        with torch.no_grad():
            return (p.exp() * (p - log_mass(STATES, generator.logits, 3))).sum().item()

    assert distance() > 0.5
    for _ in range(400):
        optimizer.zero_grad()
        game.generator_loss({"x": STATES})["fake"].backward()
        optimizer.step()
    assert distance() < 0.01


def test_grey_pixels_are_coins_and_bits_stay():
    torch.manual_seed(0)
    assert torch.equal(thrown((1 + STATES) / 2), STATES)
    assert thrown((1 + torch.full((20_000,), -0.5)) / 2).mean().item() == pytest.approx(-0.5, abs=0.02)


@pytest.mark.parametrize(
    "family", [Flat(8), Plain(4), Perceptrons(8, 8, 2), DeepConvolutional(4, 3, None)], ids=lambda f: type(f).__name__
)
def test_logits_are_not_squashed_whatever_the_networks(family):
    field = Field((1, 8, 8), "image")
    torch.manual_seed(0)
    squashed = family.generator(3, field).eval()
    z = torch.randn(4, 3)
    with torch.no_grad():
        before = squashed(z)
        logits = without_squashing(squashed)(z)
    squash = torch.tanh if type(family) is not Perceptrons else lambda x: torch.sigmoid(x) * 2 - 1
    assert torch.allclose(squash(logits), before, atol=1e-6)
    assert not any(isinstance(module, nn.Tanh) for module in squashed.modules())
    game = BSGANDiscrete(Spec(x=field), latent=3, draws=2, architecture=family)
    assert set(game.sample(4, seed=0).unique().tolist()) == {-1, 1}


def test_one_sample_of_a_latent_is_refused():
    with pytest.raises(ValueError, match="two or more samples of each latent; got draws=1"):
        made(draws=1)


def test_points_are_refused():
    with pytest.raises(ValueError, match="image"):
        BSGANDiscrete(Spec(x=Field((2,), "points")))


def test_samples_are_bits():
    assert set(toy("bs-gan-discrete").sample(8, seed=0).unique().tolist()) == {-1, 1}
