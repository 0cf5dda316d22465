"""Lessons of trained games: what they are measured with, beside closed forms, scipy and the game's own parts."""

import math

import pytest
import torch
from scipy import integrate, stats

import ganarium as ga
from ganarium.games.adversarial.gan import GAN
from ganarium.nets import Flat
from ganarium.theory import collapse, counts, equilibrium, four_panels, playing, relations, small_worlds, steps_of_d
from ganarium.zoo import index

QUICK = {name: index.lesson(name).quick for name in ("nash", "four-panels", "why-k-steps", "mode-collapse")}
QUICK |= {name: index.lesson(name).quick for name in ("counting", "global-structure")}


def two_bells(x):
    return 0.5 * stats.norm.pdf(x, -1.5, 0.5) + 0.5 * stats.norm.pdf(x, 1.5, 0.5)


# -- games within lessons -----------------------------------------------------------------------------------------


def test_a_game_in_a_lesson_follows_its_seed_and_leaves_the_random_state():
    data = playing.world(torch.randn(200, 2), equilibrium._FIELD)
    before, ends = torch.get_rng_state(), []
    for seed in (3, 3, 4):
        game = playing.last(playing.played(lambda: GAN.on(data), data, 3, 16, seed=seed))
        ends.append(torch.cat([weight.flatten() for weight in game.generator.parameters()]))
    assert ends[0].equal(ends[1])
    assert not ends[0].equal(ends[2])
    assert torch.get_rng_state().equal(before)


def test_the_discriminator_is_ahead_for_its_share_of_the_rounds():
    data = playing.world(torch.randn(200, 2), equilibrium._FIELD)
    make = lambda: playing.Ahead(data.spec, latent=2, architecture=Flat(8), ahead=0.5)  # noqa: E731
    weights = []
    for _, game in playing.played(make, data, 10, 16):
        weights.append([next(net.parameters()).detach().clone() for net in (game.generator, game.discriminator)])
    assert weights[0][0].equal(weights[5][0])
    assert not weights[0][1].equal(weights[5][1])
    assert not weights[5][0].equal(weights[6][0])


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("nash", {"correlation": 1.0}, "correlation"),
        ("nash", {"rounds": 0}, "rounds"),
        ("four-panels", {"frames": 3}, "frames"),
        ("four-panels", {"sd": 0.0}, "spread out"),
        ("why-k-steps", {"steps": (2, 0)}, "steps"),
        ("why-k-steps", {"rate": 0.0}, "above zero"),
        ("mode-collapse", {"looks": 1}, "looks"),
        ("mode-collapse", {"gamma": 0.0}, "above zero"),
        ("counting", {"dots": 5}, "dots"),
        ("counting", {"count": 0}, "count"),
        ("global-structure", {"rate": 0.0}, "above zero"),
        ("global-structure", {"batch": 0}, "batch"),
    ],
)
def test_options_that_do_not_fit_are_told(name, options, words):
    with pytest.raises(ValueError, match=words):
        ga.teach(name, **options)


# -- the equilibrium and its witness ------------------------------------------------------------------------------


def test_a_fresh_discriminator_is_right_as_often_as_the_best_one():
    data, samples = torch.randn(2, 8000, 2, generator=torch.Generator().manual_seed(0))
    samples[:, 0] += 1.5
    # Between two Gaussians 1.5 deviations apart the best one is right with the probability Phi(0.75).
    assert equilibrium.told(data, samples, steps=200) == pytest.approx(stats.norm.cdf(0.75), abs=0.02)
    assert equilibrium.told(data, data.flip(0), steps=200) == pytest.approx(0.5, abs=0.03)


def test_the_worth_of_the_best_discriminator_is_the_divergence():
    x = torch.linspace(-12, 14, 200_001, dtype=torch.float64)
    p, q = (torch.distributions.Normal(mean, 1.0).log_prob(x).exp() for mean in (0.0, 2.0))
    draw = [torch.distributions.Categorical(each).sample((400_000,)) for each in (p, q)]
    value = equilibrium.opinion(*((p / q).log()[places] for places in draw)).value
    assert value == pytest.approx(-0.7126, abs=0.01)  # 2 JS - log 4 of N(0, 1) and N(2, 1), by quadrature


def test_gaussian_points_have_the_correlation():
    points = equilibrium.gaussian(40_000, -0.6, seed=1)
    torch.testing.assert_close(points.T.cov(), torch.tensor([[1.0, -0.6], [-0.6, 1.0]]), atol=0.03, rtol=0)


def test_a_game_that_has_not_begun_looks_at_rest_and_is_told():
    rows = {row["samples"]: row for row in ga.teach("nash", **QUICK["nash"]).rows}
    begun, exact = rows["the game before it began"], rows["data: exact"]
    assert begun["V"] == pytest.approx(-math.log(4), abs=0.05)
    assert begun["fresh D right"] > 0.8
    assert exact["fresh D right"] == pytest.approx(0.5, abs=0.05)


# -- four panels --------------------------------------------------------------------------------------------------


