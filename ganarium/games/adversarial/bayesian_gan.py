r"""Generators and discriminators are not found but drawn: each network is a sample of a posterior over its weights.

One generator is one explanation of the data, and training settles on one. Bayes' rule keeps all that are likely. Given
noise :math:`z_i`, data :math:`x_i` and the other player, with priors over weights,

.. math::

    p(\theta_g | z, \theta_d) &\propto \prod_i D(G(z_i; \theta_g); \theta_d)\ p(\theta_g), \\
    p(\theta_d | z, x, \theta_g) &\propto \prod_i D(x_i; \theta_d) \prod_i \bigl(1 - D(G(z_i; \theta_g); \theta_d)\bigr)
        \ p(\theta_d).

Drawing from the two in turn, J generators and K discriminators at a time, is a game whose moves are steps of a Markov
chain. Minus the logarithm of a posterior is the loss of the non-saturating GAN, summed over the data, plus a quadratic
of the weights; each step goes down its gradient and adds just so much noise that the weights do not settle but wander
where the posterior has its mass (stochastic-gradient Hamiltonian Monte Carlo). Each player faces all chains of the
other. With momentum and without noise and priors this is an ensemble of ordinary GANs that share their opponents.

The noise is as strong as the data are few: with N data the posterior's spread falls like :math:`1 / \sqrt N`.

Reference:
    Saatchi, Wilson: Bayesian GAN, NIPS 2017, arXiv 1705.09558.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from ganarium.game import Batch, Decodes, Game, Paper, Player, Scores, Stage, Terms
from ganarium.nets.architecture import Architecture, Plain
from ganarium.objectives import accuracy
from ganarium.optimizers import SGHMC, Adam, OptimizerChoice
from ganarium.priors import Law, Normal, Uniform
from ganarium.spec import Field, Spec

__all__ = ["BayesianGAN"]


class BayesianGAN(Game, Decodes, Scores):
    r"""Chains of generators :math:`G_j` and of discriminators with raw scores :math:`F_k`, all sampled from posteriors.

    With N data and weights of the prior standard deviation s, the chain j of J generators descends, and the chain k of
    K discriminators,

    .. math::

        U_{G_j} &= \frac1K \sum_k \mathbb E\,\mathrm{softplus}(-F_k(G_j(z)))
            + \frac{\lVert \theta_{G_j} \rVert^2}{2 s^2 N}, \\
        U_{F_k} &= \mathbb E\,\mathrm{softplus}(-F_k(x)) + \frac1J \sum_j \mathbb E\,\mathrm{softplus}(F_k(G_j(z)))
            + \frac{\lVert \theta_{F_k} \rVert^2}{2 s^2 N},

    with the noise of the temperature 1 / (N K), or 1 / (N J). So N K times the first, N J times the second, is what
    Algorithm 1 of the paper sums over the data and the other player's chains.

    The stages are ``climb``, where all chains descend to where the posterior has its mass, and ``sample``.

    A sample asks a chain that is drawn at random, or the one that was asked for (``chain``). The score of a sample is
    the log-odds of the mean of the discriminators' probabilities.

    Players:
        discriminator: all discriminators; ``real`` and ``fake``, the two halves of the loss, and ``prior``, each a mean
            as above, summed over the discriminators; ``accuracy`` (watched), the share of data and samples on the right
            side of zero.
        generator: all generators; ``fake`` and ``prior``, summed over the generators.

    Batch:
        ``x`` (B, \*shape): data.
        ``index`` (B,): their places in the data; only their number is used.

    Args:
        spec: What the batches hold.
        generator_chains: How many generators are drawn at a time (J).
        discriminator_chains: How many discriminators are (K).
        latent: Coordinates of the noise.
        weight_sd: The standard deviation s of the prior of each weight.
        architecture: The family of all networks.
        prior: The law of the noise.
        optimizer: How both players move once they sample. The temperature of :class:`~ganarium.optimizers.SGHMC` is a
            factor here: 1 draws from the posterior, 0 finds point estimates.
        climb: How both descend before that, without noise.
        climb_share: The share of the rounds in which they do.
        generators: J networks, from noise (B, latent) to samples (B, \*shape).
        discriminators: K networks, from samples to raw scores (B,).

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

    def __init__(
        self,
        spec: Spec,
        generator_chains: int = 10,
        discriminator_chains: int = 1,
        latent: int = 100,
        weight_sd: float = 1.0,
        architecture: Architecture = Plain(),
        prior: Law = Uniform(-1.0, 1.0),
        optimizer: OptimizerChoice = SGHMC(5e-4, friction=0.01),
        climb: OptimizerChoice = Adam(5e-4, (0.5, 0.999)),
        climb_share: float = 0.1,
        generators: Sequence[nn.Module] | None = None,
        discriminators: Sequence[nn.Module] | None = None,
    ):
        super().__init__(spec)
        if not weight_sd > 0:
            raise ValueError(f"BayesianGAN needs a prior of a width, weight_sd > 0; got weight_sd={weight_sd}.")
        self.generator_chains, self.discriminator_chains, self.latent = generator_chains, discriminator_chains, latent
        if not 0 <= climb_share < 1:
            raise ValueError(f"BayesianGAN climbs for a share of the run, 0 <= climb_share < 1; got {climb_share}.")
        self.weight_sd, self.architecture, self.optimizer = weight_sd, architecture, optimizer
        self.climb, self.climb_share = climb, climb_share
        self.count = max(spec["index"].classes, 1)
        self.prior = prior.of(latent)
        draws = partial(architecture.generator, latent, spec["x"])
        judges = partial(architecture.discriminator, spec["x"])
        self.generators = chains(generators, generator_chains, draws, "generator_chains")
        self.discriminators = chains(discriminators, discriminator_chains, judges, "discriminator_chains")

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

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            fake = torch.cat([generator(self.prior(len(x))) for generator in self.generators])
        real_scores = torch.stack([judge(x) for judge in self.discriminators], 1)
        fake_scores = torch.stack([judge(fake) for judge in self.discriminators], 1)
        return {
            "real": softplus(-real_scores).mean(0).sum(),
            "fake": softplus(fake_scores).mean(0).sum(),
            "prior": self.improbable(self.discriminators),
            "accuracy": accuracy(real_scores.flatten(), fake_scores.flatten()),
        }

    def generator_loss(self, batch: Batch) -> Terms:
        n = len(batch["x"])
        fake = torch.cat([generator(self.prior(n)) for generator in self.generators])
        scores = torch.stack([judge(fake) for judge in self.discriminators])
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
        chain = self.choose(len(z), **condition)["chain"]
        # Every chain draws, and each sample takes one: no branch, no wait for the device.
        drawn = torch.stack([generator(z) for generator in self.generators], 1)
        return drawn[torch.arange(len(z), device=z.device), chain]

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        scores = torch.stack([judge(x) for judge in self.discriminators], 1)
        return logsigmoid(scores).logsumexp(1) - logsigmoid(-scores).logsumexp(1)

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((2,), "points"), index=Field((), "index", classes=256))
        # Small steps, so that rounding stays small (one process and two sum in another order).
        return cls(
            spec,
            2,
            2,
            latent=4,
            architecture=Plain(16),
            climb=Adam(1e-4, (0.5, 0.999)),
            optimizer=SGHMC(1e-4, friction=0.01),
        )

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


def chains(given: Sequence[nn.Module] | None, count: int, make: Callable[[], nn.Module], option: str) -> nn.ModuleList:
    """The user's networks, or as many new ones."""
    networks = [make() for _ in range(count)] if given is None else list(given)
    if count < 1 or len(networks) != count:
        raise ValueError(f"BayesianGAN needs a network for each of {option} >= 1; got {len(networks)} for {count}.")
    return nn.ModuleList(networks)
