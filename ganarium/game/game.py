r"""The idea: a generative model is a game.

A **game** has **players**, in the order in which they move. A player **owns** some networks and **descends** its own
loss: named **terms** whose sum is the loss. A trainer plays the **rounds**; in a round every player takes its turn.

.. math::

    \theta_p \leftarrow \theta_p - \eta \, \nabla_{\theta_p} \sum_t \mathrm{term}_{p,t}(\theta), \qquad p = 1, 2, \dots

A GAN has two players, a variational auto-encoder one, CycleGAN two that own two networks each. To write a game, declare
its options and networks as annotated attributes (:mod:`ganarium.game.options`), write its losses as methods, and say in
:meth:`Game.players` who owns what:

.. code-block:: python

    class GAN(Game, Decodes):
        latent: int = 64
        generator: nn.Module = made(factory=lambda game: nets.generator(game.latent, game.spec["x"]))
        discriminator: nn.Module = made(factory=lambda game: nets.discriminator(game.spec["x"]))

        def players(self):
            return [
                Player("discriminator", self.discriminator_loss, owns=[self.discriminator]),
                Player("generator", self.generator_loss, owns=[self.generator]),
            ]

What a trained game can do is said by its abilities (:mod:`ganarium.game.abilities`): small abstract classes, such as
:class:`Samples`. What many games share is a frame (:mod:`ganarium.game.frames`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self, cast

import torch

from ganarium.game.options import Configured, given
from ganarium.game.paper import Paper
from ganarium.game.player import Player, Stage
from ganarium.spec import Kind, Spec

__all__ = ["Game"]


class _Unpublished:
    """What stands for the paper of a game that has none, as long as its class names none."""

    def __get__(self, game: Any, kind: type) -> Paper:
        return Paper.unpublished(kind.__name__, (kind.__doc__ or "").strip().split("\n")[0])


class Game(Configured):
    """A generative model: networks, and players who train them.

    A game is built for a spec, then takes the paper's numbers as keywords with the paper's defaults, and its networks,
    each of which the user may replace: its annotated attributes. They stay attributes of the same name.

    Args:
        spec: What the batches hold.

    Raises:
        MissingField: if the spec lacks a field that the game ``needs``.
    """

    paper: ClassVar[Paper] = cast(Paper, _Unpublished())
    #: The fields that the game plays on, and the kinds that it takes; no kinds: any.
    needs: ClassVar[Mapping[str, tuple[Kind, ...]]] = {"x": ()}
    #: The fields that it plays on too, where there are any.
    also: ClassVar[tuple[str, ...]] = ()
    #: Why the loss of one sample depends on the others in its batch; empty if it does not.
    couples_samples: ClassVar[str] = ""
    #: On which data its defaults and its recipe were seen not to play, and on which they do; empty if nothing is known.
    caution: ClassVar[str] = ""

    spec: Spec = given(kw_only=False)

    def begin(self, spec: Spec) -> None:
        if not isinstance(spec, Spec):
            name = type(self).__name__
            raise TypeError(f"{name} is built for a spec, {name}(data.spec); got {spec!r:.60}.")
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

    @classmethod
    def as_published(cls, data: Any, **changes: Any) -> Self:
        """The game built for ``data`` with its paper's settings, and then ``changes``; ``--paper`` in Python.

        The constructor's defaults are the paper's; ``fit`` will play it with the paper's batches, and with averaged
        weights only where the paper has them. Where it departs from the paper its docstring says, in numbers.

        Args:
            data: Anything with a ``spec``.
            changes: Keywords of the constructor.

        Raises:
            MissingField: if the data lacks a field that the game ``needs``.
        """
        game = cls(data.spec, **changes)
        game.measured = cls.paper.run
        return game

    @classmethod
    def played(cls, spec: Spec) -> Spec:
        """The fields of a spec that the game plays on.

        Args:
            spec: What the batches hold.
        """
        return Spec({name: field for name, field in spec.items() if name in cls.needs or name in cls.also})

    @property
    def device(self) -> torch.device:
        """Where the game is."""
        return self.progress.device
