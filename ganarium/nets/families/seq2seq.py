r"""From sentences to sentences: a translator with attention, and a reader of sentence pairs.

Sentences are rows of tokens with three marks, as in :mod:`ganarium.ingredients.sentences`.

Reference:
    Bahdanau, Cho, Bengio: Neural Machine Translation by Jointly Learning to Align and Translate, ICLR 2015,
    arXiv 1409.0473. Kim: Convolutional Neural Networks for Sentence Classification, EMNLP 2014, arXiv 1408.5882.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganarium.ingredients import END, PAD, START, said
from ganarium.nets.roles import check_counts
from ganarium.spec import Field

__all__ = ["SentencePairs", "SentenceTranslator", "completions"]

_NEVER = -1e4  # a logit; finite, so that nothing multiplied by it is NaN


def check_tokens(field: Field) -> None:
    """Raise unless a sample is a row of tokens, three of which are the marks."""
    if field.kind != "tokens" or field.classes <= END + 1:
        raise ValueError(f"Translators take tokens of four words or more, three of them marks; got '{field}'.")
    if field.names and field.names[: END + 1] != ("<pad>", "<start>", "<end>"):
        raise ValueError(f"The first words are <pad>, <start> and <end>; got {', '.join(field.names[: END + 1])}.")


class Memory(NamedTuple):
    """What a translator remembers of sources: values (B, S, 2 units), keys (B, 1, S, units), which count (B, 1, S)."""

    values: Tensor
    keys: Tensor
    heard: Tensor


class SentenceTranslator(nn.Module):
    r"""A recurrent encoder and decoder with additive attention.

    The decoder goes over R translations of each source at once, of which the source is read and kept only once.

    Args:
        source: The tokens of one language.
        target: The tokens of the other.
        units: Units of embeddings and states.

    Example:
        >>> field = Field((5,), "tokens", classes=9)
        >>> translator = SentenceTranslator(field, field, units=8)
        >>> a = torch.tensor([[4, 5, 2, 0, 0]])
        >>> translator(a, a).shape, translator.write(a).shape
        (torch.Size([1, 5]), torch.Size([1, 1, 5]))
    """

    never: Tensor

    def __init__(self, source: Field, target: Field, units: int = 64):
        super().__init__()
        check_counts(units=units)
        check_tokens(source)
        check_tokens(target)
        self.length = target.shape[0]
        self.source_words = nn.Embedding(source.classes, units)
        self.reader = nn.GRU(units, units, batch_first=True, bidirectional=True)
        self.begin = nn.Linear(2 * units, units)
        self.key = nn.Linear(2 * units, units)
        self.query = nn.Linear(units, units, bias=False)
        self.energy = nn.Linear(units, 1, bias=False)
        self.target_words = nn.Embedding(target.classes, units)
        self.cell = nn.GRUCell(3 * units, units)
        self.out = nn.Linear(3 * units, target.classes)
        never = torch.zeros(target.classes)
        never[[PAD, START]] = _NEVER
        self.register_buffer("never", never, persistent=False)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """The log-probability of each token of ``target`` (B, T) after those before it; 0 where none counts."""
        memory, state = self.read(source)
        before = torch.full_like(target[:, :1], START)
        before = torch.cat([before, target[:, :-1]], 1)
        steps = []
        for token in before.split(1, 1):
            logits, state = self.step(memory, state, token)
            steps.append(logits)
        chosen = torch.cat(steps, 1).log_softmax(2).gather(2, target[:, :, None]).squeeze(2)
        return chosen.where(said(target), 0.0)

    @torch.no_grad()
    def write(
        self, source: Tensor, prefix: Tensor | None = None, kept: Tensor | None = None, greedy: bool = False
    ) -> Tensor:
        """Translations of shape (B, R, T), drawn token by token, filled up after the end.

        Args:
            source: Of shape (B, S).
            prefix: Of shape (B, R, T): what is said already.
            kept: How many tokens of each prefix are kept, of shape (R,).
            greedy: Take the likeliest token instead of drawing one.
        """
        memory, state = self.read(source)
        if prefix is not None:
            state = state.expand(-1, prefix.shape[1], -1)
        token = torch.full(state.shape[:2], START, device=source.device)
        over, tokens = torch.zeros_like(token, dtype=torch.bool), []
        for place in range(self.length):
            logits, state = self.step(memory, state, token)
            token = (logits if greedy else logits + gumbel(logits)).argmax(2)
            if prefix is not None and kept is not None:
                token = torch.where(place < kept, prefix[:, :, place], token)
            token = token.masked_fill(over, PAD)
            over = over | (token == END) | (token == PAD)
            tokens.append(token)
        return torch.stack(tokens, 2)

    def read(self, source: Tensor) -> tuple[Memory, Tensor]:
        """What is remembered of sources (B, S), and the decoder's first state, of shape (B, 1, units)."""
        heard = said(source).unsqueeze(2)
        values, _ = self.reader(self.source_words(source))
        mean = (values * heard).sum(1) / heard.sum(1).clamp(min=1)
        return Memory(values, self.key(values).unsqueeze(1), heard.mT), self.begin(mean).tanh().unsqueeze(1)

    def step(self, memory: Memory, state: Tensor, token: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of the next token (B, R, words) and the next state, after ``token`` (B, R)."""
        energy = self.energy((memory.keys + self.query(state).unsqueeze(2)).tanh()).squeeze(3)
        weights = energy.masked_fill(~memory.heard, _NEVER).softmax(2)
        context = weights @ memory.values
        heard = torch.cat([self.target_words(token), context], 2)
        state = self.cell(heard.flatten(0, 1), state.flatten(0, 1)).unflatten(0, token.shape)
        return self.out(torch.cat([state, context], 2)) + self.never, state


def completions(translator: SentenceTranslator, source: Tensor, written: Tensor, times: int) -> Tensor:
    """For each beginning of ``written`` (B, T), so many sentences that go on from it: (B, T times, T), one batch.

    Args:
        translator: Who goes on, token by token at random.
        source: Of shape (B, S).
        written: Of shape (B, T). The completions of its first t tokens are rows (t - 1) times to t times.
        times: How many of each.
    """
    length = written.shape[1]
    kept = torch.arange(1, length + 1, device=source.device).repeat_interleave(times)
    return translator.write(source, written[:, None].expand(-1, length * times, -1), kept)


def gumbel(like: Tensor) -> Tensor:
    """Standard Gumbel noise: the argmax of logits plus it is a draw from their softmax."""
    return -torch.rand_like(like).log().neg().log()


class SentencePairs(nn.Module):
    """From a source and a translation to a raw score: convolutions over each sentence, and the largest of each map.

    Args:
        source: The tokens of one language.
        target: The tokens of the other.
        units: Units of the embeddings.
        channels: Maps of each width.
        widths: The widths of the convolutions.

    Example:
        >>> field = Field((5,), "tokens", classes=9)
        >>> judge = SentencePairs(field, field)
        >>> a = torch.randint(9, (3, 5))
        >>> judge(a, a).shape, judge(a, a[:, None].expand(-1, 7, -1)).shape
        (torch.Size([3]), torch.Size([3, 7]))
    """

    def __init__(
        self,
        source: Field,
        target: Field,
        units: int = 32,
        channels: int = 16,
        widths: tuple[int, ...] = (1, 2, 3, 4),
    ):
        super().__init__()
        check_counts(units=units, channels=channels)
        self.source = Sentence(source, units, channels, widths)
        self.target = Sentence(target, units, channels, widths)
        features = 2 * channels * len(widths)
        self.gate, self.pass_on = nn.Linear(features, features), nn.Linear(features, features)
        self.head = nn.Linear(features, 1)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Scores of shape (B,) for targets (B, T), or (B, R) for R targets of each source, (B, R, T)."""
        many = target.ndim == 3
        targets = target if many else target.unsqueeze(1)
        second = self.target(targets.flatten(0, 1)).unflatten(0, targets.shape[:2])
        first = self.source(source).unsqueeze(1).expand(-1, targets.shape[1], -1)
        pair = torch.cat([first, second], 2)
        pair = torch.lerp(pair, self.pass_on(pair).relu(), self.gate(pair).sigmoid())
        scores = self.head(pair).squeeze(2)
        return scores if many else scores.squeeze(1)


class Sentence(nn.Module):
    """From tokens to the largest response of each filter."""

    def __init__(self, field: Field, units: int, channels: int, widths: tuple[int, ...]):
        super().__init__()
        self.words = nn.Embedding(field.classes, units)
        self.filters = nn.ModuleList(nn.Conv1d(units, channels, width, padding=width // 2) for width in widths)

    def forward(self, tokens: Tensor) -> Tensor:
        words = self.words(tokens * said(tokens)).mT
        return torch.cat([filters(words).relu().amax(2) for filters in self.filters], 1)
