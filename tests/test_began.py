"""BEGAN: energies, the controller that keeps them in balance, and who learns from which."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from zoo import play, toy

from ganarium.games.adversarial.began import BEGAN
from ganarium.nets import Plain
from ganarium.nets.families.began import Autoencoder, Mirrored
from ganarium.spec import Field, Spec

POINTS = Spec(x=Field((2,), "points"))


class Shrink(nn.Module):
    """Reconstructs half of what it sees, so that an error is half of it."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(0.5))

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


class Same(nn.Module):
    """Always draws one point."""

    def __init__(self, *point: float):
        super().__init__()
        self.point = nn.Parameter(torch.tensor(point))

    def forward(self, z: Tensor) -> Tensor:
        return self.point.expand(len(z), -1)


def small(**options) -> BEGAN:
    """Samples are at (1, 3), whose energy is (0.5 + 1.5) / 2 = 1."""
    return BEGAN(POINTS, **{"latent": 3, "generator": Same(1.0, 3.0), "discriminator": Shrink(), **options})


def batch(*point: float):
    return {"x": torch.tensor([point] * 4)}


def loss(terms: dict[str, Tensor]) -> Tensor:
    """What a player descends."""
    return torch.stack([term for term in terms.values() if term.requires_grad]).sum()


def turn(game: BEGAN, data) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Both players' terms, and what they do after their moves, without steps."""
    made = []
    for player in game.players():
        terms = {name: term.detach() for name, term in player.loss(data).items()}
        assert player.after is not None
        player.after(terms)
        made.append(terms)
    return made[0], made[1]


def test_an_energy_is_the_mean_error_of_each_sample():
    x = torch.tensor([[1.0, -3.0], [0.0, 8.0]])
    assert small().score(x).tolist() == [1.0, 2.0]
    assert small(exponent=2).score(x).tolist() == [1.25, 8.0]


def test_the_terms_and_the_controller_by_hand():
    game = small(gamma=0.5, gain=0.1, start=0.2)
    discriminator, generator = turn(game, batch(4.0, 8.0))  # the energy of data is (2 + 4) / 2 = 3
    assert discriminator["real"].item() == 3.0
    assert discriminator["fake"].item() == pytest.approx(-0.2 * 1.0)
    assert discriminator["k"].item() == pytest.approx(0.2), "k is the one that the loss was made with"
    assert generator["fake"].item() == 1.0
    assert generator["convergence"].item() == pytest.approx(3 + abs(0.5 * 3 - 1))
    assert game.k.item() == pytest.approx(0.2 + 0.1 * (0.5 * 3 - 1))


@pytest.mark.parametrize(("gamma", "sign"), [(0.2, -1), (0.5, 1)])
def test_k_grows_while_samples_are_reconstructed_too_well(gamma, sign):
    game = small(gamma=gamma, gain=0.01, start=0.5)
    turn(game, batch(4.0, 8.0))
    assert (game.k.item() - 0.5) * sign > 0


@pytest.mark.parametrize(("gamma", "start", "end"), [(0.0, 0.3, 0.0), (1.0, 0.3, 1.0)])
def test_k_stays_between_zero_and_one(gamma, start, end):
    game = small(gamma=gamma, gain=10.0, start=start)
    turn(game, batch(4.0, 8.0))
    assert game.k.item() == end


def test_k_and_the_convergence_are_only_watched():
    game = small(start=0.5)
    assert not game.discriminator_loss(batch(4.0, 8.0))["k"].requires_grad
    assert not game.generator_loss(batch(4.0, 8.0))["convergence"].requires_grad


