"""Formulas against their closed forms: objectives, penalties, priors, schedules, bounds, and games solved by hand."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from ganarium.data import InMemory
from ganarium.engine.trainer import Trainer
from ganarium.game import Batch, Game, Player, Terms
from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.wgan_gp import WGANGP
from ganarium.games.likelihood.vae import VAE, kl_to_standard
from ganarium.ingredients import (
    R1,
    R2,
    SGD,
    Adam,
    Cosine,
    Exponential,
    GradientPenalty,
    Hinge,
    Latent,
    LeastSquares,
    Linear,
    Minimax,
    NonSaturating,
    Normal,
    Objective,
    OnePass,
    Penalty,
    RelativisticPairs,
    Schedule,
    Truncated,
    Uniform,
    Wasserstein,
    at,
    clip_weights,
    input_gradient,
)
from ganarium.ingredients.penalties import refuse_coupling
from ganarium.spec import Field, Spec

NOW = torch.zeros(())
LOG2 = math.log(2)


@pytest.fixture(autouse=True)
def _one_thread_one_seed():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def sigmoid(u: float) -> float:
    return 1 / (1 + math.exp(-u))


def softplus(u: float) -> float:
    return math.log1p(math.exp(u))


def number(value: float) -> Tensor:
    return torch.tensor([value], dtype=torch.float64, requires_grad=True)


def double(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def points(x: Tensor) -> InMemory:
    return InMemory({"x": x}, {"x": Field(tuple(x.shape[1:]), "points")})


# -- objectives: the table of scalar functions --------------------------------------------------------------------

# Values (a, b, c) at score zero, and slopes (a', b', c') as functions of the score.
TABLE: list[tuple[Objective, tuple[float, float, float], Callable[[float], tuple[float, float, float]]]] = [
    (NonSaturating(), (LOG2, LOG2, LOG2), lambda u: (-sigmoid(-u), sigmoid(u), -sigmoid(-u))),
    (Minimax(), (LOG2, LOG2, -LOG2), lambda u: (-sigmoid(-u), sigmoid(u), -sigmoid(u))),
    (
        NonSaturating(smoothing=0.9),
        (LOG2, LOG2, LOG2),
        lambda u: (0.1 - sigmoid(-u), sigmoid(u), -sigmoid(-u)),
    ),
    (LeastSquares(), (0.5, 0.0, 0.5), lambda u: (u - 1, u, u - 1)),
    (LeastSquares(1.0, -1.0, 0.0), (0.5, 0.5, 0.0), lambda u: (u - 1, u + 1, u)),
    (Hinge(), (1.0, 1.0, 0.0), lambda u: (-float(u < 1), float(u > -1), -1.0)),
    (Wasserstein(), (0.0, 0.0, 0.0), lambda u: (-1.0, 1.0, -1.0)),
]


@pytest.mark.parametrize(
    ("objective", "values", "slopes"), TABLE, ids=lambda value: str(value)[:40] if isinstance(value, Objective) else ""
)
def test_objectives_have_the_table_s_values_and_slopes(objective, values, slopes):
    for u in (-8.0, 0.0, 8.0):
        real, fake, drawn = number(u), number(u), number(u)
        judged = objective.discriminator(real, fake)
        made = objective.generator(drawn)
        (judged["real"] + judged["fake"] + made["fake"]).backward()
        got = [torch.nan if score.grad is None else score.grad.item() for score in (real, fake, drawn)]
        assert got == pytest.approx(slopes(u), rel=1e-9, abs=1e-12)
        if u == 0:
            at_zero = judged["real"].item(), judged["fake"].item(), made["fake"].item()
            assert at_zero == pytest.approx(values)


def test_the_minimax_generator_learns_nothing_where_the_non_saturating_one_learns_most():
    slopes = []
    for objective in (Minimax(), NonSaturating()):
        score = number(-8.0)
        objective.generator(score)["fake"].backward()
        assert score.grad is not None
        slopes.append(-score.grad.item())
    assert slopes == pytest.approx([3.354e-4, 0.99966], rel=1e-3)


@pytest.mark.parametrize("u", [-500.0, 500.0])
def test_cross_entropies_stay_finite_where_sigmoids_saturate(u):
    score = torch.tensor([u], requires_grad=True)
    terms = [*NonSaturating().discriminator(score, score).values(), *NonSaturating().generator(score).values()]
    loss = torch.stack(terms).sum()
    loss.backward()
    assert loss.isfinite()
    assert score.grad is not None
    assert score.grad.isfinite()


def test_terms_are_means_over_the_batch():
    real, fake = double(6), double(4)
    for objective, _, _ in TABLE:
        once = objective.discriminator(real, fake)
        twice = objective.discriminator(real.repeat(2), fake.repeat(2))
        assert all(torch.allclose(once[name], twice[name]) for name in once)


def test_relativistic_losses_see_only_differences_of_scores():
    real, fake = double(5), double(5)
    game = RelativisticPairs()
    for player in (game.discriminator, lambda r, f: game.generator(f, lambda: r)):
        assert torch.allclose(player(real + 7, fake + 7)["pair"], player(real, fake)["pair"])
        assert player(real, real)["pair"].item() == pytest.approx(math.log(2))
    judge = game.discriminator(real, fake)["pair"]
    assert judge.item() == pytest.approx(sum(map(softplus, (fake - real).tolist())) / 5)
    # The generator swaps the roles.
    assert torch.allclose(game.generator(real, lambda: fake)["pair"], judge)
    with pytest.raises(ValueError, match="real"):
        game.generator(fake)


@pytest.mark.parametrize("objective", [row[0] for row in TABLE])
def test_only_relativistic_generators_ask_for_the_scores_of_data(objective):
    def ask():
        raise AssertionError("scores of data cost a pass through the discriminator")

    objective.generator(double(5), ask)
    with pytest.raises(AssertionError, match="cost"):
        RelativisticPairs().generator(double(5), ask)


@pytest.mark.parametrize("smoothing", [1.0, 0.9, 0.5])
def test_the_best_smoothed_discriminator_is_alpha_p_over_p_plus_q(smoothing):
    # Three places; the data fall on them with p = (2, 1, 1) / 4 and the samples with q = (1, 1, 2) / 4.
    p, q = torch.tensor([2.0, 1.0, 1.0]).double() / 4, torch.tensor([1.0, 1.0, 2.0]).double() / 4
    best = torch.logit(smoothing * p / (p + q)).requires_grad_()
    terms = NonSaturating(smoothing).discriminator(best[[0, 0, 1, 2]], best[[0, 1, 2, 2]])
    (slope,) = torch.autograd.grad(terms["real"] + terms["fake"], best)
    assert slope.abs().max() < 1e-12


@pytest.mark.parametrize("smoothing", [0.0, 1.1])
def test_smoothing_lies_between_zero_and_one(smoothing):
    with pytest.raises(ValueError, match="smoothing"):
        NonSaturating(smoothing)


# -- the optimal discriminator ------------------------------------------------------------------------------------


class Shift(nn.Module):
    """Moves the noise: a generator that has nothing to learn."""

    def __init__(self, by: float):
        super().__init__()
        self.by = by

    def forward(self, z: Tensor) -> Tensor:
        return z + self.by


class Judge(nn.Sequential):
    """Two layers, from points to one score each."""

    def __init__(self, inputs: int):
        super().__init__(nn.Linear(inputs, 32), nn.Tanh(), nn.Linear(32, 1), nn.Flatten(0))


class Alone(GAN):
    """The discriminator's half of the game."""

    def players(self) -> list[Player]:
        return super().players()[:1]


