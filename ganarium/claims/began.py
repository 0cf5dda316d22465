"""A balance that is held, against a margin that is set: two games in which an autoencoder judges."""

from __future__ import annotations

from ganarium.data import load
from ganarium.games.adversarial.began import BEGAN
from ganarium.games.adversarial.ebgan import EBGAN
from ganarium.ingredients import Adam
from ganarium.nets import Flat
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import judged
from ganarium.zoo.claim import claim


@claim(
    "began",
    says="Held in balance by a controller, an autoencoder that judges teaches better images than one with a margin",
    source="Berthelot et al., 2017, section 4.4: an inception score of 5.62 on CIFAR-10, the best of the unlabelled "
    "games there; gamma is 0.5 in the experiments, or 0.3 and 0.7",
    world="digits of 8 x 8 pixels, perceptrons of 128 units, batch norm where samples are drawn; 1,000 rounds of 64; "
    " Adam(1e-3, (0.5, 0.999)), latents of 16 numbers, codes of 8",
    measure="distance: Frechet's, of 2,000 samples to the data, on their pixels",
    better="lower",
    plays="half of the recipe's units, and the paper's gamma of 0.5: by the recipe's, 1, there is nothing to balance",
    arms={
        "game": "began, gamma 0.5, a gain of 0.01",
        "baseline": "ebgan, a margin of 2, pulling-away 0.1",
        "control": "began whose k is held at 0.5: no balance is kept",
    },
    pilot={
        "game": [2.707, 3.258, 2.294],
        "baseline": [0.2641, 0.2616, 0.2643],
        "control": [0.2627, 0.3237, 0.2821],
    },
)
def play(arm: Arm) -> dict[str, float]:
    data = load("digits", split="train")
    common = {"latent": 16, "code": 8, "architecture": Flat(128, generator_norm="batch")}
    optimizer = Adam(1e-3, (0.5, 0.999))
    make = arm.among(
        game=lambda: BEGAN(data.spec, gamma=0.5, gain=0.01, optimizer=optimizer, **common),
        baseline=lambda: EBGAN(data.spec, margin=2.0, optimizer=optimizer, **common),
        control=lambda: BEGAN(data.spec, gamma=0.5, gain=0.0, start=0.5, optimizer=optimizer, **common),
    )
    made = arm.played(make, data, seen=64_000).sample(2000, seed=arm.seed)
    arm.show(made[:64], data.spec["x"])
    rows = judged(data, made, "frechet", "recall", features="pixels")
    return {"distance": rows["frechet"], "recall": rows["recall"]}


def trivial(answer: Answer) -> dict[str, float]:
    data = load("digits", split="train")
    rows = judged(data, answer.samples(data, 2000), "frechet", "recall", features="pixels")
    return {"distance": rows["frechet"], "recall": rows["recall"]}
