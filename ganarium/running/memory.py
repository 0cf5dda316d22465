"""The memory that a run takes; and when it runs out, what was asked for, and what to do."""

from __future__ import annotations

import re

import torch

from ganarium.game import Game
from ganarium.running.settings import Settings
from ganarium.terminal.console import memory

__all__ = ["OutOfMemory", "advice", "asked_for", "footprint", "is_shortage"]

_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


class OutOfMemory(MemoryError):
    """A run needed more memory than there is; what it had saved is as it was."""


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on the CPU or on another device."""
    words = ("can't allocate memory", "not enough memory", "out of memory")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(each in str(error) for each in words)
    )


def asked_for(error: BaseException) -> str:
    """How much was asked for, in words, if the error knows; with a space before it.

    Example:
        >>> asked_for(RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has ..."))
        ' 20.0 MiB more'
    """
    found = re.search(r"tried to allocate ([\d.]+) ?(bytes|KiB|MiB|GiB)", str(error), re.IGNORECASE)
    return f" {memory(float(found[1]) * _UNITS[found[2]])} more" if found else ""


def advice(error: BaseException, device: str, batch: int, parts: int) -> str:
    """What a person should know and do."""
    at_once = f"{batch} samples" if parts == 1 else f"{batch // parts} of a batch's {batch} samples"
    asked = asked_for(error) or " more"
    return (
        f"The memory of {device} is full: the run wanted{asked}, with {at_once} at once. What it saved is safe.\n"
        f"Train with --adapt to go on with half as many at once, with --batch {max(batch // 2, 1)} for a smaller one, "
        "or make the networks or images smaller."
    )


def footprint(game: Game, settings: Settings) -> int:
    """The bytes of the networks, their average, their gradients, and two moments of each, as Adam keeps them."""
    parameters = sum(p.numel() * p.element_size() for p in game.parameters())
    return parameters * (4 + bool(settings.average))