def judged(shift: float, rounds: int) -> tuple[Alone, float]:
    """The game between N(0, 1) and N(shift, 1), played by the discriminator, and its loss at the end."""
    data = points(torch.randn(20_000, 1))
    game = Alone(
        data.spec, latent=1, prior=Normal(), optimizer=Adam(0.01), generator=Shift(shift), discriminator=Judge(1)
    )
    trainer = Trainer(game, average=0, decay=Linear())
    reports = [report.terms for report in trainer.play(data, 500, rounds)]
    losses = [row["discriminator/real"] + row["discriminator/fake"] for row in reports[-100:]]
    return game, torch.stack(losses).mean().item()


def test_the_discriminator_finds_p_over_p_plus_q():
    game, _ = judged(shift=1.0, rounds=300)
    x = torch.cat([torch.randn(4000, 1), torch.randn(4000, 1) + 1])
    best = torch.sigmoid(0.5 - x[:, 0])  # log p/q = 1/2 - x
    assert (game.score(x).sigmoid() - best).abs().mean() <= 0.03


def test_where_samples_are_data_the_discriminator_loses_two_log_two():
    _, loss = judged(shift=0.0, rounds=200)
    assert loss == pytest.approx(2 * math.log(2), abs=0.02)


# -- penalties ----------------------------------------------------------------------------------------------------


