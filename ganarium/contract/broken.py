"""What a property of games is, and how it is said that one is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ganarium.game import Game

__all__ = ["PROPERTIES", "Broken", "Inapplicable", "Property", "expect", "holds"]


class Broken(AssertionError):
    """A game does not keep a property: what is wrong, and what to do."""


class Inapplicable(Exception):
    """Why a property is not asked of a game."""


@dataclass(frozen=True)
class Property:
    """What games keep.

    Args:
        says: What, in a sentence about the game.
        check: Raises :class:`Broken` or :class:`Inapplicable`.
        house: Whether it is asked of games that stand in the zoo only: names, docstrings, length.
    """

    says: str
    check: Callable[[type[Game]], None]
    house: bool = False

    @property
    def name(self) -> str:
        """What tests call it."""
        return self.check.__name__


#: All properties, in the order in which they are checked.
PROPERTIES: list[Property] = []


def holds(says: str, *, house: bool = False) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Mark a function as a property.

    Args:
        says: As in :class:`Property`.
        house: As there.
    """

    def mark(check: Callable[[Any], None]) -> Callable[[Any], None]:
        PROPERTIES.append(Property(says, check, house))
        return check

    return mark


def expect(kept: Any, sentence: str) -> None:
    """Raise if something is not so.

    Raises:
        Broken: with the sentence.
    """
    if not kept:
        raise Broken(sentence)
