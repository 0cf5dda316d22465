"""The conditional GAN: both players see the label, and the right one."""

import math

import pytest
import torch
from torch import nn

from ganarium.game import Batch
from ganarium.games.conditional.cgan import CGAN
from ganarium.nets import Generator, TwoStreams, one_hot
from ganarium.nets.families.cgan import Streams
from ganarium.spec import Field, MissingField, Spec

SPEC = Spec(x=Field((2,), "points"), y=Field((), "label", classes=3))


class Says(nn.Module):
    """Scores from a table of the label, and notes the conditions that it sees."""

    def __init__(self, *scores: float):
        super().__init__()
        self.table = nn.Parameter(torch.tensor(scores))
        self.seen: list[torch.Tensor] = []

    def forward(self, x, c):
        self.seen.append(c)
        return c @ self.table + 0 * x.sum(1)


def batch() -> Batch:
    return {"x": torch.randn(6, 2), "y": torch.tensor([0, 1, 2, 0, 1, -1])}


def test_both_players_see_the_labels_of_the_batch_as_one_hot_vectors():
    maker = Generator(nn.Linear(4 + 3, 2), 4, 3)
    seen = []
    maker.register_forward_hook(lambda network, given, out: seen.append(given[1]))
    judge = Says(0.0, 0.0, 0.0)
    game = CGAN(SPEC, latent=4, generator=maker, discriminator=judge)
    rows = batch()
    game.discriminator_loss(rows)
    game.generator_loss(rows)
    expected = one_hot(rows["y"], 3)
    assert len(seen) == 2
    assert len(judge.seen) == 3
    assert all(torch.equal(c, expected) for c in [*seen, *judge.seen])


def test_the_losses_are_softplus_of_the_scores():
    game = CGAN(SPEC, latent=4, discriminator=Says(2.0, 2.0, 2.0), generator=Generator(nn.Linear(7, 2), 4, 3))
    rows = {"x": torch.randn(5, 2), "y": torch.tensor([0, 1, 2, 2, 0])}
    terms = game.discriminator_loss(rows)
    assert terms["real"].item() == pytest.approx(math.log1p(math.exp(-2)), rel=1e-5)
    assert terms["fake"].item() == pytest.approx(math.log1p(math.exp(2)), rel=1e-5)
    assert terms["accuracy"].item() == 0.5
    assert game.generator_loss(rows)["fake"].item() == pytest.approx(math.log1p(math.exp(-2)), rel=1e-5)


def test_the_discriminator_s_loss_gives_the_generator_no_gradient():
    game = CGAN.toy()
    sum(term for term in game.discriminator_loss(batch()).values() if term.requires_grad).backward()  # type: ignore[union-attr]
    assert all(p.grad is None for p in game.generator.parameters())
    assert all(p.grad is not None for p in game.discriminator.parameters())


def test_a_label_changes_the_samples_and_one_that_is_not_asked_for_is_drawn():
    game = CGAN.toy()
    a, b = game.sample(4, seed=0, y=0), game.sample(4, seed=0, y=1)
    assert not torch.allclose(a, b)
    assert torch.equal(game.sample(4, seed=0, y=[0] * 4), a)
    assert game.sample(4, seed=0).shape == (4, 2)
    with pytest.raises(ValueError, match="from 0 to 2"):
        game.sample(2, y=3)


def test_a_score_without_a_label_is_that_of_the_mean_odds():
    game = CGAN(SPEC, latent=4, discriminator=Says(0.0, 1.0, 2.0), generator=Generator(nn.Linear(7, 2), 4, 3))
    odds = sum(math.exp(k) for k in range(3)) / 3
    torch.testing.assert_close(game.score(torch.randn(4, 2)), torch.full((4,), math.log(odds)))
    torch.testing.assert_close(game.score(torch.randn(2, 2), y=torch.tensor([1, 2])), torch.tensor([1.0, 2.0]))


def test_it_says_that_it_needs_labels():
    with pytest.raises(MissingField, match="CGAN plays on batches with the field 'y'"):
        CGAN(Spec(x=Field((2,), "points")))


@pytest.mark.parametrize("field", [Field((3,), "points"), Field((2, 8, 6), "image")])
def test_the_paper_s_networks_keep_sample_and_condition_apart_in_their_first_layer(field):
    family = TwoStreams(5, 6, 7, 8, 9, 10)
    game = CGAN(Spec(x=field, y=Field((), "label", classes=4)), latent=3, architecture=family)
    streams = next(m for m in game.discriminator.modules() if isinstance(m, Streams))
    assert (streams.left.in_features, streams.right.in_features) == (field.size, 4)  # type: ignore[union-attr]
    x = game.sample(2, seed=0, y=1)
    assert x.shape == (2, *field.shape)
    assert game.score(x, y=torch.tensor([1, 3])).shape == (2,)


def test_streams_read_the_condition_of_an_image_at_one_place():
    c = one_hot(torch.tensor([1, 0]), 2)
    joined = torch.cat([torch.randn(2, 1, 3, 3), c[:, :, None, None].expand(-1, -1, 3, 3)], 1)
    out = Streams(1, nn.Identity(), nn.Identity())(joined)
    assert torch.equal(out, torch.cat([joined[:, 0].flatten(1), c], 1))


def test_two_streams_refuse_to_have_no_condition():
    with pytest.raises(ValueError, match="take a condition"):
        TwoStreams().generator(4, Field((2,), "points"))
