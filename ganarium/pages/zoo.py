"""The zoo's pages: one for each game, from its docstrings, its paper, its claim and notes; and an index of all.

``make docs`` writes them (``python -m ganarium.pages.zoo docs``); they are not kept in the repository. What a docstring
cannot hold stands in ``docs/zoo/notes``: the formula of every logged term, commands, and what was measured.
"""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path

from ganarium.arguments import forms
from ganarium.files import write_text
from ganarium.pages.docstrings import deviations, players, sections
from ganarium.pages.markdown import markdown
from ganarium.pages.settings_table import in_words
from ganarium.proving.proving import kept, write_page
from ganarium.proving.verdict import Verdict
from ganarium.proving.words import table
from ganarium.zoo import index, options
from ganarium.zoo.index import GameEntry

__all__ = ["listing", "page", "write"]


def write(docs: Path) -> list[Path]:
    """Write a page for each game, the index and the page of all claims; returns what was written.

    Args:
        docs: The folder of the documentation.
    """
    verdicts = kept(docs / "claims")
    write_page(docs / "claims", docs / "claims.md")
    written = []
    for entry in index.games().values():
        written.append(docs / "zoo" / f"{entry.command}.md")
        write_text(written[-1], page(entry, docs, verdicts.get(entry.command)))
    write_text(docs / "zoo" / "index.md", listing(verdicts))
    return [*written, docs / "zoo" / "index.md", docs / "claims.md"]


def page(entry: GameEntry, docs: Path, verdict: Verdict | None) -> str:
    """A game's page.

    Args:
        entry: The game.
        docs: The folder of the documentation, with ``zoo/notes``, ``claims`` and pictures.
        verdict: What came of its claim; None if that was not measured.
    """
    game, notes = index.game_class(entry.command), _notes(docs, entry)
    idea = sections(inspect.getdoc(import_module(entry.module)) or "")[""]
    first, _, rest = idea.partition("\n")
    parts = {
        "The idea": markdown(_without_references(rest)),
        "The game": _after_summary(sections(game)[""]),
        "The players": "\n".join(f"* **{name}**: {markdown(text)}" for name, text in players(game).items()),
        "What is logged": notes.pop("What is logged", ""),
        "The options": f"{_run(entry)}\n\n{_options(game)}",
        "What to be careful of": game.caution,
        "Where it departs from the paper": _deviations(deviations(game)),
        "The command": notes.pop("The command", f"```sh\nganarium train {entry.command} --data toy --rounds 100\n```"),
        "The claim": "" if verdict is None else table(verdict, "../claims/"),
        **notes,
        "To cite it": f"```bibtex\n{entry.paper.cite()}\n```",
    }
    head = [f"# {entry.command}", _paper(entry), f"**{markdown(first)}**"]
    if picture := _picture(docs, entry):
        head.append(f"![samples of {entry.command}]({picture})")
    text = [f"## {title}\n\n{part}" for title, part in parts.items() if part]
    return "\n\n".join([*head, *text]) + "\n"


def listing(verdicts: dict[str, Verdict]) -> str:
    """The index: every game, with what its claim came to; filtered by year and name in a browser."""
    rows = ["| game | year | paper | authors | family | claim |", "|---|---|---|---|---|---|"]
    for entry in index.games().values():
        claim = verdicts.get(entry.command)
        said = "" if claim is None else f"[{'holds' if claim.holds else 'does not hold'}](../claims.md#{entry.command})"
        cells = [f"[{entry.command}]({entry.command}.md)", str(entry.paper.year), entry.paper.title]
        rows.append(f"| {' | '.join([*cells, _authors(entry), entry.family, said])} |")
    head = (
        "# The zoo",
        f"{len(index.games())} games, each one file and one page; [what they prove](../claims.md).",
        '```{raw} html\n<div id="zoo-filter"></div>\n```',
    )
    pages = "\n".join(index.games())
    return "\n\n".join([*head, "\n".join(rows), f"```{{toctree}}\n:hidden:\n\n{pages}\n```"]) + "\n"


def _paper(entry: GameEntry) -> str:
    paper = entry.paper
    link = f" [arXiv {paper.arxiv}](https://arxiv.org/abs/{paper.arxiv})." if paper.arxiv else ""
    path = f"{entry.module.replace('.', '/')}.py"
    able = ", ".join(index.doings()[word] for word in index.abilities(entry))
    where = f"{paper.venue}, {paper.year}" if paper.venue else str(paper.year)
    what = f"`{path}`: class `{entry.name}`, family *{entry.family}*; {able}. Plays on {_needs(entry)}."
    return f"*{paper.title}*. {_authors(entry).rstrip(chr(46))}. {where}.{link}\n\n{what}"


def _picture(docs: Path, entry: GameEntry) -> str:
    """A picture made for the page, or what the claim's game made; empty if there is neither."""
    for path in (f"{entry.command}.png", f"../claims/pictures/{entry.command}-game.png"):
        if (docs / "zoo" / path).exists():
            return path
    return ""


def _needs(entry: GameEntry) -> str:
    needs = index.needs(entry).items()
    return ", ".join(f"`{name}` ({' or '.join(kinds)})" if kinds else f"`{name}`" for name, kinds in needs)


def _authors(entry: GameEntry) -> str:
    first, *others = entry.paper.authors
    return ", ".join([first, *others]) if len(others) < 3 else f"{first} et al."


def _notes(docs: Path, entry: GameEntry) -> dict[str, str]:
    """The sections that were written by hand, by title."""
    file = docs / "zoo" / "notes" / f"{entry.command}.md"
    if not file.exists():
        return {}
    _, *parts = re.split(r"(?m)^## (.+)\n", file.read_text(encoding="utf-8"))
    return {title: text.strip() for title, text in zip(parts[::2], parts[1::2], strict=True)}


def _without_references(text: str) -> str:
    return re.split(r"(?m)^References?:$", text)[0]


def _after_summary(text: str) -> str:
    """The mathematics of the class's docstring; its summary where there is no more."""
    summary, _, rest = text.partition("\n\n")
    return markdown(rest or summary)


def _run(entry: GameEntry) -> str:
    """What the paper's settings are, and who plays them."""
    name = f"{entry.name}.as_published(data)"
    return f"The paper's run: {entry.paper.run_in_words}. `--paper` plays it, in Python `{name}`, with these options:"


def _options(game: type) -> str:
    """A table of the constructor's options with the paper's values."""
    rows = ["| option | the paper's | meaning |", "|---|---|---|"]
    for row in forms.rows_of(game):
        if row.name != "spec":
            value = in_words(options.plain(row.default)).replace("|", r"\|")
            rows.append(f"| `{row.name}` | {value} | {markdown(row.help)} |")
    return "\n".join(rows)


def _deviations(found: list[str]) -> str:
    return "\n".join(f"{number}. {markdown(text)}" for number, text in enumerate(found, 1))


if __name__ == "__main__":
    print("\n".join(map(str, write(Path(sys.argv[1])))))
