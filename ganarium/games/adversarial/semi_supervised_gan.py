r"""A discriminator that must tell samples from data learns classes from a handful of labels.

A classifier of K classes gives logits :math:`l_1(x), \dots, l_K(x)`. Add a class "made by G" whose logit is fixed at
zero, which costs nothing since a softmax does not feel a shift. Then the probability that :math:`x` is real is

.. math::

    D(x) = \frac{Z(x)}{Z(x) + 1}, \qquad Z(x) = \sum_k e^{l_k(x)}, \qquad
    \operatorname{logit} D(x) = \log Z(x) = \operatorname{lse}_k l_k(x).

So one network classifies where there are labels, and judges everywhere: unlabelled data say that the classes' logits
are to be large on the data, samples that they are to be small between them, and the classes' borders go there.

The generator matches features: with :math:`f` the discriminator's last hidden layer it descends
:math:`\lVert \mathbb E f(x) - \mathbb E f(G(z)) \rVert^2`. Its samples are worse than those of a generator that fools
the discriminator, and the classifier is better: a perfect generator would teach it nothing.

Reference:
    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen: Improved Techniques for Training GANs, NIPS 2016,
    arXiv 1606.03498, sections 3.1 and 5.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganarium.augment import Augmentation, augmented
from ganarium.game import Batch, Classifies, Decodes, Game, Paper, Player, Scores, Stage, Terms
from ganarium.nets.architecture import Architecture
from ganarium.nets.improved_gan import NoisyPerceptrons
from ganarium.nets.roles import Discriminator
from ganarium.objectives import NonSaturating, accuracy
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.priors import Law, Uniform
from ganarium.schedules import Linear
from ganarium.spec import Field, Spec

__all__ = ["SemiSupervisedGAN"]


class SemiSupervisedGAN(Game, Decodes, Scores, Classifies):
    r"""The semi-supervised GAN of the improved techniques.

    With :math:`F(x) = \operatorname{lse}_k l_k(x)`, the discriminator descends

    .. math::

        \mathbb E_{x, y \text{ known}} \big[F(x) - l_y(x)\big] + \tfrac w2 \big(\mathbb E_x\,\mathrm{softplus}(-F(x))
            + \mathbb E_z\,\mathrm{softplus}(F(G(z)))\big).

    Players:
        discriminator: ``label``, the cross entropy of the known labels, in nats: its sum over them divided by how many
            a batch holds on average; ``real`` and ``fake``, means over the batch, labelled or not, times w / 2;
            ``accuracy`` (watched), the share of data and samples on the right side of :math:`F = 0`; ``sign`` and
            ``augmentation`` (watched, where augmentation is adaptive), the mean sign of the margins of data and the
            probability of each transform.
        generator: ``feature``, the squared difference of the mean features of the batch and of its samples, a mean over
            the features. It draws batches of its own.

    Batch:
        ``x`` (B, \*shape): data. ``y`` (B,): their classes; -1 for those that are not known.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        unlabelled_weight: The weight w of telling data from samples.
        architecture: The family of both networks.
        prior: The law of the noise.
        optimizer: How both players descend.
        augment: What the discriminator sees instead of images, in both players' moves. It learns the classes from what
            it sees, so that no transform may change the class.
        generator: From noise (B, latent) to samples (B, \*shape).
        discriminator: From samples to K logits (B, K), by ``features`` and then ``head``.

    Deviations from the paper:
        1. One batch holds labelled and unlabelled data as they come; the authors' code draws as many labelled as
           unlabelled ones, from two streams.
        2. Feature matching is a mean over the features, as in the authors' code for digits; the paper writes the sum.
        3. Batch norm in the generator has a gain, and all scales of weight normalisation are learned.

    Example:
        >>> game = SemiSupervisedGAN.toy()
        >>> game.classify(game.sample(5, seed=0)).shape
        torch.Size([5, 3])
    """

    paper = Paper(
        title="Improved Techniques for Training GANs",
        authors=(
            "Tim Salimans",
            "Ian Goodfellow",
            "Wojciech Zaremba",
            "Vicki Cheung",
            "Alec Radford",
            "Xi Chen",
        ),
        year=2016,
        arxiv="1606.03498",
        venue="Advances in Neural Information Processing Systems",
        command="semi-supervised-gan",
    )
    needs = {"x": (), "y": ("label",)}
    couples_samples = "feature matching compares means over the batch"

    labelled: Tensor

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        unlabelled_weight: float = 1.0,
        architecture: Architecture = NoisyPerceptrons(),
        prior: Law = Uniform(0.0, 1.0),
        optimizer: OptimizerChoice = Adam(3e-3, (0.5, 0.999)),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        discriminator: Discriminator | None = None,
    ):
        super().__init__(spec)
        self.latent, self.unlabelled_weight = latent, unlabelled_weight
        self.architecture, self.optimizer = architecture, optimizer
        self.augment, self.augmented = augment, augmented(augment, spec["x"], "SemiSupervisedGAN")
        self.prior = prior.of(latent)
        self.generator = generator or architecture.generator(latent, spec["x"])
        self.discriminator = discriminator or architecture.discriminator(spec["x"], outputs=spec["y"].classes)
        # The share of the data whose label is known.
        self.register_buffer("labelled", torch.ones(()))

    def stages(self) -> list[Stage]:
        return [Stage("play", self.players(), begin=self.count_labels)]

    def players(self) -> list[Player]:
        judge, maker, after = self.discriminator, self.generator, self.augmented.controller
        return [
            Player("discriminator", self.discriminator_loss, owns=[judge], optimizer=self.optimizer, after=after),
            Player("generator", self.generator_loss, owns=[maker], optimizer=self.optimizer, fresh=True),
        ]

    def count_labels(self, batches: Iterable[Batch]) -> None:
        """Find the share of the data whose label is known."""
        known = torch.cat([batch["y"] >= 0 for batch in batches])
        if not known.any():
            raise ValueError(
                "SemiSupervisedGAN learns from a few labels 'y' and much data without; here all labels are -1. "
                "Give it some labels, or play gan."
            )
        self.labelled.fill_(known.mean(dtype=self.labelled.dtype))

    def discriminator_loss(self, batch: Batch) -> Terms:
        x, y = batch["x"], batch["y"]
        with torch.no_grad():
            fake = self.draw(len(x))
        logits = self.discriminator(self.augmented(x))
        real_scores, fake_scores = logits.logsumexp(1), self.score(self.augmented(fake))
        # Divided by the count to expect, not by that of this batch, which may be zero.
        label = cross_entropy(logits, y, ignore_index=-1, reduction="sum") / (len(y) * self.labelled)
        halves = NonSaturating().discriminator(real_scores, fake_scores)
        halves = {name: self.unlabelled_weight / 2 * half for name, half in halves.items()}
        watched = self.augmented.watch(real_scores)
        return {"label": label, **halves, "accuracy": accuracy(real_scores, fake_scores), **watched}

    def generator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        real = self.discriminator.features(self.augmented(x)).mean(0).detach()
        fake = self.discriminator.features(self.augmented(self.draw(len(x)))).mean(0)
        return {"feature": (fake - real).square().mean()}

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z)

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        """The log-odds that x is real, of shape (B,)."""
        return self.discriminator(x).logsumexp(1)

    def classify(self, x: Tensor) -> Tensor:
        return self.discriminator(x)

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((2,), "points"), y=Field((), "label", classes=3))
        return cls(spec, latent=4, architecture=NoisyPerceptrons(16, (16, 16)))

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        return {
            "architecture": NoisyPerceptrons(250, (250, 250, 250), input_noise=0.3),
            "optimizer": Adam(Linear(1e-3, 0.0), (0.5, 0.999)),
        }
