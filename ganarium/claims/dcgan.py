"""Batch norm is what lets deep convolutional networks play: without it they begin slowly and stay behind."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganarium.data import load
from ganarium.games.adversarial.dcgan import DCGAN
from ganarium.ingredients import Adam
from ganarium.nets import DeepConvolutional
from ganarium.nets.layers.conv import he
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import judged
from ganarium.zoo.claim import claim


class Gain(nn.Module):
    """What is left of batch norm without the batch: a gain and a bias for each channel."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        sides = [1] * (x.ndim - 2)
        return x * self.weight.view(-1, *sides) + self.bias.view(-1, *sides)


@claim(
    "dcgan",
    says="With batch norm in both networks, but not at the image, deep convolutional networks learn the game",
    source="Radford, Metz and Chintala, 2016, section 3: critical to get deep generators to begin learning",
    world="digits of 8 x 8 pixels; 48,000 samples in batches of 64, 32 channels, Adam(5e-4, (0.5, 0.999))",
    measure="Frechet distance of 2,000 samples to the data, in features of a classifier of digits",
    better="lower",
    arms={
        "game": "dcgan",
        "baseline": "the same networks without batch norm, their first weights as large as rectifiers need (He et al.)",
        "control": "the same as the baseline, with batch norm's gains and biases but not the batch's statistics",
    },
    pilot={
        "game": [1.0608, 1.0636, 1.0621],
        "baseline": [1.4714, 1.6732, 1.8786],
        "control": [1.1725, 1.6109, 1.603],
    },
    tried="Frechet distances of game, baseline and control, seed 104: at a rate of 2e-4 2.91, 2.83, 2.09, at 1.5e-3 "
    "0.68, 0.76, 0.78, and with 16 x 16 pixels, 16 channels and 2e-3 0.82, 0.69, 0.33: so the effect is of this rate "
    "and size. With DCGAN's own small first weights and no batch norm 2.7 (seed 103). A linear support vector machine "
    "on all features of D (table 1 of the paper), five labels a class, ten draws: 0.833 against 0.823 untrained and "
    "0.821 on pixels (seed 103), 0.828 against 0.826 (seed 104, 1e-3): too little to show",
)
def play(arm: Arm) -> dict[str, float]:
    data, family = load("digits", split="train"), DeepConvolutional(32, kernel=4)

    def made() -> DCGAN:
        game = DCGAN(data.spec, latent=64, architecture=family, optimizer=Adam(5e-4, (0.5, 0.999)))
        if arm.name != "game":
            without_norm(game.generator, 0.0, arm.name == "control")
            without_norm(game.discriminator, 0.2, arm.name == "control")
        return game

    game = arm.played(made, data, seen=48_000)
    samples = game.sample(2000, seed=arm.seed)
    arm.show(samples[:64], data.spec["x"])
    return judged(data, samples, "frechet", "coverage")


def trivial(answer: Answer) -> dict[str, float]:
    data = load("digits", split="train")
    return judged(data, answer.samples(data, 2000), "frechet", "coverage")


@torch.no_grad()
def without_norm(network: nn.Module, slope: float, gain: bool) -> None:
    """Take batch norm out of a network, and draw its weights anew for rectifiers of this slope."""
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            network.set_submodule(name, Gain(module.num_features) if gain else nn.Identity())
        elif isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            he(module, slope)