def smooth_critic() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1), nn.Flatten(0)).double()


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2)])
@pytest.mark.parametrize("weight", [1.0, 10.0])
def test_penalties_of_a_linear_critic_follow_from_its_slope(shape, weight):
    a, real, fake = double(*shape), double(6, *shape), double(6, *shape)
    slope = a.norm().item()

    def critic(x):
        return (x * a).flatten(1).sum(1)

    for penalty, value in [
        (GradientPenalty(weight), (slope - 1) ** 2),
        (GradientPenalty(weight, target=0.0), slope**2),
        (R1(weight), slope**2 / 2),
        (R2(weight), slope**2 / 2),
    ]:
        assert penalty(critic, real, fake, NOW).item() == pytest.approx(weight * value, rel=1e-9)


def test_penalties_of_a_quadratic_critic_look_where_they_say():
    a = double(3, 3)
    a = a + a.T
    real, fake = double(7, 3), double(7, 3)

    def critic(x):
        return (x @ a * x).sum(1) / 2

    at_real, at_fake = (real @ a).norm(dim=1), (fake @ a).norm(dim=1)
    assert R1(1.0)(critic, real, fake, NOW).item() == pytest.approx(at_real.square().mean().item() / 2)
    assert R2(1.0)(critic, real, fake, NOW).item() == pytest.approx(at_fake.square().mean().item() / 2)
    # Where data and samples agree, so do all the points between them; norms are each sample's own.
    segment = GradientPenalty(1.0)(critic, real, real, NOW).item()
    assert segment == pytest.approx((at_real - 1).square().mean().item())


def test_the_gradient_penalty_looks_at_one_random_place_on_each_segment():
    real, fake = double(200, 3), double(200, 3)
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.sum(1)

    GradientPenalty()(critic, real, fake, NOW)
    share = (seen[0] - fake) / (real - fake)
    assert torch.allclose(share, share[:, :1].expand_as(share))
    assert stats.kstest(share[:, 0], "uniform").pvalue > 1e-3


@pytest.mark.parametrize("penalty", [GradientPenalty(), R1(), R2()], ids=lambda penalty: penalty.name)
def test_a_penalty_is_a_mean_over_samples_in_any_order(penalty):
    critic = smooth_critic()
    x = double(6, 3)  # as data and samples at once, so that no random place matters
    value = penalty(critic, x, x, NOW)
    for other in (x.repeat(2, 1), x[torch.randperm(6)]):
        assert torch.allclose(penalty(critic, other, other, NOW), value)
    each = torch.stack([penalty(critic, one[None], one[None], NOW) for one in x])
    assert torch.allclose(each.mean(), value)


def test_the_weight_of_r1_has_the_paper_s_half():
    critic, x, h = smooth_critic(), double(4, 3), 1e-5
    steps = h * torch.eye(3).double()
    slopes = torch.stack([(critic(x + step) - critic(x - step)) / (2 * h) for step in steps], dim=1)
    value = R1(weight=0.3)(critic, x, double(4, 3), NOW)
    assert value.item() == pytest.approx(0.3 / 2 * slopes.square().sum(1).mean().item(), rel=1e-6)


