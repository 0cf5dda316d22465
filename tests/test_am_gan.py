"""AM-GAN: one class for each sample, its split into LabelGAN and a classifier, and the score by which it is judged."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from zoo import toy_batch

from ganarium.games.adversarial.am_gan import AMGAN
from ganarium.ingredients import R1, am_score, class_entropy
from ganarium.nets import Plain
from ganarium.spec import Field, MissingField, Spec

POINTS = Field((2,), "points")
SPEC = Spec(x=POINTS, y=Field((), "label", classes=3))


class Says(nn.Module):
    """Gives every sample the logits of one row, or each its own."""

    def __init__(self, *rows: tuple[float, ...]):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(rows))

    def forward(self, x):
        return self.logits.expand(len(x), -1) + 0 * x.sum(1, keepdim=True)


def game(**options) -> AMGAN:
    torch.manual_seed(0)
    return AMGAN(SPEC, **{"latent": 4, "architecture": Plain(8), **options})


def total(terms) -> torch.Tensor:
    return torch.stack([term for term in terms.values() if term.requires_grad]).sum()


def rows() -> torch.Tensor:
    """Logits of three classes, and of "made by G"."""
    return torch.tensor([(2.0, 1.0, -1.0, 0.5), (-1.0, 0.3, 0.1, 4.0), (0.0, 0.2, 0.1, -3.0)])


def test_both_losses_are_cross_entropies_of_k_and_one_classes():
    am = game(discriminator=Says(*rows().tolist()))
    y = torch.tensor([1, 0, 2])
    terms = am.discriminator_loss({"x": torch.zeros(3, 2), "y": y})
    expected = cross_entropy(rows(), y) + cross_entropy(rows(), torch.full((3,), 3))
    torch.testing.assert_close(total(terms), expected)
    wanted = torch.tensor([0, 1, 1])
    torch.testing.assert_close(total(am.generator_loss({"x": torch.zeros(3, 2)})), cross_entropy(rows(), wanted))


def test_what_is_looked_like_most_is_a_class_of_the_data_and_never_that_of_samples():
    am = game(discriminator=Says((0.0, 1.0, -1.0, 9.0)))
    terms = am.generator_loss({"x": torch.zeros(5, 2)})
    logs = torch.tensor([0.0, 1.0, -1.0, 9.0]).log_softmax(0)
    torch.testing.assert_close(total(terms), -logs[1])


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_slopes_are_those_of_one_class_or_overlaid_by_their_shares(weight):
    judge = Says((1.0, 0.5, -1.0, 2.0))
    total(game(discriminator=judge, class_weight=weight).generator_loss({"x": torch.zeros(6, 2)})).backward()
    shares = judge.logits.detach()[0].softmax(0)
    data = shares[:3].sum()
    overlay = torch.cat([(1 - data) * shares[:3] / data, -shares[3:]])
    one = torch.tensor([1.0, 0.0, 0.0, 0.0]) - shares
    assert judge.logits.grad is not None
    torch.testing.assert_close(-judge.logits.grad[0], one if weight else overlay)


def test_any_class_is_the_loss_of_one_class_without_its_second_term():
    torch.manual_seed(3)
    logits = 3 * torch.randn(50, 4, dtype=torch.float64)
    label = -logits.softmax(1)[:, :3].sum(1).log().mean()
    judge = Says(*logits.tolist()).double()
    one = game(discriminator=judge).double().generator_loss({"x": torch.zeros(50, 2, dtype=torch.float64)})
    torch.testing.assert_close(one["fake"], label)
    torch.testing.assert_close(one["label"], cross_entropy(logits[:, :3], logits[:, :3].argmax(1)))


def test_an_auxiliary_classifier_tells_samples_by_one_output_alone():
    batch, losses = {"x": torch.zeros(1, 2), "y": torch.tensor([2])}, []
    for first in (0.0, 5.0):
        am = game(discriminator=Says((first, 0.0, 0.0, -2.0)), auxiliary=True)
        terms = am.discriminator_loss(batch)
        assert terms["real"].item() == pytest.approx(math.log1p(math.exp(-2)))
        assert terms["fake"].item() == pytest.approx(math.log1p(math.exp(2)))
        assert am.generator_loss(batch)["fake"].item() == pytest.approx(math.log1p(math.exp(-2)))
        losses.append(terms["label"].item())
    assert losses == pytest.approx([math.log(3), math.log(2 + math.exp(5))])


def test_data_of_unknown_class_are_data_and_of_no_class():
    am = game(discriminator=Says((2.0, 0.0, 1.0, 0.0)))
    some = am.discriminator_loss({"x": torch.zeros(4, 2), "y": torch.tensor([0, -1, -1, -1])})
    none = am.discriminator_loss({"x": torch.zeros(4, 2), "y": torch.full((4,), -1)})
    expected = cross_entropy(torch.tensor([[2.0, 0.0, 1.0]]), torch.tensor([0])) / 4
    torch.testing.assert_close(some["label"], expected)
    assert none["label"].item() == 0
    assert some["real"].item() == none["real"].item() > 0


def test_the_discriminator_s_samples_do_not_teach_the_generator():
    am = game()
    total(am.discriminator_loss(toy_batch(am))).backward()
    assert all(p.grad is None for p in am.generator.parameters())
    assert all(p.grad is not None for p in am.discriminator.parameters())


def test_a_class_can_be_asked_for_where_labels_are_predefined():
    told = game(dynamic=False)
    assert not torch.allclose(told.sample(4, seed=0, y=0), told.sample(4, seed=0, y=1))
    with pytest.raises(ValueError, match="takes no condition 'y'"):
        game().sample(4, y=0)


def test_a_predefined_class_is_the_one_that_the_generator_was_told():
    class Echo(nn.Module):
        """Draws the class that it was told."""

        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, z, c):
            return self.scale * c[:, :2]

    class Reads(nn.Module):
        """Is sure of the class that was drawn."""

        def forward(self, x):
            third = 1 - x.sum(1, keepdim=True)
            return 100 * torch.cat([x, third, torch.zeros_like(third)], 1)

    am = game(dynamic=False, generator=Echo(), discriminator=Reads())
    assert am.generator_loss({"x": torch.zeros(64, 2)})["label"].item() == pytest.approx(0, abs=1e-6)


def test_a_penalty_takes_the_slope_of_the_log_odds():
    class Slopes(nn.Module):
        """Logits of which the log-odds that x is data are 3 times its first coordinate, less a constant."""

        def __init__(self):
            super().__init__()
            self.slope = nn.Parameter(torch.tensor(3.0))

        def forward(self, x):
            first = self.slope * x[:, :1]
            return torch.cat([first, first, first, torch.zeros_like(first)], 1)

    am = game(discriminator=Slopes(), penalties=(R1(2.0),))
    assert am.discriminator_loss(toy_batch(am))["r1"].item() == pytest.approx(9, rel=1e-5)


def test_what_it_cannot_play_on_is_said():
    with pytest.raises(ValueError, match=r"class_weight .* at least 0; got -1"):
        game(class_weight=-1)
    with pytest.raises(MissingField, match="the field 'y'"):
        AMGAN(Spec(x=POINTS))


def test_the_am_score_of_the_data_themselves_is_how_unsure_they_are():
    logits = torch.randn(40, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(am_score(logits, logits), class_entropy(logits).mean())


def test_the_am_score_counts_missing_classes_and_does_not_ask_for_even_ones():
    sure = 60 * torch.eye(4)
    assert am_score(sure, sure).item() == pytest.approx(0, abs=1e-6)
    # Data of which three quarters are of one class: samples of even classes are the worse ones.
    uneven = sure[[0, 0, 0, 1]]
    assert am_score(uneven, uneven).item() == pytest.approx(0, abs=1e-6)
    blurred = torch.tensor([[0.5, 0.5, 0.0, 0.0]]).add(1e-20).log()
    kl = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert am_score(uneven, blurred).item() == pytest.approx(kl + math.log(2), abs=1e-5)
    assert am_score(sure, sure[:2]).item() > 10
