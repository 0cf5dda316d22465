"""Over settings that nobody chose, a discriminator that reconstructs trains better than one that classifies."""

from __future__ import annotations

import random
from functools import partial
from statistics import fmean
from typing import Any

from ganarium.data import load
from ganarium.games.adversarial.ebgan import EBGAN
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import Adam, Normal
from ganarium.nets import Flat
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import judged
from ganarium.zoo.claim import claim


@claim(
    "ebgan",
    says="Over many settings of networks and rates, games of an energy end well more often than those of a classifier",
    source="Zhao, Mathieu and LeCun, 2017, section 4.1 and figures of its histograms: 512 settings each on MNIST",
    world="digits of 8 x 8 pixels; three settings drawn at random by the seed, of one to three layers, 64 to 256 units "
    "and rates of 2e-4 to 2e-3; 300 rounds of batches of 64 for each; batch norm where samples are drawn",
    measure="distance: Frechet's, of 2,000 samples to the data, in features of a classifier of digits; mean over the "
    "settings",
    better="lower",
    arms={
        "game": "ebgan, a code of 32, margin 2, pulling-away 0.1",
        "baseline": "gan, non-saturating, whose discriminator has the layers and units of the encoder",
        "control": "ebgan whose margin is next to nothing: the autoencoder never sees samples",
    },
    pilot={
        "game": [0.579, 0.5709, 0.7102],
        "baseline": [2.351, 1.604, 2.076],
        "control": [2.597, 2.425, 2.796],
    },
)
def play(arm: Arm) -> dict[str, float]:
    data, found = load("digits", split="train"), []
    for setting in settings(arm.seed, 3):
        made = arm.played(partial(game, arm, data, *setting), data, 19_200).sample(2000, seed=arm.seed)
        arm.show(made[:64], data.spec["x"])
        found.append(judged(data, made, "frechet")["frechet"])
    return {"distance": fmean(found), "best": min(found), "worst": max(found)}


def trivial(answer: Answer) -> dict[str, float]:
    data = load("digits", split="train")
    return {"distance": judged(data, answer.samples(data, 2000), "frechet")["frechet"]}


def settings(seed: int, count: int) -> list[tuple[int, int, float]]:
    """Layers, units and rates, drawn from a seed."""
    draw = random.Random(seed)
    return [(draw.randint(1, 3), draw.choice((64, 128, 256)), 2e-4 * 10 ** draw.random()) for _ in range(count)]


def game(arm: Arm, data: Any, depth: int, units: int, rate: float) -> EBGAN | GAN:
    """The game of an arm with one setting."""
    networks, optimizer = Flat(units, generator_norm="batch", depth=depth), Adam(rate, (0.5, 0.999))
    if arm.name == "baseline":
        return GAN(data.spec, latent=32, architecture=networks, prior=Normal(), optimizer=optimizer)
    margin = 2.0 if arm.name == "game" else 1e-6
    return EBGAN(data.spec, latent=32, code=32, margin=margin, architecture=networks, optimizer=optimizer)
