"""What a run's diagnosis says, as a section of its report."""

from __future__ import annotations

from pathlib import Path

from ganarium.diagnosis.finding import FILE, Diagnosis, Finding, number
from ganarium.diagnosis.picture import PICTURE
from ganarium.pages.page import Markup, code, details, element, figure, items, joined, paragraph, table

__all__ = ["findings"]


def findings(run: Path) -> Markup:
    """A run's diagnosis; nothing if it was not diagnosed."""
    if not (run / FILE).is_file():
        return Markup()
    try:
        found = Diagnosis.read(run)
    except ValueError as error:
        return paragraph(str(error), note=True)
    of = paragraph(f"Diagnosed after round {found.facts.get('round', 0):,}.", note=True)
    picture = run / PICTURE
    drawn = figure(picture, "What was measured.", "the diagnosis") if picture.is_file() else Markup()
    return joined([of, *map(_finding, found.findings), drawn])


def _finding(finding: Finding) -> Markup:
    said = paragraph(element("strong", f"{finding.ailment}: {finding.state}."), " ", finding.sentence)
    help = items(joined([code(each.options), f": {each.why}"]) for each in finding.advice) if finding.advice else ""
    rows = [(name, number(each.value), each.healthy) for name, each in finding.evidence.items()]
    evidence = details("Evidence", table(rows, head=("what", "value", "healthy"))) if rows else ""
    return joined([said, help, evidence])
