"""Fourier features: which waves are seen, what passes through, what they are good for, what is refused."""

import math

import pytest
import torch
from torch import nn
from zoo import play

from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.r3gan import R3GAN
from ganarium.games.conditional.cgan import CGAN
from ganarium.ingredients import R1
from ganarium.nets import Architecture, Flat, FourierFeatures, MinibatchDiscriminating, Packed, Perceptrons, Plain
from ganarium.nets.families.fourier import Waves
from ganarium.spec import Field, Spec

POINTS = Field((2,), "points")


def test_sines_come_before_cosines_and_what_follows_the_numbers_passes_through():
    x = torch.tensor([[0.5, -1.0, 9.0]])
    sines = [torch.tensor(w * v).sin().item() for w in (1.0, 3.0) for v in (0.5, -1.0)]
    cosines = [torch.tensor(w * v).cos().item() for w in (1.0, 3.0) for v in (0.5, -1.0)]
    torch.testing.assert_close(Waves(2, (1.0, 3.0))(x), torch.tensor([[0.5, -1.0, *sines, *cosines, 9.0]]))


@pytest.mark.parametrize("family", [Plain(8), Plain(8, norm="spectral"), Perceptrons(8, 8), Flat(8)])
@pytest.mark.parametrize("condition", [0, 3])
def test_any_family_for_points_sees_them(family: Architecture, condition: int):
    judge = FourierFeatures(family).discriminator(POINTS, outputs=4, condition=condition)
    told = (torch.eye(3)[[0, 1, 2, 0, 1]],) if condition else ()
    assert judge(torch.randn(5, 2), *told).shape == (5, 4)
    assert judge.features(torch.randn(5, 2), *told).shape == (5, judge.feature_size)
    generator = FourierFeatures(family).generator(6, POINTS)
    assert [p.shape for p in generator.parameters()] == [p.shape for p in family.generator(6, POINTS).parameters()]


@pytest.mark.parametrize("outer", [Packed, MinibatchDiscriminating])
def test_they_go_with_other_ingredients(outer: type[Packed | MinibatchDiscriminating]):
    play(GAN(Spec(x=POINTS), latent=4, architecture=outer(FourierFeatures(Plain(8)))), 2)


def test_a_condition_is_no_coordinate():
    spec = Spec(x=POINTS, y=Field((), "label", classes=3))
    play(CGAN(spec, latent=4, architecture=FourierFeatures(Plain(8))), 2)


def test_slopes_through_them_are_the_slopes_of_the_score():
    torch.manual_seed(0)
    judge = FourierFeatures(Plain(8), (1.0, 5.0)).discriminator(POINTS).double()
    assert torch.autograd.gradcheck(judge, torch.randn(4, 2, dtype=torch.float64, requires_grad=True))
    play(GAN(Spec(x=POINTS), latent=4, architecture=FourierFeatures(Plain(8)), penalties=(R1(1.0),)), 2)


def fitted(architecture: Architecture) -> float:
    """How well a discriminator tells the dark stripes of a line from the bright ones, after 100 steps."""
    torch.manual_seed(0)
    judge, x = architecture.discriminator(Field((1,), "points")), torch.linspace(-2, 2, 512)[:, None]
    wanted = ((8 * x).sin() > 0).float().squeeze(1)
    rule = torch.optim.Adam(judge.parameters(), 2e-3)
    for _ in range(100):
        rule.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(judge(x), wanted).backward()
        rule.step()
    return float(((judge(x) > 0) == (wanted > 0)).float().mean())


def test_fine_stripes_are_seen_sooner():
    # Seeds 0 to 3: 0.54 to 0.69 without, 0.996 and more with them.
    assert fitted(Plain(32)) < 0.85
    assert fitted(FourierFeatures(Plain(32))) > 0.95


@pytest.mark.parametrize("frequencies", [(), (1.0, 0.0), (-2.0,), (math.nan,), (1.0, math.inf)])
def test_frequencies_that_are_none_are_refused(frequencies):
    with pytest.raises(ValueError, match="one frequency above 0 or more"):
        FourierFeatures(Plain(), frequencies)


def test_images_are_refused():
    with pytest.raises(ValueError, match=r"of the coordinates of points, of shape \(D,\); got \(1, 8, 8\)"):
        R3GAN(Spec(x=Field((1, 8, 8), "image")), latent=4, architecture=FourierFeatures())
