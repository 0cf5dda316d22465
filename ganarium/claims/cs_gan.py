"""A translator that is paid for its own sentences translates better than one that only continues to read."""

from __future__ import annotations

import math
from collections import Counter

import torch
from torch import Tensor

from ganarium.data import load
from ganarium.data.worlds.translation import translation
from ganarium.game import Batch, Terms
from ganarium.games.language.cs_gan import CSGAN
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.zoo.claim import claim


@claim(
    "cs-gan",
    says="Sentences that a discriminator and BLEU pay for make a translator better than likelihood does",
    source="Yang et al., 2018, section 4: up to +1.83 BLEU (Chinese to English) and +1.69 (English to German)",
    world="400 pairs of a toy language, a tenth of the words wrong; 125 rounds of likelihood, 25 of the discriminator, "
    "100 of the game, in batches of 64, with two completions of each prefix and the rest of the recipe",
    measure="BLEU: corpus BLEU-4, 0 to 100, of greedy translations of 500 unseen sentences",
    better="higher",
    arms={
        "game": "cs-gan",
        "baseline": "as many steps of likelihood, from the same translator, at the same rates",
        "control": "cs-gan, where each sentence is paid for what another one is worth",
    },
    pilot={
        "game": [92.8058, 92.6433, 93.3789],
        "baseline": [92.8058, 92.6433, 93.5104],
        "control": [92.8058, 92.6557, 93.5104],
    },
    plays="the recipe with two completions for four and other shares of the stages, in time",
    tried="The pilot found no gain (-0.04 BLEU), and the 0.09 of the proof are a few words of 500 sentences, far from "
    "the paper's gain. This design cannot show one. The translator has BLEU 92.1 when the game begins, so that its "
    "sentences are nearly always the reference, and their pay is nearly a constant, which teaches nothing on "
    "average; likelihood's part of the loss weighs several times as much. RMSprop's first step, ten times the rate "
    "in every weight, costs more than the game brings (at 3e-4: 91.1 to 78.3), and both arms spend the stage on "
    "mending it. And the discriminator plays 25 rounds, where the paper waits until it is right 82 % of the time. A "
    "fair one, still to be measured: sentences of many right translations, with several references; a translator at "
    "convergence of likelihood, and from that one equal steps of either; a discriminator at 82 % first; RMSprop "
    "from one. Begun from a worse translator (BLEU 7, after 50 rounds), 175 rounds of the game reach 9 where as "
    "many of likelihood reach 46 (pay: 0.3 of it the discriminator's), and at three times the rate 67 where "
    "likelihood reaches 91 (pay: BLEU alone); seed 103. This language has one right answer to each sentence, which "
    "likelihood finds; the paper's gain is where many translations are right.",
)
def play(arm: Arm) -> dict[str, float]:
    data = load("translation").train
    kind = arm.among(game=CSGAN, baseline=Likelihood, control=Shuffled)
    # A round of the game deals two batches.
    game = arm.played(lambda: kind.on(data, rollouts=2, shares=(0.5, 0.1, 0.4)), data, seen=64 * 350)
    held = translation(noise=0.0, count=500, seed=99)
    with torch.no_grad():
        made = game.translate(held["a"], to="b")
    return {"BLEU": bleu(made, held["b"])}


def trivial(answer: Answer) -> dict[str, float]:
    """Translations that do not look at their sources."""
    made = answer.samples(load("translation").train, 500, field="b")
    return {"BLEU": bleu(made, translation(noise=0.0, count=500, seed=99)["b"][: len(made)])}


class Likelihood(CSGAN):
    """The last stage goes on as the first: the reference is all that counts."""

    def translator_loss(self, batch: Batch) -> Terms:
        return self.likelihood_loss(batch)


class Shuffled(CSGAN):
    """A sentence gets the pay of the one before it in the batch."""

    def pay(self, source: Tensor, target: Tensor, written: Tensor) -> Tensor:
        return super().pay(source, target, written).roll(1, 0)


def bleu(made: Tensor, true: Tensor) -> float:
    """Corpus BLEU-4 of translations (n, T), 0 to 100."""
    pairs = [(words(x), words(y)) for x, y in zip(made.tolist(), true.tolist(), strict=True)]
    logs = 0.0
    for n in range(1, 5):
        hits = sum((grams(x, n) & grams(y, n)).total() for x, y in pairs)
        logs += math.log(max(hits, 1e-9) / max(sum(grams(x, n).total() for x, _ in pairs), 1)) / 4
    longer = sum(len(y) for _, y in pairs) / max(sum(len(x) for x, _ in pairs), 1)
    return 100 * min(1.0, math.exp(1 - longer)) * math.exp(logs)


def words(sentence: list[int]) -> list[int]:
    """The words before the first end or blank."""
    ends = [place for place, word in enumerate(sentence) if word in (0, 2)]
    return sentence[: ends[0]] if ends else sentence


def grams(sentence: list[int], n: int) -> Counter[tuple[int, ...]]:
    """How often each run of n words occurs."""
    return Counter(tuple(sentence[i : i + n]) for i in range(len(sentence) - n + 1))
