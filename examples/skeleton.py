r"""One sentence that says the idea of the paper to somebody who has not read it.

A page of a textbook: what is new, the mathematics with the paper's symbols, why it works, where it does not.

.. math::

    L_D = \mathbb E\, \mathrm{softplus}(-F(x)) + \mathbb E\, \mathrm{softplus}(F(G(z))), \qquad
    L_G = \mathbb E\, \mathrm{softplus}(-F(G(z))).

Reference:
    Authors: Title, venue year, arXiv number.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn

from ganarium.game import Batch, Decodes, Game, Paper, Player, Scores, Terms
from ganarium.nets.architecture import Architecture, Plain
from ganarium.objectives import NonSaturating, Objective
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.priors import Law, Normal
from ganarium.spec import Field, Spec

__all__ = ["Skeleton"]


class Skeleton(Game, Decodes, Scores):
    r"""The name of the model, written out: the first line is what lists show.

    Players:
        discriminator: ``real`` and ``fake``, the two halves of its loss: what every logged term means.
        generator: ``fake``, its loss.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        architecture: The family of both networks.
        objective: How scores become losses.
        prior: The law of the noise.
        optimizer: How both players descend.
        generator: From noise (B, latent) to samples (B, \*shape).
        discriminator: From samples to raw scores (B,).

    Deviations from the paper:
        1. Each one numbered, with its reason.

    Example:
        >>> Skeleton.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    # Literals: lists and the command line read them from this file without importing it.
    paper = Paper(
        title="The Title of the Paper",
        authors=("Given Family",),
        year=2014,
        command="skeleton",
    )
    needs = {"x": ()}

    def __init__(
        self,
        spec: Spec,
        latent: int = 64,
        architecture: Architecture = Plain(),
        objective: Objective = NonSaturating(),
        prior: Law = Normal(),
        optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999)),
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        super().__init__(spec)
        # Keywords stay attributes of the same name.
        self.latent, self.architecture, self.objective, self.optimizer = latent, architecture, objective, optimizer
        self.prior = prior.of(latent)
        self.generator = generator or architecture.generator(latent, spec["x"])
        self.discriminator = discriminator or architecture.discriminator(spec["x"])

    def players(self) -> list[Player]:
        return [
            Player("discriminator", self.discriminator_loss, owns=[self.discriminator], optimizer=self.optimizer),
            Player("generator", self.generator_loss, owns=[self.generator], optimizer=self.optimizer),
        ]

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            fake = self.draw(len(x))
        return self.objective.discriminator(self.discriminator(x), self.discriminator(fake))

    def generator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        return self.objective.generator(self.discriminator(self.draw(len(x))), lambda: self.discriminator(x))

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z)

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.discriminator(x)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # Measured settings, or nothing.
        return {}
