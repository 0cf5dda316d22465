"""A generator that foresees the discriminator's answer does not put all its mass in one place."""

from __future__ import annotations

from ganarium.claiming.arm import Arm
from ganarium.claiming.measures import points
from ganarium.claiming.statement import claim
from ganarium.data import load
from ganarium.games.adversarial.unrolled_gan import UnrolledGAN
from ganarium.optimizers import Adam


@claim(
    "unrolled-gan",
    says="A generator that foresees the discriminator's steps spreads over modes, between which it otherwise moves",
    source="Metz et al., 2017, section 3.1, figure 2: 8 Gaussians on a ring, no unrolling against 10 steps; no figures",
    world="8 Gaussians on a ring; two layers of 128 tanh, 64 latents; 1,500 rounds of batches of 128; Adam(1e-3, (0.5, "
    "0.999)) for both",
    measure="coverage: of 2,000 data, the share with a sample as near as their fifth neighbour",
    better="higher",
    arms={
        "game": "5 steps of rate 0.5 foreseen",
        "baseline": "no steps: minimax",
        "control": "the same steps without the gradient through them",
    },
    pilot={},
)
def play(arm: Arm) -> dict[str, float]:
    data = load("ring")
    steps, through = arm.among(game=(5, True), baseline=(0, True), control=(5, False))
    rule = Adam(1e-3, (0.5, 0.999))

    def make() -> UnrolledGAN:
        # One pass over data and samples together is faster, and the same without norms.
        common = {"joined": True, "generator_optimizer": rule, "discriminator_optimizer": rule}
        return UnrolledGAN(data.spec, 64, steps, 0.5, through, **common)

    made = arm.played(make, data, seen=192_000, batch=128, average=12_800).sample(10_000, seed=arm.seed)
    arm.show(made[:2000], data.spec["x"])
    return points(data, made)
