"""What a lesson is, as lists show it: a marked function, found without importing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar

__all__ = ["Lesson", "lesson"]


Taught = TypeVar("Taught", bound=Callable[..., Any])


@dataclass(frozen=True)
class Lesson:
    """A lesson, as lists show it.

    Args:
        name: On the command line.
        says: What it shows, in a sentence.
        source: Where that is proved or first shown.
        quick: Options with which it takes seconds, for tests and a first look.
        film: Whether it is a film.
        module: Where it is.
        function: The function's name.
        about: The first lines of its docstring.
    """

    name: str
    says: str
    source: str
    quick: Mapping[str, Any] = field(default_factory=dict)
    film: bool = False
    module: str = ""
    function: str = ""
    about: str = ""

    @property
    def call(self) -> Callable[..., Any]:
        """The lesson itself, imported."""
        return getattr(import_module(self.module), self.function)


def lesson(name: str, **facts: Any) -> Callable[[Taught], Taught]:
    """Mark a function as a lesson; the fields of :class:`Lesson` stand in the call as literals.

    :func:`ganarium.zoo.index.lessons` reads them from the file, so that a list imports nothing.

    Args:
        name: As in :class:`Lesson`.
        facts: ``says``, ``source``, ``quick`` and ``film``.
    """

    def mark(function: Taught) -> Taught:
        return function

    return mark
