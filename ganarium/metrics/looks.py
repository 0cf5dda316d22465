"""What is kept of samples to measure them: features, their sums, and a few pictures; in one pass, in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganarium.game import Samples, evaluating
from ganarium.metrics.features import Features
from ganarium.pictures.tiles import to_uint8
from ganarium.randomness import mix
from ganarium.terminal.progress import watched

__all__ = ["CHUNK", "KEPT", "PAIRS", "Look", "Moments", "Rows", "embed", "of_data", "of_game", "of_tensor"]

CHUNK = 256
#: Features of at most so many samples are kept: neighbours are looked for among these.
KEPT = 10_000
#: So many pairs of images are kept.
PAIRS = 500
_WIDE = 512  # features beyond so many are not all kept


class Moments:
    """Sums of features, in double precision: enough for a mean and a covariance.

    Args:
        size: How many features.
    """

    def __init__(self, size: int):
        self.n = 0
        self.sum = torch.zeros(size, dtype=torch.float64)
        self.outer = torch.zeros(size, size, dtype=torch.float64)

    def add(self, features: Tensor, weights: Tensor | None = None) -> None:
        """Count rows (n, d); each as often as its weight, a whole number, says."""
        rows = features.double()
        weighted = rows if weights is None else rows * weights[:, None]
        self.n += len(rows) if weights is None else int(weights.sum())
        self.sum += weighted.sum(0)
        self.outer += weighted.T @ rows

    @property
    def mean(self) -> Tensor:
        """The mean, of shape (d,)."""
        return self.sum / self.n

    @property
    def covariance(self) -> Tensor:
        """The covariance, divided by n - 1, of shape (d, d)."""
        return (self.outer - self.n * torch.outer(self.mean, self.mean)) / (self.n - 1)


@dataclass
class Rows:
    """What is kept of some samples.

    Args:
        n: How many samples there were.
        features: By the name of the features, of shape (m, d) with m of n at most, the first ones.
        logits: Likewise, where the features know classes.
        moments: Of all n.
        some: The first images, as bytes; those of even places are pairs with those after them.
        fine: Of the first block of some samples: what copies are looked for by, of all blocks (m, d).
    """

    n: int
    features: dict[str, Tensor]
    logits: dict[str, Tensor]
    moments: dict[str, Moments]
    some: Tensor | None
    fine: Tensor | None = None

    def __len__(self) -> int:
        return self.n


class Look:
    """Looks at samples, part by part.

    Args:
        features: What they are mapped to.
    """

    def __init__(self, features: Sequence[Features]):
        self.features = features
        self.n = 0
        self._some: list[Tensor] = []
        self._parts = {each.name: ([], [], Moments(each.size)) for each in features}

    def add(self, x: Tensor) -> None:
        """Look at samples (n, \\*shape).

        Raises:
            ValueError: if features are not finite.
        """
        x = x.detach().cpu()
        if self.n < 2 * PAIRS and x.ndim == 4:
            self._some.append(to_uint8(x[: 2 * PAIRS - self.n]))
        for each in self.features:
            self._add(x, each)
        self.n += len(x)

    def _add(self, x: Tensor, features: Features) -> None:
        found, logits = features.embed(x)
        if not found.isfinite().all():
            raise ValueError(
                f"Some samples have features '{features.name}' that are not finite, so they cannot be judged."
            )
        kept, classes, moments = self._parts[features.name]
        moments.add(found)
        if features.size <= _WIDE or self.n < KEPT:
            kept.append(found)
            if logits is not None:
                classes.append(logits)

    def rows(self) -> Rows:
        """What is kept of them."""
        features = {name: torch.cat(kept) for name, (kept, _, _) in self._parts.items()}
        logits = {name: torch.cat(classes) for name, (_, classes, _) in self._parts.items() if classes}
        moments = {name: moments for name, (_, _, moments) in self._parts.items()}
        return Rows(self.n, features, logits, moments, torch.cat(self._some) if self._some else None)


def embed(
    batches: Iterable[Tensor], features: Sequence[Features], total: int, doing: str, block: int | None = None
) -> list[Rows]:
    """Look at samples once.

    Args:
        batches: Samples (n, \\*shape), as games see them.
        features: What they are mapped to.
        total: How many samples there are.
        doing: What is said while it takes long.
        block: How many samples are kept together; what is left in the end, and is no full block, is left out. None
            keeps all together.

    Raises:
        ValueError: if features are not finite.
    """
    block = block or total
    blocks, look = [], Look(features)
    for x in watched(batches, total, len, doing=doing):
        while len(x):
            part, x = x[: block - look.n], x[block - look.n :]
            look.add(part)
            if look.n == block:
                blocks.append(look.rows())
                look = Look(features)
    return blocks


def of_data(data: Any, places: Tensor, name: str) -> Iterator[Tensor]:
    """A field of the samples at some places, in parts."""
    for part in places.split(CHUNK):
        yield data.gather(part)[name]


def of_tensor(x: Tensor) -> Iterator[Tensor]:
    """Samples in parts."""
    yield from x.split(CHUNK)


def of_game(
    game: Any, n: int, seed: int, data: Any = None, to: str = "b", places: Tensor | None = None
) -> Iterator[Tensor]:
    """``n`` samples of a game, in parts; or what it makes of data, if it translates.

    Args:
        game: It has the ability to sample or to translate.
        n: How many.
        seed: What they follow from.
        data: What is translated.
        to: The domain to translate to.
        places: Which samples of the data.
    """
    if isinstance(game, Samples):
        return _drawn(game, n, seed)
    assert places is not None
    source = {"a": "b", "b": "a"}[to]
    return _translated(game, of_data(data, places, source), to)


def _drawn(game: Samples, n: int, seed: int) -> Iterator[Tensor]:
    for start in range(0, n, CHUNK):
        yield game.sample(min(CHUNK, n - start), seed=mix(seed, start))


def _translated(game: Any, batches: Iterable[Tensor], to: str) -> Iterator[Tensor]:
    for x in batches:
        with evaluating(game), torch.no_grad():
            yield game.translate(x.to(game.device), to).cpu()
