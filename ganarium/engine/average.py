"""The average of what the players learn, as a copy of the game."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from ganarium.game import Game, Player

__all__ = ["Average"]


class Average:
    r"""An exponential average of a game, on which every ability works.

    After ``n`` samples, what moves does so by :math:`1 - 2^{-n/h}` of the way, with a half-life :math:`h` that is at
    most a twentieth of what was seen so far, so that the average forgets how it began.

    Args:
        game: The game to follow.
        half_life: In samples seen.
    """

    def __init__(self, game: Game, half_life: float):
        self.source = game
        self.half_life = half_life
        self.game = copy.deepcopy(game).requires_grad_(False)
        self._moving: tuple[list[Tensor], list[Tensor]] = ([], [])
        self._copied: tuple[list[Tensor], list[Tensor]] = ([], [])

    def follow(self, players: Iterable[Player]) -> None:
        """Average what these players own from now on.

        Parameters, and buffers called ``running_...``, move toward the game's; those that these players do not own
        stay as they are. Other buffers are copied: an average of unit vectors or of counts means nothing.
        """
        networks = [network for player in players for network in player.owns]
        own = {tensor for network in networks for tensor in (*network.parameters(), *network.buffers())}
        mine, theirs = self.game, self.source
        parameters = zip(mine.parameters(), theirs.parameters(), strict=True)
        names = [name for name, _ in theirs.named_buffers()]
        buffers = list(zip(names, mine.buffers(), theirs.buffers(), strict=True))
        running = [(mean, now) for name, mean, now in buffers if _is_mean(name, now)]
        moving = [(mean, now) for mean, now in (*parameters, *running) if now in own]
        copied = [(mean, now) for name, mean, now in buffers if not _is_mean(name, now)]
        self._moving = [mean for mean, _ in moving], [now for _, now in moving]
        self._copied = [mean for mean, _ in copied], [now for _, now in copied]

    @torch.no_grad()
    def update(self, drawn: int, seen: int) -> None:
        """Move on by ``drawn`` samples, of ``seen`` in all."""
        if not drawn:
            return
        half_life = max(min(self.half_life, seen / 20), 1e-9)
        if self._moving[0]:
            torch._foreach_lerp_(*self._moving, 1 - 0.5 ** (drawn / half_life))
        for mean, now in zip(*self._copied, strict=True):
            mean.copy_(now)

    @torch.no_grad()
    def reset(self, before: Mapping[str, Tensor]) -> None:
        """Take over whatever differs from ``before``, an earlier state of the game."""
        mine = self.game.state_dict()
        for name, now in self.source.state_dict().items():
            if not torch.equal(now, before[name]):
                mine[name].copy_(now)


def _is_mean(name: str, buffer: Tensor) -> bool:
    return name.rpartition(".")[2].startswith("running_") and buffer.is_floating_point()
