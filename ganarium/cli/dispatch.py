"""The command line: a verb, and what it needs.

Verbs are found by their mark (:func:`ganarium.cli.commands.base.verb`). Nothing heavy is imported before it is needed,
so that help, lists and the answer to a mistyped name come at once.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence

from ganarium._version import __version__
from ganarium.terminal.output import forgive
from ganarium.terminal.processes import speaks
from ganarium.zoo import index

__all__ = ["main"]

#: The headings of the help, in their order.
GROUPS = ("what there is", "playing", "what a trained game does", "how good it is", "what papers say")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0: done, 1: the work failed, 2: misuse, 130 or 143: interrupted.

    Args:
        arguments: The words after ``ganarium``; those of this process if left out.
    """
    # Threads that wait for each other by spinning stall for milliseconds where another process wants the same core.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    forgive(sys.stdout, sys.stderr)
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help())
        return 0
    if words[0] in ("-V", "--version", "version"):
        print(f"ganarium {__version__}")
        return 0
    return _performed(words[0], words[1:])


def _performed(word: str, rest: list[str]) -> int:
    """The exit code of a command, its errors said as a person reads them."""
    from ganarium.cli.commands.base import perform

    verbs = [each for each in index.verbs() if " " not in each]
    if word not in verbs:
        return _misuse(f"There is no command '{word}'. {index.nearest(word, verbs)}")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            return perform(index.verbs()[word], rest)
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


def _help() -> str:
    """All commands, under their headings."""
    lines = ["ganarium: the GAN zoo, alive"]
    for group in GROUPS:
        lines += ["", f"{group}:"]
        for each in index.verbs().values():
            if each.group == group:
                usage = f"ganarium {each.word} {each.says}".strip()
                lines.append(f"  {usage:<47} {each.about}")
    return "\n".join(
        [
            *lines,
            "",
            "A GAME is one of `ganarium list`, or your own: ./my_game.py:MyGAN.",
            "A first run:  ganarium train dcgan --data digits --minutes 1",
            "Every command explains itself with --help.",
        ]
    )


def _warn(message: Warning | str, *_: object) -> None:
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


if __name__ == "__main__":
    sys.exit(main())
