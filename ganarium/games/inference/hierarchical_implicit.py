r"""Bayesian inference in a simulator: a classifier between its draws and the data stands in for the likelihood.

A simulator draws global causes :math:`\beta \sim p(\beta)`, then for each datum its own causes
:math:`z_n \sim p(z | \beta)` and :math:`x_n \sim p(x | z_n, \beta)`. Nobody can say how likely a datum is: the model is
implicit. Given data, which causes made them? Variational inference looks for laws :math:`q(\beta)` and
:math:`q(z | x, \beta)` that maximise

.. math::

    \mathcal L = \mathbb E_{q(\beta)}\Bigl[\log \frac{p(\beta)}{q(\beta)} + \sum_n \mathbb E_{q(z_n | x_n, \beta)}
        \log \frac{p(x_n, z_n | \beta)}{q(z_n | x_n, \beta)}\Bigr].

Up to a constant, the empirical law of the data :math:`q(x)` may be put beneath the second fraction, and then it is the
ratio of two laws of pairs that can both be drawn from: :math:`p(x, z | \beta)` by the simulator, :math:`q(x) q(z | x,
\beta)` by taking a datum and inferring its causes. So a discriminator that tells the two apart has it: with raw scores
r, descending

.. math::

    \mathbb E_{p(x, z | \beta)}\,\mathrm{softplus}(-r(x, z, \beta)) + \mathbb E_{q(x, z | \beta)}\,
        \mathrm{softplus}(r(x, z, \beta)), \qquad \beta \sim q(\beta),

leads to :math:`r^* = \log p(x, z | \beta) - \log q(x, z | \beta)`. Since q is needed only by its draws, :math:`q(z | x,
\beta)` may be implicit too: a network of datum, global causes and noise. The simulator is only run: neither its density
nor its gradient is needed.

Reference:
    Tran, Ranganath, Blei: Hierarchical Implicit Models and Likelihood-Free Variational Inference, NIPS 2017,
    arXiv 1702.08896.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganarium.game import Batch, Encodes, Game, Paper, Player, Samples, Terms
from ganarium.nets.architecture import Architecture
from ganarium.nets.flat import Flat
from ganarium.objectives import accuracy
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.schedules import Cosine
from ganarium.simulators import NormalMeans, Simulator
from ganarium.spec import Field, Spec

__all__ = ["HierarchicalImplicit"]


class Beliefs(nn.Module):
    r"""The law :math:`q(\beta)`: independent normal coordinates. At first it is the prior.

    Args:
        size: How many coordinates.
    """

    def __init__(self, size: int):
        super().__init__()
        self.mean, self.log_sd = nn.Parameter(torch.zeros(size)), nn.Parameter(torch.zeros(size))

    def forward(self, n: int) -> Tensor:
        """``n`` draws, of shape (n, G), differentiable in mean and standard deviation."""
        return self.mean + self.log_sd.exp() * torch.randn_like(self.mean.expand(n, -1))

    def kl(self) -> Tensor:
        """The divergence from the prior N(0, I), in nats."""
        return 0.5 * (self.mean.square() + (2 * self.log_sd).exp() - 1 - 2 * self.log_sd).sum()

    def standard(self, cause: Tensor) -> Tensor:
        """Causes (n, G) in standard deviations from the mean, both without a gradient."""
        return (cause - self.mean.detach()) / self.log_sd.detach().exp()


class HierarchicalImplicit(Game, Samples, Encodes):
    r"""Likelihood-free variational inference in a simulator.

    With N data, q descends the negative evidence bound for each datum,

    .. math::

        L_q = -\mathbb E_{q(\beta) q(x) q(z | x, \beta)}\, r(x, z, \beta)
            + \frac1N \mathrm{KL}(q(\beta) \Vert p(\beta)).

    Samples are draws from the posterior predictive law: :math:`\beta \sim q`, then the simulator. The code of a datum
    is the mean of its own causes under q, at the mean of :math:`\beta`.

    Players:
        discriminator: ``real``, the loss on data and their inferred causes; ``fake``, on draws of the simulator and
            their true ones; ``accuracy`` (watched), the share on the right side of zero. Data have the lower scores.
        inference: owns q; ``ratio``, minus the mean score of data and inferred causes, in nats up to a constant;
            ``kl``, the divergence of the global causes from their prior over N; ``sd`` (watched), the mean over the
            global causes of their standard deviation under q, where the prior's is 1.

    Batch:
        ``x`` (B, \*shape): data.
        ``index`` (B,): their places in the data; only their number is used.

    Args:
        spec: What the batches hold.
        simulator: The model, on data in their own units.
        architecture: The family of both networks.
        draws: How many global causes each datum of a batch draws; there are as many draws of the simulator.
        discriminator_moves: The discriminator's steps a round, each on its own batch.
        discriminator_optimizer: How the discriminator descends.
        inference_optimizer: How q descends.
        discriminator: From data, their causes and the global causes (B, L + G) to raw scores (B,).
        encoder: From data, and global causes and noise (B, G + L), to their causes (B, L); not used if L = 0.

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
    )
    needs = {"x": (), "index": ("index",)}

    noise: Tensor

    def __init__(
        self,
        spec: Spec,
        simulator: Simulator = NormalMeans(),
        architecture: Architecture = Flat(64, depth=2),
        draws: int = 1,
        discriminator_moves: int = 5,
        discriminator_optimizer: OptimizerChoice = Adam(1e-3, (0.9, 0.999)),
        inference_optimizer: OptimizerChoice = Adam(1e-3, (0.9, 0.999)),
        discriminator: nn.Module | None = None,
        encoder: nn.Module | None = None,
    ):
        super().__init__(spec)
        self.simulator, self.architecture, self.discriminator_moves = simulator, architecture, discriminator_moves
        self.discriminator_optimizer, self.inference_optimizer = discriminator_optimizer, inference_optimizer
        if draws < 1:
            raise ValueError(f"HierarchicalImplicit draws causes for each datum, draws >= 1; got draws={draws}.")
        self.draws = draws
        field, self.count = spec["x"], max(spec["index"].classes, 1)
        self.globals, self.locals = simulator.sizes(field)
        self.beliefs = Beliefs(self.globals)
        self.discriminator = discriminator or architecture.discriminator(field, condition=self.locals + self.globals)
        self.encoder = encoder
        if self.locals and encoder is None:
            self.encoder = architecture.discriminator(field, self.locals, self.globals + self.locals)
        # Noise that codes are means over, always the same, and as much of it on either side of zero.
        half = torch.randn(32, self.locals, generator=torch.Generator().manual_seed(0))
        self.register_buffer("noise", torch.cat([half, -half]))

    def players(self) -> list[Player]:
        judge, moves = self.discriminator_optimizer, self.discriminator_moves
        inferring = [self.beliefs] if self.encoder is None else [self.beliefs, self.encoder]
        return [
            Player("discriminator", self.discriminator_loss, [self.discriminator], judge, moves),
            Player("inference", self.inference_loss, inferring, self.inference_optimizer),
        ]

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"].repeat_interleave(self.draws, 0)
        with torch.no_grad():
            cause = self.beliefs(len(x))
            inferred = self.infer(x, cause)
            z, simulated = self.simulate(cause)
        real_scores, fake_scores = self.ratio(x, inferred, cause), self.ratio(simulated, z, cause)
        return {
            "real": softplus(real_scores).mean(),
            "fake": softplus(-fake_scores).mean(),
            "accuracy": accuracy(-real_scores, -fake_scores),
        }

    def inference_loss(self, batch: Batch) -> Terms:
        x = batch["x"].repeat_interleave(self.draws, 0)
        cause = self.beliefs(len(x))
        return {
            "ratio": -self.ratio(x, self.infer(x, cause), cause).mean(),
            "kl": self.beliefs.kl() / self.count,
            "sd": self.beliefs.log_sd.detach().exp().mean(),
        }

    def ratio(self, x: Tensor, z: Tensor, cause: Tensor) -> Tensor:
        r"""The estimate (B,) of :math:`\log p(x, z | \beta) - \log q(x, z | \beta)`, in nats."""
        return self.discriminator(x, torch.cat([z, self.beliefs.standard(cause)], 1))

    def infer(self, x: Tensor, cause: Tensor, noise: Tensor | None = None) -> Tensor:
        r"""Causes of data drawn from :math:`q(z | x, \beta)`, of shape (B, L), given :math:`\beta` (B, G)."""
        if self.encoder is None:
            return x.new_empty(len(x), 0)
        noise = torch.randn_like(x.new_empty(len(x), self.locals)) if noise is None else noise
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

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((2,), "points"), index=Field((), "index", classes=256))
        return cls(spec, architecture=Flat(16, depth=2), discriminator_moves=2)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].kind != "points":
            return {}
        judging = Adam(Cosine(3e-3, 0.0, since=0.5), (0.5, 0.9))
        inferring = Adam(Cosine(5e-3, 0.0, since=0.3), (0.5, 0.9))
        return {
            "draws": 5,
            "discriminator_moves": 2,
            "discriminator_optimizer": judging,
            "inference_optimizer": inferring,
        }

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        return {"batch_size": 50, "average": 2000} if spec["x"].kind == "points" else {}
