"""What happened in a round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Report"]


@dataclass
class Report:
    """What happened in a round.

    Args:
        round: Rounds played so far.
        seen: Data samples drawn so far, by all processes.
        stage: The name of the stage.
        seconds: Seconds since this trainer began to play.
        terms: The terms of each player's last move, as tensors, by ``player/term``.
    """

    round: int
    seen: int
    stage: str
    seconds: float
    terms: dict[str, Tensor]
    fabric: Fabric = field(repr=False)
    check: Callable[[], None] = field(repr=False)

    @cached_property
    def scalars(self) -> dict[str, float]:
        """The terms as numbers, averaged over processes. Reading them waits for the device; all processes read.

        Raises:
            FloatingPointError: if the device met a number that is not finite, in this round or before.
        """
        self.check()
        if not self.terms:
            return {}
        values = torch.stack([term.float() for term in self.terms.values()])
        if self.fabric.world_size > 1:
            values = cast(Tensor, self.fabric.all_reduce(values, reduce_op="mean"))
        return dict(zip(self.terms, values.tolist(), strict=True))
