"""Over settings that nobody chose, a discriminator that reconstructs trains better than one that classifies."""

from __future__ import annotations

import random
from functools import partial
from statistics import fmean
from typing import Any

from torch import nn

from ganarium.data import load
from ganarium.games.adversarial.ebgan import EBGAN
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import Adam, Normal
from ganarium.nets import Flat
from ganarium.nets.families.began import Autoencoder
from ganarium.nets.roles import Discriminator
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import judged
from ganarium.zoo.claim import claim

SETTINGS, WELL = 6, 1.0


@claim(
    "ebgan",
    says="Over many settings of networks and rates, games of an energy end well more often than those of a classifier",
    source="Zhao, Mathieu and LeCun, 2017, section 4.1 and figures of its histograms: 512 settings each on MNIST",
    world="digits of 8 x 8 pixels; six settings drawn at random by the seed, of one to three layers, 64 to 256 units "
    "and rates of 2e-4 to 2e-3; 300 rounds of batches of 64 for each; batch norm where samples are drawn",
    measure="share of the settings that end well: with a Frechet distance of 2,000 samples to the data, on their "
    "pixels, below 1",
    better="higher",
    plays="the recipe's latent, code and margin; layers, units and rates are drawn, for the sentence is on many "
    "settings",
    arms={
        "game": "ebgan, a code of 32, margin 2, pulling-away 0.1",
        "baseline": "gan, non-saturating, whose discriminator has the layers and units of the encoder",
        "control": "gan, non-saturating, whose discriminator has the whole autoencoder and then one score: as deep and "
        "as large as the game's, but no energy",
    },
    pilot={
        "game": [0.8333, 0.8333, 0.8333],
        "baseline": [0.0, 0.0, 0.0],
        "control": [0.0, 0.0, 0.0],
    },
)
def play(arm: Arm) -> dict[str, float]:
    data, found = load("digits", split="train"), []
    for setting in settings(arm.seed, SETTINGS):
        made = arm.played(partial(game, arm, data, *setting), data, 19_200).sample(2000, seed=arm.seed)
        arm.show(made[:64], data.spec["x"])
        found.append(judged(data, made, "frechet", features="pixels")["frechet"])
    share = fmean(distance < WELL for distance in found)
    return {"ends well": share, "distance": fmean(found), "best": min(found), "worst": max(found)}


def trivial(answer: Answer) -> dict[str, float]:
    data = load("digits", split="train")
    distance = judged(data, answer.samples(data, 2000), "frechet", features="pixels")["frechet"]
    return {"ends well": float(distance < WELL), "distance": distance}


def settings(seed: int, count: int) -> list[tuple[int, int, float]]:
    """Layers, units and rates, drawn from a seed."""
    draw = random.Random(seed)
    return [(draw.randint(1, 3), draw.choice((64, 128, 256)), 2e-4 * 10 ** draw.random()) for _ in range(count)]


def game(arm: Arm, data: Any, depth: int, units: int, rate: float) -> EBGAN | GAN:
    """The game of an arm with one setting."""
    networks, optimizer = Flat(units, generator_norm="batch", depth=depth), Adam(rate, (0.5, 0.999))
    if arm.name == "game":
        return EBGAN(data.spec, latent=32, code=32, margin=2.0, architecture=networks, optimizer=optimizer)
    common = {"latent": 32, "architecture": networks, "prior": Normal(), "optimizer": optimizer}
    field = data.spec["x"]
    if arm.name == "control":
        whole = nn.Sequential(Autoencoder.of(networks, field, 32), nn.Flatten())
        return GAN(data.spec, discriminator=Discriminator(whole, field.size), **common)
    return GAN(data.spec, **common)
