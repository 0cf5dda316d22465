"""``ganarium explore RUN WALK``: the latent of a trained game, walked in seven ways."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ganarium import forms
from ganarium.commands.explore.data import invert, neighbours
from ganarium.commands.explore.walks import arithmetic, directions, interpolate, traverse, truncate
from ganarium.commands.on_runs import conditions
from ganarium.index import nearest

__all__ = ["explore"]

#: What the command line calls keywords that Python, or plain words, do not allow.
_CALLED = {"start": "from", "end": "to", "plus": "with", "minus": "without", "span": "range"}

_WALKS: dict[str, Callable[..., None]] = {
    "interpolate": interpolate,
    "arithmetic": arithmetic,
    "traverse": traverse,
    "neighbours": neighbours,
    "truncate": truncate,
    "directions": directions,
    "invert": invert,
}


def explore(words: list[str]) -> int:
    """``ganarium explore RUN WALK [options]``.

    Raises:
        ValueError: if there is no such run, walk or option.
    """
    if not words or words[0] in ("-h", "--help") or words[1:2] in ([], ["-h"], ["--help"]):
        if {"-h", "--help"} & set(words):
            print("ganarium explore RUN WALK [options]\n")
            print("\n".join(f"  {name:<13}{(walk.__doc__ or '').splitlines()[0]}" for name, walk in _WALKS.items()))
            print("\n`ganarium explore RUN WALK --help` lists the options of a walk.")
            return 0
        missing = "Which walk" if words else "Which run"
        raise ValueError(f"{missing}? `ganarium explore RUN WALK`; walks are {', '.join(_WALKS)}.")
    run, name, *rest = words
    if name not in _WALKS:
        raise ValueError(f"There is no walk '{name}'. {nearest(name, _WALKS)}")
    walk = _WALKS[name]
    rows = [row for row in forms.rows_of(walk) if row.name != "run"]
    rows = [dataclasses.replace(row, option=_CALLED.get(row.name, row.option)) for row in rows]
    rows += conditions(run)
    walk(run, **forms.fill(rows, rest, f"ganarium explore {run} {name}", (walk.__doc__ or "").splitlines()[0]))
    return 0
