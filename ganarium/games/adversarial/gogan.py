r"""A gang of games, each of which begins where the one before it ended, and is asked to be ranked above it.

A critic of bounded slope F scores data above samples. Asked for no more than a margin :math:`\epsilon` in each pair, it
stops where the pair keeps it, and looks at those that do not:

.. math::

    L_{F_1} = \mathbb E \big[\epsilon + F_1(G_1(z)) - F_1(x)\big]_+, \qquad L_{G_1} = -\mathbb E F_1(G_1(z)).

When this game is over, a second one takes its weights and goes on. Its critic must also see to it that data stand
*two* margins above the samples of the first, as the first critic scores them:

.. math::

    L_{F_i} = \mathbb E \big[\epsilon + F_i(G_i(z)) - F_i(x)\big]_+
        + \lambda\, \mathbb E \big[2 \epsilon + F_{i-1}(G_{i-1}(z)) - F_i(x)\big]_+, \qquad
    L_{G_i} = -\mathbb E F_i(G_i(z)).

Where all margins are kept, data are ranked above the samples of rank i, and these have room between data and those of
rank i - 1: the authors conclude that each rank can halve the gap that the one before has left. Scores of two critics
can be compared because they are kept in the same box, and the second began as the first.

Reference:
    Juefei-Xu, Boddeti, Savvides: Gang of GANs: Generative Adversarial Networks with Maximum Margin Ranking, 2017,
    arXiv 1704.04865.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from ganarium.game import Batch, Decodes, Game, Paper, Player, Scores, Stage, Terms
from ganarium.nets.architecture import Architecture, Plain
from ganarium.objectives import Wasserstein
from ganarium.optimizers import OptimizerChoice, RMSprop
from ganarium.penalties import clip_weights
from ganarium.priors import Law, Normal
from ganarium.spec import Field, Spec

__all__ = ["GoGAN"]


class GoGAN(Game, Decodes, Scores):
    r"""The gang of GANs: as many stages as ranks, ``rank 1``, ``rank 2`` and so on, of equal length.

    Samples and scores are those of the rank that plays, after a run of the last. With one rank it is the margin GAN.

    Players:
        critic: ``pair``, the mean of what is missing to the margin in pairs of a datum and a sample; ``rank``, from the
            second rank on, the ranking's weight times the mean of what is missing to two margins between a datum and a
            sample of the rank before; ``kept`` (watched), the share of pairs whose margin is kept; ``distance``
            (watched), the difference of mean scores of data and samples.
        generator: ``fake``, minus the mean score of its samples.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        ranks: How many games there are in the end.
        margin: How far a datum's score is to be above a sample's, :math:`\epsilon`.
        rank_weight: The ranking's weight, :math:`\lambda`.
        bound: The largest weight of a critic.
        critic_moves: The critic's steps a round, each on its own batch.
        architecture: The family of all networks.
        prior: The law of the noise.
        optimizer: How both players descend.
        generators: As many networks as ranks, from noise (B, latent) to samples (B, \*shape), all alike.
        critics: As many networks as ranks, from samples to raw scores (B,), all alike.

    Deviations from the paper:
        1. Earlier ranks rest when a later one plays.
        2. The margin, the weight, the box and the rates are those of the only public reproduction; the authors have
           released no code.
        3. The networks follow from the data; the paper's are DCGAN's.

    Raises:
        ValueError: if there is no rank, the margin or the box is not above zero, the weight is negative, or the
            networks given are not as many as the ranks.

    Example:
        >>> game = GoGAN.toy()
        >>> [stage.name for stage in game.stages()], game.sample(3, seed=0).shape
        (['rank 1', 'rank 2'], torch.Size([3, 2]))
    """

    paper = Paper(
        title="Gang of GANs: Generative Adversarial Networks with Maximum Margin Ranking",
        authors=("Felix Juefei-Xu", "Vishnu Naresh Boddeti", "Marios Savvides"),
        year=2017,
        arxiv="1704.04865",
        venue="arXiv",
        command="gogan",
    )

    rank: Tensor

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        ranks: int = 2,
        margin: float = 1.0,
        rank_weight: float = 0.5,
        bound: float = 0.1,
        critic_moves: int = 5,
        architecture: Architecture = Plain(),
        prior: Law = Normal(),
        optimizer: OptimizerChoice = RMSprop(1e-4),
        generators: Sequence[nn.Module] | None = None,
        critics: Sequence[nn.Module] | None = None,
    ):
        super().__init__(spec)
        if ranks < 1 or not margin > 0 or not bound > 0 or rank_weight < 0:
            raise ValueError(
                "GoGAN needs ranks >= 1, margin > 0, bound > 0 and rank_weight >= 0; got "
                f"ranks={ranks}, margin={margin}, bound={bound}, rank_weight={rank_weight}."
            )
        self.latent, self.ranks, self.margin, self.rank_weight = latent, ranks, margin, rank_weight
        self.bound, self.critic_moves, self.architecture, self.optimizer = bound, critic_moves, architecture, optimizer
        self.prior = prior.of(latent)
        self.generators = several(generators, ranks) or nn.ModuleList(
            [architecture.generator(latent, spec["x"]) for _ in range(ranks)]
        )
        self.critics = several(critics, ranks) or nn.ModuleList(
            [architecture.discriminator(spec["x"]) for _ in range(ranks)]
        )
        # Which rank plays, counted from 0.
        self.register_buffer("rank", torch.zeros((), dtype=torch.long))

    def stages(self) -> list[Stage]:
        later = [Stage(f"rank {i + 1}", self.gang(i), begin=partial(self.promote, i=i)) for i in range(1, self.ranks)]
        return [Stage("rank 1", self.gang(0)), *later]

    def gang(self, i: int) -> list[Player]:
        """The two players of a rank, counted from 0."""
        return [
            Player(
                "critic",
                partial(self.critic_loss, i=i),
                owns=[self.critics[i]],
                optimizer=self.optimizer,
                moves=self.critic_moves,
                after=partial(self.clip, i=i),
            ),
            Player("generator", partial(self.generator_loss, i=i), owns=[self.generators[i]], optimizer=self.optimizer),
        ]

    def promote(self, data: Iterable[Batch], i: int) -> None:
        """Begin the rank i with all that the rank before it has learned."""
        for networks in (self.generators, self.critics):
            networks[i].load_state_dict(networks[i - 1].state_dict())
        self.rank.fill_(i)

    def clip(self, terms: Terms, i: int) -> None:
        """Move a critic's weights into their box."""
        clip_weights(self.critics[i].parameters(), self.bound)

    def critic_loss(self, batch: Batch, i: int) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            fake = self.generators[i](self.prior(len(x)))
        real, made = self.critics[i](x), self.critics[i](fake)
        missing = relu(self.margin + made - real)
        terms = {"pair": missing.mean()}
        if i > 0:
            with torch.no_grad():
                below = self.critics[i - 1](self.generators[i - 1](self.prior(len(x))))
            terms["rank"] = self.rank_weight * relu(2 * self.margin + below - real).mean()
        watched = {"kept": missing.detach().eq(0).mean(dtype=x.dtype), "distance": (real - made).detach().mean()}
        return terms | watched

    def generator_loss(self, batch: Batch, i: int) -> Terms:
        return Wasserstein().generator(self.critics[i](self.generators[i](self.prior(len(batch["x"])))))

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generators[int(self.rank)](z)

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.critics[int(self.rank)](x)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, critic_moves=2, architecture=Plain())


def several(given: Sequence[nn.Module] | None, ranks: int) -> nn.ModuleList | None:
    """The user's networks, if they are enough."""
    if given is not None and len(given) != ranks:
        raise ValueError(f"GoGAN has one generator and one critic for each of its {ranks} ranks; got {len(given)}.")
    return None if given is None else nn.ModuleList(given)
