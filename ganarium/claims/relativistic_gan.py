"""A game about which of two is likelier to be data, at settings where the plain game is unsteady."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import fmean

from torch import Tensor, nn

from ganarium.data import load
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import Adam, NonSaturating, Normal, RelativisticAverage
from ganarium.nets import DeepConvolutional
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import judged
from ganarium.spec import Spec
from ganarium.zoo.claim import claim


class OneSided(RelativisticAverage):
    """A relativistic discriminator whose generator sees its samples' scores only."""

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        return NonSaturating().generator(fake)


def as_made(network: nn.Module) -> None:
    """The networks as DCGAN's paper has them."""


def without_norm(network: nn.Module) -> None:
    """Take batch norm out of a network."""
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            network.set_submodule(name, nn.Identity())


def with_tanh(network: nn.Module) -> None:
    """Put tanh in the place of a network's rectifiers."""
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.ReLU | nn.LeakyReLU):
            network.set_submodule(name, nn.Tanh())


#: The paper's unstable settings, each with one change: the rate, both momenta (with half its rate), no norm, tanh. All
#: rates are five times the paper's, whose run is a hundred times as long.
SETTINGS: dict[str, tuple[Adam, Callable[[nn.Module], None]]] = {
    "rate": (Adam(5e-3, (0.5, 0.999)), as_made),
    "momenta": (Adam(5e-4, (0.9, 0.9)), as_made),
    "no norm": (Adam(1e-3, (0.5, 0.999)), without_norm),
    "tanh": (Adam(1e-3, (0.5, 0.999)), with_tanh),
}


@claim(
    "relativistic-gan",
    says="A game about which is likelier to be data, a datum or a sample, stays steady at settings where the plain one "
    "does not",
    source="Jolicoeur-Martineau, 2019, section 6: on CIFAR-10 and cats, relativistic games do well at settings where "
    "the plain one fails: a high rate, high momenta, no batch norm, tanh; figures are of Frechet distances of images",
    world="digits of 8 x 8 pixels; convolutions from 32 channels on; the paper's four unstable settings, at five times "
    "its rates; 750 rounds of batches of 64 each",
    measure="distance: Frechet's, of 2,000 samples to the data, on their pixels; mean over the four settings",
    better="lower",
    plays="small convolutions and the paper's unstable settings, which the sentence is about; the game has no recipe",
    arms={
        "game": "relativistic-gan: cross entropy of scores less the other side's mean",
        "baseline": "gan, non-saturating: cross entropy of the scores",
        "control": "the relativistic discriminator with the plain generator, which leaves the scores of data out",
    },
    pilot={
        "game": [1.578, 1.531, 1.48],
        "baseline": [2.235, 2.252, 2.043],
        "control": [3.693, 3.254, 3.521],
    },
)
def play(arm: Arm) -> dict[str, float]:
    data, found = load("digits", split="train"), {}
    for name, setting in SETTINGS.items():
        made = arm.played(partial(game, arm, data.spec, *setting), data, seen=48_000).sample(2000, seed=arm.seed)
        found[name] = judged(data, made, "frechet", features="pixels")["frechet"]
        arm.show(made[:64], data.spec["x"])
    return {"distance": fmean(found.values()), **found}


def trivial(answer: Answer) -> dict[str, float]:
    data = load("digits", split="train")
    return {"distance": judged(data, answer.samples(data, 2000), "frechet", features="pixels")["frechet"]}


def game(arm: Arm, spec: Spec, optimizer: Adam, change: Callable[[nn.Module], None]) -> GAN:
    """The game of an arm with one setting."""
    objective = arm.among(game=RelativisticAverage(), baseline=NonSaturating(), control=OneSided())
    common = {"latent": 64, "architecture": DeepConvolutional(32, kernel=4), "prior": Normal()}
    game = GAN(spec, objective=objective, optimizer=optimizer, **common)
    change(game.generator)
    change(game.discriminator)
    return game
