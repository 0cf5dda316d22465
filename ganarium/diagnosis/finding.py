"""What a diagnosis says: findings, each with its evidence and advice."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ganarium.files import write_text

__all__ = ["FILE", "Advice", "Diagnosis", "Finding", "Measure", "State"]

#: Where a run keeps its diagnosis.
FILE = "diagnosis.json"

#: "not done yet": of a run whose rounds are not all played, whatever is seen so far.
State = Literal["healthy", "suspected", "found", "cannot tell", "not done yet"]


class Measure(NamedTuple):
    """A number, and in words what it is of a healthy run."""

    value: float
    healthy: str


class Advice(NamedTuple):
    """Options that usually help, as they are written after ``ganarium train``; and why."""

    options: str
    why: str


@dataclass(frozen=True)
class Finding:
    """What is said of one ailment.

    Args:
        ailment: Its name.
        state: Whether the run has it.
        sentence: What was seen; for "cannot tell", why not; for "not done yet", what is seen so far.
        evidence: Numbers, by what they are.
        advice: What usually helps, as options that this game has; empty if nothing ails.
    """

    ailment: str
    state: State
    sentence: str
    evidence: Mapping[str, Measure] = field(default_factory=dict)
    advice: tuple[Advice, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As values that JSON holds."""
        return {
            "ailment": self.ailment,
            "state": self.state,
            "sentence": self.sentence,
            "evidence": {name: measure._asdict() for name, measure in self.evidence.items()},
            "advice": [each._asdict() for each in self.advice],
        }

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Finding:
        """The finding whose :meth:`plain` this is."""
        evidence = {name: Measure(**measure) for name, measure in row["evidence"].items()}
        advice = tuple(Advice(**each) for each in row["advice"])
        return cls(row["ailment"], row["state"], row["sentence"], evidence, advice)

    def __str__(self) -> str:
        lines = [textwrap.fill(f"{self.ailment}: {self.state}. {self.sentence}", 100)]
        if self.evidence:
            numbers = "; ".join(f"{name} {number(each.value)} ({each.healthy})" for name, each in self.evidence.items())
            lines.append(textwrap.fill(numbers, 100, initial_indent="  ", subsequent_indent="  "))
        lines += [f"  try {each.options}   ({each.why})" for each in self.advice]
        return "\n".join(lines)


@dataclass(frozen=True)
class Diagnosis:
    """What was found of a run.

    Args:
        findings: One for each ailment.
        facts: Of what: run, game, data, round, the rounds planned, seen, whether all are played, seed.
    """

    findings: list[Finding]
    facts: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, ailment: str) -> Finding:
        """The finding of an ailment.

        Raises:
            ValueError: if there is none of that name.
        """
        for finding in self.findings:
            if finding.ailment == ailment:
                return finding
        raise ValueError(f"There is no ailment '{ailment}'; there are {', '.join(f.ailment for f in self.findings)}.")

    def plain(self) -> dict[str, Any]:
        """As values that JSON holds."""
        return {**self.facts, "findings": [finding.plain() for finding in self.findings]}

    def save(self, run: Path) -> None:
        """Write it into a run's folder."""
        write_text(run / FILE, json.dumps(self.plain(), indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, run: Path) -> Diagnosis:
        """The diagnosis that a run's folder holds.

        Raises:
            ValueError: if it is damaged.
        """
        path = run / FILE
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            findings = [Finding.read(each) for each in row.pop("findings")]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is damaged ({error}). Remove it, and diagnose the run again.") from error
        return cls(findings, row)

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.findings))


def number(value: float) -> str:
    """A number in three digits.

    Example:
        >>> number(0.12345), number(7.0), number(12345.0)
        ('0.123', '7', '12,345')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
