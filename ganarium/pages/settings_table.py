"""All settings of a run as a table, those that differ from the defaults marked."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ganarium.pages.page import Markup, paragraph, table
from ganarium.running.settings import Settings
from ganarium.zoo import options

__all__ = ["in_words", "settings_table"]

#: How the config spells defaults that are not there.
_UNKNOWN = object()


def settings_table(config: Mapping[str, Any], game_class: type | None) -> Markup:
    """The options of the game, the data and the run.

    Args:
        config: A run's config.
        game_class: The game's class, whose signature holds the defaults; None where it is not known.
    """
    defaults = _defaults(game_class) if game_class else {}
    source = config.get("data") or {}
    parts = [
        ("game", config["game"]["options"], defaults),
        ("data", source.get("options", {}), {}),
        ("run", config["settings"], {**asdict(Settings()), "lr": {}}),
    ]
    rows, marked = [], []
    for part, values, known in parts:
        for name, value in values.items():
            default = known.get(name, _UNKNOWN)
            if default is not _UNKNOWN and default != value:
                marked.append(len(rows))
            rows.append([part, name, in_words(value), "" if default in (_UNKNOWN, value) else in_words(default)])
    about = paragraph(
        "Marked rows differ from the default, which for a game is its paper's: the measured recipe or the command "
        "changed them. All others are defaults, or the data's own."
    )
    return Markup(about + table(rows, ["of the", "setting", "value", "default"], marked))


def in_words(value: Any) -> str:
    """A setting as a person reads it.

    Example:
        >>> in_words({"is": "adam", "lr": 0.001, "betas": [0.0, 0.99]})
        'adam (lr 0.001, betas 0.0 and 0.99)'
        >>> in_words(None), in_words([]), in_words(True)
        ('none', 'none', 'yes')
    """
    if isinstance(value, Mapping):
        inside = ", ".join(f"{name} {in_words(each)}" for name, each in value.items() if name != "is")
        name = str(value.get("is", ""))
        return f"{name} ({inside})" if name and inside else name or inside or "none"
    if isinstance(value, list | tuple):
        return " and ".join(map(in_words, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == "" else str(value)


def _defaults(game_class: type) -> dict[str, Any]:
    """The constructor's defaults as plain values."""
    found = {}
    for name, parameter in inspect.signature(game_class).parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            found[name] = options.plain(parameter.default)
    return found
