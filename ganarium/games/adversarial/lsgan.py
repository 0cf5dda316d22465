r"""Squared distances to codes: a sample on the right side, but far from the data, still has a long way to go.

The discriminator's scores are pulled to a code :math:`b` for data and :math:`a` for samples, and the generator pulls
those of its samples to :math:`c`:

.. math::

    L_D &= \tfrac12\, \mathbb E (F(x) - b)^2 + \tfrac12\, \mathbb E (F(G(z)) - a)^2, \\
    L_G &= \tfrac12\, \mathbb E (F(G(z)) - c)^2.

Cross entropy hardly teaches a sample that the discriminator takes for data: its slope there is zero, wherever the data
may be. A square's is not. The best discriminator is :math:`F^* = (b\,p + a\,q) / (p + q)`; with
:math:`b - c = 1, b - a = 2` what is left for the generator is half of Pearson's :math:`\chi^2(p + q \Vert 2 q)`. The
authors train with :math:`a = 0, b = c = 1`, which they find as good.

Reference:
    Mao, Li, Xie, Lau, Wang, Smolley: Least Squares Generative Adversarial Networks, ICCV 2017, arXiv 1611.04076.
"""

from __future__ import annotations

from torch import nn

from ganarium.game import Paper, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import Adam, Law, LeastSquares, Objective, OptimizerChoice, Uniform
from ganarium.nets import Architecture, DeepConvolutional

__all__ = ["LSGAN"]


class LSGAN(Adversarial):
    r"""The least squares GAN.

    Players:
        discriminator: ``real`` and ``fake``, half the mean squared distance of scores to their codes; the rest as
            in :class:`~ganarium.game.frames.adversarial.Adversarial`.
        generator: ``fake``, half the mean squared distance of its samples' scores to the target.

    Args:
        real: The code of data for the discriminator, b.
        fake: The code of samples for the discriminator, a.
        target: The code that the generator wants, c; -1, 1, 0 for a, b, c give Pearson's chi squared.

    Deviations from the paper:
        1. The networks are DCGAN's; the paper's generator for 112 x 112 has two further layers.
        2. Losses are means over the batch; the authors' code takes sums, which Adam does not notice.
        3. The players draw noise of their own in a round; the authors' code gives both the same.

    Raises:
        ValueError: if data and samples have one code.

    Example:
        >>> LSGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Least Squares Generative Adversarial Networks",
        authors=("Xudong Mao", "Qing Li", "Haoran Xie", "Raymond Lau", "Zhen Wang", "Stephen Smolley"),
        year=2017,
        arxiv="1611.04076",
        venue="International Conference on Computer Vision",
        command="lsgan",
        batch=64,
    )
    caution = (
        "Its networks are for images: points take `--architecture plain`. No recipe of its own is measured yet; under "
        "`gan`'s recipe its objective plays on points: `gan --objective least-squares`."
    )

    latent: int = 1024
    real: float = 1.0
    fake: float = 0.0
    target: float = 1.0
    architecture: Architecture = DeepConvolutional(64)
    objective: Objective = follows(factory=lambda game: LeastSquares(game.real, game.fake, game.target))
    prior: Law = Uniform(-1.0, 1.0)
    optimizer: OptimizerChoice = Adam(1e-3, (0.5, 0.999))
    discriminator: nn.Module = made(factory=discriminator_of)

    def check(self) -> None:
        if self.real == self.fake:
            raise ValueError(
                f"LSGAN tells data from samples by their codes; got real={self.real} and fake={self.fake}."
            )
