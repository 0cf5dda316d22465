r"""A discriminator that knows the classes, and a sample that is taught to be one of them, not a bit of each.

Give the discriminator K classes of the data and one more, "made by G". With logits :math:`l_1, \dots, l_{K+1}` and
:math:`D_k = \operatorname{softmax}_k l`, it descends :math:`\mathbb E_{x, y} [-\log D_y(x)] + \mathbb E_z [-\log
D_{K+1}(G(z))]`. The generator may ask to be of *any* class of the data, :math:`D_r = \sum_{k \le K} D_k` (LabelGAN).
Minus the slope of this at :math:`l_k` is :math:`(1 - D_r) D_k / D_r`: it pulls at all classes at once, each by its
share, and a sample between two classes both ways. AM-GAN names *one* class y for each sample, and descends

.. math::

    L_G = \mathbb E_z [-\log D_y(G(z))] = \underbrace{\mathbb E_z [-\log D_r(G(z))]}_{\text{LabelGAN}}
        + \underbrace{\mathbb E_z \Big[-\log \frac{D_y(G(z))}{D_r(G(z))}\Big]}_{\text{a classifier's, of K classes}}:

the class that the sample looks like most, :math:`\arg\max_{k \le K} l_k` (dynamic labels), or one that the generator
was told (predefined labels). :math:`L_D` splits alike: with :math:`F = \operatorname{logit} D_r = \operatorname{lse}_{k
\le K} l_k - l_{K+1}` it is the first GAN's plus a classifier's. With an output of its own for samples, :math:`F =
-l_{K+1}`, the discriminator is an auxiliary classifier (AC-GAN*): both tasks share a trunk, no more.

Reference:
    Zhou, Cai, Rong, Song, Ren, Zhang, Yu, Wang: Activation Maximization Generative Adversarial Nets, ICLR 2018,
    arXiv 1703.02000.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganarium.game import Batch, Classifies, Paper, Terms, made
from ganarium.game.frames.adversarial import discriminator_of
from ganarium.game.frames.conditional import Conditional
from ganarium.ingredients import Adam, Linear, OptimizerChoice
from ganarium.nets import Architecture, DeepConvolutional, Plain
from ganarium.spec import Field, Spec

__all__ = ["AMGAN"]


class AMGAN(Conditional, Classifies):
    r"""The activation maximising GAN; LabelGAN and AC-GAN* are other settings of it.

    Players:
        discriminator: ``real`` and ``fake``, the cross entropies of F for data and samples; ``label``, the sum of that
            of the known labels, over the K classes, divided by the batch's size; ``accuracy`` and penalties are of F.
        generator: ``fake``, the mean of :math:`-\log D_r` of its samples; ``label``, the class weight times their mean
            cross entropy over the K classes. In nats.

    Batch:
        ``x`` (B, \*shape): data. ``y`` (B,): their classes; -1 for those that are not known.

    Args:
        class_weight: What the generator pays, at least 0, for not being of its class among the K; 0 is LabelGAN.
        dynamic: A sample's class is the one it looks like most; else the generator is told one, evenly in training.
        auxiliary: Tell samples by an output of its own: AC-GAN*; with a ``class_weight`` of 0, a GAN that classifies.
        augment: What the discriminator sees, and learns classes from, instead of images: it may not change the class.
        generator: From noise (B, latent), and one-hot classes (B, K) unless labels are dynamic, to samples.
        discriminator: From samples to logits (B, K + 1), the last for "made by G".

    Deviations from the paper:
        1. The networks are DCGAN's; the paper's are wider, with noise of 0.1 on the discriminator's input and dropout.
        2. Of data without a label the discriminator says that they are data, and not of which class.

    Example:
        >>> (game := AMGAN.toy()).classify(game.sample(5, seed=0)).shape
        torch.Size([5, 3])
    """

    paper = Paper(
        title="Activation Maximization Generative Adversarial Nets",
        authors=(
            "Zhiming Zhou",
            "Han Cai",
            "Shu Rong",
            "Yuxuan Song",
            "Kan Ren",
            "Weinan Zhang",
            "Yong Yu",
            "Jun Wang",
        ),
        year=2018,
        arxiv="1703.02000",
        venue="International Conference on Learning Representations",
        command="am-gan",
        batch=100,
    )

    class_weight: float = 1.0
    dynamic: bool = True
    auxiliary: bool = False
    architecture: Architecture = DeepConvolutional(64)
    optimizer: OptimizerChoice = Adam(Linear(4e-4, 0.0), (0.5, 0.999))
    generator: nn.Module = made(
        factory=lambda game: game.architecture.generator(
            game.latent, game.spec["x"], condition=0 if game.dynamic else game.classes
        )
    )
    discriminator: nn.Module = made(factory=lambda game: discriminator_of(game, outputs=game.classes + 1))

    def check(self) -> None:
        if self.class_weight < 0:
            raise ValueError(f"AMGAN's class_weight is what its generator pays, at least 0; got {self.class_weight}.")

    def given(self, batch: Batch) -> dict[str, Tensor]:
        return {}  # the discriminator says the class, and is not told

    def discriminator_loss(self, batch: Batch) -> Terms:
        scoring, x, fake = self.contest(batch)
        logits = self.discriminator(self.augmented(x))
        real_scores, fake_scores = self.odds(logits), scoring(fake)
        terms = self.objective.discriminator(real_scores, fake_scores)
        terms["label"] = cross_entropy(logits[:, :-1], batch["y"], ignore_index=-1, reduction="sum") / len(x)
        watched = self.watched(terms, real_scores, fake_scores) | self.augmented.watch(real_scores)
        return {**terms, **self.penalised.terms(scoring, x, fake, self.progress), **watched}

    def generator_loss(self, batch: Batch) -> Terms:
        told = self.choose(len(batch["x"]))
        logits = self.discriminator(self.augmented(self.draw(len(batch["x"]), **told)))
        wanted = logits[:, :-1].argmax(1) if self.dynamic else told["y"]
        label = self.class_weight * cross_entropy(logits[:, :-1], wanted)
        return {**self.objective.generator(self.odds(logits)), "label": label}

    def odds(self, logits: Tensor) -> Tensor:
        """The log-odds F, (B,), that what got these logits is data: its score."""
        return -logits[:, -1] if self.auxiliary else logits[:, :-1].logsumexp(1) - logits[:, -1]

    @property
    def conditions(self) -> Mapping[str, Field]:
        return {} if self.dynamic else {"y": self.spec["y"]}

    def choose(self, n: int, **condition: Tensor) -> dict[str, Tensor]:
        if self.training and not self.dynamic:
            condition = {"y": torch.randint(self.classes, (n,), device=self.device), **condition}
        return condition if self.dynamic else super().choose(n, **condition)

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z) if self.dynamic else super().decode(z, **condition)

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.odds(self.discriminator(x))

    def classify(self, x: Tensor) -> Tensor:
        return self.discriminator(x)[:, :-1]

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points"), y=Field((), "label", classes=3)), latent=4, architecture=Plain())
