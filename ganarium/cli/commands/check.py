"""``ganarium check``: whether a game keeps the contract."""

from __future__ import annotations

from typing import Any

from ganarium.cli.commands.base import verb
from ganarium.zoo import index, own

__all__ = ["check"]


@verb("check", says="GAME", about="whether a game keeps the contract: what fails, why, what to do", group="playing")
def check(words: list[str]) -> int:
    """Play a game's toy, and say of each property of games whether it holds. Exit code 1: one does not.

    Args:
        words: The words after ``ganarium check``: a game.
    """
    if {"-h", "--help"} & set(words):
        print("ganarium check GAME: `ganarium list` has games, ./my_game.py:MyGAN is your own.\n")
        print("Plays the game's toy, and says of each property of games whether it holds, or why not and what to do.")
        print("What is asked only of games that stand in the zoo is said, and counts, for those alone.")
        return 0
    if len(words) != 1 or words[0].startswith("-"):
        raise ValueError("Which game? `ganarium check GAME` or `ganarium check ./my_game.py:MyGAN`.")
    entry = index.game(words[0])
    kind = index.game_class(words[0])
    from ganarium.contract import PROPERTIES

    outside = bool(entry.file or entry.package)
    failed = [each for each in PROPERTIES if not _said(each, kind, counts=not (outside and each.house))]
    if any(each.house for each in failed) and outside:
        print("\nWhat is marked zoo is asked only of games that stand in the zoo.", end="")
    failed = [each for each in failed if not (outside and each.house)]
    print(f"\n{kind.__name__} {'keeps' if not failed else 'breaks'} the contract", end="")
    print("." if not failed else f": {len(failed)} of its properties {'fails' if len(failed) == 1 else 'fail'}.")
    return int(bool(failed))


def _said(each: Any, kind: Any, counts: bool) -> bool:
    """Whether a property holds; says so as soon as it is known."""
    from ganarium.contract import Broken, Inapplicable

    try:
        each.check(kind)
        word, why = "holds", ""
    except Inapplicable as reason:
        word, why = "-", f"not asked: {reason}"
    except Broken as broken:
        word, why = "fails" if counts else "zoo", str(broken)
    except Exception as error:
        word, why = "fails" if counts else "zoo", f"it stops with {own.said(error, own.file_of(kind))}."
    print(f"{word:<7}{each.says}", flush=True)
    if why:
        print(f"{'':<7}  {why}", flush=True)
    return word not in ("fails", "zoo")
