"""The command line: a verb, and what it needs.

Nothing heavy is imported before it is needed, so that help, lists and the answer to a mistyped name come at once.
"""

from __future__ import annotations

import inspect
import os
import sys
import typing
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ganarium import index
from ganarium._version import __version__
from ganarium.commands import on_runs, pages
from ganarium.commands.base import on_run
from ganarium.commands.claim import claim
from ganarium.commands.compare import compare
from ganarium.commands.complete import complete
from ganarium.commands.diagnose import diagnose
from ganarium.commands.evaluate import evaluate
from ganarium.commands.lists import cite, list_
from ganarium.commands.theory import theory
from ganarium.processes import speaks

__all__ = ["main"]

_HELP = """ganarium: the GAN zoo, alive

  ganarium list [games|data|claims]      what there is to play, and to play on
  ganarium doctor [GAME] DATA            what of the data is used, converted, skipped; what a run would take
  ganarium train GAME --data DATA        train a game; --help after a game lists its options
  ganarium resume RUN                    go on where a run was stopped
  ganarium sample RUN --out FILE         draw samples: x.png, x.npz or a folder
  ganarium translate|encode|classify|score RUN     what a trained game does with data
  ganarium complete RUN --data FOLDER    fill holes in images: random ones, or those that a mask says
  ganarium compare GAME GAME --data DATA --seen N     games on equal terms: seeds, intervals, a page
  ganarium claim NAME | --all            what its paper says, proved in miniature: baseline, control, seeds
  ganarium theory [LESSON]               the mathematics, worked out and drawn beside what is exact
  ganarium explore RUN WALK              walks of the latent: interpolate, arithmetic, invert and more
  ganarium evaluate RUN                  how good its samples are: metrics, intervals, floors, stamps
  ganarium diagnose RUN                  why it behaves as it does: collapse, overfitting, no gradient, circles, copies
  ganarium show RUN                      what a run is and how far it got; writes its report, RUN/report.html
  ganarium quiz RUN                      real or fake? a page that counts how often a person errs
  ganarium film RUN                      the training as an animated GIF
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
    from ganarium.commands.train import train

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
    from ganarium.commands import doctor

    return doctor.with_game(words) if named else doctor.of_data(words)


def _ability(verb: str) -> Callable[[list[str]], int]:
    """The command of an ability."""

    def command(words: list[str]) -> int:
        from ganarium.commands import abilities

        function = getattr(abilities, verb)

        def run(**options: Any) -> int:
            function(**options)
            return 0

        run.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
        run.__annotations__ = typing.get_type_hints(function)
        return on_run(run, words, verb, function.__doc__)

    return command


def _explore(words: list[str]) -> int:
    """Walk the latent of a run."""
    from ganarium.commands.explore import explore

    return explore(words)


_VERBS: dict[str, Callable[[list[str]], int]] = {
    "list": list_,
    "doctor": _doctor,
    "train": _train,
    "resume": on_runs.resume,
    "sample": on_runs.sample,
    "translate": _ability("translate"),
    "encode": _ability("encode"),
    "classify": _ability("classify"),
    "score": _ability("score"),
    "complete": complete,
    "theory": theory,
    "explore": _explore,
    "evaluate": evaluate,
    "compare": compare,
    "claim": claim,
    "show": pages.show,
    "quiz": pages.quiz,
    "film": pages.film,
    "runs": on_runs.runs,
    "diagnose": diagnose,
    "cite": cite,
}


if __name__ == "__main__":
    sys.exit(main())
