"""What both players are told can be asked for; what the discriminator is not told, the generator ignores."""

from __future__ import annotations

import torch
from torch import Tensor

from ganarium.data import load
from ganarium.games.conditional.cgan import CGAN
from ganarium.games.conditional.infogan import InfoGAN
from ganarium.ingredients import Adam, Normal
from ganarium.nets import Flat
from ganarium.proving.arm import Arm
from ganarium.proving.measures import agreement, digit_classes, judged
from ganarium.zoo.claim import claim


class Blind(CGAN):
    """Only the generator is told the label."""

    def scores_seen(self, x: Tensor, **condition: Tensor) -> Tensor:
        return super().scores_seen(x, y=torch.full_like(condition["y"], -1))


@claim(
    "cgan",
    says="Told a label, both players learn each class by itself, and a digit can be asked for",
    source="Mirza and Osindero, 2014, section 4.1 and figure 2: rows of MNIST digits, each of the label asked for",
    world="digits of 8 x 8 pixels; 64,000 samples in batches of 64, perceptrons",
    measure="share of 2,000 samples in which an independent reader sees the class that was asked for",
    better="higher",
    arms={
        "game": "cgan",
        "baseline": "infogan, without labels: its ten categories are named one to one after the fact, as suits them "
        "best (a GAN that cannot be asked is right once in ten)",
        "control": "cgan whose discriminator is not told the label",
    },
    pilot={
        "game": [0.964, 0.962, 0.9565],
        "baseline": [0.5435, 0.605, 0.7315],
        "control": [0.078, 0.106, 0.0995],
    },
)
def play(arm: Arm) -> dict[str, float]:
    data, optimizer, family = load("digits", split="train"), Adam(5e-4), Flat(128, generator_norm="batch")

    def told(kind: type[CGAN]) -> CGAN:
        return kind(data.spec, latent=16, architecture=family, prior=Normal(), optimizer=optimizer)

    def finds() -> InfoGAN:
        both = {"discriminator_optimizer": optimizer, "generator_optimizer": optimizer}
        return InfoGAN(data.spec, latent=16, codes=0, architecture=family, prior=Normal(), **both)  # type: ignore[arg-type]

    make = arm.among(game=lambda: told(CGAN), baseline=finds, control=lambda: told(Blind))
    game = arm.played(make, data, seen=64_000)
    name = arm.among(game="y", baseline="category", control="y")
    arm.show(game.sample(100, seed=arm.seed, **{name: torch.arange(100) // 10}), data.spec["x"])
    asked = torch.arange(2000) % 10
    made = game.sample(2000, seed=arm.seed, **{name: asked})
    seen = digit_classes(made)
    right = (seen == asked).float().mean() if name == "y" else agreement(asked, seen)
    return {"as asked": float(right), **judged(data, made, "frechet")}
