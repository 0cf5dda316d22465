r"""Bayesian inference in a simulator: a classifier between its draws and the data stands in for the likelihood.

A simulator draws global causes :math:`\beta \sim p(\beta)`, then for each datum its own causes
:math:`z_n \sim p(z | \beta)` and :math:`x_n \sim p(x | z_n, \beta)`. Nobody can say how likely a datum is. Given data,
which causes made them? Variational inference looks for laws :math:`q(\beta)` and :math:`q(z | x, \beta)` that maximise

.. math:: \mathbb E_{q(\beta)}\Bigl[\log \frac{p(\beta)}{q(\beta)}
    + \sum_n \mathbb E_{q(z_n | x_n, \beta)} \log \frac{p(x_n, z_n | \beta)}{q(z_n | x_n, \beta)}\Bigr].

Up to a constant, the empirical law of the data :math:`q(x)` may be put beneath the second fraction, which is then the
ratio of two laws that can be drawn from, by the simulator, and by taking a datum and inferring its causes. With
:math:`\beta \sim q(\beta)`, a discriminator of raw scores r that tells the two apart,

.. math:: \min_r \; \mathbb E_{p(x, z | \beta)}\,\mathrm{softplus}(-r(x, z, \beta))
    + \mathbb E_{q(x) q(z | x, \beta)}\,\mathrm{softplus}(r(x, z, \beta)),

has it, :math:`r^* = \log p(x, z | \beta) - \log q(x, z | \beta)`. So :math:`q(z | x, \beta)` may be implicit too, a
network of datum, global causes and noise; and the simulator is only run, without its density or its gradient.

Reference:
    Tran, Ranganath, Blei: Hierarchical Implicit Models and Likelihood-Free Variational Inference, NIPS 2017,
    arXiv 1702.08896.
"""

from __future__ import annotations

from typing import Any, Self

import torch

from ganarium.game import Batch, Paper, Player, Terms
from ganarium.game.frames.simulated import Simulated
from ganarium.ingredients import Adam, Cosine, NonSaturating, OptimizerChoice, accuracy
from ganarium.nets import Flat
from ganarium.spec import Field, Spec

__all__ = ["HierarchicalImplicit"]


class HierarchicalImplicit(Simulated):
    r"""Likelihood-free variational inference in a simulator.

    With N data, q descends the negative evidence bound for each datum, over :math:`q(\beta) q(x) q(z | x, \beta)`

    .. math:: L_q = -\mathbb E\, r(x, z, \beta) + \tfrac1N \mathrm{KL}(q(\beta) \Vert p(\beta)).

    Players:
        discriminator: ``real``, the loss on data and their inferred causes; ``fake``, on draws of the simulator and
            their true ones; ``accuracy`` (watched), the share on the right side of zero. Data have the lower scores.
        inference: ``ratio``, minus the mean score of data and inferred causes, in nats up to a constant; ``kl``, the
            divergence of the global causes from their prior over N; ``sd`` (watched), the mean of their standard
            deviations under q, where the prior's is 1.

    Args:
        draws: How many global causes each datum of a batch draws; there are as many draws of the simulator.
        discriminator_moves: The discriminator's steps a round, each on its own batch.
        discriminator_optimizer: How the discriminator descends.
        inference_optimizer: How q descends.

    Deviations from the paper:
        1. Each datum of a batch draws a :math:`\beta` of its own, where the paper draws one for all: the mean is the
           same, and its variance smaller.
        2. Networks see :math:`\beta` in standard deviations from the mean of q, so that they feel it when q is narrow.
        3. :math:`q(\beta)` is normal; the paper's may be any law with a density.

    Example:
        >>> game = HierarchicalImplicit.toy()
        >>> x = game.sample(3, seed=0)
        >>> x.shape, game.encode(x).shape
        (torch.Size([3, 2]), torch.Size([3, 2]))
    """

    paper = Paper(
        title="Hierarchical Implicit Models and Likelihood-Free Variational Inference",
        authors=("Dustin Tran", "Rajesh Ranganath", "David Blei"),
        year=2017,
        arxiv="1702.08896",
        venue="Advances in Neural Information Processing Systems",
        command="hierarchical-implicit",
        batch=50,
    )

    draws: int = 1
    discriminator_moves: int = 5
    discriminator_optimizer: OptimizerChoice = Adam(1e-3, (0.9, 0.999))
    inference_optimizer: OptimizerChoice = Adam(1e-3, (0.9, 0.999))

    def check(self) -> None:
        if self.draws < 1:
            raise ValueError(f"HierarchicalImplicit draws causes for each datum, draws >= 1; got draws={self.draws}.")

    def players(self) -> list[Player]:
        discriminator = [self.discriminator], self.discriminator_optimizer, self.discriminator_moves
        inferring = [self.beliefs] if self.encoder is None else [self.beliefs, self.encoder]
        return [
            Player("discriminator", self.discriminator_loss, *discriminator),
            Player("inference", self.inference_loss, inferring, self.inference_optimizer),
        ]

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"].repeat_interleave(self.draws, 0)
        with torch.no_grad():
            cause = self.beliefs(len(x))
            inferred = self.infer(x, cause)
            z, simulated = self.simulate(cause)
        # Data have the lower scores.
        scores = -self.ratio(x, inferred, cause), -self.ratio(simulated, z, cause)
        return {**NonSaturating().discriminator(*scores), "accuracy": accuracy(*scores)}

    def inference_loss(self, batch: Batch) -> Terms:
        x = batch["x"].repeat_interleave(self.draws, 0)
        cause = self.beliefs(len(x))
        return {
            "ratio": -self.ratio(x, self.infer(x, cause), cause).mean(),
            "kl": self.beliefs.kl() / max(self.spec["index"].classes, 1),
            "sd": self.beliefs.log_sd.detach().exp().mean(),
        }

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((2,), "points"), index=Field((), "index", classes=256))
        return cls(spec, architecture=Flat(16, depth=2), discriminator_moves=2)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].kind != "points":
            return {}
        return {
            "draws": 5,
            "discriminator_moves": 2,
            "discriminator_optimizer": Adam(Cosine(3e-3, 0.0, since=0.5), (0.5, 0.9)),
            "inference_optimizer": Adam(Cosine(5e-3, 0.0, since=0.3), (0.5, 0.9)),
        }

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        return {"batch_size": 50, "average": 2000} if spec["x"].kind == "points" else {}
