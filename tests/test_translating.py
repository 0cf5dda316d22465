"""The frame of unpaired translation: both halves by hand, in a game of points."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganarium.game import Batch, Terms
from ganarium.game.frames.translating import Translating
from ganarium.ingredients import FeatureMatching
from ganarium.spec import Field, Spec

SPEC = Spec(a=Field((2,), "points"), b=Field((3,), "points"))
BATCH = {"a": torch.tensor([[1.0, 2.0], [0.0, -1.0]]), "b": torch.tensor([[1.0, 0.0, 2.0], [3.0, 1.0, 0.0]])}


class Points(Translating):
    """Linear maps, each of which should be the other's inverse on ``a``."""

    def new_translator(self, source: Field, target: Field) -> nn.Module:
        return nn.Linear(source.size, target.size)

    def new_discriminator(self, field: Field) -> nn.Module:
        return nn.Linear(field.size, 1)

    def ties(self, batch: Batch, translated: dict[str, Tensor]) -> Terms:
        return {"trip": (self.to_a(translated["b"]) - batch["a"]).square().mean()}

    @classmethod
    def toy(cls) -> Points:
        return cls(SPEC)


def test_networks_lead_from_each_domain_to_the_other():
    game = Points.toy()
    assert game.translate(BATCH["a"], "b").shape == (2, 3)
    assert game.translate(BATCH["b"], "a").shape == (2, 2)
    assert (game.discriminator_a.in_features, game.discriminator_b.in_features) == (2, 3)
    with pytest.raises(ValueError, match="Points translates to 'a' or 'b'; got to='c'"):
        game.translate(BATCH["a"], "c")


def test_each_half_is_a_sum_over_the_domains():
    game = Points(SPEC, adversarial=3.0)
    made = {"a": game.to_a(BATCH["b"]), "b": game.to_b(BATCH["a"])}
    judges = {"a": game.discriminator_a, "b": game.discriminator_b}
    down = game.discriminators_loss(BATCH)
    torch.testing.assert_close(down["real"], sum(softplus(-judges[d](BATCH[d])).mean() for d in "ab"))
    torch.testing.assert_close(down["fake"], sum(softplus(judges[d](made[d])).mean() for d in "ab"))
    up = game.translators_loss(BATCH)
    torch.testing.assert_close(up["fake"], 3.0 * sum(softplus(-judges[d](made[d])).mean() for d in "ab"))
    torch.testing.assert_close(up["trip"], (game.to_a(made["b"]) - BATCH["a"]).square().mean())
    assert (set(down), set(up)) == ({"real", "fake"}, {"fake", "trip"})


def test_the_discriminators_teach_no_translator():
    game = Points.toy()
    torch.stack(list(game.discriminators_loss(BATCH).values())).sum().backward()
    translators, discriminators = (player.parameters() for player in game.players())
    assert all(weights.grad is None for weights in translators)
    assert all(weights.grad is not None for weights in discriminators)


def test_features_cannot_be_matched():
    with pytest.raises(ValueError, match="no features to match"):
        Points(SPEC, objective=FeatureMatching())
