"""``ganarium list`` and ``ganarium cite``: what there is to play, and to play on."""

from __future__ import annotations

from typing import Any, Literal

from ganarium import index
from ganarium.commands.base import as_json, call, table

__all__ = ["cite", "list_"]


def list_(words: list[str]) -> int:
    """List games, data or claims.

    Args:
        what: Games, data, or claims.
        year: Only games of this year.
        search: Only what has this text in its names, title or authors.
        json: Print JSON.
    """

    def run(
        what: Literal["games", "data", "claims"] = "games",
        year: int | None = None,
        search: str = "",
        json: bool = False,
    ) -> int:
        rows = _games(year) if what == "games" else _loaders() if what == "data" else _claims()
        rows = [row for row in rows if search.lower() in " ".join(map(str, row.values())).lower()]
        if json:
            print(as_json(rows))
        else:
            table(rows, hide=("module", "authors", "summary", "arxiv"))
        return 0

    what, rest = (words[0], words[1:]) if words and not words[0].startswith("-") else ("games", words)
    if what not in ("games", "data", "claims"):
        raise ValueError(f"There are lists of games, of data and of claims; got '{what}'.")
    return call(run, rest, "ganarium list", list_.__doc__, what=what)


def _games(year: int | None) -> list[dict[str, Any]]:
    return [
        {
            "command": entry.command,
            "class": entry.name,
            "year": entry.paper.year,
            "title": entry.paper.title,
            "can": list(index.abilities(entry)),
            "needs": [" or ".join(kinds) or name for name, kinds in index.needs(entry).items()],
            "authors": list(entry.paper.authors),
            "arxiv": entry.paper.arxiv,
            "summary": entry.summary,
            "module": entry.module,
        }
        for entry in index.games().values()
        if year in (None, entry.paper.year)
    ]


def _loaders() -> list[dict[str, Any]]:
    entries = {**index.loaders(), **{f"{name}:PATH": entry for name, entry in index.readers().items()}}
    return [
        {"name": name, "title": entry.title, "fields": list(entry.fields), "kinds": list(entry.kinds.values())}
        for name, entry in entries.items()
    ]


def _claims() -> list[dict[str, Any]]:
    return [
        {"claim": each.name, "says": each.says, "world": each.world, "measure": each.measure, "source": each.source}
        for each in index.claims().values()
    ]


def cite(words: list[str]) -> int:
    """Print a game's paper as BibTeX."""
    if len(words) != 1 or words[0].startswith("-"):
        raise ValueError("Which game? `ganarium cite GAME`; see `ganarium list`.")
    print(index.game(words[0]).paper.cite())
    return 0
