"""Is what was asked for what comes? Of 1,000 requested digits, the share that a judge reads as the requested class."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.learning import accuracy, digits_judge, played
from ganarium.data import load
from ganarium.games.conditional.cgan import CGAN


class Blind(CGAN):
    """The control: only the generator is told the label."""

    def verdict(self, x: Tensor, y: Tensor) -> Tensor:
        return super().verdict(x, torch.full_like(y, -1))


def digits(kind: type[CGAN], seed: int) -> dict[str, object]:
    """3,000 rounds on digits."""
    game = played(kind, load("digits", split="train"), 3000, seed)
    y = torch.arange(1000) % 10
    found = digits_judge()(game.sample(1000, y=y, seed=0))
    return {"asked": accuracy(found, y), "by class": [accuracy(found[y == k], y[y == k]) for k in range(10)]}


def ring(seed: int) -> dict[str, object]:
    """3,000 rounds on eight labelled Gaussians."""
    data = load("ring")
    game, centres = played(CGAN, data, 3000, seed, batch=256), data.truth["centres"]
    y = torch.arange(4000) % 8
    x = data.spec["x"].restore(game.sample(4000, y=y, seed=0))
    near = (x - centres[y]).norm(dim=1) < 3 * data.truth["sd"]
    asked = accuracy(torch.cdist(x, centres).argmin(1), y)
    return {"asked": asked, "within 3 sd": round(near.float().mean().item(), 3)}


arms = {"digits": lambda s: digits(CGAN, s), "digits-control": lambda s: digits(Blind, s), "ring": ring}
