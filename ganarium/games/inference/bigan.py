r"""A generator learned together with its inverse: the discriminator judges data and latent as a pair.

Give a GAN an encoder :math:`E` from data to latents, and let the discriminator tell pairs :math:`(x, E(x))`, with
:math:`x` from the data, from pairs :math:`(G(z), z)`, with :math:`z` from the prior:

.. math::

    \min_{G, E} \max_D\ \mathbb E_{x \sim p} \log D(x, E(x)) + \mathbb E_{z} \log(1 - D(G(z), z)).

For the best discriminator this is :math:`2\,\mathrm{JS} - \log 4` between the two laws of pairs, so the game is at rest
only where they agree. Two deterministic maps can make the same pairs only if they invert each other, almost everywhere.
No term of the loss compares :math:`x` with :math:`G(E(x))`; what the encoder keeps of :math:`x` is what the data have
in common with it, not each pixel. A code outside the prior's range would give a pair away at once, so it is squeezed
into that range, if there is one.

Reference:
    Donahue, Krähenbühl, Darrell: Adversarial Feature Learning, ICLR 2017, arXiv 1605.09782.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganarium.game import Batch, Decodes, Encodes, Paper, Player, Terms, made
from ganarium.game.frames.two_player import FromNoise
from ganarium.ingredients import Adam, Augmentation, Exponential, Law, OptimizerChoice, Uniform, accuracy, augmented
from ganarium.nets import Architecture, NormedPerceptrons
from ganarium.spec import Spec

__all__ = ["BiGAN"]


class BiGAN(FromNoise, Decodes, Encodes):
    r"""The bidirectional GAN. With raw scores :math:`F = \operatorname{logit} D`,

    .. math::

        L_D &= \mathbb E\,\mathrm{softplus}(-F(x, E(x))) + \mathbb E\,\mathrm{softplus}(F(G(z), z)), \\
        L_{G, E} &= \mathbb E\,\mathrm{softplus}(F(x, E(x))) + \mathbb E\,\mathrm{softplus}(-F(G(z), z)).

    Both gradients are taken at the same weights and on the same noise, then both players step.

    Players:
        discriminator: ``real``, the loss on pairs of data and their codes; ``fake``, on pairs of samples and their
            latents; ``accuracy`` (watched), the share of pairs on the right side of zero; ``sign`` and ``augmentation``
            (watched, where augmentation is adaptive), the mean sign of data's margins and a transform's probability.
        generator: owns the encoder too; ``real`` and ``fake``, the same two losses with the sides exchanged.

    Args:
        architecture: The family of all networks; the discriminator takes the latent as its condition. Without batch
            norm in the encoder, it soon tells codes from latents for good.
        augment: What the discriminator sees instead of images, beside the codes of the images as they are.
        encoder: From data to (B, latent), before it is squeezed.
        discriminator: From samples and latents (B, latent) to raw scores (B,).

    Deviations from the paper:
        1. The networks are the paper's perceptrons for digits, whatever the data; it has convolutions for photographs.
        2. The latent joins the data at the discriminator's input only; the authors' code also shows it to later layers.
        3. The discriminator's loss is the sum of its halves; the authors' code takes their mean.

    Example:
        >>> game = BiGAN.toy()
        >>> x = game.sample(3, seed=0)
        >>> game.encode(x).shape, game.reconstruct(x).shape
        (torch.Size([3, 4]), torch.Size([3, 2]))
    """

    paper = Paper(
        title="Adversarial Feature Learning",
        authors=("Jeff Donahue", "Philipp Krähenbühl", "Trevor Darrell"),
        year=2016,
        arxiv="1605.09782",
        venue="International Conference on Learning Representations",
        command="bigan",
        batch=128,
    )
    simultaneous = True
    couples_samples = "batch norm in all three networks"

    latent: int = 50
    architecture: Architecture = NormedPerceptrons()
    prior: Law = Uniform(-1.0, 1.0)
    optimizer: OptimizerChoice = Adam(Exponential(2e-4, 2e-6, since=0.5), (0.5, 0.999), weight_decay=2.5e-5)
    augment: Augmentation | None = None
    encoder: nn.Module = made(factory=lambda game: game.architecture.encoder(game.spec["x"], game.latent))
    discriminator: nn.Module = made(
        factory=lambda game: game.architecture.discriminator(game.spec["x"], condition=game.latent)
    )

    def build(self) -> None:
        super().build()
        self.augmented = augmented(self.augment, self.spec["x"], type(self).__name__)

    def players(self) -> list[Player]:
        discriminator, generator = super().players()
        pair = [self.generator, self.encoder]
        return [replace(discriminator, after=self.augmented.controller), replace(generator, owns=pair)]

    def discriminator_loss(self, batch: Batch) -> Terms:
        with torch.no_grad():
            pairs = self.pairs(batch["x"])
        real, fake = (self.discriminator(*pair) for pair in pairs)
        terms = {"real": softplus(-real).mean(), "fake": softplus(fake).mean(), "accuracy": accuracy(real, fake)}
        return terms | self.augmented.watch(real)

    def generator_loss(self, batch: Batch) -> Terms:
        real, fake = (self.discriminator(*pair) for pair in self.pairs(batch["x"]))
        return {"real": softplus(real).mean(), "fake": softplus(-fake).mean()}

    def pairs(self, x: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """What the discriminator sees: data with their codes, and as many samples with their latents."""
        # First of all the latents: players who move at once draw the same noise.
        z = self.noise(len(x))
        return (self.augmented(x), self.encode(x)), (self.augmented(self.generator(z)), z)

    def encode(self, x: Tensor) -> Tensor:
        return self.prior.within(self.encoder(x))

    def reconstruct(self, x: Tensor) -> Tensor:
        r"""The sample with the code of ``x``, of shape (B, \*shape)."""
        return self.generator(self.encode(x))

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.discriminator(x, self.encode(x))

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].kind != "image":
            return {}
        # Batch norm in the discriminator, or a second moment that forgets slowly, and codes stick to the prior's ends.
        small = NormedPerceptrons(256, discriminator_norm=False)
        optimizer = Adam(Exponential(3e-4, 3e-6, since=0.5), (0.5, 0.9), weight_decay=2.5e-5)
        return {"latent": 16, "architecture": small, "optimizer": optimizer}
