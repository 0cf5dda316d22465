r"""The idea: a generative model is a game.

A **game** has **players**, in the order in which they move. A player **owns** some networks and **descends** its own
loss: named **terms** whose sum is the loss. A trainer plays the **rounds**; in a round every player takes its turn.

.. math::

    \theta_p \leftarrow \theta_p - \eta \, \nabla_{\theta_p} \sum_t \mathrm{term}_{p,t}(\theta), \qquad p = 1, 2, \dots

A GAN has two players, a variational auto-encoder one, CycleGAN two that own two networks each. To write a game, write
its networks in ``__init__`` and its losses as methods, and say in :meth:`Game.players` who owns what:

.. code-block:: python

    class GAN(Game, Decodes):
        def players(self):
            return [
                Player("discriminator", self.discriminator_loss, owns=[self.discriminator]),
                Player("generator", self.generator_loss, owns=[self.generator]),
            ]

What a trained game can do is said by its abilities: small abstract classes, such as :class:`Samples`.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Self, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganarium.optimizers import Adam
from ganarium.paper import Paper
from ganarium.priors import Latent, Law
from ganarium.randomness import mix, seeded
from ganarium.spec import Batch, Field, Kind, Spec

__all__ = [
    "Batch",
    "Classifies",
    "Completes",
    "Decodes",
    "Density",
    "Detects",
    "Encodes",
    "Game",
    "Paper",
    "Player",
    "Samples",
    "Scores",
    "Stage",
    "Terms",
    "Translates",
    "evaluating",
]

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Player:
    """Somebody who owns networks and descends a loss.

    Args:
        name: What logs and options call the player.
        loss: From a batch to named scalar terms, already weighted; their sum is descended. A term without a
            gradient is only watched: logged, averaged over processes, handed to ``after``.
        owns: The only networks whose parameters this player may change.
        optimizer: From parameters to an optimiser.
        moves: Steps in a turn, each on its own batch; or a function of the round.
        every: Plays in the rounds that this number divides.
        fresh: Draws its own batches instead of sharing the round's.
        rests: A gate, asked before each move. While it is true the loss still runs, without a gradient, so that
            what the gate watches stays fresh.
        after: Called with the terms after each move: clip weights, move a controller.
        schedule: The optimiser's settings as a function of the stage's progress, from 0 to 1.
        also: Further losses, by how rarely they join: ``{16: loss}`` adds a loss's terms in every 16th round.
    """

    name: str
    loss: Callable[[Batch], Terms]
    owns: Sequence[nn.Module]
    optimizer: Callable[..., Optimizer] = Adam()
    moves: int | Callable[[int], int] = 1
    every: int = 1
    fresh: bool = False
    rests: Callable[[], bool] | None = None
    after: Callable[[Terms], None] | None = None
    schedule: Callable[[float], dict[str, Any]] | None = None
    also: Mapping[int, Callable[[Batch], Terms]] = field(default_factory=dict)

    def moves_in(self, round: int) -> int:
        """How many moves the player makes in a round (counted from 0)."""
        if round % self.every:
            return 0
        return self.moves(round) if callable(self.moves) else self.moves

    def parameters(self) -> list[nn.Parameter]:
        """The parameters that the player owns, each once, in a fixed order."""
        return list(dict.fromkeys(p for network in self.owns for p in network.parameters()))


@dataclass(frozen=True)
class Stage:
    """A named part of a run with its own players.

    Args:
        name: What logs call the stage.
        players: Who plays, in order.
        share: The stage's share of the run's rounds, relative to the other stages'.
        begin: Called once, before the stage's first round, with the data once through: copies weights, re-weights the
            data by ``index``. It changes only parameters and buffers; what no player of the stage owns is frozen.
    """

    name: str
    players: Sequence[Player]
    share: float = 1.0
    begin: Callable[[Iterable[Batch]], None] | None = None


class Game(nn.Module, ABC):
    """A generative model: networks, and players who train them.

    A game is built for a spec, then takes the paper's numbers as keywords with the paper's defaults, then its
    networks, each of which the user may replace. Keywords stay attributes of the same name.

    Args:
        spec: What the batches hold.

    Raises:
        MissingField: if the spec lacks a field that the game ``needs``.
    """

    paper: ClassVar[Paper]
    #: The fields that the game plays on, and the kinds that it takes; no kinds: any.
    needs: ClassVar[Mapping[str, tuple[Kind, ...]]] = {"x": ()}
    #: Why the loss of one sample depends on the others in its batch; empty if it does not.
    couples_samples: ClassVar[str] = ""
    #: Whether all gradients are taken before any step.
    simultaneous: bool = False

    progress: Tensor
    arguments: dict[str, Any]
    measured: Mapping[str, Any] = MappingProxyType({})  # settings that a run takes unless it is told others

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        game = super().__new__(cls)
        # What the constructor was called with, so that a run can write it down. A copy is made without arguments.
        bound = inspect.signature(cls.__init__).bind_partial(game, *args, **kwargs)
        vars(game)["arguments"] = {name: value for name, value in bound.arguments.items() if name != "self"}
        return game

    def __init__(self, spec: Spec):
        super().__init__()
        spec.require(self.needs, type(self).__name__)
        self.spec = spec
        # The game's clock: how far the stage is, from 0 to 1. A buffer, so that compiled losses need no new start.
        self.register_buffer("progress", torch.zeros(()))

    def players(self) -> list[Player]:
        """Who plays, in the order in which they move. Define this, or :meth:`stages`."""
        raise TypeError(f"{type(self).__name__} defines neither players() nor stages().")

    def stages(self) -> list[Stage]:
        """The parts of a run, in order; one that holds :meth:`players`, if the game does not say otherwise."""
        return [Stage("play", self.players())]

    @classmethod
    @abstractmethod
    def toy(cls) -> Self:
        """A small instance on a random spec, for tests and ``--data toy``: a round takes less than 50 ms."""

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        """Measured settings for this kind of data, as keywords of the constructor; none unless measured."""
        return {}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        """Measured settings of a run on this kind of data, as fields of Settings: ``batch_size``, ``average``."""
        return {}

    @classmethod
    def on(cls, data: Any, **changes: Any) -> Self:
        """The game built for ``data``, with its recipe and then ``changes``; ``fit`` will play it at its pace.

        Args:
            data: Anything with a ``spec``.
            changes: Keywords of the constructor.

        Raises:
            MissingField: if the data lacks a field that the game ``needs``.
        """
        data.spec.require(cls.needs, cls.__name__)
        game = cls(data.spec, **{**cls.recipe(data.spec), **changes})
        game.measured = cls.pace(data.spec)
        return game

    @property
    def device(self) -> torch.device:
        """Where the game is."""
        return self.progress.device


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

        Args:
            n: How many.
            seed: Makes the samples a function of this number; None draws from the global stream.
            chunk: How many are drawn at a time.
            condition: For each of :attr:`conditions`, a value for all samples or n of them; labels and sentences may
                be given in words.

        Raises:
            ValueError: if n is below one, or a condition is unknown or does not fit.
        """
        if n < 1:
            raise ValueError(f"sample draws at least one sample; got n={n}.")
        game = cast(Game, self)
        for name in condition:
            if name not in self.conditions:
                known = ", ".join(self.conditions) or "none"
                raise ValueError(f"{type(self).__name__} takes no condition '{name}'; it takes {known}.")
        rows = {name: self.conditions[name].read(value, n, name) for name, value in condition.items()}
        rows = {name: value.to(game.device) for name, value in rows.items()}
        with evaluating(game), torch.no_grad():
            parts = []
            for start in range(0, n, chunk):
                size = min(chunk, n - start)
                part = {name: value[start : start + size] for name, value in rows.items()}
                with seeded(game.device, None if seed is None else mix(seed, start)):
                    parts.append(self.draw(size, **part))
            return torch.cat(parts)


