r"""A latent-variable model learns by raising a lower bound of the likelihood, with a network that infers the latent.

Sampling goes from the latent to the data: :math:`z \sim N(0, I)`, then :math:`x \sim p(x | z)`. The likelihood
:math:`p(x) = \int p(x | z) p(z)\, dz` and the posterior :math:`p(z | x)` are intractable, so an encoder gives an
approximate posterior :math:`q(z | x)`, and with it a bound that can be differentiated through samples
:math:`z = \mu(x) + \sigma(x)\, \epsilon`:

.. math::

    \log p(x) \ge \mathbb E_{q(z | x)} \log p(x | z) - \mathrm{KL}(q(z | x) \,\Vert\, p(z)).

Maximum likelihood is the game with one player.

Reference:
    Kingma, Welling: Auto-Encoding Variational Bayes, ICLR 2014, arXiv 1312.6114. Rezende, Mohamed, Wierstra:
    Stochastic Backpropagation and Approximate Inference in Deep Generative Models, ICML 2014.
"""

from __future__ import annotations

import math
from typing import Any, Self

import torch
from torch import Tensor, nn

from ganarium.game import Decodes, Encodes, Paper, Terms, made
from ganarium.game.frames.likelihood import Likelihood
from ganarium.ingredients import Normal
from ganarium.nets import Architecture, Plain
from ganarium.spec import Field, Spec

__all__ = ["VAE"]


class VAE(Likelihood, Decodes, Encodes):
    r"""The variational auto-encoder, with a Gaussian decoder of one standard deviation :math:`s` for all coordinates.

    Players:
        autoencoder: ``reconstruction``, the mean over the batch of :math:`-\log p(x | z)`, summed over the numbers of a
            sample, in nats; ``kl``, the mean of :math:`\mathrm{KL}(q(z | x) \Vert N(0, I))`, in nats; ``sd`` (watched),
            the decoder's standard deviation. Minus the sum of the first two is the evidence lower bound.

    Args:
        latent: Coordinates of the latent.
        architecture: The family of both networks.
        sd: The decoder's standard deviation :math:`s`; None learns it.
        encoder: From data to (B, 2 latent): the mean and the log-variance of the posterior.
        decoder: From latents (B, latent) to the mean of the data (B, \*shape).

    Deviations from the paper:
        1. The networks follow from the data; the paper's are perceptrons with one hidden layer.
        2. Samples are the decoder's mean, without its noise, as in the paper's figures.

    Example:
        >>> game = VAE.toy()
        >>> x = game.sample(3, seed=0)
        >>> game.encode(x).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Auto-Encoding Variational Bayes",
        authors=("Diederik Kingma", "Max Welling"),
        year=2013,
        arxiv="1312.6114",
        venue="International Conference on Learning Representations",
        command="vae",
        batch=100,
    )

    player_name = "autoencoder"

    latent: int = 20
    architecture: Architecture = Plain(generator_norm=None)
    sd: float | None = None
    encoder: nn.Module = made(factory=lambda game: game.architecture.encoder(game.spec["x"], 2 * game.latent))
    decoder: nn.Module = made(factory=lambda game: game.architecture.generator(game.latent, game.spec["x"]))

    def check(self) -> None:
        if self.sd is not None and not self.sd > 0:
            raise ValueError(f"The decoder's standard deviation is positive; got sd={self.sd}.")

    def build(self) -> None:
        self.noise = Normal().of(self.latent)
        self.log_sd = nn.Parameter(torch.tensor(math.log(self.sd or 1.0)), requires_grad=self.sd is None)

    def costs(self, x: Tensor) -> dict[str, Tensor]:
        mean, log_variance = self.posterior(x)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        return {"reconstruction": -self.log_likelihood(x, z), "kl": kl_to_standard(mean, log_variance)}

    def watched(self) -> Terms:
        return {"sd": self.log_sd.detach().exp()}

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and log-variance of q(z | x), each of shape (B, latent)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x | z) in nats, of shape (B,)."""
        error = ((x - self.decoder(z)) / self.log_sd.exp()).flatten(1)
        return -0.5 * error.square().sum(1) - error.shape[1] * (self.log_sd + 0.5 * math.log(2 * math.pi))

    @torch.no_grad()
    def bound(self, x: Tensor, draws: int = 1) -> Tensor:
        """A lower bound of log p(x) in nats, of shape (B,), that tightens with ``draws`` (Burda et al., 2016).

        With one draw it is an unbiased estimate of the evidence lower bound.
        """
        mean, log_variance = self.posterior(x)
        weights = []
        for _ in range(draws):
            noise = torch.randn_like(mean)
            z = mean + (log_variance / 2).exp() * noise
            log_ratio = 0.5 * (noise.square() + log_variance - z.square()).sum(1)
            weights.append(self.log_likelihood(x, z) + log_ratio)
        return torch.stack(weights).logsumexp(0) - math.log(draws)

    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x)[0]

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.decoder(z)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=2)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        return {"latent": 2} if spec["x"].kind == "points" else {}


def kl_to_standard(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""KL(N(mean, diag(exp log_variance)) || N(0, I)) in nats, of shape (B,).

    Example:
        >>> kl_to_standard(torch.zeros(1, 3), torch.zeros(1, 3)).item()
        0.0
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
