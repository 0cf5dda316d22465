"""C-RNN-GAN: verdicts over steps, what the generator sees, feature matching, and who rests when."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ganarium import data
from ganarium.engine.trainer import Trainer
from ganarium.games.sequence.c_rnn_gan import CRNNGAN
from ganarium.nets.layers.recurrent import StepDiscriminator, StepGenerator, mean_logit
from ganarium.spec import Field

FIELD = Field((6, 2), "sequence")


def batch_of(game: CRNNGAN, n: int = 8):
    return next(data.random(game.spec, count=64).batches(n))


def test_a_verdict_is_the_logit_of_the_mean_probability():
    torch.manual_seed(0)
    scores = torch.randn(5, 7, dtype=torch.float64)
    mean = scores.sigmoid().mean(1)
    torch.testing.assert_close(mean_logit(scores), (mean / (1 - mean)).log())


def test_a_verdict_stays_exact_where_sigmoids_saturate():
    scores = torch.full((1, 4), -200.0, requires_grad=True)
    verdict = mean_logit(scores)
    verdict.sum().backward()
    assert verdict.item() == pytest.approx(-200.0)
    assert scores.grad is not None
    assert scores.grad.tolist() == [pytest.approx([0.25] * 4, rel=1e-5)]


def test_taught_with_its_own_output_the_generator_writes_the_same():
    torch.manual_seed(0)
    write = StepGenerator(FIELD, latent=3, units=8).double()
    noise, first = torch.rand(4, 6, 3, dtype=torch.float64), torch.rand(4, 2, dtype=torch.float64)
    free = write(noise, first)
    torch.testing.assert_close(write(noise, first, free), free)


def test_the_generator_sees_no_future():
    torch.manual_seed(0)
    write = StepGenerator(FIELD, latent=3, units=8)
    noise = torch.rand(1, 6, 3)
    teacher = torch.rand(1, 6, 2, requires_grad=True)
    write(noise, torch.rand(1, 2), teacher)[0, 3].sum().backward()
    assert teacher.grad is not None
    seen = teacher.grad[0].abs().sum(1) > 0
    assert seen.tolist() == [True, True, True, False, False, False]


def test_what_stands_before_the_first_step_is_drawn_for_each_melody_and_bears_on_all_of_it():
    torch.manual_seed(0)
    game = CRNNGAN.toy()
    z = game.latents(5)
    assert z.shape == (5, 6 * 2 + 2)
    noise, first = game.inputs(z)
    torch.testing.assert_close(noise.flatten(1), z[:, :12])
    torch.testing.assert_close(first, z[:, 12:])
    assert first.std(0).min() > 0.05
    other = z.clone()
    other[:, 12:] += 1
    moved = (game.decode(z) - game.decode(other)).abs().sum(2)
    assert (moved > 0).all()


def test_what_a_sequence_draws_once_is_shown_at_each_of_its_steps():
    game = CRNNGAN(CRNNGAN.toy().spec, units=4, latent=1, sequence_latent=3)
    z = torch.arange(2 * 11.0).view(2, 11)
    noise, first = game.inputs(z)
    assert noise[0].tolist() == [[float(step), 8.0, 9.0, 10.0] for step in range(6)]
    assert first.tolist() == [[6.0, 7.0], [17.0, 18.0]]
    assert game.sample(2, seed=0).shape == (2, 6, 2)
    with pytest.raises(ValueError, match="at least 0"):
        CRNNGAN(CRNNGAN.toy().spec, sequence_latent=-1)


def test_the_discriminator_judges_a_step_by_all_others():
    torch.manual_seed(0)
    judge = StepDiscriminator(FIELD, units=8)
    x = torch.rand(1, 6, 2, requires_grad=True)
    judge.head(judge.features(x))[0, 2].sum().backward()
    assert x.grad is not None
    assert (x.grad[0].abs().sum(1) > 0).all()


def test_feature_matching_descends_features_and_watches_scores():
    torch.manual_seed(0)
    game = CRNNGAN.toy()
    game.feature_matching = True
    batch = batch_of(game)
    torch.manual_seed(1)
    terms = game.generator_loss(batch)
    assert terms["feature"].requires_grad
    assert not terms["fake"].requires_grad
    torch.manual_seed(1)
    fake = game.draw(8)
    real, made = game.discriminator.features(batch["x"]), game.discriminator.features(fake)
    expected = sum((a - b).square().sum() for a, b in zip(real, made, strict=True)) / 8
    torch.testing.assert_close(terms["feature"], expected)


class Verdict(nn.Module):
    """Gives every sequence the same score."""

    def __init__(self):
        super().__init__()
        self.score = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return self.score.expand(len(x))


def test_at_a_draw_the_generator_rests():
    game = CRNNGAN.toy()
    game.discriminator = Verdict()  # type: ignore[assignment]
    for player in game.players():
        assert player.rests is not None
        assert player.after is not None
        assert not player.rests()
    for player in game.players():
        assert player.after is not None
        player.after(player.loss(batch_of(game)))
    assert game.discriminator_level.item() == pytest.approx(2 * math.log(2))
    assert game.generator_level.item() == pytest.approx(math.log(2))
    assert [player.rests() for player in game.players() if player.rests] == [False, True]


@pytest.mark.parametrize(("own", "other", "rests"), [(0.69, 1.0, True), (0.71, 1.0, False), (1.0, 0.69, False)])
def test_a_player_rests_below_seventy_percent_of_the_other(own, other, rests):
    game = CRNNGAN.toy()
    game.discriminator_level.fill_(own)
    game.generator_level.fill_(other)
    assert game.discriminator_rests() is rests
    game.generator_level.fill_(own)
    game.discriminator_level.fill_(other)
    assert game.generator_rests() is rests


def test_who_rests_does_not_move_and_nobody_rests_without_balance():
    game = CRNNGAN.toy()
    game.pretraining = 0.0
    trainer = Trainer(game)
    game.discriminator_level.fill_(0.01)
    before = [p.detach().clone() for p in game.discriminator.parameters()]
    next(trainer.play(data.random(game.spec, count=64), 16, 1))
    assert all(torch.equal(a, b) for a, b in zip(before, game.discriminator.parameters(), strict=True))
    assert game.discriminator_level > 0.5, "the loss still runs while its player rests"
    game.balance = 0.0
    assert not game.discriminator_rests()


def test_without_pretraining_there_is_one_stage():
    assert [stage.name for stage in CRNNGAN.toy().stages()] == ["predict", "play"]
    assert [stage.name for stage in CRNNGAN(CRNNGAN.toy().spec, units=4, pretraining=0.0).stages()] == ["play"]
    with pytest.raises(ValueError, match="less than 1"):
        CRNNGAN(CRNNGAN.toy().spec, balance=1.0)