class Decodes(Samples):
    """Draws a latent from a law, and the sample follows from it: the latents can be walked."""

    prior: Any  # a Latent, unless latents() and law say otherwise

    def latents(self, n: int) -> Tensor:
        """``n`` latents from the prior, of shape (n, Z)."""
        return self.prior(n)

    @property
    def law(self) -> Law | None:
        """The law of a latent's coordinates; None if they have no law in common."""
        return self.prior.law if isinstance(self.prior, Latent) else None

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


class Scores(ABC):
    """Scores samples, as a discriminator or critic does: higher for data than for samples; an energy lower."""

    #: Whether real data score lower.
    energy: ClassVar[bool] = False

    @abstractmethod
    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        """Raw scores of shape (B,)."""


class Translates(ABC):
    """Maps a sample of one domain to another."""

    #: The domains that it can map to.
    targets: ClassVar[tuple[str, ...]] = ("a", "b")

    @abstractmethod
    def translate(self, x: Tensor, to: str) -> Tensor:
        """``x`` in the domain ``to``, for example "a" or "b"."""


class Encodes(ABC):
    """Infers a latent from data."""

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Latents of shape (B, Z)."""


class Density(ABC):
    """Knows the density of its samples: an explicit model."""

    @abstractmethod
    def log_prob(self, x: Tensor) -> Tensor:
        """The log-density of each sample, in nats, of shape (B,)."""


class Classifies(ABC):
    """Names the class of a sample."""

    @abstractmethod
    def classify(self, x: Tensor) -> Tensor:
        """Class logits of shape (B, K)."""


class Detects(ABC):
    """Tells how unlike the training data a sample is."""

    @abstractmethod
    def anomaly(self, x: Tensor) -> Tensor:
        """Scores of shape (B,), higher for stranger samples."""


class Completes(ABC):
    """Fills in what is missing."""

    holes: Any  # from images to masks: the holes that it has learned to fill

    @abstractmethod
    def complete(self, x: Tensor, mask: Tensor) -> Tensor:
        """``x`` where ``mask`` is 1, and a completion where it is 0."""
