"""A discriminator whose weights are divided by their norm trains at rates and momenta that break others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import fmean
from typing import Any

from torch import nn
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

from ganarium.data import load
from ganarium.game import Game
from ganarium.games.adversarial.sngan import SNGAN
from ganarium.games.adversarial.wgan import WGAN
from ganarium.games.adversarial.wgan_gp import WGANGP
from ganarium.ingredients import Adam
from ganarium.nets import Flat
from ganarium.nets.layers.norms import Norm
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
    measure="distance: Frechet, on pixels, mean over the settings",
    better="lower",
    plays="perceptrons of the recipe's kind with half of its latent and all five moves, at the paper's settings D, E "
    "and F",
    arms={
        "game": "every weight of the discriminator is divided by its largest singular value",
        "baseline": "the best, by its mean, of four other ways: nothing, layer norm, the penalty of wgan-gp (10), and "
        "the box of wgan (0.1)",
        "control": "divided once, before the first round",
    },
    pilot={
        "game": [0.9644, 1.036, 0.9848],
        "baseline": [0.4533, 0.4748, 0.4616],
        "control": [2.219, 2.159, 2.041],
    },
)
def play(arm: Arm) -> dict[str, float]:
    ways = {name: over_settings(arm, make) for name, make in arm.among(**WAYS).items()}
    best = min(ways, key=lambda name: fmean(ways[name].values()))
    means = {name: fmean(found.values()) for name, found in ways.items()}
    return {"distance": means[best], **ways[best], **(means if len(ways) > 1 else {})}


def trivial(answer: Answer) -> dict[str, float]:
    data = load("digits")
    return {"distance": judged(data, answer.samples(data, 2000), "frechet", features="pixels")["frechet"]}


def over_settings(arm: Arm, make: Callable[[Spec, Adam], Game]) -> dict[str, float]:
    """The distance after each setting."""
    data, found = load("digits"), {}
    for name, optimizer in SETTINGS.items():
        game: Any = arm.played(partial(make, data.spec, optimizer), data, seen=48_000)
        made = game.sample(2000, seed=arm.seed)
        found[f"setting {name}"] = judged(data, made, "frechet", features="pixels")["frechet"]
        arm.show(made[:64], data.spec["x"])
    return found


def normed(norm: Norm | None, spec: Spec, optimizer: Adam) -> SNGAN:
    """The paper's game, its discriminator with one norm or another."""
    return SNGAN(spec, latent=32, architecture=Flat(128, norm=norm, generator_norm="batch"), optimizer=optimizer)


def released(spec: Spec, optimizer: Adam) -> SNGAN:
    """The game with the weights that its norm made, which are free from now on."""
    game = normed("spectral", spec, optimizer)
    for module in list(game.discriminator.modules()):
        if isinstance(module, nn.Linear) and is_parametrized(module):
            remove_parametrizations(module, "weight")
    return game


def penalised(spec: Spec, optimizer: Adam) -> WGANGP:
    return WGANGP(spec, latent=32, architecture=Flat(128, generator_norm="batch"), optimizer=optimizer)


def clipped(spec: Spec, optimizer: Adam) -> WGAN:
    networks = Flat(128, generator_norm="batch")
    return WGAN(spec, latent=32, bound=0.1, burst=5, architecture=networks, optimizer=optimizer)


WAYS: dict[str, dict[str, Callable[[Spec, Adam], Any]]] = {
    "game": {"spectral": partial(normed, "spectral")},
    "baseline": {
        "nothing": partial(normed, None),
        "layer norm": partial(normed, "layer"),
        "penalty": penalised,
        "box": clipped,
    },
    "control": {"divided once": released},
}
