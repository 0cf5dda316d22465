"""``ganarium list`` and ``ganarium cite``: what there is to play, and to play on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ganarium.cli.commands.base import as_json, call, table, verb
from ganarium.zoo import index, own

__all__ = ["cite", "list_"]


@verb("list", says="[games|data|claims|metrics]", about="what there is to play, and to play on", group="what there is")
def list_(words: list[str]) -> int:
    """List games, data, claims or metrics."""
    what, rest = (words[0], words[1:]) if words and not words[0].startswith("-") else ("games", words)
    if what not in _LISTS:
        raise ValueError(f"There are lists of games, of data, of claims and of metrics; got '{what}'.")
    return call(_list, rest, "ganarium list", what=what)


def _list(what: str, year: int | None = None, search: str = "", json: bool = False) -> None:
    """List games, data, claims or metrics: the word that stands first says which.

    Args:
        what: Games, data, claims or metrics.
        year: Only games of this year.
        search: Only what has this text in its names, title or authors.
        json: Print JSON.
    """
    rows = [row for row in _LISTS[what]() if year is None or row.get("year", year) == year]
    rows = [row for row in rows if search.lower() in " ".join(map(str, row.values())).lower()]
    if json:
        print(as_json(rows))
        return
    table(
        rows, hide=("module", "authors", "summary", "arxiv", *(() if any(row.get("of") for row in rows) else ("of",)))
    )
    for note in _notes() if what == "games" else ():
        print(note)


def _games() -> list[dict[str, Any]]:
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
            "of": entry.package,
        }
        for entry in index.every_game().values()
    ]


def _notes() -> list[str]:
    """Games of packages that cannot be called by their command."""
    clashing = {name: found for name, found in own.packaged().items() if name in index.games() or len(found) > 1}
    return [
        f"not listed: '{name}' of {' and '.join(entry.package for entry in found)}, "
        + ("which the zoo has" if name in index.games() else "which are two")
        for name, found in clashing.items()
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


def _metrics() -> list[dict[str, Any]]:
    rows = []
    for each in index.metrics().values():
        ways = list(dict.fromkeys(each.better.values()))
        rows.append({"metric": list(each.names), "better": ways, "says": each.about})
        rows[-1]["measured"] = "on request" if each.asked else "while training, and at the end" if each.quick else ""
    return rows


_LISTS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "games": _games,
    "data": _loaders,
    "claims": _claims,
    "metrics": _metrics,
}


@verb("cite", says="GAME", about="the paper, as BibTeX", group="what there is")
def cite(words: list[str]) -> int:
    """Print a game's paper as BibTeX."""
    if {"-h", "--help"} & set(words):
        print("ganarium cite GAME\n\nThe paper of a game, as BibTeX; `ganarium list` has the games.")
        return 0
    if len(words) != 1 or words[0].startswith("-"):
        raise ValueError("Which game? `ganarium cite GAME`; see `ganarium list`.")
    print(index.game(words[0]).paper.cite())
    return 0
