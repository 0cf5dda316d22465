"""Walks of the latent: their closed forms, and the search that leaves the game alone."""

from __future__ import annotations

import math
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn
from zoo import GAMES, game_class, toy

from ganarium import latent
from ganarium.game import Decodes, Samples
from ganarium.games.adversarial.gan import GAN
from ganarium.games.conditional.cgan import CGAN
from ganarium.games.likelihood.vae import VAE
from ganarium.ingredients import Law, Normal, Truncated, Uniform
from ganarium.latent.directions import pulled_back
from ganarium.latent.lbfgs import lbfgs
from ganarium.latent.walks import way_of
from ganarium.randomness import mix, seeded
from ganarium.spec import Field, Spec

T = torch.linspace(0, 1, 9)


def linear(matrix: Tensor, prior: Law = Normal()) -> Any:
    """A game whose decoder is a matrix of shape (D, Z)."""
    net = nn.Linear(matrix.shape[1], matrix.shape[0], bias=False)
    net.weight.data.copy_(matrix)
    spec = Spec(x=Field((matrix.shape[0],), "points"))
    return GAN(spec, latent=matrix.shape[1], prior=prior, generator=net, discriminator=nn.Linear(matrix.shape[0], 1))


def matrix(rows: int, columns: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


# -- walks ----------------------------------------------------------------------------------------------------------


def test_a_round_way_has_constant_speed_and_keeps_the_norm():
    a, b = matrix(4, 32), matrix(4, 32, 1)
    a, b = 5 * a / a.norm(dim=1, keepdim=True), 5 * b / b.norm(dim=1, keepdim=True)
    way = latent.slerp(a, b, T)
    assert way.shape == (4, 9, 32)
    torch.testing.assert_close(way.norm(dim=2), torch.full((4, 9), 5.0))
    omega = ((a * b).sum(1) / 25).acos()
    cosines = (way[:, :-1] * way[:, 1:]).sum(2) / 25
    torch.testing.assert_close(cosines.acos(), (omega / 8)[:, None].expand(-1, 8), atol=1e-3, rtol=1e-3)
    classic = (((1 - T) * omega[:, None]).sin() / omega.sin()[:, None])[..., None] * a[:, None]
    classic = classic + ((T * omega[:, None]).sin() / omega.sin()[:, None])[..., None] * b[:, None]
    torch.testing.assert_close(way, classic, atol=1e-5, rtol=1e-5)


def test_lengths_go_over_linearly():
    way = latent.slerp(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 3.0, 0.0]), T)
    torch.testing.assert_close(way.norm(dim=1), 1 + 2 * T)


@pytest.mark.parametrize(
    ("a", "b"),
    [([2.0, 0.0, 0.0], [2.0, 0.0, 0.0]), ([0.0, 0.0, 0.0], [1.0, 1.0, 0.0]), ([1.0, 1.0, 0.0], [1.0, 1.0, 1e-9])],
)
def test_where_there_is_no_angle_the_round_way_is_straight(a, b):
    a, b = torch.tensor(a), torch.tensor(b)
    torch.testing.assert_close(latent.slerp(a, b, T), latent.lerp(a, b, T), atol=1e-6, rtol=1e-6)


def test_in_one_dimension_the_round_way_is_straight():
    a, b = torch.tensor([[-1.0]]), torch.tensor([[2.0]])
    torch.testing.assert_close(latent.slerp(a, b, T), latent.lerp(a, b, T))


