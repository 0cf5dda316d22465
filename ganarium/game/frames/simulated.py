r"""The frame of games that infer the causes of data in a simulator (:mod:`ganarium.ingredients.simulators`).

Global causes :math:`\beta` have a normal law q, at first the prior. A datum's own causes are drawn from an implicit law
:math:`q(z | x, \beta)`, an encoder of datum, global causes and noise. A discriminator knows the ratio of two laws of
data and their causes, the simulator's to q's. How they learn is the game's word.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganarium.game.abilities import Encodes, Samples
from ganarium.game.game import Game
from ganarium.game.options import follows, made
from ganarium.ingredients import NormalMeans, Simulator
from ganarium.nets import Architecture, Flat
from ganarium.nets.families.beliefs import Beliefs, balanced_noise

__all__ = ["Simulated"]


def _encoder_of(game: Any) -> nn.Module | None:
    """From data, and global causes and noise (B, G + L), to their own causes (B, L); None if data have no causes."""
    own = game.sizes[1]
    return game.architecture.discriminator(game.spec["x"], own, sum(game.sizes)) if own else None


class Simulated(Game, Samples, Encodes):
    r"""A simulator, the laws of its causes, and the ratio of its law to theirs.

    Samples are draws from the posterior predictive law: :math:`\beta \sim q`, then the simulator. The code of a datum
    is the mean of its own causes under q, at the mean of :math:`\beta`.

    Batch:
        ``x`` (B, \*shape): data. ``index`` (B,): their places in the data; only their number is used.

    Args:
        simulator: The model, on data in their own units.
        architecture: The family of both networks.
        discriminator: From data, their causes and the global causes (B, L + G) to raw scores (B,).
        encoder: From data, and global causes and noise (B, G + L), to their causes (B, L); not used if L = 0.
    """

    needs = {"x": (), "index": ("index",)}

    simulator: Simulator = NormalMeans()
    architecture: Architecture = Flat(64, depth=2)
    #: How many global causes there are, and own ones of each datum.
    sizes: tuple[int, int] = follows(factory=lambda game: game.simulator.sizes(game.spec["x"]))
    beliefs: Beliefs = follows(factory=lambda game: Beliefs(game.sizes[0]))
    #: Noise that codes are means over, always the same.
    noise: Tensor = follows(factory=lambda game: balanced_noise(32, game.sizes[1]))
    discriminator: nn.Module = made(
        factory=lambda game: game.architecture.discriminator(game.spec["x"], condition=sum(game.sizes))
    )
    encoder: nn.Module | None = made(factory=_encoder_of)

    def ratio(self, x: Tensor, z: Tensor, cause: Tensor) -> Tensor:
        r"""The estimate (B,) of :math:`\log p(x, z | \beta) - \log q(x, z | \beta)`, in nats."""
        return self.discriminator(x, torch.cat([z, self.beliefs.standard(cause)], 1))

    def infer(self, x: Tensor, cause: Tensor, noise: Tensor | None = None) -> Tensor:
        r"""Causes of data drawn from :math:`q(z | x, \beta)`, of shape (B, L), given :math:`\beta` (B, G)."""
        if self.encoder is None:
            return x.new_empty(len(x), 0)
        noise = torch.randn_like(x.new_empty(len(x), self.sizes[1])) if noise is None else noise
        return self.encoder(x, torch.cat([self.beliefs.standard(cause), noise], 1)).view(len(x), -1)

    def simulate(self, cause: Tensor) -> tuple[Tensor, Tensor]:
        r"""Causes (n, L) and data (n, \*shape), as batches hold them, of one datum for each row of global causes."""
        z, x = self.simulator(cause, self.spec["x"])
        return z, self.spec["x"].normalise(x)

    def encode(self, x: Tensor) -> Tensor:
        n, k = len(x), len(self.noise)
        cause, noise = self.beliefs.mean.expand(n * k, -1), self.noise.repeat(n, 1)
        return self.infer(x.repeat_interleave(k, 0), cause, noise).view(n, k, -1).mean(1)

    def draw(self, n: int, **condition: Tensor) -> Tensor:
        return self.simulate(self.beliefs(n))[1]
