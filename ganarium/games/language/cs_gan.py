r"""A translator learns from a discriminator's opinion of whole sentences, though words have no gradient.

A translator trained by likelihood only ever continues the reference :math:`y^*`; its own sentences it has never seen.
Here it is also paid for them. A discriminator says how probable it is that a human wrote the translation :math:`y` of
:math:`x`, smoothed BLEU how near it is to the reference. A word's pay :math:`R_t` is the mean of
:math:`\lambda (D(x, y^n) - b) + (1 - \lambda) \mathrm{BLEU}(y^n, y^*)` over N completions :math:`y^n`, drawn after it.

A draw has no derivative, but its expected pay has one (REINFORCE): that of a *surrogate* in which the pay is constant,
:math:`-\sum_t R_t \log p(y_t \mid y_{<t}, x)`. The reference is taught beside it, as in the first stage.

Reference:
    Yang, Chen, Wang, Xu: Improving Neural Machine Translation with Conditional Sequence Generative Adversarial Nets,
    NAACL 2018, arXiv 1703.04887.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from ganarium.game import Batch, Game, Paper, Player, Stage, Terms, Translates, made
from ganarium.ingredients import Adam, NonSaturating, OptimizerChoice, RMSprop, accuracy, clipping, sentence_bleu
from ganarium.nets.families.seq2seq import SentencePairs, SentenceTranslator, completions
from ganarium.spec import Field, Spec

__all__ = ["CSGAN"]


class CSGAN(Game, Translates):
    r"""The conditional sequence GAN for translation (BR-CSGAN: BLEU-reinforced).

    Players:
        translator: ``likelihood``, minus the reference's log-probability, in nats a sentence; in the last stage times
            its weight, beside ``policy``, the surrogate; ``reward``, ``bleu`` (watched), mean pay and BLEU in [0, 1].
        discriminator: ``real`` and ``fake``, the halves of its cross entropy; ``accuracy`` (watched), of pairs.

    Batch:
        ``a`` (B, S): source tokens; ``b`` (B, T): their translation. 0 fills up, 1 is kept for the start, 2 ends.

    Args:
        units: Units of the translator.
        mixture: How much of the pay is the discriminator's, lambda.
        baseline: What is taken from the discriminator's probability, b.
        rollouts: Completions of each prefix, N.
        teaching: The weight of the reference's likelihood in the game; the translator loses its way without it.
        discriminator_moves: The discriminator's steps a round, each on its own batch.
        bound: The largest weight of the discriminator, which is clipped so that it stays unsure.
        shares: The shares of the run of the three stages: likelihood, discriminator, game.
        likelihood_optimizer: How the translator descends in the first stage.
        translator_optimizer: How it descends in the game.
        discriminator_optimizer: How the discriminator descends.
        translator: From sources to log-probabilities of translations, with ``write``.
        discriminator: From sources (B, S) and translations (B, T) or (B, R, T) to raw scores (B,) or (B, R).

    Deviations from the paper:
        1. Pay and reference make one step; RMSprop begins as PyTorch's (TensorFlow's: ``alpha=0.9, start=1.0``).
        2. One recurrent layer with attention, and no beam search; the paper's is larger or a transformer, with one.
        3. The discriminator has no batch norm, and one highway layer across both sentences; the code has one for each.
        4. Stages are shares of the run; the paper's end at convergence, and when D is right 82 % of the time.

    Example:
        >>> CSGAN.toy().translate(torch.tensor([[3, 4, 2, 0]]), to="b").shape
        torch.Size([1, 5])
    """

    paper = Paper(
        title="Improving Neural Machine Translation with Conditional Sequence Generative Adversarial Nets",
        authors=("Zhen Yang", "Wei Chen", "Feng Wang", "Bo Xu"),
        year=2017,
        arxiv="1703.04887",
        venue="North American Chapter of the Association for Computational Linguistics",
        command="cs-gan",
        batch=100,
    )
    needs = {"a": ("tokens",), "b": ("tokens",)}
    targets = ("b",)

    units: int = 512
    mixture: float = 0.7
    baseline: float = 0.5
    rollouts: int = 20
    teaching: float = 1.0
    discriminator_moves: int = 50
    bound: float = 1.0
    shares: tuple[float, float, float] = (0.7, 0.1, 0.2)
    likelihood_optimizer: OptimizerChoice = Adam(1e-3, (0.9, 0.999))
    translator_optimizer: OptimizerChoice = RMSprop(1e-5)
    discriminator_optimizer: OptimizerChoice = RMSprop(1e-4)
    translator: SentenceTranslator = made(
        factory=lambda game: SentenceTranslator(game.spec["a"], game.spec["b"], game.units)
    )
    discriminator: nn.Module = made(factory=lambda game: SentencePairs(game.spec["a"], game.spec["b"]))

    def check(self) -> None:
        if not 0 <= self.mixture <= 1 or self.rollouts < 1:
            raise ValueError(f"CSGAN has 0 <= mixture <= 1 and rollouts >= 1; got {self.mixture} and {self.rollouts}.")

    def stages(self) -> list[Stage]:
        critic, writer = self.players()
        pupil = replace(writer, loss=self.likelihood_loss, optimizer=self.likelihood_optimizer)
        parts = {"likelihood": [pupil], "discriminate": [replace(critic, moves=1)], "play": [critic, writer]}
        return [Stage(*part, share=share) for part, share in zip(parts.items(), self.shares, strict=True)]

    def players(self) -> list[Player]:
        own = [self.discriminator], self.discriminator_optimizer, self.discriminator_moves
        return [
            Player("discriminator", self.discriminator_loss, *own, after=clipping(self.discriminator, self.bound)),
            Player("translator", self.translator_loss, [self.translator], self.translator_optimizer),
        ]

    def likelihood_loss(self, batch: Batch) -> Terms:
        return {"likelihood": -self.translator(batch["a"], batch["b"]).sum(1).mean()}

    def discriminator_loss(self, batch: Batch) -> Terms:
        written = self.translator.write(batch["a"]).squeeze(1)
        scores = [self.discriminator(batch["a"], translation) for translation in (batch["b"], written)]
        return {**NonSaturating().discriminator(*scores), "accuracy": accuracy(*scores)}

    def translator_loss(self, batch: Batch) -> Terms:
        written = self.translator.write(batch["a"]).squeeze(1)
        pay = self.pay(batch["a"], batch["b"], written)
        policy = -(pay * self.translator(batch["a"], written)).sum(1).mean()
        watched = {"reward": pay[:, -1].mean(), "bleu": sentence_bleu(written, batch["b"]).mean()}
        return {"policy": policy, "likelihood": self.teaching * self.likelihood_loss(batch)["likelihood"], **watched}

    @torch.no_grad()
    def pay(self, source: Tensor, target: Tensor, written: Tensor) -> Tensor:
        """What each token of ``written`` (B, T) is worth: the mean over completions of the prefix that it ends."""
        whole = completions(self.translator, source, written, self.rollouts)
        opinion = self.discriminator(source, whole).sigmoid() - self.baseline
        worth = self.mixture * opinion + (1 - self.mixture) * sentence_bleu(whole, target[:, None])
        return worth.unflatten(1, (-1, self.rollouts)).mean(2)

    def translate(self, x: Tensor, to: str) -> Tensor:
        if to != "b":
            raise ValueError(f"CSGAN translates from a to b; got to={to!r}. Exchange the two in the data.")
        return self.translator.write(x, greedy=True).squeeze(1)

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(a=Field((4,), "tokens", classes=7), b=Field((5,), "tokens", classes=6))
        return cls(spec, units=8, rollouts=2, discriminator_moves=1, shares=(0.3, 0.3, 0.4))

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        rates = {"translator_optimizer": RMSprop(1e-4), "discriminator_optimizer": RMSprop(1e-3)}
        return {"units": 48, "rollouts": 4, "shares": (0.3, 0.3, 0.4), "discriminator_moves": 2, **rates}
