"""What is asked of games that stand in the zoo: names, docstrings, length."""

from __future__ import annotations

import inspect
from pathlib import Path

from ganarium.arguments import forms
from ganarium.contract.broken import expect, holds
from ganarium.contract.plays import players, toy, toy_batch
from ganarium.game import Game

__all__ = ["LINES"]

#: How long a game's file is at most.
LINES = 150


def _texts(kind: type[Game]) -> str:
    """The docstrings of a game and of the games that it is made of."""
    return "\n".join(inspect.getdoc(base) or "" for base in kind.__mro__ if issubclass(base, Game))


@holds("the docstring explains every option, every player and the batch, and shows an example", house=True)
def docstring(kind: type[Game]) -> None:
    helps, own, text = forms.helps_of(kind), inspect.getdoc(kind) or "", _texts(kind)
    for name in inspect.signature(kind).parameters:
        expect(helps.get(name), f"the option {name} is not explained under Args.")
    for section in ("Players:", "Batch:", "Args:"):
        expect(section in text, f"there is no section {section}")
    expect("Example:" in own, "there is no section Example: in the game's own docstring.")
    for player in players(toy(kind)):
        expect(f"{player.name}:" in text, f"the player '{player.name}' is not explained under Players.")
    module = inspect.getmodule(kind)
    expect("Reference:" in (getattr(module, "__doc__", "") or ""), "the file's docstring has no section Reference:")


@holds("the docstring explains every term", house=True)
def explained(kind: type[Game]) -> None:
    game, text = toy(kind), _texts(kind)
    for player in players(game):
        for name in player.loss(toy_batch(game)) if player.step is None else ():
            expect(f"``{name}``" in text, f"the term {player.name}/{name} is not explained: write ``{name}``.")


@holds("the paper says its batches, or a deviation that they are not known", house=True)
def published(kind: type[Game]) -> None:
    departs = inspect.cleandoc(kind.__doc__ or "").partition("Deviations from the paper:")[2]
    known = kind.paper.batch or "batch" in departs
    expect(known, "nobody says the paper's batch: write Paper(..., batch=64), or a deviation that it is not known.")


@holds("the file is named after the command, says its paper, and is short", house=True)
def file(kind: type[Game]) -> None:
    path, paper = Path(inspect.getfile(kind)), kind.paper
    for fact in ("title", "authors", "year"):
        expect(getattr(paper, fact), f"its paper has no {fact}. Write paper = Paper(...), in literals.")
    named = set(path.stem.split("_")) == set(paper.command.split("-"))
    expect(named, f"{path.name} is not named after the command {paper.command}.")
    lines = len(path.read_text(encoding="utf-8").splitlines())
    expect(lines <= LINES, f"{path.name} has {lines} lines; a game has {LINES} at most. Networks go to nets/.")
