r"""A pyramid of small adversarial games: a coarse picture first, then the detail that each finer scale adds.

An image :math:`I_0` is shrunk again and again, :math:`I_{k+1} = \operatorname{down}(I_k)`. What is lost at level k is
the residual :math:`h_k = I_k - l_k` to the blurred :math:`l_k = \operatorname{up}(I_{k+1})`. So the law of images is a
product, :math:`p(I_0) = p(I_K) \prod_{k < K} p(h_k \mid l_k)`, and each factor gets a game of its own. The coarsest is
an ordinary GAN of tiny images. At every other level a generator is shown :math:`l_k` of a *real* image and adds noise
and detail, :math:`\tilde h_k = G_k(z_k, l_k)`; a discriminator with raw scores F tells :math:`(h_k, l_k)` from
:math:`(\tilde h_k, l_k)`, by looking at their sums. They descend :math:`\mathbb E\,\mathrm{softplus}(-F_k(h_k, l_k)) +
\mathbb E\,\mathrm{softplus}(F_k(\tilde h_k, l_k))` and :math:`\mathbb E\,\mathrm{softplus}(-F_k(\tilde h_k, l_k))`. No
level knows of the others while it learns. To sample, start with :math:`\tilde I_K = G_K(z_K)`, and go up:
:math:`\tilde I_k = l + G_k(z_k, l)` with :math:`l = \operatorname{up}(\tilde I_{k+1})`.

Reference:
    Denton, Chintala, Szlam, Fergus: Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks,
    NIPS 2015, arXiv 1506.05751.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn

from ganarium.game import Batch, Decodes, Paper, Stage, Terms, follows, made
from ganarium.game.frames.ensemble import Ensemble
from ganarium.ingredients.augment import Augmentation, augmented
from ganarium.ingredients.objectives import NonSaturating, accuracy
from ganarium.ingredients.optimizers import SGD, Adam, OptimizerChoice
from ganarium.ingredients.priors import Law, Normal, Uniform
from ganarium.ingredients.schedules import Linear
from ganarium.nets import Architecture, Perceptrons, Plain
from ganarium.nets.families import laplacian
from ganarium.spec import Field, Spec

__all__ = ["LAPGAN"]


class LAPGAN(Ensemble, Decodes):
    r"""The Laplacian pyramid of conditional GANs; a stage for each level, coarsest first: ``8x8``, then ``16x16``.

    Players:
        discriminator: ``real`` and ``fake``, the two halves of its loss; ``accuracy`` (watched), the share of real and
            made residuals on the right side of zero; ``detail`` (watched), the root mean square of what is made over
            that of real residuals (at the coarsest level, of images): 1 if it is right; ``sign``, the mean sign of
            the data's margins, and ``augmentation``, the probability of transforms (watched, if they are adaptive).
        generator: ``fake``, its loss.

    Args:
        latent: Coordinates of the coarsest level's noise; finer levels take a map of noise, one number a pixel.
        coarsest: The longest that the shorter side of the coarsest level may be.
        channels: Hidden maps of the finer levels' networks.
        dropout: The share of features that the finer levels' discriminators drop in training.
        architecture: The family of the coarsest level's networks.
        augment: What the discriminators see instead of images, each with a probability of its own where it is adaptive.
            At finer levels the completed image :math:`l + h` is transformed, and then taken apart again.
        generators: A network for each level, finest first: from noise (B, 1, H, W) and blurred images to residuals,
            and at last from noise (B, latent) to the coarsest images.
        discriminators: Likewise: from residuals and blurred images to raw scores (B,), at last from coarsest images.

    Deviations from the paper:
        1. Images are in [-1, 1]; the authors take away their mean and divide by their standard deviation.
        2. Images are shrunk by means of 2 x 2 pixels and enlarged along straight lines, at training and at sampling.
        3. Each blurred image comes with its real residual and a made one; the paper throws coins, in batches of 128.
        4. The momentum rises from 0.5 to 0.8 in a stage; the paper's by 0.0008 an epoch, and its rate falls by 0.04 %.
        5. The perceptrons of the coarsest level's discriminator have maxout units; the paper's have rectifiers.
        6. Finer levels have the paper's networks for 32 x 32 pixels at every size, and none that are class-conditional.
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
        batch=64,
    )
    needs = {"x": ("image",)}

    coarsest: int = 8
    channels: int = 64
    dropout: float = 0.5
    architecture: Architecture = Perceptrons(1200, 1200, pieces=2)
    prior: Law = Uniform(-1.0, 1.0)
    optimizer: OptimizerChoice = SGD(lr=0.02, momentum=Linear(0.5, 0.8))
    augment: Augmentation | None = None
    levels: list[Field] = follows(factory=lambda game: laplacian.levels_of(game.spec["x"], game.coarsest))
    networks: tuple[nn.ModuleList, nn.ModuleList] = follows(
        factory=lambda game: laplacian.pyramid(game.levels, game.latent, game.channels, game.dropout, game.architecture)
    )
    generators: nn.ModuleList = made(factory=lambda game: game.networks[0])
    discriminators: nn.ModuleList = made(factory=lambda game: game.networks[1])

    def numbers(self) -> dict[str, int]:
        return {"generators": len(self.levels), "discriminators": len(self.levels)}

    def build(self) -> None:
        super().build()
        self.noise = laplacian.PyramidNoise(self.prior, self.latent, self.levels)
        self.augmented: Any = nn.ModuleList([augmented(self.augment, field, "LAPGAN") for field in self.levels])

    def stages(self) -> list[Stage]:
        pairs = [self.pair(after=self.augmented[k].controller, k=k) for k in range(len(self.levels))]
        return [Stage(laplacian.sides_of(field), pairs[k]) for k, field in enumerate(self.levels)][::-1]

    def discriminator_loss(self, batch: Batch, k: int) -> Terms:
        real, low = self.parts(batch["x"], k)
        with torch.no_grad():
            fake = laplacian.detail(self.generators[k], self.noise.level(k, len(real)), low)
        real_scores, fake_scores = self.scores(k, real, low), self.scores(k, fake, low)
        watched = {"detail": laplacian.relative(fake, real), **self.augmented[k].watch(real_scores)}
        halves = NonSaturating().discriminator(real_scores, fake_scores)
        return {**halves, "accuracy": accuracy(real_scores, fake_scores), **watched}

    def generator_loss(self, batch: Batch, k: int) -> Terms:
        real, low = self.parts(batch["x"], k)
        fake = laplacian.detail(self.generators[k], self.noise.level(k, len(real)), low)
        return NonSaturating().generator(self.scores(k, fake, low))

    def parts(self, x: Tensor, k: int) -> tuple[Tensor, Tensor | None]:
        """What level k adds to a blurred image, and that image: h and l; at the coarsest level I and None."""
        return laplacian.level_of(x, k, k == len(self.levels) - 1)

    def scores(self, k: int, h: Tensor, low: Tensor | None) -> Tensor:
        """Raw scores of shape (B,) of what the discriminator of level k sees."""
        if low is None:
            return self.discriminators[k](self.augmented[k](h))
        if self.augment is not None:
            h, low = laplacian.apart(self.augmented[k](low + h))
        return self.discriminators[k](h, low)

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return laplacian.rebuilt(self.generators, z.split(self.noise.sizes, 1))

    @classmethod
    def toy(cls) -> Self:
        small = Plain(width=4, generator_norm=None)
        return cls(Spec(x=Field((1, 16, 16), "image")), latent=4, channels=4, dropout=0.0, architecture=small)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # The plain convolutional networks begin at eight pixels.
        begin = {"architecture": Plain()} if min(laplacian.levels_of(spec["x"], 8)[-1].shape[1:]) == 8 else {}
        return {"latent": 64, "channels": 16, "prior": Normal(), "optimizer": Adam(5e-4), **begin}