def test_opposite_latents_have_a_way_around_the_middle():
    a = matrix(3, 6)
    way = latent.slerp(a, -a, T)
    torch.testing.assert_close(way[:, 0], a)
    torch.testing.assert_close(way[:, -1], -a, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(way.norm(dim=2), a.norm(dim=1)[:, None].expand(-1, 9))


@pytest.mark.parametrize(
    ("law", "way"), [(Normal(), latent.slerp), (Uniform(), latent.lerp), (Truncated(), latent.lerp)]
)
def test_the_way_follows_from_the_law(law, way):
    game = linear(matrix(3, 2), law)
    assert way_of(game, "auto") is way
    assert way_of(game, "linear") is latent.lerp
    assert way_of(game, "spherical") is latent.slerp


def test_the_middle_of_a_straight_way_is_short():
    a, b = matrix(200, 100), matrix(200, 100, 1)
    half = torch.tensor([0.5])
    assert latent.lerp(a, b, half).norm(dim=2).mean() == pytest.approx(math.sqrt(50), rel=0.03)
    assert latent.slerp(a, b, half).norm(dim=2).mean() == pytest.approx(math.sqrt(100), rel=0.03)


def test_interpolation_and_grid_end_at_their_latents():
    w = matrix(3, 4)
    game = linear(w)
    z = matrix(4, 4, 2)
    walk = latent.interpolate(game, z[:2], z[2:], steps=5)
    assert walk.samples.shape == (2, 5, 3)
    torch.testing.assert_close(walk.samples[:, 0], z[:2] @ w.T)
    torch.testing.assert_close(walk.samples[:, -1], z[2:] @ w.T, atol=1e-5, rtol=1e-5)
    square = latent.grid(game, z, 3, 4)
    assert square.samples.shape == (3, 4, 3)
    corners = square.samples[[0, 0, -1, -1], [0, -1, 0, -1]]
    torch.testing.assert_close(corners, z @ w.T, atol=1e-5, rtol=1e-5)


# -- latents and conditions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["gan", "lapgan", "infogan", "cgan", "gan-cls", "c-rnn-gan"])
def test_drawn_latents_are_those_of_samples(command):
    game = toy(command)
    z, rows = latent.draw(game, 300, seed=4)
    assert torch.equal(latent.decode(game, z, rows), game.sample(300, seed=4))
    assert game.training


def test_conditions_are_kept_on_a_walk_or_asked_for():
    game = toy("cgan")
    z, rows = latent.draw(game, 4, seed=0, y=2)
    assert rows["y"].tolist() == [2] * 4
    walk = latent.interpolate(game, z[:2], z[2:], 3, condition={"y": [0, 1]})
    ends = latent.decode(game, z[:2], {"y": torch.tensor([0, 1])})
    torch.testing.assert_close(walk.samples[:, 0], ends)
    with pytest.raises(ValueError, match="takes no condition 'text'; it takes y"):
        latent.draw(game, 2, text="a")


def test_what_leaves_the_prior_is_brought_back():
    z = torch.tensor([[3.0, -4.0], [0.1, 0.2]])
    assert latent.inside(Uniform(), z).tolist() == [[1.0, -1.0], [pytest.approx(0.1), pytest.approx(0.2)]]
    torch.testing.assert_close(latent.inside(Normal(), z).norm(dim=1), torch.tensor([math.sqrt(2), math.sqrt(0.05)]))
    assert latent.inside(None, z) is z


@pytest.mark.parametrize("law", [Uniform(-2.0, 5.0), Truncated(1.5), Normal(2.0)])
def test_free_undoes_within(law):
    z = law.draw(torch.empty(500, 3))
    torch.testing.assert_close(law.within(law.free(z)), z, atol=1e-4, rtol=1e-4)
    assert law.free(law.within(torch.full((1, 3), 1e9))).isfinite().all()


def test_energies_are_log_densities_up_to_a_constant():
    z = matrix(5, 3)
    exact = -torch.distributions.Normal(0.0, 2.0).log_prob(z).sum(1)
    mine = Normal(2.0).energy(z)
    torch.testing.assert_close(mine - mine[0], exact - exact[0])
    assert Uniform().energy(z).tolist() == [0.0] * 5


# -- arithmetic, traversal, truncation, neighbours --------------------------------------------------------------------


def test_arithmetic_of_a_linear_decoder_is_arithmetic_of_samples():
    w, z = matrix(3, 6), 0.1 * matrix(9, 6, 1)
    game = linear(w)
    sums = latent.arithmetic(game, z[:3], z[3:6], z[6:], seed=1)
    x = (z @ w.T).unflatten(0, (3, 3)).mean(1)
    torch.testing.assert_close(sums.means_samples, x)
    torch.testing.assert_close(sums.samples[4], x[0] - x[1] + x[2])
    around = (sums.latents - sums.latents[4]).abs()
    assert 0.1 < around.max() <= 0.25
    assert (around.sum(1) > 0).sum() == 8
    again = latent.arithmetic(game, z[:3], z[3:6], z[6:], seed=1)
    assert torch.equal(sums.latents, again.latents)


def test_one_coordinate_changes_at_a_time():
    game, z = linear(matrix(3, 4)), matrix(1, 4, 1)
    walk = latent.traverse(game, z, [2, 0], (-3, 3), steps=5)
    assert walk.latents[0, :, 2].tolist() == [-3.0, -1.5, 0.0, 1.5, 3.0]
    assert torch.equal(walk.latents[0][:, [0, 1, 3]], z[:, [0, 1, 3]].expand(5, -1))
    assert latent.reach(Uniform(0, 2)) == (0, 2)
    assert latent.reach(Normal(2.0), 3) == (-6.0, 6.0)
    assert latent.reach(Truncated(1.0), 3) == (-1.0, 1.0)


def test_a_condition_is_walked_over():
    game = toy("infogan")
    z, _ = latent.draw(game, 3)
    walk = latent.vary(game, z, "category")
    assert walk.samples.shape == (3, 4, 2)
    rows = {"category": torch.full((3,), 2), "code": torch.tensor([[0.5]] * 3)}
    columns = latent.vary(game, z, "category", condition={"code": [0.5]}).samples[:, 2]
    torch.testing.assert_close(columns, latent.decode(game, z, rows))
    codes = latent.vary(game, z, "code", steps=3, condition={"category": 2}).samples
    assert codes.shape == (1, 3, 2)
    ends = {"category": torch.tensor([2, 2]), "code": torch.tensor([[-1.0], [1.0]])}
    torch.testing.assert_close(codes[0, [0, 2]], latent.decode(game, z[:1].expand(2, -1), ends))


def test_truncation_goes_to_the_mean_of_the_law():
    w, z = matrix(3, 4), matrix(8, 4, 1)
    walk = latent.truncate(linear(w, Uniform(0.0, 2.0)), z, (1.0, 0.5, 0.0))
    torch.testing.assert_close(walk.latents[1], 1 + (z - 1) / 2)
    spreads = [latent.spread(x) for x in walk.samples]
    assert spreads[1] == pytest.approx(spreads[0] / 2, rel=1e-4)
    assert spreads[2] == pytest.approx(0, abs=1e-5)


def test_neighbours_do_not_depend_on_blocks_and_are_sorted():
    data, x = matrix(100, 5), matrix(7, 5, 1)
    whole, parts = latent.neighbours(x, [data], 4), latent.neighbours(x, data.split(13), 4)
    assert torch.equal(whole.places, parts.places)
    exact = torch.cdist(x, data).sort(1)
    assert torch.equal(whole.places, exact.indices[:, :4])
    torch.testing.assert_close(whole.distances, exact.values[:, :4])
    assert torch.equal(parts.samples, data[parts.places])
    seen = latent.neighbours(x, data.split(50), 1, features=lambda part: part[:, :1])
    assert torch.equal(seen.places[:, 0], (x[:, :1] - data[:, 0]).abs().argmin(1))
    with pytest.raises(ValueError, match="fewer than the k=101"):
        latent.neighbours(x, [data], 101)


# -- directions -----------------------------------------------------------------------------------------------------


def test_directions_of_a_linear_decoder_are_its_right_singular_vectors():
    w = matrix(20, 6)
    found = latent.directions(linear(w), matrix(3, 6, 1), k=6)
    _, singular, vectors = torch.linalg.svd(w)
    torch.testing.assert_close(found.shares, singular.square() / singular.square().sum(), atol=1e-4, rtol=1e-3)
    assert ((found.vectors * vectors).sum(1).abs() > 0.999).all()
    assert (found.vectors.gather(1, found.vectors.abs().argmax(1, keepdim=True)) > 0).all()


def test_the_pulled_back_metric_is_that_of_the_jacobian():
    game = VAE.toy().eval()
    z = torch.tensor([0.3, -0.7])
    jacobian = cast(Tensor, torch.autograd.functional.jacobian(lambda one: game.decode(one[None])[0], z)).double()
    mine = pulled_back(game, z, {}, 0.01)
    torch.testing.assert_close(mine, jacobian.T @ jacobian, atol=1e-3, rtol=2e-2)


# -- search ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("optimizer", "steps"), [("adam", 500), ("lbfgs", 30)])
def test_inversion_of_a_linear_decoder_is_least_squares(optimizer, steps):
    w, x = matrix(10, 4), matrix(5, 10, 1)
    found = latent.invert(linear(w), x, optimizer=optimizer, steps=steps, restarts=1)
    exact = torch.linalg.lstsq(w, x.T).solution.T
    torch.testing.assert_close(found.latents, exact, atol=2e-3, rtol=1e-2)
    torch.testing.assert_close(found.errors, (x - exact @ w.T).square().mean(1), atol=1e-4, rtol=1e-3)


def test_a_prior_weight_makes_it_ridge_regression():
    w, x = matrix(10, 4), matrix(5, 10, 1)
    found = latent.invert(linear(w), x, optimizer="lbfgs", steps=30, restarts=1, prior_weight=0.1)
    exact = torch.linalg.solve(w.T @ w + 0.5 * torch.eye(4), w.T @ x.T).T
    torch.testing.assert_close(found.latents, exact, atol=2e-3, rtol=1e-2)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_query_does_not_know_of_the_others(optimizer):
    game, x, z = VAE.toy().double(), matrix(6, 2).double(), matrix(6, 2, 1).double()

    def found(rows):
        loss = lambda samples: (samples - x[rows]).square().sum(1)  # noqa: E731
        return latent.search(game, loss, z[rows], steps=25, optimizer=optimizer).latents

    torch.testing.assert_close(found([4]), found(list(range(6)))[[4]], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_more_restarts_are_never_worse_and_no_end_is_worse_than_its_start(optimizer):
    game, x = toy("gan"), matrix(16, 2)
    losses = [
        latent.invert(game, x, steps=20, optimizer=optimizer, restarts=count, draws=1).found.losses for count in (1, 4)
    ]
    assert (losses[1] <= losses[0] + 1e-6).all()
    assert (losses[1] < losses[0] - 1e-6).any()
    found = latent.search(
        game, lambda samples: (samples - x).square().sum(1), 16, steps=3, optimizer=optimizer, rate=9.0
    )
    assert (found.losses <= found.starts).all()


def test_more_draws_begin_lower():
    game, x = toy("gan"), matrix(8, 2)
    loss = lambda samples: (samples - x).square().sum(1)  # noqa: E731
    one, many = (latent.search(game, loss, 8, steps=1, draws=count).starts for count in (1, 50))
    assert (many <= one).all()
    assert many.mean() < one.mean()


def test_a_search_leaves_the_game_and_the_random_state_alone():
    game = toy("dcgan")
    before = {name: value.clone() for name, value in game.state_dict().items()}
    asking = [p.requires_grad for p in game.parameters()]
    torch.manual_seed(3)
    state = torch.get_rng_state()
    noisy = lambda samples: (samples + torch.randn_like(samples)).square().flatten(1).mean(1)  # noqa: E731
    first, second = (latent.search(game, noisy, 4, steps=5, restarts=2, seed=1) for _ in range(2))
    assert torch.equal(first.latents, second.latents)
    assert torch.equal(torch.get_rng_state(), state)
    assert game.training
    assert [p.requires_grad for p in game.parameters()] == asking
    assert all(p.grad is None for p in game.parameters())
    assert all(torch.equal(value, before[name]) for name, value in game.state_dict().items())
    assert not torch.equal(first.latents, latent.search(game, noisy, 4, steps=5, seed=2).latents)


@pytest.mark.parametrize("law", [Uniform(-0.5, 0.5), Truncated(0.5)])
def test_latents_stay_in_the_range_of_the_prior(law):
    game = linear(torch.eye(3), law)
    x = torch.tensor([[9.0, -9.0, 0.1]])
    bound = latent.invert(game, x, steps=300, rate=0.2).latents
    torch.testing.assert_close(bound, torch.tensor([[0.5, -0.5, 0.1]]), atol=0.02, rtol=0.0)
    assert bound.abs().max() <= 0.5
    assert latent.invert(game, x, steps=30, optimizer="lbfgs", within=False).latents.abs().max() > 8


def test_an_anchor_holds_latents_where_they_began():
    game, z = linear(torch.eye(2)), torch.zeros(1, 2)
    loss = lambda samples: (samples - 1).square().mean(1)  # noqa: E731
    found = latent.search(game, loss, z, steps=20, optimizer="lbfgs", anchor_weight=3.0)
    torch.testing.assert_close(found.latents, torch.full((1, 2), 0.25), atol=1e-3, rtol=1e-3)


def test_the_encoders_latent_is_a_start():
    game = toy("bigan")
    x = matrix(6, 2)
    hybrid = latent.invert(game, x, steps=2, restarts=1, rate=1e-6)
    game.eval()
    torch.testing.assert_close(hybrid.latents, game.encode(x), atol=1e-3, rtol=1e-3)
    game.train()
    assert not torch.allclose(hybrid.latents, latent.invert(game, x, steps=2, restarts=1, start="prior").latents)
    with pytest.raises(ValueError, match="GAN infers no latents"):
        latent.invert(toy("gan"), x, start="encoder")
    assert latent.invert(toy("infogan"), x, steps=2).latents.shape == (6, 4)


def test_restarts_try_other_labels_and_keep_the_best():
    game = toy("cgan")
    x = game.sample(8, seed=5, y=1)
    found = latent.invert(game, x, steps=5, restarts=6, draws=8)
    again = latent.decode(game, found.latents, found.found.conditions)
    torch.testing.assert_close(again, found.reconstructions)
    assert len(found.found.conditions["y"].unique()) > 1
    known = latent.invert(game, x, steps=5, restarts=2, condition={"y": 1})
    assert known.found.conditions["y"].tolist() == [1] * 8


def test_features_count():
    game, x = linear(torch.eye(2)), torch.tensor([[1.0, 1.0]])
    second = latent.invert(game, x, features=lambda s: s[:, 1:], feature_weight=1.0, optimizer="lbfgs", steps=20)
    torch.testing.assert_close(second.latents, x, atol=1e-3, rtol=1e-3)
    assert second.found.starts[0] > 0


def test_rows_of_lbfgs_do_not_share_curvature():
    scales = torch.tensor([[1.0, 100.0], [1e-3, 1e-3], [50.0, 1.0]])

    def objective(u: Tensor) -> tuple[Tensor, Tensor]:
        return (scales * (u - 2).square()).sum(1) / 2, scales * (u - 2)

    found = lbfgs(objective, torch.zeros(3, 2), range(40))
    torch.testing.assert_close(found[[0, 2]], torch.full((2, 2), 2.0), atol=1e-3, rtol=1e-3)
    alone = lbfgs(lambda u: tuple(part[:1] for part in objective(u.expand(3, -1))), torch.zeros(1, 2), range(40))  # type: ignore[arg-type,return-value]
    torch.testing.assert_close(alone, found[:1], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda g, z: latent.interpolate(g, z, z[:1]), "to n others"),
        (lambda g, z: latent.interpolate(g, z, z, 1), "2 steps or more"),
        (lambda g, z: latent.interpolate(g, z, z, how=cast(Any, "bent")), "auto, linear or spherical"),
        (lambda g, z: latent.grid(g, z), "corners of shape"),
        (lambda g, z: latent.arithmetic(g, z[:0], z, z), "one or more latents"),
        (lambda g, z: latent.traverse(g, z[:1], [4], (-1, 1)), "coordinates 0 to 3; got 4"),
        (lambda g, z: latent.traverse(g, z, [0], (-1, 1)), "One latent"),
        (lambda g, z: latent.along(g, z[:1], torch.ones(1, 3)), r"shape \(k, 4\)"),
        (lambda g, z: latent.vary(g, z, "y"), "no class and no numbers called 'y'"),
        (lambda g, z: latent.truncate(g, z, (2.0,)), "from 0 to 1"),
        (lambda g, z: latent.directions(g, z, 5), "from 1 to Z"),
        (lambda g, z: latent.search(g, lambda x: x.sum(), 3), "one number for each of 3"),
        (lambda g, z: latent.search(g, lambda x: x[:, 0] / 0 * 0, 3), "not finite"),
        (lambda g, z: latent.search(g, lambda x: x[:, 0], 0), "one query or more"),
        (lambda g, z: latent.search(g, lambda x: x[:, 0], z[:, :2]), "Starts have the shape"),
        (lambda g, z: latent.search(g, lambda x: x[:, 0], 3, steps=0), "rate above 0"),
        (lambda g, z: latent.search(g, lambda x: x[:, 0], 3, optimizer=cast(Any, "sgd")), "adam or lbfgs"),
        (lambda g, z: latent.invert(g, z), r"shape \(n, 2\)"),
        (lambda g, z: latent.draw(g, 0), "At least one"),
        (lambda g, z: latent.spread(z[:1]), "two samples"),
    ],
)
def test_misuse_says_what_must_hold(call, words):
    with pytest.raises(ValueError, match=words):
        call(toy("gan"), matrix(2, 4))


@pytest.mark.parametrize("command", [command for command in GAMES if issubclass(game_class(command), Samples)])
def test_a_sample_follows_from_the_seed_and_its_place(command):
    game = toy(command)
    many = game.sample(300, seed=7)
    for count in (1, 2, 5, 33, 257):
        assert (game.sample(count, seed=7) - many[:count]).abs().max() < 1e-4, count
    if isinstance(game, Decodes):
        z, asked = latent.draw(game, 3, seed=7)
        more, others = latent.draw(game, 260, seed=7)
        assert torch.equal(z, more[:3])
        assert all(torch.equal(asked[name], others[name][:3]) for name in asked)


def test_whole_chunks_are_drawn_as_they_always_were():
    game = CGAN.toy()
    game.eval()
    with seeded(game.device, mix(7, 0)), torch.no_grad():
        z = game.latents(256)
        first = game.decode(z, y=torch.randint(game.classes, (256,)))
    assert torch.equal(game.sample(512, seed=7)[:256], first)