@pytest.mark.parametrize("penalty", [GradientPenalty(), R1(), R2()], ids=lambda penalty: penalty.name)
def test_a_penalty_s_gradient_reaches_the_critic_s_weights_and_is_right(penalty):
    critic, x = smooth_critic(), double(4, 3)
    weights = {name: value for name, value in critic.named_parameters() if name != "2.bias"}

    def value(*new):
        row = dict(zip(weights, new, strict=True))
        return penalty(lambda x: torch.func.functional_call(critic, row, (x,)), x, x, NOW)

    assert torch.autograd.gradcheck(value, tuple(weights.values()))
    assert all(slope.abs().max() > 0 for slope in torch.autograd.grad(value(*weights.values()), [*weights.values()]))


def test_a_penalty_sends_nothing_back_to_data_or_samples_and_works_without_gradient():
    critic = smooth_critic()
    real, fake = double(4, 3).requires_grad_(), double(4, 3).requires_grad_()
    GradientPenalty()(critic, real, fake, NOW).backward()
    assert real.grad is None
    assert fake.grad is None
    with torch.no_grad():
        assert torch.allclose(input_gradient(critic, real), input_gradient(critic, real.detach()))


def test_a_penalty_s_weight_may_follow_the_clock():
    critic, x = smooth_critic(), double(4, 3)
    scheduled = R1(Linear(10.0, 0.0))(critic, x, x, torch.tensor(0.75))
    assert torch.allclose(scheduled, R1(2.5)(critic, x, x, NOW))


@pytest.mark.parametrize("norm", [nn.BatchNorm1d(4), nn.SyncBatchNorm(4)], ids=["batch", "sync"])
def test_batch_norm_in_a_penalised_critic_is_refused(norm):
    critic = nn.Sequential(nn.Linear(2, 4), norm, nn.Linear(4, 1), nn.Flatten(0))
    with pytest.raises(ValueError, match="'1' is batch norm"):
        refuse_coupling(critic, "somebody")
    with pytest.raises(ValueError, match=r"^WGANGP penalises"):
        WGANGP(Spec(x=Field((2,), "points")), critic=critic)
    with pytest.raises(ValueError, match=r"^GAN penalises"):
        GAN(Spec(x=Field((2,), "points")), discriminator=critic, penalties=(R1(),))


def test_layer_norm_in_a_penalised_critic_is_welcome():
    refuse_coupling(nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.Linear(4, 1)), "somebody")


def test_clipped_weights_stay_in_the_box():
    critic = smooth_critic()
    before = [value.clone() for value in critic.parameters()]
    clip_weights(critic.parameters(), 0.1)
    for old, new in zip(before, critic.parameters(), strict=True):
        assert torch.equal(new, old.clamp(-0.1, 0.1))


# -- the game on one point: data at 0, a sample at theta, a critic psi x ------------------------------------------


