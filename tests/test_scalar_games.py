"""Games that score the plain game otherwise: what their papers prove, and what they refuse."""

from typing import Any, cast

import pytest
import torch
from scipy import integrate, stats
from torch import nn
from zoo import toy, toy_batch

from ganarium.games.adversarial.b_gan import BGAN
from ganarium.games.adversarial.dragan import DRAGAN
from ganarium.games.adversarial.f_gan import FGAN
from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.geometric_gan import GeometricGAN
from ganarium.games.adversarial.lsgan import LSGAN
from ganarium.games.adversarial.relativistic_gan import RelativisticGAN
from ganarium.ingredients import (
    KL,
    R1,
    SGD,
    AroundData,
    DensityRatio,
    FeatureMatching,
    GANDivergence,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Normal,
    RelativisticAverage,
    RelativisticPairs,
)
from ganarium.nets import Plain
from ganarium.spec import Field, Spec

POINTS = Spec(x=Field((2,), "points"))
P: Any = stats.norm(0, 1)
Q: Any = stats.norm(1, 1.5)


def slope(objective, score: float) -> float:
    """Of the generator's loss of one sample."""
    fake = torch.tensor([score], dtype=torch.float64, requires_grad=True)
    return float(torch.autograd.grad(objective.generator(fake)["fake"], fake)[0])


# -- lsgan -------------------------------------------------------------------------------------------------------


def test_a_square_still_teaches_a_sample_that_looks_real_but_is_far():
    game = toy("lsgan")
    assert slope(game.objective, 5.0) == pytest.approx(4)
    assert slope(NonSaturating(), 5.0) == pytest.approx(-0.00669, rel=1e-2)


def test_with_codes_two_apart_the_generator_lowers_pearson_s_chi_squared():
    """With the best D the loss is half the chi squared of p + q from 2 q, by quadrature."""
    a, b, c = -1.0, 1.0, 0.0

    def best(x):
        p, q = P.pdf(x), Q.pdf(x)
        return (b * p + a * q) / (p + q)

    def over(function):
        return integrate.quad(function, -15, 15, limit=200)[0]

    left = over(lambda x: (P.pdf(x) + Q.pdf(x)) * (best(x) - c) ** 2) / 2
    chi = over(lambda x: (2 * Q.pdf(x) - (P.pdf(x) + Q.pdf(x))) ** 2 / (P.pdf(x) + Q.pdf(x)))
    assert left == pytest.approx(chi / 2)
    # That code is the least of D's loss at each place, as torch finds it.
    objective = LSGAN(POINTS, real=b, fake=a, target=c, architecture=Plain(4)).objective
    assert objective == LeastSquares(b, a, c)
    score = torch.tensor(best(0.7), dtype=torch.float64, requires_grad=True)
    terms = objective.discriminator(score[None], score[None])
    loss = P.pdf(0.7) * terms["real"] + Q.pdf(0.7) * terms["fake"]
    assert float(torch.autograd.grad(loss, score)[0]) == pytest.approx(0, abs=1e-12)


def test_data_and_samples_have_different_codes():
    with pytest.raises(ValueError, match=r"real=1\.0 and fake=1\.0"):
        LSGAN(POINTS, fake=1.0)


# -- geometric-gan -----------------------------------------------------------------------------------------------


def test_the_margin_s_term_is_the_norm_of_the_last_layer_alone():
    torch.manual_seed(0)
    game = GeometricGAN(POINTS, latent=2, architecture=Plain(4), decay=0.5)
    terms = game.discriminator_loss(toy_batch(game))
    weight = game.discriminator.head.weight
    assert terms["decay"].item() == pytest.approx(0.25 * weight.square().sum().item())
    (slopes,) = torch.autograd.grad(terms["decay"], weight)
    assert torch.allclose(slopes, 0.5 * weight)


def test_every_sample_feels_the_normal_of_the_boundary():
    game = toy("geometric-gan")
    features = torch.randn(6, game.discriminator.feature_size, requires_grad=True)
    loss = game.objective.generator(game.discriminator.head(features).squeeze(1))["fake"]
    (force,) = torch.autograd.grad(loss, features)
    assert torch.allclose(-6 * force, game.discriminator.head.weight.expand(6, -1))


