"""Keeps numbers that are not finite away from the weights, and says where they came from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from ganarium.game import Terms

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Guard", "check_gradients"]


def check_gradients() -> None:
    """Check that gradients are not switched off.

    Raises:
        ValueError: if they are.
    """
    if not torch.is_grad_enabled():
        raise ValueError(
            "Gradients are switched off: this is called inside torch.no_grad() or torch.inference_mode(), or after "
            "torch.set_grad_enabled(False), and nothing can learn there. Call it outside."
        )


class Guard:
    """Looks at a player's terms and gradients before each step.

    On the CPU a look costs nothing, and what is not finite is an error at once. On other devices reading a number would
    wait for all work that is under way: there the finding stays on the device, the step is skipped there
    (:attr:`Seat.step` hands it to the optimiser), and :meth:`check` tells, whenever terms are read.

    Args:
        who: The player, as messages name it.
        fabric: Device and processes; of several processes, what one finds holds for all.
        waits: Whether findings stay on the device; None: on all devices but the CPU.
        descends: Whether the player descends a gradient; if not, what it owns is looked at after each step.
    """

    def __init__(self, who: str, fabric: Fabric, waits: bool | None = None, descends: bool = True):
        self.who, self.fabric, self.descends = who, fabric, descends
        self.waits = fabric.device.type != "cpu" if waits is None else waits
        self._names: list[str] = []
        # The round of the first finding, zero if there was none, and what was not finite then.
        self._round = torch.zeros((), device=fabric.device)
        self._values = torch.zeros(0, device=fabric.device)

    def look(self, terms: Terms, gradients: list[Tensor], round: int, rate: float) -> Tensor | None:
        """Look at a move; what is returned is above zero, on the device, if its step is to be skipped.

        Args:
            terms: The move's terms.
            gradients: Its gradients.
            round: The number of the round, from one.
            rate: The player's learning rate.

        Raises:
            FloatingPointError: if anything is not finite and findings do not wait.
        """
        rows = [*terms.values(), *(torch._foreach_norm(gradients) if gradients else ())]
        values = torch.stack(rows) if rows else torch.zeros(0, device=self.fabric.device)
        # A sum of finite numbers may overflow; it is still refused, for the step would be as wild.
        total = values.sum()
        self._rate, self._names = rate, list(terms)
        if self.fabric.world_size == 1 and not self.waits:
            if not math.isfinite(total.item()):
                raise FloatingPointError(self._story(round, values.tolist()))
            return None
        bad = (~total.isfinite()).float()
        if self.fabric.world_size > 1:
            bad = cast(Tensor, self.fabric.all_reduce(bad, reduce_op="max"))
        if not self.waits:
            if bad.item():
                raise FloatingPointError(self._story(round, values.tolist()))
            return None
        first = (self._round == 0) & (bad > 0)
        self._values = torch.where(first, values, self._values) if len(self._values) == len(values) else values
        self._round = torch.where(first, float(round), self._round)
        return bad

    def check(self) -> None:
        """Raise if anything was found; this waits for the device.

        Raises:
            FloatingPointError: naming player, term and round.
        """
        if self.waits and (round := int(self._round.item())):
            raise FloatingPointError(self._story(round, self._values.tolist()))

    def _story(self, round: int, values: list[float]) -> str:
        bad = [(name, value) for name, value in zip(self._names, values, strict=False) if not math.isfinite(value)]
        other = "a gradient is not finite" if self.descends else "what it owns would not be finite"
        what = f"the term '{bad[0][0]}' is {bad[0][1]}" if bad else other
        if not bad and math.isfinite(sum(values)):
            what = "another process met a number that is not finite"
        advice = f"Try a lower rate (now {self._rate:g}), or clip the gradient."
        if not self.descends:
            advice = "Try larger batches or another seed, or bound what its step divides by."
        return f"Round {round}, {self.who}: {what}. The weights have not taken this step. {advice}"
