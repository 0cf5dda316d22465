"""What every game keeps while it is played."""

from __future__ import annotations

import copy
import inspect
import math
from typing import Any

import torch

from ganarium.contract.broken import Broken, Inapplicable, expect, holds
from ganarium.contract.plays import (
    ROUNDS,
    doubled_noise,
    play,
    play_on,
    players,
    record,
    same,
    toy,
    toy_batch,
    twenty_rounds,
)
from ganarium.engine.trainer import Trainer
from ganarium.game import Game
from ganarium.running.settings import Settings
from ganarium.zoo import options

__all__ = ["PAUSES"]

#: After which rounds a run is stopped and taken up again.
PAUSES = (1, 4, 7)


def _losers(game: Game) -> list[Any]:
    """The players who descend a loss.

    Raises:
        Inapplicable: if all take steps of their own.
    """
    found = [player for player in players(game) if player.step is None]
    if not found:
        raise Inapplicable("all players take steps of their own")
    return found


@holds("terms are finite scalars, and some have a gradient")
def terms(kind: type[Game]) -> None:
    game = toy(kind)
    batch = toy_batch(game)
    for player in _losers(game):
        found = player.loss(batch)
        who = f"the player '{player.name}'"
        expect(found, f"{who} has no terms. Its loss returns a mapping of names to scalars.")
        for name, term in found.items():
            expect(term.ndim == 0, f"{who}'s term '{name}' has the shape {tuple(term.shape)}. Take its mean.")
            expect(math.isfinite(term.item()), f"{who}'s term '{name}' is {term.item()} on random data.")
        expect(any(term.requires_grad for term in found.values()), f"{who} has no term with a gradient.")


@holds("a move changes nothing that its player does not own")
def ownership(kind: type[Game]) -> None:
    game = toy(kind)
    trainer = Trainer(game)
    for number, stage in enumerate(trainer.stages):
        trainer.stage = number
        trainer._take_seats()
        seats: list[Any] = list(trainer._seats)
        for seat, player in zip(seats, stage.players, strict=True):
            before = {name: p.clone() for name, p in game.named_parameters()}
            found, gradients = seat.gradient(toy_batch(game), 1)
            seat.after(found | seat.step(gradients))
            own = {id(p) for p in player.parameters()}
            for name, p in game.named_parameters():
                kept = id(p) in own or torch.equal(p, before[name])
                expect(kept, f"the player '{player.name}' moved {name}, which it does not own. Add it to owns=.")


@holds("all that is owned moves within twenty rounds")
def gradients(kind: type[Game]) -> None:
    trainer, moved = twenty_rounds(kind)
    still = [name for name, has_moved in moved.items() if not has_moved]
    still = [name for name in still if not (name.endswith("head.bias") and _only_differences_count(trainer.game, name))]
    expect(
        not still,
        f"{', '.join(still[:5])} never moved{' (and others)' if len(still) > 5 else ''}: no loss of its owner depends "
        "on it. Let it have one, or remove it from owns=.",
    )


def _only_differences_count(game: Game, bias: str) -> bool:
    """Whether no loss of a player who owns a last bias feels it: a critic of whose scores only differences count.

    The bias moves a little only: of hinges too only differences count, while all scores are within the margin.
    """
    game = copy.deepcopy(game)
    before, parameter = _losses(game), dict(game.named_parameters())[bias]
    with torch.no_grad():
        parameter += 0.01
    owners = [any(parameter is p for p in player.parameters()) for player in players(game)]
    pairs = zip(before, _losses(game), owners, strict=True)
    return all(math.isclose(one, other, abs_tol=1e-5) for one, other, owns in pairs if owns)


def _losses(game: Game) -> list[float]:
    """What each player descends on one batch, always with the same noise; nothing, if it takes steps of its own."""
    batch = toy_batch(game)
    torch.manual_seed(0)
    losses = [{} if player.step else player.loss(batch) for player in players(game)]
    return [sum(t.item() for t in loss.values() if t.requires_grad) for loss in losses]


@holds("twenty rounds stay finite, and the average follows")
def finite(kind: type[Game]) -> None:
    trainer, _ = twenty_rounds(kind)
    for name, value in trainer.game.state_dict().items():
        expect(value.isfinite().all(), f"{name} is not finite after twenty rounds on random data.")
    before = toy(kind).state_dict()
    followed = any(not torch.equal(v, before[name]) for name, v in trainer.average.state_dict().items())
    expect(followed, "the average of the networks is as it was after twenty rounds.")


