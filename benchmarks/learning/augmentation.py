"""What does augmentation save where data is short? A hundred digits to learn from, judged against all 1,797."""

from __future__ import annotations

import torch

from benchmarks.learning import played
from benchmarks.quality import digits_row
from ganarium.augment import Adaptive, Augmentation, DiffAugment, Shift, Stretch, Translation, Zoom
from ganarium.data import load
from ganarium.games.adversarial.r3gan import R3GAN

# What leaves a digit a digit.
POLICY: tuple[Augmentation, ...] = (Translation(), Zoom(), Stretch(), Shift())


def digits(augment: Augmentation | None, seed: int) -> dict[str, float]:
    """3,000 rounds; Frechet distances, precision and recall, and how far D scores its own digits above others."""
    data, held = load("digits", split="train").subset(range(100)), load("digits", split="test")
    game = played(R3GAN, data, 3000, seed, augment=augment)
    row = digits_row(game.sample(1797, seed=1))
    with torch.no_grad():
        seen, unseen = game.score(data["x"]), game.score(held["x"])
    row["gap"] = ((seen.mean() - unseen.mean()) / unseen.std()).item()
    p = [float(value) for name, value in game.named_buffers() if name.endswith(".p")]
    return {name: round(value, 3) for name, value in row.items()} | ({"p": round(p[0], 3)} if p else {})


arms = {
    "none": lambda s: digits(None, s),
    "diff-augment": lambda s: digits(DiffAugment(POLICY), s),
    "adaptive": lambda s: digits(Adaptive(POLICY, speed=20_000), s),
}