def test_where_samples_are_data_the_hinges_are_two_at_best():
    scores = torch.linspace(-3, 3, 601, dtype=torch.float64)
    losses = torch.stack([torch.stack([*Hinge().discriminator(s[None], s[None]).values()]).sum() for s in scores])
    assert losses.min().item() == pytest.approx(2)


def test_weights_do_not_grow_on_purpose():
    with pytest.raises(ValueError, match="decay=-1"):
        GeometricGAN(POINTS, decay=-1.0)


# -- dragan ------------------------------------------------------------------------------------------------------


def test_a_discriminator_of_slope_one_is_not_penalised():
    game = DRAGAN(POINTS, latent=2, architecture=Plain(4), discriminator=Linear([0.6, 0.8]))
    assert game.penalties == (AroundData(10.0),)
    assert game.discriminator_loss(toy_batch(game))["penalty"].item() == pytest.approx(0, abs=1e-10)
    steep = DRAGAN(POINTS, latent=2, penalty=3.0, architecture=Plain(4), discriminator=Linear([3.0, 0.0]))
    assert steep.discriminator_loss(toy_batch(steep))["penalty"].item() == pytest.approx(12, rel=1e-5)


class Linear(nn.Module):
    """A discriminator of one slope."""

    def __init__(self, weight: list[float]):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, x):
        return x @ self.weight


# -- f-gan, b-gan ------------------------------------------------------------------------------------------------


def test_the_game_of_the_first_gan_s_divergence_is_minimax():
    losses = []
    for make in (
        lambda: FGAN(POINTS, latent=2, divergence=GANDivergence(), architecture=Plain(4), prior=Normal()),
        lambda: GAN(POINTS, latent=2, objective=Minimax(), architecture=Plain(4), prior=Normal()),
    ):
        torch.manual_seed(0)
        game = make()
        batch = toy_batch(game)
        torch.manual_seed(1)
        terms = game.discriminator_loss(batch)
        losses.append((terms["real"], terms["fake"], game.generator_loss(batch)["fake"]))
    for one, other in zip(*losses, strict=True):
        torch.testing.assert_close(one, other)


def test_the_bound_is_what_the_discriminator_raises_and_players_move_at_once():
    game = toy("f-gan")
    terms = game.discriminator_loss(toy_batch(game))
    assert terms["bound"].item() == pytest.approx(-(terms["real"] + terms["fake"]).item())
    assert not terms["bound"].requires_grad
    assert game.simultaneous


def test_the_ratio_s_options_reach_its_objective():
    assert BGAN(POINTS, architecture=Plain(4), divergence=KL(), relative=0.2).objective == DensityRatio(KL(), 0.2)
    with pytest.raises(ValueError, match=r"relative=1\.5"):
        BGAN(POINTS, architecture=Plain(4), relative=1.5)


# -- relativistic-gan --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "objective", [RelativisticAverage(), RelativisticAverage(Hinge()), RelativisticPairs()], ids=str
)
def test_the_generator_answers_for_the_scores_of_data_and_constants_do_not_matter(objective):
    torch.manual_seed(0)
    game = RelativisticGAN(POINTS, latent=2, objective=objective, architecture=Plain(4))
    batch, losses = toy_batch(game), []
    for shift in (0.0, 7.0):
        with torch.no_grad():
            cast(Any, game.discriminator).head.bias.add_(shift)
        torch.manual_seed(1)
        terms = [*game.discriminator_loss(batch).items(), *game.generator_loss(batch).items()]
        losses.append(torch.stack([term for name, term in terms if name != "accuracy"]))
    torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-5)
    real, fake = torch.randn(8, requires_grad=True), torch.randn(8, requires_grad=True)
    total = torch.stack([*objective.generator(fake, lambda: real).values()]).sum()
    lower, higher = torch.autograd.grad(total, (real, fake))
    # Descending, the scores of data fall by as much as those of samples rise.
    assert lower.sum() > 0
    assert (lower.sum() + higher.sum()).abs() < 1e-6


