r"""Both players are told a label, and so the generator learns each class's law by itself.

Data come with side information :math:`y`, such as a class. Tell it to both players, and the minimax game is played
for every :math:`y` at once:

.. math::

    \min_G \max_D V(D, G) = \mathbb E_{x, y \sim p} \log D(x, y) + \mathbb E_{z,\, y \sim p} \log(1 - D(G(z, y), y)).

For a fixed generator with laws :math:`q(x | y)` the best discriminator is
:math:`D^*(x, y) = p(x | y) / (p(x | y) + q(x | y))`, and what is left for the generator to minimise is

.. math::

    2\, \mathbb E_{y \sim p}\, \mathrm{JS}(p(\cdot | y), q(\cdot | y)) - \log 4,

which is least where :math:`q(x | y) = p(x | y)` for every class. Were only the generator told, it would be free to
ignore the label: a discriminator that does not see :math:`y` compares mixtures over all classes, and no more. And were
the labels of samples drawn from another law than those of the data, the discriminator could tell by the label alone.

Reference:
    Mirza, Osindero: Conditional Generative Adversarial Nets, 2014, arXiv 1411.1784.
"""

from __future__ import annotations

from typing import Any, Self

from ganarium.game import Paper
from ganarium.game.frames.conditional import Conditional
from ganarium.ingredients.objectives import NonSaturating, Objective
from ganarium.ingredients.optimizers import SGD, Adam, OptimizerChoice
from ganarium.ingredients.priors import Law, Normal, Uniform
from ganarium.ingredients.schedules import Exponential, Linear
from ganarium.nets import Architecture, DeepConvolutional, Plain, TwoStreams
from ganarium.spec import Field, Spec

__all__ = ["CGAN"]


class CGAN(Conditional):
    r"""The conditional GAN: a class can be asked for, ``game.sample(9, y=3)``.

    With raw scores :math:`F = \operatorname{logit} D`, the discriminator descends
    :math:`\mathbb E\,\mathrm{softplus}(-F(x, y)) + \mathbb E\,\mathrm{softplus}(F(G(z, y), y))` and the generator
    :math:`\mathbb E\,\mathrm{softplus}(-F(G(z, y), y))`, with the labels of the batch for data and samples alike.

    Args:
        prior: The law of the noise; the paper says "the unit hypercube".

    Deviations from the paper:
        1. The generator descends the non-saturating loss; the paper writes the minimax game (``Minimax()``).
        2. The rate falls to its end over a run, whatever the run's length; the paper divides it by 1.00004 a step.

    Example:
        >>> game = CGAN.toy()
        >>> game.sample(3, seed=0, y=[0, 1, 1]).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Conditional Generative Adversarial Nets",
        authors=("Mehdi Mirza", "Simon Osindero"),
        year=2014,
        arxiv="1411.1784",
        command="cgan",
        batch=100,
    )
    architecture: Architecture = TwoStreams()
    objective: Objective = NonSaturating()
    prior: Law = Uniform(-1.0, 1.0)
    discriminator_moves: int = 1
    optimizer: OptimizerChoice = SGD(lr=Exponential(0.1, 1e-6), momentum=Linear(0.5, 0.7))

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((2,), "points"), y=Field((), "label", classes=3))
        return cls(spec, latent=4, architecture=Plain())

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].kind == "points":
            return {"architecture": Plain(), "latent": 16, "prior": Normal(), "optimizer": Adam(5e-4)}
        return {"architecture": DeepConvolutional(32, 4), "latent": 64, "prior": Normal(), "optimizer": Adam(5e-4)}
