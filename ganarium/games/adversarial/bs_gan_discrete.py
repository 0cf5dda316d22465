r"""Discrete data: the discriminator's scores weigh samples, and the generator makes the heavy ones likelier.

No gradient goes through a bit. But a discriminator with raw scores F that is at its best knows the ratio of laws,
:math:`e^{F^*(x)} = p(x) / q(x)`: samples of q, weighted by it, are samples of p. One that is not yet at its best gives
weights :math:`w(x) = e^{F(x)}`, and with them a target :math:`\tilde p(x) = w(x) q(x) / Z` that lies between. The
generator draws *given a latent*, :math:`g_\theta(x | z)`, and comes closer to the target of each latent,

.. math::

    \nabla_\theta\, \mathbb E_z \mathrm{KL}(\tilde p(x|z) \,\Vert\, g_\theta(x|z))
        = -\mathbb E_z \mathbb E_{x \sim \tilde p(x|z)} \nabla_\theta \log g_\theta(x|z).

Of M samples :math:`x^1 \dots x^M` of the same latent, the target's share of each is a softmax of their scores,
:math:`\tilde w^m = e^{F(x^m)} / \sum_k e^{F(x^k)}`, so Z is never needed: a constant on all scores changes nothing, and
a latent whose samples are all bad still learns which are the least bad. Weights sum to one, where the rewards of
REINFORCE have any sign and size; the paper hopes that so the gradient varies less. That is not so in general: a mean
weight of 1/M moves nothing and adds noise, which a baseline takes away. With one sample of each latent nothing is
learned.

Here a sample is an image of bits, -1 or 1, which are independent once the latent is given.

Reference:
    Hjelm, Jacob, Che, Trischler, Cho, Bengio: Boundary-Seeking Generative Adversarial Networks, ICLR 2018,
    arXiv 1702.08431, section 2.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn

from ganarium.game import Batch, Paper, Terms, made
from ganarium.game.frames.adversarial import discriminator_of
from ganarium.game.frames.two_player import FromNoise
from ganarium.ingredients import Adam, NonSaturating, OptimizerChoice, accuracy
from ganarium.nets import Architecture, Flat, Plain
from ganarium.nets.layers.bits import log_mass, thrown, without_squashing
from ganarium.spec import Field, Spec

__all__ = ["BSGANDiscrete"]


class BSGANDiscrete(FromNoise):
    r"""The boundary-seeking GAN of images of bits.

    .. math::

        L_D &= \mathbb E\,\mathrm{softplus}(-F(x)) + \mathbb E_z \tfrac1M \sum_m \mathrm{softplus}(F(x^m)), \\
        L_G &= -\mathbb E_z \sum_m \tilde w^m \log g(x^m | z), \qquad x^m \sim g(\cdot | z),

    with the weights taken as constants.

    Players:
        discriminator: ``real`` and ``fake``, the two halves of its loss, over all M samples of each latent;
            ``accuracy`` (watched), the share of data and samples on the right side of zero, both counted alike.
        generator: ``fake``, the weighted negative log-probability of its samples, in nats; ``effective`` (watched),
            :math:`1 / \sum_m (\tilde w^m)^2`, mean over latents: M if all samples count alike, 1 if one takes all.

    Batch:
        ``x`` (B, \*shape): images of -1 and 1. Pixels between are thrown as coins, anew in each batch: a pixel v is 1
        with chance (1 + v) / 2.

    Args:
        draws: Samples of each latent, M; two or more.
        architecture: The family of both networks; what brings the generator's images to [-1, 1] is taken away.
        generator: From noise (B, latent) to the logits of bits, (B, \*shape).
        discriminator: From samples to raw scores (B,); no batch norm, which would compare samples of other latents.

    Deviations from the paper:
        1. Convolutions are this library's plain ones, without batch norm; the paper's are DCGAN's, without it too.
        2. Grey pixels are thrown as coins; the paper's data are binary from the start.

    Example:
        >>> BSGANDiscrete.toy().sample(3, seed=0).unique().tolist()
        [-1.0, 1.0]
    """

    paper = Paper(
        title="Boundary-Seeking Generative Adversarial Networks",
        authors=("R Devon Hjelm", "Athul Paul Jacob", "Tong Che", "Adam Trischler", "Kyunghyun Cho", "Yoshua Bengio"),
        year=2017,
        arxiv="1702.08431",
        venue="International Conference on Learning Representations",
        command="bs-gan-discrete",
        batch=64,
    )
    needs = {"x": ("image", "volume")}

    latent: int = 64
    draws: int = 20
    architecture: Architecture = Plain(generator_norm=None)
    optimizer: OptimizerChoice = Adam(1e-4, (0.5, 0.999))
    generator: nn.Module = made(
        factory=lambda game: without_squashing(game.architecture.generator(game.latent, game.spec["x"]))
    )
    discriminator: nn.Module = made(factory=discriminator_of)

    def check(self) -> None:
        if self.draws < 2:
            raise ValueError(f"BSGANDiscrete compares two or more samples of each latent; got draws={self.draws}.")

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = thrown((1 + batch["x"]) / 2)
        with torch.no_grad():
            made = self.several(self.logits(len(x)))
        real, fake = self.score(x), self.score(made.flatten(0, 1))
        terms = NonSaturating().discriminator(real, fake)
        both = accuracy(real, real.new_zeros(0)), accuracy(fake.new_zeros(0), fake)
        return {**terms, "accuracy": (both[0] + both[1]) / 2}

    def generator_loss(self, batch: Batch) -> Terms:
        logits = self.logits(len(batch["x"]))
        made = self.several(logits)
        with torch.no_grad():
            weights = self.weights(self.score(made.flatten(0, 1)).unflatten(0, made.shape[:2]))
        likely = log_mass(made, logits[:, None], len(self.spec["x"].shape))
        effective = weights.sum(1).square() / weights.square().sum(1)
        return {"fake": -(weights * likely).sum(1).mean(), "effective": effective.mean()}

    def logits(self, n: int) -> Tensor:
        r"""The logits of the bits of ``n`` latents, of shape (n, \*shape)."""
        return self.generator(self.noise(n))

    def several(self, logits: Tensor) -> Tensor:
        r"""Samples of each latent, M of them: (B, M, \*shape), without gradient."""
        return thrown(logits.detach().sigmoid()[:, None].expand(-1, self.draws, *logits.shape[1:]))

    def weights(self, scores: Tensor) -> Tensor:
        """What each sample counts, from scores (B, M): they sum to one over the samples of a latent."""
        return scores.softmax(1)

    def draw(self, n: int, **condition: Tensor) -> Tensor:
        return thrown(self.logits(n).sigmoid())

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((1, 4, 4), "image"))
        return cls(spec, latent=4, draws=4, architecture=Flat(32, depth=2), optimizer=Adam(2e-3, (0.5, 0.999)))

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].kind != "image" or spec["x"].size > 64:
            return {}
        # Batch norm in the generator took two thirds of the distance away (docs/zoo/notes/bs-gan-discrete.md).
        networks = Flat(128, generator_norm="batch", depth=2)
        return {"latent": 32, "architecture": networks, "optimizer": Adam(1e-3, (0.5, 0.999))}
