"""Lessons about laws whose densities are known: divergences, discriminators, fits, transport and posteriors."""

import math
from itertools import pairwise, product

import ot
import pytest
import torch
from scipy import integrate, stats
from torch.distributions import kl_divergence

import ganarium as ga
from ganarium.cli import main
from ganarium.metrics.transport import exact
from ganarium.theory import laws, likelihood, optimal, posterior, ratio, transport
from ganarium.zoo import index

LOG2 = math.log(2)
DRAWN = ("optimal-discriminator", "density-ratio", "wasserstein", "posterior")  # what follows from a seed

# Shift, JS, 2 JS - log 4, the best accuracy, KL, W1, of N(0, 1) and N(shift, 1).
TABLE = [
    (0.0, 0.0, -1.3863, 0.5, 0.0, 0.0),
    (0.5, 0.0303, -1.3257, 0.599, 0.125, 0.5),
    (1.0, 0.1114, -1.1635, 0.692, 0.5, 1.0),
    (2.0, 0.3368, -0.7126, 0.841, 2.0, 2.0),
    (3.0, 0.5268, -0.3327, 0.933, 4.5, 3.0),
    (4.0, 0.6327, -0.1209, 0.977, 8.0, 4.0),
    (6.0, 0.6893, -0.0077, 0.9987, 18.0, 6.0),
    (10.0, 0.69315, -2e-6, 1.0, 50.0, 10.0),
]


@pytest.fixture(autouse=True)
def _one_thread_one_seed():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


# -- laws and their divergences -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "js", "worth", "right", "kl", "w1"), TABLE)
def test_shifted_normal_laws_are_as_far_apart_as_tables_say(m, js, worth, right, kl, w1):
    p, q = laws.normal(), laws.normal(m)
    line = laws.Line.around(p, q)
    best = optimal.logit(p, q, line.x)
    assert float(laws.js(p, q)) == pytest.approx(js, abs=6e-5)
    assert float(laws.kl(p, q)) == pytest.approx(kl, abs=1e-9)
    assert optimal.value(best, p, q, line) == pytest.approx(worth, abs=6e-5)
    assert optimal.value(best, p, q, line) == pytest.approx(2 * float(laws.js(p, q)) - 2 * LOG2, abs=1e-9)
    assert optimal.accuracy(best, p, q, line) == pytest.approx(right, abs=6e-4)
    assert optimal.accuracy(best, p, q, line) == pytest.approx(stats.norm.cdf(m / 2), abs=2e-3)
    assert transport.along(p, q) == pytest.approx(w1, abs=1e-9)


def test_laws_of_different_width_too():
    p, q = laws.normal(), laws.normal(1.0, 2.0)
    assert float(laws.js(p, q)) == pytest.approx(0.12817, abs=1e-5)
    assert float(laws.kl(p, q)) == pytest.approx(float(kl_divergence(p, q)), abs=1e-10)
    assert transport.along(p, q) == pytest.approx(1.16663, abs=1e-5)


F_DIVERGENCES = {
    "kl": lambda m: m * m / 2,
    "reverse kl": lambda m: m * m / 2,
    "jensen-shannon": lambda m: float(laws.js(laws.normal(), laws.normal(m))),
    "total variation": lambda m: 2 * stats.norm.cdf(m / 2) - 1,
    "squared hellinger": lambda m: 1 - math.exp(-m * m / 8),
    "pearson": lambda m: math.expm1(m * m),
}


