"""The frame of maximum likelihood: what its only player descends, for a density and for a bound of one."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from ganarium.data import from_tensors
from ganarium.engine.trainer import Trainer
from ganarium.game import Density
from ganarium.game.frames.likelihood import Likelihood
from ganarium.ingredients import SGD
from ganarium.spec import Field, Spec

SPEC = Spec(x=Field((2,), "points"))


class Gaussian(Likelihood, Density):
    """Independent coordinates, each with a mean and a standard deviation."""

    def build(self) -> None:
        self.mean, self.log_sd = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))

    def log_prob(self, x: Tensor) -> Tensor:
        return torch.distributions.Normal(self.mean, self.log_sd.exp()).log_prob(x).sum(1)

    @classmethod
    def toy(cls) -> Gaussian:
        return cls(SPEC)


class Bounded(Gaussian):
    """A nat above the truth."""

    player_name = "bounded"

    def costs(self, x: Tensor) -> dict[str, Tensor]:
        return {"exact": -self.log_prob(x), "gap": torch.ones(len(x))}

    def watched(self) -> dict[str, Tensor]:
        return {"sd": self.log_sd.detach().exp().mean()}


class Nothing(Likelihood):
    """Neither a density nor a bound."""

    @classmethod
    def toy(cls) -> Nothing:
        return cls(SPEC)


def test_a_density_descends_minus_its_logarithm_in_nats():
    x = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    terms = Gaussian.toy().loss({"x": x})
    assert set(terms) == {"nll"}
    assert terms["nll"].item() == pytest.approx(math.log(2 * math.pi) + 25 / 4)


def test_the_player_owns_everything_and_finds_the_maximum():
    data = from_tensors(torch.tensor([[1.0, -4.0], [3.0, 2.0], [5.0, 2.0], [3.0, -4.0]]))
    game = Gaussian(data.spec, optimizer=SGD(0.1))
    with torch.no_grad():
        game.mean.fill_(2.0)
        game.log_sd.fill_(1.0)
    (player,) = game.players()
    assert (player.name, player.parameters()) == ("model", list(game.parameters()))
    for _ in Trainer(game).play(data, 4, 300):
        pass
    # Data are dealt with mean 0 and standard deviation 1.
    assert game.mean.tolist() == pytest.approx([0.0, 0.0], abs=1e-3)
    assert game.log_sd.exp().tolist() == pytest.approx([1.0, 1.0], abs=1e-3)


def test_a_bound_says_its_terms_and_what_is_watched_is_not_descended():
    game = Bounded.toy()
    terms = game.loss({"x": torch.zeros(3, 2)})
    assert game.players()[0].name == "bounded"
    assert {name: round(term.item(), 4) for name, term in terms.items()} == {"exact": 1.8379, "gap": 1.0, "sd": 1.0}
    assert not terms["sd"].requires_grad


def test_a_game_without_a_density_is_asked_for_its_costs():
    with pytest.raises(TypeError, match=r"Nothing has no density: define costs\(\)"):
        Nothing.toy().loss({"x": torch.zeros(3, 2)})
