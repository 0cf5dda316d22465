"""EBGAN: energies, the hinge of each sample, the pulling-away term, and who learns from what."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from zoo import toy

from ganarium.games.adversarial.ebgan import EBGAN
from ganarium.ingredients import Linear, pulling_away
from ganarium.nets import Flat, Plain
from ganarium.nets.families.began import Autoencoder
from ganarium.spec import Field, Spec

POINTS = Spec(x=Field((2,), "points"))


class Shrink(nn.Module):
    """Reconstructs half of what it sees, so that an energy is half of its length; the code is the point."""

    def __init__(self):
        super().__init__()
        self.factor, self.encoder = nn.Parameter(torch.tensor(0.5)), nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


class Draws(nn.Module):
    """Always draws these points, one after the other."""

    def __init__(self, *points: tuple[float, float]):
        super().__init__()
        self.points = nn.Parameter(torch.tensor(points))

    def forward(self, z: Tensor) -> Tensor:
        return self.points[torch.arange(len(z)) % len(self.points)]


def small(**options) -> EBGAN:
    """Samples are (3, 4), of energy 2.5, and (0, 12), of energy 6."""
    made = {"generator": Draws((3.0, 4.0), (0.0, 12.0)), "discriminator": Shrink()}
    return EBGAN(POINTS, **{"latent": 3, "margin": 4.0, **made, **options})


def batch(n: int = 4):
    return {"x": torch.tensor([[6.0, 8.0]]).repeat(n, 1)}


def test_codes_that_are_all_alike_give_one_and_orthogonal_ones_zero():
    assert pulling_away(torch.tensor([[1.0, 2.0, 2.0]]).repeat(5, 1)).item() == pytest.approx(1)
    assert pulling_away(torch.eye(4)[:3] * torch.tensor([[1.0], [5.0], [0.1]])).item() == pytest.approx(0)
    assert pulling_away(torch.tensor([[1.0, 0.0], [-3.0, 0.0]])).item() == pytest.approx(1), "cosines are squared"


def test_pulling_away_is_a_mean_over_pairs_of_two_different_codes():
    codes = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    pairs = [torch.cosine_similarity(codes[i], codes[j], 0) ** 2 for i in range(6) for j in range(6) if i != j]
    assert pulling_away(codes).item() == pytest.approx(torch.stack(pairs).mean().item())
    assert pulling_away(codes * torch.rand(6, 1)).item() == pytest.approx(pulling_away(codes).item())
    with pytest.raises(ValueError, match="two or more; got 1"):
        pulling_away(codes[:1])


def test_descending_the_term_turns_codes_away_from_each_other():
    codes = torch.tensor([[1.0, 0.1, 0.0], [1.0, 0.0, 0.1], [1.0, 0.1, 0.1]], requires_grad=True)
    for _ in range(300):
        (slope,) = torch.autograd.grad(pulling_away(codes), codes)
        codes = (codes - slope).detach().requires_grad_()
    assert pulling_away(codes).item() < 0.01


def test_an_energy_is_the_length_of_each_samples_error():
    assert small().score(torch.tensor([[6.0, 8.0], [0.0, 1.0]])).tolist() == [5.0, 0.5]


def test_the_terms_by_hand_and_the_hinge_is_each_samples():
    game = small(pulling=0.5)
    discriminator, generator = game.discriminator_loss(batch()), game.generator_loss(batch(2))
    assert discriminator["real"].item() == 5.0
    # The mean energy, 4.25, is above the margin; one of the two samples is not.
    assert discriminator["energy"].item() == 4.25
    assert discriminator["fake"].item() == pytest.approx((4 - 2.5) / 2)
    assert discriminator["below"].item() == 0.5
    assert generator["fake"].item() == 4.25
    assert generator["pulling"].item() == pytest.approx(0.5 * 0.8**2)
    assert not any(discriminator[name].requires_grad for name in ("energy", "below"))


def test_samples_above_the_margin_teach_the_discriminator_nothing():
    judge = Shrink()
    loss = small(margin=2.0, discriminator=judge).discriminator_loss(batch())["fake"]
    assert torch.autograd.grad(loss, judge.factor)[0].item() == 0
    loss = small(margin=7.0, discriminator=judge).discriminator_loss(batch())["fake"]
    (slope,) = torch.autograd.grad(loss, judge.factor)
    # The energy of a sample of length r is (1 - factor) r, so the hinge grows by r.
    assert slope.item() == pytest.approx((5 + 12) / 2)


def test_the_generator_learns_through_the_sample_and_through_its_reconstruction():
    maker = Draws((3.0, 4.0))
    (slope,) = torch.autograd.grad(small(generator=maker, pulling=0.0).generator_loss(batch())["fake"], maker.points)
    # The slope of |0.5 v - v| is v / (2 |v|); a detached target would turn its sign.
    assert slope.flatten().tolist() == pytest.approx([0.3, 0.4])


def test_without_pulling_there_is_no_term_and_nothing_couples_samples():
    game = small(pulling=0.0)
    assert set(game.generator_loss(batch())) == {"fake"}
    once, twice = game.discriminator_loss(batch(2)), game.discriminator_loss(batch(4))
    assert all(torch.equal(once[name], twice[name]) for name in once)


def test_margin_and_weight_may_change_over_a_run():
    game = small(margin=Linear(4.0, 0.0), pulling=Linear(1.0, 0.0))
    game.progress.fill_(1.0)
    assert game.discriminator_loss(batch())["fake"].item() == 0
    assert game.generator_loss(batch())["pulling"].item() == 0


@pytest.mark.parametrize("wrong", [{"margin": 0.0}, {"margin": -1.0}, {"pulling": -0.1}])
def test_a_margin_below_zero_and_a_negative_weight_are_refused(wrong):
    with pytest.raises(ValueError, match="margin begins above 0"):
        small(**wrong)


def test_energies_of_data_fall_below_those_of_samples_and_noise():
    game = toy("ebgan")
    x = torch.full((32, 1, 8, 8), 0.5) * torch.tensor([1.0, -1.0]).repeat(16)[:, None, None, None]
    optimizer = torch.optim.Adam(game.discriminator.parameters(), 1e-2)
    for _ in range(60):
        terms = game.discriminator_loss({"x": x})
        optimizer.zero_grad()
        (terms["real"] + terms["fake"]).backward()
        optimizer.step()
    with torch.no_grad():
        assert game.score(x).mean() < game.score(game.draw(32)).mean()
        assert game.score(x).mean() < game.score(torch.rand(32, 1, 8, 8) * 2 - 1).mean()


def test_any_family_of_networks_serves_and_its_encoder_gives_codes():
    for family in (Flat(8), Plain(4)):
        game = EBGAN(Spec(x=Field((1, 8, 8), "image")), latent=3, code=5, architecture=family)
        assert isinstance(game.discriminator, Autoencoder)
        assert game.discriminator.encoder(torch.zeros(4, 1, 8, 8)).shape == (4, 5)
        assert game.generator_loss({"x": torch.zeros(4, 1, 8, 8)})["pulling"].requires_grad
