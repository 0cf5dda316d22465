r"""A generator fills holes in images; the discriminator that must find it out learns classes from a few labels.

Filling a hole well takes more than local texture: half a digit says which digit it is. So does finding out that a hole
was filled. With a mask :math:`m`, 1 where the image is known and 0 in a hole whose place is drawn anew for each image,
the generator sees the rest and some noise, and only what it puts into the hole counts:

.. math::

    x_G = G(m \odot x, m, z), \qquad x_I = m \odot x + (1 - m) \odot x_G.

The discriminator sees whole images, x and :math:`x_I`, and no mask. From the same features it reads a score F, high for
data, and the logits l of the classes. Data with a label teach both; other data, and completed images, whose class
nobody has said, teach the score alone, and so the features that classes are read from:

.. math::

    L_D &= \mathbb E_x\,\mathrm{softplus}(-F(x)) + \mathbb E\,\mathrm{softplus}(F(x_I))
        + \lambda\, \mathbb E_{x, y \text{ known}}\big[\operatorname{lse}_k l_k(x) - l_y(x)\big], \\
    L_G &= \mathbb E\,\mathrm{softplus}(-F(x_I)).

Most of each image is given, so that completed ones lie near the data from the first round on. Samples of a plain GAN of
varied images do not, and are told from data by what has little to do with their classes.

Reference:
    Denton, Gross, Fergus: Semi-Supervised Learning with Context-Conditional Generative Adversarial Networks, 2016,
    arXiv 1611.06430.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from ganarium.game import Batch, Classifies, Completes, Paper, Terms, made
from ganarium.game.frames.adversarial import Discriminating, discriminator_of
from ganarium.game.frames.labelled import Labelled
from ganarium.ingredients import Adam, Holes, Law, Normal, OptimizerChoice, RandomSquare, checked, completed
from ganarium.nets import Plain, completer
from ganarium.spec import Field, Spec

__all__ = ["CCGAN"]


class CCGAN(Discriminating, Labelled, Completes, Classifies):
    r"""The context-conditional GAN.

    Its second version (CC-GAN2, ``raw``) adds what the generator made of the whole image, :math:`x_G`, to both losses:
    :math:`\mathbb E\,\mathrm{softplus}(F(x_G))` and :math:`\mathbb E\,\mathrm{softplus}(-F(x_G))`.

    Players:
        discriminator: ``real`` and ``fake``, of telling data from completed images; ``raw``, where it is asked for,
            from whole ones; ``label``, where there are labels, their cross entropy; the rest as in the frame.
        generator: ``fake``, its loss for completed images; ``raw``, where it is asked for, for whole ones.

    Args:
        latent: Coordinates of the noise.
        holes: Where images are not known.
        raw: Whether the discriminator also tells data from what the generator makes of known pixels (CC-GAN2).
        architecture: The family of the discriminator.
        width: Channels of the generator's smallest maps; by default 64 to 256, by the images' size.
        prior: The law of the noise.
        augment: What the discriminator sees, and learns classes from, instead of images: it may not change the class.
        generator: From images (B, C, H, W), masks (B, 1, H, W) and noise (B, latent) to images (B, C, H, W).
        discriminator: From images to raw scores (B, 1 + K): the score, then a logit for each class.

    Deviations from the paper:
        1. Networks are for small images: the generator's decoder sees the encoder's maps, and the mask; the
           discriminator is a plain one, where the paper's is VGG-A's with dropout.
        2. It sees no small copy of the whole image, as the paper's does of larger ones: that shows what is in the hole.
        3. One batch holds labelled and unlabelled data as they come; ``--paper`` plays 64, the paper's is not known.

    Example:
        >>> x = (game := CCGAN.toy()).spec["x"].random(4)
        >>> game.complete(x, game.holes(x)).shape, game.classify(x).shape
        (torch.Size([4, 1, 8, 8]), torch.Size([4, 3]))
    """

    paper = Paper(
        title="Semi-Supervised Learning with Context-Conditional Generative Adversarial Networks",
        authors=("Emily Denton", "Sam Gross", "Rob Fergus"),
        year=2016,
        arxiv="1611.06430",
        venue="arXiv",
        command="ccgan",
    )
    needs = {"x": ("image",)}

    latent: int = 100
    holes: Holes = RandomSquare(0.25)
    raw: bool = False
    label_weight: float = 1.0
    width: int | None = None
    prior: Law = Normal()
    optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999))
    generator: nn.Module = made(factory=lambda game: completer(game.spec["x"], game.latent, game.width))
    discriminator: nn.Module = made(factory=lambda game: discriminator_of(game, outputs=1 + game.named))

    def build(self) -> None:
        super().build()
        self.noise = self.prior.of(self.latent)

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            whole, drawn = self.filled(x, self.holes(x))
        scores, logits = self.heads(self.augmented(x))
        fake_scores = self.scores_seen(whole)
        terms = self.objective.discriminator(scores, fake_scores)
        if self.raw:
            terms["raw"] = self.objective.discriminator(scores, self.scores_seen(drawn))["fake"]
        terms |= self.label_terms(logits, batch) | self.penalised.terms(self.scores_seen, x, whole, self.progress)
        return {**terms, **self.watched(terms, scores, fake_scores), **self.augmented.watch(scores)}

    def generator_loss(self, batch: Batch) -> Terms:
        whole, drawn = self.filled(batch["x"], self.holes(batch["x"]))
        terms = self.objective.generator(self.scores_seen(whole))
        return {**terms, "raw": self.objective.generator(self.scores_seen(drawn))["fake"]} if self.raw else terms

    def filled(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The completed images, and what the generator made of whole ones."""
        drawn = self.generator(x, mask, self.noise(len(x)))
        return completed(x, mask, drawn), drawn

    def fakes(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.filled(x, self.holes(x))[0]

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The score (B,) and the class logits (B, K) of images."""
        both = self.discriminator(x).view(len(x), 1 + self.named)
        return both[:, 0], both[:, 1:]

    def complete(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.filled(x, checked(mask, x))[0]

    def classify(self, x: Tensor) -> Tensor:
        if not self.named:
            raise ValueError("This CCGAN has learned no classes: its data had no labels 'y', or they weighed nothing.")
        return self.heads(x)[1]

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.heads(x)[0]

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((1, 8, 8), "image"), y=Field((), "label", classes=3))
        return cls(spec, latent=4, architecture=Plain(8), width=8)
