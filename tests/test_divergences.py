"""Objectives of divergences, of ratios, and those that compare with the other side's mean."""

import math
from typing import Any

import pytest
import torch
from scipy import integrate, stats
from torch import nn

from ganarium.ingredients import (
    KL,
    Adam,
    BoundarySeeking,
    DensityRatio,
    Divergence,
    GANDivergence,
    Hinge,
    JensenShannon,
    LeastSquares,
    Minimax,
    Neyman,
    NonSaturating,
    Pearson,
    RelativisticAverage,
    ReverseKL,
    SquaredHellinger,
)

ALL: list[Divergence] = [
    KL(),
    ReverseKL(),
    Pearson(),
    Neyman(),
    SquaredHellinger(),
    JensenShannon(),
    GANDivergence(),
]
names = pytest.mark.parametrize("of", ALL, ids=lambda of: type(of).__name__)
U = torch.logspace(-1, 1, 21, dtype=torch.float64)
V = torch.linspace(-2, 2, 21, dtype=torch.float64)
#: Data's law and samples' on the line: both divergences of Kullback and Leibler and both chi squareds are finite.
P: Any = stats.norm(0, 1)
Q: Any = stats.norm(0.5, 1.2)


def double(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def total(terms):
    return torch.stack(list(terms.values())).sum()


@names
def test_the_slope_is_the_derivative_and_f_is_convex(of):
    u = U.clone().requires_grad_()
    (slope,) = torch.autograd.grad(of.f(u).sum(), u, create_graph=True)
    assert torch.allclose(slope, of.slope(u))
    (bend,) = torch.autograd.grad(slope.sum(), u)
    assert (bend > 0).all()


@names
def test_the_conjugate_is_the_least_upper_bound(of):
    """Fenchel's inequality holds everywhere and is an equality at the slope."""
    t = of.slope(U)
    assert torch.allclose(of.conjugate(t), U * t - of.f(U), atol=1e-12)
    gap = of.conjugate(t)[:, None] - (t[:, None] * U - of.f(U))
    assert gap.min() >= -1e-9


@names
def test_activations_rise_onto_the_domain_and_duals_are_their_conjugates(of):
    assert (of.activation(V).diff() > 0).all()
    assert torch.allclose(of.dual(V), of.conjugate(of.activation(V)))


@names
def test_the_best_score_is_that_of_the_slope_at_the_ratio(of):
    assert torch.allclose(of.activation(of.best(U.log())), of.slope(U))
    at_one = torch.tensor(0.0, dtype=torch.float64)
    assert of.best(at_one).item() == pytest.approx(of.line)


@names
def test_at_the_best_score_the_game_s_value_is_the_divergence(of):
    """Quadrature over the line: the loss of D at its best, and the definition."""

    def log_ratio(x):
        return torch.tensor(P.logpdf(x) - Q.logpdf(x), dtype=torch.float64)

    def expected(law, function):
        return integrate.quad(lambda x: law.pdf(x) * function(log_ratio(x)).item(), -9, 9, limit=200)[0]

    value = expected(P, lambda r: of.activation(of.best(r))) - expected(Q, lambda r: of.dual(of.best(r)))
    assert value == pytest.approx(expected(Q, lambda r: of.f(r.exp())), rel=1e-6)


@names
def test_far_scores_stay_finite_where_their_expectation_may(of):
    """What a sure discriminator gives for its own side never overflows; the far side of an exponential may."""
    real, fake = torch.tensor([60.0]), torch.tensor([-60.0])
    terms = of.discriminator(real, fake)
    assert all(torch.isfinite(term) for term in terms.values())


def test_two_names_of_one_game():
    """The GAN's divergence plays minimax, and Jensen and Shannon's differs from it by constants."""
    real, fake = double(9), double(9)
    first = Minimax().discriminator(real, fake)
    game = GANDivergence().discriminator(real, fake)
    assert all(torch.allclose(first[name], game[name]) for name in first)
    assert torch.allclose(GANDivergence().generator(fake)["fake"], Minimax().generator(fake)["fake"])
    other = JensenShannon().discriminator(real, fake)
    assert torch.allclose(total(other) + 2 * math.log(2), total(first))
    practical = GANDivergence(practical=True).generator(fake)["fake"]
    assert torch.allclose(practical, NonSaturating().generator(fake)["fake"])


@names
def test_the_discriminator_of_a_ratio_is_that_of_its_divergence(of):
    """With T = f'(r) both losses are one (Mohamed and Lakshminarayanan, 2016)."""
    objective, real, fake = DensityRatio(of), double(9), double(9)
    terms = objective.discriminator(real, fake)
    t_real, t_fake = of.slope(objective.ratio(real)), of.slope(objective.ratio(fake))
    assert torch.allclose(terms["real"], -t_real.mean())
    assert torch.allclose(terms["fake"], of.conjugate(t_fake).mean())


@pytest.mark.parametrize(
    ("objective", "truth"),
    [
        (DensityRatio(Pearson()), lambda r: r),
        (DensityRatio(KL()), lambda r: r),
        (DensityRatio(GANDivergence()), lambda r: r),
        (DensityRatio(Pearson(), relative=0.5), lambda r: r / (0.5 * r + 0.5)),
    ],
    ids=lambda value: str(value) if isinstance(value, DensityRatio) else "",
)
def test_a_trained_score_is_the_ratio_of_densities(objective, truth):
    """On a grid of 16 values both laws are known, and so is every ratio."""
    torch.manual_seed(0)
    p, q = torch.rand(16).softmax(0), torch.rand(16).mul(2).softmax(0)
    scores = nn.Parameter(torch.zeros(16))
    optimizer = torch.optim.Adam([scores], 0.05)
    at_p, at_q = torch.arange(16), torch.arange(16)
    for _ in range(800):
        # Exact expectations: every value as often as it comes.
        r = objective.ratio(scores)
        f, slope = objective.of.f(r), objective.of.slope(r)
        share = objective.relative
        loss = -(p * slope)[at_p].sum() + ((share * p + (1 - share) * q) * (r * slope - f))[at_q].sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert torch.allclose(objective.ratio(scores), truth(p / q), rtol=2e-3)
    # And its own loss, of samples as often as they come, is that loss.
    real = scores.detach().repeat_interleave((p * 100_000).round().int())
    fake = scores.detach().repeat_interleave((q * 100_000).round().int())
    assert total(objective.discriminator(real, fake)).item() == pytest.approx(loss.item(), abs=1e-3)


def test_a_ratio_is_positive_and_one_at_zero_and_far_scores_have_finite_losses():
    objective = DensityRatio(ReverseKL())
    assert objective.ratio(torch.tensor(0.0)).item() == pytest.approx(1.0)
    score = torch.tensor([-500.0], requires_grad=True)
    loss = objective.generator(score)["fake"]
    loss.backward()
    assert torch.isfinite(loss)
    assert score.grad is not None
    assert torch.isfinite(score.grad).all()


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_the_denominator_s_share_of_data_is_below_one(share):
    with pytest.raises(ValueError, match=r"relative=.*"):
        DensityRatio(relative=share)


# -- relative to the other side's mean ---------------------------------------------------------------------------


@pytest.mark.parametrize("of", [NonSaturating(), LeastSquares(1.0, -1.0, 0.0), Hinge()], ids=str)
def test_relativistic_averages_see_only_differences_and_exchange_sides(of):
    objective, real, fake = RelativisticAverage(of), double(9), double(9)
    judged, made = objective.discriminator(real, fake), objective.generator(fake, lambda: real)
    moved = objective.discriminator(real + 3, fake + 3), objective.generator(fake + 3, lambda: real + 3)
    for one, other in zip((judged, made), moved, strict=True):
        assert all(torch.allclose(one[name], other[name]) for name in one)
    exchanged = objective.discriminator(fake, real)
    assert torch.allclose(total(made), total(exchanged))


def test_the_means_of_a_relativistic_average_carry_gradient():
    real, fake = double(9).requires_grad_(), double(9).requires_grad_()
    total(RelativisticAverage(LeastSquares(1.0, -1.0, 0.0)).discriminator(real, fake)).backward()
    # By hand: a quarter of each square's mean; each side's mean stands in the other's square.
    gap, back = real - fake.mean() - 1, fake - real.mean() + 1
    by_hand = (gap - back.mean()) / 2 / 9
    assert real.grad is not None
    assert torch.allclose(real.grad, by_hand)


def test_a_relativistic_average_asks_for_data():
    with pytest.raises(ValueError, match="real data"):
        RelativisticAverage().generator(double(3))


# -- to the boundary ---------------------------------------------------------------------------------------------


def test_a_boundary_seeking_generator_goes_to_score_zero_from_both_sides():
    scores = torch.tensor([-4.0, 3.0, 0.0], requires_grad=True)
    optimizer = Adam(0.1)([nn.Parameter(scores.detach().clone())])
    (held,) = optimizer.param_groups[0]["params"]
    for _ in range(200):
        optimizer.zero_grad()
        BoundarySeeking().generator(held)["fake"].backward()
        optimizer.step()
    assert held.abs().max() < 1e-2


@pytest.mark.parametrize(
    "objective",
    [NonSaturating(), LeastSquares(), LeastSquares(-1.0, 1.0, 0.0), RelativisticAverage(LeastSquares()), *ALL],
    ids=str,
)
def test_accuracy_counts_the_right_side_of_each_objective_s_line(objective):
    """Scores that say for sure that data are data and samples samples are all right; exchanged, all wrong."""
    sure = LeastSquares(-1.0, 1.0, 0.0) == objective
    real, fake = torch.full((4,), -1.0 if sure else 5.0), torch.full((4,), 1.0 if sure else -5.0)
    assert objective.accuracy(real, fake).item() == 1
    assert objective.accuracy(fake, real).item() == 0
