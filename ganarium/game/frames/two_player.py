r"""The frame of games between a generator and an adversary: who plays and how each descends, but not yet what.

The adversary, the discriminator or critic, scores what the generator makes; in most games, of noise,
:math:`x = G(z)`. :class:`~ganarium.game.frames.adversarial.Adversarial` adds what most games descend. A game whose
adversary reconstructs samples, or sees them beside their latents, says both losses itself.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from torch import Tensor, nn

from ganarium.game.abilities import Samples, Scores
from ganarium.game.game import Game
from ganarium.game.options import made
from ganarium.game.player import Player, Terms
from ganarium.ingredients import Adam, Law, Normal, OptimizerChoice
from ganarium.nets import Architecture, Plain
from ganarium.spec import Batch, Field, Spec

__all__ = ["FromNoise", "TwoPlayer"]


class TwoPlayer(Game, Scores):
    r"""A generator and its adversary, who moves first; each descends a loss that the game says.

    Where the game has an option called ``<player>_optimizer`` or ``<player>_moves``, this is a player's own optimiser,
    or its moves in a round.

    Batch:
        ``x`` (B, \*shape): data.

    Args:
        spec: What the batches hold.
        architecture: The family of both networks.
        optimizer: How both players descend.
        discriminator_moves: The discriminator's steps a round, each on its own batch (k in Algorithm 1).
        generator_moves: The generator's steps a round, each with noise of its own.
        critic_moves: The critic's steps a round, each on its own batch.
        generator_optimizer: How the generator descends.
        discriminator_optimizer: How the discriminator descends.
        discriminator: From samples to raw scores (B,).
        critic: From samples to raw scores (B,).
    """

    #: What the paper calls the adversary: the network, and the player who owns it.
    adversary_name: ClassVar[str] = "discriminator"

    architecture: Architecture = Plain()
    optimizer: OptimizerChoice = Adam()

    @property
    def adversary(self) -> Any:
        """The network that scores data and samples."""
        name = self.adversary_name
        if not hasattr(self, name):
            raise TypeError(
                f"{type(self).__name__} declares no {name}. Write {name}: nn.Module = "
                "made(factory=discriminator_of), or another network."
            )
        return getattr(self, name)

    def players(self) -> list[Player]:
        name = self.adversary_name
        return [
            Player(
                name,
                getattr(self, f"{name}_loss", self.discriminator_loss),
                owns=[self.adversary],
                optimizer=self.optimizer_of(name),
                moves=self.moves_of(name),
                after=self.controller,
                also=self.rare_losses,
            ),
            Player(
                "generator",
                self.generator_loss,
                owns=[self.get_submodule("generator")],
                optimizer=self.optimizer_of("generator"),
                moves=self.moves_of("generator"),
            ),
        ]

    def optimizer_of(self, player: str) -> OptimizerChoice:
        """How a player descends: by its own optimiser, if the game has an option for it."""
        return getattr(self, f"{player}_optimizer", None) or self.optimizer

    def moves_of(self, player: str) -> int | Callable[[int], int]:
        """How many moves a player makes in a round, or a function of the round."""
        return getattr(self, f"{player}_moves", 1)

    @property
    def controller(self) -> Callable[[Terms], None] | None:
        """What follows each of the adversary's moves; nothing, by default."""
        return None

    @property
    def rare_losses(self) -> Mapping[int, Callable[[Batch], Terms]]:
        """What the adversary descends only now and then, by how rarely (:class:`~ganarium.game.Player`)."""
        return {}

    @abstractmethod
    def discriminator_loss(self, batch: Batch) -> Terms:
        """What the adversary descends."""

    @abstractmethod
    def generator_loss(self, batch: Batch) -> Terms:
        """What the generator descends."""

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return self.adversary(x)


class FromNoise(TwoPlayer, Samples):
    r"""A game of two whose generator maps noise to samples.

    Args:
        latent: Coordinates of the noise.
        prior: The law of the noise.
        generator: From noise (B, latent) to samples (B, \*shape).
    """

    latent: int = 100
    prior: Law = Normal()
    generator: nn.Module = made(factory=lambda game: game.architecture.generator(game.latent, game.spec["x"]))

    def build(self) -> None:
        super().build()
        self.noise = self.prior.of(self.latent)

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        """What the generator makes of latents (n, Z); for games that can be asked to (``Decodes``)."""
        return self.generator(z)

    @classmethod
    def toy(cls) -> Self:
        """A game of points in the plane with small networks, unless the game says another."""
        return cls(Spec(x=Field((2,), "points")), latent=4, architecture=Plain())
