"""``ganarium train``: plays a game on data, and keeps the run."""

from __future__ import annotations

from ganarium.data.progress import silent
from ganarium.fitting import fit
from ganarium.forms import Row
from ganarium.request import GAME, Request

__all__ = ["train"]

_COMMAND = [
    Row("out", str | None, None, "The run's folder; numbered under ./runs if left out."),
    Row("stop_after", int | None, None, "Stop, and save, after so many rounds; `resume` goes on."),
    Row("quiet", bool, False, "Say nothing."),
]


def train(words: list[str]) -> int:
    """Run the command.

    Args:
        words: The words after ``ganarium train``: a game, then options.
    """
    request = Request(words, "train", [*GAME, *_COMMAND])
    with silent(request.answer["quiet"]):
        data = request.data()
    session = {name: request.answer[name] for name in ("out", "stop_after", "quiet")}
    fit(request.game(data), data, request.settings(data), origin=request.origin, **session)
    return 0
