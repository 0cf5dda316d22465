r"""A gang of games, each of which begins where the one before it ended, and is asked to be ranked above it.

A critic of bounded slope F scores data above samples. Asked for no more than a margin :math:`\epsilon` in each pair, it
stops where the pair keeps it, and looks at those that do not. When this game is over, a second one takes its weights
and goes on; its critic must also see to it that data stand *two* margins above the samples of the first, as the first
critic scores them. Rank i plays (the first without its second term)

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

from collections.abc import Iterable
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from ganarium.game import Batch, Decodes, Paper, Player, Scores, Stage, Terms, follows, made
from ganarium.game.frames.ensemble import Ensemble, discriminators_of
from ganarium.ingredients import OptimizerChoice, RMSprop, Wasserstein, clipping
from ganarium.nets import Architecture, DeepConvolutional, Plain
from ganarium.spec import Field, Spec

__all__ = ["GoGAN"]


class GoGAN(Ensemble, Decodes, Scores):
    r"""The gang of GANs: as many stages as ranks, ``rank 1``, ``rank 2`` and so on, of equal length.

    Samples and scores are those of the rank that plays, after a run of the last. With one rank it is the margin GAN.

    Players:
        critic: ``pair``, the mean of what is missing to the margin in pairs of a datum and a sample; ``rank``, from the
            second rank on, the ranking's weight times the mean of what is missing to two margins between a datum and a
            sample of the rank before; ``kept`` (watched), the share of pairs whose margin is kept; ``distance``
            (watched), the difference of mean scores of data and samples.
        generator: ``fake``, minus the mean score of its samples.

    Args:
        ranks: How many games there are in the end.
        margin: How far a datum's score is to be above a sample's, :math:`\epsilon`, above zero.
        rank_weight: The ranking's weight, :math:`\lambda`, not negative.
        bound: The largest weight of a critic, above zero.
        generators: As many as ranks, all alike.
        critics: As many as ranks, all alike.

    Deviations from the paper:
        1. Earlier ranks rest when a later one plays.
        2. The margin, the weight, the box and the rates are those of the only public reproduction, since the authors
           have released no code; of batches nothing is known, and ``--paper`` plays 64.

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

    adversary_name = "critic"

    ranks: int = 2
    margin: float = 1.0
    rank_weight: float = 0.5
    bound: float = 0.1
    critic_moves: int = 5
    architecture: Architecture = DeepConvolutional(64)
    optimizer: OptimizerChoice = RMSprop(1e-4)
    #: Which rank plays, counted from 0.
    rank: Tensor = follows(factory=lambda game: torch.zeros((), dtype=torch.long))
    critics: nn.ModuleList = made(factory=lambda game: discriminators_of(game, "critics"))

    def numbers(self) -> dict[str, int]:
        return {"generators": self.ranks, "critics": self.ranks}

    def check(self) -> None:
        if self.ranks < 1 or not self.margin > 0 or not self.bound > 0 or self.rank_weight < 0:
            raise ValueError(
                "GoGAN needs ranks >= 1, margin > 0, bound > 0 and rank_weight >= 0; got "
                f"ranks={self.ranks}, margin={self.margin}, bound={self.bound}, rank_weight={self.rank_weight}."
            )

    def stages(self) -> list[Stage]:
        later = [Stage(f"rank {i + 1}", self.gang(i), begin=partial(self.promote, i=i)) for i in range(1, self.ranks)]
        return [Stage("rank 1", self.gang(0)), *later]

    def gang(self, i: int) -> list[Player]:
        """The two players of a rank, counted from 0."""
        return self.pair(after=clipping(self.critics[i], self.bound), i=i)

    def promote(self, data: Iterable[Batch], i: int) -> None:
        """Begin the rank i with all that the rank before it has learned."""
        for networks in (self.generators, self.critics):
            networks[i].load_state_dict(networks[i - 1].state_dict())
        self.rank.fill_(i)

    def critic_loss(self, batch: Batch, i: int) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            fake = self.generators[i](self.noise(len(x)))
        real, drawn = self.critics[i](x), self.critics[i](fake)
        missing = relu(self.margin + drawn - real)
        terms = {"pair": missing.mean()}
        if i > 0:
            with torch.no_grad():
                below = self.critics[i - 1](self.generators[i - 1](self.noise(len(x))))
            terms["rank"] = self.rank_weight * relu(2 * self.margin + below - real).mean()
        kept, distance = missing.detach().eq(0).mean(dtype=x.dtype), (real - drawn).detach().mean()
        return {**terms, "kept": kept, "distance": distance}

    def generator_loss(self, batch: Batch, i: int) -> Terms:
        return Wasserstein().generator(self.critics[i](self.generators[i](self.noise(len(batch["x"])))))

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generators[int(self.rank)](z)

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.critics[int(self.rank)](x)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, critic_moves=2, architecture=Plain())

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        return {"architecture": Plain()}
