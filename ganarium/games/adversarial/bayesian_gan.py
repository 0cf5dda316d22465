r"""Generators and discriminators are not found but drawn: each network is a sample of a posterior over its weights.

One generator is one explanation of the data, and training settles on one. Bayes' rule keeps all that are likely. Given
noise :math:`z_i`, data :math:`x_i` and the other player, with priors over weights,

.. math::

    p(\theta_g | z, \theta_d) &\propto \prod_i D(G(z_i; \theta_g); \theta_d)\ p(\theta_g), \\
    p(\theta_d | z, x, \theta_g) &\propto \prod_i D(x_i; \theta_d) \prod_i \bigl(1 - D(G(z_i; \theta_g); \theta_d)\bigr)
        \ p(\theta_d).

Drawing from the two in turn, J generators and K discriminators at a time, is a game whose moves are steps of a Markov
chain: down the gradient of minus the log-posterior, with just so much noise that the weights do not settle but wander
where the posterior has its mass (stochastic-gradient Hamiltonian Monte Carlo). That is the loss of the non-saturating
GAN, summed over the data and the other player's chains, and a quadratic of the weights. Over N data, with raw scores F
and weights of the prior standard deviation s, the chains j and k descend

.. math::

    U_{G_j} &= \tfrac1K \textstyle\sum_k \mathbb E\,\mathrm{softplus}(-F_k(G_j(z)))
        + \lVert \theta_{G_j} \rVert^2 / (2 s^2 N), \\
    U_{F_k} &= \mathbb E\,\mathrm{softplus}(-F_k(x)) + \tfrac1J \textstyle\sum_j \mathbb E\,\mathrm{softplus}(F_k(G_j(z)))
        + \lVert \theta_{F_k} \rVert^2 / (2 s^2 N),

with the noise of the temperature 1 / (N K), or 1 / (N J): N K times the first, N J times the second, is the sum of
Algorithm 1. The posterior's spread falls like :math:`1 / \sqrt N`. With momentum and without noise and priors this is an
ensemble of ordinary GANs that share their opponents.

Reference:
    Saatchi, Wilson: Bayesian GAN, NIPS 2017, arXiv 1705.09558.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from ganarium.game import Batch, Decodes, Paper, Player, Scores, Stage, Terms, made
from ganarium.game.frames.ensemble import Ensemble, discriminators_of
from ganarium.nets.architecture import Plain
from ganarium.nets.several import chosen
from ganarium.objectives import accuracy
from ganarium.optimizers import SGHMC, Adam, OptimizerChoice
from ganarium.priors import Law, Normal, Uniform
from ganarium.spec import Field, Spec

__all__ = ["BayesianGAN"]


class BayesianGAN(Ensemble, Decodes, Scores):
    r"""Chains of generators and of discriminators, all sampled from posteriors over their weights.

    The stages are ``climb``, where all chains descend to where the posterior has its mass, and ``sample``. A sample asks
    a chain that is drawn at random, or the one that was asked for (``chain``). The score of a sample is the log-odds of
    the mean of the discriminators' probabilities.

    Players:
        discriminator: all discriminators; ``real`` and ``fake``, the two halves of the loss, and ``prior``, each a mean
            as above, summed over the discriminators; ``accuracy`` (watched), the share of scores on the right side of 0.
        generator: all generators; ``fake`` and ``prior``, summed over the generators.

    Args:
        generator_chains: How many generators are drawn at a time (J).
        discriminator_chains: How many discriminators are (K).
        weight_sd: The standard deviation s of the prior of each weight.
        optimizer: How both players move once they sample. The temperature of :class:`~ganarium.optimizers.SGHMC` is a
            factor here: 1 draws from the posterior, 0 finds point estimates.
        climb: How both descend before that, without noise.
        climb_share: The share of the rounds in which they do.

    Deviations from the paper:
        1. The present weights of each chain are its one sample (M = 1); the paper also lets M successive ones play.
        2. The likelihood of samples is scaled to N of them, like that of the data; the paper leaves their number open.
        3. It is Algorithm 1. In the authors' code the noise is part of a loss that an adaptive optimiser rescales.
        4. Without labels only; the paper's discriminators for images are classifiers too.

    Example:
        >>> game = BayesianGAN.toy()
        >>> game.sample(3, seed=0, chain=1).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Bayesian GAN",
        authors=("Yunus Saatchi", "Andrew Gordon Wilson"),
        year=2017,
        arxiv="1705.09558",
        venue="Advances in Neural Information Processing Systems",
        command="bayesian-gan",
    )
    needs = {"x": (), "index": ("index",)}

    generator_chains: int = 10
    discriminator_chains: int = 1
    weight_sd: float = 1.0
    prior: Law = Uniform(-1.0, 1.0)
    optimizer: OptimizerChoice = SGHMC(5e-4, friction=0.01)
    climb: OptimizerChoice = Adam(5e-4, (0.5, 0.999))
    climb_share: float = 0.1
    discriminators: nn.ModuleList = made(factory=discriminators_of)

    def numbers(self) -> dict[str, int]:
        return {"generators": self.generator_chains, "discriminators": self.discriminator_chains}

    def check(self) -> None:
        for name in ("generator_chains", "discriminator_chains"):
            if getattr(self, name) < 1:
                raise ValueError(f"BayesianGAN needs {name} >= 1; got {getattr(self, name)}.")
        if not self.weight_sd > 0:
            raise ValueError(f"BayesianGAN needs a prior of a width, weight_sd > 0; got weight_sd={self.weight_sd}.")
        if not 0 <= self.climb_share < 1:
            raise ValueError(
                f"BayesianGAN climbs for a share of the run, 0 <= climb_share < 1; got {self.climb_share}."
            )

    @property
    def count(self) -> int:
        """How many data there are, N."""
        return max(self.spec["index"].classes, 1)

    def stages(self) -> list[Stage]:
        samplers = self.sampler(self.generator_chains), self.sampler(self.discriminator_chains)
        sampling = Stage("sample", self.moving(*samplers), 1 - self.climb_share)
        return [Stage("climb", self.moving(self.climb, self.climb), self.climb_share), sampling][not self.climb_share :]

    def moving(self, judged: OptimizerChoice, drawn: OptimizerChoice) -> list[Player]:
        """The players, whose discriminators and generators move so."""
        return [
            Player("discriminator", self.discriminator_loss, owns=[self.discriminators], optimizer=judged),
            Player("generator", self.generator_loss, owns=[self.generators], optimizer=drawn),
        ]

    def sampler(self, opponents: int) -> OptimizerChoice:
        """The optimiser at the temperature of a mean over the data and so many chains of the other player."""
        if not isinstance(self.optimizer, SGHMC):
            return self.optimizer
        return replace(self.optimizer, temperature=self.optimizer.temperature / (self.count * opponents))

    def all_scores(self, x: Tensor) -> Tensor:
        """The scores of all discriminators, of shape (B, K)."""
        return torch.stack([discriminator(x) for discriminator in self.discriminators], 1)

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            fake = torch.cat([generator(self.noise(len(x))) for generator in self.generators])
        real_scores, fake_scores = self.all_scores(x), self.all_scores(fake)
        return {
            "real": softplus(-real_scores).mean(0).sum(),
            "fake": softplus(fake_scores).mean(0).sum(),
            "prior": self.improbable(self.discriminators),
            "accuracy": accuracy(real_scores.flatten(), fake_scores.flatten()),
        }

    def generator_loss(self, batch: Batch) -> Terms:
        fake = torch.cat([generator(self.noise(len(batch["x"]))) for generator in self.generators])
        scores = torch.stack([discriminator(fake) for discriminator in self.discriminators])
        # Each chain's mean, summed: chain j's weights are in its own rows only.
        return {"fake": self.generator_chains * softplus(-scores).mean(), "prior": self.improbable(self.generators)}

    def improbable(self, networks: nn.Module) -> Tensor:
        """Minus the log-density of the weights under their prior, over N, without its constant."""
        squares = [parameter.square().sum() for parameter in networks.parameters()]
        return torch.stack(squares).sum() / (2 * self.weight_sd**2 * self.count)

    @property
    def conditions(self) -> Mapping[str, Field]:
        return {"chain": Field((), "label", classes=self.generator_chains)}

    def choose(self, n: int, **condition: Tensor) -> dict[str, Tensor]:
        return condition or {"chain": torch.randint(self.generator_chains, (n,), device=self.device)}

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return chosen(self.generators, z, self.choose(len(z), **condition)["chain"])

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        scores = self.all_scores(x)
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
            return {}
        sampling = {"optimizer": SGHMC(5e-3, friction=0.5), "climb": Adam(1e-3, (0.5, 0.999)), "climb_share": 0.5}
        small = {"architecture": Plain(64), "latent": 4, "prior": Normal(), "weight_sd": 10.0}
        return {"generator_chains": 5, **small, **sampling}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        # An average of weights is no draw from their posterior.
        return {"batch_size": 64, "average": 0} if spec["x"].kind == "points" else {"average": 0}