def test_the_discriminator_does_not_see_through_samples_and_the_generator_does():
    maker, judge = Same(1.0, 3.0), Shrink()
    game = small(start=0.5, generator=maker, discriminator=judge)
    # The loss is (1 - f)(4 + 8)/2 - 0.5 (1 - f)(1 + 3)/2.
    slopes = torch.autograd.grad(
        loss(game.discriminator_loss(batch(4.0, 8.0))), [judge.factor, maker.point], allow_unused=True
    )
    assert slopes[0].item() == pytest.approx(-6 + 0.5 * 2)
    assert slopes[1] is None
    # A sample moves itself and its reconstruction: the slope of |v - 0.5 v| / 2 is 0.25, not 0.5.
    (slope,) = torch.autograd.grad(loss(game.generator_loss(batch(4.0, 8.0))), [maker.point])
    assert slope.tolist() == pytest.approx([0.25, 0.25])


def test_with_k_zero_the_discriminator_learns_from_data_alone():
    game = toy("began")
    game.k.zero_()
    x = torch.rand(4, 1, 8, 8)
    parameters = list(game.discriminator.parameters())
    both = torch.autograd.grad(loss(game.discriminator_loss({"x": x})), parameters)
    alone = torch.autograd.grad(game.score(x).mean(), parameters)
    assert all(torch.equal(a, b) for a, b in zip(both, alone, strict=True))


def test_the_players_draw_noise_of_their_own():
    game = toy("began")
    drawn = []
    game.noise.register_forward_hook(lambda module, arguments, z: drawn.append(z.clone()))
    play(game, 1)
    assert len(drawn) == 2
    assert not torch.equal(drawn[0], drawn[1])


@pytest.mark.parametrize(
    "field",
    [
        Field((1, 8, 8), "image"),
        Field((3, 13, 9), "image"),
        Field((1, 16, 28), "image"),
        Field((1, 8, 8, 9), "volume"),
        Field((2,), "points"),
    ],
    ids=str,
)
@pytest.mark.parametrize("architecture", [Mirrored(4, 8), Plain(8)])
def test_it_plays_on_data_of_many_shapes(field, architecture):
    game = BEGAN(Spec(x=field), latent=5, code=3, start=0.5, architecture=architecture)
    x = game.spec.random(4)["x"]
    assert game.discriminator(x).shape == x.shape == game.draw(4).shape
    for player in game.players():
        loss(player.loss({"x": x})).backward()
        assert all(p.grad is not None for p in player.parameters())


def test_the_networks_are_the_papers():
    field = Field((3, 16, 16), "image")
    network = Autoencoder(Mirrored(8).encoder(field, 7), Mirrored(8).generator(7, field))
    convs = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    channels = [(m.in_channels, m.out_channels) for m in convs]
    down = [(3, 8), (8, 8), (8, 8), (8, 16), (16, 16), (16, 16), (16, 24), (24, 24), (24, 24)]
    assert channels == [*down, *[(8, 8)] * 6, (8, 3)]
    assert [m.stride for m in convs].count((2, 2)) == 2
    assert sum(isinstance(m, nn.Upsample) for m in network.modules()) == 2
    mirror = Mirrored(8).generator(7, field)
    assert [p.shape for p in mirror.parameters()] == [p.shape for p in network.decoder.parameters()]
    score = Mirrored(8).discriminator(field, outputs=2, condition=1)
    assert score(torch.randn(3, 3, 16, 16), torch.randn(3, 1)).shape == (3, 2)


@pytest.mark.parametrize("wrong", [{"gamma": -0.1}, {"gamma": 1.5}, {"start": 2.0}])
def test_numbers_outside_the_unit_interval_are_refused(wrong):
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        small(**wrong)


def test_errors_are_absolute_or_squared():
    with pytest.raises(ValueError, match="exponent 1 or 2; got exponent=3"):
        small(exponent=3)


def test_untrained_samples_differ_with_the_noise():
    torch.manual_seed(0)
    generator = Mirrored(16).generator(16, Field((1, 8, 8), "image"))
    with torch.no_grad():
        assert generator(torch.rand(256, 16) * 2 - 1).std(0).mean() > 0.2
