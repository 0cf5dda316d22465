"""A discriminator that sees how alike a batch is does not let all samples become one."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import pad

from ganarium.data import load
from ganarium.games.adversarial.gan import GAN
from ganarium.games.adversarial.improved_gan import ImprovedGAN
from ganarium.ingredients import Adam, NonSaturating, Normal
from ganarium.nets import Discriminator, Flat, MinibatchDiscriminating
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.measures import judged
from ganarium.zoo.claim import claim


@claim(
    "improved-gan",
    says="Perceptrons without norms collapse where no single sample shows it; comparing samples in the discriminator, "
    "and no other of the paper's techniques, keeps more modes",
    source="Salimans et al., 2016, section 3.2 and table 3: inception score 8.09 with all techniques, 3.87 without "
    "minibatch features; modes were not counted",
    world="stacked digits of 8 x 8 pixels; 750 rounds of batches of 64; perceptrons of 128 units without norms; "
    "Adam(1e-3, (0.5, 0.999))",
    measure="modes: of 1,000, that a classifier reads from 5,000 samples",
    better="higher",
    arms={
        "game": "improved-gan with minibatch discrimination alone: 50 kernels of 5 numbers, labels not smoothed",
        "baseline": "gan, non-saturating, with the same networks but for the kernels",
        "control": "the same as the game, whose kernels compare nothing: they always say that no other sample is near",
    },
    pilot={
        "game": [24.0, 13.0, 36.0],
        "baseline": [5.0, 1.0, 4.0],
        "control": [10.0, 2.0, 4.0],
    },
    plays="minibatch discrimination alone, on perceptrons without norms, where the plain game collapses; with smoothed "
    "labels too, one of the game's defaults, it found 2 modes",
    tried="The measure counts what a classifier reads from anything, 628 modes from white noise. Counted only where "
    "each of the three digits is as near to a real one as all but a twentieth of the real ones are to another, noise "
    "has none, and this game neither: of 15 modes (seed 200) no sample is so good, as nine in ten are further from "
    "digits than noise is. Explored with the same settings: 37 modes against 4, with blind kernels 2 (seed 103), but 3 "
    "against 3 (seed 104). With the game's smoothed labels, 0.9, it found 2 (seed 103).",
)
def play(arm: Arm) -> dict[str, float]:
    data, networks = load("stacked-digits"), Flat(128)
    common = {"prior": Normal(), "objective": NonSaturating(), "optimizer": Adam(1e-3, (0.5, 0.999))}
    across = MinibatchDiscriminating(networks, kernels=50)
    game = arm.played(
        arm.among(
            game=lambda: ImprovedGAN(data.spec, latent=64, architecture=across, **common),
            baseline=lambda: GAN(data.spec, latent=64, architecture=networks, **common),
            control=lambda: blinded(ImprovedGAN(data.spec, latent=64, architecture=across, **common)),
        ),
        data,
        seen=48_000,
    )
    made = game.sample(5000, seed=arm.seed)
    arm.show(made[:64], data.spec["x"])
    return judged(data, made, "modes", "divergence")


def trivial(answer: Answer) -> dict[str, float]:
    data = load("stacked-digits")
    return judged(data, answer.samples(data, 5000), "modes", "divergence")


class Blind(nn.Module):
    """Features, and beside them zeros where nearness would be.

    Args:
        kernels: How many zeros.
    """

    def __init__(self, kernels: int):
        super().__init__()
        self.kernels = kernels

    def forward(self, x: Tensor) -> Tensor:
        return pad(x, (0, self.kernels))


def blinded(game: ImprovedGAN) -> ImprovedGAN:
    """The game, the first weights of whose other layers are as they were."""
    assert isinstance(game.discriminator, Discriminator)
    trunk = game.discriminator.trunk
    trunk.across = Blind(trunk.across.kernels)  # type: ignore[union-attr]
    return game
