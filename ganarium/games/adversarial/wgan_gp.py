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

from ganarium.adversarial import Adversarial
from ganarium.augment import Augmentation, augmented
from ganarium.game import Batch, Game, Paper, Player, Terms
from ganarium.nets.architecture import Architecture, Plain
from ganarium.objectives import Wasserstein
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.penalties import GradientPenalty, Penalised, Penalty
from ganarium.priors import Law, Normal
from ganarium.schedules import Schedule
from ganarium.spec import Field, Spec

__all__ = ["WGANGP"]


class WGANGP(Game, Adversarial):
    r"""The Wasserstein GAN with gradient penalty.

    .. math::

        L_F &= \mathbb E F(G(z)) - \mathbb E F(x)
            + \lambda\, \mathbb E (\lVert \nabla F(\hat x) \rVert_2 - 1)^2, \\
        L_G &= -\mathbb E F(G(z)), \qquad \hat x = \epsilon x + (1 - \epsilon) G(z),\ \epsilon \sim U[0, 1].

    Players:
        critic: ``real`` (minus the mean score of the data), ``fake`` (the mean score of the samples), ``penalty``;
            ``distance`` (watched), the difference of mean scores, which estimates the earth mover's distance;
            ``sign`` and ``augmentation`` (watched, where augmentation is adaptive), the mean sign of the data's margins
            and the probability of each transform.
        generator: ``fake``, minus the mean score of its samples.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        penalty: The penalty's weight, lambda; the paper has 10 for images and 0.1 for points in the plane.
        critic_moves: The critic's steps a round, each on its own batch.
        architecture: The family of both networks.
        prior: The law of the noise.
        optimizer: How both players descend.
        penalties: What else the critic descends; its networks must then not couple samples (no batch norm).
        augment: What the critic sees instead of images, in both players' moves.
        generator: From noise (B, latent) to samples (B, \*shape).
        critic: From samples to raw scores (B,); no batch norm.

    Deviations from the paper:
        1. The networks follow from the data; the paper's are residual for images.
        2. The critic moves first, as in Algorithm 1; the authors' code begins with the generator.

    Example:
        >>> WGANGP.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Improved Training of Wasserstein GANs",
        authors=(
            "Ishaan Gulrajani",
            "Faruk Ahmed",
            "Martin Arjovsky",
            "Vincent Dumoulin",
            "Aaron Courville",
        ),
        year=2017,
        arxiv="1704.00028",
        venue="Advances in Neural Information Processing Systems",
        command="wgan-gp",
    )

    def __init__(
        self,
        spec: Spec,
        latent: int = 64,
        penalty: float | Schedule = 10.0,
        critic_moves: int = 5,
        architecture: Architecture = Plain(),
        prior: Law = Normal(),
        optimizer: OptimizerChoice = Adam(1e-4, (0.5, 0.9)),
        penalties: tuple[Penalty, ...] = (),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        critic: nn.Module | None = None,
    ):
        super().__init__(spec)
        self.latent, self.penalty, self.critic_moves = latent, penalty, critic_moves
        self.architecture, self.optimizer = architecture, optimizer
        self.prior = prior.of(latent)
        self.augment, self.augmented = augment, augmented(augment, spec["x"], "WGANGP")
        self.generator = generator or architecture.generator(latent, spec["x"])
        self.critic = critic or architecture.discriminator(spec["x"])
        self.penalties = penalties
        self.penalised = Penalised((GradientPenalty(penalty), *penalties), self.critic, "WGANGP")

    def players(self) -> list[Player]:
        return [
            Player(
                "critic",
                self.critic_loss,
                owns=[self.critic],
                optimizer=self.optimizer,
                moves=self.critic_moves,
                after=self.augmented.controller,
                also=self.penalised.also(self.penalty_loss),
            ),
            Player("generator", self.generator_loss, owns=[self.generator], optimizer=self.optimizer),
        ]

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
        return cls(Spec(x=Field((2,), "points")), latent=4, critic_moves=2)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].kind == "points":
            return {"latent": 16, "penalty": 0.1, "optimizer": Adam(5e-4, (0.5, 0.9))}
        return {"optimizer": Adam(3e-4, (0.5, 0.9))}
