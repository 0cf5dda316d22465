r"""A critic whose slope is held near one estimates how far the samples must be moved to become the data.

The earth mover's distance between the data's law p and the samples' law q is, by duality, the largest difference of
mean scores that a critic with slope at most one can make:

.. math::

    W(p, q) = \sup_{\lVert F \rVert_L \le 1} \mathbb E_{x \sim p} F(x) - \mathbb E_{z} F(G(z)).

It is finite and has a useful gradient even where p and q do not overlap. The best critic has slope one almost
everywhere on straight lines between points of q and the points of p that they move to. So instead of clipping the
critic's weights, penalise its slope for leaving one, at random points between data and samples.

Reference:
    Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville: Improved Training of Wasserstein GANs, NIPS 2017,
    arXiv 1704.00028.
"""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor, nn

from ganarium.game import Paper, Terms, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import Adam, GradientPenalty, Objective, OptimizerChoice, Penalty, Schedule, Wasserstein
from ganarium.nets import Architecture, Plain, Residual
from ganarium.spec import Field, Spec

__all__ = ["WGANGP"]


class WGANGP(Adversarial):
    r"""The Wasserstein GAN with gradient penalty.

    .. math::

        L_F &= \mathbb E F(G(z)) - \mathbb E F(x)
            + \lambda\, \mathbb E (\lVert \nabla F(\hat x) \rVert_2 - 1)^2, \\
        L_G &= -\mathbb E F(G(z)), \qquad \hat x = \epsilon x + (1 - \epsilon) G(z),\ \epsilon \sim U[0, 1].

    Players:
        critic: ``real`` (minus the mean score of the data), ``fake`` (the mean score of the samples), ``penalty``;
            ``distance`` (watched), the difference of mean scores, which estimates the earth mover's distance.
        generator: ``fake``, minus the mean score of its samples.

    Args:
        penalty: The penalty's weight, lambda; the paper has 10 for images and 0.1 for points in the plane.
        critic_moves: The critic's steps a round, each on its own batch.
        critic: From samples to raw scores (B,); no batch norm.

    Deviations from the paper:
        1. Rates and moments are Algorithm 1's; the paper's residual networks for CIFAR-10 have a rate of 2e-4 that
           falls, and its code for digits and points (0.5, 0.9).
        2. The critic moves first, as in Algorithm 1; the authors' code begins with the generator, which it shows twice
           as many latents in the residual networks' game.
        3. The networks are SNGAN's residual ones without a norm in the critic, with 128 maps each: its features are
           summed over places, where the paper's critic takes their mean.
        4. Points have perceptrons of three layers of 128; the paper's have 512, two latents and batches of 256.

    Example:
        >>> WGANGP.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Improved Training of Wasserstein GANs",
        authors=("Ishaan Gulrajani", "Faruk Ahmed", "Martin Arjovsky", "Vincent Dumoulin", "Aaron Courville"),
        year=2017,
        arxiv="1704.00028",
        venue="Advances in Neural Information Processing Systems",
        command="wgan-gp",
        batch=64,
    )

    adversary_name = "critic"

    latent: int = 128
    penalty: float | Schedule = 10.0
    critic_moves: int = 5
    architecture: Architecture = Residual(128, 128, norm=None)
    objective: Objective = follows(factory=lambda game: Wasserstein())
    optimizer: OptimizerChoice = Adam(1e-4, (0.0, 0.9))
    critic: nn.Module = made(factory=discriminator_of)

    critic_loss = Adversarial.discriminator_loss

    def penalties_taken(self) -> tuple[Penalty, ...]:
        return GradientPenalty(self.penalty), *self.penalties

    def watched(self, terms: Terms, real: Tensor, fake: Tensor) -> Terms:
        return {"distance": -(terms["real"] + terms["fake"]).detach()}

    @classmethod
    def toy(cls) -> Self:
        small = {"architecture": Plain(), "optimizer": Adam(1e-4, (0.5, 0.9))}
        return cls(Spec(x=Field((2,), "points")), latent=4, critic_moves=2, **small)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].kind == "points":
            small = {"latent": 16, "architecture": Plain()}
            return {**small, "penalty": 0.1, "optimizer": Adam(5e-4, (0.5, 0.9))}
        return {"latent": 64, "architecture": Plain(), "optimizer": Adam(3e-4, (0.5, 0.9))}
