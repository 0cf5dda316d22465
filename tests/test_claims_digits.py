"""Games that stand in claims about digits: wake-sleep, a fully visible belief net, and what is measured of them."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from ganarium.claims.blur import sharpness
from ganarium.claims.improved_gan import blinded
from ganarium.claims.infogan import spread
from ganarium.claims.one_pass import FullyVisible
from ganarium.claims.semi_supervised_gan import broken
from ganarium.claims.vae import Deaf, WakeSleep
from ganarium.data import InMemory, load
from ganarium.game import Player
from ganarium.games.adversarial.improved_gan import ImprovedGAN
from ganarium.nets import Discriminator, Flat, MinibatchDiscriminating
from ganarium.spec import Field, Spec

IMAGE = Spec(x=Field((1, 1, 3), "image"))


def moved(game: WakeSleep, player: Player, batch: dict[str, torch.Tensor]) -> set[str]:
    """The networks in which a player's loss has a gradient, when the others are frozen."""
    mine = {id(p) for p in player.parameters()}
    for parameter in game.parameters():
        parameter.requires_grad_(id(parameter) in mine)
    game.zero_grad()
    torch.stack(list(player.loss(batch).values())).sum().backward()
    return {name.split(".")[0] for name, p in game.named_parameters() if p.grad is not None and p.grad.any()}


def test_wake_and_sleep_teach_one_network_each() -> None:
    torch.manual_seed(0)
    game = WakeSleep(IMAGE, latent=2, architecture=Flat(16))
    wake, sleep = game.players()
    batch = {"x": torch.rand(8, 1, 1, 3)}
    assert moved(game, wake, batch) == {"decoder", "log_sd"}
    assert moved(game, sleep, batch) == {"encoder"}
    assert [player.name for player in Deaf(IMAGE, latent=2, architecture=Flat(16)).players()] == ["generator"]


def test_log_posterior_is_that_of_a_gaussian() -> None:
    game = WakeSleep(IMAGE, latent=2, architecture=Flat(16))
    z, x = torch.randn(5, 2), torch.rand(5, 1, 1, 3)
    mean, log_variance = game.posterior(x)
    law = torch.distributions.Normal(mean, (log_variance / 2).exp())
    torch.testing.assert_close(game.log_posterior(z, x), law.log_prob(z).sum(1))


def net() -> FullyVisible:
    torch.manual_seed(0)
    game = FullyVisible(IMAGE, units=12, levels=3)
    for layer in (game.hidden, game.out):
        torch.nn.init.normal_(layer.weight)  # far from independent pixels
    return game


def every(levels: int) -> torch.Tensor:
    values = [level * 2 / (levels - 1) - 1 for level in range(levels)]
    return torch.tensor(list(itertools.product(values, repeat=3))).view(-1, 1, 1, 3)


def test_probabilities_of_all_images_add_up_to_one() -> None:
    total = net().log_prob(every(3)).exp().sum()
    assert total.item() == pytest.approx(1.0, abs=1e-5)


def test_images_are_drawn_as_often_as_they_are_probable() -> None:
    game, images = net(), every(3)
    made = game.sample(20_000, seed=1, chunk=20_000).flatten(1)
    places = ((made + 1).round().long() * torch.tensor([9, 3, 1])).sum(1)
    often = torch.bincount(places, minlength=27) / len(made)
    probable = game.log_prob(images).exp().detach()
    assert probable.max() > 0.1
    assert (often - probable).abs().max() < 0.015


def test_spread_is_within_kinds_alone() -> None:
    kinds = torch.arange(100) % 4
    prototypes = kinds.float().view(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    assert spread(prototypes, kinds) == 0.0
    assert spread(torch.randn(100, 1, 2, 2), kinds) == pytest.approx(2.0, rel=0.2)


def test_sharpness_of_a_slope_is_none() -> None:
    slope = torch.arange(8.0).expand(2, 1, 8, 8)
    assert (sharpness(slope) < math.log(1e-8)).all()


def test_broken_digits_keep_their_labels_and_their_pixels() -> None:
    whole = load("digits", split="train")
    assert isinstance(whole, InMemory)
    few = whole.few_labels(5, seed=0)
    other = broken(few, seed=0)
    known = few["y"] >= 0
    assert torch.equal(other["y"], few["y"])
    assert torch.equal(other["x"][known], few["x"][known])
    assert not torch.equal(other["x"][~known], few["x"][~known])
    assert torch.equal(other["x"].flatten(1).sort(1)[0], few["x"].flatten(1).sort(1)[0])


def test_blinded_kernels_say_that_nothing_is_near_and_change_nothing_else() -> None:
    def game() -> ImprovedGAN:
        torch.manual_seed(0)
        return ImprovedGAN(IMAGE, latent=2, architecture=MinibatchDiscriminating(Flat(16), kernels=3))

    seeing, blind, x = game(), blinded(game()), torch.rand(1, 1, 1, 3).expand(4, 1, 1, 3)
    judges = seeing.discriminator, blind.discriminator
    assert isinstance(judges[0], Discriminator)
    assert isinstance(judges[1], Discriminator)
    seen, unseen = judges[0].features(x), judges[1].features(x)
    torch.testing.assert_close(seen[:, -3:], torch.full((4, 3), 3.0))
    assert not unseen[:, -3:].any()
    assert torch.equal(seen[:, :-3], unseen[:, :-3])
    assert torch.equal(judges[0].head.weight, judges[1].head.weight)
    assert {name for name, _ in seeing.named_parameters()} - {name for name, _ in blind.named_parameters()} == {
        "discriminator.trunk.across.project.weight"
    }
