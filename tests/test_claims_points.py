"""What the claims about points and losses measure by formulas of their own."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from ganarium.claims.adagan import Shuffled, covered, gaussians
from ganarium.claims.non_saturating import Ahead
from ganarium.claims.sngan import normed, released
from ganarium.claims.wgan import estimate, rank_correlation
from ganarium.data.tensors import random
from ganarium.engine.trainer import Trainer
from ganarium.game import Game
from ganarium.ingredients import Adam
from ganarium.randomness import seeded
from ganarium.spec import Field, Spec


def normal(n: int, seed: int) -> torch.Tensor:
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


def test_a_model_covers_what_lies_above_its_own_level() -> None:
    # Where the model is the data's law, as much of the data lies above the level as of the samples.
    assert covered(normal(4000, 0), normal(4000, 1), 0.3) == pytest.approx(0.95, abs=0.02)
    # A model of one of two distant modes covers the half of the data there.
    data = torch.cat([normal(2000, 0), normal(2000, 1) + 20])
    assert covered(data, normal(4000, 2), 0.3) == pytest.approx(0.475, abs=0.02)


def test_the_world_of_adagan_follows_from_its_seed() -> None:
    x, centres = gaussians(3)
    assert torch.equal(x, gaussians(3)[0])
    assert not torch.equal(centres, gaussians(4)[1])
    assert torch.cdist(x, centres).min(1).values.mean() < 1.0


def test_shuffled_weights_are_the_boosted_ones_in_another_order() -> None:
    spec = Spec(x=Field((2,), "points"), index=Field((), "index", classes=64))
    batch = {"x": normal(64, 0), "index": torch.arange(64)}
    games = []
    for kind in (Shuffled.__base__, Shuffled):
        assert kind is not None
        with seeded(torch.device("cpu"), 0):
            games.append(kind(spec, components=2))
        games[-1].reweigh([batch], 1)
    boosted, shuffled = (game.weights for game in games)
    assert torch.equal(boosted.sort().values, shuffled.sort().values)
    assert not torch.equal(boosted, shuffled)


def test_estimates_are_those_of_the_papers() -> None:
    assert estimate({"critic/distance": 0.3}) == 0.3
    # A discriminator that says one half knows of no divergence; one that is always right, of log 2.
    assert estimate({"discriminator/real": math.log(2), "discriminator/fake": math.log(2)}) == pytest.approx(0.0)
    assert estimate({"discriminator/real": 0.0, "discriminator/fake": 0.0}) == pytest.approx(math.log(2))


def test_ranks_that_fall_together_correlate() -> None:
    assert rank_correlation([3, 2, 1], [9, 5, 1]) == pytest.approx(1.0)
    assert rank_correlation([1, 2, 3], [9, 5, 1]) == pytest.approx(-1.0)
    assert rank_correlation([1], [2]) == rank_correlation([1, 1], [2, 3]) == 0.0


def test_the_discriminator_ahead_plays_alone_at_first() -> None:
    ahead, play = Ahead.toy().stages()
    assert [player.name for player in ahead.players] == ["discriminator"]
    assert [player.name for player in play.players] == ["discriminator", "generator"]
    assert ahead.share / (ahead.share + play.share) == pytest.approx(0.2)


def test_a_released_discriminator_begins_normalised_and_then_grows() -> None:
    spec = Spec(x=Field((1, 8, 8), "image"))
    fast = Adam(1e-2, (0.0, 0.9))
    norms = {"game": _norm(normed("spectral", spec, fast)), "control": _norm(released(spec, fast))}
    assert norms["control"][0] == pytest.approx(1.0, abs=0.3)
    assert norms["control"][1] > 1.5 > norms["game"][1]


def _norm(game: Game) -> list[float]:
    """The largest singular value of the discriminator's first layer, before and after some rounds."""
    layer: Any = game.get_submodule("discriminator.trunk.trunk.hidden1.layer")
    before = float(torch.linalg.matrix_norm(layer.weight.detach(), 2))
    for _ in Trainer(game).play(random(game.spec, 64), 16, 20):
        pass
    return [before, float(torch.linalg.matrix_norm(layer.weight.detach(), 2))]
