"""The categorical GAN: entropies with closed forms, terms as formulas, known and hidden labels."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from ganarium import data
from ganarium.engine.trainer import Trainer
from ganarium.games.adversarial.catgan import CatGAN
from ganarium.ingredients import class_entropy, marginal_entropy
from ganarium.nets import NoisyPerceptrons
from ganarium.spec import Field, Spec

POINTS = Field((2,), "points")
SPEC = Spec(x=POINTS, y=Field((), "label", classes=3))


def quiet(spec: Spec = SPEC, **options) -> CatGAN:
    torch.manual_seed(0)
    family = NoisyPerceptrons(8, (16, 16), input_noise=0.0, noise=0.0)
    return CatGAN(spec, **{"latent": 4, "architecture": family, **options})


def batch(*labels: int):
    return {"x": torch.randn(len(labels), 2), "y": torch.tensor(labels)}


def test_entropies_reach_their_extremes():
    equal, sure = torch.zeros(5, 4), 1e4 * torch.eye(4)
    torch.testing.assert_close(class_entropy(equal), torch.full((5,), math.log(4)))
    torch.testing.assert_close(marginal_entropy(equal), torch.tensor(math.log(4)))
    assert torch.equal(class_entropy(sure), torch.zeros(4))
    torch.testing.assert_close(marginal_entropy(sure), torch.tensor(math.log(4)))
    torch.testing.assert_close(marginal_entropy(sure[[0, 1]]), torch.tensor(math.log(2)))
    assert marginal_entropy(sure[[0, 0, 0]]).item() == pytest.approx(0, abs=1e-6)


def test_the_marginal_is_of_mean_probabilities_not_of_mean_logits():
    rows = torch.tensor([[2.0, 0.0, 0.0], [-2.0, 0.0, 0.0]])
    mean = rows.softmax(1).mean(0)
    torch.testing.assert_close(marginal_entropy(rows), -(mean * mean.log()).sum())
    assert marginal_entropy(rows).item() < math.log(3) - 0.01, "mean logits are equal"


def test_entropies_of_certain_rows_have_slopes_that_are_numbers():
    logits = torch.tensor([[1e5, 0.0, -1e5], [0.0, 0.0, 0.0]], requires_grad=True)
    (class_entropy(logits).sum() + marginal_entropy(logits)).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_what_is_shared_by_data_and_class_lies_between_zero_and_both_entropies():
    logits = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) * 3
    information = marginal_entropy(logits) - class_entropy(logits).mean()
    assert 0 < information < marginal_entropy(logits) < math.log(4)


def test_the_terms_are_the_formulas():
    game, rows = quiet(label_weight=0.5), batch(0, 2, -1, -1)
    game.generator.eval()
    torch.manual_seed(3)
    fake = game.classify(game.draw(4)).softmax(1)
    logits = game.classify(rows["x"])
    real = logits.softmax(1)
    torch.manual_seed(3)
    terms = game.discriminator_loss(rows)
    torch.testing.assert_close(terms["sure"], -(real * real.log()).sum(1).mean())
    torch.testing.assert_close(terms["unsure"], (fake * fake.log()).sum(1).mean())
    torch.testing.assert_close(terms["balance"], (real.mean(0) * real.mean(0).log()).sum())
    torch.testing.assert_close(terms["label"], 0.5 * cross_entropy(logits[:2], rows["y"][:2], reduction="sum") / 4)
    torch.manual_seed(3)
    terms = game.generator_loss(rows)
    torch.testing.assert_close(terms["sure"], -(fake * fake.log()).sum(1).mean())
    torch.testing.assert_close(terms["balance"], (fake.mean(0) * fake.mean(0).log()).sum())


def test_the_discriminator_s_samples_do_not_teach_the_generator():
    game = quiet()
    sum(game.discriminator_loss(batch(0, 1, -1)).values(), torch.zeros(())).backward()
    assert all(p.grad is None for p in game.generator.parameters())
    assert all(p.grad is not None for p in game.discriminator.parameters())


def test_without_labels_or_with_weight_zero_there_is_no_label_term():
    assert "label" not in quiet(Spec(x=POINTS), classes=5).discriminator_loss({"x": torch.randn(4, 2)})
    game = quiet(label_weight=0.0, classes=2)
    assert game.classify(torch.zeros(1, 2)).shape == (1, 2), "clusters may be fewer than labels"
    assert "label" not in game.discriminator_loss(batch(0, 1, 2))


def test_classes_are_as_many_as_labels_or_twenty():
    assert quiet().classify(torch.zeros(1, 2)).shape == (1, 3)
    assert quiet(Spec(x=POINTS)).classify(torch.zeros(1, 2)).shape == (1, 20)
    assert quiet(classes=7).classify(torch.zeros(1, 2)).shape == (1, 7)


@pytest.mark.parametrize("options", [{"classes": 2}, {"classes": 1, "label_weight": 0.0}, {"label_weight": -1.0}])
def test_too_few_classes_and_negative_weights_are_refused(options):
    with pytest.raises(ValueError, match=r"CatGAN .*; got"):
        quiet(**options)


def test_known_labels_are_counted_before_the_first_round_and_none_is_no_error():
    few = data.from_tensors(torch.randn(100, 2), torch.tensor([0, 1, 2, *[-1] * 97]))
    trainer = Trainer(quiet())
    for _ in trainer.play(few, 10, 2):
        pass
    game = trainer.game
    assert isinstance(game, CatGAN)
    assert game.labelled.item() == pytest.approx(0.03)
    game.count_labels([batch(-1, -1)])
    assert game.discriminator_loss(batch(-1, -1, -1))["label"].item() == 0
