"""A run's evaluations, from its ``evaluation.json``: a list, newest last, of numbers with their stamps.

.. code-block:: python

    [{"round": 1000, "seen": 64000, "weights": "average", "data": "digits", "when": "2026-01-01T12:00:00",
      "numbers": [{"metric": "frechet", "features": "digits", "value": 1.2, "low": 1.1, "high": 1.3, "floor": 0.25,
                   "better": "lower", "protocol": "one line of text"}]}]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganarium.pages.page import Markup, details, items, joined, paragraph, table

__all__ = ["evaluations", "read_evaluations"]

_FILE = "evaluation.json"


def read_evaluations(folder: Path) -> list[dict[str, Any]]:
    """The evaluations of a run, oldest first; none if there is no file.

    Raises:
        ValueError: if the file is not as it should be.
    """
    path = folder / _FILE
    if not path.exists():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [{**row, "numbers": [dict(number) for number in row["numbers"]]} for row in rows]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} does not hold evaluations ({type(error).__name__}: {error}).") from error


def evaluations(folder: Path) -> Markup:
    """The newest evaluation as a table, and those before it folded away; a note if the file cannot be read."""
    try:
        rows = read_evaluations(folder)
    except (ValueError, OSError) as error:
        return paragraph(str(error), note=True)
    if not rows:
        return Markup()
    *earlier, newest = rows
    shown = _evaluation(newest)
    if not earlier:
        return shown
    before = [_evaluation(row) for row in reversed(earlier)]
    return joined([shown, details(f"{len(earlier)} earlier", *before)])


def _evaluation(row: Mapping[str, Any]) -> Markup:
    stamp = [
        f"round {_count(row.get('round'))}",
        f"{_count(row.get('seen'))} samples seen",
        f"{row.get('weights', 'unknown')} weights",
        f"data {row.get('data', 'unknown')}",
        str(row.get("when", "")),
    ]
    head = ["metric", "features", "value", "95 % interval", "real data", "better", "how"]
    # How numbers were obtained is said once for all that were obtained alike.
    protocols = list(dict.fromkeys(str(number.get("protocol", "")) for number in row["numbers"]))
    cells = [_cells(number, protocols) for number in row["numbers"]]
    notes = [items(protocols, numbered=True), *(paragraph(note, note=True) for note in row.get("notes", ()))]
    return joined([paragraph(", ".join(part for part in stamp if part)), table(cells, head), *notes])


def _cells(number: Mapping[str, Any], protocols: list[str]) -> list[object]:
    low, high, value = number.get("low"), number.get("high"), number.get("value")
    interval = "" if low is None or high is None else f"{_short(low)} to {_short(high)}"
    floor = number.get("floor")
    better = {"lower": "low", "higher": "high", "real": "as real"}.get(str(number.get("better")), "")
    about = [number.get("title", number.get("metric", "")), number.get("features", "")]
    how = 1 + protocols.index(str(number.get("protocol", "")))
    return [*about, _short(value), interval, "" if floor is None else _short(floor), better, how]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "not measured" if value is None else str(value)


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
