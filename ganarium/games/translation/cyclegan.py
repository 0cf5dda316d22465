r"""Two domains without pairs: translate there and back, and arrive where you began.

There are images :math:`a` and images :math:`b`, and nobody says which belongs to which. A translator :math:`G: a \to b`
that only has to look right to a discriminator of :math:`b` may send anything anywhere. So learn also the way back,
:math:`F: b \to a`, and ask that both round trips end where they began:

.. math::

    \min_{G, F} \max_{D_a, D_b}\ V(G, D_b) + V(F, D_a)
        + \lambda\, \mathbb E \lVert F(G(a)) - a \rVert_1 + \lambda\, \mathbb E \lVert G(F(b)) - b \rVert_1 .

This makes the translators inverse to each other, not right: any relabelling of :math:`b` composed with :math:`G` and
undone in :math:`F` has the same cost, and a small cycle term may hide what it needs in faint patterns. Judge a
translation by its truth, never by its cycle. That the answer is nonetheless mostly the intended one is due to the
translators, which find it easiest to leave things where they are.

The discriminators score patches, by squared distances to 1 and 0, and also see translations of earlier rounds.

Reference:
    Zhu, Park, Isola, Efros: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, ICCV 2017,
    arXiv 1703.10593.
"""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor, nn
from torch.nn.functional import l1_loss

from ganarium.game import Batch, Paper, Terms
from ganarium.game.frames.translating import Translating
from ganarium.ingredients import Adam, LeastSquares, Linear, Objective, OptimizerChoice, Pool
from ganarium.nets import patch_discriminator, translator
from ganarium.spec import Field, Spec

__all__ = ["CycleGAN"]


class CycleGAN(Translating):
    r"""The cycle-consistent GAN. With scores :math:`D` of patches, all means over the batch, places and channels,

    .. math::

        L_{G, F} &= \mathbb E (D_b(G(a)) - 1)^2 + \mathbb E (D_a(F(b)) - 1)^2 + \text{cycle}, \\
        L_D &= \tfrac12 \mathbb E (D_b(b) - 1)^2 + \tfrac12 \mathbb E D_b(\tilde b)^2 + \text{the same for } a,

    where :math:`\tilde b` are translations of this and of earlier rounds. The translators move first; the
    discriminators then see what was translated before that move.

    Players:
        translators: ``fake``, what both discriminators say; ``cycle``, lambda times the mean absolute difference after
            both round trips; ``identity``, if asked for, the weighted mean absolute change of images that are already
            in the domain. Each is a sum over the two directions.
        discriminators: ``real`` and ``fake``, each a sum over the two domains; ``sign_a``, ``augmentation_a``,
            ``sign_b`` and ``augmentation_b`` (watched, where augmentation is adaptive), for each domain the mean sign
            of the margins of data and the probability of each transform.

    Args:
        cycle: The weight of both round trips, lambda.
        identity: The weight of images that should stay as they are, in units of ``cycle``; the paper has 0.5 where
            colours should be kept, and else 0.
        adversarial: The weight of the discriminators' verdict for the translators. It is 2 since the paper's squares
            have no half there, and :class:`~ganarium.ingredients.objectives.LeastSquares` has one.
        pool: How many translations of earlier rounds are kept for each discriminator.
        width: Channels of the translators at the image's own scale.
        blocks: Residual blocks of a translator; by default 6, and 9 from 256 pixels a side.
        discriminator_width: Channels of the discriminators after their first convolution.

    Deviations from the paper:
        1. Discriminators see smaller patches in images of less than 128 pixels; the paper's are of 70 x 70.
        2. No image of a batch meets the same place of the pool as another; with the paper's batches of one they
           could not.
        3. Images are not enlarged, cropped and mirrored at random; augment the data for that.

    Example:
        >>> game = CycleGAN.toy()
        >>> a = game.spec["a"].random(2)
        >>> game.translate(a, to="b").shape
        torch.Size([2, 3, 8, 8])
    """

    paper = Paper(
        title="Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
        authors=("Jun-Yan Zhu", "Taesung Park", "Phillip Isola", "Alexei Efros"),
        year=2017,
        arxiv="1703.10593",
        venue="International Conference on Computer Vision",
        command="cyclegan",
        batch=1,
    )
    needs = {"a": ("image",), "b": ("image",)}
    couples_samples = "the pools of earlier translations"

    cycle: float = 10.0
    identity: float = 0.0
    adversarial: float = 2.0
    pool: int = 50
    width: int = 64
    blocks: int | None = None
    discriminator_width: int = 64
    objective: Objective = LeastSquares()
    optimizer: OptimizerChoice = Adam(Linear(2e-4, 0.0, since=0.5), (0.5, 0.999))

    def check(self) -> None:
        super().check()
        a, b = self.spec["a"], self.spec["b"]
        if self.identity and a.shape != b.shape:
            raise ValueError(
                f"identity={self.identity} needs domains of one shape; got '{a}' and '{b}'. Set identity to 0."
            )

    def build(self) -> None:
        super().build()
        self.pool_a, self.pool_b = (Pool(self.pool, self.spec[domain].shape) for domain in "ab")

    def new_translator(self, source: Field, target: Field) -> nn.Module:
        return translator(source, target, self.width, self.blocks)

    def new_discriminator(self, field: Field) -> nn.Module:
        return patch_discriminator(field, self.discriminator_width)

    def translated(self, batch: Batch) -> dict[str, Tensor]:
        made = super().translated(batch)
        self.fake_a, self.fake_b = made["a"].detach(), made["b"].detach()
        return made

    def shown(self, batch: Batch) -> dict[str, Tensor]:
        return {"a": self.pool_a(self.fake_a), "b": self.pool_b(self.fake_b)}

    def ties(self, batch: Batch, translated: dict[str, Tensor]) -> Terms:
        a, b, fake_a, fake_b = batch["a"], batch["b"], translated["a"], translated["b"]
        terms = {"cycle": self.cycle * (l1_loss(self.to_a(fake_b), a) + l1_loss(self.to_b(fake_a), b))}
        if self.identity:
            weight = self.identity * self.cycle
            terms["identity"] = weight * (l1_loss(self.to_a(a), a) + l1_loss(self.to_b(b), b))
        return terms

    @classmethod
    def toy(cls) -> Self:
        field = Field((3, 8, 8), "image")
        return cls(Spec(a=field, b=field), identity=0.5, pool=50, width=4, blocks=1, discriminator_width=4)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # With discriminators of 16 channels, errors after 1000 rounds were half as large again, or more.
        small = {"width": 16, "blocks": 2, "discriminator_width": 32}
        return small | {"optimizer": Adam(Linear(1e-3, 0.0, since=0.5), (0.5, 0.999))}
