"""Packs: who is in which, whose score is whose, what is refused, and why two samples show more than one."""

import pytest
import torch
from torch import nn
from zoo import play, toy_batch

from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.pacgan import PacGAN
from ganarium.games.adversarial.wgan_gp import WGANGP
from ganarium.games.conditional.cgan import CGAN
from ganarium.ingredients import R1
from ganarium.nets import (
    DeepConvolutional,
    Flat,
    MinibatchDiscriminating,
    ModernResidual,
    Packed,
    Perceptrons,
    Plain,
    Residual,
)
from ganarium.nets.families.packing import Packing, packed
from ganarium.spec import Field, Spec

POINTS = Spec(x=Field((2,), "points"))
IMAGE = Field((3, 8, 8), "image")


class Spread(nn.Module):
    """What of a pair (B, 2) no single sample shows: how far apart its two numbers are."""

    def forward(self, pair):
        return (pair[:, 0] - pair[:, 1]).square()


def test_a_batch_is_dealt_in_order_and_every_sample_gets_its_pack_s_score():
    scores = Packing(Spread(), 2)(torch.tensor([[1.0], [4.0], [2.0], [2.0]]))
    assert scores.tolist() == [9, 9, 0, 0]


def test_a_pack_is_the_channels_of_its_samples():
    seen = []
    network = nn.Module()
    network.forward = lambda x: seen.append(x) or x.flatten(1).sum(1)  # type: ignore[method-assign]
    x = torch.randn(6, 3, 4, 4)
    scores = Packing(network, 3)(x)
    assert torch.equal(seen[0][1, 3:6], x[4])
    torch.testing.assert_close(scores[3:], x[3:].sum().expand(3))


def test_in_evaluation_the_last_pack_is_filled_with_the_first_samples():
    packs = Packing(Spread(), 2).eval()
    assert packs(torch.tensor([[1.0], [4.0], [3.0]])).tolist() == [9, 9, 4]


@pytest.mark.parametrize(("size", "training"), [(3, True), (1, True), (1, False)])
def test_packs_that_cannot_be_filled_are_refused(size, training):
    with pytest.raises(ValueError, match=rf"judges 2 samples at a time; got a batch of {size}"):
        Packing(Spread(), 2).train(training)(torch.zeros(size, 1))


def test_a_run_whose_batch_is_no_multiple_is_told_so():
    game = PacGAN(POINTS, latent=4, packing=3, architecture=Plain(4))
    with pytest.raises(ValueError, match="judges 3 samples at a time; got a batch of 32"):
        play(game, 1, size=32)


FAMILIES = {
    "plain": Plain(8),
    "spectral": Plain(8, norm="spectral"),
    "perceptrons": Perceptrons(8, 8),
    "convolutions": DeepConvolutional(4),
    "flat": Flat(8),
    "residual": Residual(4, 4),
    "modern": ModernResidual(),
    "minibatch": MinibatchDiscriminating(Plain(8), 3, 2),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_any_family_can_be_packed(name):
    torch.manual_seed(0)
    judge = Packed(FAMILIES[name], 2).discriminator(IMAGE)
    x = torch.randn(8, *IMAGE.shape)
    scores = judge(x)
    assert scores.shape == (8,)
    assert judge.features(x).shape == (8, judge.feature_size)
    assert torch.equal(scores[::2], scores[1::2])
    plain = FAMILIES[name].discriminator(packed(IMAGE, 2))
    # All but the first layer is the family's, the head as well.
    assert [p.shape for p in judge.parameters()] == [p.shape for p in plain.parameters()]


def test_a_pack_of_one_is_the_family_itself():
    torch.manual_seed(0)
    plain = Plain(8).discriminator(IMAGE)
    torch.manual_seed(0)
    judge, x = Packed(Plain(8), 1).discriminator(IMAGE), torch.randn(3, *IMAGE.shape)
    assert torch.equal(judge(x), plain(x))


def test_conditions_are_packed_with_their_samples():
    spec = Spec(x=Field((2,), "points"), y=Field((), "label", classes=3))
    game = CGAN(spec, latent=4, architecture=Packed(Plain(8)))
    batch = toy_batch(game)
    assert game.score(batch["x"], y=batch["y"]).shape == (32,)
    assert all(term.isfinite() for term in game.discriminator_loss(batch).values())


def test_the_loss_of_packs_is_the_mean_over_packs():
    torch.manual_seed(0)
    game = PacGAN(POINTS, latent=4, architecture=Plain(8))
    batch = toy_batch(game)
    packs = batch["x"].reshape(16, 4)
    scores = game.discriminator.head(game.discriminator.trunk.network(packs)).squeeze(1)  # type: ignore[operator]
    terms = game.discriminator_loss(batch)
    torch.testing.assert_close(terms["real"], nn.functional.softplus(-scores).mean())


def test_a_discriminator_of_one_s_own_sees_packs():
    torch.manual_seed(0)
    own = nn.Sequential(nn.Linear(6, 1), nn.Flatten(0))
    game = PacGAN(POINTS, latent=4, packing=3, architecture=Plain(8), discriminator=own)
    assert game.score(torch.randn(9, 2)).shape == (9,)


def test_slopes_of_packs_are_not_penalised():
    family = Packed(Plain(8))
    with pytest.raises(ValueError, match=r"^GAN penalises .* 'trunk' judges packs of samples"):
        GAN(POINTS, latent=4, architecture=family, penalties=(R1(),))
    with pytest.raises(ValueError, match=r"^WGANGP penalises .* 'trunk' judges packs"):
        WGANGP(POINTS, latent=4, architecture=family)
    with pytest.raises(ValueError, match=r"'trunk\.across' compares the samples of a batch"):
        GAN(POINTS, latent=4, architecture=MinibatchDiscriminating(Plain(8)), penalties=(R1(),))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Packed(packing=0), "packing=0"),
        (lambda: PacGAN(POINTS, packing=0, architecture=Plain()), "packing=0"),
        (lambda: Packed().discriminator(IMAGE, outputs=10), "A pack has one score"),
        (lambda: Packed().discriminator(Field((5, 3), "sequence")), "along the channels .* got 'sequence'"),
    ],
    ids=["no pack", "no pack in the game", "classes", "sequences"],
)
def test_what_cannot_be_packed_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_lost_mode_is_farther_from_data_in_packs():
    """Section 3.2's example: of two laws equally far from p, packs tell apart the one that lost a mode."""
    p = torch.tensor([0.25, 0.25, 0.25, 0.25])
    lost = torch.tensor([1 / 3, 1 / 3, 1 / 3, 0.0])
    uneven = torch.tensor([0.375, 0.375, 0.125, 0.125])

    def distance(q, m):
        left, right = p, q
        for _ in range(m - 1):
            left, right = torch.outer(left, p).flatten(), torch.outer(right, q).flatten()
        return (left - right).abs().sum().item() / 2

    assert distance(lost, 1) == pytest.approx(distance(uneven, 1))
    assert distance(lost, 2) > distance(uneven, 2) + 0.01
