r"""Boosting for generative models: each new component learns what the mixture of the earlier ones misses.

A generator that was trained once misses modes of the data. Train another where the first is weak, mix the two, go on.
With a new component g of weight :math:`\beta` a mixture q becomes :math:`(1 - \beta) q + \beta g`. The best g weighs
the N data by some :math:`w_i` that depend on the ratios :math:`q(x_i) / p(x_i)` alone
(:mod:`ganarium.ingredients.boosting`), and a classifier D between data and mixture knows these: :math:`(1 - D) / D`.
Data that the mixture covers well get no weight. The new component is an ordinary GAN on the data so weighted: with raw
scores F, its discriminator descends :math:`\frac1B \sum_i N w_i\,\mathrm{softplus}(-F(x_i)) + \mathbb
E\,\mathrm{softplus}(F(G(z)))`.

Reference:
    Tolstikhin, Gelly, Bousquet, Simon-Gabriel, Schoelkopf: AdaGAN: Boosting Generative Models, NIPS 2017,
    arXiv 1701.02386.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganarium.game import Batch, Paper, Samples, Stage, Terms, evaluating, follows, made
from ganarium.game.frames.ensemble import Ensemble, discriminators_of
from ganarium.ingredients import SGD, Adam, NonSaturating, OptimizerChoice, accuracy, boosted_weights, reweighed
from ganarium.nets import Architecture, Plain
from ganarium.nets.layers.several import chosen, placed
from ganarium.spec import Field, Spec

__all__ = ["AdaGAN", "boosted_weights"]


class AdaGAN(Ensemble, Samples):
    r"""A mixture of GANs, each trained on the data weighted towards what the mixture before it misses.

    Component t joins with the weight 1/t: all weigh the same. In the stage ``mixture t`` a fresh classifier learns to
    tell data from the first t, and ``component t + 1`` begins by weighing all data.

    Players:
        discriminator: ``real``, weighted, and ``fake``, the two halves of its loss; ``weight`` (watched), the mean of
            :math:`N w_i` in the batch, near 1; ``kept`` (watched), the share of the batch that has any weight.
        generator: ``fake``, its loss.
        classifier: ``real``, not weighted, and ``fake``, of the mixture; ``accuracy`` (watched), 1/2 if it is perfect.

    Args:
        components: How many GANs there are in the end (T).
        classifier_share: The rounds of a classifier's stage, where a component's are 1.
        boosted: Weigh the data. Without, each component sees all of it: bagging, for comparison.
        classifier_optimizer: How classifiers descend.
        classifiers: T - 1 networks like the T discriminators.

    Deviations from the paper:
        1. Batches are dealt evenly and their terms weighted by :math:`N w_i`; the paper draws batches from w. The mean
           gradient is the same; where few points have weight, its variance is larger.
        2. The components are plain GANs, of any data; the authors' are unrolled by five steps, for digits DCGAN's.
        3. For points there are three hidden layers of 16, as PyTorch draws them; the authors' two have an sd of 0.8.
        4. Ratios are kept between exp(-20) and exp(20).

    Example:
        >>> AdaGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="AdaGAN: Boosting Generative Models",
        authors=(
            "Ilya Tolstikhin",
            "Sylvain Gelly",
            "Olivier Bousquet",
            "Carl-Johann Simon-Gabriel",
            "Bernhard Schölkopf",
        ),
        year=2017,
        arxiv="1701.02386",
        venue="Advances in Neural Information Processing Systems",
        command="adagan",
        batch=64,
    )
    needs = {"x": (), "index": ("index",)}

    components: int = 10
    latent: int = 5
    classifier_share: float = 1 / 3
    boosted: bool = True
    architecture: Architecture = Plain(width=16)
    generator_optimizer: OptimizerChoice = SGD(0.01)
    discriminator_optimizer: OptimizerChoice = SGD(0.004)
    classifier_optimizer: OptimizerChoice = SGD(0.008)
    #: N times the probability of each sample of the data, and the probability of each component.
    weights: Tensor = follows(factory=lambda game: torch.ones(max(game.spec["index"].classes, 1)))
    mixture: Tensor = follows(factory=lambda game: torch.eye(game.components)[0])
    discriminators: nn.ModuleList = made(factory=discriminators_of)
    classifiers: nn.ModuleList = made(factory=lambda game: discriminators_of(game, "classifiers"))

    def numbers(self) -> dict[str, int]:
        return {"generators": self.components, "discriminators": self.components, "classifiers": self.components - 1}

    def check(self) -> None:
        if self.components < 1 or self.classifier_share <= 0:
            got = f"{self.components} and {self.classifier_share}"
            raise ValueError(f"AdaGAN needs components >= 1 and classifier_share > 0; got {got}.")

    def stages(self) -> list[Stage]:
        stages = []
        for t in range(self.components):
            if t > 0:
                stages += [Stage(f"mixture {t}", [self.player("classifier", {"t": t - 1})], self.classifier_share)]
            stages += [Stage(f"component {t + 1}", self.pair(t=t), begin=partial(self.reweigh, t=t) if t > 0 else None)]
        return stages

    def reweigh(self, data: Iterable[Batch], t: int) -> None:
        """Weigh all data for the component t, and let it into the mixture with its share beta = 1 / (t + 1)."""
        beta = 1 / (t + 1)
        if self.boosted:
            with evaluating(self):
                self.weights.copy_(reweighed(self.weights, self.classifiers[t - 1], data, beta))
        self.mixture.mul_(1 - beta)[t] = beta

    def discriminator_loss(self, batch: Batch, t: int) -> Terms:
        x, weight = batch["x"], self.weights[batch["index"]]
        with torch.no_grad():
            fake = self.generators[t](self.noise(len(x)))
        real = (weight * softplus(-self.discriminators[t](x))).mean()
        watched = {"weight": weight.mean(), "kept": weight.gt(0).mean(dtype=x.dtype)}
        return {"real": real, "fake": softplus(self.discriminators[t](fake)).mean(), **watched}

    def generator_loss(self, batch: Batch, t: int) -> Terms:
        return NonSaturating().generator(self.discriminators[t](self.generators[t](self.noise(len(batch["x"])))))

    def classifier_loss(self, batch: Batch, t: int) -> Terms:
        with torch.no_grad():
            fake = self.draw(len(batch["x"]))
        scores = self.classifiers[t](batch["x"]), self.classifiers[t](fake)
        return {**NonSaturating().discriminator(*scores), "accuracy": accuracy(*scores)}

    def draw(self, n: int, **condition: Tensor) -> Tensor:
        z = self.noise(n)
        return chosen(self.generators, z, placed(torch.rand_like(z[:, 0]), self.mixture))

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points"), index=Field((), "index", classes=256)), components=2)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        rates = {"generator_optimizer": 1e-3, "discriminator_optimizer": 3e-3, "classifier_optimizer": 1e-3}
        return {"components": 6, "architecture": Plain(width=32), **{name: Adam(lr) for name, lr in rates.items()}}
