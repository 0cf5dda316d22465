r"""A generator fills holes in images; the discriminator that must find it out learns classes from a few labels.

Filling a hole well takes more than local texture: half a digit says which digit it is. So does finding out that a hole
was filled. With a mask :math:`m`, which is 1 where the image is known and 0 in a hole whose place is drawn anew for
each image, the generator sees the rest and some noise, and only what it puts into the hole counts:

.. math::

    x_G = G(m \odot x, m, z), \qquad x_I = m \odot x + (1 - m) \odot x_G.

The discriminator sees whole images, x and :math:`x_I`, and no mask. It has two heads on common features: a score F,
high for data, and the logits of the classes. Data teach both where their labels are known, and the score alone
elsewhere; completed images, whose class nobody has said, teach the score alone. What the score learns from much data
without labels is in the features that the classes are read from.

Most of each image is given, so that what the generator makes lies near the data from the first round on. Samples of a
plain GAN of varied images do not, and are told from data by what has little to do with their classes.

Reference:
    Denton, Gross, Fergus: Semi-Supervised Learning with Context-Conditional Generative Adversarial Networks, 2016,
    arXiv 1611.06430.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganarium.augment import Augmentation, augmented
from ganarium.game import Batch, Classifies, Completes, Game, Paper, Player, Scores, Stage, Terms
from ganarium.holes import Holes, RandomSquare, checked, completed
from ganarium.nets.architecture import Architecture, Plain
from ganarium.nets.completer import completer
from ganarium.objectives import NonSaturating, accuracy
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.penalties import Penalised, Penalty
from ganarium.priors import Law, Normal
from ganarium.spec import Field, Spec

__all__ = ["CCGAN"]

#: Cross entropy for the discriminator, and the generator's loss with strong gradients.
_GAME = NonSaturating()


class CCGAN(Game, Completes, Classifies, Scores):
    r"""The context-conditional GAN.

    With the score F and the class logits l, the discriminator and the generator descend

    .. math::

        L_D &= \mathbb E_x\,\mathrm{softplus}(-F(x)) + \mathbb E\,\mathrm{softplus}(F(x_I))
            + \lambda\, \mathbb E_{x, y \text{ known}}\big[\operatorname{lse}_k l_k(x) - l_y(x)\big], \\
        L_G &= \mathbb E\,\mathrm{softplus}(-F(x_I)).

    The second version of the paper (CC-GAN2, ``raw``) adds what the generator made of the whole image,
    :math:`\mathbb E\,\mathrm{softplus}(F(x_G))` and :math:`\mathbb E\,\mathrm{softplus}(-F(x_G))`.

    Players:
        discriminator: ``real`` and ``fake``, the two halves of telling data from completed images, means over the
            batch; ``raw``, where it is asked for, the same of what the generator made of whole images; ``label``, where
            the data has labels, the cross entropy of the known ones times their weight: its sum over them divided by
            how many a batch holds on average; the name of each penalty; ``accuracy`` (watched), the share of data and
            completed images on the right side of zero; ``sign`` and ``augmentation`` (watched, where augmentation is
            adaptive), the mean sign of the data's margins and the probability of each transform.
        generator: ``fake``, its loss for completed images; ``raw``, where it is asked for, for whole ones.

    Batch:
        ``x`` (B, C, H, W): images. ``y`` (B,), where there are labels: their classes; -1 for those that are not known.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        holes: Where images are not known.
        raw: Whether the discriminator also tells data from what the generator makes of known pixels (CC-GAN2).
        label_weight: The weight of known labels, lambda; 0 learns no classes, whatever the data tell.
        architecture: The family of the discriminator.
        width: Channels of the generator's smallest maps; by default 64 to 256, by the images' size.
        prior: The law of the noise.
        optimizer: How both players descend.
        penalties: What else the discriminator descends.
        augment: What the discriminator sees instead of images, in both players' moves. It learns the classes from what
            it sees, so that no transform may change the class.
        generator: From images (B, C, H, W), masks (B, 1, H, W) and noise (B, latent) to images (B, C, H, W).
        discriminator: From images to raw scores (B, 1 + K): the score, then a logit for each class.

    Deviations from the paper:
        1. The generator has the decoder see the encoder's maps of each size, and is told the mask; its sizes, and the
           discriminator's, are those of small images.
        2. It never sees a small copy of the whole image, as the paper's does for its larger images: that would tell
           what is in the hole.
        3. One batch holds labelled and unlabelled data as they come.

    Raises:
        ValueError: if the weight of labels is negative.

    Example:
        >>> game = CCGAN.toy()
        >>> x = game.spec["x"].random(4)
        >>> whole = game.complete(x, game.holes(x))
        >>> whole.shape, game.classify(whole).shape
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

    labelled: Tensor

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        holes: Holes = RandomSquare(0.25),
        raw: bool = False,
        label_weight: float = 1.0,
        architecture: Architecture = Plain(),
        width: int | None = None,
        prior: Law = Normal(),
        optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999)),
        penalties: tuple[Penalty, ...] = (),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        super().__init__(spec)
        if label_weight < 0:
            raise ValueError(f"CCGAN learns from labels by a weight of at least 0; got label_weight={label_weight}.")
        self.latent, self.holes, self.raw, self.label_weight = latent, holes, raw, label_weight
        self.architecture, self.width, self.optimizer = architecture, width, optimizer
        self.penalties, self.augment = penalties, augment
        self.augmented = augmented(augment, spec["x"], "CCGAN")
        self.prior = prior.of(latent)
        self.classes = spec["y"].classes if label_weight and "y" in spec else 0
        self.generator = generator or completer(spec["x"], latent, width)
        self.discriminator = discriminator or architecture.discriminator(spec["x"], outputs=1 + self.classes)
        self.penalised = Penalised(penalties, self.discriminator, "CCGAN")
        # The share of the data whose label is known.
        self.register_buffer("labelled", torch.ones(()))

    def stages(self) -> list[Stage]:
        return [Stage("play", self.players(), begin=self.count_labels if self.classes else None)]

    def players(self) -> list[Player]:
        return [
            Player(
                "discriminator",
                self.discriminator_loss,
                owns=[self.discriminator],
                optimizer=self.optimizer,
                after=self.augmented.controller,
                also=self.penalised.also(self.penalty_loss),
            ),
            Player("generator", self.generator_loss, owns=[self.generator], optimizer=self.optimizer),
        ]

    def count_labels(self, batches: Iterable[Batch]) -> None:
        """Find the share of the data whose label is known; where it is none, holes are filled and no class learned."""
        known = torch.cat([batch["y"] >= 0 for batch in batches])
        self.labelled.fill_(known.mean(dtype=self.labelled.dtype))

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            whole, made = self.filled(x, self.holes(x))
        scores, logits = self.heads(self.augmented(x))
        fake_scores = self.verdict(whole)
        terms = _GAME.discriminator(scores, fake_scores)
        if self.raw:
            terms["raw"] = _GAME.discriminator(scores, self.verdict(made))["fake"]
        if self.classes:
            terms["label"] = self.label_weight * self.known_labels(logits, batch["y"])
        terms |= self.penalised.terms(self.verdict, x, whole, self.progress)
        return {**terms, "accuracy": accuracy(scores, fake_scores), **self.augmented.watch(scores)}

    def known_labels(self, logits: Tensor, y: Tensor) -> Tensor:
        """The cross entropy of the known labels, in nats: over the count to expect, as a batch may hold none."""
        total = cross_entropy(logits, y, ignore_index=-1, reduction="sum")
        return total / (len(y) * self.labelled.clamp(min=1e-6))

    def penalty_loss(self, batch: Batch, every: int) -> Terms:
        """The penalties that are taken in every n-th round."""
        x = batch["x"]
        with torch.no_grad():
            whole, _ = self.filled(x, self.holes(x))
        return self.penalised.terms(self.verdict, x, whole, self.progress, every)

    def generator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        whole, made = self.filled(x, self.holes(x))
        terms = _GAME.generator(self.verdict(whole))
        return {**terms, "raw": _GAME.generator(self.verdict(made))["fake"]} if self.raw else terms

    def filled(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The completed images, and what the generator made of whole ones."""
        made = self.generator(x, mask, self.prior(len(x)))
        return completed(x, mask, made), made

    def verdict(self, x: Tensor) -> Tensor:
        """The scores of what the discriminator sees of ``x``, of shape (B,)."""
        return self.heads(self.augmented(x))[0]

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The score (B,) and the class logits (B, K) of images."""
        both = self.discriminator(x).view(len(x), 1 + self.classes)
        return both[:, 0], both[:, 1:]

    def complete(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.filled(x, checked(mask, x))[0]

    def classify(self, x: Tensor) -> Tensor:
        if not self.classes:
            raise ValueError("This CCGAN has learned no classes: its data had no labels 'y', or they weighed nothing.")
        return self.heads(x)[1]

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.heads(x)[0]

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((1, 8, 8), "image"), y=Field((), "label", classes=3))
        return cls(spec, latent=4, architecture=Plain(8), width=8)
