"""Penalties that any game with a critic may add: around the data, now and then, and in the games themselves."""

import inspect

import pytest
import torch
from torch import nn
from zoo import GAMES, game_class, toy_data

from ganarium.engine.trainer import Trainer
from ganarium.game import Batch, Terms
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import R1, R2, SGD, AroundData, GradientPenalty, Penalised
from ganarium.nets import Plain
from ganarium.spec import Field, Spec

NOW, POINTS = torch.zeros(()), Spec(x=Field((2,), "points"))
#: Games that take penalties as an option, and settings with which their toys' critics judge samples one by one.
TAKING = [name for name in GAMES if "penalties" in inspect.signature(game_class(name)).parameters]


def test_penalties_are_an_option_of_every_game_with_one_critic_of_its_own():
    assert {"gan", "dcgan", "sngan", "cgan", "infogan", "wgan", "wgan-gp", "3d-gan"} <= set(TAKING)


# -- around the data ---------------------------------------------------------------------------------------------


def test_around_data_sees_the_slope_of_a_linear_critic_and_the_place_of_a_quadratic():
    torch.manual_seed(0)
    a, x = torch.tensor([3.0, 4.0]), torch.randn(20_000, 2) * 2 + 1
    assert AroundData(1.0)(lambda x: x @ a, x, x, NOW).item() == pytest.approx(16, rel=1e-5)
    # The slope of |x|^2 / 2 is x: its mean square is that of the data and of the noise beside it.
    for spread in (0.5, 2.0):
        seen = AroundData(1.0, target=0.0, spread=spread)(lambda x: x.square().sum(1) / 2, x, x, NOW)
        expected = x.square().sum(1).mean() + 2 * (spread * x.std()) ** 2
        assert seen.item() == pytest.approx(expected.item(), rel=0.03)


def test_around_data_never_looks_at_samples():
    x, nowhere = torch.randn(8, 2), torch.full((8, 2), float("nan"))
    assert torch.isfinite(AroundData()(lambda x: x.square().sum(1), x, nowhere, NOW))


@pytest.mark.parametrize("make", [lambda: AroundData(spread=0.0), lambda: R1(every=0)])
def test_impossible_penalties_are_refused(make):
    with pytest.raises(ValueError, match=r"above zero|at least 1"):
        make()


# -- now and then ------------------------------------------------------------------------------------------------


class Watching(GAN):
    """A game that keeps which terms each move of its discriminator had."""

    def discriminator_loss(self, batch: Batch) -> Terms:
        self.seen = [*getattr(self, "seen", []), set()]
        return super().discriminator_loss(batch)

    def penalty_loss(self, batch: Batch, every: int) -> Terms:
        terms = super().penalty_loss(batch, every)
        self.seen[-1] |= terms.keys()
        return terms


def lazy(**options) -> Watching:
    torch.manual_seed(0)
    return Watching(POINTS, latent=2, architecture=Plain(8), **options)


def test_a_lazy_penalty_joins_in_every_nth_round():
    game = lazy(penalties=(R1(1.0, every=3), R2(1.0, every=2)), discriminator_moves=2)
    trainer = Trainer(game)
    logged = [
        {name.partition("/")[2] for name in report.scalars} & {"r1", "r2"}
        for report in trainer.play(toy_data(game), 16, 7)
    ]
    assert logged == [set(), {"r2"}, {"r1"}, {"r2"}, set(), {"r1", "r2"}, set()]
    # Two moves a round, and both see them.
    assert game.seen[2:6] == [{"r2"}, {"r2"}, {"r1"}, {"r1"}]


def test_a_lazy_penalty_weighs_as_much_as_one_of_every_round():
    """Descended with plain gradient steps from where the rest is flat, both move the weights alike in the mean."""
    moved = []
    for every in (1, 4):
        torch.manual_seed(0)
        critic = nn.Linear(2, 1, bias=False)
        penalised = Penalised((R1(0.01, every=every),), critic, "a test")
        optimizer = SGD(0.1)(list(critic.parameters()))
        x = torch.randn(16, 2)
        for round in range(1, 41):
            for rarely in {1, *penalised.also(lambda batch, every: {})}:
                if round % rarely == 0 and (terms := penalised.terms(critic, x, x, NOW, rarely)):
                    optimizer.zero_grad()
                    torch.stack(list(terms.values())).sum().backward()
                    optimizer.step()
        moved.append(critic.weight.detach().clone())
    torch.testing.assert_close(moved[0], moved[1], rtol=1e-4, atol=1e-6)


def test_a_resumed_game_takes_its_lazy_penalties_in_the_same_rounds():
    def trained(pause: int | None):
        game = lazy(penalties=(R1(1.0, every=3),))
        trainer, data = Trainer(game), toy_data(game)
        if pause:
            for report in trainer.play(data, 16, 8):
                if report.round + 1 == pause:
                    break
            state, other = trainer.state_dict(), lazy(penalties=(R1(1.0, every=3),))
            trainer, data = Trainer(other), toy_data(other)
            trainer.load_state_dict(state)
        logged = {report.round: report.scalars for report in trainer.play(data, 16, 8)}
        return trainer.game.state_dict(), logged

    whole, told = trained(None)
    again, later = trained(4)
    assert all(torch.equal(value, again[name]) for name, value in whole.items())
    assert {round: told[round] for round in later} == later


def test_penalties_of_one_kind_are_given_once():
    with pytest.raises(ValueError, match="Give each kind once"):
        GAN(POINTS, penalties=(R1(1.0), R1(2.0)))
    with pytest.raises(ValueError, match="got penalty, penalty"):
        GAN(POINTS, penalties=(GradientPenalty(), AroundData()))


@pytest.mark.parametrize("name", TAKING)
def test_games_that_take_penalties_log_them(name):
    """Each with a critic that judges samples one by one: batch norm is refused by name."""
    torch.manual_seed(0)
    toy = game_class(name).toy()
    options = {"penalties": (R1(0.1), R2(0.1, every=2))}
    try:
        game = game_class(name)(toy.spec, architecture=Plain(8), **options)
    except (TypeError, ValueError):
        game = game_class(name)(toy.spec, **options)
    *_, last = Trainer(game).play(toy_data(game), 8, 2)
    assert {name.partition("/")[2] for name in last.scalars} >= {"r1", "r2"}
