r"""Pairs that are compared, and two penalties on the slope: a loss that converges needs no tricks.

The discriminator's scores are compared in pairs, one of the data and one sample. It learns that the first is the more
real, and the generator that the second is:

.. math::

    L_D &= \mathbb E\,\mathrm{softplus}(F(G(z)) - F(x))
        + \tfrac\gamma2\, \mathbb E \lVert \nabla F(x) \rVert^2
        + \tfrac\gamma2\, \mathbb E \lVert \nabla F(G(z)) \rVert^2, \\
    L_G &= \mathbb E\,\mathrm{softplus}(F(x) - F(G(z))).

A plain loss looks at samples on their own, and is content to put all of them on the same side of one boundary. Here a
sample's worth depends on the data beside it, so that each sample wants to be better than data near it, and forgetting
a mode makes a minimum no more (Sun et al., 2020). Pairs alone need not converge. With either penalty the game does so
near its equilibrium, by the argument of Mescheder et al. (2018) for the plain loss; in practice it takes both, since at
first data and samples lie far apart, and a penalty at the data does not see the samples.

With such a loss what StyleGAN2 added for stability can go: mapping, modulation, noise, norms, standard deviations over
the batch, momentum, lazy penalties. What remains is a residual network (:mod:`ganarium.nets.families.r3gan`).

Reference:
    Huang, Gokaslan, Kuleshov, Tompkin: The GAN is dead; long live the GAN! A Modern Baseline GAN, NeurIPS 2024,
    arXiv 2501.05441. Sun, Fang, Schwing: Towards a Better Global Loss Landscape of GANs, NeurIPS 2020.
"""

from __future__ import annotations

from typing import Any, Self

from torch import nn

from ganarium.game import Paper, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients.objectives import Objective, RelativisticPairs
from ganarium.ingredients.optimizers import Adam, OptimizerChoice
from ganarium.ingredients.penalties import R1, R2, Penalty
from ganarium.ingredients.schedules import Cosine, Exponential, Schedule
from ganarium.nets import Architecture, DeepConvolutional, Flat, FourierFeatures, ModernResidual
from ganarium.spec import Field, Spec

__all__ = ["R3GAN"]


class R3GAN(Adversarial):
    r"""The regularised relativistic GAN, a modern baseline.

    Players:
        discriminator: ``pair``, how far samples are from scoring below the data that they are paired with; ``r1`` and
            ``r2``, the penalties at the data and at the samples; ``accuracy`` (watched), the share of pairs in the
            right order.
        generator: ``pair``, the same with the parts exchanged.

    Args:
        gamma: The weight of both penalties, each with the factor one half. The authors go from 0.05 to 0.005 for
            CIFAR-10 and from 2 to 0.2 for faces of 64 x 64.
        discriminator: From samples to raw scores (B,); no batch norm.

    Deviations from the paper:
        1. The numbers that change do so over the whole run; the authors' have arrived after 20 million images.
        2. The half-life of the averaged networks is a twentieth of what was seen, up to the authors' for CIFAR-10,
           which grows with the other numbers.
        3. No augmentation by default; the authors' is adaptive augmentation's, with a probability that grows.
        4. Both players see the same batch in a round; the authors draw another for the generator.
        5. A condition would be constant channels of the discriminator's image; the authors' is projected on features.

    Example:
        >>> R3GAN.toy().sample(2, seed=0).shape
        torch.Size([2, 1, 8, 8])
    """

    paper = Paper(
        title="The GAN is dead; long live the GAN! A Modern Baseline GAN",
        authors=("Yiwen Huang", "Aaron Gokaslan", "Volodymyr Kuleshov", "James Tompkin"),
        year=2024,
        arxiv="2501.05441",
        venue="Advances in Neural Information Processing Systems",
        command="r3gan",
        batch=512,
        average=5e6,
    )

    latent: int = 64
    gamma: float | Schedule = Cosine(0.05, 0.005)
    architecture: Architecture = ModernResidual()
    objective: Objective = follows(factory=lambda game: RelativisticPairs())
    optimizer: OptimizerChoice = Adam(Cosine(2e-4, 5e-5), (0.0, Cosine(0.9, 0.99)))
    penalties: tuple[Penalty, ...] = follows(factory=lambda game: (R1(game.gamma), R2(game.gamma)))
    discriminator: nn.Module = made(factory=discriminator_of)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((1, 8, 8), "image")), latent=4, architecture=ModernResidual(8, blocks=1, group=4))

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        x, falling = spec["x"], Adam(Cosine(2e-3, 0.0), (0.0, 0.99))
        if x.kind == "points":
            # Penalties that fade: first all modes are found, then they become sharp; waves let D see their widths.
            networks, fading = FourierFeatures(), Exponential(1.0, 0.003)
            return {"latent": 4, "gamma": fading, "architecture": networks, "optimizer": falling}
        # Perceptrons play several times as many rounds in the same time on images of few pixels (docs/recipes.md).
        if x.size <= 256:
            return {"gamma": 1.0, "architecture": Flat(128, generator_norm="batch"), "optimizer": falling}
        slower = Adam(Cosine(1e-3, 0.0), (0.0, 0.99))
        return {"gamma": 0.1, "architecture": DeepConvolutional(16, norm=None), "optimizer": slower}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        return {"batch_size": 128 if spec["x"].size <= 256 else 64, "average": 40_000}
