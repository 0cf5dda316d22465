r"""The features that have a name:

==============  =======================================================================================
``digits``      40 features of a small classifier of digits, trained on the spot
``classes``     64 features of a small classifier of the data's own labels, trained on the spot
``rotations``   64 features of a small network that tells by how many quarters images were turned
``world``       the factors that made-up data were made from, found by the nearest of them
``pixels``      the pixels or voxels, averaged over patches so that at most 8 remain along each side
``coordinates`` points in the data's own units; sequences as they are
``random``      64 features of a convolutional network that was never trained
``inception``   2,048 features of the Inception network in a file of the user's: ``inception:PATH``
==============  =======================================================================================

``./file.py:function`` names features of one's own (:mod:`ganarium.metrics.own_features`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, adaptive_avg_pool3d

from ganarium.metrics import inception, learned, own_features, world
from ganarium.metrics.features import Features, is_digits, labelled, of_network, to_side
from ganarium.randomness import seeded
from ganarium.zoo import index, own

__all__ = ["default", "fine", "named"]

_PATCHES = 8
_NUMBERS = 1024  # of an image, that copies are looked for by
_CPU = torch.device("cpu")


def named(name: Any, data: Any, field: str = "x") -> Features:
    """The features of a name, for a field of some data.

    Args:
        name: One of the names above, ``inception`` followed by a colon and the path of its file; or ``FILE.py:NAME``;
            or a network or function that maps samples to features; or features, which are given back.
        data: What samples are compared with; what is trained on the spot learns from its training part.
        field: Which field of it.

    Raises:
        ValueError: if there are no such features, or they do not fit the data.
    """
    if isinstance(name, Features):
        return name
    kind, _, path = name.partition(":") if isinstance(name, str) else ("", "", "")
    in_file = isinstance(name, str) and own.is_file(name)
    if isinstance(name, str) and not in_file and kind not in _MAKERS:
        raise ValueError(f"There are no features '{kind}'. {index.nearest(kind, _MAKERS)}")
    if path and not in_file and kind != "inception":
        raise ValueError(f"Only inception is read from a file; got '{name}'.")
    if data.spec[field].counts:
        raise ValueError(
            f"{data.name} holds {data.spec[field].kind}, which have no distances; metrics take images, points, "
            "sequences, volumes and videos."
        )
    if not isinstance(name, str):
        return own_features.of(name, data, field)
    return own_features.in_file(name, data, field) if in_file else _MAKERS[kind](path, data, field)


def default(data: Any, field: str = "x") -> list[str]:
    """The names of the features that suit some data, the most telling first."""
    kind = data.spec[field].kind
    if kind == "points":
        return ["coordinates"]
    factors = ["world"] if data.factors and not is_digits(data, field) else []
    if kind != "image":
        return ["coordinates" if kind == "sequence" else "pixels", *factors]
    if is_digits(data, field):
        return ["digits", "pixels"]
    return ["classes" if labelled(data) and field == "x" else "rotations", "pixels", *factors]


def fine(data: Any, field: str = "x") -> Features:
    """What copies are looked for by: the numbers themselves, or means of patches so small that some 1,024 remain.

    Raises:
        ValueError: if the data has no distances.
    """
    of = data.spec[field]
    if of.kind not in ("image", "volume", "video"):
        return named("coordinates", data, field)
    side = math.floor((_NUMBERS / of.shape[0]) ** (1 / len(of.shape[1:])))
    found = _patches(data, field, max(_PATCHES, side))
    return replace(found, name="pixels" if found.resize == _patches(data, field).resize else "fine-pixels")


def _patches(data: Any, field: str, side: int = _PATCHES) -> Features:
    """Pixels, averaged over patches so that at most ``side`` remain along each side."""
    shape = data.spec[field].shape
    kind = data.spec[field].kind
    if kind not in ("image", "volume", "video"):
        raise ValueError(f"pixels are of images, volumes and videos; {data.name} holds {kind}. Use coordinates.")
    sides = tuple(min(side, own) for own in shape[1:])
    pool = adaptive_avg_pool2d if kind == "image" else adaptive_avg_pool3d
    same = sides == shape[1:]

    def embed(x: Tensor) -> tuple[Tensor, None]:
        x = (x.clamp(-1, 1) + 1) / 2
        return (x if same else pool(x, sides)).flatten(1).float(), None  # type: ignore[arg-type]

    words = "as they are" if same else f"means of patches, {' x '.join(map(str, sides))}"
    return Features("pixels", "", math.prod((shape[0], *sides)), words, embed)


def _coordinates(path: str, data: Any, field: str) -> Features:
    of = data.spec[field]
    if of.kind not in ("points", "sequence", "attributes"):
        raise ValueError(f"coordinates are of points and sequences; {data.name} holds {of.kind}. Use pixels.")
    return Features("coordinates", "", of.size, "as they are", lambda x: (of.restore(x.double()).flatten(1), None))


class _Untrained(nn.Module):
    """Three convolutions and a pool, orthogonal, as they were made."""

    def __init__(self, channels: int):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise((channels, 32, 64, 64)))
        for layer in self.layers:
            nn.init.orthogonal_(layer.weight, math.sqrt(2))  # type: ignore[arg-type]
        self.register_buffer("spread", torch.ones(()))

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x.mean((2, 3)), None


def _random(path: str, data: Any, field: str) -> Features:
    prepare, words = to_side(data.spec[field])
    with seeded(_CPU, 1):
        network = _Untrained(data.spec[field].shape[0])
    with torch.no_grad():
        network.spread = network(prepare(learned.few(data, field, 1000)))[0].std(0).square().mean().sqrt()
    return of_network("random", network, 64, prepare, words)


_MAKERS: dict[str, Callable[[str, Any, str], Features]] = {
    "digits": lambda path, data, field: learned.digits(data, field),
    "classes": lambda path, data, field: learned.classes(data, field),
    "rotations": lambda path, data, field: learned.rotations(data, field),
    "world": lambda path, data, field: world.features(data, field),
    "pixels": lambda path, data, field: _patches(data, field),
    "coordinates": _coordinates,
    "random": _random,
    "inception": inception.features,
}
