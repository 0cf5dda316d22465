r"""A translator learns from a discriminator's opinion of whole sentences, though words have no gradient.

A translator trained by likelihood only ever continues the reference; its own sentences it has never seen. Here it is
also paid for them. It draws a translation :math:`y` of :math:`x`, word by word. A discriminator says how probable it is
that the pair :math:`(x, y)` is a human's; smoothed sentence BLEU says how near y is to the reference :math:`y^*`. A
word's pay is what the sentence is worth on average when it is completed at random after that word, N times:

.. math::

    R_t = \frac1N \sum_{n=1}^N \lambda \bigl( D(x, y^n) - b \bigr) + (1 - \lambda)\, \mathrm{BLEU}(y^n, y^*),
        \qquad y^n_{\le t} = y_{\le t}.

A draw has no derivative, but its expected pay has one (REINFORCE), the gradient of a *surrogate* in which the pay
counts as a constant:

.. math:: \nabla\, \mathbb E \Bigl[ -\sum_t R_t \log p(y_t \mid y_{<t}, x) \Bigr].

The pay of a bad sentence is negative or small, and raises nothing. So that the translator does not lose its way, the
reference is taught beside it, as in the first stage. The discriminator's weights are clipped, so that it stays unsure.

Reference:
    Yang, Chen, Wang, Xu: Improving Neural Machine Translation with Conditional Sequence Generative Adversarial Nets,
    NAACL 2018, arXiv 1703.04887.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganarium.game import Batch, Game, Paper, Player, Stage, Terms, Translates
from ganarium.nets.seq2seq import END, START, SentencePairs, Translator, said
from ganarium.objectives import accuracy
from ganarium.optimizers import Adam, OptimizerChoice, RMSprop
from ganarium.penalties import clip_weights
from ganarium.spec import Field, Spec

__all__ = ["CSGAN", "sentence_bleu"]


class CSGAN(Game, Translates):
    r"""The conditional sequence GAN for translation (BR-CSGAN: BLEU-reinforced).

    Players:
        translator: in the first stage ``likelihood``, minus the log-probability of the reference, in nats a sentence,
            mean over the batch; in the last one ``policy``, the surrogate of its pay, mean over the batch, and
            ``likelihood`` times its weight; ``reward`` (watched), the mean pay of whole sentences, and ``bleu``
            (watched), their mean smoothed BLEU, from 0 to 1.
        discriminator: in the second stage and the last: ``real`` and ``fake``, the two halves of its cross entropy;
            ``accuracy`` (watched), the share of pairs on the right side of zero.

    Batch:
        ``a`` (B, S): source tokens; ``b`` (B, T): their translation. 0 fills up, 1 is kept for the start, 2 ends.

    Args:
        spec: What the batches hold.
        units: Units of the translator.
        mixture: How much of the pay is the discriminator's, lambda.
        baseline: What is taken from the discriminator's probability, b.
        rollouts: Completions of each prefix, N.
        teaching: The weight of the reference's likelihood in the game.
        discriminator_moves: The discriminator's steps a round, each on its own batch.
        bound: The largest weight of the discriminator.
        shares: The shares of the run of the three stages: likelihood, discriminator, game.
        likelihood_optimizer: How the translator descends in the first stage.
        translator_optimizer: How it descends in the game.
        discriminator_optimizer: How the discriminator descends.
        translator: From sources to log-probabilities of translations, with ``write``.
        discriminator: From sources (B, S) and translations (B, T) or (B, R, T) to raw scores (B,) or (B, R).

    Deviations from the paper:
        1. The pay and the reference make one step together; the authors' code takes a step for each.
        2. The translator is one recurrent layer with attention, and writes the likeliest word; the paper's is larger or
           a transformer, and searches with a beam.
        3. The discriminator has no batch norm.
        4. Stages end by their share of the run; the paper trains the translator to convergence, and the discriminator
           until it is right 82 % of the time.

    Example:
        >>> game = CSGAN.toy()
        >>> game.translate(torch.tensor([[3, 4, 2, 0]]), to="b").shape
        torch.Size([1, 5])
    """

    paper = Paper(
        title="Improving Neural Machine Translation with Conditional Sequence Generative Adversarial Nets",
        authors=("Zhen Yang", "Wei Chen", "Feng Wang", "Bo Xu"),
        year=2017,
        arxiv="1703.04887",
        venue="North American Chapter of the Association for Computational Linguistics",
        command="cs-gan",
    )
    needs = {"a": ("tokens",), "b": ("tokens",)}
    targets = ("b",)

    def __init__(
        self,
        spec: Spec,
        units: int = 512,
        mixture: float = 0.7,
        baseline: float = 0.5,
        rollouts: int = 20,
        teaching: float = 1.0,
        discriminator_moves: int = 50,
        bound: float = 1.0,
        shares: tuple[float, float, float] = (0.7, 0.1, 0.2),
        likelihood_optimizer: OptimizerChoice = Adam(1e-3, (0.9, 0.999)),
        translator_optimizer: OptimizerChoice = RMSprop(1e-5),
        discriminator_optimizer: OptimizerChoice = RMSprop(1e-4),
        translator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
    ):
        super().__init__(spec)
        if not 0 <= mixture <= 1 or rollouts < 1:
            raise ValueError(f"CSGAN's mixture is in [0, 1] and its rollouts 1 or more; got {mixture} and {rollouts}.")
        self.units, self.mixture, self.baseline, self.rollouts = units, mixture, baseline, rollouts
        self.teaching, self.discriminator_moves, self.bound, self.shares = teaching, discriminator_moves, bound, shares
        self.likelihood_optimizer, self.translator_optimizer = likelihood_optimizer, translator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        self.translator: Any = translator or Translator(spec["a"], spec["b"], units)
        self.discriminator = discriminator or SentencePairs(spec["a"], spec["b"])

    def stages(self) -> list[Stage]:
        first, second, third = self.shares
        pupil = Player("translator", self.likelihood_loss, [self.translator], self.likelihood_optimizer)
        return [
            Stage("likelihood", [pupil], share=first),
            Stage("discriminate", [self.judge()], share=second),
            Stage("play", self.players(), share=third),
        ]

    def players(self) -> list[Player]:
        translator = Player("translator", self.translator_loss, [self.translator], self.translator_optimizer)
        return [self.judge(self.discriminator_moves), translator]

    def judge(self, moves: int = 1) -> Player:
        """The discriminator as a player."""
        return Player(
            "discriminator",
            self.discriminator_loss,
            owns=[self.discriminator],
            optimizer=self.discriminator_optimizer,
            moves=moves,
            after=self.clip,
        )

    def clip(self, terms: Terms) -> None:
        """Move the discriminator's weights into their bounds."""
        clip_weights(self.discriminator.parameters(), self.bound)

    def likelihood_loss(self, batch: Batch) -> Terms:
        return {"likelihood": -self.translator(batch["a"], batch["b"]).sum(1).mean()}

    def discriminator_loss(self, batch: Batch) -> Terms:
        source = batch["a"]
        real = self.discriminator(source, batch["b"])
        fake = self.discriminator(source, self.translator.write(source).squeeze(1))
        terms = {"real": softplus(-real).mean(), "fake": softplus(fake).mean()}
        return {**terms, "accuracy": accuracy(real, fake)}

    def translator_loss(self, batch: Batch) -> Terms:
        source, target = batch["a"], batch["b"]
        written = self.translator.write(source).squeeze(1)
        pay = self.pay(source, target, written)
        return {
            "policy": -(pay * self.translator(source, written)).sum(1).mean(),
            "likelihood": self.teaching * self.likelihood_loss(batch)["likelihood"],
            "reward": pay[:, -1].mean(),
            "bleu": sentence_bleu(written, target).mean(),
        }

    @torch.no_grad()
    def pay(self, source: Tensor, target: Tensor, written: Tensor) -> Tensor:
        """What each token of ``written`` (B, T) is worth: the mean over completions of the prefix that it ends."""
        length, times = written.shape[1], self.rollouts
        # All prefixes and all their completions are one batch, of T N translations of each source.
        kept = torch.arange(1, length + 1, device=source.device).repeat_interleave(times)
        prefix = written[:, None].expand(-1, length * times, -1)
        whole = self.translator.write(source, prefix, kept)
        opinion = self.discriminator(source, whole).sigmoid() - self.baseline
        worth = self.mixture * opinion + (1 - self.mixture) * sentence_bleu(whole, target[:, None])
        return worth.unflatten(1, (length, times)).mean(2)

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
        return {
            "units": 48,
            "rollouts": 4,
            "shares": (0.3, 0.3, 0.4),
            "discriminator_moves": 2,
            "translator_optimizer": RMSprop(1e-4),
            "discriminator_optimizer": RMSprop(1e-3),
        }


