r"""A generator draws what a sentence says, for a discriminator that also knows pictures with the wrong sentence.

A discriminator of pairs (image, text) that only ever sees real pairs and fakes must find out by itself that a fake can
fail in two ways: it can look unreal, or look real and not match. So it is shown a third kind of pair, a real image with
a wrong sentence, and learns to reject both. With a sentence vector :math:`h = \varphi(t)` and scores
:math:`D(x, h) \in (0, 1)`,

.. math::

    L_D &= -\log D(x, h) - \tfrac12 \bigl( \log(1 - D(x, h')) + \log(1 - D(G(z, h), h)) \bigr),
        \qquad h' = \varphi(t'),\ t' \ne t, \\
    L_G &= -\log D(G(z, h), h).

Sentences are few beside the space of their vectors. The generator can be asked for points between two of them, for
which there is no image, as D has learned whether images and vectors match (GAN-INT):
:math:`L_G` gains :math:`-w \log D(G(z, \bar h), \bar h)` with :math:`\bar h = (h_1 + h_2) / 2`.

The encoder :math:`\varphi` comes first and then rests: it learns to find, among the sentences of a batch, the one that
belongs to an image, and among the images the one that belongs to a sentence.

Reference:
    Reed, Akata, Yan, Logeswaran, Schiele, Lee: Generative Adversarial Text to Image Synthesis, ICML 2016,
    arXiv 1605.05396.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, layer_norm, softplus

from ganarium.augment import Augmentation, augmented
from ganarium.game import Batch, Decodes, Game, Paper, Player, Scores, Stage, Terms
from ganarium.nets.architecture import Architecture, DeepConvolutional, Plain
from ganarium.nets.text import PairDiscriminator, TextEncoder, TextGenerator, differ, mismatched
from ganarium.optimizers import Adam, OptimizerChoice
from ganarium.priors import Law, Normal
from ganarium.schedules import Exponential
from ganarium.spec import Field, Spec

__all__ = ["GANCLS"]


class GANCLS(Game, Decodes, Scores):
    r"""Text to image with a matching-aware discriminator (GAN-CLS), and with interpolated text (GAN-INT).

    Players:
        matcher: in the first stage; ``matching``, the mean of the cross entropies of finding the sentence of an image
            and the image of a sentence in the batch, in nats; ``accuracy`` (watched), how often it finds the sentence.
        discriminator: ``real`` (real image, its text), ``wrong`` (real image, another text) and ``fake``, the last two
            halved; means over the batch; ``sign`` and ``augmentation`` (watched, where augmentation is adaptive), the
            mean sign of the margins of data with their text and the probability of each transform.
        generator: ``fake``; ``interpolation`` on vectors between two sentences, if it has a weight.

    Batch:
        ``x`` (B, \*shape): images; ``text`` (B, T): tokens, with 0 to fill up.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise.
        text_size: Numbers of a sentence vector.
        projected: Numbers that each player reduces it to.
        interpolation: The weight w of sentence vectors halfway between two; 0 has none of them (GAN-CLS).
        matching: The first stage's share of the run.
        temperature: What similarities are divided by in the first stage.
        architecture: The family of all networks that see or draw images.
        prior: The law of the noise.
        optimizer: How both players descend.
        matching_optimizer: How the matcher descends.
        augment: What the discriminator sees instead of images, in both players' moves. No transform may change what
            the text says.
        text_encoder: From tokens (B, T) to sentence vectors (B, text_size).
        image_encoder: From images to vectors (B, text_size), for the first stage only.
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
        >>> game = GANCLS.toy()
        >>> game.sample(2, text="b d", seed=0).shape
        torch.Size([2, 1, 8, 8])
    """

    paper = Paper(
        title="Generative Adversarial Text to Image Synthesis",
        authors=("Scott Reed", "Zeynep Akata", "Xinchen Yan", "Lajanugen Logeswaran", "Bernt Schiele", "Honglak Lee"),
        year=2016,
        arxiv="1605.05396",
        venue="International Conference on Machine Learning",
        command="gan-cls",
    )
    needs = {"x": ("image", "volume"), "text": ("tokens",)}
    couples_samples = "wrong pairs take the text of other samples; batch norm in both networks"

    captions: Tensor

    def __init__(
        self,
        spec: Spec,
        latent: int = 100,
        text_size: int = 1024,
        projected: int = 128,
        interpolation: float = 0.0,
        matching: float = 0.1,
        temperature: float = 0.1,
        architecture: Architecture = DeepConvolutional(channels=64),
        prior: Law = Normal(),
        optimizer: OptimizerChoice = Adam(Exponential(2e-4, 2e-4 / 64), (0.5, 0.999)),
        matching_optimizer: OptimizerChoice = Adam(1e-3, (0.9, 0.999)),
        augment: Augmentation | None = None,
        text_encoder: nn.Module | None = None,
        image_encoder: nn.Module | None = None,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        super().__init__(spec)
        self.latent, self.text_size, self.projected = latent, text_size, projected
        self.interpolation, self.matching, self.temperature = interpolation, matching, temperature
        self.architecture, self.optimizer, self.matching_optimizer = architecture, optimizer, matching_optimizer
        self.augment, self.augmented = augment, augmented(augment, spec["x"], "GANCLS")
        self.prior = prior.of(latent)
        x = spec["x"]
        self.text_encoder = text_encoder or TextEncoder(spec["text"], text_size)
        self.image_encoder = image_encoder or architecture.encoder(x, text_size)
        self.generator = generator or TextGenerator(architecture.generator(latent, x, projected), text_size, projected)
        self.discriminator = discriminator or PairDiscriminator(architecture.discriminator(x), text_size, projected)
        # Sentences to draw for who asks for none; the first stage fills them in.
        captions = spec["text"].random(256, torch.Generator().manual_seed(0))
        self.register_buffer("captions", captions)

    def stages(self) -> list[Stage]:
        readers = [self.text_encoder, self.image_encoder]
        matcher = Player("matcher", self.matcher_loss, owns=readers, optimizer=self.matching_optimizer)
        return [
            Stage("match", [matcher], share=self.matching, begin=self.keep_captions),
            Stage("play", self.players(), share=1 - self.matching),
        ]

    def players(self) -> list[Player]:
        return [
            Player(
                "discriminator",
                self.discriminator_loss,
                owns=[self.discriminator],
                optimizer=self.optimizer,
                after=self.augmented.controller,
            ),
            Player("generator", self.generator_loss, owns=[self.generator], optimizer=self.optimizer),
        ]

    def keep_captions(self, batches: Iterable[Batch]) -> None:
        """Keep some sentences of the data."""
        texts = torch.cat([batch["text"] for batch in batches])
        self.captions.copy_(texts[torch.randint(len(texts), (len(self.captions),), device=texts.device)])

    def matcher_loss(self, batch: Batch) -> Terms:
        text, code = batch["text"], self.image_encoder(batch["x"])
        image = layer_norm(code, code.shape[1:])
        similarity = image @ self.text_encoder(text).T / (code.shape[1] * self.temperature)
        # The same sentence in another place is no mistake: it is taken out.
        twin = ~differ(text) & ~torch.eye(len(text), dtype=torch.bool, device=text.device)
        similarity = similarity.masked_fill(twin, -1e4)
        own = torch.arange(len(text), device=text.device)
        found = similarity.argmax(1).eq(own).mean(dtype=similarity.dtype)
        loss = (cross_entropy(similarity, own) + cross_entropy(similarity.T, own)) / 2
        return {"matching": loss, "accuracy": found}

    def discriminator_loss(self, batch: Batch) -> Terms:
        x, h = batch["x"], self.read(batch["text"])
        other, wrong = mismatched(batch["text"])
        with torch.no_grad():
            fake = self.generator(self.prior(len(x)), h)
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
        fake = self.augmented(self.generator(self.prior(len(h)), h))
        return softplus(-self.discriminator(fake, h)).mean()

    @torch.no_grad()
    def read(self, text: Tensor) -> Tensor:
        """Sentence vectors (B, text_size) by the encoder, which rests."""
        return self.text_encoder(text)

    @property
    def conditions(self) -> Mapping[str, Field]:
        return {"text": self.spec["text"]}

    def any_text(self, n: int) -> Tensor:
        """``n`` of the kept sentences, drawn at random."""
        return self.captions[torch.randint(len(self.captions), (n,), device=self.captions.device)]

    def choose(self, n: int, **condition: Tensor) -> dict[str, Tensor]:
        return condition if "text" in condition else {"text": self.any_text(n)}

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z, self.read(self.choose(len(z), **condition)["text"]))

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        text = condition.get("text")
        return self.discriminator(x, self.read(self.any_text(len(x)) if text is None else text))

    @classmethod
    def toy(cls) -> Self:
        text = Field((4,), "tokens", classes=5, names=("<pad>", "a", "b", "c", "d"))
        spec = Spec(x=Field((1, 8, 8), "image"), text=text)
        return cls(spec, latent=4, text_size=8, projected=4, matching=0.5, architecture=Plain(8), interpolation=0.5)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        return {
            "architecture": DeepConvolutional(24, 4),
            "latent": 32,
            "text_size": 64,
            "projected": 64,
            "optimizer": Adam(1e-3, (0.5, 0.999)),
        }
