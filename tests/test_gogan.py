"""The gang of GANs: margins that are kept cost nothing, ranks begin where the one before ended and leave it alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from zoo import play, toy, toy_batch, toy_data

from ganarium.engine.trainer import Trainer
from ganarium.games.adversarial.gogan import GoGAN
from ganarium.nets import Plain
from ganarium.spec import Field, Spec

POINTS = Spec(x=Field((2,), "points"))


class First(nn.Module):
    """Scores points by their first coordinate, times a weight."""

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, x):
        return self.weight * x[:, 0]


class At(nn.Module):
    """Draws one place on the first axis."""

    def __init__(self, place: float):
        super().__init__()
        self.place = nn.Parameter(torch.tensor(place))

    def forward(self, z):
        return self.place.expand(len(z))[:, None] * torch.tensor([[1.0, 0.0]])


def gang(first: float, second: float, slope: float = 1.0, **options) -> Any:
    """Two ranks that draw at these places, whose critics score by the first coordinate, the first by a slope."""
    networks = {"generators": [At(first), At(second)], "critics": [First(slope), First()]}
    return GoGAN(POINTS, latent=2, **networks, **options)


def on_axis(*places: float) -> dict[str, torch.Tensor]:
    return {"x": torch.tensor([[place, 0.0] for place in places])}


def test_margins_that_are_kept_cost_nothing_and_teach_nothing():
    game = gang(first=0.0, second=1.0)
    terms = game.critic_loss(on_axis(2.0, 3.5), i=1)
    assert terms["pair"].item() == terms["rank"].item() == 0
    assert terms["kept"].item() == 1
    (terms["pair"] + terms["rank"]).backward()
    assert game.critics[1].weight.grad.item() == 0


def test_only_pairs_that_miss_their_margin_teach_the_critic():
    game = gang(first=0.0, second=1.0, rank_weight=0.5)
    terms = game.critic_loss(on_axis(1.5, 3.0), i=1)
    assert terms["pair"].item() == pytest.approx((1 + 1 - 1.5) / 2)
    assert terms["rank"].item() == pytest.approx(0.5 * (2 + 0 - 1.5) / 2)
    assert terms["kept"].item() == 0.5
    assert terms["distance"].item() == pytest.approx(1.25)
    terms["pair"].backward()
    # Of two pairs the first alone: the sample's coordinate less the datum's.
    assert game.critics[1].weight.grad.item() == pytest.approx((1 - 1.5) / 2)


def test_the_ranking_is_by_the_scores_of_the_rank_before_and_stops_there():
    game = gang(first=2.0, second=0.0, slope=3.0, rank_weight=1.0, margin=0.5)
    terms = game.critic_loss(on_axis(4.0), i=1)
    assert terms["pair"].item() == 0
    assert terms["rank"].item() == pytest.approx(1 + 3 * 2 - 4)
    terms["rank"].backward()
    assert game.critics[1].weight.grad.item() == pytest.approx(-4)
    assert all(p.grad is None for p in (*game.critics[0].parameters(), *game.generators.parameters()))


def test_the_first_rank_has_none_below_it():
    assert set(gang(0.0, 1.0).critic_loss(on_axis(1.0), i=0)) == {"pair", "kept", "distance"}


def test_the_generator_raises_the_scores_of_its_own_rank():
    game = gang(first=5.0, second=0.5)
    loss = game.generator_loss(on_axis(1.0, 2.0), i=1)["fake"]
    assert loss.item() == pytest.approx(-0.5)
    loss.backward()
    assert game.generators[0].place.grad is None
    assert game.generators[1].place.grad.item() == pytest.approx(-1)


def test_a_rank_begins_as_the_one_before_ended_and_is_the_one_that_draws_and_scores():
    game = gang(first=5.0, second=0.5, slope=3.0)
    point = torch.tensor([[2.0, 0.0]])
    assert (game.sample(1)[0, 0].item(), game.score(point).item()) == (5.0, 6.0)
    with torch.no_grad():
        game.generators[1].place.fill_(-1.0)
    game.promote([], i=1)
    with torch.no_grad():
        game.generators[1].place.add_(1.0)
    assert (game.sample(1)[0, 0].item(), game.score(point).item()) == (6.0, 6.0)
    assert game.generators[0].place.item() == 5.0


def test_a_later_rank_leaves_the_earlier_ones_alone_and_the_average_follows_it():
    torch.manual_seed(0)
    game = GoGAN(POINTS, latent=2, ranks=3, critic_moves=2, architecture=Plain(8))
    trainer, ends = Trainer(game), {}
    for report in trainer.play(toy_data(game), 32, 9):
        ends[report.stage] = {name: value.clone() for name, value in game.state_dict().items()}
    assert list(ends) == ["rank 1", "rank 2", "rank 3"]
    one = [name for name in ends["rank 1"] if ".0." in name]
    assert one
    assert all(torch.equal(ends["rank 1"][name], ends["rank 3"][name]) for name in one)
    for part in ("generators.1", "critics.1"):
        names = [name for name in ends["rank 2"] if name.startswith(part)]
        assert names
        assert all(torch.equal(ends["rank 2"][name], ends["rank 3"][name]) for name in names)
    assert game.rank.item() == trainer.average.rank.item() == 2  # type: ignore[union-attr]


def test_the_critics_weights_stay_in_their_box():
    game = GoGAN(POINTS, latent=2, bound=0.02, critic_moves=1, architecture=Plain(8))
    play(game, 6)
    assert max(p.abs().max().item() for p in game.critics.parameters()) <= 0.02
    assert max(p.abs().max().item() for p in game.generators.parameters()) > 0.02


def test_one_rank_is_the_margin_gan():
    game = GoGAN(POINTS, latent=2, ranks=1, architecture=Plain(8))
    assert [stage.name for stage in game.stages()] == ["rank 1"]
    assert [stage.name for stage in toy("gogan").stages()] == ["rank 1", "rank 2"]
    assert game.critic_loss(toy_batch(game), i=0)["pair"] > 0


@pytest.mark.parametrize("options", [{"ranks": 0}, {"margin": 0.0}, {"bound": 0.0}, {"rank_weight": -1.0}])
def test_impossible_numbers_are_refused(options):
    with pytest.raises(ValueError, match=r"GoGAN needs ranks >= 1, .*; got ranks="):
        GoGAN(POINTS, **options)


def test_networks_are_as_many_as_ranks():
    with pytest.raises(ValueError, match=r"GoGAN needs 3 critics, .*; got 2"):
        GoGAN(POINTS, ranks=3, architecture=Plain(8), critics=nn.ModuleList([First(), First()]))
