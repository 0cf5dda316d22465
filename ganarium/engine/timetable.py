"""How a run's rounds are shared among the stages, and how many samples they draw."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ganarium.game import Player, Stage

__all__ = ["Timetable"]


class Timetable:
    """The arithmetic of a run's budget.

    Args:
        stages: The parts of a run, in order.
    """

    def __init__(self, stages: Sequence[Stage]):
        self.stages = stages

    def bounds(self, rounds: int) -> list[tuple[int, int]]:
        """The first round of each stage, and the one after its last, in a run of ``rounds``."""
        shares = [stage.share for stage in self.stages]
        ends = [round(rounds * sum(shares[: i + 1]) / sum(shares)) for i in range(len(shares))]
        return list(zip([0, *ends[:-1]], ends, strict=True))

    def seen_in(self, rounds: int, batch_size: int) -> int:
        """How many samples a run of so many rounds draws in all."""
        total = 0
        for stage, (start, end) in zip(self.stages, self.bounds(rounds), strict=True):
            # The pattern of who plays repeats, unless a number of moves is a function of the round.
            free = any(callable(player.moves) for player in stage.players)
            period = end - start if free else min(math.lcm(*(player.every for player in stage.players)), end - start)
            draws = [_draws(stage.players, turn) for turn in range(period)]
            whole, rest = divmod(end - start, max(period, 1))
            total += whole * sum(draws) + sum(draws[:rest])
        return total * batch_size

    def rounds_in(self, seen: int, batch_size: int) -> int:
        """The longest run that draws no more than ``seen`` samples; at least one round."""
        high = 1
        while self.seen_in(high, batch_size) <= seen:
            high *= 2
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.seen_in(middle, batch_size) <= seen else (low, middle)
        return max(low, 1)


def _draws(players: Sequence[Player], turn: int) -> int:
    """How many batches a round draws: one for each shared move, and one for each move of who wants fresh ones."""
    shared = max((player.moves_in(turn) for player in players if not player.fresh), default=0)
    return shared + sum(player.moves_in(turn) for player in players if player.fresh)
