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
from dataclasses import replace
from typing import Any, Self

from torch import Tensor

from ganarium.game import Batch, Classifies, Paper, Player, Terms, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.game.frames.labelled import Labelled
from ganarium.ingredients import Adam, Law, Linear, OptimizerChoice, Penalty, Uniform
from ganarium.nets import Architecture, Discriminator, NoisyPerceptrons
from ganarium.spec import Field, Spec

__all__ = ["SemiSupervisedGAN"]


class SemiSupervisedGAN(Adversarial, Labelled, Classifies):
    r"""The semi-supervised GAN of the improved techniques.

    With :math:`F(x) = \operatorname{lse}_k l_k(x)`, the discriminator descends

    .. math::

        \mathbb E_{x, y \text{ known}} \big[F(x) - l_y(x)\big] + \tfrac w2 \big(\mathbb E_x\,\mathrm{softplus}(-F(x))
            + \mathbb E_z\,\mathrm{softplus}(F(G(z)))\big).

    Players:
        discriminator: ``label``, the cross entropy of the known labels, in nats: its sum over them divided by how many
            a batch holds on average; ``real`` and ``fake``, means over the batch, labelled or not, times w / 2;
            what is watched is as in the frame, of F.
        generator: ``feature``, the squared difference of the mean features of the batch and of its samples, a mean over
            the features. It draws batches of its own.

    Args:
        unlabelled_weight: The weight w of telling data from samples.
        augment: What the discriminator sees, and learns classes from, instead of images: it may not change the class.
        discriminator: From samples to K logits (B, K), by ``features`` and then ``head``.

    Deviations from the paper:
        1. One batch holds labelled and unlabelled data as they come; the authors' code draws as many labelled as
           unlabelled ones, from two streams.
        2. Feature matching is a mean over the features, as in the authors' code for digits; the paper writes the sum.
        3. All networks are averaged, with the paper's 0.0001 an update; the paper averages the discriminator.
        4. Batch norm in the generator has a gain, and all scales of weight normalisation are learned.

    Example:
        >>> (game := SemiSupervisedGAN.toy()).classify(game.sample(5, seed=0)).shape
        torch.Size([5, 3])
    """

    paper = Paper(
        title="Improved Techniques for Training GANs",
        authors=("Tim Salimans", "Ian Goodfellow", "Wojciech Zaremba", "Vicki Cheung", "Alec Radford", "Xi Chen"),
        year=2016,
        arxiv="1606.03498",
        venue="Advances in Neural Information Processing Systems",
        command="semi-supervised-gan",
        batch=100,
        average=693_147,
    )
    needs = {"x": (), "y": ("label",)}
    couples_samples = "feature matching compares means over the batch"

    unlabelled_weight: float = 1.0
    architecture: Architecture = NoisyPerceptrons()
    prior: Law = Uniform(0.0, 1.0)
    optimizer: OptimizerChoice = Adam(3e-3, (0.5, 0.999))
    penalties: tuple[Penalty, ...] = follows(factory=lambda game: ())
    discriminator: Discriminator = made(factory=lambda game: discriminator_of(game, outputs=game.named))

    def players(self) -> list[Player]:
        discriminator, generator = super().players()
        return [discriminator, replace(generator, fresh=True)]

    def count_labels(self, batches: Iterable[Batch]) -> None:
        super().count_labels(batches)
        if not self.labelled:
            raise ValueError(
                "SemiSupervisedGAN learns from a few labels 'y' and much data without; here all labels are -1. "
                "Give it some labels, or play gan."
            )

    def discriminator_loss(self, batch: Batch) -> Terms:
        scoring, x, fake = self.contest(batch)
        logits = self.discriminator(self.augmented(x))
        real_scores, fake_scores = logits.logsumexp(1), scoring(fake)
        halves = self.objective.discriminator(real_scores, fake_scores)
        halves = {name: self.unlabelled_weight / 2 * half for name, half in halves.items()}
        watched = self.watched(halves, real_scores, fake_scores) | self.augmented.watch(real_scores)
        return {**self.label_terms(logits, batch), **halves, **watched}

    def generator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        real = self.features_seen(x).mean(0).detach()
        fake = self.features_seen(self.draw(len(x))).mean(0)
        return {"feature": (fake - real).square().mean()}

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
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
