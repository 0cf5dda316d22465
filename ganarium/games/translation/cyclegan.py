r"""Two domains without pairs: translate there and back, and arrive where you began.

There are images :math:`a` and images :math:`b`, and nobody says which belongs to which. A translator :math:`G: a \to b`
that only has to look right to a discriminator of :math:`b` may send anything anywhere: the marginal law says nothing
about which :math:`b` an :math:`a` becomes. So learn also the way back, :math:`F: b \to a`, and ask that both round
trips end where they began:

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

from ganarium.augment import Augmentation, augmented
from ganarium.game import Batch, Game, Paper, Player, Terms, Translates
from ganarium.nets.translator import patch_discriminator, translator
from ganarium.objectives import LeastSquares, Objective
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.pools import Pool
from ganarium.schedules import Linear
from ganarium.spec import Field, Spec

__all__ = ["CycleGAN"]


class CycleGAN(Game, Translates):
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

    Batch:
        ``a`` (B, C, H, W): images of one domain, in [-1, 1].
        ``b`` (B, C', H, W): images of the other; the rows of a batch need not belong together.

    Args:
        spec: What the batches hold.
        cycle: The weight of both round trips, lambda.
        identity: The weight of images that should stay as they are, in units of ``cycle``; the paper has 0.5 where
            colours should be kept, and else 0.
        adversarial: The weight of the discriminators' verdict for the translators. It is 2 since the paper's squares
            have no half there, and :class:`~ganarium.objectives.LeastSquares` has one.
        pool: How many translations of earlier rounds are kept for each discriminator.
        width: Channels of the translators at the image's own scale.
        blocks: Residual blocks of a translator; by default 6, and 9 from 256 pixels a side.
        discriminator_width: Channels of the discriminators after their first convolution.
        objective: How scores become losses.
        optimizer: How both players descend.
        augment: What the discriminators see instead of images, in both players' moves; of translations of earlier
            rounds, too. Each domain has its own probability, where augmentation is adaptive.
        to_b: The translator from ``a`` to ``b``, G.
        to_a: The translator from ``b`` to ``a``, F.
        discriminator_a: From images of ``a`` to raw scores of any shape.
        discriminator_b: From images of ``b`` to raw scores of any shape.

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
    )
    needs = {"a": ("image",), "b": ("image",)}
    couples_samples = "the pools of earlier translations"

    def __init__(
        self,
        spec: Spec,
        cycle: float = 10.0,
        identity: float = 0.0,
        adversarial: float = 2.0,
        pool: int = 50,
        width: int = 64,
        blocks: int | None = None,
        discriminator_width: int = 64,
        objective: Objective = LeastSquares(),
        optimizer: OptimizerChoice = Adam(Linear(2e-4, 0.0, since=0.5), (0.5, 0.999)),
        augment: Augmentation | None = None,
        to_b: nn.Module | None = None,
        to_a: nn.Module | None = None,
        discriminator_a: nn.Module | None = None,
        discriminator_b: nn.Module | None = None,
    ):
        super().__init__(spec)
        a, b = spec["a"], spec["b"]
        if identity and a.shape != b.shape:
            raise ValueError(f"identity={identity} needs domains of one shape; got '{a}' and '{b}'. Set identity to 0.")
        if objective.of_features:
            raise ValueError("CycleGAN's discriminators judge patches: there are no features to match. Choose another.")
        self.cycle, self.identity, self.adversarial, self.pool = cycle, identity, adversarial, pool
        self.width, self.blocks, self.discriminator_width = width, blocks, discriminator_width
        self.objective, self.optimizer = objective, optimizer
        self.to_b = to_b or translator(a, b, width, blocks)
        self.to_a = to_a or translator(b, a, width, blocks)
        self.discriminator_a = discriminator_a or patch_discriminator(a, discriminator_width)
        self.discriminator_b = discriminator_b or patch_discriminator(b, discriminator_width)
        self.pool_a, self.pool_b = Pool(pool, a.shape), Pool(pool, b.shape)
        self.augment = augment
        self.augmented_a, self.augmented_b = augmented(augment, a, "CycleGAN"), augmented(augment, b, "CycleGAN")

    def players(self) -> list[Player]:
        judges = [self.discriminator_a, self.discriminator_b]
        return [
            Player("translators", self.translators_loss, owns=[self.to_b, self.to_a], optimizer=self.optimizer),
            Player(
                "discriminators",
                self.discriminators_loss,
                owns=judges,
                optimizer=self.optimizer,
                after=self.adapt if self.augmented_a.controller else None,
            ),
        ]

    def adapt(self, terms: Terms) -> None:
        """Move each domain's probability of a transform by what its own discriminator said."""
        for domain, seen in (("a", self.augmented_a), ("b", self.augmented_b)):
            if seen.controller:
                seen.controller({"sign": terms[f"sign_{domain}"]})

    def translators_loss(self, batch: Batch) -> Terms:
        a, b = batch["a"], batch["b"]
        fake_b, fake_a = self.to_b(a), self.to_a(b)
        self.fake_a, self.fake_b = fake_a.detach(), fake_b.detach()
        terms = total(
            self.objective.generator(self.verdict_a(fake_a), lambda: self.verdict_a(a)),
            self.objective.generator(self.verdict_b(fake_b), lambda: self.verdict_b(b)),
        )
        terms = {name: self.adversarial * term for name, term in terms.items()}
        terms["cycle"] = self.cycle * (l1_loss(self.to_a(fake_b), a) + l1_loss(self.to_b(fake_a), b))
        if self.identity:
            weight = self.identity * self.cycle
            terms["identity"] = weight * (l1_loss(self.to_a(a), a) + l1_loss(self.to_b(b), b))
        return terms

    def discriminators_loss(self, batch: Batch) -> Terms:
        seen_a, seen_b = self.pool_a(self.fake_a), self.pool_b(self.fake_b)
        scores_a = self.verdict_a(batch["a"]), self.verdict_a(seen_a)
        scores_b = self.verdict_b(batch["b"]), self.verdict_b(seen_b)
        terms = total(self.objective.discriminator(*scores_a), self.objective.discriminator(*scores_b))
        watched_a = self.augmented_a.watch(self.objective.margin(*scores_a))
        watched_b = self.augmented_b.watch(self.objective.margin(*scores_b))
        terms |= {f"{name}_a": term for name, term in watched_a.items()}
        return terms | {f"{name}_b": term for name, term in watched_b.items()}

    def verdict_a(self, x: Tensor) -> Tensor:
        """The scores, of any shape, of what the discriminator of ``a`` sees of ``x``."""
        return self.discriminator_a(self.augmented_a(x))

    def verdict_b(self, x: Tensor) -> Tensor:
        """Likewise of ``b``."""
        return self.discriminator_b(self.augmented_b(x))

    def translate(self, x: Tensor, to: str) -> Tensor:
        if to not in ("a", "b"):
            raise ValueError(f"CycleGAN translates to 'a' or 'b'; got to={to!r}.")
        return self.to_a(x) if to == "a" else self.to_b(x)

    @classmethod
    def toy(cls) -> Self:
        field = Field((3, 8, 8), "image")
        return cls(Spec(a=field, b=field), identity=0.5, pool=50, width=4, blocks=1, discriminator_width=4)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # With discriminators of 16 channels, errors after 1000 rounds were half as large again, or more.
        small = {"width": 16, "blocks": 2, "discriminator_width": 32}
        return small | {"optimizer": Adam(Linear(1e-3, 0.0, since=0.5), (0.5, 0.999))}


def total(one: Terms, other: Terms) -> Terms:
    """The terms of two directions, added by name."""
    return {name: one[name] + other[name] for name in one}
