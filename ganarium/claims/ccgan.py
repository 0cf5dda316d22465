"""To tell filled holes from data, a discriminator learns what a few labels then name."""

from __future__ import annotations

import torch

from ganarium.claiming.arm import Arm
from ganarium.claiming.statement import claim
from ganarium.data import InMemory, load
from ganarium.game import Batch, Player, Terms
from ganarium.games.adversarial.ccgan import CCGAN
from ganarium.holes import RandomSquare, completed
from ganarium.nets.improved_gan import NoisyPerceptrons
from ganarium.optimizers import Adam
from ganarium.schedules import Linear


class Alone(CCGAN):
    """The same classifier, with the same noise, that sees labelled data alone."""

    def players(self) -> list[Player]:
        return super().players()[:1]

    def discriminator_loss(self, batch: Batch) -> Terms:
        return {"label": super().discriminator_loss(batch)["label"]}


@claim(
    "ccgan",
    says="A discriminator that tells filled holes from data, and learns a few labels, classifies better than one that "
    "learns the labels alone",
    source="Denton, Gross and Fergus, 2016, section 4: 77.8 % on STL-10 with 1,000 labels, a plain GAN's 73.8 %, both "
    "above classifiers of labels alone",
    world="digits of 8 x 8 pixels, five labels of each class among 1,400, drawn by the seed; 1,000 rounds of 100",
    measure="accuracy on 397 held-out digits",
    better="higher",
    arms={
        "game": "ccgan: square holes of half of the image",
        "baseline": "the same classifier on the fifty labelled digits alone, all of them in each of 1,000 rounds",
        "control": "ccgan without holes: what it is to tell from data is data",
    },
    pilot={},
    tried="one seed each (103), against 0.846 of the labels alone: holes of a quarter, a rate of 1e-3, 0.849, and 0.849"
    " without holes; 600 rounds: holes of half, half the weight of labels, 3e-3, 0.867; the second version, 0.814; "
    "convolutions, holes of a quarter 0.856, of half 0.864, labels alone 0.859",
)
def play(arm: Arm) -> dict[str, float]:
    whole, held = load("digits", split="train"), load("digits", split="test")
    assert isinstance(whole, InMemory)
    few = whole.few_labels(5, seed=arm.seed)
    data = arm.among(game=few, baseline=few.subset(few["y"] >= 0), control=few)
    kind = arm.among(game=CCGAN, baseline=Alone, control=CCGAN)
    settings = {
        "latent": 16,
        "width": 32,
        "holes": RandomSquare(arm.among(game=0.5, baseline=0.5, control=0.0)),
        "label_weight": 0.5,
        "architecture": NoisyPerceptrons(250, (250, 250, 250), input_noise=0.3, noise=0.3),
        "optimizer": Adam(Linear(3e-3, 0.0), (0.5, 0.999)),
    }
    batch = arm.among(game=100, baseline=50, control=100)
    game = arm.played(lambda: kind(data.spec, **settings), data, 1000 * batch, batch)
    x = held["x"]
    with torch.no_grad():
        found = game.classify(x).argmax(1)
        if arm.name == "game":
            mask = game.holes(x[:32])
            hole = completed(x[:32], mask, -torch.ones_like(x[:32]))
            # Each image with its hole, and beside it with the hole filled.
            pairs = torch.stack([hole, game.complete(x[:32], mask)], 1)
            arm.show(pairs.flatten(0, 1), data.spec["x"])
    return {"accuracy": float((found == held["y"]).float().mean())}
