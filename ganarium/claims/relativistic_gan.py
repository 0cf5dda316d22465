"""Scores that are compared in pairs keep modes that scores of their own lose."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ganarium.data import load
from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.relativistic_gan import RelativisticGAN
from ganarium.ingredients import NonSaturating, Normal, RelativisticPairs, RMSprop
from ganarium.nets import Plain
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import points
from ganarium.zoo.claim import claim


class OneSided(RelativisticPairs):
    """A relativistic discriminator whose generator sees its samples' scores only."""

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        return NonSaturating().generator(fake)


@claim(
    "relativistic-gan",
    says="A relativistic game, where scores of data fall as those of samples rise, is steadier than the plain one",
    source="Jolicoeur-Martineau, 2019, section 6: on CIFAR-10 and cats, relativistic games do well at settings where "
    "the plain one fails; figures are of Frechet distances of images",
    world="8 Gaussians on a ring; 2,000 rounds of batches of 128; perceptrons of 64 units; RMSprop(1e-3)",
    measure="coverage: the share of data that lie nearer to one of 2,000 samples than to their own fifth neighbours",
    better="higher",
    arms={
        "game": "relativistic-gan, in pairs",
        "baseline": "gan, non-saturating",
        "control": "the relativistic discriminator with the plain generator, which leaves the scores of data out",
    },
    pilot={
        "game": [0.711, 0.682, 0.702],
        "baseline": [0.782, 0.7405, 0.5065],
        "control": [0.716, 0.702, 0.7065],
    },
    tried="On digits with Adam(1e-3, (0.9, 0.9)), one of the paper's unstable settings, averages do no better than the "
    "plain loss: Frechet distances of 5.0, 6.0, 5.7 against 5.0, 5.6, 5.0 (seeds 100 to 102: a pilot of that design, "
    "left for this one); with Adam(2e-3, (0.5, 0.999)) 1.12, 1.14 against 0.74, 0.71 (103, 104). Here averages "
    "cover 0.17, 0.78, 0.76 (103 to 105), pairs 0.70, 0.76, 0.75, the plain loss 0.71, 0.47, 0.43.",
)
def play(arm: Arm) -> dict[str, float]:
    data = load("ring")
    common = {"architecture": Plain(64), "prior": Normal(), "optimizer": RMSprop(1e-3)}
    make = arm.among(
        game=lambda: RelativisticGAN(data.spec, latent=4, objective=RelativisticPairs(), **common),
        baseline=lambda: GAN(data.spec, latent=4, **common),
        control=lambda: GAN(data.spec, latent=4, objective=OneSided(), **common),
    )
    made = arm.played(make, data, seen=256_000, batch=128, average=12_800).sample(10_000, seed=arm.seed)
    arm.show(made[:2000], data.spec["x"])
    return points(data, made)


def trivial(answer: Answer) -> dict[str, float]:
    data = load("ring")
    return points(data, answer.samples(data, 10_000))
