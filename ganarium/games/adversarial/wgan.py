r"""A critic of bounded slope estimates the earth mover's distance, which has a gradient where others have none.

Two laws that do not overlap are equally far apart for the divergence of the first GAN, however far they are: its best
discriminator is right everywhere, and flat. The earth mover's distance is the least work of moving one heap of
probability onto the other, and falls as they approach. By duality it is a difference of mean scores,

.. math:: W(p, q) = \sup_{\lVert F \rVert_L \le 1} \mathbb E_{x \sim p} F(x) - \mathbb E_{z} F(G(z)).

A critic whose weights are kept in a box has a bounded slope, and so estimates the distance up to a factor that the box
and the depth decide. Train it nearly to its optimum, several steps for each of the generator's, and its loss becomes a
curve that means something. What the box costs (critics that are too simple) is what WGAN-GP mends.

Reference:
    Arjovsky, Chintala, Bottou: Wasserstein Generative Adversarial Networks, ICML 2017, arXiv 1701.07875.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from torch import Tensor, nn

from ganarium.game import Paper, Terms, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import Objective, OptimizerChoice, RMSprop, Wasserstein, clip_weights
from ganarium.nets import Architecture, DeepConvolutional, Plain
from ganarium.spec import Field, Spec

__all__ = ["WGAN"]


class WGAN(Adversarial):
    r"""The Wasserstein GAN with clipped weights.

    .. math:: L_F = \mathbb E F(G(z)) - \mathbb E F(x), \qquad L_G = -\mathbb E F(G(z)), \qquad |\theta_F| \le c.

    Players:
        critic: ``real`` (minus the mean score of the data) and ``fake`` (the mean score of the samples); ``distance``
            (watched), the difference of mean scores, which estimates the earth mover's distance up to a factor.
        generator: ``fake``, minus the mean score of its samples.

    Args:
        bound: The largest weight of the critic, c.
        burst: The critic's steps in the first 25 rounds and in every 500th.

    Deviations from the paper:
        1. Weights are clipped after each step, as in Algorithm 1; the authors' code clips before it.
        2. The paper also has generators without batch norm; points take ``--architecture plain``, the recipe's.

    Example:
        >>> WGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Wasserstein Generative Adversarial Networks",
        authors=("Martin Arjovsky", "Soumith Chintala", "Léon Bottou"),
        year=2017,
        arxiv="1701.07875",
        venue="International Conference on Machine Learning",
        command="wgan",
        batch=64,
    )
    caution = "Slow: half a minute leaves it 2 of the ring's 8 modes and none of the grid's; all 8 take 4,000 rounds."
    adversary_name = "critic"

    bound: float = 0.01
    critic_moves: int = 5
    architecture: Architecture = DeepConvolutional(64, kernel=4)
    burst: int = 100
    objective: Objective = follows(factory=lambda game: Wasserstein())
    optimizer: OptimizerChoice = RMSprop(5e-5)
    critic: nn.Module = made(factory=discriminator_of)

    critic_loss = Adversarial.discriminator_loss

    def check(self) -> None:
        if not self.bound > 0:
            raise ValueError(f"WGAN keeps its critic's weights in [-bound, bound]; got bound={self.bound}.")

    def moves_of(self, player: str) -> int | Callable[[int], int]:
        return self.turn if player == "critic" else super().moves_of(player)

    def turn(self, round: int) -> int:
        """The critic's moves in a round."""
        return self.burst if round < 25 or round % 500 == 0 else self.critic_moves

    @property
    def controller(self) -> Callable[[Terms], None]:
        return self.clip

    def clip(self, terms: Terms) -> None:
        """Move the critic's weights into their box, and the augmentation by what it watched."""
        clip_weights(self.critic.parameters(), self.bound)
        if self.augmented.controller:
            self.augmented.controller(terms)

    def watched(self, terms: Terms, real: Tensor, fake: Tensor) -> Terms:
        return {"distance": -(terms["real"] + terms["fake"]).detach()}

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, bound=0.1, critic_moves=2, burst=2, architecture=Plain())

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        found = {"latent": 16, "bound": 0.1, "burst": 25, "optimizer": RMSprop(5e-4)}
        return {"architecture": Plain(), **(found if spec["x"].kind == "points" else {})}
