"""R3GAN: its loss in closed form, and networks that begin as the identity and have no norm."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from zoo import players, toy

from ganarium.game.frames.adversarial import Adversarial
from ganarium.games.adversarial.r3gan import R3GAN
from ganarium.ingredients import R1, R2, Cosine
from ganarium.nets import ModernResidual
from ganarium.nets.families.r3gan import GAIN, Basis, Block, Resample, mix
from ganarium.spec import Field, Spec

SMALL = ModernResidual(8, blocks=1, group=4)
IMAGES = [(1, 8, 8), (3, 13, 9), (1, 28, 28), (3, 32, 32), (3, 48, 64)]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


class Slope(nn.Module):
    """Scores that are linear in points of the plane."""

    def __init__(self, *slope: float):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.slope


def linear(gamma: float | Cosine) -> R3GAN:
    spec = Spec(x=Field((2,), "points"))
    return R3GAN(spec, latent=2, gamma=gamma, generator=nn.Identity(), discriminator=Slope(3.0, 4.0))


def test_each_penalty_is_half_of_gamma_times_the_squared_slope():
    terms = linear(0.2).discriminator_loss({"x": torch.randn(16, 2)})
    assert math.isclose(terms["r1"].item(), 0.1 * 25, rel_tol=1e-5)
    assert math.isclose(terms["r2"].item(), 0.1 * 25, rel_tol=1e-5)


def test_gamma_falls_along_its_schedule():
    game = linear(Cosine(0.2, 0.02))
    game.progress.fill_(0.5)
    terms = game.discriminator_loss({"x": torch.randn(16, 2)})
    assert math.isclose(terms["r2"].item(), 0.11 / 2 * 25, rel_tol=1e-5)


def test_each_sample_is_compared_with_the_data_beside_it():
    game = linear(1.0)
    x, z = torch.randn(64, 2), torch.randn(64, 2)
    game.draw = lambda n, **condition: z  # type: ignore[method-assign]
    above = game.discriminator(x - z)
    terms = game.discriminator_loss({"x": x}), game.generator_loss({"x": x})
    torch.testing.assert_close(terms[0]["pair"], torch.log1p(torch.exp(-above)).mean())
    torch.testing.assert_close(terms[1]["pair"], torch.log1p(torch.exp(above)).mean())


def test_only_differences_of_scores_count():
    game, judge = toy("r3gan"), torch.randn(8)
    shifted = game.objective.discriminator(judge + 5, -judge + 5)["pair"]
    torch.testing.assert_close(shifted, game.objective.discriminator(judge, -judge)["pair"])


def test_the_optimisers_numbers_follow_the_papers_schedules():
    optimizer = R3GAN(Spec(x=Field((1, 8, 8), "image")), architecture=SMALL).optimizer
    assert optimizer.schedule(0.0) == {"lr": 2e-4, "betas": (0.0, 0.9)}
    assert optimizer.schedule(1.0) == {"lr": 5e-5, "betas": (0.0, 0.99)}


def test_it_is_the_plain_frame_with_other_ingredients():
    game: Any = toy("r3gan")
    assert issubclass(R3GAN, Adversarial)
    own = {name for name in vars(R3GAN) if not name.startswith("_")}
    assert own == {"paper", "toy", "recipe", "pace"}
    assert game.penalties == (R1(game.gamma), R2(game.gamma))
    assert [player.name for player in players(game)] == ["discriminator", "generator"]


def test_batch_norm_is_refused_where_slopes_are_penalised():
    bad = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(64, 1))
    with pytest.raises(ValueError, match="batch norm"):
        R3GAN(Spec(x=Field((1, 8, 8), "image")), architecture=SMALL, discriminator=bad)


@pytest.mark.parametrize("dims", [0, 2])
def test_a_block_begins_as_the_identity(dims):
    block: Any = Block(8, 16, 4, dims, blocks=6)
    x = torch.randn(3, 8, *[5] * dims)
    assert torch.equal(block(x), x)
    nn.init.normal_(block.branch.narrow.weight)
    assert not torch.equal(block(x), x)


def test_the_variance_of_a_weight_is_divided_by_the_root_of_the_number_of_blocks():
    block: Any = Block(64, 128, 8, 2, blocks=16)
    for layer, inputs in ((block.branch.widen, 64), (block.branch.mix, 16 * 9)):
        assert math.isclose(layer.weight.std().item(), GAIN / 2 / math.sqrt(inputs), rel_tol=0.05)


@pytest.mark.parametrize("shape", IMAGES)
def test_shapes_with_and_without_a_condition(shape):
    field = Field(shape, "image")
    for condition in (0, 3):
        c = torch.randn(2, condition) if condition else None
        x = SMALL.generator(5, field, condition)(torch.randn(2, 5), c)
        assert x.shape == (2, *shape)
        assert SMALL.discriminator(field, 1, condition)(x, c).shape == (2,)
    assert SMALL.discriminator(field, outputs=4)(x).shape == (2, 4)
    assert SMALL.encoder(field, 7)(x).shape == (2, 7)


def test_points_have_residual_perceptrons():
    field = Field((2,), "points")
    x = SMALL.generator(5, field, 3)(torch.randn(4, 5), torch.randn(4, 3))
    assert x.shape == (4, 2)
    assert SMALL.discriminator(field, 1, 3)(x, torch.randn(4, 3)).shape == (4,)


def test_there_is_no_norm_and_no_bias_but_in_activations():
    field = Field((3, 16, 16), "image")
    for network in (SMALL.generator(5, field), SMALL.discriminator(field)):
        kinds = {type(module).__name__ for module in network.modules()}
        assert not any("Norm" in kind or "Tanh" in kind for kind in kinds)
        for module in network.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)):
                assert module.bias is None


def test_the_default_networks_are_the_authors_for_32_and_64_pixels():
    architecture = ModernResidual()
    assert architecture.levels(Field((3, 32, 32), "image"))[1] == [768] * 4
    assert architecture.levels(Field((3, 64, 64), "image"))[1] == [384, 768, 768, 768, 768]
    stage: Any = architecture.stage(768, 2, 8)
    assert [block.branch.mix.groups for block in stage] == [96, 96]


def test_groups_that_do_not_fit_are_refused_with_a_remedy():
    with pytest.raises(ValueError, match="divisor"):
        ModernResidual(8, group=5).generator(4, Field((1, 8, 8), "image"))
    with pytest.raises(ValueError, match="Plain"):
        ModernResidual(8).discriminator(Field((1, 8, 8, 8), "volume"))


def test_resampling_is_linear_inside_and_knows_odd_sides():
    line = torch.arange(10.0).expand(2, 3, 7, 10)
    small = Resample((7, 10), (4, 5))(line)
    assert small.shape == (2, 3, 4, 5)
    torch.testing.assert_close(small[0, 0, 1, 1:], torch.tensor([2.0, 4.0, 6.0, 8.0]))
    large = Resample((7, 10), (13, 20))(line)
    assert large.shape == (2, 3, 13, 20)
    torch.testing.assert_close(large[1, 2, 1:-1, :-1], (torch.arange(19.0) / 2).expand(11, 19))


def test_the_two_ways_of_resampling_mirror_each_other():
    # <down(x), y> = <x, up(y)> / 4, where sides halve evenly to odd ones.
    x, y = torch.randn(1, 1, 9, 9), torch.randn(1, 1, 5, 5)
    torch.testing.assert_close((Resample((9, 9), (5, 5))(x) * y).sum(), (x * Resample((5, 5), (9, 9))(y)).sum() / 4)


def test_maps_begin_as_a_basis_scaled_by_the_latent():
    basis = Basis(3, 4, (4, 5))
    z = torch.randn(2, 3)
    maps = basis(z)
    assert maps.shape == (2, 4, 4, 5)
    torch.testing.assert_close(maps[1, 2], basis.maps[2] * basis.scales(z)[1, 2])


def test_activations_keep_their_size_through_the_layers_of_a_fresh_network():
    layer = mix(256, 256, 0)
    assert 0.9 < layer(torch.randn(64, 256)).std().item() < 1.1
    scores = ModernResidual(64, 1).discriminator(Field((1, 16, 16), "image"))(torch.randn(64, 1, 16, 16))
    assert 0.05 < scores.std().item() < 3
