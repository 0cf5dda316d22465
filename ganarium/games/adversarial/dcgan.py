r"""Rules for convolutional networks under which the plain game is stable.

The game is the non-saturating one of :class:`~ganarium.games.adversarial.gan.GAN`; what is new are the players'
networks. No pooling: the discriminator shrinks images by strided convolutions, the generator grows them by
fractionally-strided ones. Batch norm in both, but not where the generator ends nor where the discriminator begins. No
hidden layer is fully connected. Rectifiers in the generator with tanh at the end, leaky rectifiers in the
discriminator. The generator's noise then turns out to have arithmetic, and the discriminator's features to be useful.

Reference:
    Radford, Metz, Chintala: Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
    Networks, ICLR 2016, arXiv 1511.06434.
"""

from __future__ import annotations

from typing import Any, Self

from torch import nn

from ganarium.game import Paper, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import Adam, Law, OptimizerChoice, Uniform
from ganarium.nets import Architecture, DeepConvolutional
from ganarium.spec import Field, Spec

__all__ = ["DCGAN"]


class DCGAN(Adversarial):
    r"""The deep convolutional GAN.

    Batch:
        ``x`` (B, C, H, W): images in [-1, 1].

    Args:
        discriminator_moves: The discriminator's steps a round.
        generator: From noise (B, latent) to images.
        discriminator: From images to raw scores (B,).

    Deviations from the paper:
        1. Both players see the same batch in a round; the authors' code gives each update a batch of its own.
        2. No weight penalty; the authors' code has one of 1e-5 that the paper does not mention.

    Example:
        >>> DCGAN.toy().sample(2, seed=0).shape
        torch.Size([2, 1, 8, 8])
    """

    paper = Paper(
        title="Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks",
        authors=("Alec Radford", "Luke Metz", "Soumith Chintala"),
        year=2015,
        arxiv="1511.06434",
        venue="International Conference on Learning Representations",
        command="dcgan",
        batch=128,
    )
    needs = {"x": ("image",)}
    couples_samples = "batch norm in both networks"

    architecture: Architecture = DeepConvolutional(channels=128)
    prior: Law = Uniform(-1.0, 1.0)
    discriminator_moves: int = 1
    optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999))
    discriminator: nn.Module = made(factory=discriminator_of)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((1, 8, 8), "image")), latent=4, architecture=DeepConvolutional(4))

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].size <= 256:
            return {"architecture": DeepConvolutional(32), "latent": 64}
        return {"architecture": DeepConvolutional(16), "latent": 64, "optimizer": Adam(5e-4, (0.5, 0.999))}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        return {} if spec["x"].size <= 256 else {"average": 40_000}
