"""The command line: a verb, and what it needs.

Nothing heavy is imported before it is needed, so that help, lists and the answer to a mistyped name come at once.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import typing
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from ganarium import index
from ganarium._version import __version__
from ganarium.processes import speaks

__all__ = ["main"]

_HELP = """ganarium: the GAN zoo, alive

  ganarium list [games|data]             what there is to play, and to play on
  ganarium doctor [GAME] DATA            what of the data is used, converted, skipped; what a run would take
  ganarium train GAME --data DATA        train a game; --help after a game lists its options
  ganarium resume RUN                    go on where a run was stopped
  ganarium sample RUN --out FILE         draw samples: x.png, x.npz or a folder
  ganarium translate|encode|classify|score RUN     what a trained game does with data
  ganarium show RUN                      what a run is and how far it got
  ganarium runs                          the runs in ./runs
  ganarium cite GAME                     the paper, as BibTeX
  ganarium --version

A first run:  ganarium train dcgan --data digits --minutes 1
Every command explains itself with --help."""

_DOCTOR = """ganarium doctor DATA [the data's options] [--out DIR] [--json]
ganarium doctor GAME DATA [the options of `ganarium train GAME --data DATA`] [--out DIR] [--json]

What of the data is used, converted and skipped, and why; with a game, also the memory and the time that a run would
take here, and what is likely to go wrong. Batches as the discriminator gets them are drawn in what-D-sees.png.
Exit code 1: training would refuse. No file of the data is changed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0: done, 1: the work failed, 2: misuse, 130 or 143: interrupted.

    Args:
        arguments: The words after ``ganarium``; those of this process if left out.
    """
    # Threads that wait for each other by spinning stall for milliseconds where another process wants the same core.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        print(_HELP)
        return 0
    if words[0] in ("-V", "--version", "version"):
        print(f"ganarium {__version__}")
        return 0
    verb, rest = words[0], words[1:]
    if verb not in _VERBS:
        return _misuse(f"There is no command '{verb}'. {index.nearest(verb, _VERBS)}")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            return _VERBS[verb](rest)
    except KeyboardInterrupt as stop:
        print(f"\n{stop}" if str(stop) else "\nstopped", file=sys.stderr)
        return 128 + getattr(stop, "signal", 2)
    except BrokenPipeError:
        return 0
    except (FloatingPointError, MemoryError, OSError) as error:
        print(f"ganarium: {error}", file=sys.stderr)
        return 1
    except ValueError as error:
        return _misuse(_with_hint(error))


def _warn(message: Warning | str, *_: Any) -> None:
    """A warning as a person reads it, without the place in the code."""
    if speaks():
        print(f"ganarium: {message}", file=sys.stderr)


def _misuse(text: str) -> int:
    if speaks():
        print(f"ganarium: {text.rstrip()}", file=sys.stderr)
    return 2


def _with_hint(error: ValueError) -> str:
    """The error, and for a missing field which data has it and which games do not need it."""
    name, kinds = getattr(error, "field", None), getattr(error, "kinds", ())
    if name is None:
        return str(error)
    fit = [
        entry.name
        for entry in index.loaders().values()
        if name in entry.fields and (not kinds or entry.kinds.get(name) in kinds)
    ]
    return f"{error}\nData that has it: {', '.join(fit) or 'none by name'}, or your own. See `ganarium list data`."


def _list(words: list[str]) -> int:
    """List games or data.

    Args:
        what: Games, or data.
        year: Only games of this year.
        search: Only what has this text in its names, title or authors.
        json: Print JSON.
    """

    def run(
        what: Literal["games", "data"] = "games", year: int | None = None, search: str = "", json: bool = False
    ) -> int:
        rows = _games(year) if what == "games" else _loaders()
        rows = [row for row in rows if search.lower() in " ".join(map(str, row.values())).lower()]
        if json:
            print(_json(rows))
        else:
            _table(rows, hide=("module", "authors", "summary", "arxiv"))
        return 0

    what, rest = (words[0], words[1:]) if words and not words[0].startswith("-") else ("games", words)
    if what not in ("games", "data"):
        raise ValueError(f"There are lists of games and of data; got '{what}'.")
    return _call(run, rest, "ganarium list", _list.__doc__, what=what)


def _games(year: int | None) -> list[dict[str, Any]]:
    return [
        {
            "command": entry.command,
            "class": entry.name,
            "year": entry.paper.year,
            "title": entry.paper.title,
            "can": list(index.abilities(entry)),
            "needs": [" or ".join(kinds) or name for name, kinds in index.needs(entry).items()],
            "authors": list(entry.paper.authors),
            "arxiv": entry.paper.arxiv,
            "summary": entry.summary,
            "module": entry.module,
        }
        for entry in index.games().values()
        if year in (None, entry.paper.year)
    ]


def _loaders() -> list[dict[str, Any]]:
    entries = {**index.loaders(), **{f"{name}:PATH": entry for name, entry in index.readers().items()}}
    return [
        {"name": name, "title": entry.title, "fields": list(entry.fields), "kinds": list(entry.kinds.values())}
        for name, entry in entries.items()
    ]


def _train(words: list[str]) -> int:
    """Train a game."""
    if not words or words[0].startswith("-"):
        given = {"-h", "--help"} & set(words)
        if not given and not any(word.partition("=")[0] in ("--config", "--from") for word in words):
            raise ValueError("Which game? `ganarium train GAME --data DATA`; see `ganarium list`.")
        if given:
            print(f"ganarium train GAME --data DATA [options]\n\nGames: {', '.join(index.games())}")
            print("`ganarium train GAME --help` lists the options of a game.")
            return 0
    else:
        index.game(words[0])
    for option, value in pairwise(words):
        if option == "--data":
            index.check_data(value)
    from ganarium.train_command import train

    return train(words)


def _doctor(words: list[str]) -> int:
    """Say what of the data is used, converted and skipped, and what a run would take."""
    if not words or words[0].startswith("-"):
        if not {"-h", "--help"} & set(words):
            raise ValueError(
                "On what? `ganarium doctor DATA` or `ganarium doctor GAME DATA`; see `ganarium list data`."
            )
        print(_DOCTOR)
        return 0
    named = words[0] in index.games()
    if not named or (len(words) > 1 and not words[1].startswith("-")):
        index.check_data(words[1] if named else words[0])
    from ganarium import doctor_command

    return doctor_command.with_game(words) if named else doctor_command.of_data(words)


def _resume(words: list[str]) -> int:
    """Go on where a run was stopped.

    Args:
        run: The run's folder, or its name under ./runs.
        rounds: A new length, for a run that is to go on longer than was planned.
        stop_after: Stop, and save, after so many rounds.
        quiet: Say nothing.
        checkpoint: Where to go on from: latest, best, or a round.
    """

    def run(
        run: str,
        rounds: int | None = None,
        stop_after: int | None = None,
        quiet: bool = False,
        checkpoint: str = "latest",
    ) -> int:
        from ganarium import fitting

        fitting.resume(run, rounds=rounds, stop_after=stop_after, quiet=quiet, checkpoint=checkpoint)
        return 0

    return _on_run(run, words, "resume", _resume.__doc__)


def _sample(words: list[str]) -> int:
    """Draw samples from a run.

    Args:
        run: The run's folder, or its name under ./runs.
        count: How many samples.
        seed: Makes the samples a function of this number.
        out: Where to: x.png (a grid), x.npz (an array "x" of images in [-1, 1], or of points in the data's units),
            or a folder (a file for each).
        weights: The averaged networks, or those of the last round.
        checkpoint: Of which checkpoint: latest, best, or a round.
    """

    def run(
        run: str,
        count: int = 64,
        seed: int | None = None,
        out: Path = Path("samples.png"),
        weights: Literal["average", "last"] = "average",
        checkpoint: str = "latest",
        **condition: str | None,
    ) -> int:
        from ganarium import pictures
        from ganarium import run as runs

        loaded = runs.load(run, weights=weights, checkpoint=checkpoint)
        fields = getattr(loaded.game, "conditions", {})
        asked = {name: _value(text, fields.get(name)) for name, text in condition.items() if text is not None}
        samples = loaded.sample(count, seed=seed, units="game", **asked)
        pictures.write_samples(samples, loaded.spec["x"], out)
        print(f"{count} samples in {out}")
        return 0

    return _on_run(run, words, "sample", _sample.__doc__, extra=_conditions)


def _conditions(run: str) -> list[Any]:
    """What samples of a run can be asked to have, as options."""
    from ganarium import run as runs
    from ganarium.forms import Row

    found = getattr(runs.Run(run).game, "conditions", {})
    called: dict[str, str] = {"y": "label"}
    return [
        Row(name, str | None, None, f"What samples are to have: {field}.", called.get(name) or str(name))
        for name, field in found.items()
    ]


def _value(text: str, field: Any = None) -> Any:
    """What was asked for: the name of a class, numbers where the words are numbers, else the words."""
    if field is not None and text in field.names:
        return text
    try:
        numbers = [float(word) for word in text.replace(",", " ").split()]
    except ValueError:
        return text
    numbers = [int(number) if number.is_integer() else number for number in numbers]
    return numbers[0] if len(numbers) == 1 else numbers


def _show(words: list[str]) -> int:
    """Say what a run is and how far it got.

    Args:
        run: The run's folder, or its name under ./runs.
    """

    def run(run: str) -> int:
        from ganarium import run as runs

        print(runs.Run(run).summary())
        return 0

    return _on_run(run, words, "show", _show.__doc__)


def _runs(words: list[str]) -> int:
    """List the runs in a folder.

    Args:
        folder: Where to look.
        json: Print JSON.
    """

    def run(folder: Path = Path("runs"), json: bool = False) -> int:
        from ganarium import run as runs

        rows = [runs.Run(path).row() for path in runs.runs(folder)]
        if json:
            print(_json(rows))
        elif rows:
            _table(rows)
        else:
            print(f"There are no runs in {folder}.")
        return 0

    return _call(run, words, "ganarium runs", _runs.__doc__)


def _cite(words: list[str]) -> int:
    """Print a game's paper as BibTeX."""
    if len(words) != 1 or words[0].startswith("-"):
        raise ValueError("Which game? `ganarium cite GAME`; see `ganarium list`.")
    print(index.game(words[0]).paper.cite())
    return 0


def _ability(verb: str) -> Callable[[list[str]], int]:
    """The command of an ability."""

    def command(words: list[str]) -> int:
        from ganarium import ability_commands

        function = getattr(ability_commands, verb)

        def run(**options: Any) -> int:
            function(**options)
            return 0

        run.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
        run.__annotations__ = typing.get_type_hints(function)
        return _on_run(run, words, verb, function.__doc__)

    return command


_VERBS: dict[str, Callable[[list[str]], int]] = {
    "list": _list,
    "doctor": _doctor,
    "train": _train,
    "resume": _resume,
    "sample": _sample,
    "translate": _ability("translate"),
    "encode": _ability("encode"),
    "classify": _ability("classify"),
    "score": _ability("score"),
    "show": _show,
    "runs": _runs,
    "cite": _cite,
}


def _call(
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


def _on_run(
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
        return _call(function, words, f"ganarium {verb} RUN", about, run="RUN")
    return _call(function, words[1:], f"ganarium {verb} {words[0]}", about, extra(words[0]), run=words[0])


def _json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, indent=1, ensure_ascii=False)


def _table(rows: list[dict[str, Any]], hide: Sequence[str] = ()) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    names = [name for name in (rows[0] if rows else {}) if name not in hide]
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(", ".join(v) if isinstance(v := row[name], list) else str(v) for name in names))
    width = None if sys.stdout.isatty() else 160
    Console(width=width, soft_wrap=False).print(table)


if __name__ == "__main__":
    sys.exit(main())
