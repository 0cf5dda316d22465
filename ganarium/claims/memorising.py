"""A generator that never sees data copies less of it than what is fitted to the data directly."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganarium.data import load
from ganarium.games.adversarial.r3gan import R3GAN
from ganarium.games.likelihood.vae import VAE
from ganarium.ingredients import Adam
from ganarium.metrics.copies import nearer
from ganarium.nets import Flat
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import judged
from ganarium.zoo.claim import claim


@claim(
    "memorising",
    says="The generator never sees the data, only what the discriminator says of samples, and so memorises less",
    source="Goodfellow et al., 2014, section 6: the input is not copied into the generator; and the lectures",
    world="150 digits of 8 x 8 pixels that the seed chooses; 48,000 samples in batches of 50, perceptrons",
    measure="share of 2,000 samples that are nearer to one of the 150 than to any of 150 others; 0.5 without copying",
    better="lower",
    arms={
        "game": "r3gan",
        "baseline": "vae with the same latent and the same decoder",
        "control": "a Parzen window: one of the 150 with noise of standard deviation 0.2",
    },
    pilot={
        "game": [0.786, 0.801, 0.795],
        "baseline": [0.902, 0.8755, 0.855],
        "control": [1.0, 0.9995, 1.0],
    },
)
def play(arm: Arm) -> dict[str, float]:
    whole, (few, others, _) = parts(arm.seed)
    family = Flat(128, generator_norm="batch")
    if arm.name == "control":
        made = window(few["x"], 2000, arm.seed)
    else:
        make = arm.among(
            game=lambda: R3GAN.on(few, latent=16, architecture=family),
            baseline=lambda: VAE(few.spec, latent=16, architecture=family, optimizer=Adam(2e-3, (0.9, 0.999))),
            control=None,
        )
        made = arm.played(make, few, seen=48_000, batch=50).sample(2000, seed=arm.seed)
    arm.show(made[:64], few.spec["x"])
    return measured(whole, few, others, made)


def trivial(answer: Answer) -> dict[str, float]:
    whole, (few, others, rest) = parts(answer.seed)
    return measured(whole, few, others, answer.samples(rest if answer.name == "data" else few, 2000))


def parts(seed: int) -> tuple[Any, list[Any]]:
    """The digits, and of them 150 to learn from, 150 others, and the rest."""
    whole = load("digits", split="train")
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(seed))
    return whole, [whole.subset(part) for part in (order[:150], order[150:300], order[300:])]


def measured(whole: Any, few: Any, others: Any, made: Tensor) -> dict[str, float]:
    """What is measured of samples, as batches hold them."""
    near = nearer(few["x"].flatten(1), others["x"].flatten(1), made.flatten(1))
    return {"copies": near, **judged(whole, made, "frechet")}


def window(x: Tensor, count: int, seed: int, sd: float = 0.2) -> Tensor:
    """Draws from a Gaussian of standard deviation ``sd`` around each of ``x``."""
    generator = torch.Generator().manual_seed(seed)
    chosen = x[torch.randint(len(x), (count,), generator=generator)]
    return chosen + sd * torch.randn(chosen.shape, generator=generator)
