"""A GAN's samples lie on the modes; those of a likelihood model of the same size smear between them."""

from __future__ import annotations

from statistics import harmonic_mean

import torch
from torch import Tensor

from ganarium.data import Data, load
from ganarium.games.adversarial.gan import GAN
from ganarium.games.likelihood.vae import VAE
from ganarium.ingredients import R1, Adam, Cosine, Exponential, Normal
from ganarium.nets import Plain
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import points
from ganarium.zoo.claim import claim


@claim(
    "modes",
    says="Likelihood pays for every point that a model misses, so its samples smear between modes; a GAN's lie on them",
    source="Lectures on generative models; Goodfellow, 2016, section 3.2.5 and figure 14; no figures",
    world="8 Gaussians on a ring; 1,500 rounds of batches of 128; perceptrons of 64 units, rates falling to zero",
    measure="on modes, and on all of them: the harmonic mean of the share of samples within three standard deviations "
    "of a mode and of the coverage, the share of 2,000 real points with a sample in reach of their fifth neighbour",
    better="higher",
    arms={
        "game": "gan by its recipe: non-saturating, R1 fading, Adam(2e-3)",
        "baseline": "vae with the same decoder, of standard deviation 0.1, Adam(3e-3)",
        "control": "a mixture of 4 Gaussians, half of the modes, by expectation maximisation (scikit-learn)",
    },
    pilot={
        "game": [0.817, 0.832, 0.8093],
        "baseline": [0.5186, 0.5151, 0.5468],
        "control": [0.2616, 0.2613, 0.2532],
    },
    plays="the recipe of gan with half of its units, in time; vae has a decoder as large, and a rate of its own",
    tried="Until now the measure was the first share alone, 0.82 of the game's and 0.41 of vae's, which sixteen data, "
    "repeated, win.",
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
    return {"on all modes": harmonic_mean([found["good"], found["coverage"]]), **found}


def few(x: Tensor, seed: int) -> Tensor:
    """Samples of a mixture of four Gaussians that was fitted to points (n, 2)."""
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(4, n_init=3, random_state=seed).fit(x[:10_000].numpy())
    # They come sorted by their Gaussian.
    order = torch.randperm(10_000, generator=torch.Generator().manual_seed(seed))
    return torch.from_numpy(model.sample(10_000)[0]).float()[order]
