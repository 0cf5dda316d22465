"""SNGAN: weights whose largest singular value is one, and the paper's residual networks."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from zoo import players, toy

from ganarium.game.frames.adversarial import Adversarial
from ganarium.games.adversarial.sngan import SNGAN
from ganarium.nets import Residual
from ganarium.nets.families.resnet import Block, Sum, down, first, up
from ganarium.nets.layers.norms import make_spectral
from ganarium.spec import Field, Spec

SMALL = Residual(8, 8, 1)
IMAGES = [(1, 8, 8), (3, 13, 9), (1, 28, 28), (3, 32, 32), (3, 48, 64)]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def judge(shape: tuple[int, ...]) -> nn.Module:
    """A discriminator, after fifty passes."""
    network = SMALL.discriminator(Field(shape, "image" if len(shape) == 3 else "points"))
    with torch.no_grad():
        for _ in range(50):
            network(torch.zeros(2, *shape))
    return network.eval()


def largest(weight: Tensor) -> float:
    return torch.linalg.matrix_norm(weight.flatten(1), 2).item()


@pytest.mark.parametrize("shape", [(2,), (3, 16, 16)])
def test_each_weight_of_the_discriminator_has_norm_one(shape):
    layers = [m for m in judge(shape).modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    assert len(layers) >= 4
    for layer in layers:
        assert math.isclose(largest(layer.weight), 1.0, abs_tol=2e-2)


def test_no_pair_of_points_is_stretched():
    network = judge((2,))
    a, b = torch.randn(500, 2), torch.randn(500, 2)
    with torch.no_grad():
        slopes = (network(a) - network(b)).abs() / (a - b).norm(dim=1)
    assert slopes.max() <= 1.01


def test_the_gradient_takes_away_what_would_stretch_the_longest_direction():
    layer: Any = make_spectral(nn.Linear(5, 3, bias=False)).eval()
    weight, coefficients = layer.parametrizations.weight.original, torch.randn(3, 5)
    (layer.weight * coefficients).sum().backward()
    u, v = layer.parametrizations.weight[0]._u, layer.parametrizations.weight[0]._v
    s = u @ weight @ v
    expected = (coefficients - (coefficients * weight / s).sum() * torch.outer(u, v)) / s
    torch.testing.assert_close(weight.grad, expected.detach())


def test_the_vectors_of_the_power_method_rest_in_evaluation():
    network = judge((1, 8, 8))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network(torch.randn(2, 1, 8, 8))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_the_generator_has_batch_norm_and_no_spectral_norm():
    generator = SMALL.generator(4, Field((1, 16, 16), "image"))
    assert sum(isinstance(module, nn.BatchNorm2d) for module in generator.modules()) == 5
    assert not any(parametrize.is_parametrized(module) for module in generator.modules())


@pytest.mark.parametrize("shape", IMAGES)
def test_shapes_with_and_without_a_condition(shape):
    field = Field(shape, "image")
    for condition in (0, 3):
        c = torch.randn(2, condition) if condition else None
        x = SMALL.generator(5, field, condition)(torch.randn(2, 5), c)
        assert x.shape == (2, *shape)
        assert x.abs().max() <= 1
        assert SMALL.discriminator(field, 1, condition)(x, c).shape == (2,)
    assert SMALL.discriminator(field, outputs=4)(x).shape == (2, 4)
    assert SMALL.encoder(field, 7)(x).shape == (2, 7)


def test_the_default_networks_are_the_papers_for_32_pixels():
    field = Field((3, 32, 32), "image")
    generator, trunk = Residual().generator(128, field), Residual().discriminator(field).trunk
    names = [name for name, _ in trunk.named_children()]
    assert names == ["down1", "down2", "down3", "down4", "relu", "sum"]
    assert isinstance(trunk, nn.Sequential)
    with torch.no_grad():
        assert trunk[:4](torch.zeros(1, 3, 32, 32)).shape == (1, 128, 8, 8)
    assert [name for name, _ in generator.body.named_children() if name.startswith("up")] == ["up1", "up2", "up3"]
    # Three blocks of two 3 x 3 convolutions and a 1 x 1 one each, with norms, between a projection and a last norm.
    block = 2 * (256 * 256 * 9 + 256) + 256 * 256 + 256 + 4 * 256
    outside = 129 * 4096 + 2 * 256 + 256 * 27 + 3
    assert sum(p.numel() for p in generator.parameters()) == 3 * block + outside


def test_blocks_change_sizes_as_they_should():
    x = torch.randn(2, 4, 9, 6)
    assert up(4, (18, 13))(x).shape == (2, 4, 18, 13)
    assert first(4, 6)(x).shape == (2, 6, 4, 3)
    assert down(4, halve=True)(x).shape == (2, 4, 4, 3)
    assert down(4, halve=False)(x).shape == x.shape


def test_the_first_block_sees_pixels_and_not_what_a_rectifier_leaves():
    kinds = [type(part) for part in first(1, 4).branch.children()]
    assert kinds.index(nn.Conv2d) < kinds.index(nn.ReLU)
    assert [type(part) for part in first(1, 4).shortcut.children()] == [nn.AvgPool2d, nn.Conv2d]


def test_pooling_commutes_with_the_shortcuts_convolution():
    block = down(4, halve=True)
    assert isinstance(block, Block)
    pool, convolve = block.shortcut.children()
    x = torch.randn(2, 4, 8, 8)
    torch.testing.assert_close(block.shortcut(x), pool(convolve(x)))


def test_features_are_sums_over_places():
    assert torch.equal(Sum()(torch.ones(2, 3, 4, 5)), torch.full((2, 3), 20.0))


def test_the_loss_is_the_hinge_and_the_rates_fall_to_zero():
    game = toy("sngan")
    game.discriminator.head.register_forward_hook(lambda module, inputs, scores: scores * 0 + 0.25)
    terms = game.discriminator_loss({"x": torch.rand(8, 1, 8, 8)})
    assert (terms["real"].item(), terms["fake"].item()) == (0.75, 1.25)
    assert game.generator_loss({"x": torch.rand(8, 1, 8, 8)})["fake"].item() == -0.25
    assert game.optimizer.schedule(0.5)["lr"] == 1e-4
    assert game.optimizer.schedule(1.0)["lr"] == 0.0


def test_it_is_the_plain_frame_with_five_moves_of_the_discriminator():
    game = SNGAN(Spec(x=Field((2,), "points")))
    assert isinstance(game, Adversarial)
    assert [player.moves for player in players(game)] == [5, 1]


def test_volumes_are_refused_with_a_remedy():
    with pytest.raises(ValueError, match="Plain"):
        SMALL.generator(4, Field((1, 8, 8, 8), "volume"))
