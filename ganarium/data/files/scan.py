"""What was found in a folder of images: how many, what was left out and why, what was converted, what is odd."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["ALLOWED", "Row", "Scan", "Unusable", "some"]

#: The largest share of the files that may be skipped, unless another is asked for.
ALLOWED = 0.05

_NAMED = 3  # files of each reason that a message names
_NO_IMAGES = ("no images", "hidden", "a link")  # how the reasons begin to pass by what is no image


class Unusable(ValueError):
    """Too many files of a folder cannot be used.

    Args:
        text: What a person should read.
        scan: What was found.
    """

    def __init__(self, text: str, scan: Scan):
        super().__init__(text)
        self.scan = scan


class Row(NamedTuple):
    """A line of the table of what was found.

    Args:
        group: What is done with the files.
        count: How many there are.
        what: Why, or what they are.
        names: Some of them, or nothing.
    """

    group: str
    count: int
    what: str
    names: str


@dataclass
class Scan:
    """What was found in a folder of images; ``str`` of it is the whole story.

    Args:
        root: The folder.
        files: How many files have the name of an image.
        skipped: The files that were left out, by reason.
        converted: How many images were converted, by what they were.
        notes: What else a person should know, a sentence each.
        noticed: Files that are used and have something odd, by what it is; :func:`~ganarium.data.files.examine` looks.
        beside: Files that were not looked into, by why; :func:`~ganarium.data.files.examine` looks.
        classes: How many images each class has.
        allowed: The largest share of the files that may be skipped.

    Raises:
        ValueError: if ``allowed`` is no share.

    Example:
        >>> scan = Scan("photos", 5, {"not an image": ["a.png"]}, {"CMYK (converted)": 2})
        >>> scan.images, scan.share
        (4, 0.2)
        >>> print(scan)
        photos: 4 images
        1 skipped: not an image (a.png)
        2 images had CMYK (converted)
    """

    root: str
    files: int
    skipped: dict[str, list[str]] = field(default_factory=dict)
    converted: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    noticed: dict[str, list[str]] = field(default_factory=dict)
    beside: dict[str, list[str]] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    allowed: float = ALLOWED

    def __post_init__(self) -> None:
        if not isinstance(self.allowed, int | float) or not 0 <= self.allowed <= 1:
            raise ValueError(
                f"The option 'skip' is the largest share of files that may be skipped, 0 to 1; got {self.allowed!r}."
            )

    @property
    def images(self) -> int:
        """How many images can be used."""
        return self.files - sum(map(len, self.skipped.values()))

    @property
    def share(self) -> float:
        """The share of the files that was left out."""
        return (self.files - self.images) / self.files if self.files else 0.0

    @property
    def counts(self) -> dict[str, int]:
        """How many files were left out, by reason."""
        return {reason: len(names) for reason, names in self.skipped.items()}

    @property
    def warning(self) -> str:
        """What was left out, in a few lines; empty if nothing was."""
        if not self.skipped:
            return ""
        rows = [f"{len(names):,} {reason} ({some(names)})" for reason, names in self.skipped.items()]
        left = self.files - self.images
        return f"{left:,} of {self.files:,} files in {self.root} were skipped: {'; '.join(rows)}."

    @property
    def passed(self) -> str:
        """Which files seem to be images and were not looked into, in a few lines; empty if there are none."""
        images = {why: names for why, names in self.beside.items() if not why.startswith(_NO_IMAGES)}
        rows = [f"{len(names):,} {why} ({some(names)})" for why, names in images.items()]
        count = sum(map(len, images.values()))
        if not count:
            return ""
        what = f"{count:,} file{'s' if count > 1 else ''} in {self.root} seem{'s' * (count == 1)} to be images"
        return f"{what} and are not used: {'; '.join(rows)}. Give them the ending of their type, or convert them."

    @property
    def refusal(self) -> str:
        """Why nothing should be trained on this, and what to do; empty if it can be."""
        if not self.images:
            return f"None of the {self.files:,} images in {self.root} can be read.\n{self.warning}"
        if self.share <= self.allowed:
            return ""
        enough = math.ceil(self.share * 100) / 100
        return (
            f"{self.files - self.images:,} of {self.files:,} files in {self.root} cannot be used, {self.share:.1%}; "
            f"at most {self.allowed:.1%} may be skipped.\n"
            f"Mend or remove them (`ganarium doctor {self.root} --json` names them all), or allow it: "
            f"--data.skip {enough:g}, in Python skip={enough:g}."
        )

    def check(self) -> None:
        """Raise unless enough of the files can be used.

        Raises:
            Unusable: saying how many cannot, why, in a table, and what to do.
        """
        if self.refusal:
            what, _, remedy = self.refusal.partition("\n")
            table = f"{_aligned(self._table(self.skipped, 'skipped'))}\n" if self.images else ""
            raise Unusable(f"{what}\n{table}{remedy}", self)

    def rows(self) -> list[Row]:
        """All that was found, one reason a row."""
        converted = [Row("converted", count, what, "") for what, count in self.converted.items()]
        return [
            *([Row("classes", len(self.classes), _classes(self.classes), "")] if self.classes else []),
            *self._table(self.skipped, "skipped"),
            *converted,
            *self._table(self.noticed, "used, noted"),
            *self._table(self.beside, "not looked into"),
        ]

    def table(self) -> str:
        """The rows as plain text, and the notes below."""
        rows, notes = self.rows(), [f"  {note}" for note in self.notes]
        return "\n".join([self.title, *([_aligned(rows)] if rows else []), *notes])

    @property
    def title(self) -> str:
        """How many images of how many files are used."""
        return f"{self.root}: {self.images:,} of {self.files:,} files are used"

    def lines(self) -> list[str]:
        """What was converted, and the notes: a sentence each."""
        return [*(f"{_images(count)} had {what}" for what, count in self.converted.items()), *self.notes]

    def __str__(self) -> str:
        skipped = [f"{row.count:,} skipped: {row.what} ({row.names})" for row in self._table(self.skipped, "")]
        odd = [*self._table(self.noticed, "used, noted"), *self._table(self.beside, "not looked into")]
        rest = [f"{row.count:,} {row.group}: {row.what} ({row.names})" for row in odd]
        return "\n".join([f"{self.root}: {_images(self.images)}", *skipped, *self.lines(), *rest])

    @classmethod
    def of(
        cls,
        root: str,
        names: Sequence[str],
        skipped: Sequence[tuple[int, str]],
        words: Counter[str],
        allowed: float = ALLOWED,
    ) -> Scan:
        """A scan from the files' names, the places of those skipped with their reasons, and what was converted."""
        reasons: dict[str, list[str]] = {}
        for place, reason in skipped:
            reasons.setdefault(reason, []).append(names[place])
        return cls(root, len(names), dict(sorted(reasons.items())), dict(sorted(words.items())), allowed=allowed)

    def plain(self) -> dict[str, Any]:
        """All of it as plain values, every file named."""
        return {
            **{name: getattr(self, name) for name in ("root", "files", "images", "share", "allowed", "classes")},
            **{name: getattr(self, name) for name in ("skipped", "converted", "noticed", "beside", "notes")},
            "refused": bool(self.refusal),
        }

    @staticmethod
    def _table(reasons: dict[str, list[str]], group: str) -> list[Row]:
        return [Row(group, len(names), what, some(names)) for what, names in reasons.items()]


def _aligned(rows: Sequence[Row]) -> str:
    """Rows as lines of plain text in columns."""
    groups, whats = (max(len(row[place]) for row in rows) for place in (0, 2))  # type: ignore[arg-type]
    counts = max(len(f"{row.count:,}") for row in rows)
    lines = [
        f"  {row.group:<{groups}}  {row.count:>{counts},}  {row.what:<{min(whats, 60)}}  {row.names}" for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def _classes(counts: dict[str, int]) -> str:
    shown = [f"{name} {count:,}" for name, count in list(counts.items())[:8]]
    return ", ".join(shown) + (f" and {len(counts) - 8:,} more" if len(counts) > 8 else "")


def some(names: Sequence[str]) -> str:
    """The first few of the names, and how many more there are."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"
