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

__all__ = ["CHUNK", "KEPT", "PAIRS", "Look", "Moments", "Rows", "embed", "of_data", "of_game", "of_given", "of_tensor"]

CHUNK = 256
#: Features of at most so many samples are kept: neighbours are looked for among these.
KEPT = 10_000
#: So many pairs of images are kept at most.
PAIRS = 500
_WIDE = 512  # of more features than so many only the rows that neighbours are looked for among are kept


class Moments:
    """The mean and the covariance of features, in double precision, from parts.

    Each part is centred by itself (Chan, Golub, LeVeque), so that nothing cancels where means are large.

    Args:
        size: How many features.
    """

    def __init__(self, size: int):
        self.n = 0
        #: The mean, of shape (d,).
        self.mean = torch.zeros(size, dtype=torch.float64)
        #: The sum of the outer products of their differences from it, of shape (d, d).
        self.outer = torch.zeros(size, size, dtype=torch.float64)

    def add(self, features: Tensor) -> None:
        """Count rows (n, d)."""
        rows = features.double()
        if not len(rows):
            return
        n, mean = self.n + len(rows), rows.mean(0)
        rows, away = rows - mean, mean - self.mean
        self.outer += rows.T @ rows + torch.outer(away, away) * (self.n * len(rows) / n)
        self.mean = self.mean + away * (len(rows) / n)
        self.n = n

    @property
    def covariance(self) -> Tensor:
        """The covariance, divided by n - 1, of shape (d, d)."""
        return self.outer / (self.n - 1)


@dataclass
class Rows:
    """What is kept of some samples.

    Args:
        n: How many samples there were.
        features: By the name of the features, of shape (m, d) with m of n at most: all, or a random part.
        logits: Likewise, where the features know classes.
        moments: Of all n.
        some: Random images, as bytes; those of even places are pairs with those after them.
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
    """Keeps what is measured of samples that come part by part.

    Args:
        features: What they are mapped to.
        total: How many will come.
        seed: Which of them are kept, where not all are, follows from it.
    """

    def __init__(self, features: Sequence[Features], total: int, seed: int = 0):
        self.features, self._came = features, 0
        order = torch.randperm(total, generator=torch.Generator().manual_seed(mix(seed, 25)))
        #: The place of each sample in a random order.
        self._place = order.argsort()
        self._some: list[Tensor] = []
        self._shown: list[Tensor] = []
        self._parts = {each.name: ([], [], Moments(each.size)) for each in features}

    def add(self, x: Tensor, found: dict[str, tuple[Tensor, Tensor | None]]) -> None:
        """Keep of samples (n, \\*shape) whose features and logits are these, by name."""
        place = self._place[self._came : self._came + len(x)]
        self._came += len(x)
        if x.ndim == 4 and bool((shown := place < 2 * PAIRS).any()):
            self._some.append(to_uint8(x[shown]))
            self._shown.append(place[shown])
        for each in self.features:
            features, logits = found[each.name]
            kept, classes, moments = self._parts[each.name]
            moments.add(features)
            chosen = slice(None) if each.size <= _WIDE else place < KEPT
            kept.append(features[chosen])
            if logits is not None:
                classes.append(logits[chosen])

    def rows(self) -> Rows:
        """What is kept of them."""
        features = {name: torch.cat(kept) for name, (kept, _, _) in self._parts.items()}
        logits = {name: torch.cat(classes) for name, (_, classes, _) in self._parts.items() if classes}
        moments = {name: moments for name, (_, _, moments) in self._parts.items()}
        images = torch.cat(self._some)[torch.cat(self._shown).argsort()] if self._some else None
        return Rows(self._came, features, logits, moments, images)


def embed(
    batches: Iterable[Tensor], features: Sequence[Features], total: int, doing: str, blocks: int = 1, seed: int = 0
) -> list[Rows]:
    """Look at samples once.

    Args:
        batches: Samples (n, \\*shape), as games see them.
        features: What they are mapped to.
        total: How many samples there are.
        doing: What is said while it takes long.
        blocks: In how many blocks of nearly equal size they are kept, the larger ones first.
        seed: Which block a sample falls into follows from it, and not from when it comes.

    Raises:
        ValueError: if features are not finite.
    """
    where = torch.arange(total) % blocks
    if blocks > 1:
        where = where[torch.randperm(total, generator=torch.Generator().manual_seed(mix(seed, 26)))]
    looks = [Look(features, int((where == block).sum()), mix(seed, block)) for block in range(blocks)]
    came = 0
    for x in watched(batches, total, len, doing=doing):
        x = x[: total - came].detach().cpu()
        found = {each.name: _embedded(x, each) for each in features}
        fall, came = where[came : came + len(x)], came + len(x)
        for block in fall.unique().tolist():
            chosen = slice(None) if blocks == 1 else fall == block
            looks[block].add(x[chosen], {name: _rows(pair, chosen) for name, pair in found.items()})
    return [look.rows() for look in looks]


def _embedded(x: Tensor, features: Features) -> tuple[Tensor, Tensor | None]:
    found, logits = features.embed(x)
    if not found.isfinite().all():
        raise ValueError(f"Some samples have features '{features.name}' that are not finite, so they cannot be judged.")
    return found, logits


def _rows(pair: tuple[Tensor, Tensor | None], chosen: slice | Tensor) -> tuple[Tensor, Tensor | None]:
    features, logits = pair
    return features[chosen], None if logits is None else logits[chosen]


def of_data(data: Any, places: Tensor, name: str) -> Iterator[Tensor]:
    """A field of the samples at some places, in parts."""
    for part in places.split(CHUNK):
        yield data.gather(part)[name]


def of_tensor(x: Tensor) -> Iterator[Tensor]:
    """Samples in parts."""
    yield from x.split(CHUNK)


def of_given(x: Tensor, count: int, seed: int) -> Iterator[Tensor]:
    """``count`` random ones of samples that somebody gives, in random order, in parts: most folders are sorted."""
    places = torch.randperm(len(x), generator=torch.Generator().manual_seed(mix(seed, 27)))[:count]
    yield from (x[part] for part in places.split(CHUNK))


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
