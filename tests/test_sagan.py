"""The self-attention GAN: attention's closed forms, spectral norm in both networks, the hinge, two rates."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from zoo import toy_data

from ganarium.claims.sagan import law, strips
from ganarium.engine.trainer import Trainer
from ganarium.games.adversarial.sagan import SAGAN
from ganarium.ingredients import Adam
from ganarium.nets.families.attentive import Attention, Attentive
from ganarium.spec import Field, Spec

IMAGE = Field((3, 32, 32), "image")


def attention(channels: int = 16, **options) -> Attention:
    torch.manual_seed(0)
    layer = Attention(channels, **options)
    with torch.no_grad():
        layer.gamma.fill_(0.7)
    return layer


def test_it_begins_as_the_identity_and_gamma_alone_has_a_gradient():
    torch.manual_seed(0)
    layer, x = Attention(16), torch.randn(2, 16, 8, 6)
    y = layer(x)
    assert torch.equal(y, x)
    y.square().sum().backward()
    assert layer.gamma.grad is not None
    assert layer.gamma.grad.abs() > 0
    for convolution in (layer.query, layer.key, layer.value, layer.back):
        assert convolution.weight.grad is None or not convolution.weight.grad.any()


@pytest.mark.parametrize("pool", [True, False])
def test_each_place_shares_out_its_attention_among_the_keys(pool):
    x = torch.randn(2, 16, 8, 6)
    weights = attention(pool=pool).weights(x)
    assert weights.shape == (2, 48, 12 if pool else 48)
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 48))
    assert (weights > 0).all()


def test_it_is_the_formula_place_by_place():
    layer, x = attention(pool=False), torch.randn(1, 16, 3, 2)
    f, g, h = (each(x).flatten(2)[0].T for each in (layer.query, layer.key, layer.value))
    for place in range(6):
        logits = torch.stack([f[place] @ g[j] for j in range(6)])
        shares = logits.exp() / logits.exp().sum()
        found = sum(shares[j] * h[j] for j in range(6))
        expected = x.flatten(2)[0, :, place] + 0.7 * layer.back.weight[:, :, 0, 0] @ found
        torch.testing.assert_close(layer(x).flatten(2)[0, :, place], expected)


def test_without_pooling_it_does_not_know_where_places_are():
    layer, x = attention(pool=False), torch.randn(2, 16, 4, 4)
    order = torch.randperm(16)
    shuffled = x.flatten(2)[:, :, order].unflatten(2, (4, 4))
    torch.testing.assert_close(layer(shuffled), layer(x).flatten(2)[:, :, order].unflatten(2, (4, 4)))


def test_equal_places_get_the_mean_of_the_values():
    layer, x = attention(pool=False), torch.randn(2, 16, 4, 4)
    with torch.no_grad():
        layer.query.weight.zero_()
    found = layer.value(x).mean((2, 3), keepdim=True).expand(-1, -1, 4, 4)
    torch.testing.assert_close(layer(x), x + 0.7 * layer.back(found))


def far(network: nn.Module, x: torch.Tensor, far_side: slice) -> float:
    """How much the maps at the first corner depend on the last one."""
    x = x.clone().requires_grad_()
    maps = network(x)
    (gradient,) = torch.autograd.grad(maps[:, :, 0, 0].sum(), x)
    return float(gradient[:, :, far_side, far_side].abs().max())


@pytest.mark.parametrize(("options", "sees"), [({}, True), ({"attention": 0}, False), ({"sees": "itself"}, False)])
def test_only_attention_relates_far_corners(options, sees):
    torch.manual_seed(0)
    discriminator: Any = Attentive(16, **{"attention": 16, **options}).discriminator(IMAGE).eval()
    for name, parameter in discriminator.named_parameters():
        if name.endswith("gamma"):
            nn.init.ones_(parameter)
    maps = nn.Sequential(*list(discriminator.trunk)[:-1])  # all but the sum
    assert (far(maps, torch.randn(1, 3, 32, 32), slice(-8, None)) > 0) == sees


@pytest.mark.parametrize(("options", "sees"), [({}, True), ({"attention": 0}, False), ({"sees": "itself"}, False)])
def test_only_with_attention_is_a_score_more_than_a_sum_over_the_ends_of_the_claims_strips(options, sees):
    data = strips(40)
    x, bright = data["x"], data["x"][..., :8].mean((1, 2, 3)) > 0
    one, other = x[bright][:1].clone(), x[~bright][:1].clone()
    one[..., 8:24] = other[..., 8:24]  # what is between them is the same
    crossed = torch.cat([one[..., :16], other[..., 16:]], 3), torch.cat([other[..., :16], one[..., 16:]], 3)
    torch.manual_seed(0)
    score: Any = Attentive(16, **{"attention": 4, **options}).discriminator(data.spec["x"]).eval()
    for name, parameter in score.named_parameters():
        if name.endswith("gamma"):
            nn.init.ones_(parameter)
    difference = (score(one) + score(other) - score(crossed[0]) - score(crossed[1])).abs().item()
    assert (difference > 1e-2) == sees
    assert difference > 1e-2 or difference < 1e-4


def test_the_ends_of_the_claims_strips_agree_and_its_law_counts_those_that_do_not():
    x = strips(4000)["x"]
    torch.testing.assert_close(law(x), torch.tensor([0.5, 0.0, 0.0, 0.5]), atol=0.03, rtol=0)
    bright = x[..., :8].mean((1, 2, 3)) > 0
    x[bright, ..., 16:] *= -1
    assert law(x)[2] == bright.float().mean()


def test_attention_stands_at_the_maps_that_are_nearest():
    for side, place in ((8, "up1"), (16, "up2"), (32, "up3"), (128, "up3")):
        names = [name for name, _ in Attentive(16, side).generator(4, IMAGE).body.named_children()]
        assert names.index("attention") == names.index(place) + 1
    assert "attention" not in dict(Attentive(16, 0).generator(4, IMAGE).body.named_children())
    with pytest.raises(ValueError, match="attention=-1"):
        Attentive(16, -1).generator(4, IMAGE)
    with pytest.raises(ValueError, match="networks for images"):
        Attentive().discriminator(Field((2,), "points"))


def test_all_weights_of_both_networks_have_a_largest_singular_value_of_one():
    torch.manual_seed(0)
    game = SAGAN(Spec(x=Field((1, 8, 8), "image")), latent=4, architecture=Attentive(8))
    for _ in range(200):
        game.score(game.draw(2))
    for network in (game.generator, game.discriminator):
        layers = [each for each in network.modules() if isinstance(each, nn.Linear | nn.Conv2d)]
        assert len(layers) > 6
        for layer in layers:
            weight = layer.weight.detach().flatten(1)
            assert torch.linalg.svdvals(weight)[0] == pytest.approx(1.0, abs=0.02)


def test_the_hinge_and_two_rates():
    game = SAGAN.toy()
    x = torch.rand(6, 1, 8, 8) * 2 - 1
    game.eval()  # spectral norm's vectors rest
    torch.manual_seed(1)
    terms = game.discriminator_loss({"x": x})
    torch.manual_seed(1)
    fake = game.draw(6).detach()
    torch.testing.assert_close(terms["real"], (1 - game.score(x)).relu().mean())
    torch.testing.assert_close(terms["fake"], (1 + game.score(fake)).relu().mean())
    optimizers = {player.name: player.optimizer for player in game.players()}
    assert optimizers == {"discriminator": Adam(4e-4, (0.0, 0.9)), "generator": Adam(1e-4, (0.0, 0.9))}


def test_batches_teach_gamma_to_leave_zero():
    game = SAGAN.toy()
    trainer = Trainer(game)
    for report in trainer.play(toy_data(game), 16, 3):
        assert report.round <= 3
    gammas = [parameter for name, parameter in game.named_parameters() if name.endswith("gamma")]
    assert len(gammas) == 2
    assert all(gamma.item() != 0 for gamma in gammas)