class Scale(nn.Module):
    """The critic psi x, or the generator that always draws theta."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.ones(1))


class Dirac(Game):
    """Mescheder et al., 2018, section 2."""

    def __init__(self, objective: Objective, penalty: Penalty | None = None, simultaneous: bool = False):
        super().__init__(Spec(x=Field((1,), "points")))
        self.objective, self.penalty, self.simultaneous = objective, penalty, simultaneous
        self.critic, self.generator = Scale(), Scale()

    def players(self) -> list[Player]:
        return [
            Player("critic", self.critic_loss, [self.critic], SGD(0.1)),
            Player("generator", self.generator_loss, [self.generator], SGD(0.1)),
        ]

    def score(self, x: Tensor) -> Tensor:
        return (self.critic.value * x)[:, 0]

    def critic_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        fake = self.generator.value.detach().expand_as(x)
        terms = self.objective.discriminator(self.score(x), self.score(fake))
        if self.penalty:
            terms["penalty"] = self.penalty(self.score, x, fake, self.progress)
        return terms

    def generator_loss(self, batch: Batch) -> Terms:
        return self.objective.generator(self.score(self.generator.value.expand_as(batch["x"])))

    @classmethod
    def toy(cls) -> "Dirac":
        return cls(Wasserstein())


def played(game: Dirac, rounds: int = 500) -> list[tuple[float, float]]:
    """(psi, theta) after each round."""
    game.double()
    trainer = Trainer(game, average=0)
    path = trainer.play(points(torch.zeros(2, 1)), 2, rounds)
    return [(game.critic.value.item(), game.generator.value.item()) for _ in path]


def solved(slope: Callable, pull: Callable, simultaneous: bool = False, rounds: int = 500) -> list[tuple[float, float]]:
    """The same by hand: gradients ``slope`` for psi and ``pull`` for theta, rate 0.1, from (1, 1)."""
    psi = theta = 1.0
    path = []
    for _ in range(rounds):
        before = psi
        psi -= 0.1 * slope(psi, theta)
        theta -= 0.1 * pull(before if simultaneous else psi, theta)
        path.append((psi, theta))
    return path


def ns(psi, theta):
    return sigmoid(psi * theta) * theta


def ns_pull(psi, theta):
    return -sigmoid(-psi * theta) * psi


def minimax_pull(psi, theta):
    return -sigmoid(psi * theta) * psi


def wasserstein_pull(psi, theta):
    return -psi


def with_gp(weight):
    # The root in the penalty is of psi^2 + 1e-12.
    return lambda psi, theta: theta + weight * 2 * (math.sqrt(psi * psi + 1e-12) - 1) * psi / math.hypot(psi, 1e-6)


def with_r1(slope, gamma):
    return lambda psi, theta: slope(psi, theta) + gamma * psi


# The radius after 500 rounds that alternate. The fact sheet's 2.0 for WGAN-GP is that of weight 1, which walks onto
# the kink at psi = 0, where rounding decides what happens next; at weight 0.3 it circles, which is the point.
DIRAC = {
    "minimax": (Minimax(), None, ns, minimax_pull, 1.40),
    "wgan": (Wasserstein(), None, lambda psi, theta: theta, wasserstein_pull, 1.41),
    "hinge": (Hinge(), None, lambda psi, theta: theta * (psi * theta > -1), wasserstein_pull, 1.41),
    "wgan-gp": (Wasserstein(), GradientPenalty(0.3), with_gp(0.3), wasserstein_pull, 1.285),
    "non-saturating": (NonSaturating(), None, ns, ns_pull, 0.39),
    "non-saturating, r1 of 0.3": (NonSaturating(), R1(0.3), with_r1(ns, 0.3), ns_pull, 6e-4),
    "non-saturating, r1 of 1": (NonSaturating(), R1(1.0), with_r1(ns, 1.0), ns_pull, 0.0),
    "non-saturating, r2 of 1": (NonSaturating(), R2(1.0), with_r1(ns, 1.0), ns_pull, 0.0),
    "minimax, r1 of 1": (Minimax(), R1(1.0), with_r1(ns, 1.0), minimax_pull, 0.0),
}


@pytest.mark.parametrize("case", DIRAC)
def test_the_trainer_plays_the_game_on_one_point_as_the_recursion_does(case):
    objective, penalty, slope, pull, radius = DIRAC[case]
    path = played(Dirac(objective, penalty))
    for got, wanted in zip(path, solved(slope, pull), strict=True):
        assert got == pytest.approx(wanted, abs=1e-5)
    assert math.hypot(*path[-1]) == pytest.approx(radius, rel=0.05, abs=1e-5)


@pytest.mark.parametrize(
    ("objective", "slope", "pull"),
    [
        (Wasserstein(), lambda psi, theta: theta, wasserstein_pull),
        (Minimax(), ns, minimax_pull),
        (NonSaturating(), ns, ns_pull),
    ],
    ids=["wgan", "minimax", "non-saturating"],
)
def test_simultaneous_play_equals_its_own_recursion(objective, slope, pull):
    path = played(Dirac(objective, simultaneous=True), 200)
    for got, wanted in zip(path, solved(slope, pull, simultaneous=True, rounds=200), strict=True):
        assert got == pytest.approx(wanted, abs=1e-5)


def test_simultaneous_steps_spiral_outward_as_linear_theory_says():
    path = played(Dirac(Wasserstein(), simultaneous=True), 100)
    squares = [2.0] + [psi**2 + theta**2 for psi, theta in path]
    for before, after in pairwise(squares):
        assert after / before == pytest.approx(1 + 0.1**2, rel=1e-9)


# -- the earth mover's distance -----------------------------------------------------------------------------------


class Line(nn.Module):
    """Uniform points on a segment at a place ``at`` of the first axis."""

    def __init__(self, at: float):
        super().__init__()
        self.at = at

    def forward(self, z: Tensor) -> Tensor:
        return torch.cat([torch.full_like(z, self.at), z], dim=1)


class Critic(WGANGP):
    """The critic's half of the game."""

    def players(self) -> list[Player]:
        return super().players()[:1]


