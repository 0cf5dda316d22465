r"""What one batch holds.

A *batch* is a mapping from field names to tensors whose first axis counts samples. A *spec* says, before any
data is there, what each field of a batch looks like: networks are built from it, batches are checked against it,
and it can make a random batch of itself, for tests and toys.

The names have one meaning everywhere:

==========  ==========================================================================
``x``       the data
``y``       a label, int64; -1 says that it is not known
``c``       attributes
``text``    tokens, int64
``a, b``    two domains
``index``   the place of the sample in the data, int64; its ``classes`` is their number
==========  ==========================================================================
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from typing import Any, Literal, Self, get_args

import torch
from torch import Tensor

__all__ = ["Batch", "Field", "Kind", "MissingField", "Spec", "some"]

Batch = Mapping[str, Tensor]
Kind = Literal["points", "image", "volume", "video", "sequence", "tokens", "label", "attributes", "index"]

_SHOWN = 12  # names that a message lists


class MissingField(ValueError):
    """A game was given data without a field that it plays on.

    Args:
        message: What is missing, in words.
        field: The name of the missing field.
        kinds: The kinds that would do; empty for any.
    """

    def __init__(self, message: str, field: str, kinds: tuple[Kind, ...]):
        super().__init__(message)
        self.field = field
        self.kinds = kinds


@dataclass(frozen=True)
class Field:
    r"""One entry of a batch.

    Args:
        shape: The shape of one sample, without the batch axis: ``(D,)`` for points, ``(C, H, W)`` for an image,
            ``(C, D, H, W)`` for a volume, ``(C, T, H, W)`` for a video, ``(T, F)`` for a sequence, ``(T,)`` for
            tokens, ``(K,)`` for attributes, ``()`` for a label or an index.
        kind: What the numbers mean. Images, volumes and videos are in [-1, 1].
        classes: How many classes a label, words a token, or samples an index can name.
        names: The classes or words themselves, where they have names.
        scale: What one unit is in the data's own units; a number for each coordinate, or empty for 1.
        shift: Where zero lies in the data's own units; likewise, or empty for 0.
        frequencies: Which share of the data each class has, for a label; empty where that is not known. Fields that
            differ in nothing else are equal.

    Example:
        >>> Field((1, 8, 8), "image").size
        64
    """

    shape: tuple[int, ...]
    kind: Kind
    classes: int = 0
    names: tuple[str, ...] = ()
    scale: tuple[float, ...] = ()
    shift: tuple[float, ...] = ()
    frequencies: tuple[float, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"A field's kind is one of {', '.join(get_args(Kind))}; got {self.kind!r}.")
        if any(n < 1 for n in self.shape):
            raise ValueError(f"A field's shape has positive sides; got {self.shape}.")

    @property
    def size(self) -> int:
        """How many numbers one sample holds."""
        return math.prod(self.shape)

    @property
    def counts(self) -> bool:
        """Whether the values are whole numbers."""
        return self.kind in ("tokens", "label", "index")

    @property
    def called(self) -> tuple[str, ...]:
        """What the classes of a label are called: by their names, or by their numbers where they have none."""
        return self.names or tuple(map(str, range(self.classes)))

    def draw(self, n: int, device: torch.device | str = "cpu") -> Tensor:
        """``n`` labels (n,) from the global stream, as often as the data has them; all alike where that is not known.

        Example:
            >>> Field((), "label", classes=3, frequencies=(0.0, 1.0, 0.0)).draw(4)
            tensor([1, 1, 1, 1])
        """
        if not self.frequencies:
            return torch.randint(self.classes, (n,), device=device)
        edges = torch.tensor([*accumulate(self.frequencies)][:-1], dtype=torch.float32, device=device)
        return torch.bucketize(torch.rand(n, dtype=torch.float32, device=device), edges, right=True)

    def restore(self, x: Tensor) -> Tensor:
        """``x`` in the data's own units, with the shape of ``x``."""
        if self.scale:
            x = x * torch.tensor(self.scale, dtype=x.dtype, device=x.device)
        if self.shift:
            x = x + torch.tensor(self.shift, dtype=x.dtype, device=x.device)
        return x

    def normalise(self, x: Tensor) -> Tensor:
        """``x``, given in the data's own units, as batches hold it: what :meth:`restore` undoes."""
        if self.shift:
            x = x - torch.tensor(self.shift, dtype=x.dtype, device=x.device)
        if self.scale:
            x = x / torch.tensor(self.scale, dtype=x.dtype, device=x.device)
        return x

    def random(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """``n`` random samples of the right shape, type and range, of shape (n, \\*shape)."""
        shape = (n, *self.shape)
        if self.counts:
            return torch.randint(max(self.classes, 1), shape, generator=generator)
        if self.kind == "points":
            return torch.randn(shape, generator=generator)
        return torch.rand(shape, generator=generator) * 2 - 1

    def read(self, value: Any, n: int, name: str = "condition") -> Tensor:
        """What a person asks for, as a tensor of ``n`` rows: one value for all samples, or a value for each.

        A string is the name of a class; if all names are numbers it is found by its value, so that "1" is the class
        "001". A number is the place of a class, counted from 0. Tokens are a sentence or several; anything else is
        numbers of this shape.

        Args:
            value: A tensor, number, word, sentence, or a list of them.
            n: How many samples.
            name: What messages call the field.

        Raises:
            ValueError: if the value does not fit, saying what does.

        Example:
            >>> Field((), "label", classes=3, names=("cat", "dog", "owl")).read("dog", 2)
            tensor([1, 1])
        """
        rows = self._words(value, name) if _is_text(value) else torch.as_tensor(value)
        rows = rows.to(torch.int64 if self.counts else torch.get_default_dtype())
        if rows.numel() == self.size == 1:
            rows = rows.reshape(self.shape)
        if rows.shape == self.shape:
            rows = rows.expand(n, *self.shape)
        if rows.shape != (n, *self.shape):
            shape = tuple(rows.shape)
            raise ValueError(f"'{name}' is {self}: one for all samples, or one for each of the {n}; got shape {shape}.")
        if self.counts and self.classes and not bool(((rows >= 0) & (rows < self.classes)).all()):
            bad = rows[(rows < 0) | (rows >= self.classes)][0].item()
            raise ValueError(f"'{name}' is a whole number from 0 to {self.classes - 1}; got {bad}.")
        return rows

    def _words(self, value: str | list[str] | tuple[str, ...], name: str) -> Tensor:
        """Names of classes, or sentences of tokens, as numbers; sentences are filled up with token 0."""
        if not self.counts or (self.shape and not self.names):
            raise ValueError(f"'{name}' is {self}, and so numbers; got the words {value!r}.")
        texts = [value] if isinstance(value, str) else list(value)
        rows = [[self._number(word, name) for word in ([text] if not self.shape else text.split())] for text in texts]
        if self.shape:
            longest = max(map(len, rows))
            if longest > self.shape[0]:
                raise ValueError(f"'{name}' holds {self.shape[0]} words at most; got a sentence of {longest}.")
            rows = [row + [0] * (self.shape[0] - len(row)) for row in rows]
        numbers = torch.tensor(rows if self.shape else [row[0] for row in rows])
        return numbers[0] if isinstance(value, str) else numbers

    def _number(self, word: str, name: str) -> int:
        known = self.names if self.shape else self.called
        if word in known:
            return known.index(word)
        same = [] if self.shape else _of_value(word, known)
        if len(same) == 1:
            return same[0]
        what = f"is not a word that '{name}' knows" if self.shape else f"is not a class of '{name}'"
        near = [known[place] for place in same] or difflib.get_close_matches(word, known, n=2, cutoff=0.4)
        guess = f" Did you mean {' or '.join(near)}?" if near else ""
        raise ValueError(f"'{word}' {what}.{guess} There are {some(known)}.")

    def __str__(self) -> str:
        sides = " x ".join(map(str, self.shape))
        classes = f"{self.classes} classes" if self.kind == "label" else f"of {self.classes}" if self.counts else ""
        return " ".join(word for word in (self.kind, sides, classes) if word)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list | tuple) and all(isinstance(v, str) for v in value))


