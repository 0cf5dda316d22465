"""Command-line options made from signatures: every keyword is a typed option whose help is its docstring.

A *form* is a dataclass, made on the spot, that tyro turns into options. A keyword that takes an object of a family (an
objective, an optimiser) becomes an option that names the member, ``--optimizer sgd``, and one for each of its numbers,
``--optimizer.lr 0.1``; members within members likewise, ``--objective.of least-squares --objective.of.real 2``. A
number that may change over a stage is written as a number or as a schedule, ``cosine:1:0``.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import typing
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any

import docstring_parser
import tyro
from tyro.constructors import PrimitiveConstructorSpec

from ganarium.arguments.misuse import quietly, refuse_nan, refuse_unknown

__all__ = ["Row", "answers", "fill", "rows_of", "words_after"]


@dataclasses.dataclass(frozen=True)
class Row:
    """An option before it is known what it holds.

    Args:
        name: The keyword.
        hint: Its type.
        default: Its default.
        help: What it is.
        option: What the command line calls it, if not as the keyword.
    """

    name: str
    hint: Any
    default: Any
    help: str = ""
    option: str = ""


def rows_of(target: Callable[..., Any], defaults: Mapping[str, Any] | None = None) -> list[Row]:
    """The options of a class or function, from its signature and the ``Args`` of its docstring.

    Args:
        target: A class or function.
        defaults: Values that replace the signature's.
    """
    hints = _hints_of(target)
    helps = helps_of(target)
    rows = []
    for name, parameter in inspect.signature(target).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        default = (defaults or {}).get(name, parameter.default)
        if default is inspect.Parameter.empty or _is_network(hints[name]):
            continue
        if default.__class__.__name__ == "_HAS_DEFAULT_FACTORY_CLASS":
            default = {}
        rows.append(Row(name, hints[name], default, helps.get(name, "")))
    return rows


def _hints_of(target: Any) -> Mapping[str, Any]:
    """The types of the arguments: as a game's signature has them, which are its options, or as they are annotated."""
    if inspect.isclass(target) and hasattr(target, "__signature__"):
        return {name: parameter.annotation for name, parameter in inspect.signature(target).parameters.items()}
    made = inspect.isclass(target) and not dataclasses.is_dataclass(target)
    return typing.get_type_hints(target.__init__ if made else target)


def helps_of(target: Any) -> dict[str, str]:
    """What docstrings say of each argument; a class inherits what its bases say."""
    texts: dict[str, str] = {}
    for each in reversed(inspect.getmro(target)) if inspect.isclass(target) else [target]:
        for entry in docstring_parser.parse(each.__doc__ or "", docstring_parser.DocstringStyle.GOOGLE).params:
            texts[entry.arg_name] = re.sub(r"\s+", " ", entry.description or "").replace(r"\*", "*")
    return texts


def fill(
    rows: Sequence[Row], arguments: Sequence[str], program: str, about: str, later: Sequence[Row] = ()
) -> dict[str, Any]:
    """What a command line says for each row.

    Args:
        rows: The options.
        arguments: The words of the command line.
        program: The command, for messages.
        about: What the command does, for ``--help``.
        later: Options that may stand there too, but are read another time.

    Raises:
        Misuse: if an option is unknown or its value does not fit.
    """
    arguments = list(arguments)
    fields = [field for row in rows for field in _fields(row, arguments)]
    form = dataclasses.make_dataclass("form", fields)
    refuse_unknown(arguments, _names(form), [_flag(row.option or row.name) for row in later], program)
    arguments = _switched(arguments, _names(form))

    def parse() -> Any:
        if not later:
            return tyro.cli(form, prog=program, description=about, args=arguments)
        return tyro.cli(form, prog=program, description=about, args=arguments, return_unknown_args=True)[0]

    answer = quietly(parse, program)
    found = {field.name: getattr(answer, field.name) for field in dataclasses.fields(answer)}
    for row in rows:
        for key in (_key(row.name), f"{_key(row.name)}_"):
            refuse_nan(found.get(key), _flag(row.option or row.name), program)
    return answers(rows, found)


