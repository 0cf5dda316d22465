r"""Codes that must be readable from the sample become factors of the data, without a label.

Beside noise :math:`z` the generator gets a code :math:`c` with a simple law: a category, and numbers from
:math:`U[-1, 1]`. A plain GAN may ignore it. So ask that the mutual information :math:`I(c; G(z, c))` be large. It is
intractable, but any network :math:`Q(c | x)` gives a lower bound, equal to it where :math:`Q` is the posterior:

.. math::

    I(c; G(z, c)) = H(c) - H(c | G(z, c)) \ge H(c) + \mathbb E_{c,\, z} \log Q(c | G(z, c)) = L_I(G, Q).

The game is :math:`\min_{G, Q} \max_D V(D, G) - \lambda L_I(G, Q)`; :math:`L_I` is at most :math:`H(c)`, which is
:math:`\log K` nats for one of K categories. The codes for which samples differ most are cheapest to read, so they tend
to become what tells data apart: a digit's class, its slant. :math:`Q` is a small head on the discriminator's trunk,
nearly free: the discriminator fits it to samples, and the generator, through it, makes samples that it can read.

Reference:
    Chen, Duan, Houthooft, Schulman, Sutskever, Abbeel: InfoGAN: Interpretable Representation Learning by Information
    Maximizing Generative Adversarial Nets, NIPS 2016, arXiv 1606.03657.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from ganarium.game import Batch, Classifies, Encodes, Paper, Player, Terms, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import Adam, Law, NonSaturating, Objective, OptimizerChoice, Uniform
from ganarium.nets import Architecture, DeepConvolutional, Discriminator, Plain
from ganarium.nets.families.infogan import LatentCodes, recogniser
from ganarium.spec import Field, Spec

__all__ = ["InfoGAN"]


class InfoGAN(Adversarial, Encodes, Classifies):
    r"""The information-maximising GAN: ``game.sample(9, category=3, code=[0.5, -1.0])``.

    Players:
        discriminator: beside what it has in the frame, ``category``, the mean of :math:`-\log Q(c | x)` over its
            samples, in nats, and ``code``, that of half the squared distance of Q's means to the codes, both weighted;
            ``information`` (watched), :math:`L_I` of the category, in nats, at most :math:`\log K`.
        generator: ``fake``, its loss; ``category`` and ``code``, as the discriminator's, on samples of its own.

    Args:
        categories: How many values the categorical code has, all equally likely.
        codes: How many continuous codes there are, each from U[-1, 1]; may be 0.
        category_weight: Lambda of the category.
        code_weight: Lambda of the continuous codes.
        generator: From noise (B, latent) and codes (B, categories + codes), the category one-hot, to samples.
        recogniser: Q, which the discriminator owns, from its features to (B, categories + codes): logits and means.

    Deviations from the paper:
        1. The networks have no fully connected hidden layer, the paper's one of 1024 units. Q's has no batch norm.
        2. The lambda of continuous codes is 0.1 by default; the authors' code for digits has 1 for all.
        3. Leaky slopes are 0.2; the paper's are 0.1, and 0.01 in the authors' code.
        4. Weights begin as in DCGAN, from N(0, 0.02).

    Example:
        >>> x = (game := InfoGAN.toy()).sample(3, seed=0, category=1)
        >>> game.classify(x).shape, game.encode(x).shape
        (torch.Size([3, 4]), torch.Size([3, 5]))
    """

    paper = Paper(
        title="InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial Nets",
        authors=("Xi Chen", "Yan Duan", "Rein Houthooft", "John Schulman", "Ilya Sutskever", "Pieter Abbeel"),
        year=2016,
        arxiv="1606.03657",
        venue="Advances in Neural Information Processing Systems",
        command="infogan",
        batch=128,
    )
    latent: int = 62
    categories: int = 10
    codes: int = 2
    category_weight: float = 1.0
    code_weight: float = 0.1
    architecture: Architecture = DeepConvolutional(64, kernel=4)
    objective: Objective = NonSaturating()
    prior: Law = Uniform(-1.0, 1.0)
    discriminator_optimizer: OptimizerChoice = Adam(2e-4)
    generator_optimizer: OptimizerChoice = Adam(1e-3)
    optimizer: OptimizerChoice = follows(factory=lambda game: game.generator_optimizer)
    code_law: LatentCodes = follows(
        factory=lambda game: LatentCodes(game.categories, game.codes, game.category_weight, game.code_weight)
    )
    generator: nn.Module = made(
        factory=lambda game: game.architecture.generator(game.latent, game.spec["x"], condition=game.code_law.size)
    )
    discriminator: Discriminator = made(factory=discriminator_of)
    recogniser: nn.Module = made(factory=lambda game: recogniser(game.discriminator.feature_size, game.code_law.size))

    def players(self) -> list[Player]:
        discriminator, generator = super().players()
        return [replace(discriminator, owns=[self.discriminator, self.recogniser]), generator]

    def discriminator_loss(self, batch: Batch) -> Terms:
        x, codes = batch["x"], self.choose(len(batch["x"]))
        with torch.no_grad():
            fake = self.draw(len(x), **codes)
        critic = self.penalised.one_pass(self.scores_seen, x)
        real_scores, (fake_scores, read) = critic(x), self.heads(self.features_seen(fake))
        terms = self.objective.discriminator(real_scores, fake_scores) | self.code_law.cost(read, **codes)
        terms |= self.penalised.terms(critic, x, fake, self.progress)
        # Weighted terms say nothing of the bound where the weight is zero.
        terms["information"] = self.code_law.information(read, codes["category"])
        watched = self.augmented.watch(self.objective.margin(real_scores, fake_scores))
        return {**terms, **self.watched(terms, real_scores, fake_scores), **watched}

    def generator_loss(self, batch: Batch) -> Terms:
        x, matched, codes = batch["x"], self.objective.of_features, self.choose(len(batch["x"]))
        features = self.features_seen(self.draw(len(x), **codes))
        scores, read = self.heads(features)
        seen = self.features_seen if matched else self.scores_seen
        terms = self.objective.generator(features if matched else scores, lambda: seen(x))
        return terms | self.code_law.cost(read, **codes)

    def heads(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Raw scores (B,), and what Q reads (B, K + codes): logits of the category, and means of the codes."""
        return self.discriminator.head(features).squeeze(1), self.recogniser(features)

    @property
    def conditions(self) -> dict[str, Field]:
        return self.code_law.fields

    def choose(self, n: int, **condition: Tensor) -> dict[str, Tensor]:
        return self.code_law(n) | condition

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z, self.code_law.vectors(z, **self.choose(len(z), **condition)))

    def classify(self, x: Tensor) -> Tensor:
        return self.recogniser(self.features(x))[:, : self.categories]

    def encode(self, x: Tensor) -> Tensor:
        """What Q reads, of shape (B, categories + codes): the categories' probabilities, then the codes' means."""
        return self.code_law.expected(self.recogniser(self.features(x)))

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, categories=4, codes=1, architecture=Plain())

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        return {"architecture": Plain(width=None if spec["x"].kind == "points" else 32), "latent": 16}
