r"""A discriminator that sees two samples at once sees at once that a generator repeats itself.

A discriminator that judges one sample at a time cannot see what a generator leaves out: samples from half of the modes
may each look like data. Here it judges a pack of m samples, all of them data or all of them made, and nothing else in
the game changes:

.. math::

    L_D = \mathbb E_{x_i \sim p}\, \mathrm{softplus}(-F(x_1, \dots, x_m))
        + \mathbb E_{z_i}\, \mathrm{softplus}(F(G(z_1), \dots, G(z_m))), \qquad
    L_G = \mathbb E_{z_i}\, \mathrm{softplus}(-F(G(z_1), \dots, G(z_m))).

With the best discriminator the generator lowers the divergence of :math:`q^m` from :math:`p^m`. Among laws with the
same total variation :math:`\mathrm{TV}(p, q)` those that lost modes are farther from data in packs than those that
did not, so that packing tells apart what single samples do not, at the price of one wider layer.

Reference:
    Lin, Khetan, Fanti, Oh: PacGAN: The power of two samples in generative adversarial networks, NeurIPS 2018,
    arXiv 1712.04086.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from ganarium.game import Paper, follows, made
from ganarium.game.frames.adversarial import Adversarial
from ganarium.ingredients import Adam, Law, NonSaturating, Normal, Objective, OptimizerChoice, Penalty, Uniform
from ganarium.nets import Architecture, DeepConvolutional, Packed, Plain
from ganarium.nets.families.packing import Packing, check_packing
from ganarium.spec import Spec

__all__ = ["PacGAN"]


class PacGAN(Adversarial):
    r"""The GAN with packing; any game that takes an architecture takes :class:`~ganarium.nets.families.packing.Packed`
    too.

    Players:
        discriminator: as in :class:`~ganarium.game.frames.adversarial.Adversarial`; ``real``, ``fake`` and
            ``accuracy`` are means over packs.
        generator: as there.

    Batch:
        ``x`` (B, \*shape): data, in packs of which B is a multiple.

    Args:
        packing: Samples in a pack, m; with one it is the game of single samples.
        architecture: The family of both networks; the discriminator's first layer sees the channels of all m samples.
        discriminator_moves: The discriminator's steps a round.
        augment: What the discriminator sees instead of images, in both players' moves; each sample by itself.
        discriminator: From packs (B / m, m C, \*sides) to raw scores (B / m,).

    Deviations from the paper:
        1. A batch of B is B / m packs; the paper has 100 packs whatever m is: for more than two say ``--batch`` too.
        2. The networks and rates are DCGAN's, as for the paper's images; for points it has perceptrons with batch
           norm against maxout units.
        3. ``score`` of a sample is the score of the pack that it is dealt into.

    Raises:
        ValueError: if a pack would hold no sample, or samples have no channels.

    Example:
        >>> PacGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="PacGAN: The power of two samples in generative adversarial networks",
        authors=("Zinan Lin", "Ashish Khetan", "Giulia Fanti", "Sewoong Oh"),
        year=2018,
        arxiv="1712.04086",
        venue="Advances in Neural Information Processing Systems",
        command="pacgan",
        batch=200,
    )
    couples_samples = "a pack has one score, and batch norm where there is any"

    packing: int = 2
    architecture: Architecture = DeepConvolutional()
    objective: Objective = NonSaturating()
    prior: Law = Uniform(-1.0, 1.0)
    discriminator_moves: int = 1
    optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999))
    penalties: tuple[Penalty, ...] = follows(factory=lambda game: ())
    discriminator: nn.Module = made(
        factory=lambda game: Packed(game.architecture, game.packing).discriminator(game.spec["x"])
    )

    def check(self) -> None:
        check_packing(self.packing)

    def build(self) -> None:
        if self.arguments.get("discriminator") is not None:
            self.discriminator = Packing(self.discriminator, self.packing)
        super().build()

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # Those of its claim, on a ring.
        if spec["x"].kind != "points":
            return {}
        return {"latent": 8, "architecture": Plain(64), "prior": Normal(), "optimizer": Adam(1e-3, (0.5, 0.999))}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        return {"batch_size": 128, "average": 12_800} if spec["x"].kind == "points" else {}