def _switched(arguments: Sequence[str], known: Sequence[str]) -> list[str]:
    """The words with ``--flip True`` and ``--flip False`` as tyro says them, ``--flip`` and ``--no-flip``."""
    words: list[str] = []
    for word in arguments:
        group, dot, last = words[-1][2:].rpartition(".") if words else ("", "", "")
        off = f"--{group}{dot}no-{last}"
        if word in ("True", "False") and off in known:
            words[-1] = words[-1] if word == "True" else off
        else:
            words.append(word)
    return words


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def answers(rows: Sequence[Row], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the rows, with families' members made."""
    found = {}
    for row in rows:
        value, numbers = values[_key(row.name)], values.get(_key(row.name) + "_")
        family = _family(row.hint)
        if family is not None:
            from ganarium.zoo.options import choices

            members = choices(family)
            if _many(row.hint):
                value = tuple(_made(members[name], getattr(numbers, _key(name))) for name in value)
            else:
                value = None if value == "none" else _made(members[value], numbers)
        found[row.name] = value
    return found


def _key(name: str) -> str:
    """A name as an identifier."""
    return name.replace(".", "__").replace("-", "_")


def _fields(row: Row, arguments: list[str], within: str = "") -> list[tuple]:
    """The fields of a form for one row: one, or the name of a family's member and a form of the member's own rows.

    Args:
        row: The option.
        arguments: The words of the command line, which name members.
        within: What stands before the option there, if it is a member's: ``optimizer.``.
    """
    option = row.option or row.name
    family = _family(row.hint)
    if family is None:
        return [_field(row.name, _plain_hint(row), row.default, option, row.help)]
    from ganarium.zoo.options import choices, word

    members, path = choices(family), f"{within}{option}"
    if _many(row.hint):
        chosen = words_after(arguments, path)
        given = {word(type(member).__name__): member for member in row.default}
        default = tuple(given)
        nested = [
            _field(name, _form_of(members[name], given.get(name), arguments, f"{path}.{name}."), None, name, "")
            for name in (chosen or default)
            if name in members
        ]
        hint = tuple[typing.Literal[tuple(members)], ...]  # type: ignore[valid-type]
        fields = [_field(row.name, hint, default, option, row.help)]
        if nested:
            fields.append(_field(f"{row.name}_", dataclasses.make_dataclass("numbers", nested), None, option, ""))
        return fields
    optional = row.default is None or NoneType in typing.get_args(row.hint)
    default = "none" if row.default is None else word(type(row.default).__name__)
    chosen = (words_after(arguments, path) or [default])[0]
    names = (*(["none"] if optional else []), *members)
    fields = [_field(row.name, typing.Literal[names], default, option, row.help)]  # type: ignore[valid-type]
    if chosen in members and dataclasses.fields(members[chosen]):
        given = row.default if chosen == default else None
        form = _form_of(members[chosen], given, arguments, f"{path}.")
        fields.append(_field(f"{row.name}_", form, None, option, ""))
    return fields


def _form_of(member: type, given: Any, arguments: list[str], within: str) -> type:
    """A form for the numbers of a family's member, with the values of one that is given as defaults."""
    values = {each.name: getattr(given, each.name) for each in dataclasses.fields(member)} if given else {}
    fields = [field for row in rows_of(member, values) for field in _fields(row, arguments, within)]
    form = dataclasses.make_dataclass(member.__name__, fields)
    form.__doc__ = (member.__doc__ or "").strip().split("\n")[0]
    return form


def _field(name: str, hint: Any, default: Any, option: str, help: str) -> tuple:
    argument = tyro.conf.arg(name=_flag(option)[2:], help=help or None)
    name = _key(name)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return name, Annotated[hint, argument], dataclasses.field(default_factory=hint)
    if isinstance(default, dict):
        return name, Annotated[hint, argument], dataclasses.field(default_factory=lambda: default)
    return name, Annotated[hint, argument], dataclasses.field(default=default)


def _made(member: type, numbers: Any) -> Any:
    """A member with its numbers, and with the members within it."""
    if numbers is None:
        return member()
    values = {each.name: getattr(numbers, each.name) for each in dataclasses.fields(numbers)}
    return member(**answers(rows_of(member), values))


def _parts(hint: Any) -> Sequence[Any]:
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, UnionType) else [hint]


