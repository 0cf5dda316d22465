"""An adversarial game rivals likelihood models by their own measure, without a likelihood."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ganarium.data import load
from ganarium.game import Player
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import Adam, Cosine, Normal
from ganarium.metrics.requested import parzen
from ganarium.nets import Flat
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.zoo.claim import claim

SEEN = 96_000


class Stopped(GAN):
    """The same game, whose discriminator learns in the first tenth of it only."""

    def players(self) -> list[Player]:
        discriminator, generator = super().players()
        return [replace(discriminator, rests=lambda: float(self.progress) > 0.1), generator]


@claim(
    "gan",
    says="Samples of an adversarial game are as good as those of the best models of their time, by Parzen windows",
    source="Goodfellow et al., 2014, table 1: MNIST 225 +- 2 nats, against 138 +- 2 of a deep belief net",
    world="digits of 8 x 8 pixels, 1,400 to learn from; 96,000 samples in batches of 64",
    measure="log-likelihood: of held-out digits under Gaussians around 5,000 samples, mean, in nats",
    better="higher",
    plays="perceptrons of 128 units, at a rate that falls from 1e-3, without the recipe's penalty, which is younger "
    "than the paper",
    arms={
        "game": "gan, non-saturating, perceptrons of 128 units; Adam, 1e-3 falling",
        "baseline": "a restricted Boltzmann machine of 128 units (scikit-learn), 200 steps of Gibbs sampling",
        "control": "the same gan, whose discriminator stops learning after a tenth of the game",
    },
    pilot={
        "game": [9.9654, 10.8977, 10.6029],
        "baseline": [1.0166, 0.5503, 0.4019],
        "control": [-51.55, -35.26, -59.3],
    },
)
def play(arm: Arm) -> dict[str, float]:
    data = load("digits")
    made = machine(arm, data.train["x"]) if arm.name == "baseline" else game(arm, data.train)
    arm.show(made[:64], data.spec["x"])
    return measured(data, made)


def trivial(answer: Answer) -> dict[str, float]:
    data = load("digits")
    # A part of the data: the held-out digits are those that are asked for here, and no answer.
    return measured(data, answer.samples(data.train.subset(torch.arange(len(data.train))), 5000))


def measured(data: Any, made: Tensor) -> dict[str, float]:
    """What is measured of samples, as batches hold them."""
    # Pixels in [0, 1], as in the paper.
    validation, test = data.test["x"][::2], data.test["x"][1::2]
    made, validation, test = ((rows.flatten(1) + 1) / 2 for rows in (made, validation, test))
    value, error = parzen(made, validation, test)
    return {"log-likelihood": value, "standard error": error or 0.0}


def game(arm: Arm, data: Any) -> Tensor:
    """Samples of the GAN."""

    def make() -> GAN:
        networks = Flat(128, generator_norm="batch")
        return arm.among(game=GAN, control=Stopped)(
            data.spec, latent=32, architecture=networks, prior=Normal(), optimizer=Adam(Cosine(1e-3, 0.0), (0.5, 0.99))
        )

    return arm.played(make, data, SEEN).sample(5000, seed=arm.seed)


def machine(arm: Arm, x: Tensor) -> Tensor:
    """Samples of a Boltzmann machine that saw as many digits: probabilities after the last of many steps."""
    from sklearn.neural_network import BernoulliRBM

    rows = ((x.flatten(1) + 1) / 2).numpy()
    epochs = max(round(SEEN * arm.share / len(rows)), 1)
    rbm = BernoulliRBM(128, learning_rate=0.05, batch_size=64, n_iter=epochs, random_state=arm.seed).fit(rows)
    chain = rows[torch.randint(len(rows), (5000,), generator=torch.Generator().manual_seed(arm.seed)).numpy()]
    for _ in range(max(round(200 * arm.share), 1)):
        chain = rbm.gibbs(chain)
    hidden = rbm.transform(chain)
    mean = torch.sigmoid(torch.from_numpy(hidden @ rbm.components_ + rbm.intercept_visible_))
    return (2 * mean - 1).float().reshape(-1, *x.shape[1:])
