"""How games of one's own are spoken of: names in a row, and errors with the line of the user's file."""

from __future__ import annotations

import traceback
from pathlib import Path

__all__ = ["enumerated", "said"]


def enumerated(names: list[str]) -> str:
    """Names in a row.

    Example:
        >>> enumerated(["Net", "Critic", "helper"])
        'Net, Critic and helper'
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def said(error: BaseException, path: Path | None) -> str:
    """An error in a line, with the last line of the user's file that led to it."""
    text = (str(error).strip().splitlines() or [""])[0][:300].rstrip(".")
    line = None
    if path is not None:
        same = [row.lineno for row in traceback.extract_tb(error.__traceback__) if Path(row.filename) == path]
        line = same[-1] if same else None
        if isinstance(error, SyntaxError):
            text, line = error.msg, error.lineno
    where = f" ({path.name}, line {line})" if path is not None and line else ""
    return f"{type(error).__name__}: {text}{where}" if text else f"{type(error).__name__}{where}"
