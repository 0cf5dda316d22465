"""A discriminator's next steps: their values and slopes by hand, what stays as it was, and the game of no steps."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from zoo import play, toy, toy_batch

from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.unrolled_gan import UnrolledGAN
from ganarium.ingredients import Adam, Minimax, Normal, unrolled
from ganarium.nets import Plain, TanhPerceptrons
from ganarium.spec import Field, Spec

POINTS = Spec(x=Field((2,), "points"))


class Slope(nn.Module):
    """The critic F(x) = psi x."""

    def __init__(self, psi: float):
        super().__init__()
        self.psi = nn.Parameter(torch.tensor(psi, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.psi * x


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


# -- the ingredient ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_in_the_bilinear_game_the_steps_add_a_pull_to_the_equilibrium(steps):
    """V = psi theta: psi_K = psi + K eta theta, so the surrogate is psi theta + K eta theta^2."""
    critic, theta, rate = Slope(0.7), number(1.3), 0.1
    later = unrolled(critic, lambda f: -f(theta), steps, rate)
    surrogate = later(theta)
    assert surrogate.item() == pytest.approx(0.7 * 1.3 + steps * rate * 1.3**2)
    (slope,) = torch.autograd.grad(surrogate, theta)
    assert slope.item() == pytest.approx(0.7 + 2 * steps * rate * 1.3)


@pytest.mark.parametrize("steps", [1, 3])
def test_without_the_way_through_only_the_first_part_is_left(steps):
    critic, theta, rate = Slope(0.7), number(1.3), 0.1
    surrogate = unrolled(critic, lambda f: -f(theta), steps, rate, through=False)(theta)
    (slope,) = torch.autograd.grad(surrogate, theta)
    assert slope.item() == pytest.approx(0.7 + steps * rate * 1.3)


def test_a_quadratic_s_steps_shrink_by_one_factor_each():
    """L = (psi - a)^2 / 2: psi_K = a + (1 - eta)^K (psi - a), and its slope in a is 1 - (1 - eta)^K."""
    critic, a = Slope(2.0), number(-1.0)
    one = torch.ones((), dtype=torch.float64)
    psi = unrolled(critic, lambda f: (f(one) - a).square() / 2, 4, 0.3)(one)
    assert psi.item() == pytest.approx(-1 + 0.7**4 * 3)
    assert torch.autograd.grad(psi, a)[0].item() == pytest.approx(1 - 0.7**4)


@pytest.mark.parametrize("through", [True, False])
def test_the_slope_is_that_of_finite_differences_if_it_goes_through(through):
    torch.manual_seed(0)
    critic = Plain(8).discriminator(POINTS["x"]).double()
    x, shift = torch.randn(16, 2).double(), number(0.4)

    def surrogate(shift: Tensor) -> Tensor:
        def loss(f: Any) -> Tensor:
            return nn.functional.softplus(-f(x)).mean() + nn.functional.softplus(f(x + shift)).mean()

        return loss(unrolled(critic, loss, 3, 0.5, through))

    (slope,) = torch.autograd.grad(surrogate(shift), shift)
    step = 1e-6
    numeric = (surrogate(shift + step) - surrogate(shift - step)).item() / (2 * step)
    assert (slope.item() == pytest.approx(numeric, rel=1e-4)) is through


@pytest.mark.parametrize("norm", ["batch", "spectral"])
def test_the_network_stays_as_it_was(norm):
    torch.manual_seed(0)
    critic, x = Plain(8, norm=norm).discriminator(POINTS["x"]), torch.randn(16, 2)
    critic.requires_grad_(False)
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    later = unrolled(critic, lambda f: f(x).square().mean(), 3, 0.5)
    assert not torch.equal(later(x), critic.eval()(x))
    for name, value in critic.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(p.grad is None and not p.requires_grad for p in critic.parameters())


def test_steps_are_those_that_an_optimiser_takes():
    torch.manual_seed(0)
    critic, x = Plain(8).discriminator(POINTS["x"]), torch.randn(16, 2)

    def loss(f: Any) -> Tensor:
        return nn.functional.softplus(-f(x)).mean()

    later = unrolled(critic, loss, 4, 0.3)(x)
    optimizer = torch.optim.SGD(critic.parameters(), 0.3)
    for _ in range(4):
        optimizer.zero_grad()
        loss(critic).backward()
        optimizer.step()
    torch.testing.assert_close(later, critic(x))


def test_steps_are_taken_where_no_gradient_is_wanted():
    critic, theta = Slope(0.7), number(1.3)
    with torch.no_grad():
        surrogate = unrolled(critic, lambda f: -f(theta), 2, 0.1)(theta)
    assert not surrogate.requires_grad
    assert surrogate.item() == pytest.approx(0.7 * 1.3 + 0.2 * 1.3**2)


def test_parameters_that_the_loss_leaves_out_stay():
    pair = nn.ModuleDict({"used": nn.Linear(1, 1), "idle": nn.Linear(1, 1)})
    pair.forward = lambda x: pair["used"](x)  # type: ignore[method-assign]
    x = torch.ones(1, 1)
    assert unrolled(pair, lambda f: f(x).sum(), 2, 0.5)(x).item() == pytest.approx(pair(x).item() - 2, abs=1e-5)


def test_no_steps_are_the_network_itself_and_fewer_are_refused():
    critic = Slope(1.0)
    assert unrolled(critic, lambda f: f(number(1.0)), 0, 0.5) is critic
    with pytest.raises(ValueError, match="steps=-1"):
        unrolled(critic, lambda f: f(number(1.0)), -1, 0.5)


# -- the game ----------------------------------------------------------------------------------------------------


def test_without_steps_it_is_the_first_gan():
    networks = {"latent": 4, "architecture": Plain(8), "prior": Normal()}
    rule, runs = Adam(1e-3, (0.5, 0.999)), []
    for make in (
        lambda: UnrolledGAN(POINTS, steps=0, generator_optimizer=rule, discriminator_optimizer=rule, **networks),
        lambda: GAN(POINTS, objective=Minimax(), optimizer=rule, **networks),
    ):
        torch.manual_seed(0)
        runs.append(play(make(), 4).game.state_dict())
    assert all(torch.equal(value, runs[1][name]) for name, value in runs[0].items())


@pytest.mark.parametrize("joined", [False, True])
def test_the_generator_descends_minus_the_discriminator_s_loss_after_its_steps(joined):
    torch.manual_seed(0)
    game = UnrolledGAN(POINTS, latent=4, steps=3, rate=0.3, architecture=Plain(8), joined=joined)
    batch = toy_batch(game)
    torch.manual_seed(1)
    terms = game.generator_loss(batch)
    torch.manual_seed(1)
    fake = game.draw(32).detach()
    optimizer = torch.optim.SGD(game.discriminator.parameters(), 0.3)
    for moves_left in range(3, -1, -1):
        loss = Minimax().discriminator(game.discriminator(batch["x"]), game.discriminator(fake))
        if moves_left:
            optimizer.zero_grad()
            (loss["real"] + loss["fake"]).backward()
            optimizer.step()
    for name, term in terms.items():
        torch.testing.assert_close(term, -loss[name])


def test_its_move_leaves_the_discriminator_without_a_gradient():
    game = toy("unrolled-gan")
    terms = game.generator_loss(toy_batch(game))
    (terms["real"] + terms["fake"]).backward()
    assert all(p.grad is None for p in game.discriminator.parameters())
    assert all(p.grad is not None for p in game.generator.parameters())


def test_the_data_s_half_reaches_the_generator_through_the_steps_alone():
    for through in (True, False):
        torch.manual_seed(0)
        game = UnrolledGAN(POINTS, latent=4, steps=2, through=through, architecture=Plain(8))
        assert game.generator_loss(toy_batch(game))["real"].requires_grad is through


def test_fewer_steps_than_none_are_refused():
    with pytest.raises(ValueError, match=r"UnrolledGAN foresees .* steps=-1"):
        UnrolledGAN(POINTS, steps=-1)


def test_tanh_perceptrons_begin_orthogonal():
    torch.manual_seed(0)
    body = TanhPerceptrons(16, gain=1.4).generator(8, POINTS["x"]).body
    weight = body.hidden2.layer.weight  # type: ignore[union-attr]
    torch.testing.assert_close(weight @ weight.T, 1.96 * torch.eye(16), atol=1e-5, rtol=0)  # type: ignore[operator]
    assert not body.hidden2.layer.bias.any()  # type: ignore[union-attr,operator]


@pytest.mark.parametrize("field", [Field((2,), "points"), Field((1, 4, 4), "image")], ids=["points", "image"])
def test_tanh_perceptrons_take_conditions(field):
    family, c = TanhPerceptrons(8), torch.randn(5, 3)
    x = family.generator(4, field, 3)(torch.randn(5, 4), c)
    assert x.shape == (5, *field.shape)
    assert family.discriminator(field, 2, 3)(x, c).shape == (5, 2)
