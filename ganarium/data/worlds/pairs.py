"""Two domains of pictures of the same world, without pairs, and with the true translation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from ganarium.data.base import InMemory
from ganarium.data.loading import loader
from ganarium.data.worlds.checks import at_least
from ganarium.data.worlds.shapes import SHAPES, blend, colours, cover
from ganarium.spec import Field

__all__ = ["draw_factors", "factors_of", "render", "shape_pairs", "translate_truth"]

Domain = Literal["a", "b"]

#: How often each shape occurs. No two shares are equal, so that no exchange of shapes keeps the law of the data.
SHARES = (0.4, 0.3, 0.2, 0.1)

_INKS = {"a": ((168, 20, 36), (255, 214, 64)), "b": ((24, 14, 110), (0, 170, 186))}  # the tints 0 and 1
_PAPERS = {"a": (24, 20, 22), "b": (238, 240, 246)}
_LINES = {"a": None, "b": 0.17}


@loader(
    "shape-pairs",
    title="two unaligned domains of shapes, with true translations",
    fields=("a", "b"),
    kinds={"a": "image", "b": "image"},
)
def shape_pairs(size: int = 16, count: int = 4000, seed: int = 0) -> InMemory:
    """Domain ``a``: filled shapes in warm hues on dark ground. Domain ``b``: outlines in cool hues on light ground.

    The two pictures of a sample have nothing to do with each other, but both domains show the same world:
    :func:`translate_truth` draws what any picture looks like in the other one. Shapes, tints and places are not
    equally likely, so that no exchange of shapes, no mirror and no reversed order of hues keeps the law of the data:
    the true translation is the only one that is continuous, keeps what it can, and fits.

    The factors of both are there, as ``a_shape``, ``b_shape`` and so on: see :func:`factors_of`.

    Args:
        size: The side of the images in pixels.
        count: How many samples are drawn.
        seed: What they follow from.
    """
    at_least(8, "shape-pairs", size=size)
    worlds: dict[Domain, dict[str, Tensor]] = {
        "a": draw_factors(count, 2 * seed),
        "b": draw_factors(count, 2 * seed + 1),
    }
    tensors = {domain: render(world, domain, size) for domain, world in worlds.items()}
    fields = {domain: Field((3, size, size), "image") for domain in tensors}
    factors = {f"{domain}_{name}": value for domain, world in worlds.items() for name, value in world.items()}
    return InMemory(tensors, fields, factors=factors, truth={"shapes": SHAPES, "shares": SHARES})


def draw_factors(count: int, seed: int = 0) -> dict[str, Tensor]:
    """Factors for :func:`render`, each of shape (count,)."""
    at_least(1, "shape-pairs", count=count)
    generator = torch.Generator().manual_seed(seed)
    shape = torch.multinomial(torch.tensor(SHARES), count, replacement=True, generator=generator)
    tint, radius, x, y = torch.rand(4, count, generator=generator)
    radius = 0.36 + 0.2 * radius
    room = 0.98 - radius
    # Skewed: dark tints, and places up and to the left, are more likely.
    return {"shape": shape, "tint": tint**1.5, "radius": radius, "x": _skewed(x, room), "y": _skewed(y, room)}


def factors_of(factors: Mapping[str, Tensor], domain: Domain) -> dict[str, Tensor]:
    """The factors of one domain, from ``data.factors`` of the data or of a part of it."""
    prefix = f"{domain}_"
    return {name.removeprefix(prefix): value for name, value in factors.items() if name.startswith(prefix)}


def render(factors: Mapping[str, Tensor], domain: Domain, size: int = 16) -> Tensor:
    """What a world looks like in a domain: images in [-1, 1], of shape (n, 3, size, size).

    Args:
        factors: ``shape`` (0 to 3), ``tint`` (0 to 1: from red to yellow in ``a``, from indigo to teal in ``b``),
            ``radius`` in halves of the image's side, and the centre ``x``, ``y`` from -1 to 1, each of shape (n,).
        domain: "a" or "b".
        size: The side of the images in pixels.
    """
    covered = cover(factors["shape"], factors["x"], factors["y"], factors["radius"], size, _LINES[domain])
    dark, light = colours(_INKS[domain])
    ink = torch.lerp(dark, light, factors["tint"][:, None])
    return blend(covered, ink, colours([_PAPERS[domain]])[0])


def translate_truth(factors: Mapping[str, Tensor], to: Domain = "b", size: int = 16) -> Tensor:
    """The true translation of a picture with these factors: the same world in the other domain.

    Args:
        factors: The factors of the pictures to translate, such as ``factors_of(data.factors, "a")``.
        to: The domain to translate to.
        size: The side of the images in pixels.
    """
    return render(factors, to, size)


def _skewed(uniform: Tensor, room: Tensor) -> Tensor:
    return (2 * uniform**1.5 - 1) * room
