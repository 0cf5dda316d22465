r"""Features: what samples are compared by.

A distance between laws is taken after a map :math:`\phi` to a few numbers. What it sees is what the map keeps, so that
every number carries the map's name and a digest of its weights. :mod:`ganarium.metrics.known_features` has those with
a name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ganarium.spec import Field

__all__ = ["Features", "digest", "is_digits", "labelled", "of_network", "to_side"]

#: Of each sample: features (n, d), and class logits (n, K) or None.
Embed = Callable[[Tensor], tuple[Tensor, Tensor | None]]

_SIDE = 32  # what images are resized to before a network of ours


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
