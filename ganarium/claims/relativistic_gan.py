"""A generator that must answer for the scores of data too bears settings under which the plain game fails."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ganarium.claiming.arm import Arm
from ganarium.claiming.measures import judged
from ganarium.claiming.statement import claim
from ganarium.data import load
from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.relativistic_gan import RelativisticGAN
from ganarium.nets.flat import Flat
from ganarium.objectives import NonSaturating, RelativisticAverage
from ganarium.optimizers import Adam
from ganarium.priors import Normal


class OneSided(RelativisticAverage):
    """A relativistic discriminator whose generator sees its samples' scores only."""

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        return NonSaturating().generator(fake)


@claim(
    "relativistic-gan",
    says="A relativistic game, where scores of data fall as those of samples rise, bears unstable settings better",
    source="Jolicoeur-Martineau, 2019, section 6: CIFAR-10 at settings that are hard for the plain loss, among them a "
    "rate of 1e-3 and momenta of 0.9 and 0.9; figures not taken over",
    world="digits of 8 x 8; perceptrons of 128 units without norms; 1,500 rounds of batches of 64; Adam(1e-3, "
    "(0.9, 0.9)), one of the paper's unstable settings",
    measure="Frechet distance of 2,000 samples to the digits, in features of a classifier of digits",
    better="lower",
    arms={
        "game": "relativistic-gan, by averages",
        "baseline": "gan, non-saturating",
        "control": "the relativistic discriminator with the plain generator, which leaves the scores of data out",
    },
    pilot={},
)
def play(arm: Arm) -> dict[str, float]:
    data = load("digits")
    common = {"architecture": Flat(128), "prior": Normal(), "optimizer": Adam(1e-3, (0.9, 0.9))}
    make = arm.among(
        game=lambda: RelativisticGAN(data.spec, 32, **common),
        baseline=lambda: GAN(data.spec, 32, **common),
        control=lambda: GAN(data.spec, 32, objective=OneSided(), **common),
    )
    made = arm.played(make, data, seen=96_000).sample(2000, seed=arm.seed)
    arm.show(made[:64], data.spec["x"])
    return judged(data, made, "frechet", "precision", "recall")
