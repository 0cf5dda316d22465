"""GAN-CLS: wrong pairs really mismatch, the weights of the three kinds of pairs, who learns what, asking in words."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ganarium import data
from ganarium.engine.trainer import Trainer
from ganarium.games.language.gan_cls import GANCLS
from ganarium.ingredients import Adaptive, Brightness
from ganarium.nets.families.text import TextEncoder, differ, mismatched
from ganarium.spec import Field


class Constant(nn.Module):
    """Scores every pair alike."""

    def __init__(self, score: float):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(score))

    def forward(self, x, text):
        return self.value.expand(len(x))


def batch_of(game: GANCLS, n: int = 16):
    return next(data.random(game.spec, count=64).batches(n))


def test_a_wrong_pair_never_has_the_same_sentence():
    torch.manual_seed(0)
    text = torch.randint(2, (64, 2))  # four sentences: many collisions
    for _ in range(20):
        other, exists = mismatched(text)
        assert exists.eq(1).all()
        assert (text[other] != text).any(1).all()


def test_every_other_sentence_is_drawn_as_a_wrong_one():
    torch.manual_seed(0)
    text = torch.tensor([[1], [1], [2], [3]])
    drawn = torch.stack([mismatched(text)[0] for _ in range(600)])
    assert set(drawn[:, 0].tolist()) == {2, 3}
    assert drawn[:, 2].bincount(minlength=4).tolist() == pytest.approx([200, 200, 0, 200], abs=45)


def test_sentences_without_a_different_one_do_not_count():
    _, exists = mismatched(torch.ones(5, 3, dtype=torch.long))
    assert exists.tolist() == [0.0] * 5
    assert not differ(torch.ones(5, 3)).any()


def test_the_three_kinds_of_pairs_weigh_one_half_and_half():
    torch.manual_seed(0)
    game = GANCLS.toy()
    game.discriminator = Constant(0.0)
    terms = game.discriminator_loss(batch_of(game))
    values = [terms[name].item() for name in ("real", "wrong", "fake")]
    assert values == pytest.approx([math.log(2), math.log(2) / 2, math.log(2) / 2], rel=1e-6)


def test_interpolation_adds_its_weight_times_the_loss_at_vectors_between():
    torch.manual_seed(0)
    game = GANCLS.toy()
    game.discriminator = Constant(0.0)
    terms = game.generator_loss(batch_of(game))
    assert terms["interpolation"].item() == pytest.approx(0.5 * math.log(2), rel=1e-6)
    game.interpolation = 0.0
    assert set(game.generator_loss(batch_of(game))) == {"fake"}


def test_the_encoder_gets_no_gradient_in_the_game():
    game = GANCLS.toy()
    for loss in (game.discriminator_loss, game.generator_loss):
        game.zero_grad()
        sum(loss(batch_of(game)).values(), torch.zeros(())).backward()
        assert all(p.grad is None for p in game.text_encoder.parameters())
    game.zero_grad()
    sum(game.discriminator_loss(batch_of(game)).values(), torch.zeros(())).backward()
    assert all(p.grad is None for p in game.generator.parameters())


def test_the_encoder_learns_in_the_first_stage_and_rests_in_the_second():
    game = GANCLS.toy()
    start = [p.detach().clone() for p in game.text_encoder.parameters()]
    middle = start
    for report in Trainer(game).play(data.random(game.spec, count=64), 16, 8):
        if report.round == 4:
            middle = [p.detach().clone() for p in game.text_encoder.parameters()]
    assert all(not torch.equal(a, b) for a, b in zip(start, middle, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(middle, game.text_encoder.parameters(), strict=True))


def test_equal_sentences_are_no_mistake_of_the_matcher():
    game = GANCLS.toy()
    batch = batch_of(game)
    same = {**batch, "text": batch["text"][:1].expand_as(batch["text"])}
    assert game.matcher_loss(same)["matching"].item() == pytest.approx(0.0, abs=1e-6)


def test_it_keeps_sentences_of_the_data_for_who_asks_for_none():
    game = GANCLS.toy()
    world = data.random(game.spec, count=64)
    game.keep_captions(world.sweep(16))
    known = {tuple(row) for row in world["text"].tolist()}
    assert {tuple(row) for row in game.captions.tolist()} <= known


def test_words_reach_the_generator():
    game = GANCLS.toy()
    assert not torch.equal(game.sample(2, text="a b", seed=0), game.sample(2, text="c d", seed=0))
    assert torch.equal(game.sample(2, text="a b", seed=0), game.sample(2, text=["a b", "a b"], seed=0))
    with pytest.raises(ValueError, match="not a word that 'text' knows"):
        game.sample(2, text="a q")


def test_an_encoder_reads_order_but_not_what_fills_up():
    torch.manual_seed(0)
    read = TextEncoder(Field((4,), "tokens", classes=5), size=8)
    one, turned = read(torch.tensor([[1, 2, 0, 0]])), read(torch.tensor([[2, 1, 0, 0]]))
    assert not torch.allclose(one, turned)
    torch.testing.assert_close(one, read(torch.tensor([[1, 2]])))
    torch.testing.assert_close(one.mean(1), torch.zeros(1), atol=1e-6, rtol=0)
    torch.testing.assert_close(one.var(1, correction=0), torch.ones(1), rtol=1e-3, atol=0)
    with pytest.raises(ValueError, match="reads tokens"):
        TextEncoder(Field((4,), "points"))


def test_right_and_wrong_text_meet_the_same_transformed_image():
    game = GANCLS.toy()
    game.augmented = Adaptive((Brightness(),), start=1.0).of((1, 8, 8))
    judged = []
    game.discriminator.register_forward_hook(lambda module, given, result: judged.append(given[0]))
    batch = batch_of(game)
    game.discriminator_loss(batch)
    right, wrong, fake = judged
    assert torch.equal(right, wrong)
    assert (right != batch["x"]).flatten(1).all(1).all()
    assert fake.shape == right.shape
