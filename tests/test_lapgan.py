"""LAPGAN: the pyramid, and its games."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from zoo import toy_data

from ganarium.data import load
from ganarium.engine.trainer import Trainer
from ganarium.games.adversarial.lapgan import LAPGAN
from ganarium.ingredients import Adaptive, Brightness, DiffAugment, Flip, Translation
from ganarium.nets import Plain
from ganarium.nets.families.laplacian import ResidualDiscriminator, enlarge, levels_of, shrink
from ganarium.spec import Field, Spec


def game(side: int = 32, **options: Any) -> LAPGAN:
    torch.manual_seed(0)
    settings = {"latent": 4, "channels": 4, "architecture": Plain(width=4, generator_norm=None), **options}
    return LAPGAN(Spec(x=Field((1, side, side), "image")), **settings)


def images(lapgan: LAPGAN, n: int = 4) -> Tensor:
    return lapgan.spec.random(n)["x"]


def test_every_level_adds_up_to_its_image():
    lapgan = game()
    x = images(lapgan)
    for k, image in enumerate([x, shrink(x)]):
        h, low = lapgan.parts(x, k)
        assert low is not None
        torch.testing.assert_close(h + low, image, rtol=0, atol=1e-6)
        assert torch.equal(low, enlarge(shrink(image)))
    assert torch.equal(lapgan.parts(x, 2)[0], shrink(shrink(x)))
    assert lapgan.parts(x, 2)[1] is None


def test_sampling_with_the_true_residuals_returns_the_image():
    lapgan = game()
    x = images(lapgan)
    lapgan.generators = nn.ModuleList([Knowing(lapgan.parts(x, k)[0]) for k in range(3)])
    torch.testing.assert_close(lapgan.sample(4), x, rtol=0, atol=1e-6)


class Knowing(nn.Module):
    """Knows the answer."""

    def __init__(self, h: Tensor):
        super().__init__()
        self.h = h

    def forward(self, z: Tensor, low: Tensor | None = None) -> Tensor:
        return self.h


def test_the_discriminator_sees_only_the_completed_image():
    judge = ResidualDiscriminator(Field((1, 16, 16), "image"), channels=4).eval()
    h, low = torch.rand(3, 1, 16, 16), torch.rand(3, 1, 16, 16)
    torch.testing.assert_close(judge(h, low), judge(h + low, torch.zeros_like(low)))


def test_stages_go_from_coarse_to_fine():
    stages = game().stages()
    assert [stage.name for stage in stages] == ["8x8", "16x16", "32x32"]
    assert [[player.name for player in stage.players] for stage in stages] == [["discriminator", "generator"]] * 3


def test_levels_learn_from_real_images_and_know_nothing_of_each_other():
    lapgan = game()
    batch = {"x": images(lapgan)}
    for k in range(3):
        for player in lapgan.pair(k=k):
            lapgan.zero_grad()
            torch.stack([term for term in player.loss(batch).values() if term.requires_grad]).sum().backward()
            moved = {name.split(".")[1] for name, p in lapgan.named_parameters() if p.grad is not None}
            assert moved == {str(k)}


def test_the_discriminator_sends_no_gradient_into_the_generator():
    lapgan = game()
    terms = lapgan.discriminator_loss({"x": images(lapgan)}, k=0)
    (terms["real"] + terms["fake"]).backward()
    assert all(p.grad is None for p in lapgan.generators.parameters())


def test_noise_of_a_finer_level_is_a_map_of_the_images_size():
    lapgan = game()
    seen = {}
    lapgan.generators[0].register_forward_pre_hook(lambda _, given: seen.update(z=given[0], low=given[1]))
    lapgan.sample(5, seed=0)
    assert seen["z"].shape == (5, 1, 32, 32)
    assert seen["low"].shape == (5, 1, 32, 32)
    assert seen["z"].abs().max() <= 1


def test_detail_is_one_where_residuals_have_the_right_size():
    lapgan = game()
    x = images(lapgan)
    lapgan.generators[0] = Knowing(-lapgan.parts(x, 0)[0])
    assert lapgan.discriminator_loss({"x": x}, k=0)["detail"].item() == pytest.approx(1)


def test_a_stage_trains_its_level_alone():
    lapgan = game(16)
    trainer = Trainer(lapgan)
    for report in trainer.play(toy_data(lapgan), 8, 4):
        if report.round == 2:
            coarse = {k: v.clone() for k, v in lapgan.generators[1].state_dict().items()}
            fine = {k: v.clone() for k, v in lapgan.generators[0].state_dict().items()}
    assert all(torch.equal(v, coarse[k]) for k, v in lapgan.generators[1].state_dict().items())
    assert not all(torch.equal(v, fine[k]) for k, v in lapgan.generators[0].state_dict().items())


def test_images_that_cannot_be_halved_are_refused_in_words():
    with pytest.raises(ValueError, match="cannot be halved"):
        levels_of(Field((1, 18, 18), "image"), 4)
    with pytest.raises(ValueError, match="LAPGAN needs 3 generators"):
        game(generators=[nn.Identity()])


def test_small_images_are_a_single_game():
    assert [stage.name for stage in game(8).stages()] == ["8x8"]


def test_both_parts_of_an_image_get_the_same_transform():
    lapgan = game(augment=DiffAugment((Brightness(), Flip(), Translation())))
    h, low = lapgan.parts(images(lapgan), 0)
    assert low is not None
    judged: list[tuple[Tensor, ...]] = []
    seen: list[Tensor] = []
    lapgan.discriminators[0].register_forward_hook(lambda module, given, result: judged.append(given))
    lapgan.augmented[0].register_forward_hook(lambda module, given, result: seen.append(result))
    lapgan.scores(0, h, low)
    ((residual, blurred),) = judged
    (image,) = seen
    assert (image != h + low).flatten(1).any(1).all()
    torch.testing.assert_close(residual + blurred, image, rtol=0, atol=1e-6)
    assert torch.equal(blurred, enlarge(shrink(image)))


def test_each_level_has_a_probability_of_its_own_which_rests_with_it():
    lapgan = game(16, augment=Adaptive((Brightness(),), speed=100, moves=1, start=0.5))
    for report in Trainer(lapgan).play(toy_data(lapgan), 8, 4):
        if report.round == 2:
            middle = [lapgan.augmented[k].p.item() for k in range(2)]
    assert middle[0] == 0.5
    assert middle[1] != 0.5
    assert lapgan.augmented[0].p.item() != 0.5
    assert lapgan.augmented[1].p.item() == middle[1]


def test_data_that_it_cannot_play_on_is_refused_before_its_recipe_is_asked_for():
    with pytest.raises(ValueError, match="'x' as image"):
        LAPGAN.on(load("ring", count=10))
