"""What a trained game can do: small abstract classes, which commands ask for.

Each is marked with the word by which lists and commands call it, and with what a game that has it does, for pages.

Explicit models have a :class:`Density`; implicit ones do not have it at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar, cast

import torch
from torch import Tensor, nn

from ganarium.ingredients import Latent, Law
from ganarium.randomness import mix, seeded
from ganarium.spec import Field

__all__ = [
    "Classifies",
    "Completes",
    "Decodes",
    "Density",
    "Detects",
    "Encodes",
    "Samples",
    "Scores",
    "Translates",
    "evaluating",
    "part_of",
]


_Kind = TypeVar("_Kind", bound=type)


def ability(word: str, *, does: str) -> Callable[[_Kind], _Kind]:
    """Mark a class as an ability. The arguments are literals: lists read them from the file, and import nothing.

    Args:
        word: What lists and commands call it; a command for it is called the same.
        does: What a game that has it does, for its page.
    """

    def mark(kind: _Kind) -> _Kind:
        return kind

    return mark


@contextmanager
def evaluating(game: nn.Module) -> Iterator[None]:
    """Inside, all networks are in evaluation mode; after, in the mode in which they were."""
    modes = {module: module.training for module in game.modules()}
    game.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def part_of(rows: Mapping[str, Tensor], start: int, size: int) -> dict[str, Tensor]:
    """So many rows from a place on; where there are fewer, the last one fills them up."""
    return {name: value[torch.arange(start, start + size).clamp(max=len(value) - 1)] for name, value in rows.items()}


@ability("sample", does="draws samples")
class Samples(ABC):
    """Draws from its model of the data."""

    @abstractmethod
    def draw(self, n: int, **condition: Tensor) -> Tensor:
        """``n`` samples with the game's networks as they are; for :meth:`sample`, which users call.

        Args:
            n: How many.
            condition: For each condition that was asked for, ``n`` rows; the game chooses the others.
        """

    @property
    def conditions(self) -> Mapping[str, Field]:
        """What samples can be asked to have, by name; nothing, unless a game says otherwise."""
        return {}

    def sample(self, n: int, *, seed: int | None = None, chunk: int = 256, **condition: Any) -> Tensor:
        """Draw ``n`` samples, of shape (n, \\*shape), without gradient and with networks in evaluation mode.

        With a seed, a sample is a function of the seed and of its place: the first three of 64 are three drawn alone,
        but for rounding.

        Args:
            n: How many.
            seed: Makes the samples a function of this number; None draws from the global stream.
            chunk: How many are drawn at a time; their noise is drawn together, so that other chunks are other samples.
            condition: For each of :attr:`conditions`, a value for all samples or n of them; labels and sentences may
                be given in words.

        Raises:
            ValueError: if n is below one, or a condition is unknown or does not fit.
        """
        if n < 1:
            raise ValueError(f"sample draws at least one sample; got n={n}.")
        device = cast(Any, self).device
        for name in condition:
            if name not in self.conditions:
                known = ", ".join(self.conditions) or "none"
                raise ValueError(f"{type(self).__name__} takes no condition '{name}'; it takes {known}.")
        rows = {name: self.conditions[name].read(value, n, name) for name, value in condition.items()}
        rows = {name: value.to(device) for name, value in rows.items()}
        with evaluating(cast(nn.Module, self)), torch.no_grad():
            parts = []
            for start in range(0, n, chunk):
                with seeded(device, None if seed is None else mix(seed, start)):
                    parts.append(self.first(min(chunk, n - start), chunk, part_of(rows, start, chunk)))
            return torch.cat(parts)

    def first(self, n: int, of: int, condition: Mapping[str, Tensor]) -> Tensor:
        """The first ``n`` of so many samples that are drawn together.

        Args:
            n: How many are wanted.
            of: How many are drawn; what is drawn depends on it, for random numbers come in groups.
            condition: As for :meth:`draw`, of all.
        """
        return self.draw(of, **condition)[:n]


@ability("decode", does="decodes latents")
class Decodes(Samples):
    """Draws a latent from a law, and the sample follows from it: the latents can be walked.

    The game's ``noise`` draws latents, unless :meth:`latents` and :attr:`law` say otherwise.
    """

    noise: Any

    def latents(self, n: int) -> Tensor:
        """``n`` latents from the prior, of shape (n, Z).

        Raises:
            TypeError: if the game says nowhere what latents are drawn from.
        """
        if not hasattr(self, "noise"):
            raise TypeError(
                f"{type(self).__name__} has no noise to decode. Say in build(): self.noise = "
                "Normal().of(self.latent); or define latents(n)."
            )
        return self.noise(n)

    @property
    def law(self) -> Law | None:
        """The law of a latent's coordinates; None if they have no law in common."""
        return self.noise.law if isinstance(self.noise, Latent) else None

    def choose(self, n: int, **condition: Tensor) -> dict[str, Tensor]:
        """All conditions of ``n`` samples: those that are given, and draws for the others; for games that have any."""
        return condition

    @abstractmethod
    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        """Samples of shape (n, \\*shape), differentiable in the latents, with the game's networks as they are.

        Args:
            z: Latents of shape (n, Z).
            condition: As for :meth:`draw`; the game chooses the others after the latents.
        """

    def draw(self, n: int, **condition: Tensor) -> Tensor:
        return self.decode(self.latents(n), **condition)

    def first(self, n: int, of: int, condition: Mapping[str, Tensor]) -> Tensor:
        if type(self).draw is not Decodes.draw:
            return super().first(n, of, condition)
        z, chosen = self.undecoded(n, of, condition)
        return self.decode(z, **chosen)

    def undecoded(self, n: int, of: int, condition: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """What :meth:`first` decodes: latents (n, Z), and all conditions of the samples."""
        z, chosen = self.latents(of), self.choose(of, **condition)
        return z[:n], {name: value[:n] for name, value in chosen.items()}


@ability("score", does="scores")
class Scores(ABC):
    """Scores samples, as a discriminator or critic does: higher for data than for samples; an energy lower."""

    #: Whether real data score lower.
    energy: ClassVar[bool] = False

    @abstractmethod
    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        """Raw scores of shape (B,)."""


@ability("translate", does="translates")
class Translates(ABC):
    """Maps a sample of one domain to another."""

    #: The domains that it can map to.
    targets: ClassVar[tuple[str, ...]] = ("a", "b")

    @abstractmethod
    def translate(self, x: Tensor, to: str) -> Tensor:
        """``x`` in the domain ``to``, for example "a" or "b"."""


@ability("encode", does="encodes")
class Encodes(ABC):
    """Infers a latent from data."""

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Latents of shape (B, Z)."""


@ability("density", does="knows densities")
class Density(ABC):
    """Knows the density of its samples: an explicit model."""

    @abstractmethod
    def log_prob(self, x: Tensor) -> Tensor:
        """The log-density of each sample, in nats, of shape (B,)."""


@ability("classify", does="classifies")
class Classifies(ABC):
    """Names the class of a sample."""

    @abstractmethod
    def classify(self, x: Tensor) -> Tensor:
        """Class logits of shape (B, K)."""


@ability("anomaly", does="finds anomalies")
class Detects(ABC):
    """Tells how unlike the training data a sample is."""

    @abstractmethod
    def anomaly(self, x: Tensor) -> Tensor:
        """Scores of shape (B,), higher for stranger samples."""


@ability("complete", does="completes")
class Completes(ABC):
    """Fills in what is missing."""

    holes: Any  # from images to masks: the holes that it has learned to fill

    @abstractmethod
    def complete(self, x: Tensor, mask: Tensor) -> Tensor:
        """``x`` where ``mask`` is 1, and a completion where it is 0."""
