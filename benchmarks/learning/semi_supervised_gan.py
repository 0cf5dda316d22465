"""What do unlabelled digits teach? Accuracy on held-out digits with five labels of each class; the seed draws them."""

from __future__ import annotations

import torch

from benchmarks.learning import accuracy, played
from ganarium.data import InMemory, load
from ganarium.game import Batch, Player, Terms
from ganarium.games.adversarial.semi_supervised_gan import SemiSupervisedGAN


class Alone(SemiSupervisedGAN):
    """The control: the same classifier, on the labelled digits alone."""

    def players(self) -> list[Player]:
        return super().players()[:1]

    def discriminator_loss(self, batch: Batch) -> Terms:
        return {"label": super().discriminator_loss(batch)["label"]}


def digits(kind: type[SemiSupervisedGAN], seed: int, per_class: int = 5) -> float:
    """4,000 rounds of 100; the control sees 50 labelled digits in each of 2,000 rounds."""
    whole, test = load("digits", split="train"), load("digits", split="test")
    assert isinstance(whole, InMemory)
    data = whole.few_labels(per_class, seed=seed)
    if kind is Alone:
        game = played(kind, data.subset(data["y"] >= 0), 2000, seed, batch=50)
    else:
        game = played(kind, data, 4000, seed, batch=100)
    with torch.no_grad():
        return accuracy(game.classify(test["x"]).argmax(1), test["y"])


arms = {"semi-supervised": lambda s: digits(SemiSupervisedGAN, s), "labels-alone": lambda s: digits(Alone, s)}
