"""Hinges leave alone what is told already, and the plain loss with the same optimiser does not."""

from __future__ import annotations

from ganarium.data import load
from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.geometric_gan import GeometricGAN
from ganarium.games.adversarial.wgan import WGAN
from ganarium.ingredients import Normal, RMSprop
from ganarium.nets import Plain
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import points
from ganarium.zoo.claim import claim


@claim(
    "geometric-gan",
    says="A discriminator with a margin, as support vector machines have, loses fewer modes than cross entropy does",
    source="Lim and Ye, 2017, section 4 and figures 2 to 4: mixtures of Gaussians; no figures in numbers",
    world="8 Gaussians on a ring; 2,000 rounds of batches of 128; perceptrons of 64 units; RMSprop(1e-3), the "
    "paper's, in all arms, where the authors gave the plain loss Adam",
    measure="coverage: the share of data that lie nearer to one of 2,000 samples than to their own fifth neighbours",
    better="higher",
    plays="perceptrons of 64 units for the plane, at a higher rate: the game has no recipe for points",
    arms={
        "game": "geometric-gan",
        "baseline": "gan, non-saturating",
        "control": "a difference of mean scores, without a margin: wgan, weights in a box of 0.1, one move a round",
    },
    pilot={
        "game": [0.8335, 0.8025, 0.7095],
        "baseline": [0.782, 0.7405, 0.5065],
        "control": [0.5365, 0.375, 0.636],
    },
    chance="with one seed in nine or so the plain loss finds no mode",
)
def play(arm: Arm) -> dict[str, float]:
    data = load("ring")
    common = {"architecture": Plain(64), "prior": Normal(), "optimizer": RMSprop(1e-3)}
    make = arm.among(
        game=lambda: GeometricGAN(data.spec, latent=4, generator_moves=1, **common),
        baseline=lambda: GAN(data.spec, latent=4, **common),
        control=lambda: WGAN(data.spec, latent=4, bound=0.1, critic_moves=1, burst=1, **common),
    )
    made = arm.played(make, data, seen=256_000, batch=128, average=12_800).sample(10_000, seed=arm.seed)
    arm.show(made[:2000], data.spec["x"])
    return points(data, made)


def trivial(answer: Answer) -> dict[str, float]:
    data = load("ring")
    return points(data, answer.samples(data, 10_000))
