r"""A generator learns to draw samples that a discriminator cannot tell from data.

The generator :math:`G` maps noise :math:`z` to the space of the data. The discriminator :math:`D` says how probable it
is that a point was drawn from the data rather than by :math:`G`. They play

.. math::

    \min_G \max_D V(D, G) = \mathbb E_{x \sim p} \log D(x) + \mathbb E_{z} \log(1 - D(G(z))).

For a fixed generator with law :math:`q` the best discriminator is :math:`D^*(x) = p(x) / (p(x) + q(x))`, and what is
left for the generator to minimise is :math:`2\,\mathrm{JS}(p, q) - \log 4`: the game is at rest only where
:math:`q = p` and :math:`D = 1/2`.

Early on, when samples are easily told from data, :math:`\log(1 - D(G(z)))` is flat; the generator then maximises
:math:`\log D(G(z))` instead, which has the same fixed point and strong gradients (the non-saturating game).

Reference:
    Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio: Generative Adversarial Nets,
    NIPS 2014.
"""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn

from ganarium.game import Paper, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of, joined_scores
from ganarium.ingredients.objectives import NonSaturating, Objective
from ganarium.ingredients.optimizers import SGD, Adam, OptimizerChoice
from ganarium.ingredients.penalties import R1, Critic, OnePass
from ganarium.ingredients.priors import Law, Normal, Uniform
from ganarium.ingredients.schedules import Cosine, Exponential, Linear
from ganarium.nets import Architecture, Perceptrons, Plain
from ganarium.spec import Spec

__all__ = ["GAN"]


class GAN(Adversarial):
    r"""The generative adversarial network.

    With raw scores :math:`F = \operatorname{logit} D`, the discriminator descends
    :math:`\mathbb E\,\mathrm{softplus}(-F(x)) + \mathbb E\,\mathrm{softplus}(F(G(z)))` and the generator
    :math:`\mathbb E\,\mathrm{softplus}(-F(G(z)))`; other objectives score the same game differently.

    Args:
        simultaneous: Take both gradients on the same batch and samples before either steps, instead of alternating.
        joined: Show the discriminator data and samples as one batch. This matters to networks that look across the
            batch, such as batch norm.

    Deviations from the paper:
        1. The discriminator's loss is the sum of its halves; the authors' code takes their mean.
        2. The rate falls to 0.06 over a run, as it does in the authors' 125,000 updates, whatever the run's length.

    Example:
        >>> game = GAN.toy()
        >>> game.sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Generative Adversarial Nets",
        authors=(
            "Ian Goodfellow",
            "Jean Pouget-Abadie",
            "Mehdi Mirza",
            "Bing Xu",
            "David Warde-Farley",
            "Sherjil Ozair",
            "Aaron Courville",
            "Yoshua Bengio",
        ),
        year=2014,
        arxiv="1406.2661",
        venue="Advances in Neural Information Processing Systems",
        command="gan",
        batch=100,
    )

    architecture: Architecture = Perceptrons()
    objective: Objective = NonSaturating()
    prior: Law = Uniform(-math.sqrt(3), math.sqrt(3))
    discriminator_moves: int = 1
    simultaneous: bool = False
    joined: bool = False
    optimizer: OptimizerChoice = SGD(lr=Exponential(0.1, 0.06), momentum=Linear(0.5, 0.7))
    discriminator: nn.Module = made(factory=discriminator_of)

    def both_scores(self, critic: Critic, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        # What penalties have had judged is not judged again; such a network looks at each sample alone.
        joined = self.joined and not isinstance(critic, OnePass)
        return joined_scores(critic, real, fake) if joined else super().both_scores(critic, real, fake)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # Without the penalty half of the grid's modes are lost, though not the ring's (docs/recipes.md).
        small = {"architecture": Plain(), "prior": Normal()}
        if spec["x"].kind == "points":
            # It fades: first all modes are found, then they become sharp.
            fading, falling = R1(Exponential(0.3, 0.003)), Adam(Cosine(2e-3, 0.0), (0.0, 0.99))
            return {**small, "latent": 4, "penalties": (fading,), "optimizer": falling}
        return {**small, "latent": 64, "penalties": (R1(1.0),), "optimizer": Adam(5e-4, (0.0, 0.99))}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        return {"batch_size": 128, "average": 40_000} if spec["x"].kind == "points" else {}
