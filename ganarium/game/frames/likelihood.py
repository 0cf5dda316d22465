r"""The frame of maximum likelihood, the game with one player.

An explicit model gives each point a density, and its only player descends

.. math:: L = -\mathbb E_{x \sim p} \log q(x) = \mathrm{KL}(p \,\Vert\, q) + H(p),

in nats, least where :math:`q = p`. Where the density is out of reach, an upper bound of this is descended instead, such
as a variational one. A pixel-wise model, a mixture or a flow says its log-density; a variational model, the terms of
its bound:

.. code-block:: python

    class Mixture(Likelihood, Density):
        def log_prob(self, x): ...          # (B,)

    class VAE(Likelihood, Decodes, Encodes):
        def costs(self, x): ...             # {"reconstruction": (B,), "kl": (B,)}
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from ganarium.game.abilities import Density
from ganarium.game.game import Game
from ganarium.game.player import Player, Terms
from ganarium.ingredients import Adam, OptimizerChoice
from ganarium.spec import Batch

__all__ = ["Likelihood"]


class Likelihood(Game):
    r"""One player who owns everything and descends minus the log-likelihood of data, or an upper bound of it.

    Players:
        model: ``nll``, minus the log-density of a sample, mean over the batch, in nats.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        optimizer: How the player descends.
    """

    #: What logs call the player.
    player_name: ClassVar[str] = "model"

    optimizer: OptimizerChoice = Adam(1e-3, (0.9, 0.999))

    def players(self) -> list[Player]:
        return [Player(self.player_name, self.loss, owns=[self], optimizer=self.optimizer)]

    def loss(self, batch: Batch) -> Terms:
        """The costs of the batch's samples, each a mean; beside them what :meth:`watched` tells."""
        costs = self.costs(batch["x"])
        return {**{name: cost.mean() for name, cost in costs.items()}, **self.watched()}

    def costs(self, x: Tensor) -> dict[str, Tensor]:
        """Named terms of shape (B,), in nats: summed, they are minus the log-likelihood of each sample, or above it.

        A game with a :class:`~ganarium.game.Density` need not define this.
        """
        if not isinstance(self, Density):
            raise TypeError(f"{type(self).__name__} has no density: define costs(), the terms of its bound.")
        return {"nll": -self.log_prob(x)}

    def watched(self) -> Terms:
        """What logs tell beside the loss, as scalars without gradient; nothing, by default."""
        return {}
