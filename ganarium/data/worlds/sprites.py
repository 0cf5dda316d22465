"""Coloured shapes with captions, whose every factor is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from ganarium.data.base import InMemory
from ganarium.data.loading import loader
from ganarium.data.worlds.captions import COLOURS, LENGTH, TRAIN_TEMPLATES, VOCABULARY, caption, tokenise
from ganarium.data.worlds.checks import at_least
from ganarium.data.worlds.shapes import SHAPES, blend, colours, cover
from ganarium.spec import Field

__all__ = ["attributes", "caption", "combinations", "draw_factors", "render", "sprites", "tokenise"]

_INKS = ((226, 63, 60), (64, 178, 92), (66, 112, 232), (242, 200, 60), (164, 84, 210))
_PAPER = (26, 28, 40)
_RADII = (0.30, 0.48)  # in halves of the image's side
_STEP, _JITTER = 0.42, 0.1  # the centres of the cells, and how far from them sprites stray
_LINES = {2: ((-1.0, 1.0), (0.0,)), 4: ((-1.0, 1.0), (-1.0, 1.0)), 9: ((-1.0, 0.0, 1.0), (-1.0, 0.0, 1.0))}


@loader(
    "sprites",
    title="coloured shapes with captions",
    fields=("x", "y", "c", "text"),
    kinds={"x": "image", "y": "label", "c": "attributes", "text": "tokens"},
)
def sprites(
    size: int = 16, positions: Literal[2, 4, 9] = 9, held_out: float = 0.0, count: int = 5000, seed: int = 0
) -> InMemory:
    """One coloured shape on a dark ground, and a sentence about it; the label is the shape.

    The factors are those of :func:`render`, and ``template``, with which :func:`caption` makes the sentence; the
    attributes are those of :func:`attributes`. ``truth`` lists the combinations of shape and colour, seen and not.

    Args:
        size: The side of the images in pixels.
        positions: In how many cells of the image shapes stand: 2 (left and right), 4 (corners) or 9.
        held_out: The share of the combinations of shape and colour that are left out; up to 0.6.
        count: How many samples are drawn; the combinations have the same number, give or take one.
        seed: What they follow from. Which combinations are left out does not depend on it.
    """
    at_least(8, "sprites", size=size)
    seen, unseen = combinations(held_out)
    factors = draw_factors(count, seed, seen, positions)
    generator = torch.Generator().manual_seed(seed + 1)
    chosen = torch.randint(len(TRAIN_TEMPLATES), (count,), generator=generator)
    factors["template"] = torch.tensor(TRAIN_TEMPLATES)[chosen]
    text = tokenise(caption(factors, factors["template"]))
    fields = {
        "x": Field((3, size, size), "image"),
        "y": Field((), "label", classes=len(SHAPES), names=SHAPES),
        "c": Field((3,), "attributes", names=("x", "y", "size")),
        "text": Field((LENGTH,), "tokens", classes=len(VOCABULARY), names=VOCABULARY),
    }
    tensors = {"x": render(factors, size), "y": factors["shape"], "c": attributes(factors), "text": text}
    truth = {"shapes": SHAPES, "colours": COLOURS, "seen": seen, "held_out": unseen, "invisible": ("template",)}
    return InMemory(tensors, fields, factors=factors, truth=truth)


def render(factors: Mapping[str, Tensor], size: int = 16) -> Tensor:
    """The images of sprites, in [-1, 1], of shape (n, 3, size, size).

    Args:
        factors: ``shape`` (0 to 3) and ``colour`` (0 to 4), ``size`` (0 small, 1 large), and the centre ``x`` (-1 is
            the left edge of the image, 1 the right one) and ``y`` (-1 is the top), each of shape (n,).
        size: The side of the images in pixels.
    """
    radius = torch.tensor(_RADII)[factors["size"]]
    covered = cover(factors["shape"], factors["x"], factors["y"], radius, size)
    return blend(covered, colours(_INKS)[factors["colour"]], colours([_PAPER])[0])


def attributes(factors: Mapping[str, Tensor]) -> Tensor:
    """The centre and the size of sprites as numbers in [-1, 1], of shape (n, 3)."""
    return torch.stack([factors["x"], factors["y"], factors["size"] * 2.0 - 1], 1)


def combinations(held_out: float = 0.0) -> tuple[Tensor, Tensor]:
    """The combinations (shape, colour) that data shows, and those that it leaves out, each of shape (k, 2).

    Every shape and every colour is shown in some combination.

    Raises:
        ValueError: if the share is not between 0 and 0.6.

    Example:
        >>> combinations(held_out=0.2)[1].tolist()
        [[0, 0], [1, 1], [2, 2], [3, 3]]
    """
    if not 0 <= held_out <= 0.6:
        raise ValueError(f"The option 'held_out' of sprites is a share between 0 and 0.6; got {held_out}.")
    rows = [(shape, (shape + turn) % len(COLOURS)) for turn in range(len(COLOURS)) for shape in range(len(SHAPES))]
    left_out = round(held_out * len(rows))
    both = torch.tensor(rows)
    return both[left_out:], both[:left_out]


def draw_factors(
    count: int, seed: int = 0, pairs: Tensor | None = None, positions: Literal[2, 4, 9] = 9
) -> dict[str, Tensor]:
    """Factors of sprites, for :func:`render` and :func:`caption`: each of shape (count,).

    Args:
        count: How many.
        seed: What they follow from.
        pairs: The combinations (shape, colour) to draw from, equally often, of shape (k, 2); None: all.
        positions: In how many cells of the image the sprites stand.
    """
    at_least(1, "sprites", count=count)
    generator = torch.Generator().manual_seed(seed)
    pairs = combinations()[0] if pairs is None else pairs
    shape, colour = pairs[torch.randperm(count, generator=generator) % len(pairs)].unbind(1)
    centres = [torch.tensor(line)[_draw(len(line), count, generator)] * _STEP for line in _LINES[positions]]
    x, y = (line + _JITTER * (torch.rand(count, generator=generator) * 2 - 1) for line in centres)
    return {"shape": shape, "colour": colour, "size": _draw(2, count, generator), "x": x, "y": y}


def _draw(below: int, count: int, generator: torch.Generator) -> Tensor:
    return torch.randint(below, (count,), generator=generator)