@pytest.mark.parametrize("shift", [0.5, 1.0])
def test_the_critic_s_distance_of_two_parallel_lines_is_how_far_they_are_apart(shift):
    data = points(Line(0.0)(torch.rand(2000, 1)))
    game = Critic(
        data.spec,
        latent=1,
        prior=Uniform(0.0, 1.0),
        critic_moves=1,
        optimizer=Adam(3e-3, (0.5, 0.9)),
        generator=Line(shift),
        critic=Judge(2),
    )
    distances = [report.terms["critic/distance"] for report in Trainer(game, average=0).play(data, 128, 300)]
    distance = torch.stack(distances[-50:]).mean().item()
    assert distance == pytest.approx(shift, rel=0.15)
    # More exactly, the slope t that is best for t shift - 10 (t - 1)^2 is a little more than one.
    assert distance == pytest.approx(shift * (1 + shift / 20), rel=0.03)


# -- variational bounds -------------------------------------------------------------------------------------------


def test_the_divergence_from_the_standard_normal_is_what_its_definition_says():
    mean, log_variance = double(3, 4), double(3, 4)
    here, standard = torch.distributions.Normal(mean, (log_variance / 2).exp()), torch.distributions.Normal(0.0, 1.0)
    got = kl_to_standard(mean, log_variance)
    assert torch.allclose(got, torch.distributions.kl_divergence(here, standard).sum(1))
    z = here.sample((100_000,))
    draws = (here.log_prob(z) - standard.log_prob(z)).sum(2)
    assert ((draws.mean(0) - got).abs() < 5 * draws.std(0) / math.sqrt(len(draws))).all()


def linear_vae(sd: float | None = 0.5) -> VAE:
    """x = W z + b + noise, with orthogonal columns of W, so that the exact posterior is one that an encoder can say."""
    game = VAE(Spec(x=Field((3,), "points")), latent=2, sd=sd, encoder=nn.Linear(3, 4), decoder=nn.Linear(2, 3))
    game.double()
    weights = torch.linalg.qr(double(3, 2)).Q * torch.tensor([1.5, 0.7])
    with torch.no_grad():
        game.decoder.weight.copy_(weights)  # type: ignore[arg-type, operator]
    return game


def exact(game: VAE, x: Tensor) -> Tensor:
    """log p(x) of the linear game (Tipping and Bishop, 1999): x ~ N(b, W W' + s^2 I)."""
    weights, b = game.decoder.weight.detach(), game.decoder.bias.detach()  # type: ignore[operator, union-attr]
    covariance = weights @ weights.T + game.log_sd.detach().exp() ** 2 * torch.eye(3)
    return torch.distributions.MultivariateNormal(b, covariance).log_prob(x)


def tell_the_posterior(game: VAE, spread: float = 1.0) -> None:
    """Set the encoder to the exact posterior, with its standard deviation times ``spread``."""
    weights, b = game.decoder.weight.detach(), game.decoder.bias.detach()  # type: ignore[operator, union-attr]
    noise = game.log_sd.detach().exp() ** 2
    precision = (weights.T @ weights).diagonal() + noise
    to_mean = weights.T / precision[:, None]
    with torch.no_grad():
        game.encoder.weight.copy_(torch.cat([to_mean, torch.zeros(2, 3)]))  # type: ignore[arg-type, operator]
        logs = (noise / precision).log() + 2 * math.log(spread)
        game.encoder.bias.copy_(torch.cat([-to_mean @ b, logs]))  # type: ignore[arg-type, operator]


