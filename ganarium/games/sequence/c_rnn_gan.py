r"""Two recurrent networks play the game on sequences of real numbers: one writes a melody, one judges its every step.

A note is a vector of real numbers: length, pitch, intensity, time since the note before. The generator is a recurrent
network that takes, at each step, fresh noise and the note that it has just written, and writes the next. The
discriminator reads the melody in both directions and judges every step in the light of all others; its verdict
:math:`D(x)` is the mean of its steps' probabilities. They play the game of
:class:`~ganarium.games.adversarial.gan.GAN`, or the generator matches what the discriminator notices, its last layer's
outputs :math:`R`:

.. math:: L_G = \mathbb E \lVert R(x) - R(G(z)) \rVert^2.

Two measures keep the game in balance. The generator first learns, as music models without an adversary do, to say the
next note of real melodies. And in the game a player rests while its loss is less than 70 % of the other's. For the
cross entropies, where neither rests :math:`0.7 \le L_D / L_G \le 1 / 0.7`; at a draw, where :math:`D = 1/2`, they are
:math:`2 \log 2` and :math:`\log 2`, so there the generator waits for a better discriminator.

Reference:
    Mogren: C-RNN-GAN: Continuous recurrent neural networks with adversarial training, NIPS 2016 workshop on
    constructive machine learning, arXiv 1611.09904.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from ganarium.game import Batch, Decodes, Game, Paper, Player, Scores, Stage, Terms
from ganarium.nets.recurrent import StepDiscriminator, StepGenerator
from ganarium.objectives import NonSaturating
from ganarium.optimizers import SGD, Adam, OptimizerChoice
from ganarium.priors import Law, Uniform
from ganarium.spec import Field, Spec

__all__ = ["CRNNGAN"]


class CRNNGAN(Game, Decodes, Scores):
    r"""The continuous recurrent GAN, for melodies and other sequences.

    Players:
        generator: in the first stage ``prediction``, the mean squared error of the next step given the real steps
            before it; then ``fake``, its adversarial loss, which with feature matching is only watched beside
            ``feature``, the squared distance between features of a sample and of a real sequence, summed over steps
            and units, mean over the batch.
        discriminator: ``real`` and ``fake``, the two halves of its loss.

    Batch:
        ``x`` (B, T, F): sequences.

    Args:
        spec: What the batches hold.
        latent: Coordinates of the noise at each step; by default as many as a step of the data has.
        units: Units of each recurrent layer, in each direction.
        layers: Recurrent layers of each network.
        dropout: The share of units that are dropped between recurrent layers.
        feature_matching: Let the generator match features instead of raising its scores.
        balance: A player rests while its loss is less than this many times the other's; 0 never rests.
        pretraining: The share of the run in which the generator learns to predict; 0 leaves it out.
        prior: The law of the noise.
        generator_optimizer: How the generator descends.
        discriminator_optimizer: How the discriminator descends.
        generator: From noise (B, T, latent), and real sequences as teachers or none, to sequences (B, T, F).
        discriminator: From sequences to raw scores (B,), with ``features``.

    Deviations from the paper:
        1. The gradient is not clipped (the authors' code clips its norm at 5) unless the run says so: ``--clip 5``.
        2. The generator's output ends in tanh, for data in [-1, 1]; the paper's is linear.
        3. Both networks have no dropout on their inputs, and weights begin as PyTorch draws them.
        4. No curriculum: sequences have their full length from the start.
        5. The rule of rest is the paper's; the authors' code has another.

    Example:
        >>> CRNNGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 6, 2])
    """

    paper = Paper(
        title="C-RNN-GAN: Continuous recurrent neural networks with adversarial training",
        authors=("Olof Mogren",),
        year=2016,
        arxiv="1611.09904",
        venue="Constructive Machine Learning Workshop (NIPS)",
        command="c-rnn-gan",
    )
    needs = {"x": ("sequence",)}

    generator_level: Tensor
    discriminator_level: Tensor

    def __init__(
        self,
        spec: Spec,
        latent: int | None = None,
        units: int = 350,
        layers: int = 2,
        dropout: float = 0.5,
        feature_matching: bool = False,
        balance: float = 0.7,
        pretraining: float = 0.05,
        prior: Law = Uniform(0.0, 1.0),
        generator_optimizer: OptimizerChoice = SGD(0.1),
        discriminator_optimizer: OptimizerChoice = SGD(0.05),
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        super().__init__(spec)
        if not 0 <= balance < 1 or not 0 <= pretraining < 1:
            raise ValueError(
                "C-RNN-GAN's balance and pretraining are at least 0 and less than 1; "
                f"got balance={balance}, pretraining={pretraining}."
            )
        self.latent, self.units, self.layers, self.dropout = latent, units, layers, dropout
        self.feature_matching, self.balance, self.pretraining = feature_matching, balance, pretraining
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        x = spec["x"]
        noise = latent or x.shape[1]
        self.prior = prior.of(noise)
        self.generator = generator or StepGenerator(x, noise, units, layers, dropout)
        self.discriminator: Any = discriminator or StepDiscriminator(x, units, layers, dropout)
        # Each player's last loss, which says who rests.
        self.register_buffer("generator_level", torch.ones(()))
        self.register_buffer("discriminator_level", torch.ones(()))

    def stages(self) -> list[Stage]:
        learner = Player("generator", self.prediction_loss, owns=[self.generator], optimizer=self.generator_optimizer)
        play = Stage("play", self.players(), share=1 - self.pretraining)
        return [Stage("predict", [learner], share=self.pretraining), play] if self.pretraining else [play]

    def players(self) -> list[Player]:
        return [
            Player(
                "discriminator",
                self.discriminator_loss,
                owns=[self.discriminator],
                optimizer=self.discriminator_optimizer,
                rests=self.discriminator_rests,
                after=self.note_discriminator,
            ),
            Player(
                "generator",
                self.generator_loss,
                owns=[self.generator],
                optimizer=self.generator_optimizer,
                rests=self.generator_rests,
                after=self.note_generator,
            ),
        ]

    def discriminator_rests(self) -> bool:
        """Whether the discriminator's loss is that far below the generator's."""
        return bool(self.discriminator_level < self.balance * self.generator_level)

    def generator_rests(self) -> bool:
        """Whether the generator's loss is that far below the discriminator's."""
        return bool(self.generator_level < self.balance * self.discriminator_level)

    def note_discriminator(self, terms: Terms) -> None:
        """Remember the discriminator's loss."""
        self.discriminator_level.copy_(terms["real"] + terms["fake"])

    def note_generator(self, terms: Terms) -> None:
        """Remember the generator's adversarial loss."""
        self.generator_level.copy_(terms["fake"])

    def prediction_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        return {"prediction": mse_loss(self.generator(self.noise(len(x)), x), x)}

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            fake = self.draw(len(x))
        return NonSaturating().discriminator(*self.discriminator(torch.cat([x, fake])).chunk(2))

    def generator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        fake = self.draw(len(x))
        terms = NonSaturating().generator(self.discriminator(fake))
        if not self.feature_matching:
            return terms
        gap = self.discriminator.features(x) - self.discriminator.features(fake)
        return {"feature": gap.square().flatten(1).sum(1).mean(), "fake": terms["fake"].detach()}

    def noise(self, n: int) -> Tensor:
        """Noise for every step of ``n`` sequences, of shape (n, T, latent)."""
        steps = self.spec["x"].shape[0]
        return self.prior(n * steps).unflatten(0, (n, steps))

    def latents(self, n: int) -> Tensor:
        return self.noise(n).flatten(1)

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z.unflatten(1, (self.spec["x"].shape[0], -1)))

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.discriminator(x)

    @classmethod
    def toy(cls) -> Self:
        adam = Adam(1e-3)
        return cls(
            Spec(x=Field((6, 2), "sequence")),
            units=8,
            dropout=0.0,
            pretraining=0.5,
            generator_optimizer=adam,
            discriminator_optimizer=adam,
        )

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        return {
            "units": 48,
            "layers": 1,
            "dropout": 0.0,
            "pretraining": 0.2,
            "generator_optimizer": Adam(1e-3, (0.5, 0.999)),
            "discriminator_optimizer": Adam(1e-3, (0.5, 0.999)),
        }
