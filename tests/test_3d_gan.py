"""3D-GAN: the gate."""

from __future__ import annotations

import pytest
import torch
from zoo import toy_batch, toy_data

from ganarium.engine.trainer import Trainer
from ganarium.games.volume.gan_3d import GAN3D
from ganarium.ingredients import Adam
from ganarium.nets import DeepConvolutional
from ganarium.spec import Field, Spec


def toy(**options) -> GAN3D:
    torch.manual_seed(0)
    spec = Spec(x=Field((1, 8, 8, 8), "volume"))
    return GAN3D(spec, latent=4, architecture=DeepConvolutional(4, kernel=4), **options)


def moved(game: GAN3D, last_accuracy: float) -> bool:
    game.last_accuracy.fill_(last_accuracy)
    before = [p.clone() for p in game.discriminator.parameters()]
    for _ in Trainer(game).play(toy_data(game), 16, 1):
        pass
    return any(not torch.equal(a, b) for a, b in zip(before, game.discriminator.parameters(), strict=True))


@pytest.mark.parametrize(("last", "moves"), [(0.0, True), (0.8, True), (0.81, False), (1.0, False)])
def test_the_discriminator_moves_only_if_it_was_wrong_often_enough(last, moves):
    assert moved(toy(), last) is moves


def test_one_never_rests():
    assert moved(toy(rest_above=1.0), 1.0)


def test_the_generator_moves_while_the_discriminator_rests():
    game = toy()
    game.last_accuracy.fill_(1.0)
    before = [p.clone() for p in game.generator.parameters()]
    for _ in Trainer(game).play(toy_data(game), 16, 1):
        pass
    assert all(not torch.equal(a, b) for a, b in zip(before, game.generator.parameters(), strict=True))


def test_what_the_gate_reads_is_renewed_also_at_rest():
    game = toy(rest_above=0.6, discriminator_optimizer=Adam(1e-3), generator_optimizer=Adam(1e-6))
    seen = []
    for report in Trainer(game).play(toy_data(game), 16, 30):
        assert game.last_accuracy.item() == pytest.approx(report.scalars["discriminator/accuracy"])
        rested = report.scalars["discriminator/rested"]
        if seen:
            assert rested == float(seen[-1] > 0.6)
        seen.append(game.last_accuracy.item())
    assert max(seen) > 0.6


def test_the_gate_is_part_of_the_state():
    game = toy()
    game.remember({"accuracy": torch.tensor(0.9)})
    other = toy()
    other.load_state_dict(game.state_dict())
    assert other.winning()


def test_the_discriminator_sends_no_gradient_into_the_generator():
    game = toy()
    terms = game.discriminator_loss(toy_batch(game))
    (terms["real"] + terms["fake"]).backward()
    assert all(p.grad is None for p in game.generator.parameters())


def test_the_papers_networks_for_64_voxels():
    """512, 256, 128 and 64 maps with kernels of 4, and 200 uniform numbers."""
    with torch.device("meta"):
        game = GAN3D(Spec(x=Field((1, 64, 64, 64), "volume")))
    layers = [m for m in game.generator.modules() if isinstance(m, torch.nn.ConvTranspose3d)]
    assert [m.in_channels for m in layers] == [512, 256, 128, 64]
    assert all(m.kernel_size == (4, 4, 4) for m in layers)
    assert (game.latent, game.rest_above) == (200, 0.8)


def test_noise_is_uniform_on_the_unit_interval():
    z = toy().noise(1000)
    assert z.min() >= 0
    assert z.max() <= 1
    assert z.mean().item() == pytest.approx(0.5, abs=0.03)


def test_a_gate_below_chance_is_refused():
    with pytest.raises(ValueError, match="rest_above"):
        toy(rest_above=0.3)
