"""What a game's docstring says of its terms and of where it departs from its paper."""

from __future__ import annotations

import inspect
import re

from ganarium.pages.page import Markup, code, markup

__all__ = ["deviations", "formatted", "players", "sections"]


def sections(about: object) -> dict[str, str]:
    """The sections of a Google docstring by title, dedented; the summary is under the empty title.

    Example:
        >>> sections("What it is.\\n\\nPlayers:\\n    one: a\\n\\nBatch:\\n    x")
        {'': 'What it is.', 'Players': 'one: a', 'Batch': 'x'}
    """
    text = about if isinstance(about, str) else vars(about).get("__doc__") or ""
    found: dict[str, list[str]] = {"": []}
    title = ""
    for line in inspect.cleandoc(text).splitlines():
        if match := re.fullmatch(r"([A-Z][\w ]+):", line):
            title = match[1]
        found.setdefault(title, []).append(line)
    return {name: _body(lines if not name else lines[1:]) for name, lines in found.items()}


def players(about: type) -> dict[str, str]:
    """What each player's logged terms are: as the class says, or else the nearest of its bases that does."""
    said = (sections(base).get("Players", "") for base in inspect.getmro(about))
    return _entries(next(filter(None, said), ""), r"([\w ]+): ")


def deviations(about: object) -> list[str]:
    """Where a game departs from its paper, in order."""
    return list(_entries(sections(about).get("Deviations from the paper", ""), r"(\d+)\. ").values())


def formatted(text: str) -> Markup:
    r"""A docstring's text as HTML: code as code, and the last names of things that it points to.

    Example:
        >>> formatted(r"``real`` < :class:`~a.b.Pool`, :math:`x` and \*")
        '<code>real</code> &lt; <code>Pool</code>, <code>x</code> and *'
    """
    pieces = re.split(r"(``.+?``|:\w+:`.+?`)", text.replace(r"\*", "*"))
    return Markup("".join(_piece(piece) for piece in pieces))


def _piece(text: str) -> Markup:
    if text.startswith("``"):
        return code(text.strip("`"))
    if match := re.fullmatch(r":(\w+):`(.+?)`", text):
        inside = match[2]
        return code(inside if match[1] == "math" else inside.rpartition(".")[2] if inside.startswith("~") else inside)
    return markup(text)


def _entries(text: str, head: str) -> dict[str, str]:
    """Entries that begin with a head in the first column; indented lines go on."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if match := re.match(head, line):
            name = match[1]
            found[name] = line[match.end() :].strip()
        elif name and line.strip():
            found[name] = f"{found[name]} {line.strip()}"
    return found


def _body(lines: list[str]) -> str:
    return inspect.cleandoc("\n" + "\n".join(lines)).strip()
