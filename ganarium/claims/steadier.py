"""Over rates and momenta, a penalised critic keeps the modes that the non-saturating game drops."""

from __future__ import annotations

from functools import partial
from statistics import fmean

from ganarium.data import load
from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.wgan_gp import WGANGP
from ganarium.ingredients import Adam, Normal
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
    measure="modes: of 8, with a quarter of their fair share of samples, mean over the settings",
    better="higher",
    arms={
        "game": "wgan-gp, penalty 0.1",
        "baseline": "gan, non-saturating",
        "control": "wgan-gp without its penalty",
    },
    pilot={
        "game": [7.3333, 8.0, 7.3333],
        "baseline": [5.0, 5.6667, 4.6667],
        "control": [1.0, 1.3333, 1.3333],
    },
    plays="the recipe of wgan-gp with half of its units, a latent of 8 and other rates, which the claim is about; gan "
    "without its recipe's penalty",
    tried="The measure says little of a game: sixteen data, repeated, have all 8 modes, as the game has with each "
    "seed. With the usual standard deviation of 0.05 and rates of 5e-4 and 2e-3 neither game gets sharp in 150 rounds: "
    "0 modes on average against 1.3 (seed 103). With 0.15 and these rates 5.7 against 4.7. With a momentum of 0.9 the "
    "penalised critic had 3 modes.",
)
def play(arm: Arm) -> dict[str, float]:
    data, rows = load("ring", sd=0.15), []
    for optimizer in SETTINGS:
        made = arm.played(partial(game, arm.name, data.spec, optimizer), data, 160_000, 256).sample(5000, seed=arm.seed)
        rows.append(points(data, made))
        arm.show(made[:2000], data.spec["x"])
    worst = {f"worst {name}": min(row[name] for row in rows) for name in ("modes", "coverage")}
    return {"modes": fmean(row["modes"] for row in rows), "coverage": fmean(row["coverage"] for row in rows), **worst}


def trivial(answer: Answer) -> dict[str, float]:
    data = load("ring", sd=0.15)
    found = points(data, answer.samples(data, 5000))
    return {name: found[name] for name in ("modes", "coverage")}


def game(arm: str, spec: Spec, optimizer: Adam) -> WGANGP | GAN:
    """The game of an arm."""
    small = Plain(64)
    if arm == "baseline":
        return GAN(spec, latent=8, architecture=small, prior=Normal(), discriminator_moves=5, optimizer=optimizer)
    return WGANGP(spec, latent=8, penalty=0.1 if arm == "game" else 0.0, architecture=small, optimizer=optimizer)
