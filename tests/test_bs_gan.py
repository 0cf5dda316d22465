"""The boundary-seeking GAN: where samples rest, and how often the generator moves."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from zoo import play, toy

from ganarium.games.adversarial.bs_gan import BSGAN
from ganarium.ingredients import NonSaturating
from ganarium.spec import Field, Spec

LINE = Spec(x=Field((1,), "points"))


class At(nn.Module):
    """Always draws one point."""

    def __init__(self, point: float):
        super().__init__()
        self.point = nn.Parameter(torch.tensor([point]))

    def forward(self, z: Tensor) -> Tensor:
        return self.point.expand(len(z), 1)


class Slope(nn.Module):
    """Scores x - 1: the boundary is at one."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.tensor(-1.0))

    def forward(self, x: Tensor) -> Tensor:
        return x.squeeze(1) + self.bias


def descended(start: float, **options) -> float:
    """Where a sample ends that descends the generator's loss against a discriminator at rest."""
    maker = At(start)
    game = BSGAN(LINE, latent=2, generator=maker, discriminator=Slope(), **options)
    optimizer = torch.optim.SGD(maker.parameters(), 0.1)
    for _ in range(200):
        optimizer.zero_grad()
        game.generator_loss({"x": torch.zeros(4, 1)})["fake"].backward()
        optimizer.step()
    return maker.point.item()


@pytest.mark.parametrize("start", [-3.0, 5.0])
def test_samples_come_to_rest_at_the_boundary_from_both_sides(start):
    assert descended(start) == pytest.approx(1, abs=1e-4)


def test_with_the_non_saturating_loss_they_run_past_it():
    assert descended(-3.0, objective=NonSaturating()) > 3


def test_the_loss_is_half_the_mean_squared_score():
    game = BSGAN(LINE, latent=2, generator=At(4.0), discriminator=Slope())
    assert game.generator_loss({"x": torch.zeros(4, 1)})["fake"].item() == 4.5


def test_the_generator_moves_as_often_as_it_is_told():
    discriminator, generator = BSGAN(LINE, generator_moves=3, generator=At(0.0), discriminator=Slope()).players()
    assert (discriminator.moves, generator.moves) == (1, 3)
    with pytest.raises(ValueError, match="at least once a round; got generator_moves=0"):
        BSGAN(LINE, generator_moves=0, generator=At(0.0), discriminator=Slope())


def test_a_round_has_a_batch_for_each_of_its_moves():
    trainer = play(toy("bs-gan"), 2, 32)
    assert trainer.seen == 2 * 2 * 32
