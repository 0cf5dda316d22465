"""Do codes become factors? The bound of the category's information, and how categories match real classes."""

from __future__ import annotations

import math

import torch
from scipy.optimize import linear_sum_assignment

from benchmarks.learning import played
from ganarium.data import load
from ganarium.game import Batch, Terms
from ganarium.games.conditional.infogan import InfoGAN


class Unpaid(InfoGAN):
    """The control: the generator is not paid for information; Q is fitted all the same."""

    def generator_loss(self, batch: Batch) -> Terms:
        return {"fake": super().generator_loss(batch)["fake"]}


def digits(kind: type[InfoGAN], seed: int) -> dict[str, object]:
    """2,500 rounds; information in nats (at most log 10), explained variance of codes, agreement on held-out digits."""
    return measured(played(kind, load("digits", split="train"), 2500, seed))


@torch.no_grad()
def measured(game: InfoGAN) -> dict[str, object]:
    """What the codes say of samples, and of held-out digits."""
    test = load("digits", split="test")
    c = torch.arange(10000) % 10
    u = torch.rand(10000, 2, generator=torch.Generator().manual_seed(1)) * 2 - 1
    x = game.sample(10000, category=c, code=u, seed=0)
    information = math.log(10) + game.classify(x).log_softmax(1)[torch.arange(10000), c].mean().item()
    explained = 1 - (game.encode(x)[:, 10:] - u).square().mean(0) / u.var(0)
    found, table = game.classify(test["x"]).argmax(1), torch.zeros(10, 10)
    table.index_put_((found, test["y"]), torch.ones(len(found)), accumulate=True)
    rows, columns = linear_sum_assignment(-table.numpy())
    return {
        "information": round(information, 3),
        "explained": [round(value, 3) for value in explained.tolist()],
        "agreement": round(float(table[rows, columns].sum()) / len(found), 3),
    }


arms = {"infogan": lambda s: digits(InfoGAN, s), "control": lambda s: digits(Unpaid, s)}
