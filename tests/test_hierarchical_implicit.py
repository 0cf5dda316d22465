"""Hierarchical implicit models: simulators with their posteriors, the ratio at its best, and what q descends."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal
from torch.distributions.kl import kl_divergence
from zoo import play

from ganarium import data as gd
from ganarium.engine.trainer import Trainer
from ganarium.games.inference.hierarchical_implicit import HierarchicalImplicit
from ganarium.ingredients import Adam, LotkaVolterra, NormalMeans
from ganarium.nets import Flat
from ganarium.nets.families.beliefs import Beliefs
from ganarium.spec import Field, Spec
from ganarium.zoo.options import plain, read

POINTS = Field((2,), "points")


def game(count: int = 50, field: Field = POINTS, **options: Any) -> HierarchicalImplicit:
    torch.manual_seed(0)
    spec = Spec(x=field, index=Field((), "index", classes=count))
    return HierarchicalImplicit(spec, **{"architecture": Flat(16, depth=1), **options})


# -- simulators ---------------------------------------------------------------------------------------------------


def test_the_posterior_of_normal_means_is_the_one_that_a_grid_finds():
    simulator, x = NormalMeans(2.0, 0.8, 0.5), torch.tensor([[1.0], [2.5], [0.3]], dtype=torch.float64)
    grid = torch.linspace(-4, 4, 20_001, dtype=torch.float64)
    logs = -grid.square() / 2 - ((x - 2.0 * grid).square() / (2 * (0.8**2 + 0.5**2))).sum(0)
    weights = logs.softmax(0)
    mean = (weights * grid).sum()
    sd = (weights * (grid - mean).square()).sum().sqrt()
    found = simulator.posterior(x)
    torch.testing.assert_close(found[0], mean[None])
    torch.testing.assert_close(found[1], sd[None])


def test_the_local_posterior_is_what_regression_on_many_draws_finds():
    torch.manual_seed(0)
    simulator = NormalMeans(1.5, 1.0, 0.5)
    cause = torch.full((200_000, 1), 0.4, dtype=torch.float64)
    z, x = simulator(cause, Field((1,), "points"))
    mean, sd = simulator.local_posterior(x, cause)
    assert (z - mean).mean().abs().item() < 0.005
    assert (z - mean).std().item() == pytest.approx(sd[0].item(), rel=0.01)
    assert abs(torch.corrcoef(torch.cat([(z - mean).T, x.T]))[0, 1].item()) < 0.01


def test_draws_of_normal_means_have_the_moments_of_the_hierarchy():
    torch.manual_seed(0)
    z, x = NormalMeans(3.0, 1.0, 0.5)(torch.randn(100_000, 2), POINTS)
    assert x.std(0).tolist() == pytest.approx([math.sqrt(9 + 1 + 0.25)] * 2, rel=0.02)
    assert (x - z).std(0).tolist() == pytest.approx([0.5] * 2, rel=0.02)


def test_images_are_simulated_too():
    field = Field((1, 3, 3), "image")
    z, x = NormalMeans()(torch.randn(4, 9), field)
    assert z.shape == (4, 9)
    assert x.shape == (4, 1, 3, 3)


def test_predators_without_prey_die_out_and_prey_without_predators_grow():
    torch.manual_seed(0)
    few = LotkaVolterra(prey=1e-3, predators=500.0)
    counts = few(torch.zeros(200, 3), Field((20,), "points"))[1].expm1()
    expected = 500 * torch.exp(-0.6 * torch.arange(1, 11))
    assert counts[:, 10:].mean(0)[:5].tolist() == pytest.approx(expected[:5].tolist(), rel=0.1)
    many = LotkaVolterra(prey=100.0, predators=1e-6, time=2.0)
    counts = many(torch.zeros(200, 3), Field((20,), "points"))[1].expm1()
    assert counts[:, 9].mean().item() == pytest.approx(100 * math.exp(2), rel=0.1)


def test_simulators_refuse_what_they_cannot_make():
    with pytest.raises(ValueError, match="even number of coordinates"):
        LotkaVolterra().sizes(Field((5,), "points"))
    with pytest.raises(ValueError, match="positive standard deviations"):
        NormalMeans(within=0.0)
    with pytest.raises(ValueError, match="positive numbers"):
        LotkaVolterra(time=-1.0)


def test_a_simulator_is_an_option_of_the_command_line():
    assert read(plain(LotkaVolterra(spread=0.3))) == LotkaVolterra(spread=0.3)


@pytest.mark.parametrize(("name", "size"), [("normal-means", 2), ("predators", 20)])
def test_simulated_worlds_know_their_causes_and_follow_from_their_seed(name, size):
    one, again, other = gd.load(name, seed=1), gd.load(name, seed=1), gd.load(name, seed=2)
    assert one.spec["x"].shape == (size,)
    assert torch.equal(one["x"], again["x"])
    assert not torch.equal(one["x"], other["x"])
    assert one.truth["cause"].shape == (2 if size == 2 else 3,)
    with pytest.raises(ValueError, match="at least one datum"):
        gd.load(name, count=0)


def test_the_exact_posterior_of_the_world_holds_its_truth():
    inside = []
    for seed in range(40):
        world = gd.load("normal-means", size=5, seed=seed)
        mean, sd = NormalMeans().posterior(world["x"])
        inside.append((world.truth["cause"] - mean) / sd)
    assert torch.cat(inside).square().mean().item() == pytest.approx(1.0, abs=0.25)


# -- the game -----------------------------------------------------------------------------------------------------


def test_beliefs_begin_as_the_prior_and_know_their_divergence_from_it():
    beliefs = Beliefs(3)
    assert beliefs.kl().item() == 0
    with torch.no_grad():
        beliefs.mean.copy_(torch.tensor([0.5, -1.0, 0.0]))
        beliefs.log_sd.copy_(torch.tensor([0.1, -2.0, 0.0]))
    q = Independent(Normal(beliefs.mean, beliefs.log_sd.exp()), 1)
    p = Independent(Normal(torch.zeros(3), torch.ones(3)), 1)
    torch.testing.assert_close(beliefs.kl(), kl_divergence(q, p))
    drawn = beliefs(50_000)
    torch.testing.assert_close(beliefs.standard(drawn).std(0), torch.ones(3), rtol=0.02, atol=0.0)


class Known(nn.Module):
    """The true log-ratio of normal means in one coordinate, up to a constant, for q that is exact on z."""

    def __init__(self, played: HierarchicalImplicit):
        super().__init__()
        self.slack = nn.Parameter(torch.zeros(()))
        self.beliefs = [played.beliefs]

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        beliefs = self.beliefs[0]
        cause = c[:, 1:] * beliefs.log_sd.detach().exp() + beliefs.mean.detach()
        return -((x - cause).square() / (2 * 1.25)).sum(1)


def test_with_the_true_ratio_beliefs_come_to_the_exact_posterior():
    """N times the loss is the negative evidence bound; its minimum over normal q is the posterior."""
    torch.manual_seed(0)
    simulator, field = NormalMeans(1.0, 1.0, 0.5), Field((1,), "points")
    x = simulator(torch.full((40, 1), 0.7), field)[1]
    played = game(count=40, field=field, simulator=simulator, draws=200)
    played.discriminator = Known(played)
    player = played.players()[1]
    optimizer = Adam(5e-2, (0.9, 0.99))(player.parameters())
    for step in range(400):
        optimizer.zero_grad()
        terms = player.loss({"x": x})
        (terms["ratio"] + terms["kl"]).backward()
        for group in optimizer.param_groups:
            group["lr"] = 5e-2 * (1 - step / 400)
        optimizer.step()
    mean, sd = simulator.posterior(x)
    assert abs((played.beliefs.mean - mean) / sd).item() < 0.1
    assert (played.beliefs.log_sd.exp() / sd).item() == pytest.approx(1.0, abs=0.05)


def test_the_discriminator_learns_the_log_ratio_of_two_normal_laws():
    r"""With q(z | x, b) exact, r = log p(x | b) - log q(x): here both are normal laws of one coordinate."""
    simulator, field = NormalMeans(1.0, 1.0, 0.5), Field((1,), "points")
    torch.manual_seed(0)
    x = 0.5 + math.sqrt(1.25) * torch.randn(4000, 1)
    options: dict[str, Any] = {"simulator": simulator, "architecture": Flat(32, depth=2), "discriminator_moves": 1}
    played = game(count=4000, field=field, **options)
    trained = played.players()[0]
    optimizer = Adam(5e-3, (0.5, 0.99))(trained.parameters())
    played.infer = lambda x, cause, noise=None: exact(simulator, x, cause)  # type: ignore[method-assign]
    for step in range(500):
        batch = {"x": x[torch.randint(4000, (500,))]}
        optimizer.zero_grad()
        terms = trained.loss(batch)
        (terms["real"] + terms["fake"]).backward()
        for group in optimizer.param_groups:
            group["lr"] = 5e-3 * (1 - step / 500)
        optimizer.step()
    cause, place = torch.tensor([[-1.0], [0.0], [1.0]]), torch.tensor([[0.0], [1.0], [0.5]])
    z = simulator.local_posterior(place, cause)[0]
    true = (Normal(cause, math.sqrt(1.25)).log_prob(place) - Normal(0.5, math.sqrt(1.25)).log_prob(place)).squeeze(1)
    with torch.no_grad():
        assert (played.ratio(place, z, cause) - true).abs().mean().item() < 0.15


def exact(simulator: NormalMeans, x: Tensor, cause: Tensor) -> Tensor:
    mean, sd = simulator.local_posterior(x, cause)
    return mean + sd * torch.randn_like(mean)


def test_the_discriminator_does_not_teach_q_and_q_does_not_teach_the_discriminator():
    played = game()
    trainer = Trainer(played)
    trainer.stage = 0
    trainer._take_seats()
    for seat in trainer._descending():
        batch = {"x": torch.randn(20, 2)}
        before = {name: p.clone() for name, p in played.named_parameters()}
        seat.step(seat.gradient(batch, 1)[1])
        changed = {name.split(".")[0] for name, p in played.named_parameters() if not torch.equal(p, before[name])}
        expected = {"discriminator"} if seat.player.name == "discriminator" else {"beliefs", "encoder"}
        assert changed == expected


def test_simulations_are_put_in_the_units_of_batches():
    field = Field((2,), "points", scale=(2.0, 2.0), shift=(1.0, -1.0))
    torch.manual_seed(0)
    z, x = game(field=field).simulate(torch.zeros(20_000, 2))
    own = x * 2 + torch.tensor([1.0, -1.0])
    assert (own - z).std(0).tolist() == pytest.approx([0.5, 0.5], rel=0.05)


def test_a_simulator_without_local_causes_needs_no_encoder():
    played = game(field=Field((6,), "points"), simulator=LotkaVolterra())
    assert played.encoder is None
    assert played.encode(torch.zeros(3, 6)).shape == (3, 0)
    assert played.sample(4, seed=0).shape == (4, 6)
    assert {"ratio", "kl", "sd"} == set(played.players()[1].loss({"x": torch.ones(5, 6)}))


def test_codes_are_a_function_of_the_data_alone():
    played, x = game(), torch.randn(3, 2)
    with torch.no_grad():
        assert torch.equal(played.encode(x), played.encode(x))
        torch.testing.assert_close(played.encode(x)[1:2], played.encode(x[1:2]))


def test_no_draws_are_refused():
    with pytest.raises(ValueError, match="draws >= 1; got draws=0"):
        game(draws=0)


def test_the_average_of_a_run_has_beliefs_too():
    trainer = play(game(), 3)
    assert isinstance(trainer.average, HierarchicalImplicit)
    assert not torch.equal(trainer.average.beliefs.mean, torch.zeros(2))