def test_an_objective_that_compares_nothing_is_refused():
    with pytest.raises(ValueError, match="got Hinge"):
        RelativisticGAN(POINTS, objective=Hinge())
    with pytest.raises(ValueError, match="got FeatureMatching"):
        RelativisticGAN(POINTS, objective=FeatureMatching())


def test_what_falls_is_the_relative_score_of_data_and_samples_alone_make_it_fall():
    torch.manual_seed(0)
    game = RelativisticGAN(POINTS, latent=2, objective=RelativisticPairs(), architecture=Plain(4))
    batch, scores = toy_batch(game), []
    noise = torch.randn(len(batch["x"]), 2)
    for _ in range(2):
        with torch.no_grad():
            scores.append((game.score(batch["x"]).mean(), game.score(game.generator(noise)).mean()))
        if len(scores) < 2:
            loss = game.objective.generator(game.score(game.generator(noise)), lambda: game.score(batch["x"]))["pair"]
            for weight, slope in zip(
                game.generator.parameters(), torch.autograd.grad(loss, [*game.generator.parameters()]), strict=True
            ):
                weight.data -= 0.1 * slope
    (real, fake), (real_after, fake_after) = scores
    assert torch.equal(real, real_after)
    assert real_after - fake_after < real - fake


def test_averages_of_squares_have_the_paper_s_codes_and_no_unlike_ones():
    assert RelativisticAverage(LeastSquares()) == RelativisticAverage(LeastSquares(1.0, -1.0))
    # The best difference is the code of data, which both halves ask for.
    gap = torch.tensor(0.0, requires_grad=True)
    real, fake = gap.expand(4), torch.zeros(4)
    objective = RelativisticAverage(LeastSquares())
    (slope,) = torch.autograd.grad(torch.stack([*objective.discriminator(real, fake).values()]).sum(), gap)
    assert slope.item() == pytest.approx(-1)  # of ((gap - 1)^2 / 2 + (-gap + 1)^2 / 2) / 2, least at 1
    with pytest.raises(ValueError, match="opposite codes"):
        RelativisticAverage(LeastSquares(2.0, 0.0))


# -- players who move at once ------------------------------------------------------------------------------------


def test_players_who_move_at_once_see_one_pass_of_a_discriminator_with_noise_of_its_own():
    seen = []

    class Noisy(nn.Module):
        """Keeps what it answered."""

        def __init__(self):
            super().__init__()
            self.score = nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 1))

        def forward(self, x):
            seen.append(self.score(x).squeeze(1))
            return seen[-1]

    game = FGAN(POINTS, latent=2, architecture=Plain(4), discriminator=Noisy())
    batch = toy_batch(game)
    for loss in (game.discriminator_loss, game.generator_loss):
        torch.manual_seed(1)
        loss(batch)
    fake, _, again = seen
    assert torch.equal(fake, again)
    seen.clear()
    game.simultaneous = False
    torch.manual_seed(1)
    game.discriminator_loss(batch)
    assert not torch.equal(seen[1], again)


# -- what every game of the frame can ---------------------------------------------------------------------------


def test_the_generator_may_move_more_often_and_descend_otherwise_in_every_game_of_the_frame():
    own = SGD(0.1)
    game = LSGAN(POINTS, architecture=Plain(4), generator_moves=3, generator_optimizer=own)
    discriminator, generator = game.players()
    assert (discriminator.moves, generator.moves) == (1, 3)
    assert (discriminator.optimizer, generator.optimizer) == (game.optimizer, own)
    with pytest.raises(ValueError, match="LSGAN's generator moves at least once a round; got generator_moves=0"):
        LSGAN(POINTS, architecture=Plain(4), generator_moves=0)


def test_what_a_penalty_has_had_judged_is_not_judged_again_with_data_and_samples_as_one_batch():
    calls = []

    class Counting(Linear):
        def forward(self, x):
            calls.append(len(x))
            return super().forward(x)

    for joined in (False, True):
        calls.clear()
        game = GAN(POINTS, latent=2, architecture=Plain(4), penalties=(R1(1.0),), joined=joined)
        game.discriminator = Counting([0.6, 0.8])
        game.discriminator_loss(toy_batch(game))
        assert len(calls) == 2
