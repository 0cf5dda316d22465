r"""A small parallel corpus whose every translation follows from five rules.

The source has an English grammar: a phrase (article, perhaps an adjective, noun), a verb, and perhaps another phrase
or an adverb or both. The target resembles Spanish. A reference is made by these rules, and then noise may strike it:

1. Word by word: each word has its own translation.
2. An adjective and the noun after it change places.
3. An article is feminine ("la", "una") if the first noun to its right is.
4. "wants" is "quiere" if the first noun to its right is an animal, and "desea" otherwise.
5. "<end>" and what comes after it stay.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ganarium.data.base import InMemory
from ganarium.data.loading import loader
from ganarium.data.worlds.checks import at_least
from ganarium.spec import Field

__all__ = ["END", "LENGTH", "PAD", "SOURCE", "START", "TARGET", "translate_truth", "translation"]

#: What fills a sentence up, begins one (for models; the data holds none), and ends one.
PAD, START, END = 0, 1, 2
#: Eight words and the end.
LENGTH = 9

_MARKS = ("<pad>", "<start>", "<end>")
_ARTICLES = {"the": "el", "a": "un"}
_FEMININE = {"el": "la", "un": "una"}
_ADJECTIVES = {"big": "grande", "green": "verde", "blue": "azul", "sad": "triste"}
_NOUNS = {
    **{"dog": "perro", "cat": "gato", "book": "libro", "bread": "pan"},
    **{"cow": "vaca", "bee": "abeja", "house": "casa", "moon": "luna"},
}
_FEMININE_NOUNS = ("cow", "bee", "house", "moon")
_ANIMALS = ("dog", "cat", "cow", "bee")
_VERBS = {"sees": "ve", "finds": "halla", "draws": "dibuja", "wants": "desea"}
_WANTS_ANIMAL = "quiere"
_ADVERBS = {"now": "ahora", "always": "siempre"}
_CLASSES = {"article": _ARTICLES, "adjective": _ADJECTIVES, "noun": _NOUNS, "verb": _VERBS, "adverb": _ADVERBS}
_LEXICON = {source: target for words in _CLASSES.values() for source, target in words.items()}

#: The words of the source, by their place.
SOURCE = (*_MARKS, *_LEXICON)
#: The words of the target, by their place.
TARGET = (*_MARKS, *_LEXICON.values(), *_FEMININE.values(), _WANTS_ANIMAL)

_PHRASES = ("article noun", "article adjective noun")
_SENTENCES = tuple(
    f"{subject} verb {rest}".split()
    for subject in _PHRASES
    for rest in (*_PHRASES, "adverb", *(f"{phrase} adverb" for phrase in _PHRASES))
)


@loader(
    "translation",
    title="a toy parallel corpus",
    fields=("a", "b"),
    kinds={"a": "tokens", "b": "tokens"},
)
def translation(noise: float = 0.1, count: int = 500, seed: int = 0) -> InMemory:
    """Sentences ``a`` of four to eight words and their translations ``b``, each ended by "<end>" and filled up.

    The train split of the default has 400 pairs. The factors are ``template`` (which sentence form), ``length`` (words)
    and ``noisy`` (which words of ``b`` noise has struck); :func:`translate_truth` gives the reference without noise.

    Args:
        noise: The probability that a word of the target is replaced by another one, drawn evenly.
        count: How many pairs are drawn.
        seed: What they follow from. The language does not depend on it: another seed gives fresh pairs.
    """
    at_least(1, "translation", count=count)
    if not 0 <= noise <= 1:
        raise ValueError(f"The option 'noise' of translation is a probability between 0 and 1; got {noise}.")
    generator = torch.Generator().manual_seed(seed)
    template = torch.randint(len(_SENTENCES), (count,), generator=generator)
    source = _sentences(template, generator)
    target, noisy = _struck(translate_truth(source), noise, generator)
    fields = {
        "a": Field((LENGTH,), "tokens", classes=len(SOURCE), names=SOURCE),
        "b": Field((LENGTH,), "tokens", classes=len(TARGET), names=TARGET),
    }
    factors = {"template": template, "length": (source > END).sum(1), "noisy": noisy}
    return InMemory({"a": source, "b": target}, fields, factors=factors, truth={"noise": noise, "lexicon": _LEXICON})


def translate_truth(source: Tensor) -> Tensor:
    """The reference translations of source sentences, int64 of shape (n, T), for any length T.

    Example:
        >>> words = "a sad cow wants the moon <end>".split()
        >>> translation = translate_truth(torch.tensor([[SOURCE.index(word) for word in words]]))
        >>> " ".join(TARGET[place] for place in translation[0])
        'una vaca triste desea la luna <end>'
    """
    noun = _next_noun(source)
    target = torch.tensor([TARGET.index(_LEXICON.get(word, word)) for word in SOURCE])[source]
    feminine, animal = _is_in(noun, _FEMININE_NOUNS), _is_in(noun, _ANIMALS)
    for article, form in _FEMININE.items():
        target = target.where(~feminine | (target != TARGET.index(article)), TARGET.index(form))
    wants = source == SOURCE.index("wants")
    target = target.where(~(wants & animal), TARGET.index(_WANTS_ANIMAL))
    first = _is_in(source, _ADJECTIVES)[:, :-1] & _is_in(source, _NOUNS)[:, 1:]
    # No two pairs overlap: the second word of one is a noun, the first of another an adjective.
    before, after = target[:, :-1].clone(), target[:, 1:].clone()
    target[:, :-1] = torch.where(first, after, target[:, :-1])
    target[:, 1:] = torch.where(first, before, target[:, 1:])
    return target


def _sentences(template: Tensor, generator: torch.Generator) -> Tensor:
    """A random sentence of each form, of shape (n, LENGTH)."""
    starts = torch.zeros(len(_SENTENCES), LENGTH, dtype=torch.long)
    numbers = torch.zeros_like(starts)
    for row, form in enumerate(_SENTENCES):
        for column, name in enumerate(form):
            words = _CLASSES[name]
            starts[row, column], numbers[row, column] = SOURCE.index(next(iter(words))), len(words)
        starts[row, len(form)] = END
    chosen = torch.rand(len(template), LENGTH, generator=generator) * numbers[template]
    return starts[template] + chosen.long()


def _struck(target: Tensor, noise: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Sentences after noise, and which words it has struck: they are other words now."""
    struck = (torch.rand(target.shape, generator=generator) < noise) & (target > END)
    words = len(TARGET) - len(_MARKS)
    moved = torch.randint(1, words, target.shape, generator=generator)
    others = (target - len(_MARKS) + moved) % words + len(_MARKS)
    return torch.where(struck, others, target), struck


def _next_noun(source: Tensor) -> Tensor:
    """The first noun to the right of each place, or PAD, of the shape of ``source``."""
    nouns = source * _is_in(source, _NOUNS)
    ahead = torch.zeros_like(source)
    for place in range(source.shape[1] - 2, -1, -1):
        follower = nouns[:, place + 1]
        ahead[:, place] = torch.where(follower > 0, follower, ahead[:, place + 1])
    return ahead


def _is_in(tokens: Tensor, words: Iterable[str]) -> Tensor:
    places = torch.tensor([SOURCE.index(word) for word in words])
    return torch.isin(tokens, places)
