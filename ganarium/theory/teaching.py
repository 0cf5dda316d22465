"""What a lesson is: a marked function that works something out and returns what is to be shown."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganarium.files import ending
from ganarium.terminal import tables
from ganarium.zoo import index

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

__all__ = ["Shown", "check", "teach"]


_HELD, _LAST = 120, 2500  # milliseconds that a frame of a film is held, and the last one
_FORMATS = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Shown:
    """What a lesson found.

    Args:
        rows: Figures, each row by the same columns; what was found stands beside what is exact.
        picture: The figure.
        film: The frames of a film, where it is one; ``picture`` is then what it ends with.
        found: What follows from the rows, in a sentence.
    """

    rows: Sequence[Mapping[str, Any]]
    picture: Figure
    film: Sequence[Image] = ()
    found: str = ""

    def __str__(self) -> str:
        rows = [{name: _word(value) for name, value in row.items()} for row in self.rows]
        return "\n".join(filter(None, [tables.columns(rows), self.found]))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture, or the film.

        Args:
            path: Ends in ``.png``, ``.svg`` or ``.pdf``; a film in ``.gif``.

        Raises:
            ValueError: if it ends in something else.
        """
        path, suffix = check(path, film=bool(self.film)), ending(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.stem}.part{suffix}")
        if suffix == ".gif":
            held = [_HELD] * (len(self.film) - 1) + [_LAST]
            self.film[0].save(part, save_all=True, append_images=self.film[1:], duration=held, loop=0)
        else:
            self.picture.savefig(part, facecolor="white")
        part.replace(path)
        return path


def check(path: str | os.PathLike[str], film: bool) -> Path:
    """The path of a lesson's picture.

    Raises:
        ValueError: if it does not end as a picture's does, or a film's.
    """
    fits = (*_FORMATS, ".gif") if film else _FORMATS
    if ending(path) not in fits:
        raise ValueError(f"This lesson is written as {', '.join(fits)}; got '{Path(path).name}'.")
    return Path(path)


def _word(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def teach(name: str, **options: Any) -> Shown:
    """Work a lesson out.

    Args:
        name: As ``ganarium theory`` lists them.
        options: The lesson's own.

    Raises:
        ValueError: if there is no such lesson, or an option does not fit.
    """
    return index.lesson(name).call(**options)
