"""Bayesian GAN: that SGHMC draws from what it should, and that the losses are Algorithm 1's over N times the chains."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn
from zoo import toy, toy_data

from ganarium.engine.trainer import Trainer
from ganarium.games.adversarial.bayesian_gan import BayesianGAN
from ganarium.ingredients import SGHMC, Adam, Exponential
from ganarium.nets import Plain
from ganarium.spec import Field, Spec


def game(count: int = 64, **options) -> BayesianGAN:
    torch.manual_seed(0)
    spec = Spec(x=Field((2,), "points"), index=Field((), "index", classes=count))
    return BayesianGAN(spec, latent=3, architecture=Plain(width=8), **options)


# -- the sampler --------------------------------------------------------------------------------------------------


def drawn(choice: SGHMC, chains: int = 4000, steps: int = 400) -> torch.Tensor:
    """The last states (chains, 2) of chains for N data x_i ~ N(theta, A^-1), whose mean is (1, -2) and whose prior is
    flat: the posterior is N((1, -2), A^-1 / N)."""
    precision, centre = torch.tensor([[2.0, 0.6], [0.6, 1.0]]), torch.tensor([1.0, -2.0])
    theta = nn.Parameter(torch.zeros(chains, 2))
    optimizer = choice([theta])
    for _ in range(steps):
        optimizer.zero_grad()
        off = theta - centre
        (0.5 * (off @ precision * off).sum()).backward()
        optimizer.step()
    return theta.detach()


def test_it_draws_from_a_gaussian_posterior_with_its_mean_and_covariance():
    torch.manual_seed(0)
    count = 50
    theta = drawn(SGHMC(0.02, friction=0.1, temperature=1 / count))
    true = torch.linalg.inv(torch.tensor([[2.0, 0.6], [0.6, 1.0]])) / count
    assert (theta.mean(0) - torch.tensor([1.0, -2.0])).abs().max() < 4 * true.diag().max().sqrt() / math.sqrt(4000)
    torch.testing.assert_close(theta.T.cov(), true, rtol=0.1, atol=0.1 * float(true.diag().min()))


def test_without_temperature_it_is_descent_with_momentum():
    mine, theirs = (nn.Parameter(torch.tensor([1.0, -3.0])) for _ in range(2))
    sampler = SGHMC(0.05, friction=0.2, temperature=0.0)([mine])
    momentum = torch.optim.SGD([theirs], lr=0.05, momentum=0.8)
    for _ in range(20):
        for parameter, optimizer in ((mine, sampler), (theirs, momentum)):
            optimizer.zero_grad()
            parameter.square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(mine, theirs)


def test_noise_has_the_variance_of_friction_rate_and_temperature():
    torch.manual_seed(0)
    parameter = nn.Parameter(torch.zeros(100_000))
    optimizer = SGHMC(0.3, friction=0.25, temperature=2.0)([parameter])
    parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    assert parameter.mean().item() == pytest.approx(-0.3, abs=0.01)
    assert parameter.var().item() == pytest.approx(2 * 0.25 * 0.3 * 2.0, rel=0.02)


def test_parameters_without_a_gradient_stay():
    parameter = nn.Parameter(torch.ones(3))
    SGHMC(0.1)([parameter]).step()
    assert torch.equal(parameter, torch.ones(3))


@pytest.mark.parametrize("numbers", [{"friction": 0.0}, {"friction": 1.5}, {"temperature": -1.0}])
def test_frictions_and_temperatures_that_make_no_sense_are_refused(numbers):
    with pytest.raises(ValueError, match="SGHMC needs a friction"):
        SGHMC(0.1, **numbers)


# -- the game -----------------------------------------------------------------------------------------------------


def test_losses_times_the_data_and_the_chains_have_the_gradients_of_algorithm_one():
    """For one batch that is all the data: sums over data, samples and chains of minus log posteriors."""
    played = game(count=16, generator_chains=3, discriminator_chains=2, weight_sd=0.5).double()
    x = torch.randn(16, 2, dtype=torch.float64)
    torch.manual_seed(1)
    terms = played.discriminator_loss({"x": x})
    total = terms["real"] + terms["fake"] + terms["prior"]
    weights = list(played.discriminators[1].parameters())
    mine = torch.autograd.grad(total * 16 * 3, weights)
    torch.manual_seed(1)
    judge, energy = played.discriminators[1], torch.zeros((), dtype=torch.float64)
    for generator in played.generators:
        fake = generator(played.noise(16)).detach()
        energy = energy - judge(x).sigmoid().log().sum() - (1 - judge(fake).sigmoid()).log().sum()
        energy = energy + sum(w.square().sum() for w in weights) / (2 * 0.5**2)
    for one, other in zip(mine, torch.autograd.grad(energy, weights), strict=True):
        torch.testing.assert_close(one, other)


def test_generators_face_all_discriminators():
    played = game(count=16, generator_chains=2, discriminator_chains=3, weight_sd=0.5).double()
    torch.manual_seed(1)
    terms = played.generator_loss({"x": torch.randn(16, 2, dtype=torch.float64)})
    weights = list(played.generators[0].parameters())
    mine = torch.autograd.grad((terms["fake"] + terms["prior"]) * 16 * 3, weights)
    torch.manual_seed(1)
    torch.randn(16, 2, dtype=torch.float64)
    fake, energy = played.generators[0](played.noise(16)), torch.zeros((), dtype=torch.float64)
    for judge in played.discriminators:
        energy = energy - judge(fake).sigmoid().log().sum() + sum(w.square().sum() for w in weights) / (2 * 0.5**2)
    for one, other in zip(mine, torch.autograd.grad(energy, weights), strict=True):
        torch.testing.assert_close(one, other)


def test_the_temperature_is_one_over_the_data_and_the_opponents_chains():
    judged, made = (
        game(count=50, generator_chains=4, discriminator_chains=2, optimizer=SGHMC(0.1, temperature=3.0))
        .stages()[-1]
        .players
    )
    assert isinstance(judged.optimizer, SGHMC)
    assert isinstance(made.optimizer, SGHMC)
    assert judged.optimizer.temperature == pytest.approx(3 / (50 * 4))
    assert made.optimizer.temperature == pytest.approx(3 / (50 * 2))
    assert game(optimizer=Adam(1e-3)).stages()[-1].players[0].optimizer == Adam(1e-3)


def test_a_sample_comes_from_the_chain_that_was_asked_for():
    played = game(generator_chains=3)
    with torch.no_grad():
        for number, generator in enumerate(played.generators):
            for parameter in generator.parameters():
                parameter.zero_()
            list(generator.parameters())[-1].fill_(number)
    assert played.sample(5, chain=2, seed=0).unique().tolist() == [2]
    shares = played.sample(6000, seed=0)[:, 0].unique(return_counts=True)
    assert shares[0].tolist() == [0, 1, 2]
    assert (shares[1] / 6000 - 1 / 3).abs().max() < 0.03
    with pytest.raises(ValueError, match="from 0 to 2"):
        played.sample(5, chain=3)


def test_the_score_is_the_log_odds_of_the_mean_probability():
    played, x = game(discriminator_chains=3), torch.randn(7, 2)
    probability = torch.stack([judge(x).sigmoid() for judge in played.discriminators]).mean(0)
    torch.testing.assert_close(played.score(x), probability.logit())


def test_at_rest_without_data_to_speak_of_weights_are_drawn_from_their_prior():
    """Scores that do not feel the weights leave the prior alone: the posterior's spread is weight_sd."""
    torch.manual_seed(0)
    played = game(count=8, weight_sd=0.7, optimizer=SGHMC(0.5, friction=0.1))
    player = played.stages()[-1].players[1]
    optimizer = player.optimizer(player.parameters())
    spreads = []
    for step in range(400):
        optimizer.zero_grad()
        played.posterior.improbable(played.generators).backward()
        optimizer.step()
        if step > 100:
            spreads.append(torch.cat([p.detach().flatten() for p in player.parameters()]).square().mean())
    assert torch.stack(spreads).mean().sqrt().item() == pytest.approx(0.7, rel=0.05)


