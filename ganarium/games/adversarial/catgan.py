r"""A discriminator sorts data into classes that nobody named; samples are what it cannot sort.

The discriminator gives each point probabilities :math:`p(y \mid x)` of K classes, and no verdict. With the entropy H it

* is sure of each datum: :math:`\mathbb E_x H[p(y \mid x)]` is small,
* is unsure of each sample: :math:`\mathbb E_z H[p(y \mid G(z))]` is large,
* uses all classes alike: :math:`H[\mathbb E_x\, p(y \mid x)]` is large.

The generator wants samples of which the discriminator is sure, and which use all classes alike:

.. math::

    L_D &= \mathbb E_x H[p(y \mid x)] - \mathbb E_z H[p(y \mid G(z))] - H[\mathbb E_x\, p(y \mid x)]
        + \lambda\, \mathbb E_{x, y \text{ known}} [-\log p(y \mid x)], \\
    L_G &= \mathbb E_z H[p(y \mid G(z))] - H[\mathbb E_z\, p(y \mid G(z))].

The first and third terms of :math:`L_D` are minus the mutual information of data and class, which a rich classifier
can make large with any borders. Samples push the borders out of where data might be. Without labels the classes are
clusters; with a few, they have names.

Reference:
    Springenberg: Unsupervised and Semi-supervised Learning with Categorical Generative Adversarial Networks, ICLR
    2016, arXiv 1511.06390.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganarium.entropies import class_entropy, marginal_entropy
from ganarium.game import Batch, Classifies, Decodes, Game, Paper, Player, Stage, Terms
from ganarium.nets.architecture import Architecture
from ganarium.nets.improved_gan import NoisyPerceptrons
from ganarium.nets.roles import Discriminator
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.priors import Law, Uniform
from ganarium.spec import Field, Spec

__all__ = ["CatGAN"]


class CatGAN(Game, Decodes, Classifies):
    r"""The categorical GAN.

    Players:
        discriminator: ``sure``, the mean entropy of its classes for data; ``unsure``, minus that for samples;
            ``balance``, minus the entropy of the mean classes of the data; ``label``, the cross entropy of the known
            labels times their weight: its sum over them divided by how many a batch holds on average. In nats.
        generator: ``sure`` and ``balance``, the same of its samples.

    Batch:
        ``x`` (B, \*shape): data. ``y`` (B,), where there are labels: their classes; -1 for those that are not known.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        classes: Classes of the discriminator, K; 0 for as many as 'y' has, or 20 where there are no labels.
        label_weight: The weight of known labels; 0 learns clusters, whatever the data tell.
        architecture: The family of both networks.
        prior: The law of the noise.
        optimizer: How both players descend.
        generator: From noise (B, latent) to samples (B, \*shape).
        discriminator: From samples to K logits (B, K).

    Deviations from the paper:
        1. The networks, their noise and the law of the latents are those of the improved GAN's semi-supervised
           digits; the rate is that of many GANs.
        2. One batch holds labelled and unlabelled data as they come.

    Raises:
        ValueError: if there are fewer than two classes, fewer than labels, or the weight is negative.

    Example:
        >>> game = CatGAN.toy()
        >>> game.classify(game.sample(5, seed=0)).shape
        torch.Size([5, 3])
    """

    paper = Paper(
        title="Unsupervised and Semi-supervised Learning with Categorical Generative Adversarial Networks",
        authors=("Jost Tobias Springenberg",),
        year=2016,
        arxiv="1511.06390",
        venue="International Conference on Learning Representations",
        command="catgan",
    )
    needs = {"x": ()}
    couples_samples = "the balance of classes is a mean over the batch, and batch norm in the generator"

    labelled: Tensor

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        classes: int = 0,
        label_weight: float = 1.0,
        architecture: Architecture = NoisyPerceptrons(),
        prior: Law = Uniform(0.0, 1.0),
        optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999)),
        generator: nn.Module | None = None,
        discriminator: Discriminator | None = None,
    ):
        super().__init__(spec)
        self.latent, self.classes, self.label_weight = latent, classes, label_weight
        self.architecture, self.optimizer = architecture, optimizer
        self.prior = prior.of(latent)
        self.named = spec["y"].classes if label_weight and "y" in spec else 0
        outputs = checked(classes or (spec["y"].classes if "y" in spec else 20), self.named, label_weight)
        self.generator = generator or architecture.generator(latent, spec["x"])
        self.discriminator = discriminator or architecture.discriminator(spec["x"], outputs=outputs)
        # The share of the data whose label is known.
        self.register_buffer("labelled", torch.ones(()))

    def stages(self) -> list[Stage]:
        return [Stage("play", self.players(), begin=self.count_labels if self.named else None)]

    def players(self) -> list[Player]:
        return [
            Player("discriminator", self.discriminator_loss, owns=[self.discriminator], optimizer=self.optimizer),
            Player("generator", self.generator_loss, owns=[self.generator], optimizer=self.optimizer),
        ]

    def count_labels(self, batches: Iterable[Batch]) -> None:
        """Find the share of the data whose label is known; where it is none, clusters are learned."""
        known = torch.cat([batch["y"] >= 0 for batch in batches])
        self.labelled.fill_(known.mean(dtype=self.labelled.dtype))

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            fake = self.draw(len(x))
        logits = self.discriminator(x)
        terms = {
            "sure": class_entropy(logits).mean(),
            "unsure": -class_entropy(self.discriminator(fake)).mean(),
            "balance": -marginal_entropy(logits),
        }
        if self.named:
            terms["label"] = self.label_weight * self.known_labels(logits, batch["y"])
        return terms

    def known_labels(self, logits: Tensor, y: Tensor) -> Tensor:
        """The cross entropy of the known labels, in nats: over the count to expect, as a batch may hold none."""
        total = cross_entropy(logits, y, ignore_index=-1, reduction="sum")
        return total / (len(y) * self.labelled.clamp(min=1e-6))

    def generator_loss(self, batch: Batch) -> Terms:
        logits = self.discriminator(self.draw(len(batch["x"])))
        return {"sure": class_entropy(logits).mean(), "balance": -marginal_entropy(logits)}

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z)

    def classify(self, x: Tensor) -> Tensor:
        return self.discriminator(x)

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((2,), "points"), y=Field((), "label", classes=3))
        return cls(spec, latent=4, architecture=NoisyPerceptrons(16, (16, 16)))


def checked(classes: int, named: int, label_weight: float) -> int:
    """The classes, if they are enough."""
    if label_weight < 0:
        raise ValueError(f"CatGAN learns from labels by a weight of at least 0; got label_weight={label_weight}.")
    if classes < max(2, named):
        least = f"one for each of the {named} labels" if named > 2 else "two or more"
        raise ValueError(f"CatGAN sorts into classes, {least}; got classes={classes}.")
    return classes
