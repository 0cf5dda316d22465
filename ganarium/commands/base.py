"""What commands are made of: options from a function's signature, tables, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["as_json", "call", "on_run", "table"]


def call(
    function: Callable[..., int],
    words: list[str],
    program: str,
    about: str | None,
    extra: Sequence[Any] = (),
    **fixed: Any,
) -> int:
    """Fill in a function's arguments from the command line, but for those that are fixed."""
    from ganarium import forms

    function.__doc__ = about
    rows = [row for row in forms.rows_of(function) if row.name not in fixed]
    rows += extra
    return function(**forms.fill(rows, words, program, (about or "").split("\n")[0]), **fixed)


def on_run(
    function: Callable[..., int],
    words: list[str],
    verb: str,
    about: str | None,
    extra: Callable[[str], Sequence[Any]] = lambda run: (),
) -> int:
    """Call a function whose first argument is a run; ``extra`` are options that depend on it."""
    if not words or words[0].startswith("-"):
        if not {"-h", "--help"} & set(words):
            raise ValueError(f"Which run? `ganarium {verb} RUN`; see `ganarium runs`.")
        return call(function, words, f"ganarium {verb} RUN", about, run="RUN")
    return call(function, words[1:], f"ganarium {verb} {words[0]}", about, extra(words[0]), run=words[0])


def as_json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, indent=1, ensure_ascii=False)


def table(rows: list[dict[str, Any]], hide: Sequence[str] = ()) -> None:
    from rich.console import Console
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    names = [name for name in (rows[0] if rows else {}) if name not in hide]
    for name in names:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*(", ".join(v) if isinstance(v := row[name], list) else str(v) for name in names))
    width = None if sys.stdout.isatty() else 160
    Console(width=width, soft_wrap=False).print(made)
