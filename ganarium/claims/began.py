"""A controller holds the balance of data's and samples' energies where it is asked to."""

from __future__ import annotations

from statistics import fmean
from typing import Any, cast

from ganarium.data import load
from ganarium.games.adversarial.began import BEGAN
from ganarium.ingredients import Adam
from ganarium.nets import Flat
from ganarium.proving.arm import Arm
from ganarium.zoo.claim import claim

SEEN = 19_200


@claim(
    "began",
    says="A proportional controller holds the energy of samples at the asked share of that of data, whatever it is",
    source="Berthelot et al., 2017, sections 3.3 and 3.4, equation 4; no figures",
    world="digits of 8 x 8 pixels, perceptrons; shares of 0.5, 0.7 and 0.9, 300 rounds of batches of 64 for each",
    measure="error: of the ratio of energies, over the last fifth of the rounds, mean over the three shares",
    better="lower",
    arms={
        "game": "the controller, of gain 0.05",
        "baseline": "k held at 0.1, so that samples always count as much",
        "control": "the controller with its sign turned",
    },
    pilot={
        "game": [0.0171, 0.0269, 0.0081],
        "baseline": [0.1353, 0.1342, 0.136],
        "control": [0.4, 0.3881, 0.412],
    },
    no_trivial="what is measured is the ratio of energies within a run, not samples",
)
def play(arm: Arm) -> dict[str, float]:
    data = load("digits")
    ratios = {gamma: held(arm, data, gamma) for gamma in (0.5, 0.7, 0.9)}
    error = fmean(abs(ratio - gamma) for gamma, ratio in ratios.items())
    return {"error": error, **{f"ratio at {gamma}": ratio for gamma, ratio in ratios.items()}}


def held(arm: Arm, data: Any, gamma: float) -> float:
    """The energy of samples over that of data, over the last fifth of the rounds."""
    gain, start = arm.among(game=(0.05, 0.0), baseline=(0.0, 0.1), control=(-0.05, 0.1))

    def make() -> BEGAN:
        networks, optimizer = Flat(128, generator_norm="batch"), Adam(1e-3, (0.5, 0.999))
        return BEGAN(
            data.spec,
            latent=16,
            code=8,
            gamma=gamma,
            gain=gain,
            start=start,
            architecture=networks,
            optimizer=optimizer,
        )

    last, game = [], None
    for trainer, report in arm.rounds(make, data, SEEN):
        game = cast(BEGAN, trainer.average)
        if report.seen > 0.8 * SEEN * arm.share:
            last.append(report.scalars)
    assert game is not None
    arm.show(game.sample(64, seed=arm.seed), data.spec["x"])
    return fmean(row["generator/fake"] for row in last) / fmean(row["discriminator/real"] for row in last)
