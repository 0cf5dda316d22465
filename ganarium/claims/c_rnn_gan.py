"""Melodies that a discriminator judged span more tones than those of the same network that predicts notes."""

from __future__ import annotations

from torch import Tensor

from ganarium.data import Data, load
from ganarium.data.worlds.melodies import scale_consistency, span
from ganarium.game import Stage
from ganarium.games.sequence.c_rnn_gan import CRNNGAN
from ganarium.proving.arm import Arm
from ganarium.zoo.claim import claim


@claim(
    "c-rnn-gan",
    says="Adversarial training gives melodies more tones and more intensities than the same network predicting notes",
    source="Mogren, 2016, section 4 and figure 3: tone and intensity span in training, beside a baseline without game",
    world="2,000 melodies of 16 notes in a key; one layer of 32 units, a fifth of the run for prediction, Adam(1e-3); "
    "38,400 samples in batches of 64",
    measure="tones: the mean span of tones of 400 melodies over that of held-out ones, or its inverse if that is less",
    better="higher",
    arms={
        "game": "c-rnn-gan",
        "baseline": "its generator alone, which learns to predict the next note",
        "control": "c-rnn-gan whose discriminator always rests",
    },
    pilot={
        "game": [0.6145, 0.7331, 0.1345],
        "baseline": [0.393, 0.4666, 0.3875],
        "control": [0.4167, 0.3308, 0.4456],
    },
    tried="The span is wider, but not by variety: the melodies of a run are alike (the picture shows one), and "
    "'between', how much their mean pitches differ, is less than by prediction. A run may also collapse to a span of "
    "0.13 (seed 102 of the pilot). Rates of 2e-3: game 0.62, 0.25, 0.59 and prediction alone 0.59, 0.75, 0.57 (seeds "
    "100 to 102). Features matched, 0.54 (seed 105); no rule of rest, 0.44 (seed 103).",
)
def play(arm: Arm) -> dict[str, float]:
    data = load("melodies", length=16)
    kind = arm.among(game=CRNNGAN, baseline=Predictor, control=Untaught)
    game = arm.played(lambda: kind.on(data.train, units=32), data.train, seen=38_400)
    made = game.sample(400, seed=arm.seed)
    arm.show(made[:64], data.spec["x"])
    found, real = statistics(data, made), statistics(data, data.test["x"])
    ratios = {name: found[name] / real[name] for name in real}
    return {"tones": min(ratios["tone span"], 1 / max(ratios["tone span"], 1e-6)), **ratios}


class Predictor(CRNNGAN):
    """The generator only learns to predict the next note."""

    def stages(self) -> list[Stage]:
        return super().stages()[:1]


class Untaught(CRNNGAN):
    """The discriminator stays as it began."""

    def discriminator_rests(self) -> bool:
        return True


def statistics(data: Data, x: Tensor) -> dict[str, float]:
    """Of melodies (n, T, 4): spans of tone and intensity, the share of notes in a scale, how mean pitches differ."""
    notes = data.spec["x"].restore(x)
    pitch = notes[..., 1]
    return {
        "tone span": span(pitch).mean().item(),
        "intensity span": span(notes[..., 2]).mean().item(),
        "in a scale": scale_consistency(pitch).mean().item(),
        "between": pitch.mean(1).std().item(),
    }
