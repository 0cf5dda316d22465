r"""A generator draws in one pass; a model of each pixel given those before it needs a pass for each.

The fully visible belief net here is one masked network (Germain et al., 2015): with degrees :math:`m_k` of its hidden
units, unit k sees the first :math:`m_k` pixels and serves those after them, so that
:math:`\log p(x) = \sum_i \log p(x_i | x_1 \dots x_{i-1})` comes from one pass. Samples are drawn pixel by pixel; the
hidden units' sums are kept from one pixel to the next, so that all passes together cost no more sums than one.
"""

from __future__ import annotations

import math
import time
from statistics import median
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ganarium.data import load
from ganarium.game import Batch, Density, Game, Paper, Player, Samples, Terms
from ganarium.games.adversarial.r3gan import R3GAN
from ganarium.ingredients import Adam
from ganarium.proving.arm import Arm
from ganarium.proving.measures import judged
from ganarium.spec import Field, Spec
from ganarium.zoo.claim import claim


class FullyVisible(Game, Samples, Density):
    r"""A fully visible belief net, whose player descends -log p(x).

    Args:
        units: Hidden units.
        levels: How many values pixels take, from -1 to 1.
    """

    paper = Paper("Does the Wake-Sleep Algorithm Produce Good Density Estimators?", ("Brendan Frey",), 1995, "one-pass")

    units: int = 256
    levels: int = 17

    def build(self) -> None:
        self.size = self.spec["x"].size
        self.hidden, self.out = nn.Linear(self.size, self.units), nn.Linear(self.units, self.size * self.levels)
        pixel, degree = torch.arange(1, self.size + 1), 1 + torch.arange(self.units) % max(self.size - 1, 1)
        self.sees: Tensor
        self.serves: Tensor
        self.register_buffer("sees", (pixel <= degree[:, None]).float())
        self.register_buffer("serves", (pixel[:, None] > degree).float().repeat_interleave(self.levels, 0))

    def players(self) -> list[Player]:
        return [Player("net", self.loss, owns=[self.hidden, self.out], optimizer=Adam(2e-3, (0.9, 0.999)))]

    def loss(self, batch: Batch) -> Terms:
        return {"likelihood": -self.log_prob(batch["x"]).mean()}

    def log_prob(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        units = linear(x, self.hidden.weight * self.sees, self.hidden.bias).relu()
        logits = linear(units, self.out.weight * self.serves, self.out.bias).view(-1, self.size, self.levels)
        level = ((x + 1) * (self.levels - 1) / 2).round().long()
        return logits.log_softmax(2).gather(2, level[:, :, None]).sum((1, 2))

    def draw(self, n: int, **condition: Tensor) -> Tensor:
        sums = self.hidden.bias.expand(n, -1)
        inward, outward = (self.hidden.weight * self.sees).T, (self.out.weight * self.serves).split(self.levels)
        pixels = []
        for weight, bias, onward in zip(outward, self.out.bias.split(self.levels), inward, strict=True):
            level = linear(sums.relu(), weight, bias).softmax(1).multinomial(1)
            pixels.append(level * 2 / (self.levels - 1) - 1)
            sums = sums + pixels[-1] * onward
        return torch.cat(pixels, 1).view(n, *self.spec["x"].shape)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((1, 2, 2), "image")), units=16, levels=3)


@claim(
    "one-pass",
    says="A GAN's samples come all at once; a fully visible belief net draws one number after the other",
    source="Goodfellow, 2016 (tutorial), sections 2.3 and 2.5: n steps that cannot run in parallel; and the lectures",
    world="digits of 8 x 8 pixels; 32,000 samples in batches of 64",
    measure="log2 of the seconds of one core that 1,000 samples take, the median of nine draws",
    better="lower",
    arms={
        "game": "r3gan",
        "baseline": "a fully visible belief net of 256 hidden units: 64 steps",
        "control": "the same net with 32 hidden units: small, but 64 steps all the same",
    },
    pilot={
        "game": [-8.5691, -8.4812, -8.5425],
        "baseline": [-3.703, -3.8154, -3.7267],
        "control": [-4.4968, -4.5571, -3.9816],
    },
    plays="the recipe, in batches of 64",
    no_trivial="time is measured, and no sample",
)
def play(arm: Arm) -> dict[str, float]:
    data = load("digits", split="train")
    make = arm.among(
        game=lambda: R3GAN.on(data),
        baseline=lambda: FullyVisible(data.spec),
        control=lambda: FullyVisible(data.spec, units=32),
    )
    game = arm.played(make, data, seen=32_000)
    made = game.sample(2000, seed=arm.seed, chunk=1000)
    arm.show(made[:64], data.spec["x"])
    return {"log2 seconds": math.log2(seconds(game)), **judged(data, made, "frechet", features="pixels")}


def seconds(game: Samples) -> float:
    """The seconds of one core that 1,000 samples take."""
    took = []
    for _ in range(9):
        begun = time.thread_time()
        game.sample(1000, chunk=1000, seed=0)
        took.append(time.thread_time() - begun)
    return median(took)
