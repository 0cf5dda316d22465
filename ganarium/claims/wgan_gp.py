"""A critic whose slope is penalised trains a better generator than one whose weights are clipped."""

from __future__ import annotations

from ganarium.claiming import Arm, claim
from ganarium.claiming.measures import points
from ganarium.data import load
from ganarium.games.adversarial.wgan import WGAN
from ganarium.games.adversarial.wgan_gp import WGANGP
from ganarium.optimizers import Adam


@claim(
    "wgan-gp",
    says="Clipped weights make the critic too simple for the data; a penalty on its slope does not, and trains better",
    source="Gulrajani et al., 2017, section 3 and figure 1: 8 and 25 Gaussians, Swiss roll",
    world="25 Gaussians on a grid; 640,000 samples in batches of 64, five moves of the critic a round, Adam(5e-4)",
    measure="coverage: the share of 2,000 real points with a sample in reach of their fifth neighbour",
    better="higher",
    arms={
        "game": "wgan-gp, penalty 0.1",
        "baseline": "wgan, the critic's weights clipped at 0.1",
        "control": "wgan-gp without its penalty: nothing bounds the critic",
    },
    pilot={},
)
def play(arm: Arm) -> dict[str, float]:
    data, optimizer = load("grid"), Adam(5e-4, (0.5, 0.9))
    game = arm.played(
        arm.among(
            game=lambda: WGANGP(data.spec, 16, 0.1, optimizer=optimizer),
            baseline=lambda: WGAN(data.spec, 16, 0.1, burst=5, optimizer=optimizer),
            control=lambda: WGANGP(data.spec, 16, 0.0, optimizer=optimizer),
        ),
        data,
        seen=640_000,
    )
    made = game.sample(10_000, seed=arm.seed)
    arm.show(made[:2000], data.spec["x"])
    return points(data, made)
