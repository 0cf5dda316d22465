r"""Five ways to keep two players from running in circles, each of which can be had alone.

* *Feature matching*: with :math:`f` the discriminator's last hidden layer, the generator descends
  :math:`\lVert \mathbb E f(x) - \mathbb E f(G(z)) \rVert^2` instead of fooling the discriminator.
* *Minibatch discrimination*: the discriminator sees how alike the samples of a batch are, and so sees a collapse
  (:mod:`ganarium.nets.minibatch`).
* *Historical averaging*: each player pays :math:`\lambda \lVert \theta - \tfrac1t \sum_i \theta_i \rVert^2` for being
  far from where it was on average (:mod:`ganarium.history`).
* *One-sided label smoothing*: the target of data is :math:`\alpha < 1`, that of samples stays 0; then
  :math:`D^* = \alpha\, p / (p + q)`, and no score grows without bounds.
* *Virtual batch norm*: the generator normalises each sample by a fixed reference batch and by itself
  (:mod:`ganarium.nets.virtual`), not by the samples that happen to be beside it.

The same paper's classifier of few labels is :class:`~ganarium.games.adversarial.semi_supervised_gan.SemiSupervisedGAN`.

Reference:
    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen: Improved Techniques for Training GANs, NIPS 2016,
    arXiv 1606.03498, section 3.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import nn

from ganarium.augment import Augmentation
from ganarium.game import Batch, Paper, Player, Terms
from ganarium.games.adversarial.gan import GAN
from ganarium.history import HistoricalAverage
from ganarium.nets.architecture import Architecture
from ganarium.nets.flat import Flat
from ganarium.nets.minibatch import MinibatchDiscriminating
from ganarium.nets.roles import Discriminator, Generator
from ganarium.nets.virtual import make_virtual
from ganarium.objectives import NonSaturating, Objective
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.priors import Law, Uniform
from ganarium.spec import Field, Spec

__all__ = ["ImprovedGAN"]


class ImprovedGAN(GAN):
    r"""The GAN of the improved techniques.

    Players:
        discriminator: ``real`` and ``fake``, the cross entropies of data, whose target is smoothed, and of samples;
            ``history``, the price of being far from its average weights, where it is asked for; otherwise as in
            :class:`~ganarium.games.adversarial.gan.GAN`.
        generator: ``fake``, its loss, or ``feature``, the squared difference of the mean features of its samples and of
            a batch of its own, a mean over the features; ``history``, as above.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        feature_matching: Whether the generator matches features instead of fooling the discriminator.
        history: The weight of historical averaging for both players; 0 leaves it out.
        reference: Latents in the reference batch of the generator's virtual batch norm; 0 leaves batch norm as it is.
        architecture: The family of both networks; ``MinibatchDiscriminating`` is minibatch discrimination with any.
        objective: How scores become losses; its smoothing is that of the labels.
        prior: The law of the noise.
        optimizer: How both players descend.
        augment: What the discriminator sees instead of images, in both players' moves.
        generator: From noise (B, latent) to samples (B, \*shape); its norms stay as they are.
        discriminator: From samples to raw scores (B,), by ``features`` and then ``head`` if features are matched.

    Deviations from the paper:
        1. Historical averaging is off by default: the paper gives no weight, and the authors' code has none.
        2. Networks and rate are DCGAN's, under minibatch discrimination of 100 kernels of 5 numbers; the paper's
           networks differ from experiment to experiment.
        3. Feature matching is a mean over the features, as in the authors' code for digits; the paper writes the sum.

    Raises:
        ValueError: if a weight is negative, virtual batch norm finds no batch norm, or there are no features to match.

    Example:
        >>> ImprovedGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
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
        command="improved-gan",
    )
    couples_samples = "minibatch discrimination, feature matching, and batch norm where there is any"

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        feature_matching: bool = False,
        history: float = 0.0,
        reference: int = 64,
        architecture: Architecture = MinibatchDiscriminating(),
        objective: Objective = NonSaturating(smoothing=0.9),
        prior: Law = Uniform(-1.0, 1.0),
        optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999)),
        augment: Augmentation | None = None,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        super().__init__(
            spec,
            latent=latent,
            architecture=architecture,
            objective=objective,
            prior=prior,
            optimizer=optimizer,
            augment=augment,
            generator=generator,
            discriminator=discriminator,
        )
        self.feature_matching, self.history, self.reference = feature_matching, history, reference
        if reference and generator is None and isinstance(self.generator, Generator):
            make_virtual(self.generator, self.prior(reference))
        self.discriminator_history = HistoricalAverage(self.discriminator, history)
        self.generator_history = HistoricalAverage(self.generator, history)

    def players(self) -> list[Player]:
        return [
            Player(
                "discriminator",
                self.discriminator_loss,
                owns=[self.discriminator],
                optimizer=self.optimizer,
                after=self.after_discriminator,
            ),
            Player(
                "generator",
                self.generator_loss,
                owns=[self.generator],
                optimizer=self.optimizer,
                after=self.after_generator,
                fresh=self.feature_matching,
            ),
        ]

    def discriminator_loss(self, batch: Batch) -> Terms:
        terms = super().discriminator_loss(batch)
        return terms | self.price(self.discriminator_history, self.discriminator)

    def generator_loss(self, batch: Batch) -> Terms:
        terms = self.match(batch) if self.feature_matching else super().generator_loss(batch)
        return terms | self.price(self.generator_history, self.generator)

    def match(self, batch: Batch) -> Terms:
        """How far the mean features of samples are from those of the batch."""
        x, judge = batch["x"], self.discriminator
        if not isinstance(judge, Discriminator):
            raise ValueError(
                "ImprovedGAN matches features of a Discriminator (ganarium.nets.roles), which has them before its "
                f"head; got {type(judge).__name__}. Wrap it, or leave feature_matching out."
            )
        with torch.no_grad():
            real = judge.features(self.augmented(x)).mean(0)
        fake = judge.features(self.augmented(self.draw(len(x)))).mean(0)
        return {"feature": (fake - real).square().mean()}

    def price(self, history: HistoricalAverage, network: nn.Module) -> Terms:
        return {"history": history.price(network)} if self.history else {}

    def after_discriminator(self, terms: Terms) -> None:
        self.discriminator_history.remember(self.discriminator)
        if self.augmented.controller:
            self.augmented.controller(terms)

    def after_generator(self, terms: Terms) -> None:
        self.generator_history.remember(self.generator)

    @classmethod
    def toy(cls) -> Self:
        family = MinibatchDiscriminating(Flat(16, generator_norm="batch", depth=2), kernels=4, size=2)
        return cls(Spec(x=Field((2,), "points")), latent=4, history=0.01, reference=8, architecture=family)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # What was measured with GAN's networks and penalty says nothing of these.
        return {}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        return {}
