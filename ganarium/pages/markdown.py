r"""Docstrings as Markdown: reStructuredText's code, names, mathematics and blocks of code, and nothing else.

A formula stands between dollars, as MyST and forges read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from textwrap import dedent

__all__ = ["markdown"]


def markdown(text: str) -> str:
    r"""A docstring's text as Markdown.

    Example:
        >>> markdown(r"A ``real`` \*shape of :class:`~a.b.Pool`, :math:`x`.")
        'A `real` *shape of `Pool`, $x$.'
        >>> print(markdown("So\n\n.. math:: a &= b, \\\\\n    c &= d."))
        So
        <BLANKLINE>
        $$
        \begin{aligned}
        a &= b, \\
        c &= d.
        \end{aligned}
        $$
    """
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_blocks(text.split("\n")))).strip()


def _blocks(lines: list[str]) -> Iterator[str]:
    """Prose, and directives, each in one piece."""
    prose: list[str] = []
    place = 0
    while place < len(lines):
        if match := re.match(r"( *)\.\. (math|code-block):: ?(.*)", lines[place]):
            yield _inline("\n".join(prose))
            end = _end(lines, place + 1, len(match[1]))
            inside = dedent("\n".join(lines[place + 1 : end])).strip("\n")
            yield _math(match[3], inside) if match[2] == "math" else f"\n```{match[3]}\n{inside.lstrip()}\n```\n"
            prose, place = [], end
        else:
            prose.append(lines[place])
            place += 1
    yield _inline("\n".join(prose))


def _end(lines: list[str], place: int, indent: int) -> int:
    """The first line that is neither blank nor further in."""
    while place < len(lines) and (not lines[place].strip() or _indent(lines[place]) > indent):
        place += 1
    return place


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _math(first: str, rest: str) -> str:
    """Formulas, one for each paragraph; aligned where they say so."""
    lines = [first, *rest.split("\n")]
    parts = ["\n".join(group) for blank, group in groupby(lines, lambda line: not line.strip()) if not blank]
    shown = [rf"\begin{{aligned}}{chr(10)}{part}{chr(10)}\end{{aligned}}" if _aligned(part) else part for part in parts]
    return "\n" + "\n\n".join(f"$$\n{part}\n$$" for part in shown) + "\n"


def _aligned(formula: str) -> bool:
    return ("&" in formula or r"\\" in formula) and r"\begin" not in formula


def _inline(text: str) -> str:
    """Roles may go on in the next line."""
    text = re.sub(r":math:`([^`]+)`", r"$\1$", text)
    text = re.sub(r":\w+:`~[\w.]*?(\w+)`", r"`\1`", text)
    text = re.sub(r":\w+:`([^`]+)`", r"`\1`", text)
    return text.replace("``", "`").replace(r"\*", "*")
