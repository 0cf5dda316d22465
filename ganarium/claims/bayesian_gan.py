"""Generators drawn from a posterior cover more of the data than as many that are found."""

from __future__ import annotations

from ganarium.data import load
from ganarium.games.adversarial.bayesian_gan import BayesianGAN
from ganarium.ingredients import SGHMC, Adam, Normal
from ganarium.nets import Plain
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import points
from ganarium.zoo.claim import claim


@claim(
    "bayesian-gan",
    says="Generators drawn from the posterior over weights cover more of the data than an ensemble of point estimates",
    source="Saatchi and Wilson, 2017, section 4: a law of two dimensions in 100; with few labels ahead of ten DCGANs",
    world="10,000 points of 8 Gaussians on a ring; perceptrons of 64 units; 1,200 rounds of batches of 64",
    measure="coverage: the share of data with a sample among their five nearest",
    better="higher",
    arms={
        "game": "bayesian-gan: ten generators, one discriminator; 600 rounds of Adam(1e-3), 600 of SGHMC",
        "baseline": "the same ten generators and discriminator without noise, descending with the same momentum",
        "control": "one generator and one discriminator, with the noise",
    },
    pilot={
        "game": [0.475, 0.6045, 0.7585],
        "baseline": [0.3675, 0.4125, 0.491],
        "control": [0.3825, 0.1695, 0.089],
    },
    tried="against one generator without noise, an ensemble without noise as the control (seeds 100 to 102): of five, "
    "1,500 rounds, 0.524, 0.471, 0.688 against 0.567, 0.102, 0.000, control 0.493, 0.257, 0.467; of ten, 1,200 rounds, "
    "the game's figures here against 0.406, 0.088, 0.000, control the baseline's here: several generators are most of "
    "that gain. So they are the baseline now, and the noise is what is tested. It covers more and is less sharp: 0.80 "
    "of the samples are good, 0.92 without; as many modes are found. With 500 points: 1 mode with noise, 6 without",
)
def play(arm: Arm) -> dict[str, float]:
    data = load("ring", count=10_000, seed=arm.seed)
    sampler = SGHMC(5e-3, friction=0.5, temperature=arm.among(game=1.0, baseline=0.0, control=1.0))

    def make() -> BayesianGAN:
        return BayesianGAN(
            data.spec,
            generator_chains=arm.among(game=10, baseline=10, control=1),
            latent=4,
            weight_sd=10.0,
            architecture=Plain(64),
            prior=Normal(),
            optimizer=sampler,
            climb=Adam(1e-3, (0.5, 0.999)),
            climb_share=0.5,
        )

    # An average of weights is no draw from their posterior, so no arm has one.
    game = arm.played(make, data, seen=76_800, batch=64, average=0)
    made = game.sample(10_000, seed=arm.seed)
    arm.show(made[:2000], data.spec["x"])
    return points(data, made)


def trivial(answer: Answer) -> dict[str, float]:
    data = load("ring", count=10_000)
    return points(data, answer.samples(data, 10_000))
