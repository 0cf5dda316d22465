"""``ganarium doctor``: what is to be known before a run."""

from __future__ import annotations

from ganarium.cli.commands.base import verb
from ganarium.zoo import index

__all__ = ["doctor"]

_HELP = """ganarium doctor DATA [the data's options] [--out DIR] [--json]
ganarium doctor GAME DATA [the options of `ganarium train GAME --data DATA`] [--out DIR] [--json]

What of the data is used, converted and skipped, and why; with a game, also the memory and the time that a run would
take here, and what is likely to go wrong. Batches as the discriminator gets them are drawn in what-D-sees.png.
Exit code 1: training would refuse. No file of the data is changed."""


@verb(
    "doctor",
    says="[GAME] DATA",
    about="what of the data is used, converted, skipped; what a run would take",
    group="what there is",
)
def doctor(words: list[str]) -> int:
    """Say what of the data is used, converted and skipped, and what a run would take.

    Args:
        words: The words after ``ganarium doctor``: data, or a game and data; then options.
    """
    if not words or words[0].startswith("-"):
        if not {"-h", "--help"} & set(words):
            raise ValueError(
                "On what? `ganarium doctor DATA` or `ganarium doctor GAME DATA`; see `ganarium list data`."
            )
        print(_HELP)
        return 0
    with_game = index.is_game(words[0])
    if with_game:
        index.game(words[0])
    if not with_game or (len(words) > 1 and not words[1].startswith("-")):
        index.check_data(words[1] if with_game else words[0])
    from ganarium.cli.commands import checkup

    return checkup.with_game(words) if with_game else checkup.of_data(words)
