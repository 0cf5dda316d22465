"""Rows of words as tables: for a terminal's plain text, and for Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["columns", "markdown"]


def columns(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows with their columns below each other, under their names.

    Example:
        >>> print(columns([{"arm": "game", "mean": "3"}, {"arm": "a", "mean": "0.5"}]))
        arm   mean
        game  3
        a     0.5
    """
    names = _names(rows)
    lines = [names, *([row.get(name, "") for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def markdown(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as a table of Markdown; nothing for no rows."""
    if not rows:
        return ""
    names = _names(rows)
    lines = [names, ["---"] * len(names), *([row.get(name, "") for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _names(rows: Sequence[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))
