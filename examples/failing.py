"""Runs that are made to fail, each in its own way, and healthy ones; docs/diagnosing.md shows what is said of them.

    python examples/failing.py circles 11

trains the case `circles` with seed 11 into runs/circles-11 (seconds to a minute), and prints its diagnosis.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import torch

import ganarium as ga
from ganarium.ingredients import Minimax
from ganarium.nets import Flat, Plain
from ganarium.randomness import seeded


@dataclass(frozen=True)
class Failing:
    """A game, data, and how it is played.

    Args:
        game: The class of the game.
        data: The name of its data and the loader's options.
        options: Of the game's constructor; the measured recipe if there are none.
        settings: How it is played.
        digits: How many of the training digits are learned from; 0: all of the data.
    """

    game: Any
    data: tuple[str, dict[str, Any]]
    options: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    digits: int = 0


RING, DIGITS = ("ring", {}), ("digits", {"split": "train"})
POINTS = {"latent": 4, "architecture": Plain()}
FAST = {"objective": Minimax(), "simultaneous": True, "optimizer": ga.Adam(2e-3, (0.5, 0.99))}
BIG = {"latent": 64, "architecture": Flat(256, generator_norm="batch"), "optimizer": ga.Adam(5e-4, (0.0, 0.99))}
AHEAD = {"objective": Minimax(), "discriminator_moves": 10, "optimizer": ga.Adam(1e-4, (0.0, 0.99))}
CIRCLES = {"latent": 2, "architecture": Plain(32), "simultaneous": True, "optimizer": ga.SGD(0.05)}
CASES = {
    "ring": Failing(ga.GAN, RING, settings={"rounds": 1500, "batch_size": 128, "average": 40_000}),
    "r3gan": Failing(ga.R3GAN, DIGITS, settings={"rounds": 1500, "batch_size": 128, "average": 40_000}),
    "wgan-gp": Failing(ga.WGANGP, RING, settings={"rounds": 600}),
    "no-penalty": Failing(ga.GAN, RING, {"penalties": ()}, {"rounds": 1500, "batch_size": 128, "average": 40_000}),
    "steep": Failing(
        ga.GAN, RING, {**POINTS, "optimizer": ga.Adam(5e-3, (0.9, 0.99))}, {"rounds": 600, "batch_size": 128}
    ),
    "at-once": Failing(ga.GAN, RING, {**POINTS, **FAST}, {"rounds": 800, "batch_size": 128}),
    "grid": Failing(
        ga.GAN, ("grid", {}), {**POINTS, "optimizer": ga.Adam(1e-3, (0.5, 0.99))}, {"rounds": 800, "batch_size": 128}
    ),
    "few": Failing(ga.GAN, DIGITS, BIG, {"rounds": 800, "batch_size": 32}, digits=64),
    "ahead": Failing(
        ga.GAN, RING, {**POINTS, **AHEAD}, {"rounds": 400, "batch_size": 128, "lr": {"discriminator": 5e-3}}
    ),
    "circles": Failing(ga.GAN, ("ring", {"modes": 1, "radius": 1.0, "sd": 0.5}), CIRCLES, {"rounds": 1500}),
    "copies": Failing(ga.R3GAN, DIGITS, {"gamma": 0.1}, {"rounds": 2500, "batch_size": 30}, digits=30),
}


def main(name: str, seed: int) -> None:
    """Train a case, and say why it behaves as it does."""
    case = CASES[name]
    known: dict[str, Any] = {}
    data = ga.data.load(case.data[0], **case.data[1])
    if case.digits:
        order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
        known = {"held_out": data.test}
        data = known["data"] = data.subset(order[: case.digits])
    with seeded(torch.device("cpu"), seed):
        # What is not said follows the recipe; games with an architecture of their own say all.
        game = case.game(data.spec, **case.options) if "architecture" in case.options else None
        game = game or case.game.on(data, **case.options)
    run = ga.fit(game, data, ga.Settings(**case.settings, seed=seed), out=f"runs/{name}-{seed}", quiet=True)
    print(ga.diagnose(run, **known))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1], int(sys.argv[2]))
