"""Where a game comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Paper"]


@dataclass(frozen=True)
class Paper:
    """Where a game comes from.

    Args:
        title: The paper's title.
        authors: The authors, in order, each as "Given Family"; nobody, if there is no paper.
        year: The year in which it was published, or first put on arXiv; 0 if there is no paper.
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

    @classmethod
    def unpublished(cls, name: str, summary: str) -> Paper:
        """What stands for the paper of a game that has none.

        Args:
            name: The game's class, whose words become the command.
            summary: The first line of its docstring.

        Example:
            >>> Paper.unpublished("MyGAN", "").command
            'my-gan'
        """
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
        return cls(title=summary.rstrip(".") or name, authors=(), year=0, command=words.strip("_"))

    def __str__(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title

    def cite(self) -> str:
        """The paper as a BibTeX entry.

        Raises:
            ValueError: if there is none.
        """
        if not self.authors:
            raise ValueError(f"{self.command} names no paper. Give its class one: paper = Paper(title=..., ...).")
        key = self.authors[0].split()[-1].lower() + str(self.year) + self.title.split()[0].lower().strip(":,")
        rows = {"title": "{" + self.title + "}", "author": " and ".join(self.authors), "year": str(self.year)}
        if self.venue:
            rows["booktitle"] = self.venue
        if self.arxiv:
            rows |= {"eprint": self.arxiv, "archivePrefix": "arXiv"}
        body = "".join(f"  {name} = {{{value}}},\n" for name, value in rows.items())
        return f"@{'inproceedings' if self.venue else 'misc'}{{{key},\n{body}}}"