def sentence_bleu(candidate: Tensor, reference: Tensor, order: int = 4) -> Tensor:
    r"""Smoothed BLEU of sentences, from 0 to 1, without a loop over sentences (Lin and Och, 2004).

    With :math:`m_n` the n-grams of the candidate that occur in the reference, each at most as often as there, and
    :math:`h_n` all n-grams of the candidate, it is the brevity penalty :math:`\min(1, e^{1 - r / c})` times the
    geometric mean of :math:`m_1 / h_1` and :math:`(m_n + 1) / (h_n + 1)` for n from 2.

    Args:
        candidate: Tokens of shape (\*batch, T); the start and the end are no words.
        reference: Tokens whose shape fits beside it.
        order: The longest n-grams.

    Example:
        >>> sentence_bleu(torch.tensor([[5, 6, 7, 2], [5, 6, 2, 0]]), torch.tensor([5, 6, 7, 2]))
        tensor([1.0000, 0.6065])
    """
    c, r = (said(tokens) & (tokens != END) & (tokens != START) for tokens in (candidate, reference))
    own = (candidate[..., None] == candidate[..., None, :]) & c[..., None] & c[..., None, :]
    met = (candidate[..., None] == reference[..., None, :]) & c[..., None] & r[..., None, :]
    owns, mets = own, met
    logs = torch.zeros((), device=candidate.device)
    for n in range(order):
        if n:  # An n-gram is equal to another where its beginning is, and its last word.
            owns, mets = owns[..., :-1, :-1] & own[..., n:, n:], mets[..., :-1, :-1] & met[..., n:, n:]
        here, there = owns.sum(-1), mets.sum(-1)
        matched = (torch.minimum(here, there) / here.clamp(min=1)).sum(-1)
        smooth = float(n > 0)
        logs = logs + ((matched + smooth) / ((here > 0).sum(-1) + smooth).clamp(min=1)).log() / order
    brevity = (1 - r.sum(-1) / c.sum(-1).clamp(min=1)).clamp(max=0)
    return (logs + brevity).exp()