def test_a_run_taken_up_again_draws_the_same_noise():
    whole, part = Trainer(toy("bayesian-gan")), Trainer(toy("bayesian-gan"))
    for _ in whole.play(toy_data(whole.game), 32, 6):
        pass
    for report in part.play(toy_data(part.game), 32, 6):
        if report.round == 3:
            break
    torch.manual_seed(123)
    rest = Trainer(toy("bayesian-gan", seed=9))
    rest.load_state_dict(copy.deepcopy(part.state_dict()))
    for _ in rest.play(toy_data(rest.game), 32, 6):
        pass
    for mine, theirs in zip(whole.game.parameters(), rest.game.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_chains_part_by_noise_alone():
    """Two generators that begin alike and see alike go different ways, but only at a temperature."""
    for temperature, apart in ((0.0, False), (1.0, True)):
        played = game(
            generator_chains=2, optimizer=SGHMC(Exponential(1e-2, 1e-3), friction=0.1, temperature=temperature)
        )
        one, other = played.generators
        other.load_state_dict(one.state_dict())
        player = played.stages()[-1].players[1]
        optimizer = player.optimizer(player.parameters())
        for a, b in zip(one.parameters(), other.parameters(), strict=True):
            a.grad, b.grad = torch.ones_like(a), torch.ones_like(b)
        optimizer.step()
        same = all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
        assert same != apart


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"generator_chains": 0}, r"generator_chains >= 1; got .*'generators': 0"),
        (
            {"discriminator_chains": 2, "discriminators": [nn.Identity()]},
            r"BayesianGAN needs 2 discriminators, .*; got 1",
        ),
        ({"weight_sd": 0.0}, "weight_sd > 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        game(**options)


@pytest.mark.parametrize(("answer", "share"), [(1.0, 0.5), (-1.0, 0.5)])
def test_data_and_samples_count_alike_in_the_accuracy(answer, share):
    class Sure(nn.Module):
        """Gives everything one score."""

        def __init__(self):
            super().__init__()
            self.score = nn.Parameter(torch.tensor(answer))

        def forward(self, x):
            return self.score.expand(len(x))

    made = game(generator_chains=10, discriminators=nn.ModuleList([Sure()]))
    batch = {"x": torch.randn(8, 2), "index": torch.arange(8)}
    assert made.discriminator_loss(batch)["accuracy"].item() == pytest.approx(share)
