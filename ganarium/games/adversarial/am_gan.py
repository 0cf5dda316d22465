r"""A discriminator that knows the classes, and a sample that is taught to be one of them, not a bit of each.

Give the discriminator K classes of the data and one more, "made by G". With logits :math:`l_1, \dots, l_{K+1}` and
probabilities :math:`D_k = \operatorname{softmax}_k l`, it descends the cross entropy of the right class:

.. math::

    L_D = \mathbb E_{x, y} [-\log D_y(x)] + \mathbb E_z [-\log D_{K+1}(G(z))].

The generator may ask to be of *any* class of the data (LabelGAN), whose gradient is an overlay: with
:math:`D_r = \sum_{k \le K} D_k` it pulls at all classes at once, each by its share,

.. math::

    L_G^{\text{label}} = \mathbb E_z [-\log D_r(G(z))], \qquad
    -\frac{\partial L_G^{\text{label}}}{\partial l_k} = (1 - D_r) \frac{D_k}{D_r}, \quad k \le K,

and a sample between two classes is pulled both ways. AM-GAN names *one* class y for each sample and maximises its
activation,

.. math::

    L_G = \mathbb E_z [-\log D_y(G(z))]
        = \underbrace{\mathbb E_z [-\log D_r(G(z))]}_{\text{LabelGAN}}
        + \underbrace{\mathbb E_z \Big[-\log \frac{D_y(G(z))}{D_r(G(z))}\Big]}_{\text{a classifier's, of K classes}},

where y is the class that the sample already looks like most, :math:`\arg\max_{k \le K} l_k(G(z))` (dynamic labels), or
one that the generator was told (predefined labels). The same split holds for the discriminator: with
:math:`F = \operatorname{logit} D_r = \operatorname{lse}_{k \le K} l_k - l_{K+1}` its loss is that of the first GAN plus
a classifier's. A discriminator that reads F from an output of its own instead, :math:`F = -l_{K+1}`, is an auxiliary
classifier (AC-GAN*): the two verdicts then share the trunk, and nothing else.

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

from ganarium.adversarial import Adversarial
from ganarium.augment import Augmentation, augmented
from ganarium.game import Batch, Classifies, Game, Paper, Player, Terms
from ganarium.nets.architecture import Architecture, DeepConvolutional, Plain
from ganarium.nets.conditions import one_hot
from ganarium.objectives import NonSaturating
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.penalties import Penalised, Penalty
from ganarium.priors import Law, Normal
from ganarium.schedules import Linear
from ganarium.spec import Field, Spec

__all__ = ["AMGAN"]


class AMGAN(Game, Adversarial, Classifies):
    r"""The activation maximising GAN; LabelGAN and AC-GAN* are other settings of it.

    With ``class_weight`` 0 it is LabelGAN; with ``auxiliary`` it is AC-GAN*; with both, a plain GAN whose discriminator
    also learns to classify.

    Players:
        discriminator: ``real`` and ``fake``, the cross entropies of :math:`F` for data and samples; ``label``, the sum
            of that of the known labels, over the K classes, divided by the batch's size; the name of each penalty,
            taken of F; ``accuracy`` (watched), the share of data and samples on the right side of :math:`F = 0`;
            ``sign`` and ``augmentation`` (watched, where augmentation is adaptive), the mean sign of the margins of
            data and the probability of each transform.
        generator: ``fake``, the mean of :math:`-\log D_r` of its samples; ``label``, the class weight times their mean
            cross entropy over the K classes. In nats.

    Batch:
        ``x`` (B, \*shape): data. ``y`` (B,): their classes; -1 for those that are not known.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        class_weight: What the generator pays for being of its class among the K.
        dynamic: The class of a sample is the one it looks like most; otherwise the generator is told a class, drawn
            evenly, and can be asked for one: ``game.sample(9, y=3)``.
        auxiliary: Tell data from samples by an output of its own, not by the class "made by G".
        architecture: The family of both networks.
        prior: The law of the noise.
        optimizer: How both players descend.
        penalties: What else the discriminator descends; its networks must then not couple samples (no batch norm).
        augment: What the discriminator sees instead of images, in both players' moves. It learns the classes from what
            it sees, so that no transform may change the class.
        generator: From noise (B, latent), and one-hot classes (B, K) unless labels are dynamic, to samples.
        discriminator: From samples to logits (B, K + 1), the last for "made by G".

    Deviations from the paper:
        1. The networks are DCGAN's; the paper's are wider, with noise of 0.1 on the discriminator's input and dropout.
        2. Of data without a label the discriminator says that they are data, and not of which class.

    Raises:
        ValueError: if the weight is negative.

    Example:
        >>> game = AMGAN.toy()
        >>> game.classify(game.sample(5, seed=0)).shape
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
    )
    needs = {"x": (), "y": ("label",)}

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        class_weight: float = 1.0,
        dynamic: bool = True,
        auxiliary: bool = False,
        architecture: Architecture = DeepConvolutional(64),
        prior: Law = Normal(),
        optimizer: OptimizerChoice = Adam(Linear(4e-4, 0.0), (0.5, 0.999)),
        penalties: tuple[Penalty, ...] = (),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        super().__init__(spec)
        if class_weight < 0:
            raise ValueError(
                f"AMGAN's generator pays class_weight, at least 0, for not being of its class; got {class_weight}."
            )
        self.latent, self.class_weight, self.dynamic, self.auxiliary = latent, class_weight, dynamic, auxiliary
        self.architecture, self.optimizer = architecture, optimizer
        self.augment, self.augmented = augment, augmented(augment, spec["x"], "AMGAN")
        self.prior = prior.of(latent)
        self.classes = spec["y"].classes
        told = 0 if dynamic else self.classes
        self.generator = generator or architecture.generator(latent, spec["x"], condition=told)
        self.discriminator = discriminator or architecture.discriminator(spec["x"], outputs=self.classes + 1)
        self.penalties, self.penalised = penalties, Penalised(penalties, self.discriminator, "AMGAN")

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

    def discriminator_loss(self, batch: Batch) -> Terms:
        y, (verdict, x, fake) = batch["y"], self.contest(batch)
        logits = self.discriminator(self.augmented(x))
        real_scores, fake_scores = self.odds(logits), verdict(fake)
        terms = NonSaturating().discriminator(real_scores, fake_scores)
        terms["label"] = cross_entropy(logits[:, :-1], y, ignore_index=-1, reduction="sum") / len(y)
        terms |= self.penalised.terms(verdict, x, fake, self.progress)
        watched = self.augmented.watch(real_scores)
        return {**terms, "accuracy": NonSaturating().accuracy(real_scores, fake_scores), **watched}

    def generator_loss(self, batch: Batch) -> Terms:
        n = len(batch["x"])
        chosen = self.choose(n)
        logits = self.discriminator(self.augmented(self.draw(n, **chosen)))
        wanted = logits[:, :-1].argmax(1) if self.dynamic else chosen["y"]
        label = self.class_weight * cross_entropy(logits[:, :-1], wanted)
        return {**NonSaturating().generator(self.odds(logits)), "label": label}

    def odds(self, logits: Tensor) -> Tensor:
        """The log-odds F, (B,), that what got these logits is data."""
        made = logits[:, -1]
        return -made if self.auxiliary else logits[:, :-1].logsumexp(1) - made

    @property
    def conditions(self) -> Mapping[str, Field]:
        return {} if self.dynamic else {"y": self.spec["y"]}

    def choose(self, n: int, **condition: Tensor) -> dict[str, Tensor]:
        if self.dynamic or "y" in condition:
            return condition
        return {"y": torch.randint(self.classes, (n,), device=self.device)}

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        if self.dynamic:
            return self.generator(z)
        return self.generator(z, one_hot(self.choose(len(z), **condition)["y"], self.classes, z))

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        """The log-odds that x is data, of shape (B,)."""
        return self.odds(self.discriminator(x))

    def classify(self, x: Tensor) -> Tensor:
        return self.discriminator(x)[:, :-1]

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((2,), "points"), y=Field((), "label", classes=3))
        return cls(spec, latent=4, architecture=Plain())