def _of_value(word: str, names: Sequence[str]) -> list[int]:
    """The places of the names with the value of a word, if all of them and the word are numbers."""
    if not all(re.fullmatch(r"[+-]?\d+(\.\d+)?", each, re.ASCII) for each in (word, *names)):
        return []
    return [place for place, name in enumerate(names) if float(name) == float(word)]


def some(names: Sequence[str]) -> str:
    """The first names, and how many more there are.

    Args:
        names: The names.
    """
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


class Spec(Mapping[str, Field]):
    """The fields of a batch, by name.

    Args:
        fields: A mapping from names to fields; keywords add to it.
        absent: Why there is no field of a name, a sentence each, for who needs it.

    Example:
        >>> spec = Spec(x=Field((2,), "points"), y=Field((), "label", classes=3))
        >>> {name: tuple(value.shape) for name, value in spec.random(5).items()}
        {'x': (5, 2), 'y': (5,)}
    """

    def __init__(
        self, fields: Mapping[str, Field] | None = None, absent: Mapping[str, str] | None = None, /, **more: Field
    ):
        self._fields = {**(fields or {}), **more}
        #: Why there is no field of a name, a sentence each.
        self.absent: dict[str, str] = dict(absent or {})

    def __getitem__(self, name: str) -> Field:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return "Spec(" + ", ".join(f"{name}: {field}" for name, field in self.items()) + ")"

    def random(self, n: int, seed: int = 0) -> dict[str, Tensor]:
        """A random batch of ``n`` samples that fits this spec; ``index`` counts up."""
        generator = torch.Generator().manual_seed(seed)
        batch = {name: field.random(n, generator) for name, field in self.items()}
        if "index" in batch:
            batch["index"] = torch.arange(n) % max(self["index"].classes, 1)
        return batch

    def require(self, needs: Mapping[str, tuple[Kind, ...]], who: str) -> None:
        """Check that every needed field is here and of a kind that will do.

        Raises:
            MissingField: naming what ``who`` needs and what there is.
        """
        for name, kinds in needs.items():
            wanted = f"the field '{name}'" + (f" as {' or '.join(kinds)}" if kinds else "")
            if name not in self:
                have = ", ".join(f"'{n}'" for n in self if n != "index") or "nothing"
                why = f" {self.absent[name]}" if name in self.absent else ""
                raise MissingField(
                    f"{who} plays on batches with {wanted}; this data has only {have}.{why}", name, kinds
                )
            if kinds and self[name].kind not in kinds:
                raise MissingField(
                    f"{who} plays on batches with {wanted}; this data's '{name}' is {self[name]}.", name, kinds
                )

    def plain(self) -> dict[str, Any]:
        """Numbers, strings and lists only: what a YAML file can hold."""
        rows = {name: {k: v for k, v in asdict(field).items() if v not in ((), 0)} for name, field in self.items()}
        return {name: {k: list(v) if isinstance(v, tuple) else v for k, v in row.items()} for name, row in rows.items()}

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """The spec that :meth:`plain` wrote."""
        rows = {
            name: {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()} for name, row in plain.items()
        }
        return cls({name: Field(**{"shape": (), **row}) for name, row in rows.items()})
