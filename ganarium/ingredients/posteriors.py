r"""Posteriors over weights, and how to draw from them by descending.

With N data, a loss L that is a mean over them (minus the log-likelihood of one), and weights of the prior standard
deviation s, minus the log-posterior over N is

.. math::

    U(\theta) = L(\theta) + \frac{\lVert \theta \rVert^2}{2 s^2 N},

up to a constant. Descent with noise of the temperature 1 / N draws from the posterior, whose spread falls like
:math:`1 / \sqrt N`: the noise is as strong as the data are few. Where the likelihood is also summed over M opponents,
and L is a mean over them, the temperature is 1 / (N M), and the prior counts once for each.

Reference:
    Chen, Fox, Guestrin: Stochastic Gradient Hamiltonian Monte Carlo, ICML 2014. Saatchi, Wilson: Bayesian GAN, NIPS
    2017, arXiv 1705.09558, algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ganarium.ingredients.optimizers import SGHMC, OptimizerChoice

__all__ = ["Posterior"]


@dataclass(frozen=True)
class Posterior:
    """What data of some number and a prior of some width make of a loss.

    Args:
        data: How many data there are, N; 0, where it is not known, counts as one.
        weight_sd: The standard deviation s of the prior of each weight.

    Raises:
        ValueError: if the prior has no width.

    Example:
        >>> Posterior(100, 1.0).sampler(SGHMC(0.1, temperature=2.0), opponents=4).temperature
        0.005
    """

    data: int
    weight_sd: float

    def __post_init__(self) -> None:
        if not self.weight_sd > 0:
            raise ValueError(f"Weights need a prior of a width, weight_sd > 0; got weight_sd={self.weight_sd}.")

    @property
    def count(self) -> int:
        """How many data there are, N, at least one."""
        return max(self.data, 1)

    def improbable(self, networks: nn.Module) -> Tensor:
        """Minus the log-density of the weights under their prior, over N, without its constant."""
        squares = [parameter.square().sum() for parameter in networks.parameters()]
        return torch.stack(squares).sum() / (2 * self.weight_sd**2 * self.count)

    def sampler(self, optimizer: OptimizerChoice, opponents: int = 1) -> OptimizerChoice:
        """SGHMC at the temperature of a mean over the data and so many opponents; another optimiser as it is.

        Args:
            optimizer: Its temperature is a factor here: 1 draws from the posterior, 0 finds point estimates.
            opponents: Over how many the loss is a mean.
        """
        if not isinstance(optimizer, SGHMC):
            return optimizer
        return replace(optimizer, temperature=optimizer.temperature / (self.count * opponents))
