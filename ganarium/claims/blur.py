"""A likelihood with one noise for all pixels asks for means, and means are blurred; a game's samples are not."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, pad

from ganarium.data import load
from ganarium.games.adversarial.r3gan import R3GAN
from ganarium.games.likelihood.vae import VAE
from ganarium.ingredients import Adam
from ganarium.nets import Flat
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import distinct, judged
from ganarium.zoo.claim import claim


@claim(
    "blur",
    says="Samples of a variational auto-encoder are blurrier than those of a GAN",
    source="Goodfellow, 2016 (tutorial), section 3.2.3; and the lectures",
    world="digits of 8 x 8 pixels; 48,000 samples in batches of 64, the same perceptrons for both",
    measure="blur: |log of the variance of the Laplacian, of samples over real digits|, over the share of samples "
    "that are no repetition; 0: as sharp as real ones",
    better="lower",
    arms={
        "game": "r3gan",
        "baseline": "vae; its samples are the decoder's means, as in its papers",
        "control": "the same r3gan, every sample averaged over squares of 2 x 2 pixels",
    },
    pilot={
        "game": [0.0371, 0.0181, 0.0148],
        "baseline": [0.5839, 0.5955, 0.5578],
        "control": [1.6182, 1.6187, 1.5894],
    },
    plays="the recipe of r3gan, in batches of 64; for vae, which has none for images, the same perceptrons",
)
def play(arm: Arm) -> dict[str, float]:
    data = load("digits", split="train")

    def gan() -> R3GAN:
        return R3GAN.on(data)

    def vae() -> VAE:
        return VAE(
            data.spec, latent=16, architecture=Flat(128, generator_norm="batch"), optimizer=Adam(2e-3, (0.9, 0.999))
        )

    game = arm.played(arm.among(game=gan, baseline=vae, control=gan), data, seen=48_000)
    made = game.sample(2000, seed=arm.seed)
    if arm.name == "control":
        made = avg_pool2d(pad(made, (0, 1, 0, 1), value=-1.0), 2, stride=1)
    arm.show(made[:64], data.spec["x"])
    return measured(made)


def trivial(answer: Answer) -> dict[str, float]:
    """Digits that nobody had to learn."""
    return measured(answer.samples(load("digits", split="train"), 2000))


def measured(made: Tensor) -> dict[str, float]:
    """What is measured of digits (n, 1, H, W)."""
    data = load("digits", split="train")
    ratio = sharpness(made) / sharpness(data["x"])
    blur = abs(math.log(max(ratio, 1e-9))) / distinct(made)
    return {"blur": blur, "sharpness over real": ratio, **judged(data, made, "frechet")}


def sharpness(x: Tensor) -> float:
    """The variance of the Laplacian of images (n, 1, H, W), over all their inner pixels."""
    kernel = torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
    return float(conv2d(x, kernel[None, None]).var())
