"""What the command line says of words that it cannot take: what, why, and what is near."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import math
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ganarium.zoo.index import nearest

__all__ = ["Misuse", "quietly", "refuse_nan", "refuse_unknown"]


class Misuse(ValueError):
    """The command line cannot be understood."""


def refuse_unknown(arguments: Sequence[str], known: Sequence[str], later: Sequence[str], program: str) -> None:
    """Refuse options that are neither known nor read later, with those nearest to them.

    Raises:
        Misuse: if there is one.
    """
    for argument in arguments:
        name = argument.partition("=")[0]
        stem = name.partition(".")[0].replace("--no-", "--")
        if name.startswith("--") and name not in known and not {name, stem} & set(later):
            near = nearest(name, [*known, *later])
            raise Misuse(f"There is no option {name}. {near if '?' in near else ''} See `{program} --help`.")


def quietly(parse: Callable[[], Any], program: str) -> Any:
    """Run tyro; what it would draw as a box becomes one sentence.

    Raises:
        Misuse: if it refuses.
    """
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            return parse()
    except SystemExit as end:
        if not end.code:
            raise
        lines = [line.strip("│╭╮╰╯─ ") for line in errors.getvalue().splitlines()]
        lines = [line for line in lines[1:] if line]
        text = " ".join(lines[: next((i for i, x in enumerate(lines) if x.startswith(("Argument", "For full"))), 1)])
        print(end="", file=sys.stderr)
        raise Misuse(f"{_nearer(text) or 'The command line cannot be read'}. See `{program} --help`.") from None


def refuse_nan(value: Any, option: str, program: str) -> None:
    """Refuse a value, or one of those in it, that is not a number.

    Args:
        value: What tyro read.
        option: What it was read for.
        program: The command, for messages.

    Raises:
        Misuse: if there is one.
    """
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            name = field.name.strip("_").replace("_", "-")
            refuse_nan(getattr(value, field.name), f"{option}.{name}", program)
    elif isinstance(value, tuple | list):
        for each in value:
            refuse_nan(each, option, program)
    elif isinstance(value, float) and math.isnan(value):
        raise Misuse(f"{option} takes a number; got nan. See `{program} --help`.")


def _nearer(text: str) -> str:
    """The refusal of a choice with those nearest to it first; of any other value with what was expected."""
    text = " ".join(text.split()).rstrip(".")
    if found := re.search(r"invalid choice '(.*?)' for argument '(.*?)'\. Expected one of \((.*?),?\)", text):
        choices = [each.strip("' ") for each in found[3].split(",")]
        near = nearest(found[1], choices)
        offer = f"{near} " if "?" in near else ""
        return f"{found[2]} cannot be '{found[1]}'. {offer}There are {', '.join(choices)}"
    if found := re.search(r"Error parsing (\S+): no type matching (.+?) could be instantiated from \['(.*?)'\]", text):
        return f"{found[1]} cannot be '{found[3]}': expected {found[2].translate(_PLAIN).replace('|', ' or ')}"
    return text


_PLAIN = str.maketrans("", "", "{}")
