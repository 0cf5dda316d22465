r"""Features with a name: what samples are compared by.

A distance between laws is taken after a map :math:`\phi` to a few numbers. What it sees is what the map keeps, so that
every number carries the map's name and a digest of its weights:

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
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, adaptive_avg_pool3d, interpolate

from ganarium.randomness import seeded
from ganarium.spec import Field

__all__ = ["Features", "default", "digest", "named"]

#: Of each sample: features (n, d), and class logits (n, K) or None.
Embed = Callable[[Tensor], tuple[Tensor, Tensor | None]]

_SIDE = 32  # what images are resized to before a network of ours
_PATCHES = 8
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Features:
    """A map from samples to features.

    Args:
        name: What it is called.
        digest: A digest of its weights; empty if it has none.
        size: How many features a sample has.
        resize: How samples are brought to the size that it takes.
        embed: From samples, as batches hold them, to features (n, size) and logits (n, K), or None where there are
            no classes.
        counted: For factors that are read off samples, the columns in which a one says which value they have.
    """

    name: str
    digest: str
    size: int
    resize: str
    embed: Embed
    counted: Mapping[str, slice] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} {self.digest}".strip()


def named(name: str, data: Any, field: str = "x") -> Features:
    """The features of a name, for a field of some data.

    Args:
        name: One of the names above; ``inception`` is followed by a colon and the path of its file.
        data: What samples are compared with; what is trained on the spot learns from its training part.
        field: Which field of it.

    Raises:
        ValueError: if there are no such features, or they do not fit the data.
    """
    kind, _, path = name.partition(":")
    if kind not in _MAKERS:
        from ganarium import index

        raise ValueError(f"There are no features '{kind}'. {index.nearest(kind, _MAKERS)}")
    if path and kind != "inception":
        raise ValueError(f"Only inception is read from a file; got '{name}'.")
    if data.spec[field].counts:
        raise ValueError(
            f"{data.name} holds {data.spec[field].kind}, which have no distances; metrics take images, points, "
            "sequences, volumes and videos."
        )
    return _MAKERS[kind](path, data, field)


def default(data: Any, field: str = "x") -> list[str]:
    """The names of the features that suit some data, the most telling first."""
    kind = data.spec[field].kind
    if kind == "points":
        return ["coordinates"]
    world = ["world"] if data.factors and not is_digits(data, field) else []
    if kind != "image":
        return ["coordinates" if kind == "sequence" else "pixels", *world]
    if is_digits(data, field):
        return ["digits", "pixels"]
    return ["classes" if labelled(data) and field == "x" else "rotations", "pixels", *world]


def is_digits(data: Any, field: str = "x") -> bool:
    """Whether some data are the digits, or three of them stacked as colours."""
    return field == "x" and data.name.split(",")[0] in ("digits", "stacked-digits")


def labelled(data: Any) -> bool:
    """Whether there are labels, with enough samples of each to learn from."""
    field = data.spec.get("y")
    return field is not None and field.kind == "label" and 2 <= field.classes <= len(data) / 20


def digest(network: nn.Module) -> str:
    """The first eight digits of the SHA-256 of a network's weights."""
    sums = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        sums.update(name.encode())
        sums.update(value.detach().cpu().contiguous().numpy().tobytes())
    return sums.hexdigest()[:8]


def of_network(name: str, network: nn.Module, size: int, prepare: Callable[[Tensor], Tensor], resize: str) -> Features:
    """Features of a network that gives features and logits (or None), scaled to a mean square deviation of 1.

    Args:
        name: What they are called.
        network: From prepared samples to (features, logits); it has a buffer ``spread`` that features are divided by.
        size: How many features.
        prepare: Brings samples to what the network takes.
        resize: That in words.
    """
    network.requires_grad_(False).eval()

    def embed(x: Tensor) -> tuple[Tensor, Tensor | None]:
        with torch.no_grad():
            features, logits = network(prepare(x))
            return features / network.spread, logits

    return Features(name, digest(network), size, resize, embed)


def to_side(field: Field, side: int = _SIDE) -> tuple[Callable[[Tensor], Tensor], str]:
    """Brings images in [-1, 1] to ``side`` pixels, and what that is in words."""
    if field.kind != "image":
        raise ValueError(f"These features take images; the data holds {field.kind}. Use pixels or coordinates.")
    if field.shape[1:] == (side, side):
        return lambda x: x.clamp(-1, 1), "as they are"

    def resized(x: Tensor) -> Tensor:
        return interpolate(x.clamp(-1, 1), size=(side, side), mode="bilinear", antialias=True)

    return resized, f"bilinear with antialiasing to {side} x {side}"


def _pixels(path: str, data: Any, field: str) -> Features:
    shape = data.spec[field].shape
    kind = data.spec[field].kind
    if kind not in ("image", "volume", "video"):
        raise ValueError(f"pixels are of images, volumes and videos; {data.name} holds {kind}. Use coordinates.")
    sides = tuple(min(_PATCHES, side) for side in shape[1:])
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
    return Features("coordinates", "", of.size, "as they are", lambda x: (of.restore(x).flatten(1).float(), None))


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
    from ganarium.metrics.learned import few

    prepare, words = to_side(data.spec[field])
    with seeded(_CPU, 1):
        network = _Untrained(data.spec[field].shape[0])
    with torch.no_grad():
        network.spread = network(prepare(few(data, field, 1000)))[0].std(0).square().mean().sqrt()
    return of_network("random", network, 64, prepare, words)


def _digits(path: str, data: Any, field: str) -> Features:
    from ganarium.metrics import learned

    return learned.digits(data, field)


def _classes(path: str, data: Any, field: str) -> Features:
    from ganarium.metrics import learned

    return learned.classes(data, field)


def _rotations(path: str, data: Any, field: str) -> Features:
    from ganarium.metrics import learned

    return learned.rotations(data, field)


def _world(path: str, data: Any, field: str) -> Features:
    from ganarium.metrics import world

    return world.features(data, field)


def _inception(path: str, data: Any, field: str) -> Features:
    from ganarium.metrics import inception

    return inception.features(path, data, field)


_MAKERS: dict[str, Callable[[str, Any, str], Features]] = {
    "digits": _digits,
    "classes": _classes,
    "rotations": _rotations,
    "world": _world,
    "pixels": _pixels,
    "coordinates": _coordinates,
    "random": _random,
    "inception": _inception,
}