def test_densities_on_the_line():
    x = torch.linspace(-6, 6, 201, dtype=torch.float64)
    law = four_panels.Mixture(2, 3.0, 0.5)
    torch.testing.assert_close(law.density(x), torch.as_tensor(two_bells(x.numpy())))
    points = law.draw(500, seed=0).flatten()
    kernel = stats.gaussian_kde(points.numpy(), bw_method=0.1 / points.std().item())
    torch.testing.assert_close(
        four_panels.density_of(points, x, 0.1), torch.as_tensor(kernel(x.numpy())), atol=1e-5, rtol=1e-4
    )
    assert stats.kstest(law.draw(5000, seed=0).flatten().numpy(), _distribution).pvalue > 0.01


def _distribution(x):
    return 0.5 * stats.norm.cdf(x, -1.5, 0.5) + 0.5 * stats.norm.cdf(x, 1.5, 0.5)


def test_a_look_compares_with_the_best_discriminator():
    x = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    p, q = (torch.as_tensor(stats.norm.pdf(x.numpy(), mean, 1.0)) for mean in (0, 1))
    best = p / (p + q)
    row = four_panels.Look(0, x, p, q, best, x).row
    assert row["best V"] == pytest.approx(-1.1635, abs=1e-4)  # of N(0, 1) and N(1, 1), by quadrature
    assert row["JS(p, q)"] == pytest.approx(0.1114, abs=1e-4)
    assert row["V"] == row["best V"]
    assert row["mean |D - D*|"] == 0
    half = four_panels.Look(0, x, p, q, torch.full_like(x, 0.5), x).row
    assert half["V"] == pytest.approx(-math.log(4), abs=1e-6)
    assert half["V"] < half["best V"]


def test_alone_the_discriminator_comes_to_its_best():
    before, alone, *_ = ga.teach("four-panels", **{**QUICK["four-panels"], "rounds": 60}).rows
    assert alone["JS(p, q)"] == before["JS(p, q)"]
    assert alone["mean |D - D*|"] < before["mean |D - D*|"] / 2


# -- steps of D ---------------------------------------------------------------------------------------------------


def _divergences(mu, log_sigma):
    """2 JS and KL(q || p) of N(mu, sigma) and N(0, 1), by quadrature."""
    p, q = ((0.0, 1.0), (mu, math.exp(log_sigma)))
    density, log_density = stats.norm.pdf, stats.norm.logpdf
    log_middle = lambda x: math.log((density(x, *p) + density(x, *q)) / 2)  # noqa: E731
    inside = lambda x: sum(density(x, *law) * (log_density(x, *law) - log_middle(x)) for law in (p, q))  # noqa: E731
    reverse = lambda x: density(x, *q) * (log_density(x, *q) - log_density(x, *p))  # noqa: E731
    return [integrate.quad(each, -9, 9, epsabs=1e-11, limit=200)[0] for each in (inside, reverse)]


