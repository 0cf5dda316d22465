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

from typing import Self

import torch
from torch import Tensor, nn

from ganarium.game import Batch, Classifies, Decodes, Paper, Player, Terms, made
from ganarium.game.frames.adversarial import discriminator_of
from ganarium.game.frames.labelled import Labelled
from ganarium.ingredients import Adam, Law, OptimizerChoice, Uniform, class_entropy, marginal_entropy
from ganarium.nets import Architecture, NoisyPerceptrons
from ganarium.spec import Field, Spec

__all__ = ["CatGAN"]


class CatGAN(Labelled, Decodes, Classifies):
    r"""The categorical GAN.

    Players:
        discriminator: ``sure``, the mean entropy of its classes for data; ``unsure``, minus that for samples;
            ``balance``, minus the entropy of the mean classes of the data; ``label``, the cross entropy of the known
            labels times their weight: its sum over them divided by how many a batch holds on average. In nats.
        generator: ``sure`` and ``balance``, the same of its samples.

    Args:
        latent: Coordinates of the noise.
        classes: Classes of the discriminator, K; 0 for as many as 'y' has, or 20 where there are no labels.
        label_weight: The weight of known labels, lambda; 0 learns clusters, whatever the data tell.
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
        batch=100,
    )
    needs = {"x": ()}
    couples_samples = "the balance of classes is a mean over the batch, and batch norm in the generator"

    latent: int = 100
    classes: int = 0
    label_weight: float = 1.0
    architecture: Architecture = NoisyPerceptrons()
    prior: Law = Uniform(0.0, 1.0)
    optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999))
    generator: nn.Module = made(factory=lambda game: game.architecture.generator(game.latent, game.spec["x"]))
    discriminator: nn.Module = made(factory=lambda game: discriminator_of(game, outputs=game.outputs))

    def check(self) -> None:
        super().check()
        if self.outputs < max(2, self.named):
            least = f"one for each of the {self.named} labels" if self.named > 2 else "two or more"
            raise ValueError(f"CatGAN sorts into classes, {least}; got classes={self.outputs}.")

    @property
    def outputs(self) -> int:
        """How many classes the discriminator has, K."""
        return self.classes or (self.spec["y"].classes if "y" in self.spec else 20)

    def build(self) -> None:
        self.noise = self.prior.of(self.latent)

    def players(self) -> list[Player]:
        return [
            Player("discriminator", self.discriminator_loss, owns=[self.discriminator], optimizer=self.optimizer),
            Player("generator", self.generator_loss, owns=[self.generator], optimizer=self.optimizer),
        ]

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            fake = self.draw(len(x))
        logits = self.discriminator(x)
        return {
            "sure": class_entropy(logits).mean(),
            "unsure": -class_entropy(self.discriminator(fake)).mean(),
            "balance": -marginal_entropy(logits),
            **self.label_terms(logits, batch),
        }

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