@pytest.mark.parametrize("draws", [1, 3])
def test_with_the_exact_posterior_every_draw_of_the_bound_is_the_likelihood(draws):
    game, x = linear_vae(), double(6, 3)
    tell_the_posterior(game)
    assert torch.allclose(game.bound(x, draws), exact(game, x))


def test_the_evidence_bound_misses_the_likelihood_by_the_divergence_from_the_posterior():
    game, x, spread = linear_vae(), double(4, 3), 1.6
    tell_the_posterior(game, spread)
    gap = 2 * (0.5 * (spread**2 - 1) - math.log(spread))  # two coordinates of KL(N(0, spread^2) || N(0, 1))
    draws = game.bound(x.repeat_interleave(20_000, 0)).view(4, -1)
    wrong = (draws.mean(1) - (exact(game, x) - gap)).abs()
    assert (wrong < 5 * draws.std(1) / math.sqrt(draws.shape[1])).all()
    # The loss is the same bound with its divergence in closed form.
    terms = game.loss({"x": x.repeat_interleave(20_000, 0)})
    loss = (terms["reconstruction"] + terms["kl"]).item()
    assert -loss == pytest.approx((exact(game, x) - gap).mean().item(), abs=0.05)


def test_the_bound_rises_with_its_draws_and_stays_below_the_likelihood():
    game, x = linear_vae(), double(4, 3)
    tell_the_posterior(game, spread=2.0)
    many = x.repeat_interleave(3000, 0)
    bounds = [game.bound(many, draws).mean().item() for draws in (1, 4, 32)]
    top = exact(game, x).mean().item()
    assert bounds[0] + 0.1 < bounds[1] < bounds[2] - 0.02
    assert bounds[2] < top + 0.01
    assert bounds[2] == pytest.approx(top, abs=0.1)


@pytest.mark.parametrize("sd", [0.3, 1.0, None])
def test_reconstruction_is_the_normal_log_density_summed_over_a_sample(sd):
    game, x, z = linear_vae(sd), double(5, 3), double(5, 2)
    law = torch.distributions.Normal(game.decoder(z), sd or 1.0)
    assert torch.allclose(game.log_likelihood(x, z), law.log_prob(x).sum(1))


# -- priors -------------------------------------------------------------------------------------------------------

LAWS = [
    (Normal(), stats.norm()),
    (Normal(2.0), stats.norm(scale=2.0)),
    (Uniform(), stats.uniform(-1, 2)),
    (Uniform(0.5, 3.0), stats.uniform(0.5, 2.5)),
    *[(Truncated(bound), stats.truncnorm(-bound, bound)) for bound in (0.3, 1.0, 2.0, 6.0)],
]


@pytest.mark.parametrize(("law", "truth"), LAWS, ids=lambda value: str(value) if not hasattr(value, "cdf") else "")
def test_priors_draw_from_their_law(law, truth):
    z = law.of(4)(10_000)
    assert z.shape == (10_000, 4)
    low, high = truth.support()
    assert z.min() >= low
    assert z.max() <= high
    assert z.mean().item() == pytest.approx(truth.mean(), abs=5 * truth.std() / 200)
    assert z.std().item() == pytest.approx(truth.std(), rel=0.02)
    assert stats.kstest(z.flatten().double().numpy(), truth.cdf).pvalue > 1e-3
    # Coordinates are independent draws.
    assert torch.corrcoef(z.T).sub(torch.eye(4)).abs().max() < 0.05


def test_the_unluckiest_draw_of_a_truncated_law_is_its_bound(monkeypatch):
    # In single precision the ends of a wide law have probability 0 or 1, whose quantile is infinite.
    monkeypatch.setattr(torch, "rand_like", torch.zeros_like)
    assert Truncated(8.0).of(1)(1).item() == -8.0