@pytest.mark.parametrize(("mu", "sigma"), [(0.5, 0.8), (1.5, 1.3)])
def test_with_the_best_discriminator_slopes_are_those_of_divergences(mu, sigma):
    at, step, found = (mu, math.log(sigma)), 1e-3, []
    for axis in (0, 1):
        moved = [[value + sign * step * (place == axis) for place, value in enumerate(at)] for sign in (1, -1)]
        found.append(
            [(up - down) / (2 * step) for up, down in zip(*(_divergences(*each) for each in moved), strict=True)]
        )
    twice, reverse = torch.tensor(found, dtype=torch.float64).T
    score = lambda x: steps_of_d.best_score(x, mu, sigma)  # noqa: E731
    torch.testing.assert_close(steps_of_d.slope(score, mu, sigma, "minimax"), twice, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(steps_of_d.slope(score, mu, sigma), reverse - twice, atol=1e-5, rtol=1e-5)


def test_a_step_measures_the_discriminator_beside_the_best_one():
    best = steps_of_d.Step.of(lambda x: steps_of_d.best_score(x, 1.0, 0.5), 1.0, 0.5, "minimax")
    assert (best.away, best.wrong) == (0, 0)
    assert best.cosine == pytest.approx(1)
    assert best.distance == math.hypot(1.0, 0.5)
    # Of a D that says 1/2 of all, where p and q are one unit apart: |1/2 - sigma(1/2 - x)| under both, by quadrature.
    blind = steps_of_d.Step.of(lambda x: 0 * x, 1.0, 1.0, "minimax")
    q = lambda x: (stats.norm.pdf(x) + stats.norm.pdf(x, 1)) / 2  # noqa: E731
    exact = integrate.quad(lambda x: q(x) * abs(0.5 - 1 / (1 + math.exp(x - 0.5))), -9, 10, points=[0.5])[0]
    assert blind.away == pytest.approx(exact, abs=1e-5)
    assert blind.wrong == pytest.approx(blind.length)


def test_the_best_discriminator_leads_to_the_data(monkeypatch):
    path = steps_of_d.best_path(2.0, 0.5, 300, rate=0.1)
    assert path[-1].distance < 0.01
    monkeypatch.setattr(steps_of_d, "_ALONE", 80)  # it begins less near the best, in less time
    few, many, best = ga.teach("why-k-steps", **{**QUICK["why-k-steps"], "steps": (1, 8)}).rows
    assert few["mean |D - D*|"] > many["mean |D - D*|"] > best["mean |D - D*|"] == 0


# -- mode collapse ------------------------------------------------------------------------------------------------


def test_data_has_its_modes_and_its_share_of_good_samples():
    plain, kept, data, exact = ga.teach("mode-collapse", **{**QUICK["mode-collapse"], "count": 2500}).rows
    assert collapse.good_share(3.0) == pytest.approx(stats.chi2.cdf(9, 2))
    assert data["modes"] == exact["modes"] == 8
    assert data["good"] == pytest.approx(exact["good"], abs=0.01)
    assert plain["good"] < exact["good"]
    assert 0 <= kept["divergence"] <= math.log(8)


# -- pictures under a law that no part shows ----------------------------------------------------------------------


def test_dots_are_counted_as_they_were_drawn():
    for dots in (1, 2, 3, 4):
        assert small_worlds.count_dots(small_worlds.draw_dots(small_worlds.places_of_dots(300, dots))).eq(dots).all()
    rows = torch.full((1, 1, 16, 16), -1.0)
    rows[..., 1:4, 1:4] = rows[..., 4:7, 4:7] = 1  # they touch at a corner: one spot of 18 pixels
    rows[..., 12, 12] = 1  # too small
    assert small_worlds.count_dots(rows).tolist() == [1]
    assert small_worlds.size_of_dots(rows).tolist() == [18]


def test_dots_have_the_area_of_a_disc():
    pictures = small_worlds.draw_dots(small_worlds.places_of_dots(2000, 1))
    # What is bright is nearer than 1.7 pixels to the centre, wherever that lies between pixels.
    assert small_worlds.size_of_dots(pictures).double().mean() == pytest.approx(math.pi * 1.7**2, rel=0.02)


def test_shuffled_pictures_have_the_parts_of_the_data_and_not_its_law():
    pictures = small_worlds.draw_dots(small_worlds.places_of_dots(500, 3))
    mixed = counts.quarters_shuffled(pictures, 1)
    order = lambda x, part: x[:, 0, part[0], part[1]].flatten(1).unique(dim=0)  # noqa: E731
    for part in ((slice(8), slice(8)), (slice(8, 16), slice(8))):
        assert order(pictures, part).equal(order(mixed, part))
    assert small_worlds.count_dots(mixed).ne(3).double().mean() > 0.4

    real = relations.alike(4000, 0)
    colours, other = (small_worlds.read_pairs(each) for each in (real, relations.halves_shuffled(real, 1)))
    assert colours[:, 0].equal(colours[:, 1])
    assert other[:, 0].equal(colours[:, 0])
    assert other[:, 0].ne(other[:, 1]).double().mean() == pytest.approx(0.75, abs=0.03)


def test_information_is_what_scikit_learn_says():
    from sklearn.metrics import mutual_info_score

    pairs = torch.randint(4, (500, 2), generator=torch.Generator().manual_seed(0))
    pairs[:250, 1] = pairs[:250, 0]
    assert small_worlds.information(pairs) == pytest.approx(mutual_info_score(*pairs.T.numpy()), abs=1e-9)
    even = torch.arange(4).repeat(10)
    assert small_worlds.information(torch.stack([even, even], 1)) == pytest.approx(math.log(4))
    assert small_worlds.information(torch.cartesian_prod(even[:4], even[:4])) == pytest.approx(0, abs=1e-12)


def test_windows_judged_apart_cannot_tell_pairs_from_shuffled_ones():
    real = relations.alike(64, 0)
    mixed = relations.halves_shuffled(real, 1)
    torch.manual_seed(0)
    apart, together = (small_worlds.Windows(small_worlds.PAIRS, 4, which) for which in (False, True))
    # Light and colours of each half are the same in all: only what is in one picture with what has changed.
    middle = small_worlds.colours([small_worlds._PAPER]).reshape(1, 3, 1, 1)
    assert real[:, :, 2:6].sub(middle).abs().max() == 0
    torch.testing.assert_close(apart(real).mean(), apart(mixed).mean(), atol=1e-6, rtol=0)
    assert abs(together(real).mean() - together(mixed).mean()) > 1e-5


def test_the_controls_of_both_lessons_stand_beside_their_games():
    rows = {row["pictures"]: row for row in ga.teach("counting", **QUICK["counting"]).rows}
    assert rows["data"]["wrong number"] == rows["data"]["size away"] == 0
    assert rows["quarters shuffled"]["wrong number"] > 0.4
    rows = {row["pictures"]: row for row in ga.teach("global-structure", **QUICK["global-structure"]).rows}
    assert rows["data"]["broken"] == 0
    assert rows["data"]["I(a; b)"] == pytest.approx(math.log(4), abs=0.02)
    assert rows["halves shuffled"]["broken"] == pytest.approx(rows["exact, if independent"]["broken"], abs=0.1)
    assert rows["halves shuffled"]["I(a; b)"] < 0.05
    assert rows["windows judged apart"]["D prefers data by"] == pytest.approx(0, abs=1e-5)
