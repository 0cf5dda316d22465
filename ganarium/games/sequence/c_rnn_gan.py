r"""Two recurrent networks play the game on sequences of real numbers: one writes a melody, one judges its every step.

A note is a vector of real numbers: length, pitch, intensity, time since the note before. The generator is a recurrent
network that takes, at each step, fresh noise and the note that it has just written, before the first a random one, and
writes the next. The discriminator reads the melody both ways and judges every step in the light of all others;
:math:`D(x)` is the mean of its steps' probabilities. They play as :class:`~ganarium.games.adversarial.gan.GAN` does, or
the generator matches outputs R of the last layer of D, :math:`L_G = \mathbb E \lVert R(x) - R(G(z)) \rVert^2`.

Two measures keep the game in balance. The generator first learns, as music models without an adversary do, to say the
next note of real melodies. And in the game a player rests while its loss is less than 70 % of the other's. For the
cross entropies, where neither rests :math:`0.7 \le L_D / L_G \le 1 / 0.7`; at a draw, where :math:`D = 1/2`, they are
:math:`2 \log 2` and :math:`\log 2`, so there the generator waits for a better discriminator. The first has a price: the
best guess of the next note is a mean, to which noise has nothing to add, so the network learns to ignore noise before
it plays; and what is new at each step averages out over a melody. So melodies come out much alike, told apart above all
by the note before the first, which the states carry on. Not in the paper, ``sequence_latent`` tells more of them apart.

Reference:
    Mogren: C-RNN-GAN: Continuous recurrent neural networks with adversarial training, 2016, arXiv 1611.09904.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from ganarium.game import Batch, Decodes, Paper, Player, Scores, Stage, Terms, follows, made
from ganarium.game.frames.balanced import Balanced
from ganarium.ingredients import SGD, Adam, Latent, Law, NonSaturating, OptimizerChoice, Uniform
from ganarium.nets.layers.recurrent import StepDiscriminator, StepGenerator, StepLatents
from ganarium.spec import Field, Spec

__all__ = ["CRNNGAN"]


class CRNNGAN(Balanced, Decodes, Scores):
    r"""The continuous recurrent GAN, for melodies and other sequences.

    Players:
        generator: in the first stage ``prediction``, the mean squared error of the next step given those before; then
            ``fake``, its adversarial loss, only watched beside ``feature``, the squared distance between features of a
            sample and of a real sequence, summed over steps and units, where it matches features.
        discriminator: ``real`` and ``fake``, the two halves of its loss.

    Batch:
        ``x`` (B, T, F): sequences.

    Args:
        latent: Coordinates of the noise at each step; by default as many as a step of the data has.
        sequence_latent: Coordinates that are drawn once and shown at every step; the paper has none.
        units: Units of each recurrent layer, in each direction.
        layers: Recurrent layers of each network.
        dropout: The share of units that are dropped between recurrent layers.
        feature_matching: Let the generator match features instead of raising its scores.
        pretraining: The share of the run in which the generator learns to predict; 0 leaves it out.
        prior: The law of all latents: the noise of each step, what stands before the first, and what all steps share.
        generator_optimizer: How the generator descends.
        discriminator_optimizer: How the discriminator descends.
        generator: From noise (B, T, latent + sequence_latent), a first note (B, F) and teachers or none to sequences.
        discriminator: From sequences to raw scores (B,), with ``features``.

    Deviations from the paper:
        1. The gradient's norm is not clipped, at 5 in the code, unless the run says so; outputs end in tanh.
        2. Both networks have no dropout on their inputs, and weights begin as PyTorch draws them, not within 0.05.
        3. Sequences have their full length from the start. The rule of rest is the paper's; the code has another.
        4. The generator descends :math:`-\log D(G(z))`, as in the authors' code; the paper's loss saturates.
        5. Distances of features are means over a batch, and weights are not decayed; the code has sums, and decay.

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
        batch=20,
    )
    needs = {"x": ("sequence",)}

    latent: int | None = None
    sequence_latent: int = 0
    units: int = 350
    layers: int = 2
    dropout: float = 0.5
    feature_matching: bool = False
    pretraining: float = 0.05
    prior: Law = Uniform(0.0, 1.0)
    generator_optimizer: OptimizerChoice = SGD(0.1)
    discriminator_optimizer: OptimizerChoice = SGD(0.05)
    sizes: tuple[int, int, float] = follows(factory=lambda game: (game.units, game.layers, game.dropout))
    inputs: StepLatents = follows(factory=lambda game: StepLatents(game.spec["x"], game.latent, game.sequence_latent))
    noise: Latent = follows(factory=lambda game: game.prior.of(game.inputs.size))
    generator: nn.Module = made(factory=lambda game: StepGenerator(game.spec["x"], game.inputs.step, *game.sizes))
    discriminator: StepDiscriminator = made(factory=lambda game: StepDiscriminator(game.spec["x"], *game.sizes))

    def check(self) -> None:
        super().check()
        if not 0 <= self.pretraining < 1:
            raise ValueError(f"CRNNGAN's pretraining is at least 0 and less than 1; got {self.pretraining}.")

    def stages(self) -> list[Stage]:
        learner = Player("generator", self.prediction_loss, [self.generator], self.generator_optimizer)
        play = Stage("play", self.players(), share=1 - self.pretraining)
        return [Stage("predict", [learner], share=self.pretraining), play] if self.pretraining else [play]

    def players(self) -> list[Player]:
        return self.balanced(
            Player("discriminator", self.discriminator_loss, [self.discriminator], self.discriminator_optimizer),
            Player("generator", self.generator_loss, [self.generator], self.generator_optimizer),
        )

    def prediction_loss(self, batch: Batch) -> Terms:
        written = self.generator(*self.inputs(self.noise(len(batch["x"]))), batch["x"])
        return {"prediction": mse_loss(written, batch["x"])}

    def discriminator_loss(self, batch: Batch) -> Terms:
        with torch.no_grad():
            fake = self.draw(len(batch["x"]))
        return NonSaturating().discriminator(*self.discriminator(torch.cat([batch["x"], fake])).chunk(2))

    def generator_loss(self, batch: Batch) -> Terms:
        x, fake = batch["x"], self.draw(len(batch["x"]))
        terms = NonSaturating().generator(self.discriminator(fake))
        if not self.feature_matching:
            return terms
        gap = self.discriminator.features(x) - self.discriminator.features(fake)
        return {"feature": gap.square().flatten(1).sum(1).mean(), "fake": terms["fake"].detach()}

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(*self.inputs(z))

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.discriminator(x)

    @classmethod
    def toy(cls) -> Self:
        rates: Any = dict.fromkeys(("generator_optimizer", "discriminator_optimizer"), Adam(1e-3))
        return cls(Spec(x=Field((6, 2), "sequence")), units=8, dropout=0.0, pretraining=0.5, **rates)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        rates = dict.fromkeys(("generator_optimizer", "discriminator_optimizer"), Adam(1e-3, (0.5, 0.999)))
        return {"units": 48, "layers": 1, "dropout": 0.0, "pretraining": 0.2, **rates}
