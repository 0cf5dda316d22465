"""Generators drawn from a posterior, and as many that are found, on a plane in many dimensions."""

from __future__ import annotations

import torch
from torch import Tensor

from ganarium.data import from_tensors
from ganarium.games.adversarial.bayesian_gan import BayesianGAN
from ganarium.ingredients import SGHMC, Adam, Normal
from ganarium.nets import Plain
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.zoo.claim import claim

COUNT, SIZE, PLACES = 10_000, 100, 16


@claim(
    "bayesian-gan",
    says="Generators drawn from the posterior over weights come nearer to the law of the data than point estimates do",
    source="Saatchi and Wilson, 2017, section 4.1 and figures 1 and 2: a law of two dimensions in 100, by the "
    "divergence of Jensen and Shannon of principal components; with few labels ahead of ten DCGANs",
    world="10,000 points of 100 numbers that are a linear map, drawn by the seed, of two normal ones; "
    "perceptrons of 64 units; 1,200 rounds of batches of 64",
    measure="divergence: Jensen and Shannon's, in nats, of 10,000 samples and other data, on the data's first two "
    "principal components in 16 x 16 cells of even mass along each",
    better="lower",
    plays="the recipe, with ten generators for five and a latent of 10 for 4, for a law in 100 dimensions",
    arms={
        "game": "bayesian-gan: ten generators, one discriminator; 600 rounds of Adam(1e-3), 600 of SGHMC",
        "baseline": "one generator, one discriminator, without noise: the maximum likelihood GAN of the paper",
        "control": "ten generators and one discriminator without noise: an ensemble, and no posterior",
    },
    pilot={
        "game": [0.3536, 0.4252, 0.3527],
        "baseline": [0.3288, 0.5277, 0.5181],
        "control": [0.3541, 0.4366, 0.3618],
    },
)
def play(arm: Arm) -> dict[str, float]:
    rows, other = plane(arm.seed)
    data = from_tensors(rows)
    sampler = SGHMC(5e-3, friction=0.5, temperature=arm.among(game=1.0, baseline=0.0, control=0.0))

    def make() -> BayesianGAN:
        return BayesianGAN(
            data.spec,
            generator_chains=arm.among(game=10, baseline=1, control=10),
            latent=10,
            weight_sd=10.0,
            architecture=Plain(64),
            prior=Normal(),
            optimizer=sampler,
            climb=Adam(1e-3, (0.5, 0.999)),
            climb_share=0.5,
        )

    # An average of weights is no draw from their posterior, so no arm has one.
    game = arm.played(make, data, seen=76_800, batch=64, average=0)
    made = data.spec["x"].restore(game.sample(COUNT, seed=arm.seed))
    return {"divergence": divergence(rows, other, made), "spread": float(made.std() / other.std())}


def trivial(answer: Answer) -> dict[str, float]:
    rows, other = plane(0)
    data = from_tensors(rows)
    return {"divergence": divergence(rows, other, data.spec["x"].restore(answer.samples(data, COUNT)))}


def plane(seed: int) -> tuple[Tensor, Tensor]:
    """Data (n, 100), and as many others: a random map of two normal numbers, and slight noise."""
    source = torch.Generator().manual_seed(seed)
    spread = torch.randn(2, SIZE, generator=source)
    z = 10**0.5 * torch.randn(2 * COUNT, 2, generator=source)
    rows = z @ spread + 0.1 * torch.randn(2 * COUNT, SIZE, generator=source)
    return rows[:COUNT], rows[COUNT:]


def divergence(data: Tensor, real: Tensor, made: Tensor) -> float:
    """Jensen and Shannon's divergence of real and made rows (n, d), on the data's first two principal components."""
    centre = data.mean(0)
    _, _, directions = torch.linalg.svd(data - centre, full_matrices=False)
    axes = directions[:2].T
    edges = ((data - centre) @ axes).quantile(torch.linspace(0, 1, PLACES + 1)[1:-1], 0)
    p, q = (cells((rows - centre) @ axes, edges) for rows in (real, made))
    middle = (p + q) / 2
    return float(sum((a * (a / middle).log()).nansum() for a in (p, q)) / 2)


def cells(places: Tensor, edges: Tensor) -> Tensor:
    """The share of places (n, 2) in each cell between edges (k, 2)."""
    one, two = (torch.bucketize(places[:, i].contiguous(), edges[:, i].contiguous()) for i in (0, 1))
    counts = (one * PLACES + two).bincount(minlength=PLACES**2).double()
    return counts / counts.sum()
