"""What commands are made of: a mark by which they are found, options from a function's signature, tables, JSON."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from ganarium.terminal.output import is_terminal, knows_all_letters
from ganarium.zoo import own

if TYPE_CHECKING:
    from ganarium.zoo.reading import Verb

__all__ = ["NARROWEST", "as_json", "call", "on_run", "perform", "table", "verb"]

#: Columns of a terminal, below which tables are wrapped by it.
NARROWEST = 60

_Command = TypeVar("_Command", bound=Callable[..., Any])


def verb(word: str, **facts: Any) -> Callable[[_Command], _Command]:
    """Mark a function as a command; the fields of :class:`~ganarium.zoo.reading.Verb` stand in the call as literals.

    :func:`ganarium.zoo.index.verbs` reads them from the file, so that the help imports nothing.

    Args:
        word: As in :class:`~ganarium.zoo.reading.Verb`.
        facts: Its other fields.
    """

    def mark(command: _Command) -> _Command:
        return command

    return mark


def perform(found: Verb, words: list[str]) -> int:
    """Do what a command says; its exit code.

    Args:
        found: The command.
        words: The words after it.
    """
    function = found.call
    if found.takes == "run":
        more = getattr(import_module(found.module), found.more) if found.more else lambda run, words: ()
        return on_run(function, words, found.word, more, found.called)
    if found.takes == "options":
        return call(function, words, f"ganarium {found.word}")
    return function(words)


def call(
    function: Callable[..., Any],
    words: list[str],
    program: str,
    about: str | None = None,
    extra: Sequence[Any] = (),
    called: Mapping[str, str] | None = None,
    **fixed: Any,
) -> int:
    """Fill in a function's arguments from the command line, but for those that are fixed; its exit code.

    Args:
        function: What is called.
        words: The words of the command line.
        program: The command, for messages.
        about: The docstring, if it is not the function's own.
        extra: Further options; one called ``game`` was read before, and is not passed on.
        called: What the command line calls keywords that Python, or plain words, do not allow.
        fixed: Arguments that are no options.
    """
    from ganarium.arguments import forms

    if about is not None:
        function.__doc__ = about
    rows = [row for row in forms.rows_of(function) if row.name not in fixed]
    rows = [dataclasses.replace(row, option=(called or {}).get(row.name, row.option)) for row in rows] + [*extra]
    answer = forms.fill(rows, words, program, (inspect.getdoc(function) or "").split("\n")[0])
    answer.pop("named", None)
    return function(**answer, **fixed) or 0


def on_run(
    function: Callable[..., Any],
    words: list[str],
    verb: str,
    extra: Callable[[str, Sequence[str]], Sequence[Any]] = lambda run, words: (),
    called: Mapping[str, str] | None = None,
) -> int:
    """Call a function whose first argument is a run.

    Args:
        function: What is called.
        words: The words after the command: a run, then options.
        verb: The command.
        extra: Options that depend on the run, and on the words after it.
        called: As for :func:`call`.
    """
    from ganarium.arguments import forms

    game = forms.Row("named", str, "", "The run's game, if it is your own: ./my_game.py:MyGAN.", "game")
    if not words or words[0].startswith("-"):
        if not {"-h", "--help"} & set(words):
            raise ValueError(f"Which run? `ganarium {verb} RUN`; see `ganarium runs`.")
        return call(function, words, _program(verb, "RUN"), None, [game], called, run="RUN")
    with own.naming((forms.words_after(words, "game") or [""])[0]):
        more = [game, *extra(words[0], words[1:])]
        return call(function, words[1:], _program(verb, words[0]), None, more, called, run=words[0])


def _program(verb: str, run: str) -> str:
    """``ganarium show RUN``, ``ganarium explore RUN invert``."""
    first, *rest = verb.split(" ")
    return " ".join(["ganarium", first, run, *rest])


def as_json(found: Any) -> str:
    """What was found as JSON, with letters that the output does not know escaped as JSON does it."""
    return json.dumps(found, indent=1, ensure_ascii=not knows_all_letters(sys.stdout))


def table(rows: list[dict[str, Any]], hide: Sequence[str] = ()) -> None:
    """Print rows as a table."""
    from rich.console import Console
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    names = [name for name in (rows[0] if rows else {}) if name not in hide]
    for name in names:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*(", ".join(v) if isinstance(v := row[name], list) else str(v) for name in names))
    # A terminal that says it is narrower would get columns of nothing.
    width = max(Console().width, NARROWEST) if is_terminal(sys.stdout) else 160
    Console(width=width, soft_wrap=False).print(made)
