"""What was found in a folder of images: how many, what was left out and why, what was converted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Scan"]

_NAMED = 3  # files of each reason that a message names


@dataclass
class Scan:
    """What was found in a folder of images; ``str`` of it is the whole story.

    Args:
        root: The folder.
        files: How many files have the name of an image.
        skipped: The files that were left out, by reason.
        converted: How many images were converted, by what they were.
        notes: What else a person should know, a sentence each.

    Example:
        >>> scan = Scan("photos", 5, {"not an image": ["a.png"]}, {"CMYK (converted)": 2})
        >>> scan.images
        4
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

    @property
    def images(self) -> int:
        """How many images can be used."""
        return self.files - sum(map(len, self.skipped.values()))

    @property
    def counts(self) -> dict[str, int]:
        """How many files were left out, by reason."""
        return {reason: len(names) for reason, names in self.skipped.items()}

    @property
    def warning(self) -> str:
        """What was left out, in a few lines; empty if nothing was."""
        if not self.skipped:
            return ""
        rows = [f"{len(names):,} {reason} ({_some(names)})" for reason, names in self.skipped.items()]
        left = self.files - self.images
        return f"{left:,} of {self.files:,} files in {self.root} were skipped: {'; '.join(rows)}."

    def lines(self) -> list[str]:
        """What was converted, and the notes: a sentence each."""
        return [*(f"{_images(count)} had {what}" for what, count in self.converted.items()), *self.notes]

    def __str__(self) -> str:
        skipped = [
            f"{len(names):,} skipped: {reason} ({_some(names)})" for reason, names in sorted(self.skipped.items())
        ]
        return "\n".join([f"{self.root}: {_images(self.images)}", *skipped, *self.lines()])

    @classmethod
    def of(cls, root: str, names: Sequence[str], skipped: Sequence[tuple[int, str]], words: Counter[str]) -> Scan:
        """A scan from the files' names, the places of those skipped with their reasons, and what was converted."""
        reasons: dict[str, list[str]] = {}
        for place, reason in skipped:
            reasons.setdefault(reason, []).append(names[place])
        return cls(root, len(names), dict(sorted(reasons.items())), dict(sorted(words.items())))

    def plain(self) -> dict[str, Any]:
        """Counts and sentences only, for a report."""
        return {"root": self.root, "images": self.images, "skipped": self.counts, "notes": self.lines()}


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"
