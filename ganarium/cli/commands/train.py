"""``ganarium train``: plays a game on data, and keeps the run."""

from __future__ import annotations

from itertools import pairwise

from ganarium.cli.commands.base import verb
from ganarium.zoo import index

__all__ = ["train"]


@verb(
    "train",
    says="GAME --data DATA",
    about="train a game; --help after a game lists its options",
    group="playing",
)
def train(words: list[str]) -> int:
    """Train a game; what is mistyped is found before anything slow is imported.

    Args:
        words: The words after ``ganarium train``: a game, then options.
    """
    if not words or words[0].startswith("-"):
        if {"-h", "--help"} & set(words):
            print(f"ganarium train GAME --data DATA [options]\n\nGames: {', '.join(index.every_game())}")
            print("Your own: ./my_game.py:MyGAN. `ganarium train GAME --help` lists the options of a game.")
            return 0
        if not any(word.partition("=")[0] in ("--config", "--from") for word in words):
            raise ValueError("Which game? `ganarium train GAME --data DATA`; see `ganarium list`.")
    else:
        index.game(words[0])
    for option, value in pairwise(words):
        if option == "--data":
            index.check_data(value)
    return _train(words)


def _train(words: list[str]) -> int:
    from ganarium.arguments.forms import Row
    from ganarium.arguments.request import GAME, Request
    from ganarium.running.fitting import fit
    from ganarium.terminal.progress import silent

    own = [
        Row("out", str | None, None, "The run's folder; numbered under ./runs if left out."),
        Row("stop_after", int | None, None, "Stop, and save, after so many rounds; `resume` goes on."),
        Row("quiet", bool, False, "Say nothing."),
    ]
    request = Request(words, "train", [*GAME, *own])
    with silent(request.answer["quiet"]):
        data = request.data()
    session = {name: request.answer[name] for name in ("out", "stop_after", "quiet")}
    fit(request.game(data), data, request.settings(data), origin=request.origin, **session)
    return 0
