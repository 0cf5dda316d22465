"""Do melodies span and vary as the data's do? Ratios to real melodies."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.learning import played
from ganarium.data import Data, load
from ganarium.data.melodies import scale_consistency, span
from ganarium.game import Stage
from ganarium.games.sequence.c_rnn_gan import CRNNGAN


class Predictor(CRNNGAN):
    """The control: the generator only learns to predict the next note."""

    def stages(self) -> list[Stage]:
        return super().stages()[:1]


def statistics(data: Data, x: Tensor) -> dict[str, float]:
    """Of melodies: spans of tone and loudness, share of notes in a scale, memory, and how they differ."""
    notes = data.spec["x"].restore(x)
    pitch = notes[..., 1]
    centred = pitch - pitch.mean(1, keepdim=True)
    memory = (centred[:, 1:] * centred[:, :-1]).sum(1) / centred.square().sum(1).clamp(min=1e-6)
    return {
        "tone span": span(pitch).mean().item(),
        "intensity span": span(notes[..., 2]).mean().item(),
        "scale": scale_consistency(pitch).mean().item(),
        "memory": memory.mean().item(),
        "between": pitch.mean(1).std().item(),
    }


def melodies(kind: type[CRNNGAN], seed: int, rounds: int) -> dict[str, float]:
    """Ratios to held-out melodies; scale: 0 for notes at random, 1 for the data; memory: its absolute error."""
    data = load("melodies")
    random = torch.randint(40, 85, (2000, 32), generator=torch.Generator().manual_seed(0))
    floor = scale_consistency(random).mean().item()
    real = statistics(data, data.test["x"])
    made = statistics(data, played(kind, data.train, rounds, seed).sample(400, seed=1))
    row = {name: made[name] / real[name] for name in ("tone span", "intensity span", "between")}
    row["scale"] = (made["scale"] - floor) / (real["scale"] - floor)
    row["memory"] = abs(made["memory"] - real["memory"])
    return {name: round(value, 3) for name, value in row.items()}


arms = {"c-rnn-gan": lambda s: melodies(CRNNGAN, s, 800), "predictor": lambda s: melodies(Predictor, s, 800)}