def _ancestors(hint: Any) -> list[str]:
    return [base.__name__ for base in inspect.getmro(hint)] if isinstance(hint, type) else []


def _is_network(hint: Any) -> bool:
    """Whether an option takes a network, or several: those come from Python only."""
    return any("Module" in _ancestors(part) or any(map(_is_network, typing.get_args(part))) for part in _parts(hint))


def _takes_schedule(hint: Any) -> bool:
    return any("Schedule" in _ancestors(part) for part in _parts(hint))


def _family(hint: Any) -> Any:
    """The family whose members an option takes, if it takes any but schedules."""
    if "ganarium.zoo.options" not in sys.modules:
        return None  # No hint can name a family that was never imported; and importing it would import torch.
    families = sys.modules["ganarium.zoo.options"].FAMILIES
    for part in (hint, *typing.get_args(hint)):
        if isinstance(part, type) and issubclass(part, families) and not _takes_schedule(part):
            return part
    return None


def _many(hint: Any) -> bool:
    return typing.get_origin(hint) is tuple


def _plain_hint(row: Row) -> Any:
    """The type that tyro is told: a number that may be a schedule is one word."""
    if _takes_schedule(row.hint):
        return Annotated[Any, _numbers(1)]
    parts = typing.get_args(row.hint)
    if typing.get_origin(row.hint) is tuple and any(_takes_schedule(part) for part in parts):
        return Annotated[Any, _numbers(len(parts))]
    return row.hint


def _number(text: str) -> Any:
    from ganarium.ingredients import Schedule
    from ganarium.zoo.options import choices

    kind, *numbers = text.split(":")
    members = choices(Schedule)
    if kind in members and numbers:
        return members[kind](*map(float, numbers))
    return float(text)


def _said(value: Any) -> str:
    if isinstance(value, int | float):
        return f"{value:g}"
    from ganarium.zoo.options import word

    return ":".join([word(type(value).__name__), *(f"{n:g}" for n in dataclasses.astuple(value))])


def _numbers(count: int) -> PrimitiveConstructorSpec[Any]:
    """How tyro reads and writes a number, or several."""
    one = count == 1
    return PrimitiveConstructorSpec(
        nargs=count,
        metavar=" ".join(["FLOAT|SCHEDULE"] * count),
        instance_from_str=lambda words: _number(words[0]) if one else tuple(map(_number, words)),
        is_instance=lambda value: True,
        str_from_instance=lambda value: [_said(value)] if one else [_said(part) for part in value],
    )


def words_after(arguments: list[str], option: str) -> list[str]:
    """The words that follow an option on the command line."""
    flag = _flag(option)
    for place, argument in enumerate(arguments):
        if argument.startswith(f"{flag}="):
            return [argument.partition("=")[2]]
        if argument == flag:
            rest = arguments[place + 1 :]
            stop = next((i for i, following in enumerate(rest) if following.startswith("--")), len(rest))
            return rest[:stop]
    return []


def _names(form: Any, prefix: str = "--") -> list[str]:
    """All options of a form."""
    names = ["--help"]
    for field in dataclasses.fields(form):
        hint, argument = typing.get_args(field.type)[0], typing.get_args(field.type)[-1]
        name = argument.name or field.name
        if dataclasses.is_dataclass(hint):
            names += _names(hint, f"{prefix}{name}.")
        else:
            names.append(f"{prefix}{name}")
            if hint is bool:
                names.append(f"{prefix}{'.'.join([*name.split('.')[:-1], 'no-' + name.split('.')[-1]])}")
    return names
