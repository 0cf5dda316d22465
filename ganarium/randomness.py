"""Randomness as a function: of a seed, a round, a player, a move. No random state is ever stored.

Games and networks draw from the device's default generator, as all PyTorch code does. Whoever plays them sets that
generator to a number that follows from where they are, and puts it back when done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["mix", "seeded", "set_seed"]

_MASK = (1 << 64) - 1


def mix(*parts: int) -> int:
    """A seed below 2**63 that follows from all of ``parts`` (the finaliser of SplitMix64, folded over them).

    Example:
        >>> mix(0, 1) != mix(1, 0)
        True
    """
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = (state + part + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state >> 1


def set_seed(device: torch.device, seed: int) -> None:
    """Set the generators that code on ``device`` draws from: its own and the CPU's.

    The generators are seeded directly: :func:`torch.manual_seed` visits every backend and takes 200 times as long.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index or 0].manual_seed(seed)
    elif device.type != "cpu":
        torch.manual_seed(seed)


@contextmanager
def seeded(device: torch.device, seed: int | None) -> Iterator[None]:
    """Draw from the stream of ``seed`` inside, and go on with the outer stream after; None changes nothing."""
    if seed is None:
        yield
        return
    others = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=others):
        set_seed(device, seed)
        yield
