"""Sentences about sprites, made from their factors; and sentences as tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

__all__ = [
    "COLOURS",
    "LENGTH",
    "TEMPLATES",
    "TRAIN_TEMPLATES",
    "UNSEEN_TEMPLATES",
    "VOCABULARY",
    "caption",
    "place_words",
    "tokenise",
]

#: The names of the colours, by their place.
COLOURS = ("red", "green", "blue", "yellow", "purple")

# Each thing has two words.
_SHAPE_WORDS = (("circle", "disc"), ("square", "box"), ("triangle", "wedge"), ("cross", "plus"))
_COLOUR_WORDS = tuple(zip(COLOURS, ("crimson", "emerald", "azure", "golden", "violet"), strict=True))
_SIZE_WORDS = (("small", "little"), ("large", "big"))
_PLACE_WORDS = (
    ("top left", "top", "top right"),
    ("left", "middle", "right"),
    ("bottom left", "bottom", "bottom right"),
)
_ORDERS = (
    "a {size} {colour} {shape} at the {place}",
    "at the {place} there is a {size} {colour} {shape}",
    "a {colour} {shape} that is {size} at the {place}",
    "the {place} holds a {size} {shape} in {colour}",
)

#: How many templates there are: four word orders, and two words each for size, colour and shape.
TEMPLATES = 4 * 2 * 2 * 2
#: Templates kept for testing. Every word and every order also occurs in the others.
UNSEEN_TEMPLATES = tuple(t for t in range(TEMPLATES) if (t % 4 + (t // 4).bit_count()) % 4 == 3)
#: Templates that the captions of the data are made with.
TRAIN_TEMPLATES = tuple(t for t in range(TEMPLATES) if t not in UNSEEN_TEMPLATES)


def _all_words() -> tuple[str, ...]:
    things = [word for words in (*_SHAPE_WORDS, *_COLOUR_WORDS, *_SIZE_WORDS, *_PLACE_WORDS) for word in words]
    frames = [word for order in _ORDERS for word in order.split() if "{" not in word]
    return ("<pad>", *sorted({word for phrase in (*things, *frames) for word in phrase.split()}))


#: The words of the captions, the padding first.
VOCABULARY = _all_words()
#: The words of the longest caption.
LENGTH = max(len(order.split()) for order in _ORDERS) + 1


def place_words(x: Tensor, y: Tensor) -> list[str]:
    """Where the points are: one of nine cells in words, such as "top left" or "middle".

    Args:
        x: From -1, left, to 1, right, of shape (n,).
        y: From -1, top, to 1, bottom, of shape (n,).
    """
    columns, rows = (((value > -0.2).long() + (value > 0.2).long()).tolist() for value in (x, y))
    return [_PLACE_WORDS[row][column] for row, column in zip(rows, columns, strict=True)]


def caption(factors: Mapping[str, Tensor], template: int | Tensor = 0) -> list[str]:
    """A sentence for each sprite.

    Args:
        factors: Those of :func:`ganarium.data.worlds.sprites.render`.
        template: One number below :data:`TEMPLATES`, or one for each sprite, of shape (n,). Its remainder by 4 is the
            word order; the three bits of its quotient choose the words for size, colour and shape.

    Raises:
        ValueError: if there is no such template.

    Example:
        >>> one = {name: torch.tensor([2]) for name in ("shape", "colour")}
        >>> one |= {"size": torch.tensor([0]), "x": torch.tensor([-0.5]), "y": torch.tensor([-0.5])}
        >>> caption(one), caption(one, 29)
        (['a small blue triangle at the top left'], ['at the top left there is a little azure wedge'])
    """
    templates = torch.as_tensor(template).expand(len(factors["shape"]))
    if templates.numel() and not 0 <= int(templates.min()) <= int(templates.max()) < TEMPLATES:
        raise ValueError(f"Templates of captions go from 0 to {TEMPLATES - 1}; got {template}.")
    places = place_words(factors["x"], factors["y"])
    numbers = [value.tolist() for value in (templates, factors["size"], factors["colour"], factors["shape"])]
    return [
        _ORDERS[t % 4].format(
            size=_SIZE_WORDS[size][t // 4 % 2],
            colour=_COLOUR_WORDS[colour][t // 8 % 2],
            shape=_SHAPE_WORDS[shape][t // 16 % 2],
            place=place,
        )
        for t, size, colour, shape, place in zip(*numbers, places, strict=True)
    ]


def tokenise(sentences: Sequence[str], vocabulary: Sequence[str] = VOCABULARY, length: int = LENGTH) -> Tensor:
    """Sentences as the places of their words, int64 of shape (n, length), filled up with 0.

    Args:
        sentences: Words with spaces between them.
        vocabulary: The words, the padding first.
        length: How many words a row holds.

    Raises:
        ValueError: if a word is not in the vocabulary, or a sentence is longer.

    Example:
        >>> tokenise(["a big box"], ("<pad>", "a", "big", "box"), 5)
        tensor([[1, 2, 3, 0, 0]])
    """
    place_of = {word: place for place, word in enumerate(vocabulary)}
    rows = [sentence.split() for sentence in sentences]
    for row in rows:
        unknown = next((word for word in row if word not in place_of), None)
        if unknown is not None:
            raise ValueError(f"The word {unknown!r} in {' '.join(row)!r} is not in the vocabulary. Use its words only.")
        if len(row) > length:
            raise ValueError(f"{' '.join(row)!r} has {len(row)} words, and a row holds {length}. Give a larger length.")
    places = [[place_of[word] for word in row] + [0] * (length - len(row)) for row in rows]
    return torch.tensor(places, dtype=torch.long).reshape(len(rows), length)