def test_noise_has_the_type_of_the_game_that_holds_it():
    holder = nn.ModuleList([Normal().of(3)]).double()
    prior = holder[0]
    assert isinstance(prior, Latent)
    assert prior(2).dtype == torch.float64
    assert not holder.state_dict()


@pytest.mark.parametrize("make", [lambda: Uniform(1.0, 1.0), lambda: Truncated(0.0), lambda: Normal().of(0)])
def test_impossible_priors_are_refused(make):
    with pytest.raises(ValueError, match="got"):
        make()


# -- schedules ----------------------------------------------------------------------------------------------------

SHAPES = [
    (Linear(4.0, 1.0), 2.5),
    (Cosine(4.0, 1.0), 2.5),
    (Exponential(4.0, 1.0), 2.0),
    (Linear(1.0, 4.0, 0.2, 0.6), 2.5),
    (Cosine(1.0, 4.0, 0.2, 0.6), 2.5),
    (Exponential(1.0, 4.0, 0.2, 0.6), 2.0),
]


@pytest.mark.parametrize(("schedule", "middle"), SHAPES, ids=str)
def test_schedules_go_from_start_to_end_and_stay(schedule, middle):
    since, until = schedule.since, schedule.until
    assert schedule(0.0) == schedule(since) == pytest.approx(schedule.start)
    assert schedule(1.0) == schedule(until) == pytest.approx(schedule.end)
    assert schedule((since + until) / 2) == pytest.approx(middle)
    path = [schedule(i / 20) for i in range(21)]
    assert path == sorted(path, reverse=schedule.end < schedule.start)


@pytest.mark.parametrize(("schedule", "middle"), SHAPES, ids=str)
def test_schedules_of_the_clock_are_tensors_with_the_same_values(schedule, middle):
    for progress in (0.0, 0.1, 0.37, 0.6, 1.0):
        clock = torch.tensor(progress, dtype=torch.float64)
        value = schedule(clock)
        assert isinstance(value, Tensor)
        assert value.item() == pytest.approx(schedule(progress), rel=1e-9)


def test_a_cosine_is_flat_at_both_ends_and_an_exponential_falls_by_equal_factors():
    assert Cosine()(0.01) > 0.999
    assert Cosine()(0.99) < 0.001
    assert Exponential(8.0, 1.0)(1 / 3) == pytest.approx(4.0)
    assert Exponential(8.0, 1.0)(2 / 3) == pytest.approx(2.0)


def test_a_plain_number_is_its_own_schedule():
    assert at(3.0, torch.tensor(0.5)) == 3.0
    assert at(Linear(2.0, 0.0), torch.tensor(0.5)) == torch.tensor(1.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Linear(since=0.5, until=0.5),
        lambda: Linear(since=-0.1),
        lambda: Cosine(until=1.1),
        lambda: Exponential(1.0, 0.0),
    ],
)
def test_impossible_schedules_are_refused(make: Callable[[], Schedule]):
    with pytest.raises(ValueError, match="schedule"):
        make()


@pytest.mark.parametrize("penalties", [(R1(0.3),), (R2(0.3),), (R1(0.3), R2(0.7)), (R1(1.0), GradientPenalty())])
def test_scores_and_slopes_from_one_pass_are_those_of_passes_of_their_own(penalties):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0)).double()
    real, fake = double(5, 3), double(5, 3)
    found = []
    for critic in (OnePass.of(network, penalties, real, fake), network):
        torch.manual_seed(1)
        terms = [critic(real).mean(), critic(fake).mean(), *(p(critic, real, fake, NOW) for p in penalties)]
        found.append((terms, torch.autograd.grad(torch.stack(terms).sum(), list(network.parameters()))))
    for one, own in zip(*found, strict=True):
        torch.testing.assert_close(one, own)


def test_one_pass_judges_each_batch_once():
    calls = []
    critic = OnePass(lambda x: calls.append(len(x)) or x.square().sum(1), *(batch := (double(5, 3), double(5, 3))))
    for x in batch:
        critic(x)
        input_gradient(critic, x)
    assert calls == [10]
    input_gradient(critic, double(4, 3))
    assert calls == [10, 4]
