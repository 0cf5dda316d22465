r"""Codes that must be readable from the sample become factors of the data, without a label.

Beside noise :math:`z` the generator gets a code :math:`c` with a simple law: a category, and numbers from
:math:`U[-1, 1]`. A plain GAN may ignore it. So ask that the mutual information :math:`I(c; G(z, c))` be large. It is
intractable, but any network :math:`Q(c | x)` gives a lower bound:

.. math::

    I(c; G(z, c)) = H(c) - H(c | G(z, c))
        \ge H(c) + \mathbb E_{c,\, z} \log Q(c | G(z, c)) = L_I(G, Q),

with equality where :math:`Q` is the posterior. The game is

.. math::

    \min_{G, Q} \max_D V(D, G) - \lambda L_I(G, Q).

:math:`L_I` is at most :math:`H(c)`, which is :math:`\log K` nats for one of K categories. The codes for which
samples differ most are cheapest to read, so they tend to become what tells data apart: a digit's class, its slant.

:math:`Q` is a small head on the discriminator's trunk, and so nearly free: a network that serves two players. The
discriminator fits it to samples; the generator, through it, makes samples that it can read.

Reference:
    Chen, Duan, Houthooft, Schulman, Sutskever, Abbeel: InfoGAN: Interpretable Representation Learning by Information
    Maximizing Generative Adversarial Nets, NIPS 2016, arXiv 1606.03657.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganarium.adversarial import Adversarial
from ganarium.augment import Augmentation, augmented
from ganarium.game import Batch, Classifies, Encodes, Game, Paper, Player, Terms
from ganarium.nets.architecture import Architecture, DeepConvolutional, Plain
from ganarium.nets.conditions import one_hot
from ganarium.nets.roles import Discriminator
from ganarium.objectives import NonSaturating, Objective
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.penalties import Penalised, Penalty
from ganarium.priors import Law, Uniform
from ganarium.spec import Field, Spec

__all__ = ["InfoGAN"]


class InfoGAN(Game, Adversarial, Encodes, Classifies):
    r"""The information-maximising GAN: ``game.sample(9, category=3, code=[0.5, -1.0])``.

    :math:`Q(c | x)` is a softmax over the categories and, for each number, a Gaussian of standard deviation one around
    the mean that Q gives. Constants of the Gaussian are dropped.

    Players:
        discriminator: ``real`` and ``fake``, the two halves of its loss; ``category``, the category's weight times the
            mean of :math:`-\log Q(c | x)` over its samples, in nats; ``code``, the codes' weight times the mean of half
            the squared distance of Q's means to the codes; ``information`` (watched), :math:`L_I` of the category, in
            nats, at most :math:`\log K`; ``accuracy`` (watched), the share of data and samples on the right side of
            zero; ``sign`` and ``augmentation`` (watched, where augmentation is adaptive), the mean sign of the margins
            of data and the probability of each transform.
        generator: ``fake``, its loss; ``category`` and ``code``, as the discriminator's, on samples of its own.

    Batch:
        ``x`` (B, \*shape): data; no labels are used.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        categories: How many values the categorical code has, all equally likely.
        codes: How many continuous codes there are, each from U[-1, 1]; may be 0.
        category_weight: Lambda of the category.
        code_weight: Lambda of the continuous codes.
        architecture: The family of generator and discriminator.
        objective: How scores become losses.
        prior: The law of the noise.
        discriminator_optimizer: How the discriminator and Q descend.
        generator_optimizer: How the generator descends.
        penalties: What else the discriminator descends; its networks must then not couple samples (no batch norm).
        augment: What the discriminator sees instead of images, in both players' moves. Q, on the same trunk, sees
            the same.
        generator: From noise (B, latent) and codes (B, categories + codes), the category one-hot, to samples.
        discriminator: From samples to raw scores (B,), by ``features`` and then ``head``.
        recogniser: Q, from the discriminator's features to (B, categories + codes): logits and means.

    Deviations from the paper:
        1. The networks have no fully connected hidden layer; the paper's have one of 1024 units. Q's hidden layer of
           128 units has no batch norm.
        2. The lambda of continuous codes is 0.1 by default; the authors' code for digits has 1 for all.

    Example:
        >>> game = InfoGAN.toy()
        >>> x = game.sample(3, seed=0, category=1)
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
    )

    def __init__(
        self,
        spec: Spec,
        latent: int = 62,
        categories: int = 10,
        codes: int = 2,
        category_weight: float = 1.0,
        code_weight: float = 0.1,
        architecture: Architecture = DeepConvolutional(64, kernel=4),
        objective: Objective = NonSaturating(),
        prior: Law = Uniform(-1.0, 1.0),
        discriminator_optimizer: OptimizerChoice = Adam(2e-4),
        generator_optimizer: OptimizerChoice = Adam(1e-3),
        penalties: tuple[Penalty, ...] = (),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        discriminator: Discriminator | None = None,
        recogniser: nn.Module | None = None,
    ):
        super().__init__(spec)
        if categories < 2 or codes < 0:
            raise ValueError(f"InfoGAN has two categories or more, codes or none; got {categories} and {codes}.")
        self.latent, self.categories, self.codes = latent, categories, codes
        self.category_weight, self.code_weight = category_weight, code_weight
        self.architecture, self.objective = architecture, objective
        self.discriminator_optimizer, self.generator_optimizer = discriminator_optimizer, generator_optimizer
        self.augment, self.augmented = augment, augmented(augment, spec["x"], "InfoGAN")
        self.prior = prior.of(latent)
        self.code_prior = Uniform(-1.0, 1.0).of(codes) if codes else None
        size = categories + codes
        self.generator = generator or architecture.generator(latent, spec["x"], condition=size)
        self.discriminator = discriminator or architecture.discriminator(spec["x"])
        self.penalties, self.penalised = penalties, Penalised(penalties, self.discriminator, "InfoGAN")
        self.recogniser = recogniser or nn.Sequential(
            nn.Linear(self.discriminator.feature_size, 128), nn.LeakyReLU(0.1), nn.Linear(128, size)
        )

    def players(self) -> list[Player]:
        judges = [self.discriminator, self.recogniser]
        return [
            Player(
                "discriminator",
                self.discriminator_loss,
                owns=judges,
                optimizer=self.discriminator_optimizer,
                after=self.augmented.controller,
                also=self.penalised.also(self.penalty_loss),
            ),
            Player("generator", self.generator_loss, owns=[self.generator], optimizer=self.generator_optimizer),
        ]

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        category, code = self.draw_codes(len(x))
        with torch.no_grad():
            fake = self.draw(len(x), category=category, code=code)
        critic = self.penalised.one_pass(self.verdict, x)
        real_scores = critic(x)
        fake_scores, logits, means = self.judge(self.augmented(fake))
        terms = self.objective.discriminator(real_scores, fake_scores) | self.reading(logits, means, category, code)
        terms |= self.penalised.terms(critic, x, fake, self.progress)
        # Weighted terms say nothing of the bound where the weight is zero.
        information = math.log(self.categories) - cross_entropy(logits.detach(), category)
        watched = self.augmented.watch(self.objective.margin(real_scores, fake_scores))
        accuracy = self.objective.accuracy(real_scores, fake_scores)
        return {**terms, "information": information, "accuracy": accuracy, **watched}

    def generator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        category, code = self.draw_codes(len(x))
        features = self.impression(self.draw(len(x), category=category, code=code))
        scores, logits, means = self.read(features)
        matched = self.objective.of_features
        terms = self.objective.generator(
            features if matched else scores, lambda: self.impression(x) if matched else self.verdict(x)
        )
        return terms | self.reading(logits, means, category, code)

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Raw scores (B,), logits of the category (B, K) and means of the codes, from one pass through the trunk."""
        return self.read(self.discriminator.features(x))

    def read(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same, from what the trunk made of samples."""
        logits, means = self.recogniser(features).tensor_split([self.categories], 1)
        return self.discriminator.head(features).squeeze(1), logits, means

    def reading(self, logits: Tensor, means: Tensor, category: Tensor, code: Tensor) -> Terms:
        """Minus the bounds of the information, up to constants, weighted."""
        terms = {"category": self.category_weight * cross_entropy(logits, category)}
        if self.codes:
            terms["code"] = self.code_weight * (means - code).square().sum(1).mean() / 2
        return terms

    def draw_codes(self, n: int) -> tuple[Tensor, Tensor]:
        """Categories (n,) and continuous codes (n, codes) from their laws."""
        u = torch.rand(n, device=self.device)
        code = u.new_empty(n, 0) if self.code_prior is None else self.code_prior(n)
        return (u * self.categories).long(), code

    @property
    def conditions(self) -> Mapping[str, Field]:
        category = {"category": Field((), "label", classes=self.categories)}
        return {**category, "code": Field((self.codes,), "attributes")} if self.codes else category

    def choose(self, n: int, **condition: Tensor) -> dict[str, Tensor]:
        category, code = self.draw_codes(n)
        drawn = {"category": category, "code": code} if self.codes else {"category": category}
        return drawn | condition

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        chosen = self.choose(len(z), **condition)
        category, code = one_hot(chosen["category"], self.categories, z), chosen.get("code", z[:, :0])
        return self.generator(z, torch.cat([category, code.to(z)], 1))

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.discriminator(x)

    def features(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.discriminator.features(x)

    def classify(self, x: Tensor) -> Tensor:
        return self.judge(x)[1]

    def encode(self, x: Tensor) -> Tensor:
        """What Q reads, of shape (B, categories + codes): the categories' probabilities, then the codes' means."""
        _, logits, means = self.judge(x)
        return torch.cat([logits.softmax(1), means], 1)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points")), latent=4, categories=4, codes=1, architecture=Plain())

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # Hungarian accuracy on digits: 0.50 to 0.62 over five runs without batch norm in the discriminator, 0.32 to
        # 0.45 over twelve with it.
        return {"architecture": Plain(width=None if spec["x"].kind == "points" else 32), "latent": 16}
