r"""A penalty just around the data: the discriminator may not have cliffs where the data lie.

.. math::

    L_D = \mathbb E\,\mathrm{softplus}(-F(x)) + \mathbb E\,\mathrm{softplus}(F(G(z)))
        + \lambda\, \mathbb E (\lVert \nabla F(x + \delta) \rVert - 1)^2,

with noise :math:`\delta` about as wide as half the data; the generator's loss is the non-saturating one. The view is
that of a game whose players regret: with losses convex and concave, the *average* of what players without regret do
converges (their steps need not: :mod:`ganarium.theory.bilinear`). Elsewhere a run that ends in a bad equilibrium shows
sharp slopes of the discriminator around some of the data, and forcing slopes near one there avoids it. Unlike WGAN-GP's
penalty this one looks neither at the samples nor at the segments to them, so that it constrains nothing far from the
data, and the loss stays that of the first GAN.

Reference:
    Kodali, Abernethy, Hays, Kira: On Convergence and Stability of GANs, 2017, arXiv 1705.07215.
"""

from __future__ import annotations

from typing import Any, Self

from torch import nn

from ganarium.game import Paper, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import Adam, AroundData, Cosine, Law, Normal, OptimizerChoice, Penalty, Schedule, Uniform
from ganarium.nets import Architecture, Flat, Plain
from ganarium.spec import Field, Spec

__all__ = ["DRAGAN"]


class DRAGAN(Adversarial):
    r"""The deep regret analytic GAN.

    Players:
        discriminator: ``penalty``, that of :class:`~ganarium.ingredients.penalties.AroundData`; the rest as in
            :class:`~ganarium.game.frames.adversarial.Adversarial`.
        generator: as there.

    Args:
        penalty: The penalty's weight, :math:`\lambda`.
        spread: How far around the data it looks: the noise's deviation over that of the batch's numbers.
        discriminator: From samples to raw scores (B,); no batch norm.

    Deviations from the paper:
        1. The noise is normal, as the paper says, and as wide as half the batch's deviation; the authors' code adds
           uniform noise of one sign and looks at a random place on the way to it.
        2. Networks, noise and rates are those of the authors' notebook for MNIST, one hidden layer of 128 units each,
           but for tanh at the end and data in [-1, 1]; its own are a sigmoid and [0, 1]. The paper has DCGAN's too.

    Example:
        >>> DRAGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="On Convergence and Stability of GANs",
        authors=("Naveen Kodali", "Jacob Abernethy", "James Hays", "Zsolt Kira"),
        year=2017,
        arxiv="1705.07215",
        venue="arXiv",
        command="dragan",
        batch=128,
    )
    caution = (
        "On points its recipe finds one mode of eight: the slopes that the penalty allows are too gentle to part them. "
        "It plays on digits."
    )
    couples_samples = "the penalty's noise is as wide as the batch"

    penalty: float | Schedule = 10.0
    spread: float = 0.5
    architecture: Architecture = Flat(128, depth=1)
    prior: Law = Uniform(-1.0, 1.0)
    optimizer: OptimizerChoice = Adam(1e-4, (0.5, 0.9))
    penalties: tuple[Penalty, ...] = follows(factory=lambda game: (AroundData(game.penalty, spread=game.spread),))
    discriminator: nn.Module = made(factory=discriminator_of)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, architecture=Plain(), prior=Normal())

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # The GAN's, without its penalty.
        small = {"architecture": Plain(), "prior": Normal()}
        if spec["x"].kind == "points":
            return {**small, "latent": 4, "optimizer": Adam(Cosine(2e-3, 0.0), (0.0, 0.99))}
        return {**small, "latent": 64, "optimizer": Adam(5e-4, (0.0, 0.99))}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        return {"batch_size": 128, "average": 40_000} if spec["x"].kind == "points" else {}
