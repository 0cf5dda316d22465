"""Over rates and momenta, a penalised critic keeps the modes that the non-saturating game drops."""

from __future__ import annotations

from functools import partial
from statistics import fmean, harmonic_mean

from torch import Tensor

from ganarium.data import load
from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.wgan_gp import WGANGP
from ganarium.ingredients import Adam, GradientPenalty, Normal
from ganarium.nets import Plain
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import points
from ganarium.spec import Spec
from ganarium.zoo.claim import claim

SETTINGS = (Adam(2e-3, (0.5, 0.9)), Adam(4e-3, (0.0, 0.9)), Adam(4e-3, (0.5, 0.9)))


@claim(
    "steadier",
    says="Training by the Wasserstein distance is steadier, and drops fewer modes, than the non-saturating game",
    source="Lectures on generative models; Arjovsky et al., 2017, section 4.3; Gulrajani et al., 2017, section 5.1",
    world="8 Gaussians of standard deviation 0.15 on a ring; three settings of Adam, 125 rounds each of batches of "
    "256, five moves of the critic a round",
    measure="modes and data found: the harmonic mean of the share of the 8 modes that have a quarter of their fair "
    "share of samples, and of the coverage, the share of 2,000 real points with a sample in reach of their fifth "
    "neighbour; mean over the settings",
    better="higher",
    arms={
        "game": "wgan-gp, penalty 0.1",
        "baseline": "gan, non-saturating",
        "control": "gan, non-saturating, with the same penalty: without the Wasserstein distance",
    },
    pilot={
        "game": [0.7223, 0.8097, 0.7138],
        "baseline": [0.5431, 0.6119, 0.5388],
        "control": [0.8588, 0.8541, 0.8501],
    },
    plays="the recipe of wgan-gp with half of its units, a latent of 8 and other rates, which the claim is about; gan "
    "without its recipe's penalty",
    tried="It is the penalty that is steady, and not the Wasserstein distance: with it the non-saturating game keeps "
    "all modes at each setting, which the Wasserstein game does not. Until now the measure was modes alone, of which "
    "sixteen data, repeated, have 8. With the usual standard deviation of 0.05 and rates of 5e-4 and 2e-3 neither game "
    "gets sharp in 150 rounds: 0 modes on average against 1.3 (seed 103). With 0.15 and these rates 5.7 against 4.7. "
    "With a momentum of 0.9 the penalised critic had 3 modes. The control was wgan-gp without its penalty, which "
    "nobody expects to work: 1.2 modes (seeds 100 to 102).",
)
def play(arm: Arm) -> dict[str, float]:
    data, rows = load("ring", sd=0.15), []
    for optimizer in SETTINGS:
        made = arm.played(partial(game, arm.name, data.spec, optimizer), data, 160_000, 256).sample(5000, seed=arm.seed)
        rows.append(measured(made))
        arm.show(made[:2000], data.spec["x"])
    worst = {f"worst {name}": min(row[name] for row in rows) for name in ("modes", "coverage")}
    return {name: fmean(row[name] for row in rows) for name in rows[0]} | worst


def trivial(answer: Answer) -> dict[str, float]:
    """Points that nobody had to learn."""
    return measured(answer.samples(load("ring", sd=0.15), 5000))


def measured(made: Tensor) -> dict[str, float]:
    """What is measured of points (n, 2)."""
    found = points(load("ring", sd=0.15), made)
    both = harmonic_mean([found["modes"] / 8, found["coverage"]])
    return {"modes and data": both, "modes": found["modes"], "coverage": found["coverage"]}


def game(arm: str, spec: Spec, optimizer: Adam) -> WGANGP | GAN:
    """The game of an arm."""
    small = Plain(64)
    if arm == "game":
        return WGANGP(spec, latent=8, penalty=0.1, architecture=small, optimizer=optimizer)
    penalties = (GradientPenalty(0.1),) if arm == "control" else ()
    return GAN(
        spec,
        latent=8,
        architecture=small,
        prior=Normal(),
        penalties=penalties,
        discriminator_moves=5,
        optimizer=optimizer,
    )
