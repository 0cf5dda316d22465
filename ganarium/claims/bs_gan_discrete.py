"""Bits teach by how much likelier each is than its fellows; whether with less noise than by rewards is measured."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean

import torch
from torch import Tensor

from ganarium.data import load
from ganarium.games.adversarial.bs_gan_discrete import BSGANDiscrete
from ganarium.ingredients import Adam
from ganarium.nets import Flat
from ganarium.nets.layers.bits import log_mass
from ganarium.proving.arm import Arm
from ganarium.randomness import mix, seeded
from ganarium.zoo.claim import claim

LOOKS, DRAWS, ROUNDS = (20, 100, 300), 60, 300


@claim(
    "bs-gan-discrete",
    says="Normalised weights train generators of discrete data, with less noise than the rewards of REINFORCE",
    source="Hjelm et al., 2018, section 2 and its experiments with binary digits; no figures known",
    world="digits of 8 x 8 pixels of -1 or 1; 300 rounds of the game, batches of 64, 20 samples of each latent, "
    "Adam(1e-3, (0.5, 0.999)), perceptrons of 128 units, batch norm in the generator; all arms look at the same game",
    measure="noise: the variance of the generator's gradient over 60 draws of the bits of 64 latents, over the "
    "squared length of its mean; mean over looks after 20, 100 and 300 rounds",
    better="lower",
    plays="the recipe",
    arms={
        "game": "weights are a softmax of the scores of a latent's samples",
        "baseline": "REINFORCE: the reward is the score less the batch's mean score, as the authors' log Z follows it",
        "control": "the score itself is the reward, without normalisation or mean",
    },
    pilot={
        "game": [2.257, 2.113, 2.299],
        "baseline": [1.083, 1.051, 1.15],
        "control": [3.521, 1.865, 3.866],
    },
    no_trivial="what is measured is the gradient of a game, not samples",
)
def play(arm: Arm) -> dict[str, float]:
    data, networks = load("digits", split="train", binary=True), Flat(128, generator_norm="batch", depth=2)
    weights = arm.among(game=softmax, baseline=centred, control=raw)

    def make() -> BSGANDiscrete:
        return BSGANDiscrete(data.spec, latent=32, draws=20, architecture=networks, optimizer=Adam(1e-3, (0.5, 0.999)))

    found = {}
    for trainer, report in arm.rounds(make, data, seen=ROUNDS * 64):
        if report.round in LOOKS or report.seen >= ROUNDS * 64 * arm.share:
            game: BSGANDiscrete = trainer.game  # type: ignore[assignment]
            found[f"after {report.round}"] = noise(game, weights, mix(arm.seed, report.round))
    arm.show(trainer.average.sample(64, seed=arm.seed), data.spec["x"])  # type: ignore[union-attr]
    return {"noise": fmean(found.values()), **found}


def noise(game: BSGANDiscrete, weights: Callable[[Tensor], Tensor], seed: int, batch: int = 64) -> float:
    """The variance of the generator's gradient over draws of the bits, over the squared length of its mean."""
    parameters = [each for each in game.generator.parameters() if each.requires_grad]
    with seeded(game.device, seed):
        z, rows = game.noise(batch), []
        for _ in range(DRAWS):
            logits = game.generator(z)
            made = game.several(logits)
            with torch.no_grad():
                counts = weights(game.score(made.flatten(0, 1)).unflatten(0, made.shape[:2]))
            loss = -(counts * log_mass(made, logits[:, None], len(game.spec["x"].shape))).sum(1).mean()
            rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)]).double())
    gradients = torch.stack(rows)
    mean = gradients.mean(0)
    scatter = (gradients - mean).square().sum() / (DRAWS - 1)
    # The mean's own noise is no signal.
    return float(scatter / (mean.square().sum() - scatter / DRAWS).clamp(min=1e-12))


def softmax(scores: Tensor) -> Tensor:
    """The game's: what each of a latent's samples (B, M) counts."""
    return scores.softmax(1)


def centred(scores: Tensor) -> Tensor:
    return (scores - scores.mean()) / scores.shape[1]


def raw(scores: Tensor) -> Tensor:
    return scores / scores.shape[1]
