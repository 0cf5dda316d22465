"""A number and how it was obtained: only numbers that were obtained alike are compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

__all__ = ["PROTOCOL", "Better", "Number", "Stamp", "described"]

#: The version of how numbers are made; it changes when a number of the same name would.
PROTOCOL = 2

#: Which way a number is better: that of real data is the aim where it is "real".
Better = Literal["lower", "higher", "real"]


@dataclass(frozen=True)
class Stamp:
    """How a number was obtained.

    Args:
        features: The name of the features and a digest of their network, such as ``digits 1f0c9a2b``.
        size: How many numbers the features of one sample are.
        resize: How samples were brought to the size that the features take.
        data: The data, with the options that made it.
        split: Which part of it samples were compared with.
        reference: How many of its samples.
        samples: How many generated samples are compared at a time.
        seed: What the choice of both follows from.
        protocol: The version of the definition.
        looked: What of both was looked at, and how, where it is not all as it is.
    """

    features: str
    size: int
    resize: str
    data: str
    split: str
    reference: int
    samples: int
    seed: int
    protocol: int = PROTOCOL
    looked: str = ""

    def unlike(self, other: Stamp) -> list[str]:
        """The names of what differs; numbers are comparable if it is empty.

        Example:
            >>> one = Stamp("pixels", 64, "as they are", "digits", "all", 898, 898, 0)
            >>> one.unlike(Stamp("pixels", 64, "as they are", "digits", "all", 898, 5000, 0))
            ['samples']
        """
        return [field.name for field in fields(self) if getattr(self, field.name) != getattr(other, field.name)]

    def __str__(self) -> str:
        part = "" if self.split == "all" else f", {self.split}"
        looked = f"; {self.looked}" if self.looked else ""
        return (
            f"{self.samples:,} samples against {self.reference:,} of {self.data}{part}, by {self.features} "
            f"({self.size} numbers; {self.resize}){looked}; seed {self.seed}; protocol {self.protocol}"
        )


@dataclass(frozen=True)
class Number:
    """A measured number.

    Args:
        metric: What was measured, such as ``frechet``.
        value: The number; a mean over blocks of samples.
        se: Its standard error; None if it was not estimated.
        floor: The same of other real data in the place of samples, as many as a block; None if there is not enough.
        blocks: Over how many blocks of samples the number is a mean.
        better: Which way it is better.
        stamp: How it was obtained.
    """

    metric: str
    value: float
    se: float | None
    floor: float | None
    blocks: int
    better: Better
    stamp: Stamp

    @property
    def features(self) -> str:
        """The name of the features, without the digest."""
        return self.stamp.features.partition(" ")[0]

    @property
    def title(self) -> str:
        """What tables call it. The names FID and Inception score belong to the Inception network alone."""
        if self.features == "inception":
            return {"frechet": "FID", "score": "Inception score", "kid": "KID"}.get(self.metric, self.metric)
        return {"score": "inception-style score", "frechet": "Frechet distance"}.get(self.metric, self.metric)

    @property
    def protocol(self) -> str:
        """How it was obtained, in a line."""
        times = "" if self.blocks == 1 else f"mean of {self.blocks} times "
        return f"{times}{self.stamp}"

    @property
    def low(self) -> float | None:
        """The lower end of the 95 % interval."""
        return None if self.se is None else self.value - 1.96 * self.se

    @property
    def high(self) -> float | None:
        """The upper end of the 95 % interval."""
        return None if self.se is None else self.value + 1.96 * self.se

    def minus(self, other: Number) -> float:
        """The difference of two numbers.

        Raises:
            ValueError: if they are not of the same metric, or were not obtained alike.
        """
        unlike = self.stamp.unlike(other.stamp)
        if self.metric != other.metric or unlike:
            what = f"{', '.join(unlike)} differ" if unlike else f"one is {self.metric}, the other {other.metric}"
            raise ValueError(
                f"These numbers are not comparable: {what}.\n  {self.metric}: {self.stamp}\n  {other.metric}: "
                f"{other.stamp}\nMeasure both in the same way."
            )
        return self.value - other.value

    def plain(self) -> dict[str, Any]:
        """As values that JSON holds."""
        row = {"metric": self.metric, "title": self.title, "features": self.features, "value": self.value}
        row |= {"low": self.low, "high": self.high, "se": self.se, "floor": self.floor}
        row |= {"blocks": self.blocks, "better": self.better, "protocol": self.protocol}
        return {**row, "stamp": asdict(self.stamp)}

    @classmethod
    def read(cls, row: dict[str, Any]) -> Number:
        """The number whose :meth:`plain` this is."""
        names = ("metric", "value", "se", "floor", "blocks", "better")
        return cls(**{name: row[name] for name in names}, stamp=Stamp(**row["stamp"]))


def described(data: Any) -> str:
    """The data and the options that made it, in one line."""
    source = data.source
    if source is None:
        return f"{data.name} ({len(data):,} samples)"
    chosen = {name: value for name, value in source.get("options", {}).items() if name not in ("split", "labels")}
    words = ", ".join(f"{name} {value}" for name, value in chosen.items())
    files = f", files {source['fingerprint'][:8]}" if source.get("fingerprint") else ""
    return f"{source['name']} ({words}{files})" if words or files else str(source["name"])
