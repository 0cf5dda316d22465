"""CS-GAN: BLEU against a slow reference, drawing, attention, completions, and the gradient of the expected pay."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest
import torch
from torch import Tensor

from ganarium import data
from ganarium.engine.trainer import Trainer
from ganarium.games.language.cs_gan import CSGAN
from ganarium.ingredients import END, PAD, START, said, sentence_bleu
from ganarium.nets.families.seq2seq import SentenceTranslator
from ganarium.spec import Field


def words(tokens: list[int]) -> list[int]:
    """The words before the end."""
    for place, token in enumerate(tokens):
        if token in (END, PAD):
            return [t for t in tokens[:place] if t != START]
    return [t for t in tokens if t != START]


def slow_bleu(candidate: list[int], reference: list[int]) -> float:
    """BLEU by counting, one sentence at a time."""
    c, r = words(candidate), words(reference)
    if not c:
        return 0.0
    total = 0.0
    for n in range(1, 5):
        ours, theirs = (Counter(tuple(s[i : i + n]) for i in range(len(s) - n + 1)) for s in (c, r))
        matched = sum(min(count, theirs[gram]) for gram, count in ours.items())
        add = int(n > 1)
        if matched + add == 0:
            return 0.0
        total += math.log((matched + add) / (sum(ours.values()) + add)) / 4
    return math.exp(total + min(0.0, 1 - len(r) / len(c)))


@pytest.mark.parametrize("length", [1, 3, 9])
def test_bleu_equals_a_slow_reference(length):
    generator = torch.Generator().manual_seed(length)
    candidates = torch.randint(0, 7, (200, length), generator=generator)
    references = torch.where(
        torch.rand(200, length, generator=generator) < 0.6,
        candidates,
        torch.randint(0, 7, (200, length), generator=generator),
    )
    # A start stands at the beginning, if at all.
    candidates, references = (tokens.masked_fill(tokens == START, 3) for tokens in (candidates, references))
    candidates[::2, 0] = START
    rows = zip(candidates.tolist(), references.tolist(), strict=True)
    expected = torch.tensor([slow_bleu(c, r) for c, r in rows])
    torch.testing.assert_close(sentence_bleu(candidates, references), expected)


def test_bleu_goes_over_many_candidates_of_a_reference():
    candidates = torch.randint(0, 7, (4, 6, 5), generator=torch.Generator().manual_seed(0))
    references = torch.randint(2, 7, (4, 5), generator=torch.Generator().manual_seed(1))
    many = sentence_bleu(candidates, references[:, None])
    assert many.shape == (4, 6)
    torch.testing.assert_close(many[:, 2], sentence_bleu(candidates[:, 2], references))
    assert ((many >= 0) & (many <= 1)).all()


def translator(words: int = 5, length: int = 3) -> SentenceTranslator:
    torch.manual_seed(0)
    return SentenceTranslator(
        Field((4,), "tokens", classes=7), Field((length,), "tokens", classes=words), units=8
    ).double()


def sentences(words: int, length: int) -> Tensor:
    """All translations that can be written, filled up after their end."""
    every = torch.tensor(list(itertools.product(range(words), repeat=length)))
    whole = every * said(every)
    return whole.unique(dim=0)[1:]


def test_probabilities_of_all_translations_sum_to_one():
    network = translator()
    whole = sentences(5, 3)
    whole = whole[(whole != START).all(1)]
    # Those that a filler cuts short without an end cannot be written.
    whole = whole[((whole == END).any(1)) | (whole != PAD).all(1)]
    source = torch.tensor([[3, 4, 2, 0]]).expand(len(whole), -1)
    assert network(source, whole).sum(1).exp().sum().item() == pytest.approx(1.0, abs=1e-6)


def test_draws_follow_the_probabilities():
    network = translator()
    source = torch.tensor([[3, 4, 2, 0]])
    torch.manual_seed(0)
    drawn = network.write(source.expand(6000, -1)).squeeze(1)
    found, counts = drawn.unique(dim=0, return_counts=True)
    probabilities = network(source.expand(len(found), -1), found).sum(1).exp()
    error = (counts / 6000 - probabilities).abs() / (probabilities / 6000).sqrt()
    assert error.max() < 4.5
    assert (drawn[said(drawn)] != START).all()


def test_many_translations_of_a_source_are_those_of_the_source_repeated():
    network = translator()
    source = torch.tensor([[3, 4, 2, 0], [5, 2, 0, 0]])
    prefix = network.write(source).expand(-1, 4, -1)
    kept = torch.tensor([3, 3, 3, 3])
    assert torch.equal(network.write(source, prefix, kept), prefix)
    memory, state = network.read(source)
    token = torch.tensor([[1, 3], [4, 1]])
    logits, _ = network.step(memory, state.expand(-1, 2, -1), token)
    for column in range(2):
        alone, _ = network.step(memory, state, token[:, column : column + 1])
        torch.testing.assert_close(alone.squeeze(1), logits[:, column])


def test_what_fills_the_source_up_is_not_heard():
    network = translator()
    target = torch.tensor([[3, 4, 2]])
    torch.testing.assert_close(network(torch.tensor([[3, 4, 2, 0]]), target)[:, 0].isfinite(), torch.tensor([True]))
    memory, _ = network.read(torch.tensor([[3, 4, 2, 0]]))
    assert memory.heard.tolist() == [[[True, True, True, False]]]


def test_completions_keep_their_prefixes():
    torch.manual_seed(0)
    game = CSGAN.toy()
    source = game.spec["a"].random(6)
    written = game.translator.write(source).squeeze(1)
    kept = torch.arange(1, 6)
    whole = game.translator.write(source, written[:, None].expand(-1, 5, -1), kept)
    for row, k in enumerate(kept.tolist()):
        assert torch.equal(whole[:, row, :k], written[:, :k])
    assert torch.equal(whole[:, -1], written)


def test_the_pay_of_a_whole_sentence_mixes_opinion_and_bleu():
    torch.manual_seed(0)
    game = CSGAN.toy()
    batch = next(data.random(game.spec, count=64).batches(8))
    written = game.translator.write(batch["a"]).squeeze(1)
    pay = game.pay(batch["a"], batch["b"], written)
    opinion = game.discriminator(batch["a"], written).sigmoid() - 0.5
    expected = 0.7 * opinion + 0.3 * sentence_bleu(written, batch["b"])
    assert pay.shape == (8, 5)
    assert not pay.requires_grad
    torch.testing.assert_close(pay[:, -1], expected)


def test_the_surrogates_gradient_is_that_of_the_expected_pay():
    """Over many draws, with the pay of whole sentences at every step, against the sum over all translations."""
    game = CSGAN(CSGAN.toy().spec, units=4, rollouts=1)
    field = Field((2,), "tokens", classes=5)
    torch.manual_seed(0)
    network = game.translator = SentenceTranslator(game.spec["a"], field, units=4).double()
    whole = sentences(5, 2)
    whole = whole[((whole == END).any(1) | (whole != PAD).all(1)) & (whole != START).all(1)]
    worth = torch.linspace(-1, 1, len(whole), dtype=torch.float64)
    source = torch.tensor([[3, 4, 2, 0]])
    exact = -(network(source.expand(len(whole), -1), whole).sum(1).exp() * worth).sum()
    (expected,) = torch.autograd.grad(exact, network.out.bias)
    torch.manual_seed(1)
    drawn = network.write(source.expand(20000, -1)).squeeze(1)
    pay = worth[(drawn[:, None] == whole).all(2).int().argmax(1)]
    surrogate = -(pay[:, None] * network(source.expand(20000, -1), drawn)).sum(1).mean()
    (estimate,) = torch.autograd.grad(surrogate, network.out.bias)
    torch.testing.assert_close(estimate[2:], expected[2:], atol=0.02, rtol=0)


def test_weights_are_clipped_after_each_move_of_the_discriminator():
    game = CSGAN.toy()
    game.bound = 0.01
    game.shares = (0.0, 1.0, 0.0)
    next(Trainer(game).play(data.random(game.spec, count=64), 16, 1))
    assert max(p.abs().max().item() for p in game.discriminator.parameters()) == pytest.approx(0.01)


def test_stages_train_one_player_then_the_other_then_both():
    stages = CSGAN.toy().stages()
    assert [(stage.name, [player.name for player in stage.players]) for stage in stages] == [
        ("likelihood", ["translator"]),
        ("discriminate", ["discriminator"]),
        ("play", ["discriminator", "translator"]),
    ]
    with pytest.raises(ValueError, match="mixture"):
        CSGAN(CSGAN.toy().spec, mixture=2.0)


def test_it_translates_one_way():
    game = CSGAN.toy()
    x = game.spec["a"].random(3)
    assert torch.equal(game.translate(x, "b"), game.translate(x, "b"))
    with pytest.raises(ValueError, match="from a to b"):
        game.translate(x, "a")
