r"""A pyramid of small adversarial games: a coarse picture first, then the detail that each finer scale adds.

An image :math:`I_0` is shrunk again and again, :math:`I_{k+1} = \operatorname{down}(I_k)`. What is lost at level k is
the residual between the image and its blurred self,

.. math::

    l_k = \operatorname{up}(I_{k+1}), \qquad h_k = I_k - l_k, \qquad I_k = l_k + h_k,

so that :math:`(I_K, h_{K-1}, \dots, h_0)` is the image, in other coordinates, and its law a product:

.. math::

    p(I_0) = p(I_K) \prod_{k < K} p(h_k \mid l_k).

Each factor gets a game of its own. The coarsest level is an ordinary GAN of tiny images. At every other level a
generator is shown :math:`l_k` of a *real* image and adds noise and detail, :math:`\tilde h_k = G_k(z_k, l_k)`; a
discriminator tells :math:`(h_k, l_k)` from :math:`(\tilde h_k, l_k)`, by looking at their sums. No level knows of the
others while it learns. To sample, start at the coarsest and go up:

.. math::

    \tilde I_K = G_K(z_K), \qquad \tilde I_k = \operatorname{up}(\tilde I_{k+1})
        + G_k(z_k, \operatorname{up}(\tilde I_{k+1})).

Reference:
    Denton, Chintala, Szlam, Fergus: Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks,
    NIPS 2015, arXiv 1506.05751.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor, nn

from ganarium.augment import Augmentation, augmented
from ganarium.game import Batch, Decodes, Game, Paper, Player, Stage, Terms
from ganarium.nets.architecture import Architecture, Perceptrons, Plain
from ganarium.nets.laplacian import ResidualDiscriminator, ResidualGenerator, enlarge, levels_of, shrink
from ganarium.objectives import NonSaturating, accuracy
from ganarium.optimizers import SGD, Adam, OptimizerChoice
from ganarium.priors import Law, Normal, Uniform
from ganarium.schedules import Linear
from ganarium.spec import Field, Spec

__all__ = ["LAPGAN"]


class LAPGAN(Game, Decodes):
    r"""The Laplacian pyramid of conditional GANs.

    There is a stage for each level, coarsest first, named by the level's sides (``8x8``, then ``16x16``). With raw
    scores :math:`F = \operatorname{logit} D`, the two players of level k descend, as means over the batch,

    .. math::

        L_{D_k} = \mathbb E\,\mathrm{softplus}(-F_k(h_k, l_k)) + \mathbb E\,\mathrm{softplus}(F_k(\tilde h_k, l_k)),
        \qquad L_{G_k} = \mathbb E\,\mathrm{softplus}(-F_k(\tilde h_k, l_k)).

    Players:
        discriminator: ``real`` and ``fake``, the two halves of its loss; ``accuracy`` (watched), the share of real and
            made residuals on the right side of zero; ``detail`` (watched), the root mean square of what the generator
            adds, over that of the real residual (over that of the images, at the coarsest level): 1 if it is right;
            ``sign`` and ``augmentation`` (watched, where augmentation is adaptive), the mean sign of the margins of
            data and the probability of each transform.
        generator: ``fake``, its loss.

    Batch:
        ``x`` (B, C, H, W): images in [-1, 1], whose sides can be halved down to the coarsest level.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the coarsest level's noise; finer levels take a map of noise, one number a pixel.
        coarsest: The longest that the shorter side of the coarsest level may be.
        channels: Hidden maps of the finer levels' networks.
        dropout: The share of features that the finer levels' discriminators drop in training.
        architecture: The family of the coarsest level's networks.
        prior: The law of the noise, at all levels.
        optimizer: How all players descend.
        augment: What the discriminators see instead of images, in both players' moves. At finer levels the completed
            image :math:`l + h` is transformed, and then taken apart again: both parts get the same transform. Each
            level has its own probability, where augmentation is adaptive.
        generators: A network for each level, finest first: from noise (B, 1, H, W) and blurred images to residuals,
            and at last from noise (B, latent) to the coarsest images.
        discriminators: Likewise: from residuals and blurred images to raw scores (B,), and at last from the coarsest
            images.

    Deviations from the paper:
        1. Images are in [-1, 1]; the authors take away their mean and divide by their standard deviation.
        2. Images are shrunk by means of 2 x 2 pixels and enlarged along straight lines, at training and at sampling.
        3. Every blurred image comes with its real residual and with a made one; the paper throws a coin for each.
        4. The momentum rises from 0.5 to 0.8 over a stage, whatever its length; the paper raises it by 0.0008 each
           epoch and lets the rate fall by 0.04 % each epoch.
        5. The coarsest level plays with the perceptrons of the first GAN, whose discriminator has maxout units; the
           paper's have rectifiers.
        6. The networks of finer levels are the paper's for 32 x 32 pixels, at every size. Its networks for larger
           images and its class-conditional levels are left out.
        7. Samples are not clipped to [-1, 1].

    Example:
        >>> LAPGAN.toy().sample(2, seed=0).shape
        torch.Size([2, 1, 16, 16])
    """

    paper = Paper(
        title="Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks",
        authors=("Emily Denton", "Soumith Chintala", "Arthur Szlam", "Rob Fergus"),
        year=2015,
        arxiv="1506.05751",
        venue="Advances in Neural Information Processing Systems",
        command="lapgan",
    )
    needs = {"x": ("image",)}

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        coarsest: int = 8,
        channels: int = 64,
        dropout: float = 0.5,
        architecture: Architecture = Perceptrons(1200, 1200, pieces=2),
        prior: Law = Uniform(-1.0, 1.0),
        optimizer: OptimizerChoice = SGD(lr=0.02, momentum=Linear(0.5, 0.8)),
        augment: Augmentation | None = None,
        generators: Sequence[nn.Module] | None = None,
        discriminators: Sequence[nn.Module] | None = None,
    ):
        super().__init__(spec)
        self.latent, self.coarsest, self.channels, self.dropout = latent, coarsest, channels, dropout
        self.architecture, self.optimizer = architecture, optimizer
        *fine, small = self.levels = levels_of(spec["x"], coarsest)
        self.augment = augment
        self.augmented = nn.ModuleList([augmented(augment, field, "LAPGAN") for field in self.levels])
        maps = [prior.of(field.size // field.shape[0]) for field in fine]
        self.prior = nn.ModuleList([*maps, prior.of(latent)])
        drawing = [ResidualGenerator(field, channels) for field in fine]
        judging = [ResidualDiscriminator(field, channels, dropout) for field in fine]
        self.generators = self._own(generators, [*drawing, architecture.generator(latent, small)])
        self.discriminators = self._own(discriminators, [*judging, architecture.discriminator(small)])

    def _own(self, given: Sequence[nn.Module] | None, ours: list[nn.Module]) -> nn.ModuleList:
        if given is not None and len(given) != len(ours):
            sides = ", ".join(map(sides_of, self.levels))
            raise ValueError(
                f"LAPGAN needs one network for each of its levels {sides}, in this order; got {len(given)}."
            )
        return nn.ModuleList(ours if given is None else given)

    def stages(self) -> list[Stage]:
        return [Stage(sides_of(self.levels[k]), self.at(k)) for k in reversed(range(len(self.levels)))]

    def at(self, k: int) -> list[Player]:
        """The two players of level k."""
        play, after = partial(Player, optimizer=self.optimizer), self.seen(k).controller
        return [
            play("discriminator", partial(self.discriminator_loss, k=k), owns=[self.discriminators[k]], after=after),
            play("generator", partial(self.generator_loss, k=k), owns=[self.generators[k]]),
        ]

    def discriminator_loss(self, batch: Batch, k: int) -> Terms:
        real, low = self.parts(batch["x"], k)
        with torch.no_grad():
            fake = self.residual(k, self.prior[k](len(real)), low)
        real_scores, fake_scores = self.judge(k, real, low), self.judge(k, fake, low)
        return {
            **NonSaturating().discriminator(real_scores, fake_scores),
            "accuracy": accuracy(real_scores, fake_scores),
            "detail": (fake.square().mean() / real.square().mean().clamp(min=1e-12)).sqrt(),
            **self.seen(k).watch(real_scores),
        }

    def generator_loss(self, batch: Batch, k: int) -> Terms:
        real, low = self.parts(batch["x"], k)
        return NonSaturating().generator(self.judge(k, self.residual(k, self.prior[k](len(real)), low), low))

    def parts(self, x: Tensor, k: int) -> tuple[Tensor, Tensor | None]:
        """What level k adds to a blurred image, and that image: h and l; at the coarsest level I and None."""
        for _ in range(k):
            x = shrink(x)
        if k == len(self.levels) - 1:
            return x, None
        return apart(x)

    def residual(self, k: int, z: Tensor, low: Tensor | None) -> Tensor:
        """What the generator of level k adds to the images of ``low``; at the coarsest level, images."""
        if low is None:
            return self.generators[k](z)
        return self.generators[k](z.unflatten(1, (1, *low.shape[2:])), low)

    def judge(self, k: int, h: Tensor, low: Tensor | None) -> Tensor:
        """Raw scores of shape (B,) of what the discriminator of level k sees."""
        if low is None:
            return self.discriminators[k](self.seen(k)(h))
        if self.augment is not None:
            h, low = apart(self.seen(k)(low + h))
        return self.discriminators[k](h, low)

    def seen(self, k: int) -> Any:
        """What makes of images of level k those that its discriminator sees."""
        return self.augmented[k]

    def latents(self, n: int) -> Tensor:
        """The noise of all levels, the coarsest first, of shape (n, Z)."""
        return torch.cat([prior(n) for prior in reversed(self.prior)], 1)

    @property
    def law(self) -> Law:
        return self.prior[-1].law

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        *finer, last = range(len(self.levels))
        *fine, small = z.split([prior.size for prior in reversed(self.prior)], 1)[::-1]
        x = self.residual(last, small, None)
        for k in reversed(finer):
            low = enlarge(x)
            x = low + self.residual(k, fine[k], low)
        return x

    @classmethod
    def toy(cls) -> Self:
        small = Plain(width=4, generator_norm=None)
        return cls(Spec(x=Field((1, 16, 16), "image")), latent=4, channels=4, dropout=0.0, architecture=small)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        numbers = {"latent": 64, "channels": 16, "prior": Normal(), "optimizer": Adam(5e-4)}
        # The plain convolutional networks begin at eight pixels.
        fits = min(levels_of(spec["x"], 8)[-1].shape[1:]) == 8
        return {**numbers, "architecture": Plain()} if fits else numbers


def apart(x: Tensor) -> tuple[Tensor, Tensor]:
    """The residual h and the blurred image l of an image."""
    low = enlarge(shrink(x))
    return x - low, low


def sides_of(field: Field) -> str:
    """The name of a level.

    Example:
        >>> sides_of(Field((3, 16, 16), "image"))
        '16x16'
    """
    return "x".join(map(str, field.shape[1:]))
