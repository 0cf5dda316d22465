r"""The ratio of densities is learned first; the generator then lowers the divergence that it says.

The discriminator's score becomes a ratio :math:`r > 0`, which is matched to :math:`p / q` in a Bregman divergence; the
generator takes it as it is:

.. math::

    L_D = \mathbb E\,\bigl(r f'(r) - f(r)\bigr)(G(z)) - \mathbb E f'(r(x)), \qquad L_G = \mathbb E f(r(G(z))).

The two steps need not be of one divergence's game, which tells what the discriminator is for: it estimates a ratio.
Any estimator will do, and its known weaknesses are the game's: where data and samples do not overlap the ratio is
unbounded. Two cures are offered. A ratio relative to a mixture, :math:`p / (\alpha p + (1 - \alpha) q)`, is at most
:math:`1 / \alpha`. And Pearson's :math:`f`, a square, keeps both losses tame where logarithms do not.

Since q changes with the generator but r's dependence on q is not seen, :math:`\mathbb E f(r)` pulls samples to where
:math:`f(r)` is least: f must be least at :math:`r = 1`, or samples leave the data
(:mod:`ganarium.ingredients.divergences`).

Reference:
    Uehara, Sato, Suzuki, Nakayama, Matsuo: Generative Adversarial Nets from a Density Ratio Estimation Perspective,
    2016, arXiv 1610.02920. Mohamed, Lakshminarayanan: Learning in Implicit Generative Models, 2016, equations 18 to 23.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from ganarium.game import Paper, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import (
    R1,
    Adam,
    Cosine,
    DensityRatio,
    Divergence,
    Exponential,
    Law,
    Normal,
    Objective,
    OptimizerChoice,
    Pearson,
    ReverseKL,
    Uniform,
)
from ganarium.nets import Architecture, DeepConvolutional, Plain
from ganarium.spec import Spec

__all__ = ["BGAN"]


class BGAN(Adversarial):
    r"""The b-GAN: density-ratio estimation and divergence minimisation in turns.

    Players:
        discriminator: ``real`` and ``fake``, the two parts of the Bregman divergence to the true ratio, up to a
            constant; the rest as in :class:`~ganarium.game.frames.adversarial.Adversarial`.
        generator: ``fake``, the divergence by the estimated ratio.

    Args:
        divergence: Whose f matches the ratio, and is lowered.
        relative: The share of data in the ratio's denominator, :math:`\alpha`.
        discriminator: From samples to raw scores (B,), of which softplus over log 2 makes ratios.

    Deviations from the paper:
        1. Pearson's f is the square itself; the paper's has a factor one half.
        2. The paper's batch size is not known to us: ``--paper`` plays batches of 64. Networks and rates are DCGAN's.

    Raises:
        ValueError: if ``relative`` is not in [0, 1).

    Example:
        >>> BGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="Generative Adversarial Nets from a Density Ratio Estimation Perspective",
        authors=("Masatoshi Uehara", "Issei Sato", "Masahiro Suzuki", "Kotaro Nakayama", "Yutaka Matsuo"),
        year=2016,
        arxiv="1610.02920",
        venue="NIPS Workshop on Adversarial Training",
        command="b-gan",
    )
    caution = (
        "Its default, Pearson's plain ratio, finds no mode of the ring or the grid, and digits stay noise. The recipe "
        "for points, the reverse divergence, has all of the ring's modes and 6 of the grid's; images have none yet."
    )

    divergence: Divergence = Pearson()
    relative: float = 0.0
    architecture: Architecture = DeepConvolutional(64)
    objective: Objective = follows(factory=lambda game: DensityRatio(game.divergence, game.relative))
    prior: Law = Uniform(-1.0, 1.0)
    optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999))
    discriminator: nn.Module = made(factory=discriminator_of)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].kind != "points":
            return {}
        # The reverse divergence pushes samples wherever the ratio grows; Pearson's lets go of them where it is small.
        fading, falling = R1(Exponential(0.3, 0.003)), Adam(Cosine(2e-3, 0.0), (0.0, 0.99))
        small = {"latent": 4, "architecture": Plain(64), "prior": Normal(), "divergence": ReverseKL()}
        return {**small, "penalties": (fading,), "optimizer": falling}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        return {"batch_size": 128, "average": 12_800} if spec["x"].kind == "points" else {}
