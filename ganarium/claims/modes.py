"""A GAN's samples lie on the modes; those of a likelihood model of the same size smear between them."""

from __future__ import annotations

import torch
from torch import Tensor

from ganarium.data import Data, load
from ganarium.games.adversarial.gan import GAN
from ganarium.games.likelihood.vae import VAE
from ganarium.ingredients import R1, Adam, Cosine, Exponential, Normal
from ganarium.nets import Plain
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import distinct, points
from ganarium.zoo.claim import claim


@claim(
    "modes",
    says="Likelihood pays for every point that a model misses, so its samples smear between modes; a GAN's lie on them",
    source="Lectures on generative models; Goodfellow, 2016, section 3.2.5 and figure 14; no figures",
    world="8 Gaussians on a ring; 1,500 rounds of batches of 128; perceptrons of 64 units, rates falling to zero",
    measure="good: the share of samples within three standard deviations of a mode, times that of samples which are "
    "no repetition",
    better="higher",
    arms={
        "game": "gan by its recipe: non-saturating, R1 fading, Adam(2e-3)",
        "baseline": "vae with the same decoder, of standard deviation 0.1, Adam(3e-3)",
        "control": "a mixture of 4 Gaussians, half of the modes, by expectation maximisation (scikit-learn)",
    },
    pilot={
        "game": [0.854, 0.8487, 0.8067],
        "baseline": [0.435, 0.4221, 0.4484],
        "control": [0.1791, 0.1787, 0.1759],
    },
    plays="the recipe",
)
def play(arm: Arm) -> dict[str, float]:
    data, small = load("ring"), Plain(64, generator_norm=None)
    fading, falling = R1(Exponential(0.3, 0.003)), Adam(Cosine(2e-3, 0.0), (0.0, 0.99))
    if arm.name == "control":
        made = few(data["x"], arm.seed)
    else:
        make = arm.among(
            game=lambda: GAN(
                data.spec, latent=4, architecture=small, prior=Normal(), penalties=(fading,), optimizer=falling
            ),
            baseline=lambda: VAE(
                data.spec, latent=4, architecture=small, sd=0.1, optimizer=Adam(Cosine(3e-3, 0.0), (0.9, 0.999))
            ),
            control=None,
        )
        made = arm.played(make, data, seen=192_000, batch=128).sample(10_000, seed=arm.seed)
    arm.show(made[:2000], data.spec["x"])
    return measured(data, made)


def trivial(answer: Answer) -> dict[str, float]:
    """Points that nobody had to learn."""
    data = load("ring")
    return measured(data, answer.samples(data, 10_000))


def measured(data: Data, made: Tensor) -> dict[str, float]:
    """What is measured of points (n, 2)."""
    found = points(data, made)
    return {"good": found.pop("good") * distinct(made), **found}


def few(x: Tensor, seed: int) -> Tensor:
    """Samples of a mixture of four Gaussians that was fitted to points (n, 2)."""
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(4, n_init=3, random_state=seed).fit(x[:10_000].numpy())
    # They come sorted by their Gaussian.
    order = torch.randperm(10_000, generator=torch.Generator().manual_seed(seed))
    return torch.from_numpy(model.sample(10_000)[0]).float()[order]
