"""What does augmentation save where data is short? A hundred digits to learn from, judged against all 1,797.

``python -m benchmarks.augmentation [SEED ...]`` trains and prints a line for each arm and seed.
"""

from __future__ import annotations

import sys
import time

import torch

from benchmarks.quality import digits_row
from ganarium.data import load
from ganarium.games.adversarial.r3gan import R3GAN
from ganarium.ingredients import Adaptive, Augmentation, DiffAugment, Shift, Stretch, Translation, Zoom
from ganarium.proving.arm import Arm

# What leaves a digit a digit.
POLICY: tuple[Augmentation, ...] = (Translation(), Zoom(), Stretch(), Shift())


def digits(augment: Augmentation | None, seed: int) -> dict[str, float]:
    """3,000 rounds; Frechet distances, precision and recall, and how far D scores its own digits above others."""
    data, held = load("digits", split="train").subset(range(100)), load("digits", split="test")
    game = Arm("game", seed).played(lambda: R3GAN.on(data, augment=augment), data, 3000 * 64, average=10_000)
    row = digits_row(game.sample(1797, seed=1))
    with torch.no_grad():
        seen, unseen = game.score(data["x"]), game.score(held["x"])
    row["gap"] = ((seen.mean() - unseen.mean()) / unseen.std()).item()
    p = [float(value) for name, value in game.named_buffers() if name.endswith(".p")]
    return {name: round(value, 3) for name, value in row.items()} | ({"p": round(p[0], 3)} if p else {})


ARMS = {"none": None, "diff-augment": DiffAugment(POLICY), "adaptive": Adaptive(POLICY, speed=20_000)}


def main(seeds: list[int]) -> None:
    """Train each arm with each seed and print what it measures."""
    torch.set_num_threads(1)
    for name, augment in ARMS.items():
        for seed in seeds:
            begun = time.perf_counter()
            row = digits(augment, seed)
            print(f"{name}, seed {seed}: {row} ({time.perf_counter() - begun:.0f} s)", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [0])
