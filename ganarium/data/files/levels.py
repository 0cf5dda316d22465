"""What the numbers of a folder's images mean: one rule for the whole folder, from the levels of all of them.

A file keeps its numbers in a *container*. Bytes and words of 16 bits have a range of their own, whose ends are black
and white; floats and signed whole numbers have none, and are taken as [0, 1] or [-1, 1], whichever they fill, or
refused. ``range=(low, high)`` says what is black and white instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ganarium.data.ranges import NARROW, NOISE, advised, number
from ganarium.spec import Field

__all__ = [
    "BYTES",
    "NUMBERS",
    "WORDS",
    "Beyond",
    "Level",
    "Levels",
    "Span",
    "beyond",
    "field_span",
    "in_units",
    "joined",
    "notes_on",
    "ruled_by",
    "spanned",
    "span_for",
]

Span = tuple[float, float]

BYTES, WORDS, NUMBERS = "8 bits", "16 bits", "floats or signed numbers"
#: The range of a container that has one.
_OWN: dict[str, Span] = {BYTES: (0, 255), WORDS: (0, 65535)}


class Beyond(ValueError):
    """The numbers of images do not lie where they should.

    Args:
        found: Where they lie.
        remedy: What to do.
        containers: The containers that the images have.
    """

    def __init__(self, found: str, remedy: str, containers: Sequence[str]):
        super().__init__(f"{found}\n{remedy}")
        self.found = found
        self.containers = tuple(containers)


class Level(NamedTuple):
    """The lowest and highest number of the images of one container.

    Args:
        low: The lowest.
        high: The highest.
        count: How many images there are.
        lowest: The place, among the files, of the first image that has the lowest.
        highest: Likewise of the highest.
    """

    low: float
    high: float
    count: int
    lowest: int
    highest: int

    def later(self, places: int) -> Level:
        """The same of files that stand later by some places."""
        return self._replace(lowest=self.lowest + places, highest=self.highest + places)


Levels = dict[str, Level]


def joined(one: Mapping[str, Level], other: Mapping[str, Level]) -> Levels:
    """The levels of two parts of a folder together, the first of which comes first.

    Example:
        >>> joined({"8 bits": Level(0, 9, 1, 0, 0)}, {"8 bits": Level(3, 20, 1, 1, 1)})
        {'8 bits': Level(low=0, high=20, count=2, lowest=0, highest=1)}
    """
    both = {**one, **other}
    for name in one.keys() & other.keys():
        a, b = one[name], other[name]
        low, high = (a if a.low <= b.low else b), (a if a.high >= b.high else b)
        both[name] = Level(low.low, high.high, a.count + b.count, low.lowest, high.highest)
    return both


def spanned(value: Sequence[float] | None, name: str = "range") -> Span | None:
    """A range that somebody gave, as two numbers.

    Raises:
        ValueError: if it is none.
    """
    if value is None:
        return None
    if isinstance(value, str) or len(value) != 2 or not value[0] < value[1]:
        raise ValueError(f"{name} is (low, high) with low < high; got {tuple(value)}.")
    return float(value[0]), float(value[1])


def ruled_by(container: str, span: Span | None) -> Span:
    """What is black and white in images of a container, where ``span`` is the range that was given.

    Bytes that cannot hold the range show it as pictures do: their 0 is its low end, and their 255 its high one.

    Example:
        >>> ruled_by("16 bits", None), ruled_by("16 bits", (0, 4095)), ruled_by("8 bits", (0, 4095))
        ((0, 65535), (0, 4095), (0, 255))
    """
    own = _OWN.get(container, (0.0, 1.0))
    if span is None or (container == BYTES and not own[0] <= span[0] < span[1] <= own[1]):
        return own
    return span


def beyond(container: str, low: float, high: float, span: Span | None) -> bool:
    """Whether numbers leave the range by which they are read, by more than rounding does."""
    black, white = ruled_by(container, span)
    noise = NOISE * (white - black) if container == NUMBERS else 0.0
    return low < black - noise or high > white + noise


def span_for(levels: Levels, span: Span | None, names: Sequence[str], root: str) -> Span | None:
    """The range by which all images of a folder are read; None: each container by its own.

    Args:
        levels: What their numbers are.
        span: The range that was given.
        names: The names of the files, for messages.
        root: What messages call the folder.

    Raises:
        Beyond: if they leave the range that was given, or have none of their own and fill neither [0, 1] nor [-1, 1].
    """
    outside = [name for name, level in levels.items() if beyond(name, level.low, level.high, span)]
    if not outside:
        return span
    container = outside[0]
    level = levels[container]
    if span is None and not beyond(NUMBERS, level.low, level.high, (-1.0, 1.0)):
        return -1.0, 1.0
    where = [f"{number(level.low)} in {names[level.lowest]}", f"{number(level.high)} in {names[level.highest]}"]
    found = f"The numbers of {_images(level.count)} of {container} in {root} go from {' to '.join(where)}"
    remedy = f"Say what they can be: {advised(level.low, level.high)}."
    if span is None:
        raise Beyond(f"{found}, and nothing says which is black and which white.", remedy, list(levels))
    low, high = number(min(level.low, span[0])), number(max(level.high, span[1]))
    remedy = f"Widen it to hold {low} and {high}, or leave it out."
    raise Beyond(f"{found}, beyond the range {span[0]:g} to {span[1]:g}.", remedy, list(levels))


def field_span(levels: Levels, span: Span | None) -> Span | None:
    """The range in which samples come back: the one that was given, or that of floats where there is nothing else."""
    return (0.0, 1.0) if span is None and set(levels) == {NUMBERS} else span


def in_units(field: Field, span: Span | None) -> Field:
    """A field that restores samples to a range."""
    if span is None:
        return field
    half, middle = (span[1] - span[0]) / 2, (span[1] + span[0]) / 2
    return Field(field.shape, field.kind, scale=(half,), shift=(middle,))


def notes_on(levels: Levels, given: Span | None, span: Span | None) -> list[str]:
    """What a person should know of the numbers, a sentence each.

    Args:
        levels: What the numbers of the images are.
        given: The range that was given.
        span: The range by which they are read.
    """
    found = []
    for container, level in levels.items():
        images, black, white = f"{_images(level.count)} of {container}", *ruled_by(container, span)
        reach = f"go from {number(level.low)} to {number(level.high)}"
        if given is not None and (black, white) != given:
            cannot = f"cannot hold the range {given[0]:g} to {given[1]:g}"
            found.append(
                f"{images} {cannot}: 0 is taken as its low end, and 255 as its high end, as in pictures of it."
            )
        if given is not None:
            continue
        if level.low < level.high and level.high - level.low < NARROW * (white - black):
            share = f"{(level.high - level.low) / (white - black):.2g} of the range {black:g} to {white:g}"
            remedy = f"If these are all levels that there can be: {advised(level.low, level.high)}"
            found.append(f"The numbers of {images} {reach}, {share}: they are dealt nearly alike. {remedy}.")
        elif container == NUMBERS:
            found.append(f"The numbers of {images} {reach}, and are taken as of [{black:g}, {white:g}].")
    return found


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"
