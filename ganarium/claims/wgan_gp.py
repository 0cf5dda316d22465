"""A critic whose slope is penalised trains a better generator than one whose weights are clipped."""

from __future__ import annotations

from ganarium.data import load
from ganarium.games.adversarial.wgan import WGAN
from ganarium.games.adversarial.wgan_gp import WGANGP
from ganarium.ingredients import Adam, AroundData, Cosine, Penalty
from ganarium.nets import Plain
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import points
from ganarium.zoo.claim import claim


class Elsewhere(WGANGP):
    """The same penalty, but nowhere near data and samples."""

    def penalties_taken(self) -> tuple[Penalty, ...]:
        return AroundData(self.penalty, spread=20.0), *self.penalties


@claim(
    "wgan-gp",
    says="Clipped weights make the critic too simple for the data; a penalty on its slope does not, and trains better",
    source="Gulrajani et al., 2017, section 3 and figure 1: 8 and 25 Gaussians, Swiss roll",
    world="8 Gaussians on a ring; 400 rounds of batches of 256, five moves of the critic each; Adam, 2e-3 falling",
    measure="coverage: the share of 2,000 real points with a sample in reach of their fifth neighbour",
    better="higher",
    plays="the recipe's penalty, moves and momenta, with half of its units and a rate that falls from four times its "
    "own, in time",
    arms={
        "game": "wgan-gp, penalty 0.1, as the paper has it for points",
        "baseline": "wgan, the critic's weights clipped at 0.1",
        "control": "the same penalty, but nowhere near data and samples: at noise of 20 times the data's deviation",
    },
    pilot={
        "game": [0.4715, 0.5415, 0.428],
        "baseline": [0.0895, 0.09, 0.0845],
        "control": [0.071, 0.554, 0.323],
    },
)
def play(arm: Arm) -> dict[str, float]:
    data, small = load("ring"), Plain(64)
    falling = Adam(Cosine(2e-3, 0.0), (0.5, 0.9))
    game = arm.played(
        arm.among(
            game=lambda: WGANGP(data.spec, latent=8, penalty=0.1, architecture=small, optimizer=falling),
            baseline=lambda: WGAN(data.spec, latent=8, bound=0.1, burst=5, architecture=small, optimizer=falling),
            control=lambda: Elsewhere(data.spec, latent=8, penalty=0.1, architecture=small, optimizer=falling),
        ),
        data,
        seen=512_000,
        batch=256,
    )
    made = game.sample(10_000, seed=arm.seed)
    arm.show(made[:2000], data.spec["x"])
    return points(data, made)


def trivial(answer: Answer) -> dict[str, float]:
    data = load("ring")
    return points(data, answer.samples(data, 10_000))
