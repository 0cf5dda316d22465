r"""Generators and discriminators are not found but drawn: each network is a sample of a posterior over its weights.

One generator is one explanation of the data, and training settles on one. Bayes' rule keeps all that are likely. Given
noise :math:`z_i`, data :math:`x_i` and the other player, :math:`p(\theta_g | z, \theta_d) \propto \prod_i D(G(z_i))\,
p(\theta_g)` and :math:`p(\theta_d | z, x, \theta_g) \propto \prod_i D(x_i) \prod_i (1 - D(G(z_i)))\, p(\theta_d)`.
Drawing from the two in turn, J generators and K discriminators at a time, is a game whose moves are steps of a Markov
chain: down minus the log-posterior, with just so much noise that the weights do not settle but wander where it has its
mass (stochastic-gradient Hamiltonian Monte Carlo). With N data, raw scores F, :math:`\zeta` for softplus, and
:math:`P(\theta) = \lVert \theta \rVert^2 / (2 s^2 N)` of a prior of standard deviation s, they descend

.. math::

    U_{G_j} &= \tfrac1K \textstyle\sum_k \mathbb E\,\zeta(-F_k(G_j(z))) + P(\theta_{G_j}), \\
    U_{F_k} &= \mathbb E\,\zeta(-F_k(x)) + \tfrac1J \textstyle\sum_j \mathbb E\,\zeta(F_k(G_j(z))) + P(\theta_{F_k})

with noise of the temperature 1 / (N K), or 1 / (N J): N K, or N J, times these are the sums of Algorithm 1. With
momentum, and without noise and priors, this is an ensemble of ordinary GANs that share their opponents.

Reference:
    Saatchi, Wilson: Bayesian GAN, NIPS 2017, arXiv 1705.09558.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from ganarium.game import Batch, Paper, Scores, Stage, Terms, follows, made
from ganarium.game.frames.ensemble import SideBySide, discriminators_of
from ganarium.ingredients import SGHMC, Adam, Law, Normal, OptimizerChoice, Posterior, Uniform, accuracy
from ganarium.nets import Architecture, DeepConvolutional, Plain
from ganarium.nets.layers.several import stacked
from ganarium.spec import Field, Spec

__all__ = ["BayesianGAN"]


class BayesianGAN(SideBySide, Scores):
    r"""Chains of generators and of discriminators, all sampled from posteriors over their weights.

    The stages are ``climb``, where all descend to where the posterior has its mass, and ``sample``. A sample asks a
    random chain, or the one that was asked for (``chain``); its score is the log-odds of the mean probability.

    Players:
        discriminator: all of them; ``real`` and ``fake``, the two halves of the loss, and ``prior``, summed over the
            discriminators; ``accuracy`` (watched), the share on the right side of zero, data and samples alike.
        generator: all of them; ``fake`` and ``prior``, summed over the generators.

    Args:
        generator_chains: How many generators are drawn at a time (J).
        discriminator_chains: How many discriminators are (K).
        weight_sd: The standard deviation s of the prior of each weight.
        optimizer: How both move once they sample; SGHMC's temperature is a factor, and 0 finds point estimates.
        climb: How both descend before that, without noise.
        climb_share: The share of the rounds in which they do.

    Deviations from the paper:
        1. The present weights of each chain are its one sample (M = 1); the paper also lets M successive ones play.
        2. The likelihood of samples is scaled to N of them, like that of the data; the paper leaves their number open.
        3. It is Algorithm 1. In the authors' code the noise is part of a loss that an adaptive optimiser rescales.
        4. Without labels only: the paper's discriminators for images are classifiers, and its tables are of those.
        5. The networks are DCGAN's at the data's size; the paper's rates fall, and its points have one layer of 1,000.

    Example:
        >>> BayesianGAN.toy().sample(3, seed=0, chain=1).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Bayesian GAN",
        authors=("Yunus Saatchi", "Andrew Gordon Wilson"),
        year=2017,
        arxiv="1705.09558",
        venue="Advances in Neural Information Processing Systems",
        command="bayesian-gan",
        batch=64,
    )
    needs = {"x": (), "index": ("index",)}
    member_name = "chain"

    generator_chains: int = 10
    discriminator_chains: int = 1
    weight_sd: float = 1.0
    architecture: Architecture = DeepConvolutional(64)
    prior: Law = Uniform(-1.0, 1.0)
    optimizer: OptimizerChoice = SGHMC(5e-4, friction=0.01)
    climb: OptimizerChoice = Adam(5e-4, (0.5, 0.999))
    climb_share: float = 0.1
    posterior: Posterior = follows(factory=lambda game: Posterior(game.spec["index"].classes, game.weight_sd))
    discriminators: nn.ModuleList = made(factory=discriminators_of)

    def numbers(self) -> dict[str, int]:
        return {"generators": self.generator_chains, "discriminators": self.discriminator_chains}

    def check(self) -> None:
        if min(self.generator_chains, self.discriminator_chains) < 1:
            raise ValueError(f"BayesianGAN needs discriminator_chains and generator_chains >= 1; got {self.numbers()}.")
        if not 0 <= self.climb_share < 1:
            raise ValueError(f"BayesianGAN climbs in a share of the run, 0 <= climb_share < 1; got {self.climb_share}.")

    def stages(self) -> list[Stage]:
        judged = self.posterior.sampler(self.optimizer, self.generator_chains)
        drawn = self.posterior.sampler(self.optimizer, self.discriminator_chains)
        sampling = [self.player("discriminator", optimizer=judged), self.player("generator", optimizer=drawn)]
        climbing = [self.player(role, optimizer=self.climb) for role in ("discriminator", "generator")]
        stages = [Stage("climb", climbing, self.climb_share), Stage("sample", sampling, 1 - self.climb_share)]
        return stages[not self.climb_share :]

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            fake = torch.cat([generator(self.noise(len(x))) for generator in self.generators])
        real_scores, fake_scores = stacked(self.discriminators, x), stacked(self.discriminators, fake)
        halves = {"real": softplus(-real_scores).mean(0).sum(), "fake": softplus(fake_scores).mean(0).sum()}
        prior = self.posterior.improbable(self.discriminators)
        both = accuracy(real_scores.repeat(self.generator_chains, 1).flatten(), fake_scores.flatten())
        return {**halves, "prior": prior, "accuracy": both}

    def generator_loss(self, batch: Batch) -> Terms:
        fake = torch.cat([generator(self.noise(len(batch["x"]))) for generator in self.generators])
        scores = stacked(self.discriminators, fake, 0)
        prior = self.posterior.improbable(self.generators)
        # Each chain's mean, summed: chain j's weights are in its own rows only.
        return {"fake": self.generator_chains * softplus(-scores).mean(), "prior": prior}

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        scores = stacked(self.discriminators, x)
        return logsigmoid(scores).logsumexp(1) - logsigmoid(-scores).logsumexp(1)

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((2,), "points"), index=Field((), "index", classes=256))
        # Small steps, so that rounding stays small (one process and two sum in another order).
        slow = {"climb": Adam(1e-4, (0.5, 0.999)), "optimizer": SGHMC(1e-4, friction=0.01)}
        return cls(spec, generator_chains=2, discriminator_chains=2, latent=4, architecture=Plain(16), **slow)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].kind != "points":
            return {"architecture": Plain()}
        small = {"architecture": Plain(64), "latent": 4, "prior": Normal(), "weight_sd": 10.0, "generator_chains": 5}
        return {**small, "optimizer": SGHMC(5e-3, friction=0.5), "climb": Adam(1e-3, (0.5, 0.999)), "climb_share": 0.5}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        # An average of weights is no draw from their posterior.
        return {"batch_size": 64, "average": 0} if spec["x"].kind == "points" else {"average": 0}
