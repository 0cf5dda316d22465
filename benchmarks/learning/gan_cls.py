"""Does the picture show what the sentence says? An oracle that was trained on real sprites reads the samples."""

from __future__ import annotations

import functools
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.learning import accuracy, played
from ganarium.data import load
from ganarium.data.captions import UNSEEN_TEMPLATES
from ganarium.data.sprites import caption, draw_factors, render, tokenise
from ganarium.game import Batch, Terms
from ganarium.games.language.gan_cls import GANCLS

_PARTS = {"shape": slice(0, 4), "colour": slice(4, 9), "size": slice(9, 11)}
ROUNDS = 4400


class Trusting(GANCLS):
    """The control: no real image with a wrong sentence is shown to the discriminator (a conditional GAN)."""

    def discriminator_loss(self, batch: Batch) -> Terms:
        terms = super().discriminator_loss(batch)
        return {**terms, "wrong": terms["wrong"].detach(), "fake": 2 * terms["fake"]}


@functools.cache
def oracle() -> nn.Module:
    """A network that tells the factors of sprites."""
    with torch.random.fork_rng([]), torch.enable_grad():
        torch.manual_seed(1)
        body = [nn.Conv2d(3, 24, 3, 2, 1), nn.ReLU(), nn.Conv2d(24, 48, 3, 2, 1), nn.ReLU(), nn.Flatten()]
        net = nn.Sequential(*body, nn.Linear(768, 64), nn.ReLU(), nn.Linear(64, 11))
        optimizer = torch.optim.Adam(net.parameters(), 2e-3)
        factors = draw_factors(20000, seed=500)
        images = render(factors)
        for step in range(2500):
            optimizer.param_groups[0]["lr"] = 2e-3 * (1 - step / 2500)
            chosen = torch.randint(20000, (128,))
            logits = net(images[chosen] + 0.02 * torch.randn(128, *images.shape[1:]))
            loss = sum(F.cross_entropy(logits[:, part], factors[name][chosen]) for name, part in _PARTS.items())
            optimizer.zero_grad()
            loss.backward()  # type: ignore[union-attr]
            optimizer.step()
    return net.eval()


@torch.no_grad()
def right(images: Tensor, factors: dict[str, Tensor]) -> dict[str, float]:
    """The share of images in which the oracle finds each factor."""
    logits = oracle()(images)
    return {name: accuracy(logits[:, part].argmax(1), factors[name]) for name, part in _PARTS.items()}


def sprites(kind: type[GANCLS], seed: int, held_out: float = 0.0, **changes: Any) -> dict[str, object]:
    """Sentences from templates that were not trained on, of shapes and colours that were seen together or not."""
    data = load("sprites", held_out=held_out)
    game = played(kind, data.train, ROUNDS, seed, **changes)
    rows = {}
    for name, pairs in (("seen", data.truth["seen"]), ("held out", data.truth["held_out"])):
        if len(pairs):
            factors = draw_factors(1000, seed=4242, pairs=pairs)
            templates = torch.tensor(UNSEEN_TEMPLATES)[torch.arange(1000) % len(UNSEEN_TEMPLATES)]
            rows[name] = right(game.sample(1000, seed=5, text=tokenise(caption(factors, templates))), factors)
    return rows


arms = {
    "gan-cls": lambda s: sprites(GANCLS, s, 0.2),
    "gan-int-cls": lambda s: sprites(GANCLS, s, 0.2, interpolation=1.0),
    "control": lambda s: sprites(Trusting, s, 0.2),
    "oracle": lambda s: right(render(draw_factors(1000, seed=77)), draw_factors(1000, seed=77)),
}
