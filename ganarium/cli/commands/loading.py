"""The options of data, ``--data.*``, for commands on runs: those of what ``--data`` says, or of the run's own data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["chosen", "of_data"]

_OWN = ("split", "labels")  # commands have a --split of their own


def of_data(run: str, words: Sequence[str] = ()) -> list[Any]:
    """The options of the data, none of which is said unless it is said.

    Args:
        run: The run, or a path of samples.
        words: The words of the command line.
    """
    from ganarium.arguments import forms
    from ganarium.arguments.request import loader_rows

    said = (forms.words_after(list(words), "data") or [""])[0]
    rows = [row for row in loader_rows(said or _source(run), {}) if row.name not in _OWN]
    return [
        dataclasses.replace(row, name=f"data.{row.name}", hint=row.hint | None, default=None, option=f"data.{row.name}")
        for row in rows
    ]


def chosen(loading: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were said, by their own names.

    Args:
        loading: The answers for :func:`of_data`.
    """
    return {name.removeprefix("data."): value for name, value in loading.items() if value is not None}


def _source(run: str) -> str:
    """What a run's data is called; nothing if it has no name, or there is no run."""
    from ganarium.running.records import find, read_config

    if not any((folder / "config.yaml").is_file() for folder in (Path(run), Path("runs") / run)):
        return ""
    return (read_config(find(run))["data"] or {}).get("name", "")
