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
        batch: Samples in a batch of the paper's experiment that the constructor's defaults are from; 0 where nobody
            has said.
        average: The half-life of the averaged weights that the paper samples with, in samples seen; 0 where samples
            are of the weights as they are.
    """

    title: str
    authors: tuple[str, ...]
    year: int
    command: str
    arxiv: str = ""
    venue: str = ""
    batch: int = 0
    average: float = 0.0

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

    @property
    def run(self) -> dict[str, float]:
        """The settings of a run that the paper says, ``batch_size`` where it is known, and ``average``.

        Example:
            >>> Paper("Games", ("A Person",), 2014, "game", batch=100).run
            {'batch_size': 100, 'average': 0.0}
        """
        if not self.authors:
            return {}
        return {**({"batch_size": self.batch} if self.batch else {}), "average": self.average}

    @property
    def run_in_words(self) -> str:
        """What the paper says of a run, as a person reads it.

        Example:
            >>> Paper("Games", ("A Person",), 2014, "game", batch=100).run_in_words
            'batches of 100, no averaged weights'
        """
        batches = f"batches of {self.batch:,}" if self.batch else "batches of a size that is not known"
        average = f"weights averaged with a half-life of {self.average:,.0f} samples" if self.average else ""
        return f"{batches}, {average or 'no averaged weights'}"

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
