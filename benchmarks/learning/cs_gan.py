"""Is the game worth its price? BLEU of greedy translations, against as many more steps by likelihood."""

from __future__ import annotations

import math
from collections import Counter

import torch

from benchmarks.learning import played
from ganarium.data import load
from ganarium.data.translation import translation
from ganarium.game import Stage
from ganarium.games.language.cs_gan import CSGAN


class Likelihood(CSGAN):
    """The control: likelihood in every round, its rate schedule likewise over the whole run."""

    def stages(self) -> list[Stage]:
        return super().stages()[:1]


def words(sentence: list[int]) -> list[int]:
    """The words before the first end or blank."""
    ends = [place for place, word in enumerate(sentence) if word in (0, 2)]
    return sentence[: ends[0]] if ends else sentence


def grams(sentence: list[int], n: int) -> Counter[tuple[int, ...]]:
    """How often each run of n words occurs."""
    return Counter(tuple(sentence[i : i + n]) for i in range(len(sentence) - n + 1))


def bleu(game: CSGAN) -> float:
    """Corpus BLEU-4 of greedy translations of 500 unseen sentences, against translations without noise, 0 to 100."""
    held = translation(noise=0.0, count=500, seed=99)
    with torch.no_grad():
        made = [words(row) for row in game.translate(held["a"], to="b").tolist()]
    true = [words(row) for row in held["b"].tolist()]
    logs = 0.0
    for n in range(1, 5):
        hits = sum((grams(x, n) & grams(y, n)).total() for x, y in zip(made, true, strict=True))
        logs += math.log(max(hits, 1e-9) / max(sum(grams(x, n).total() for x in made), 1)) / 4
    lengths = sum(map(len, true)) / max(sum(map(len, made)), 1)
    return round(100 * min(1.0, math.exp(1 - lengths)) * math.exp(logs), 2)


def sentences(kind: type[CSGAN], seed: int, rounds: int = 350) -> float:
    """BLEU after so many rounds of the recipe."""
    return bleu(played(kind, load("translation").train, rounds, seed))


arms = {
    "cs-gan": lambda s: sentences(CSGAN, s),
    "likelihood": lambda s: sentences(Likelihood, s, 245),  # as many steps of the translator
}
