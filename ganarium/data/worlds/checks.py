"""Checks that the options of several worlds share."""

from __future__ import annotations

__all__ = ["at_least"]


def at_least(least: int, world: str, **options: float) -> None:
    """Raise unless every option is ``least`` or more.

    Raises:
        ValueError: naming the world, the option and what was given.
    """
    for option, value in options.items():
        if value < least:
            raise ValueError(f"The option '{option}' of {world} is {least} or more; got {value}.")
