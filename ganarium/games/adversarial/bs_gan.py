r"""Samples are moved to the boundary where the discriminator cannot tell, and no further.

A discriminator with raw scores :math:`F = \log D - \log(1 - D)` knows, when it is at its best, how much likelier a
point is under the data than under the samples, :math:`e^{F^*(x)} = p(x) / q(x)`. Where samples are right this is one,
so :math:`F^*` is zero there: that is its decision boundary. The generator seeks it,

.. math:: L_G = \tfrac12\, \mathbb E\, F(G(z))^2 = \tfrac12\, \mathbb E\, (\log D(G(z)) - \log(1 - D(G(z))))^2 .

The non-saturating game sends samples uphill for as long as there is a hill. Against a discriminator that rests while G
moves several times, they run past the data, all to the same high places. Here they stop at the boundary.

The loss has no sign: a discriminator that has learned nothing has F = 0 everywhere, and so is content. And where
:math:`F > 0`, samples are pushed down, away from what looks most like data.

Reference:
    Hjelm, Jacob, Che, Trischler, Cho, Bengio: Boundary-Seeking Generative Adversarial Networks, ICLR 2018,
    arXiv 1702.08431, section 3.
"""

from __future__ import annotations

from typing import Any, Self

from torch import nn

from ganarium.game import Paper, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import R1, Adam, BoundarySeeking, Objective, OptimizerChoice
from ganarium.nets import Architecture, DeepConvolutional, Flat, Plain
from ganarium.spec import Field, Spec

__all__ = ["BSGAN"]


class BSGAN(Adversarial):
    r"""The boundary-seeking GAN of continuous data.

    .. math::

        L_D = \mathbb E\,\mathrm{softplus}(-F(x)) + \mathbb E\,\mathrm{softplus}(F(G(z))), \qquad
        L_G = \tfrac12\, \mathbb E\, F(G(z))^2 .

    Players:
        discriminator: as in :class:`~ganarium.game.frames.adversarial.Adversarial`.
        generator: ``fake``, half the mean squared score of its samples.

    Args:
        discriminator_moves: The discriminator's steps a round, each on its own batch.

    Deviations from the paper:
        1. The loss is the paper's equation; the authors' code takes (F - log Z)^2, without the half, with a moving
           estimate of log Z, the logarithm of the mean of exp F over samples.
        2. A discriminator that has not learned yet teaches nothing, and there is no warm-up: it moves first.
        3. The networks are DCGAN's, as in the authors' code for images of 64 pixels, at the data's size.

    Example:
        >>> BSGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Boundary-Seeking Generative Adversarial Networks",
        authors=("R Devon Hjelm", "Athul Paul Jacob", "Tong Che", "Adam Trischler", "Kyunghyun Cho", "Yoshua Bengio"),
        year=2017,
        arxiv="1702.08431",
        venue="International Conference on Learning Representations",
        command="bs-gan",
        batch=64,
    )
    caution = (
        "It was not seen to play well on any data here: digits can be guessed, the ring keeps 0 to 5 of its 8 modes "
        "and the grid none. What draws digits and points well: `gan`, `r3gan`."
    )

    latent: int = 128
    architecture: Architecture = DeepConvolutional(128)
    objective: Objective = BoundarySeeking()
    discriminator_moves: int = 1
    optimizer: OptimizerChoice = Adam(1e-4, (0.5, 0.999))
    discriminator: nn.Module = made(factory=discriminator_of)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, architecture=Plain(), generator_moves=2)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # With the penalty samples of the ring do not fall to one place, but do not find it either.
        if spec["x"].kind == "points":
            found = {"architecture": Plain(64), "penalties": (R1(0.1),), "optimizer": Adam(2e-3, (0.0, 0.99))}
            return {"latent": 8, **found}
        if spec["x"].kind == "image" and spec["x"].size <= 64:
            networks = Flat(128, generator_norm="batch", depth=2)
            return {"latent": 32, "architecture": networks, "optimizer": Adam(1e-3, (0.5, 0.999))}
        return {"latent": 64, "architecture": DeepConvolutional(64)}
