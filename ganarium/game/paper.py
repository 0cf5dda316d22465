"""Where a game comes from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Paper"]


@dataclass(frozen=True)
class Paper:
    """Where a game comes from.

    Args:
        title: The paper's title.
        authors: The authors, in order, each as "Given Family".
        year: The year in which it was published, or first put on arXiv.
        command: The game's name on the command line.
        arxiv: The arXiv number, or empty.
        venue: The conference or journal, or empty.
    """

    title: str
    authors: tuple[str, ...]
    year: int
    command: str
    arxiv: str = ""
    venue: str = ""

    def cite(self) -> str:
        """The paper as a BibTeX entry."""
        key = self.authors[0].split()[-1].lower() + str(self.year) + self.title.split()[0].lower().strip(":,")
        rows = {"title": "{" + self.title + "}", "author": " and ".join(self.authors), "year": str(self.year)}
        if self.venue:
            rows["booktitle"] = self.venue
        if self.arxiv:
            rows |= {"eprint": self.arxiv, "archivePrefix": "arXiv"}
        body = "".join(f"  {name} = {{{value}}},\n" for name, value in rows.items())
        return f"@{'inproceedings' if self.venue else 'misc'}{{{key},\n{body}}}"
