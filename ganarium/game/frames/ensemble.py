r"""The frame of games of several networks of each role, which play one after another or side by side.

A game says how many networks there are of each role (:meth:`Ensemble.numbers`). Where they take turns, the k-th stage
has players of the k-th networks (:meth:`Ensemble.player`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ganarium.game.abilities import Decodes
from ganarium.game.frames.adversarial import discriminator_of
from ganarium.game.game import Game
from ganarium.game.options import made
from ganarium.game.player import Player, Terms
from ganarium.ingredients import Law, Normal, OptimizerChoice
from ganarium.nets import Architecture, Plain
from ganarium.nets.layers.several import check_number, chosen, several
from ganarium.spec import Field

__all__ = ["Ensemble", "SideBySide", "discriminators_of"]


def generators_of(game: Any) -> nn.ModuleList:
    """A game's generators, of its architecture."""
    return several(game.numbers()["generators"], lambda: game.architecture.generator(game.latent, game.spec["x"]))


def discriminators_of(game: Any, role: str = "discriminators") -> nn.ModuleList:
    """A game's discriminators, or who else scores samples, of its architecture."""
    return several(game.numbers()[role], lambda: discriminator_of(game))


class Ensemble(Game):
    r"""Several networks for each role, and one law of noise for all generators.

    Batch:
        ``x`` (B, \*shape): data. ``index`` (B,), where the game needs it: their places in the data.

    Args:
        latent: Coordinates of the noise.
        architecture: The family of all networks.
        prior: The law of the noise.
        optimizer: How all players descend.
        generator_optimizer: How generators descend.
        discriminator_optimizer: How discriminators descend.
        critic_moves: The critic's steps a round, each on its own batch.
        generators: Networks from noise (B, latent) to samples (B, \*shape).
        discriminators: Networks from samples to raw scores (B,).
        critics: Networks from samples to raw scores (B,).

    Raises:
        ValueError: if networks are given that are not as many as are needed.
    """

    #: Who tells the samples of the generator at the same place from data.
    adversary_name: ClassVar[str] = "discriminator"

    latent: int = 100
    architecture: Architecture = Plain()
    prior: Law = Normal()
    generators: nn.ModuleList = made(factory=generators_of)

    @abstractmethod
    def numbers(self) -> Mapping[str, int]:
        """How many networks there are, by the names of their options."""

    def build(self) -> None:
        self.noise: Any = self.prior.of(self.latent)
        for role, count in self.numbers().items():
            check_number(getattr(self, role), count, type(self).__name__, role)

    def pair(self, after: Callable[[Terms], None] | None = None, **place: int) -> list[Player]:
        """The adversary and the generator at one place; see :meth:`player`.

        Args:
            after: What follows each of the adversary's moves.
            place: What their losses call the place, and that place.
        """
        return [self.player(self.adversary_name, place, after), self.player("generator", place)]

    def player(
        self,
        role: str,
        place: Mapping[str, int] = MappingProxyType({}),
        after: Callable[[Terms], None] | None = None,
        optimizer: OptimizerChoice | None = None,
    ) -> Player:
        """Who plays a role: its loss, networks, optimiser and moves are found by the role's name.

        Args:
            role: The player's name, such as "critic": then ``critic_loss`` is its loss, and one of ``critics`` its own.
            place: What the loss calls the place, and that place, counted from 0: ``{"i": 1}``. The player owns the
                network there; without a place it owns all.
            after: What follows each of its moves.
            optimizer: How it descends, if not as the game's options say.
        """
        game: Any = self
        networks = getattr(game, f"{role}s")
        return Player(
            role,
            partial(getattr(game, f"{role}_loss"), **place),
            [networks[k] for k in place.values()] or [networks],
            optimizer=optimizer or getattr(game, f"{role}_optimizer", None) or game.optimizer,
            moves=getattr(game, f"{role}_moves", 1),
            after=after,
        )


class SideBySide(Ensemble, Decodes):
    """An ensemble all of whose generators draw: a sample asks a random one, or the one that was asked for."""

    #: What a generator is called where one is asked for: ``game.sample(9, chain=3)``.
    member_name: ClassVar[str] = "generator"

    @property
    def conditions(self) -> Mapping[str, Field]:
        return {self.member_name: Field((), "label", classes=len(self.generators))}

    def choose(self, n: int, **condition: Tensor) -> dict[str, Tensor]:
        return condition or {self.member_name: torch.randint(len(self.generators), (n,), device=self.device)}

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return chosen(self.generators, z, self.choose(len(z), **condition)[self.member_name])
