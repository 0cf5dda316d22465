"""A discriminator whose weights are divided by their norm trains at rates and momenta that break others."""

from __future__ import annotations

from functools import partial
from statistics import fmean

from torch import nn
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

from ganarium.data import load
from ganarium.games.adversarial.sngan import SNGAN
from ganarium.ingredients import Adam
from ganarium.nets import Flat
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import judged
from ganarium.spec import Spec
from ganarium.zoo.claim import claim

#: The paper's most aggressive settings, each with five moves of the discriminator.
SETTINGS = {"D": Adam(1e-3, (0.5, 0.9)), "E": Adam(1e-3, (0.5, 0.999)), "F": Adam(1e-3, (0.9, 0.999))}


@claim(
    "sngan",
    says="Spectral normalisation trains well at high rates and momenta, where other ways of taming a critic fail",
    source="Miyato et al., 2018, section 4.1, table 1 and figures 1 and 2: CIFAR-10 and STL-10, settings A to F",
    world="digits of 8 x 8 pixels, perceptrons; the paper's settings D, E and F, 150 rounds each, batches of 64",
    measure="distance: Frechet, on features of digits, mean over the settings",
    better="lower",
    arms={
        "game": "every weight of the discriminator is divided by its largest singular value",
        "baseline": "the same discriminator without a norm",
        "control": "divided once, before the first round",
    },
    pilot={
        "game": [0.9644, 1.0365, 0.9848],
        "baseline": [2.2339, 2.044, 2.1821],
        "control": [2.2187, 2.1593, 2.0409],
    },
)
def play(arm: Arm) -> dict[str, float]:
    data, found = load("digits"), {}
    for name, optimizer in SETTINGS.items():
        made = arm.played(partial(game, arm.name, data.spec, optimizer), data, seen=48_000).sample(2000, seed=arm.seed)
        found[f"setting {name}"] = judged(data, made, "frechet")["frechet"]
        arm.show(made[:64], data.spec["x"])
    return {"distance": fmean(found.values()), **found}


def trivial(answer: Answer) -> dict[str, float]:
    data = load("digits")
    return {"distance": judged(data, answer.samples(data, 2000), "frechet")["frechet"]}


def game(arm: str, spec: Spec, optimizer: Adam) -> SNGAN:
    """The game of an arm."""
    networks = Flat(128, norm=None if arm == "baseline" else "spectral", generator_norm="batch")
    game = SNGAN(spec, latent=32, architecture=networks, optimizer=optimizer)
    return released(game) if arm == "control" else game


def released(game: SNGAN) -> SNGAN:
    """The game with the weights that its norm made, which are free from now on."""
    for module in list(game.discriminator.modules()):
        if isinstance(module, nn.Linear) and is_parametrized(module):
            remove_parametrizations(module, "weight")
    return game
