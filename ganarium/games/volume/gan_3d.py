r"""A generative adversarial network of shapes: volumes of voxels instead of pictures of pixels.

Convolutions have three axes. A latent :math:`z` becomes a grid of occupancies, which D tells from grids of real shapes:

.. math:: \max_D\; \mathbb E_x \log D(x) + \mathbb E_z \log(1 - D(G(z))), \qquad \max_G\; \mathbb E_z \log D(G(z)).

A generator of :math:`n^3` voxels has far more to learn than the discriminator, which sees at a glance whether a voxel
floats in the air. Left alone it wins, and a discriminator that is always right teaches nothing. So it learns slowly,
and it has a **gate**: it moves only if its accuracy on the last batch was at most 0.8.

The features of a discriminator trained so describe shapes well, without ever having seen a label.

Reference:
    Wu, Zhang, Xue, Freeman, Tenenbaum: Learning a Probabilistic Latent Space of Object Shapes via 3D
    Generative-Adversarial Modeling, NIPS 2016, arXiv 1610.07584.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from ganarium.game import Paper, Player, Terms, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import Adam, Law, OptimizerChoice, Uniform
from ganarium.nets import Architecture, DeepConvolutional
from ganarium.spec import Field, Spec

__all__ = ["GAN3D"]


class GAN3D(Adversarial):
    r"""The GAN of volumes, whose discriminator rests while it is winning.

    Players:
        discriminator: ``accuracy`` (watched), which the gate reads before the next move; ``rested`` (watched), 1 if the
            gate was closed in this move, else 0; ``real`` and ``fake``, the halves of its loss.
        generator: ``fake``, its loss.

    Batch:
        ``x`` (B, C, D, H, W): volumes in [-1, 1]; a voxel above zero is filled.

    Args:
        rest_above: The accuracy, from 0.5 to 1, above which the discriminator rests; 1 never lets it rest.

    Deviations from the paper:
        1. Volumes are in [-1, 1] and end in tanh; the paper's are in [0, 1], with a sigmoid: another scale, no more.
        2. The generator's first layer has a norm for each unit, as in DCGAN; the paper's, for each channel.
        3. Weights begin as in DCGAN, from N(0, 0.02).
        4. The variational encoder of the paper's second half (3D-VAE-GAN) is another game.

    Example:
        >>> GAN3D.toy().sample(2, seed=0).shape
        torch.Size([2, 1, 8, 8, 8])
    """

    paper = Paper(
        title="Learning a Probabilistic Latent Space of Object Shapes via 3D Generative-Adversarial Modeling",
        authors=("Jiajun Wu", "Chengkai Zhang", "Tianfan Xue", "William T. Freeman", "Joshua B. Tenenbaum"),
        year=2016,
        arxiv="1610.07584",
        venue="Advances in Neural Information Processing Systems",
        command="3d-gan",
        batch=100,
    )
    needs = {"x": ("volume",)}
    couples_samples = "batch norm in both networks"
    latent: int = 200
    rest_above: float = 0.8
    architecture: Architecture = DeepConvolutional(channels=64, kernel=4)
    prior: Law = Uniform(0.0, 1.0)
    generator_optimizer: OptimizerChoice = Adam(2.5e-3, (0.5, 0.999))
    discriminator_optimizer: OptimizerChoice = Adam(1e-5, (0.5, 0.999))
    optimizer: OptimizerChoice = follows(factory=lambda game: game.generator_optimizer)
    discriminator: nn.Module = made(factory=discriminator_of)
    last_accuracy: Tensor = follows(factory=lambda game: torch.zeros(()))  # what the gate reads; none was judged yet

    def check(self) -> None:
        if not 0.5 <= self.rest_above <= 1:
            raise ValueError(f"GAN3D's gate is an accuracy from 0.5, chance, to 1; got rest_above={self.rest_above}.")

    def players(self) -> list[Player]:
        discriminator, generator = super().players()
        return [replace(discriminator, rests=self.winning, after=self.remember), generator]

    def winning(self) -> bool:
        """The gate: whether the discriminator was right too often on the last batch."""
        return bool(self.last_accuracy > self.rest_above)

    def remember(self, terms: Terms) -> None:
        """Keep the discriminator's accuracy on this batch for its next move."""
        self.last_accuracy.copy_(terms["accuracy"])
        if self.controller:
            self.controller(terms)

    def watched(self, terms: Terms, real: Tensor, fake: Tensor) -> Terms:
        rested = self.last_accuracy.gt(self.rest_above).to(real.dtype)
        return {**super().watched(terms, real, fake), "rested": rested}

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((1, 8, 8, 8), "volume")), latent=4, architecture=DeepConvolutional(4, kernel=4))

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        descents = {"generator_optimizer": Adam(2e-3), "discriminator_optimizer": Adam(5e-4)}
        return {"architecture": DeepConvolutional(16, kernel=4), "latent": 64, **descents}
