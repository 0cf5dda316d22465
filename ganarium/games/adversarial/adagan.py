r"""Boosting for generative models: each new component learns what the mixture of the earlier ones misses.

A generator that was trained once misses modes of the data. Train another where the first is weak, mix the two, go on.
After :math:`t - 1` steps the model is a mixture :math:`q = \sum_{k < t} \alpha_k q_k`; with a new component
:math:`g` of weight :math:`\beta` it becomes :math:`(1 - \beta) q + \beta g`. This equals the data's law p for
:math:`g = (p - (1 - \beta) q) / \beta`, which may be negative where q has too much. The nearest law that is not is

.. math::

    g^* = \frac1\beta \bigl(\lambda^* p - (1 - \beta) q\bigr)_+ ,

with the :math:`\lambda^*` that makes it sum to one. As weights of the N data points it needs only the ratios
:math:`r_i = q(x_i) / p(x_i)`, and a classifier D between data and mixture knows them, :math:`r = (1 - D) / D`:

.. math::

    w_i = \frac{1}{N \beta} \bigl(\lambda^* - (1 - \beta) r_i\bigr)_+, \qquad
    \lambda^* = \frac1k \Bigl(N \beta + (1 - \beta) \sum_{i \le k} r_{(i)}\Bigr),

where :math:`r_{(1)} \le r_{(2)} \le \dots` and k counts the points that get any weight: the points that the mixture
covers well get none. The new component is an ordinary GAN on the data so weighted.

Reference:
    Tolstikhin, Gelly, Bousquet, Simon-Gabriel, Schoelkopf: AdaGAN: Boosting Generative Models, NIPS 2017,
    arXiv 1701.02386.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganarium.game import Batch, Game, Paper, Player, Samples, Stage, Terms, evaluating
from ganarium.nets.architecture import Architecture, Plain
from ganarium.objectives import NonSaturating, accuracy
from ganarium.optimizers import SGD, Adam, OptimizerChoice
from ganarium.priors import Law, Normal
from ganarium.spec import Field, Spec

__all__ = ["AdaGAN", "boosted_weights"]


class AdaGAN(Game, Samples):
    r"""A mixture of GANs, each trained on the data weighted towards what the mixture before it misses.

    Component t joins with the weight :math:`\beta_t = 1/t`, so that all components weigh the same. The stages are
    ``component 1``, then for each further one ``mixture t``, where a fresh classifier learns to tell data from the
    first t, and ``component t + 1``, which begins by weighing all data. With N the number of data and F raw scores,

    .. math::

        L_D = \frac1B \sum_i N w_i\,\mathrm{softplus}(-F(x_i)) + \mathbb E\,\mathrm{softplus}(F(G(z))), \qquad
        L_G = \mathbb E\,\mathrm{softplus}(-F(G(z))).

    Players:
        discriminator: ``real``, weighted, and ``fake``, the two halves of its loss; ``weight`` (watched), the mean of
            :math:`N w_i` in the batch, near 1; ``kept`` (watched), the share of the batch that has any weight.
        generator: ``fake``, its loss.
        classifier: ``real`` and ``fake``, its loss on data, not weighted, and on samples of the mixture; ``accuracy``
            (watched), the share on the right side of zero, 1/2 if the mixture is perfect.

    Batch:
        ``x`` (B, \*shape): data.
        ``index`` (B,): their places in the data.

    Args:
        spec: What the batches hold.
        components: How many GANs there are in the end (T).
        latent: Coordinates of the noise.
        classifier_share: The rounds of a classifier's stage, where a component's are 1.
        boosted: Weigh the data. Without, each component sees all of it: bagging, for comparison.
        architecture: The family of all networks.
        prior: The law of the noise.
        generator_optimizer: How generators descend.
        discriminator_optimizer: How discriminators descend.
        classifier_optimizer: How classifiers descend.
        generators: T networks, from noise (B, latent) to samples (B, \*shape).
        discriminators: T networks, from samples to raw scores (B,).
        classifiers: T - 1 networks, likewise.

    Deviations from the paper:
        1. Batches are dealt evenly and their terms weighted by :math:`N w_i`; the paper draws batches from w. The mean
           gradient is the same; where few points have weight, its variance is larger.
        2. The components are plain GANs; the authors' are unrolled by five steps.
        3. For points the networks have three hidden layers of 16 and weights as PyTorch draws them; the authors' have
           two, and weights with a standard deviation of 0.8.
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
    )
    needs = {"x": (), "index": ("index",)}

    weights: Tensor
    mixture: Tensor

    def __init__(
        self,
        spec: Spec,
        components: int = 10,
        latent: int = 5,
        classifier_share: float = 1 / 3,
        boosted: bool = True,
        architecture: Architecture = Plain(width=16),
        prior: Law = Normal(),
        generator_optimizer: OptimizerChoice = SGD(0.01),
        discriminator_optimizer: OptimizerChoice = SGD(0.004),
        classifier_optimizer: OptimizerChoice = SGD(0.008),
        generators: Sequence[nn.Module] | None = None,
        discriminators: Sequence[nn.Module] | None = None,
        classifiers: Sequence[nn.Module] | None = None,
    ):
        super().__init__(spec)
        if components < 1 or classifier_share <= 0:
            raise ValueError(
                f"AdaGAN needs components >= 1, classifier_share > 0; got {components}, {classifier_share}."
            )
        self.components, self.latent, self.boosted, self.architecture = components, latent, boosted, architecture
        self.classifier_share, self.classifier_optimizer = classifier_share, classifier_optimizer
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self.prior = prior.of(latent)
        draws = partial(architecture.generator, latent, spec["x"])
        judges = partial(architecture.discriminator, spec["x"])
        self.generators = several(generators, components, draws)
        self.discriminators = several(discriminators, components, judges)
        self.classifiers = several(classifiers, components - 1, judges)
        # N times the probability of each sample of the data, and the probability of each component.
        self.register_buffer("weights", torch.ones(max(spec["index"].classes, 1)))
        self.register_buffer("mixture", torch.eye(components)[0])

    def stages(self) -> list[Stage]:
        stages = [Stage("component 1", self.component(0))]
        for t in range(1, self.components):
            stages += [
                Stage(f"mixture {t}", [self.classifier(t - 1)], self.classifier_share),
                Stage(f"component {t + 1}", self.component(t), begin=partial(self.reweigh, t=t)),
            ]
        return stages

    def component(self, t: int) -> list[Player]:
        """The two players of the component t, counted from 0."""
        judging, drawing = partial(self.discriminator_loss, t=t), partial(self.generator_loss, t=t)
        return [
            Player("discriminator", judging, [self.discriminators[t]], self.discriminator_optimizer),
            Player("generator", drawing, [self.generators[t]], self.generator_optimizer),
        ]

    def classifier(self, t: int) -> Player:
        """Who tells data from the mixture of the components up to t."""
        loss = partial(self.classifier_loss, t=t)
        return Player("classifier", loss, owns=[self.classifiers[t]], optimizer=self.classifier_optimizer)

    def reweigh(self, data: Iterable[Batch], t: int) -> None:
        """Weigh all data for the component t, and let it into the mixture with its share beta = 1 / (t + 1)."""
        beta = 1 / (t + 1)
        if self.boosted:
            score = torch.zeros_like(self.weights)
            with evaluating(self), torch.no_grad():
                for batch in data:
                    score[batch["index"]] = self.classifiers[t - 1](batch["x"])
            ratio = score.double().clamp(-20, 20).neg().exp()
            self.weights.copy_(len(ratio) * boosted_weights(ratio, beta))
        self.mixture.mul_(1 - beta)
        self.mixture[t] = beta

    def discriminator_loss(self, batch: Batch, t: int) -> Terms:
        x, weight = batch["x"], self.weights[batch["index"]]
        with torch.no_grad():
            fake = self.generators[t](self.prior(len(x)))
        return {
            "real": (weight * softplus(-self.discriminators[t](x))).mean(),
            "fake": softplus(self.discriminators[t](fake)).mean(),
            "weight": weight.mean(),
            "kept": weight.gt(0).mean(dtype=x.dtype),
        }

    def generator_loss(self, batch: Batch, t: int) -> Terms:
        fake = self.generators[t](self.prior(len(batch["x"])))
        return NonSaturating().generator(self.discriminators[t](fake))

    def classifier_loss(self, batch: Batch, t: int) -> Terms:
        with torch.no_grad():
            fake = self.draw(len(batch["x"]))
        scores = self.classifiers[t](batch["x"]), self.classifiers[t](fake)
        return {**NonSaturating().discriminator(*scores), "accuracy": accuracy(*scores)}

    def draw(self, n: int, **condition: Tensor) -> Tensor:
        z = self.prior(n)
        # Every component draws, and each sample takes one: no branch, no wait for the device.
        chosen = torch.rand_like(z[:, 0]).unsqueeze(1).ge(self.mixture.cumsum(0)[:-1]).sum(1)
        drawn = torch.stack([generator(z) for generator in self.generators], 1)
        return drawn[torch.arange(n, device=z.device), chosen]

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((2,), "points"), index=Field((), "index", classes=256)), components=2)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        rates = {"generator_optimizer": 1e-3, "discriminator_optimizer": 3e-3, "classifier_optimizer": 1e-3}
        return {"components": 6, "architecture": Plain(width=32), **{name: Adam(lr) for name, lr in rates.items()}}


def several(given: Sequence[nn.Module] | None, count: int, make: Any) -> nn.ModuleList:
    """The user's networks, or as many new ones."""
    if given is not None and len(given) != count:
        raise ValueError(f"AdaGAN needs {count} of these networks, one for each stage they play in; got {len(given)}.")
    return nn.ModuleList([make() for _ in range(count)] if given is None else given)


def boosted_weights(ratio: Tensor, beta: float) -> Tensor:
    r"""The weights of the data for the next component, of shape (N,), not negative, of sum one.

    Args:
        ratio: The mixture's density over the data's at each sample, of shape (N,).
        beta: The next component's share of the mixture, in (0, 1].

    Example:
        >>> boosted_weights(torch.tensor([0.0, 1.0, 3.0]), 0.5)
        tensor([0.6667, 0.3333, 0.0000])
    """
    old = (1 - beta) * ratio
    ordered = old.sort().values
    k = torch.arange(1, len(old) + 1, device=old.device)
    level = (len(old) * beta + ordered.cumsum(0)) / k
    # The points with weight are the first k whose own share lies below the level that they make together.
    weights = (level[(ordered < level).sum() - 1] - old).clamp(min=0)
    return weights / weights.sum()
