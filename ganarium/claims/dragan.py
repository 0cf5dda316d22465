"""Slopes held near the data keep a game together that settings would tear apart."""

from __future__ import annotations

from ganarium.data import load
from ganarium.games.adversarial.dragan import DRAGAN
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import Adam, Normal
from ganarium.nets import Flat
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import judged
from ganarium.zoo.claim import claim


@claim(
    "dragan",
    says="A discriminator whose slopes are near one just beside the data keeps games together that else fall apart",
    source="Kodali et al., 2017, section 3: over random networks and objectives fewer games fail than with the plain "
    "loss; no figures in common",
    world="digits of 8 x 8; perceptrons of 128 units without norms; 1,500 rounds of batches of 64; Adam(1e-3, "
    "(0.9, 0.9)), settings that make plain games fail",
    measure="Frechet distance of 2,000 samples to the digits, on their pixels",
    better="lower",
    arms={
        "game": "dragan: noise of half the data's deviation around the data",
        "baseline": "gan, non-saturating, without the penalty",
        "control": "dragan whose noise is 20 times the data's deviation: the same penalty, but nowhere near the data",
    },
    pilot={
        "game": [2.09, 1.771, 1.876],
        "baseline": [4.969, 5.573, 4.983],
        "control": [3.707, 4.741, 3.004],
    },
    plays="settings that break plain games, which the sentence is about: perceptrons without norms, momenta of 0.9",
    tried="White noise with the mean and deviation of each pixel has 1.60, less than the game's 2.42; in features of a "
    "classifier sixteen digits, repeated, have 8.0, the game 11.2 (seed 200): with these momenta no arm comes near to "
    "the law of pixels; and with the penalty elsewhere 38 % of the gain is left.",
)
def play(arm: Arm) -> dict[str, float]:
    data = load("digits")
    common = {"architecture": Flat(128), "prior": Normal(), "optimizer": Adam(1e-3, (0.9, 0.9))}
    make = arm.among(
        game=lambda: DRAGAN(data.spec, latent=32, **common),
        baseline=lambda: GAN(data.spec, latent=32, **common),
        control=lambda: DRAGAN(data.spec, latent=32, spread=20.0, **common),
    )
    made = arm.played(make, data, seen=96_000).sample(2000, seed=arm.seed)
    arm.show(made[:64], data.spec["x"])
    return judged(data, made, "frechet", "precision", "recall", features="pixels")


def trivial(answer: Answer) -> dict[str, float]:
    data = load("digits")
    return judged(data, answer.samples(data, 2000), "frechet", "precision", "recall", features="pixels")