@holds("a sample's loss does not depend on the others in its batch, unless couples_samples says why")
def duplicates(kind: type[Game]) -> None:
    game = toy(kind)
    if game.couples_samples:
        raise Inapplicable(f"couples samples: {game.couples_samples}")
    batch = toy_batch(game)
    twice = {name: torch.cat([value, value]) for name, value in batch.items()}
    for player in _losers(game):
        with doubled_noise(False):
            once = player.loss(batch)
        with doubled_noise(True):
            double = player.loss(twice)
        for name in once:
            close = torch.allclose(once[name], double[name], rtol=1e-4, atol=1e-5)
            expect(
                close,
                f"the term {player.name}/{name} is {once[name]:.4g}, and {double[name]:.4g} with every sample twice. "
                "Take means over the batch; or say in couples_samples why it depends on the others.",
            )


@holds("the same seed is the same run, bit for bit")
def repeated(kind: type[Game]) -> None:
    again = Trainer(toy(kind))
    equal = play_on(again, until=3) == record(kind).terms[:3] and same(again.state_dict(), record(kind).states[3])
    expect(equal, "two runs of the same seed differ. Draw noise from PyTorch's default generator, and from no other.")


@holds("another seed is another run")
def seeds(kind: type[Game]) -> None:
    other = Trainer(toy(kind), seed=1)
    play_on(other, until=3)
    expect(
        not same(dict(other.game.state_dict()), dict(record(kind).states[3]["game"])),
        "runs of two seeds are the same. Seed no generator yourself.",
    )


@holds("its state goes round")
def state(kind: type[Game]) -> None:
    played, other = record(kind).states[2]["game"], toy(kind, seed=1)
    try:
        other.load_state_dict(played)
    except RuntimeError as error:
        raise Broken(f"a new game does not take the state of a played one: {error}") from None
    expect(same(dict(other.state_dict()), dict(played)), "a game's state is another once it was loaded.")


@holds("a resumed run equals one that never stopped: terms, networks, average, optimisers, counts")
def resumed(kind: type[Game]) -> None:
    whole = record(kind)
    for pause in PAUSES:
        second = Trainer(toy(kind, seed=5))  # through other first weights
        second.load_state_dict(copy.deepcopy(whole.states[pause]))
        equal = play_on(second) == whole.terms[pause:] and same(second.state_dict(), whole.states[ROUNDS])
        expect(
            equal,
            f"stopped after round {pause}, it goes on otherwise. Keep what lasts longer than a round in parameters "
            "and buffers (build(): self.register_buffer).",
        )


@holds("it plays in double precision")
def double(kind: type[Game]) -> None:
    for name, p in play(toy(kind).double(), 2).game.named_parameters():
        expect(p.dtype == torch.float64, f"{name} is no double: it was made anew in single precision.")
        expect(p.isfinite().all(), f"{name} is not finite after two rounds.")


@holds("its options stay attributes, and go round through a config")
def options_go_round(kind: type[Game]) -> None:
    game = toy(kind)
    for name, parameter in list(inspect.signature(kind).parameters.items())[1:]:
        expect(hasattr(game, name), f"the option {name} is no attribute of the game.")
        expect(parameter.default is not inspect.Parameter.empty, f"the option {name} has no default.")
    rows, own = options.of_game(game)
    expect(not own, f"the toy's {', '.join(own)} cannot be written to a config: use defaults, numbers and words.")
    rebuilt = kind(game.spec, **{name: options.read(value) for name, value in rows.items()})
    expect(rebuilt.state_dict().keys() == game.state_dict().keys(), "made again from its options, it has other parts.")
    expect(options.of_game(rebuilt) == (rows, []), "made again from its options, it has other options.")


@holds("recipes are options, and paces are settings")
def recipes(kind: type[Game]) -> None:
    spec = toy(kind).spec
    unknown = set(kind.recipe(spec)) - set(inspect.signature(kind).parameters)
    expect(not unknown, f"the recipe names {', '.join(sorted(unknown))}, which is no option.")
    try:
        Settings().changed(**kind.pace(spec))
    except ValueError as error:
        raise Broken(f"the pace is no setting: {error}") from None