@pytest.mark.parametrize("name", laws.GENERATORS)
@pytest.mark.parametrize("m", [0.0, 0.7, 2.0])
def test_f_divergences_have_their_closed_forms(name, m):
    found = float(laws.f_divergence(laws.GENERATORS[name], laws.normal(), laws.normal(m)))
    assert found == pytest.approx(F_DIVERGENCES[name](m), rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("sd", [0.05, 0.003, 1e-3, 1e-4])
def test_narrow_laws_do_not_fall_between_the_places(sd):
    p, q = laws.normal(0.0, sd), laws.normal()
    line = laws.Line.around(p, q)
    assert float(line.mean(p, torch.ones_like(line.x))) == pytest.approx(1, abs=1e-9)
    assert float(laws.kl(p, q)) == pytest.approx(float(kl_divergence(p, q)), abs=1e-9)
    assert float(laws.kl(q, p)) == pytest.approx(float(kl_divergence(q, p)), rel=1e-9)
    assert optimal.accuracy(optimal.logit(p, q, line.x), p, q, line) <= 1
    narrow = laws.mixture((1, 1), (-3.0, 3.0), (sd, 1.0))
    line = laws.Line.around(narrow, sds=8.0, points=601)
    assert float(line.mean(narrow, torch.ones_like(line.x))) == pytest.approx(1, abs=1e-9)


def test_a_law_that_is_too_narrow_for_a_line_is_refused(tmp_path, monkeypatch, capsys):
    with pytest.raises(ValueError, match=r"standard deviation of 1e-06 falls between the places"):
        laws.kl(laws.normal(0.0, 1e-6), laws.normal())
    monkeypatch.chdir(tmp_path)
    assert main(["theory", "optimal-discriminator", "--sd", "0.000001", "--steps", "1"]) == 2
    assert "falls between the places" in capsys.readouterr().err


def test_the_best_discriminator_of_a_narrow_law_is_right_at_most_always():
    (row,) = ga.teach("optimal-discriminator", distances=(0.0,), sd=0.001, steps=2).rows
    assert row["accuracy of D*"] == pytest.approx(0.9984, abs=2e-4)
    assert 0 <= row["accuracy learned"] <= 1
    assert row["JS"] < LOG2


@pytest.mark.parametrize(
    ("p", "q", "wanted"),
    [
        ((0, 2), (0, 1), math.inf),
        ((0, 1.5), (3, 1), math.inf),
        ((0, 1), (0, 2), 0.511857892),
        ((0, 1), (0, 0.71), 4.566853),
        ((0, 1), (10, 1), math.expm1(100)),
        ((0, 1), (30, 1), math.inf),  # e^900, beyond what a double holds
    ],
)
def test_pearsons_divergence_is_infinite_where_it_is(p, q, wanted):
    found = float(laws.f_divergence(laws.GENERATORS["pearson"], laws.normal(*p), laws.normal(*q)))
    assert found == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("name", [name for name in laws.GENERATORS if name != "pearson"])
def test_other_divergences_are_finite_where_pearsons_is_not(name):
    assert math.isfinite(laws.f_divergence(laws.GENERATORS[name], laws.normal(0, 2), laws.normal()))


def test_divergences_of_mixtures_agree_with_adaptive_quadrature():
    p, q = laws.mixture((3, 1), (-1.0, 2.0), (0.5, 0.8)), laws.normal(0.5, 1.3)

    def density(x):
        return 0.75 * stats.norm.pdf(x, -1, 0.5) + 0.25 * stats.norm.pdf(x, 2, 0.8)

    def integrand(x):
        return density(x) * (math.log(density(x)) - stats.norm.logpdf(x, 0.5, 1.3))

    assert float(laws.kl(p, q)) == pytest.approx(integrate.quad(integrand, -7, 9, limit=200)[0], abs=1e-7)
    assert float(p.mean) == pytest.approx(-0.25)
    line = laws.Line.around(p)
    wanted = 0.75 * stats.norm.cdf(line.x, -1, 0.5) + 0.25 * stats.norm.cdf(line.x, 2, 0.8)
    assert torch.allclose(laws.distribution(p, line), torch.as_tensor(wanted), atol=1e-5)


def test_impossible_laws_are_refused():
    for make in (
        lambda: laws.normal(0.0, 0.0),
        lambda: laws.mixture((1.0,), (0.0, 1.0), (1.0, 1.0)),
        lambda: laws.mixture((1.0, -1.0), (0.0, 1.0), (1.0, 1.0)),
        lambda: laws.Line(1.0, 1.0),
    ):
        with pytest.raises(ValueError, match="got"):
            make()


# -- discriminators -----------------------------------------------------------------------------------------------


def test_no_discriminator_is_worth_more_than_the_best():
    p, q = laws.normal(), laws.normal(1.5, 0.8)
    line = laws.Line.around(p, q)
    best = optimal.logit(p, q, line.x)
    for other in (best * 1.2, best + 0.1, best + line.x.sin(), torch.zeros_like(best)):
        assert optimal.value(other, p, q, line) < optimal.value(best, p, q, line) - 1e-4


@pytest.mark.parametrize("sd", [1.0, 2.0])
def test_a_trained_discriminator_comes_to_p_over_p_plus_q(sd):
    rows = ga.teach("optimal-discriminator", distances=(1.0,), sd=sd, steps=250, batch=512).rows
    for row in rows:
        assert row["|D - D*|"] <= 0.03
        assert row["V*"] - 0.02 <= row["V learned"] <= row["V*"] + 1e-9
        assert row["V*"] == pytest.approx(worth_by_quad(row["m"], sd), abs=1e-7)


def worth_by_quad(m: float, sd: float) -> float:
    """V(D*) for N(0, 1) against N(m, sd^2), by adaptive quadrature."""

    def integrand(x):
        p, q = stats.norm.pdf(x), stats.norm.pdf(x, m, sd)
        return p * math.log(p / (p + q)) + q * math.log(q / (p + q))

    return integrate.quad(integrand, -12, 12, limit=200)[0]


def test_a_classifier_knows_the_ratio_and_the_odds_until_the_laws_are_far_apart():
    how = optimal.Training(steps=300, batch=768, share=0.75)
    p, q, far = ratio.away(0.0, 1.0), ratio.away(math.sqrt(2), 1.5), ratio.away(10.0, 1.5)
    judge = ratio.estimate(p, q, how)
    x = p.sample((5000,))
    learned, wanted = ratio.log_ratio(judge, how, x), exact_ratio(x)
    assert torch.allclose(optimal.logit(p, q, x), wanted, atol=1e-4)
    assert (learned - wanted)[x.norm(dim=1) < 2.45].abs().mean() <= 0.15
    assert torch.corrcoef(torch.stack([learned, wanted]))[0, 1] >= 0.99
    # Its logit holds the odds of its draws: three of p for each of q.
    assert torch.allclose(judge(x) - learned, torch.tensor(math.log(3)), atol=1e-5)
    assert float(learned.mean()) == pytest.approx(0.7388, abs=0.1)
    assert ratio.log_ratio(ratio.estimate(p, far, how), how, x).mean() < float(kl_divergence(p, far)) / 2


def exact_ratio(x: torch.Tensor) -> torch.Tensor:
    """log N(x; 0, I) - log N(x; (1, 1), 1.5 I)."""
    at = x.double().numpy()
    return torch.as_tensor((stats.norm.logpdf(at) - stats.norm.logpdf(at, 1, math.sqrt(1.5))).sum(1)).float()


# -- one normal law for two modes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("separation", [2.0, 5.0])
def test_the_likeliest_normal_law_has_the_moments(separation):
    world = likelihood.World(separation, weight=0.7, sd=0.5)
    fit = likelihood.descend(laws.kl, world.law, world.line, world.starts, steps=200)
    assert fit.mean == pytest.approx(-0.4 * separation / 2, abs=1e-3)
    assert fit.sd**2 == pytest.approx(0.25 + 4 * 0.7 * 0.3 * (separation / 2) ** 2, abs=1e-2)


@pytest.mark.parametrize("name", list(likelihood.DIVERGENCES)[1:])
def test_gradients_and_a_simplex_come_to_the_same_law(name):
    world = likelihood.World(4.0, weight=0.6, sd=0.6)
    divergence = likelihood.DIVERGENCES[name]
    fit = likelihood.descend(divergence, world.law, world.line, world.starts, steps=200)
    other = likelihood.searched(divergence, world.law, world.line, world.starts)
    assert (fit.mean, fit.sd) == pytest.approx((other.mean, other.sd), abs=2e-3)
    assert fit.divergence == pytest.approx(other.divergence, abs=1e-5)


def test_the_reverse_divergence_picks_the_heavier_mode_at_the_price_of_its_logarithm():
    world = likelihood.World(12.0, weight=0.3, sd=0.5)
    fit = likelihood.descend(likelihood.DIVERGENCES["KL(q, p): reverse"], world.law, world.line, world.starts)
    assert (fit.mean, fit.sd, fit.divergence) == pytest.approx((6.0, 0.5, -math.log(0.7)), abs=1e-3)
    assert world.between(fit.law) < 1e-6
    assert world.between(likelihood.matched(world.law)) > 0.3


def test_of_two_modes_that_are_equally_good_fits_take_the_same():
    rows = ga.teach("likelihood-or-reverse", weight=0.5, farther=()).rows
    for row in rows:
        assert (row["mean"], row["sd"]) == pytest.approx((row["exact mean"], row["exact sd"]), abs=1e-3)
    assert rows[1]["nats"] == pytest.approx(LOG2, abs=2e-3)


# -- transport ----------------------------------------------------------------------------------------------------


def test_on_the_line_sorting_is_transport():
    a, b = torch.randn(2, 500, generator=torch.Generator().manual_seed(1)).double()
    b = b * 1.5 + 1
    wanted = stats.wasserstein_distance(a.numpy(), b.numpy())
    assert transport.by_sorting(a, b) == pytest.approx(wanted, abs=1e-10)
    assert transport.by_sorting(a, b) == pytest.approx(
        float(torch.as_tensor(ot.wasserstein_1d(a.numpy(), b.numpy()), dtype=torch.float64)), abs=1e-10
    )
    assert transport.by_sorting(a, b) == pytest.approx(exact(a[:, None], b[:, None]), abs=1e-10)
    with pytest.raises(ValueError, match="as many"):
        transport.by_sorting(a, b[1:])


def test_in_the_plane_a_permutation_is_as_good_as_any_coupling():
    a, b = torch.randn(2, 40, 2, generator=torch.Generator().manual_seed(2)).double()
    plan = transport.best_plan(a, b)
    even = torch.full((40,), 1 / 40, dtype=torch.float64).numpy()
    wanted = float(torch.as_tensor(ot.emd2(even, even, torch.cdist(a, b).numpy()), dtype=torch.float64))
    assert sorted(plan.tolist()) == list(range(40))
    assert transport.carried(a, b, plan) == pytest.approx(wanted, abs=1e-10)
    assert transport.by_program(a, b) == pytest.approx(wanted, abs=1e-10)
    assert transport.carried(a, b, torch.arange(40)) > wanted + 0.1


@pytest.mark.parametrize("theta", [-2.0, -1e-3, 0.4])
def test_segments_side_by_side(theta):
    a, b = transport.segments(theta, torch.rand(20, generator=torch.Generator().manual_seed(0)))
    assert exact(a, b) == pytest.approx(abs(theta), rel=1e-5)
    assert transport.divergences(a, b) == (pytest.approx(LOG2), math.inf)
    assert transport.divergences(a, a) == (0.0, 0.0)


def test_divergences_of_points_that_share_some_places():
    a, b = torch.tensor([[0.0], [0.0], [1.0], [1.0]]), torch.tensor([[0.0], [1.0], [1.0], [1.0]])
    found = transport.divergences(a, b)
    p, q = [0.5, 0.5], [0.25, 0.75]
    half = [(one + other) / 2 for one, other in zip(p, q, strict=True)]
    wanted = (stats.entropy(p, half) + stats.entropy(q, half)) / 2, stats.entropy(p, q)
    assert found == pytest.approx(tuple(map(float, wanted)))


# -- posteriors ---------------------------------------------------------------------------------------------------


def model(causes: int = 5, effects: int = 3) -> posterior.NoisyOr:
    strengths = 0.2 + 0.7 * torch.rand(effects, causes, generator=torch.Generator().manual_seed(3)).double()
    return posterior.NoisyOr(0.2, strengths, 0.05)


@pytest.mark.parametrize("x", list(product((0, 1), repeat=3)))
def test_counting_all_causes_is_as_good_as_counting_the_effects(x):
    seen = torch.tensor(x)
    joint = posterior.log_joint(model(), seen, posterior.configurations(5))
    assert float(joint.logsumexp(0)) == pytest.approx(posterior.by_effects(model(), seen), abs=1e-10)


def test_all_configurations_and_effects_have_probability_one():
    h = posterior.configurations(5)
    assert len(h) == len(h.unique(dim=0)) == 32
    total = sum(posterior.log_joint(model(), torch.tensor(x), h).exp().sum() for x in product((0, 1), repeat=3))
    assert float(total) == pytest.approx(1.0, abs=1e-12)


def test_one_cause_explains_another_away():
    # An alarm that rings for either of two causes, or in one case of a hundred for none.
    alarm = posterior.NoisyOr(0.1, torch.tensor([[0.9, 0.9]]).double(), 0.01)
    h = posterior.configurations(2)
    found = posterior.log_joint(alarm, torch.ones(1), h).exp()
    by_hand = [0.81 * 0.01, 0.09 * (1 - 0.99 * 0.1), 0.09 * (1 - 0.99 * 0.1), 0.01 * (1 - 0.99 * 0.01)]
    assert found.tolist() == pytest.approx(by_hand)
    first = ga.teach("posterior", causes=(2,), effects=1).rows[0]
    assert first["p(h1)"] < first["p(h1 | x, h2)"] < first["p(h1 | x)"]


def test_the_bound_rises_and_misses_the_divergence_from_the_posterior():
    joint = posterior.log_joint(model(), torch.ones(3), posterior.configurations(5))
    guess = posterior.mean_field(joint, torch.full((5,), 0.5))
    assert all(after >= before - 1e-12 for before, after in pairwise(guess.rises))
    assert float(guess.law.sum()) == pytest.approx(1.0)
    exact = (joint - joint.logsumexp(0)).exp()
    assert float(joint.logsumexp(0)) - guess.bound == pytest.approx(stats.entropy(guess.law, exact), abs=1e-9)
    # Its marginals are its beliefs.
    assert (guess.law @ posterior.configurations(5)).tolist() == pytest.approx(guess.beliefs.tolist())
    assert posterior.best_guess(joint, 5).bound >= guess.bound - 1e-7


def test_where_nothing_is_explained_away_independent_guesses_are_exact():
    # Where no effect shows, each cause is judged on its own.
    joint = posterior.log_joint(model(), torch.zeros(3), posterior.configurations(5))
    assert posterior.best_guess(joint, 5).bound == pytest.approx(float(joint.logsumexp(0)), abs=1e-9)


def test_terms_double_with_each_cause():
    rows = ga.teach("posterior", causes=(3, 4, 5)).rows
    assert [row["terms"] for row in rows] == [8, 16, 32]
    for row in rows:
        assert row["log p(x)"] == pytest.approx(row["by effects"], abs=1e-10)
        assert row["missed"] == pytest.approx(row["KL(q, posterior)"], abs=1e-9)


# -- the lessons as such ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWN)
def test_lessons_are_repeated_exactly_and_leave_the_random_state(name):
    quick = dict(index.lesson(name).quick)
    before = torch.get_rng_state()
    first, second = (ga.teach(name, **quick) for _ in range(2))
    assert str(first) == str(second)
    assert first.found
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("optimal-discriminator --sd 0", "standard deviation"),
        ("optimal-discriminator --steps 0", "step"),
        ("density-ratio --odds 0", "odds"),
        ("density-ratio --variance -1", "variance"),
        ("likelihood-or-reverse --weight 1", "weight"),
        ("likelihood-or-reverse --rate 0", "rate"),
        ("likelihood-or-reverse --separation 0", "separation"),
        ("wasserstein --points 1000", "points"),
        ("posterior --causes 2 40", "causes"),
        ("posterior --prior 1.5", "prior"),
        ("posterior --leak 0", "leak"),
    ],
)
def test_bad_options_are_told(line, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["theory", *line.split()]) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
