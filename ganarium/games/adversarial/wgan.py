r"""A critic of bounded slope estimates the earth mover's distance, which has a gradient where others have none.

Two laws that do not overlap are equally far apart for the divergence of the first GAN, however far they are: its best
discriminator is right everywhere, and flat. The earth mover's distance is the least work of moving one heap of
probability onto the other, and falls as they approach. By duality it is a difference of mean scores,

.. math::

    W(p, q) = \sup_{\lVert F \rVert_L \le 1} \mathbb E_{x \sim p} F(x) - \mathbb E_{z} F(G(z)).

A critic whose weights are kept in a box has a bounded slope, and so estimates the distance up to a factor that the box
and the depth decide. Train it nearly to its optimum, several steps for each of the generator's, and its loss becomes a
curve that means something. What the box costs (critics that are too simple) is what WGAN-GP mends.

Reference:
    Arjovsky, Chintala, Bottou: Wasserstein Generative Adversarial Networks, ICML 2017, arXiv 1701.07875.
"""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor, nn

from ganarium.adversarial import Adversarial
from ganarium.augment import Augmentation, augmented
from ganarium.game import Batch, Game, Paper, Player, Terms
from ganarium.nets.architecture import Architecture, Plain
from ganarium.objectives import Wasserstein
from ganarium.optimizers import OptimizerChoice, RMSprop
from ganarium.penalties import Penalised, Penalty, clip_weights
from ganarium.priors import Law, Normal
from ganarium.spec import Field, Spec

__all__ = ["WGAN"]


class WGAN(Game, Adversarial):
    r"""The Wasserstein GAN with clipped weights.

    .. math::

        L_F = \mathbb E F(G(z)) - \mathbb E F(x), \qquad L_G = -\mathbb E F(G(z)), \qquad \text{weights of } F
        \in [-c, c].

    Players:
        critic: ``real`` (minus the mean score of the data) and ``fake`` (the mean score of the samples); the name of
            each penalty; ``distance``
            (watched), the difference of mean scores, which estimates the earth mover's distance up to a factor;
            ``sign`` and ``augmentation`` (watched, where augmentation is adaptive), the mean sign of the data's margins
            and the probability of each transform.
        generator: ``fake``, minus the mean score of its samples.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        bound: The largest weight of the critic, c.
        critic_moves: The critic's steps a round, each on its own batch.
        burst: Its steps in the first 25 rounds and in every 500th.
        architecture: The family of both networks.
        prior: The law of the noise.
        optimizer: How both players descend.
        penalties: What else the critic descends; its networks must then not couple samples (no batch norm).
        augment: What the critic sees instead of images, in both players' moves.
        generator: From noise (B, latent) to samples (B, \*shape).
        critic: From samples to raw scores (B,).

    Deviations from the paper:
        1. The networks follow from the data; the paper's are DCGAN's.
        2. Weights are clipped after each step, as in Algorithm 1; the authors' code clips before it.

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
    )

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        bound: float = 0.01,
        critic_moves: int = 5,
        burst: int = 100,
        architecture: Architecture = Plain(),
        prior: Law = Normal(),
        optimizer: OptimizerChoice = RMSprop(5e-5),
        penalties: tuple[Penalty, ...] = (),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        critic: nn.Module | None = None,
    ):
        super().__init__(spec)
        if not bound > 0:
            raise ValueError(f"WGAN keeps its critic's weights in [-bound, bound]; got bound={bound}.")
        self.latent, self.bound, self.critic_moves, self.burst = latent, bound, critic_moves, burst
        self.architecture, self.optimizer = architecture, optimizer
        self.prior = prior.of(latent)
        self.augment, self.augmented = augment, augmented(augment, spec["x"], "WGAN")
        self.generator = generator or architecture.generator(latent, spec["x"])
        self.critic = critic or architecture.discriminator(spec["x"])
        self.penalties, self.penalised = penalties, Penalised(penalties, self.critic, "WGAN")

    def players(self) -> list[Player]:
        return [
            Player(
                "critic",
                self.critic_loss,
                owns=[self.critic],
                optimizer=self.optimizer,
                moves=self.turn,
                after=self.clip,
                also=self.penalised.also(self.penalty_loss),
            ),
            Player("generator", self.generator_loss, owns=[self.generator], optimizer=self.optimizer),
        ]

    def turn(self, round: int) -> int:
        """The critic's moves in a round."""
        return self.burst if round < 25 or round % 500 == 0 else self.critic_moves

    def clip(self, terms: Terms) -> None:
        """Move the critic's weights into their box, and the augmentation by what it watched."""
        clip_weights(self.critic.parameters(), self.bound)
        if self.augmented.controller:
            self.augmented.controller(terms)

    def critic_loss(self, batch: Batch) -> Terms:
        verdict, x, fake = self.contest(batch)
        critic = self.penalised.one_pass(verdict, x, fake)
        scores = critic(x), critic(fake)
        terms = Wasserstein().discriminator(*scores)
        distance = -(terms["real"] + terms["fake"]).detach()
        terms |= self.penalised.terms(critic, x, fake, self.progress)
        return {**terms, "distance": distance, **self.augmented.watch(Wasserstein().margin(*scores))}

    def generator_loss(self, batch: Batch) -> Terms:
        return self.lesson(Wasserstein(), batch)

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z)

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.critic(x)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, bound=0.1, critic_moves=2, burst=2)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].kind == "points":
            return {"latent": 16, "bound": 0.1, "burst": 25, "optimizer": RMSprop(5e-4)}
        return {}
