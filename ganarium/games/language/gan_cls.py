r"""A generator draws what a sentence says, for a discriminator that also knows pictures with the wrong sentence.

A fake can fail in two ways: it can look unreal, or look real and not match. A discriminator of pairs (image, text) that
only sees real pairs and fakes must find this out by itself; so it is shown a third kind of pair, a real image with a
wrong sentence, and learns to reject both. With sentence vectors :math:`h = \varphi(t)`, of an encoder that has learned
in a stage before (:mod:`ganarium.game.frames.worded`), and scores :math:`D(x, h) \in (0, 1)`,

.. math::

    L_D &= -\log D(x, h) - \tfrac12 \bigl( \log(1 - D(x, h')) + \log(1 - D(G(z, h), h)) \bigr),
        \qquad h' = \varphi(t'),\ t' \ne t, \\
    L_G &= -\log D(G(z, h), h).

Sentences are few beside the space of their vectors. The generator can also be asked for points between two of them, as
D has learned whether images and vectors match (GAN-INT): :math:`L_G` gains :math:`-w \log D(G(z, \bar h), \bar h)` with
:math:`\bar h = (h_1 + h_2) / 2`.

Reference:
    Reed, Akata, Yan, Logeswaran, Schiele, Lee: Generative Adversarial Text to Image Synthesis, ICML 2016,
    arXiv 1605.05396.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganarium.game import Batch, Paper, Terms, follows, made
from ganarium.game.frames.adversarial import Adversarial
from ganarium.game.frames.worded import Worded
from ganarium.ingredients import Adam, Exponential, OptimizerChoice, Penalty
from ganarium.nets import Architecture, DeepConvolutional, Plain
from ganarium.nets.families.text import TextDiscriminator, TextGenerator, mismatched
from ganarium.spec import Field, Spec

__all__ = ["GANCLS"]


def generator_of(game: Any) -> TextGenerator:
    """The generator of a game's architecture, which hears sentence vectors."""
    generator = game.architecture.generator(game.latent, game.spec["x"], game.projected)
    return TextGenerator(generator, game.text_size, game.projected)


def discriminator_of(game: Any) -> TextDiscriminator:
    """The discriminator of a game's architecture, which scores pairs of data and sentence vectors."""
    return TextDiscriminator(game.architecture.discriminator(game.spec["x"]), game.text_size, game.projected)


class GANCLS(Adversarial, Worded):
    r"""Text to image with a matching-aware discriminator (GAN-CLS), and with interpolated text (GAN-INT).

    Players:
        discriminator: ``real`` (real image, its text), ``wrong`` (real image, another text) and ``fake``, the last two
            halved; ``sign`` and ``augmentation`` as in :class:`~ganarium.game.frames.adversarial.Adversarial`.
        generator: ``fake``; ``interpolation`` on vectors between two sentences, if it has a weight.
        matcher: in the first stage; as in :class:`~ganarium.game.frames.worded.Worded`.

    Args:
        projected: Numbers that each player reduces a sentence vector to.
        interpolation: The weight w of sentence vectors halfway between two; 0 has none of them (GAN-CLS).
        architecture: The family of all networks that see or draw images.
        augment: What the discriminator sees instead of images, in both players' moves. No transform may change what
            the text says.
        generator: From noise (B, latent) and sentence vectors to images.
        discriminator: From images and sentence vectors to raw scores (B,).

    Deviations from the paper:
        1. The text encoder is a small recurrent network trained on the images at hand by cross entropy; the paper's
           is a convolutional-recurrent one with a structured hinge loss over classes.
        2. The text meets the image's last features in a fully connected layer, instead of 1 x 1 and 4 x 4 convolutions;
           the generator has no residual blocks.
        3. A wrong pair has another text, as in the paper; the authors' code takes another image.
        4. One caption stands for an image; the authors' code averages four.
        5. The rate falls to 1/64 of itself smoothly, whatever the run's length, as in six halvings over 600 epochs.

    Example:
        >>> GANCLS.toy().sample(2, text="b d", seed=0).shape
        torch.Size([2, 1, 8, 8])
    """

    paper = Paper(
        title="Generative Adversarial Text to Image Synthesis",
        authors=("Scott Reed", "Zeynep Akata", "Xinchen Yan", "Lajanugen Logeswaran", "Bernt Schiele", "Honglak Lee"),
        year=2016,
        arxiv="1605.05396",
        venue="International Conference on Machine Learning",
        command="gan-cls",
        batch=64,
    )
    needs = {"x": ("image", "volume"), "text": ("tokens",)}
    couples_samples = "wrong pairs take the text of other samples; batch norm in both networks"

    projected: int = 128
    interpolation: float = 0.0
    architecture: Architecture = DeepConvolutional(channels=64)
    optimizer: OptimizerChoice = Adam(Exponential(2e-4, 2e-4 / 64), (0.5, 0.999))
    penalties: tuple[Penalty, ...] = follows(factory=lambda game: ())
    generator: nn.Module = made(factory=generator_of)
    discriminator: nn.Module = made(factory=discriminator_of)

    def discriminator_loss(self, batch: Batch) -> Terms:
        x, h = batch["x"], self.read(batch["text"])
        other, wrong = mismatched(batch["text"])
        with torch.no_grad():
            fake = self.generator(self.noise(len(x)), h)
        # Right and wrong text meet the same transformed image: they differ in nothing else.
        seen = self.augmented(x)
        real_scores = self.discriminator(seen, h)
        return {
            "real": softplus(-real_scores).mean(),
            "wrong": (softplus(self.discriminator(seen, h[other])) * wrong).mean() / 2,
            "fake": softplus(self.discriminator(self.augmented(fake), h)).mean() / 2,
            **self.augmented.watch(real_scores),
        }

    def generator_loss(self, batch: Batch) -> Terms:
        h = self.read(batch["text"])
        terms = {"fake": self.pleased(h)}
        if self.interpolation:
            between = (h + h.roll(1, 0))[: (len(h) + 1) // 2] / 2
            terms["interpolation"] = self.interpolation * self.pleased(between)
        return terms

    def pleased(self, h: Tensor) -> Tensor:
        """The mean of -log D over samples for sentence vectors ``h``."""
        fake = self.augmented(self.generator(self.noise(len(h)), h))
        return softplus(-self.discriminator(fake, h)).mean()

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z, self.read(self.choose(len(z), **condition)["text"]))

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.discriminator(x, self.read(self.choose(len(x), **condition)["text"]))

    @classmethod
    def toy(cls) -> Self:
        text = Field((4,), "tokens", classes=5, names=("<pad>", "a", "b", "c", "d"))
        spec = Spec(x=Field((1, 8, 8), "image"), text=text)
        return cls(spec, latent=4, text_size=8, projected=4, matching=0.5, architecture=Plain(8), interpolation=0.5)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        networks = {"architecture": DeepConvolutional(24, 4), "latent": 32, "text_size": 64, "projected": 64}
        return {**networks, "optimizer": Adam(1e-3, (0.5, 0.999))}
