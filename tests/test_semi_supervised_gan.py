"""The semi-supervised GAN: logits as odds, hidden labels, feature matching, noise that rests in evaluation."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from ganarium import data
from ganarium.engine.trainer import Trainer
from ganarium.games.adversarial.semi_supervised_gan import SemiSupervisedGAN
from ganarium.nets import NoisyPerceptrons
from ganarium.nets.families.improved_gan import GaussianNoise
from ganarium.spec import Field, Spec

SPEC = Spec(x=Field((2,), "points"), y=Field((), "label", classes=3))


def quiet(**options) -> SemiSupervisedGAN:
    torch.manual_seed(0)
    family = NoisyPerceptrons(8, (16, 16), input_noise=0.0, noise=0.0)
    return SemiSupervisedGAN(SPEC, **{"latent": 4, "architecture": family, **options})


def batch(*labels: int):
    return {"x": torch.randn(len(labels), 2), "y": torch.tensor(labels)}


def test_the_discriminator_is_a_classifier_with_a_class_of_logit_zero_for_samples():
    game = quiet()
    rows = batch(0, 2, -1, -1)
    logits = game.classify(rows["x"])
    with_fake = torch.cat([logits, torch.zeros(4, 1)], 1).log_softmax(1)
    torch.testing.assert_close(torch.sigmoid(game.score(rows["x"])), 1 - with_fake[:, 3].exp())
    torch.testing.assert_close(game.discriminator_loss(rows)["real"], -torch.log1p(-with_fake[:, 3].exp()).mean() / 2)


def test_only_known_labels_count_and_their_sum_is_divided_by_the_expected_count():
    game = quiet()
    rows = batch(0, 2, -1, -1, -1, -1, -1, -1)
    game.count_labels([rows, batch(-1, -1, -1, -1, -1, -1, -1, 1)])
    assert game.labelled.item() == pytest.approx(3 / 16)
    known = cross_entropy(game.classify(rows["x"][:2]), rows["y"][:2], reduction="sum")
    torch.testing.assert_close(game.discriminator_loss(rows)["label"], known / (8 * 3 / 16))
    none = game.discriminator_loss(batch(-1, -1, -1))["label"]
    assert none.item() == 0
    assert none.requires_grad


def test_the_mean_of_the_label_term_over_batches_is_the_mean_over_the_known_labels():
    game = quiet()
    rows = batch(*[0, 1, 2, -1] * 8, *[-1] * 32)
    game.count_labels([rows])
    whole = cross_entropy(game.classify(rows["x"]), rows["y"], ignore_index=-1)
    parts = [{k: v[i::8] for k, v in rows.items()} for i in range(8)]
    mean = torch.stack([game.discriminator_loss(part)["label"] for part in parts]).mean()
    torch.testing.assert_close(mean, whole)


def test_data_without_any_label_are_refused():
    with pytest.raises(ValueError, match="all labels are -1"):
        quiet().count_labels([batch(-1, -1)])


def test_the_weight_is_of_telling_data_from_samples():
    game = quiet(unlabelled_weight=0.0)
    terms = game.discriminator_loss(batch(0, 1))
    assert terms["real"].item() == terms["fake"].item() == 0
    assert terms["label"].item() > 0


def test_the_generator_matches_mean_features_and_pays_for_nothing_else():
    game = quiet()
    rows = batch(0, 1, -1, 2)
    with torch.no_grad():
        game.generator.eval()
        torch.manual_seed(3)
        fake = game.draw(4)
        expected = (game.discriminator.features(rows["x"]).mean(0) - game.discriminator.features(fake).mean(0)) ** 2
    torch.manual_seed(3)
    terms = game.generator_loss(rows)
    assert list(terms) == ["feature"]
    torch.testing.assert_close(terms["feature"], expected.mean())
    terms["feature"].backward()
    assert game.discriminator.head.bias.grad is None, "features end before the head"
    assert all(p.grad is not None for p in game.generator.parameters())


def test_the_share_of_labels_is_counted_before_the_first_round_and_kept():
    few = data.from_tensors(torch.randn(100, 2), torch.tensor([0, 1, 2, *[-1] * 97]))
    trainer = Trainer(quiet())
    for _ in trainer.play(few, 10, 2):
        pass
    game, kept = trainer.game, trainer.average
    assert isinstance(game, SemiSupervisedGAN)
    assert isinstance(kept, SemiSupervisedGAN)
    assert game.labelled.item() == pytest.approx(0.03)
    assert kept.labelled.item() == pytest.approx(0.03)
    assert trainer.seen == 40, "the generator draws batches of its own"


def test_noise_rests_in_evaluation():
    noise, x = GaussianNoise(0.5), torch.zeros(10_000)
    assert noise(x).std().item() == pytest.approx(0.5, rel=0.05)
    assert torch.equal(noise.eval()(x), x)


def test_the_paper_s_networks_have_its_sizes():
    family, field = NoisyPerceptrons(), Field((1, 28, 28), "image")
    judge = family.discriminator(field, outputs=10)
    sizes = [(layer.in_features, layer.out_features) for layer in judge.modules() if isinstance(layer, nn.Linear)]
    assert sizes == [(784, 1000), (1000, 500), (500, 250), (250, 250), (250, 250), (250, 10)]
    x = family.generator(100, field)(torch.rand(2, 100))
    assert x.shape == (2, 1, 28, 28)
    assert x.abs().max() <= 1
    with pytest.raises(ValueError, match="at least one hidden layer"):
        NoisyPerceptrons(discriminator_units=()).discriminator(field)
    assert math.isclose(family.input_noise, 0.6)


def test_classes_and_features_are_learned_from_what_the_discriminator_sees(monkeypatch):
    game, rows = quiet(), batch(0, 1, -1, -1)
    monkeypatch.setattr(game.augmented, "forward", torch.zeros_like)
    nothing = game.classify(torch.zeros(2, 2))
    assert not torch.allclose(game.classify(rows["x"][:2]), nothing)
    known = cross_entropy(nothing, rows["y"][:2], reduction="sum") / 4
    torch.testing.assert_close(game.discriminator_loss(rows)["label"], known)
    assert game.generator_loss(rows)["feature"].item() == pytest.approx(0, abs=1e-12)
