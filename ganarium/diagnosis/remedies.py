"""What usually helps, as options of the game at hand: each is advised only if the game can be made with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ganarium.diagnosis.finding import Advice, State

if TYPE_CHECKING:
    from ganarium.diagnosis.case import Case

__all__ = ["advise", "possible"]

_MOST = 3


def advise(case: Case, ailment: str, state: State) -> tuple[Advice, ...]:
    """Options that usually help against an ailment, the first ones first; none if nothing ails."""
    if state not in ("found", "suspected"):
        return ()
    candidates = _FOR[ailment](case.last, case.config["settings"])
    found: list[Advice] = []
    for advice in candidates:
        if possible(case, advice.options):
            found.append(advice)
        if len(found) == _MOST:
            break
    return tuple(found)


def possible(case: Case, words: str) -> bool:
    """Whether ``ganarium train`` takes these options for the game and data of a run, and the game can be made."""
    from ganarium.arguments.request import GAME, Request
    from ganarium.game import Game

    if case.config["game"]["own"]:
        return False
    own = [row for row in GAME if row.name != "data"]
    source = (case.config["data"] or {}).get("name", "")
    data: list[str] = ["--data", source or "toy"]
    config = ["--config", str(case.path / "config.yaml")]
    try:
        request = Request([*data, *config, *words.split()], "train", [*GAME[:1], *own])
        game = request.game(case.last)
        request.settings(case.last)
    except (ValueError, TypeError, OSError, AssertionError):
        return False
    return isinstance(game, Game)


def _collapse(game: Any, settings: dict[str, Any]) -> Iterator[Advice]:
    yield from _smoother(game)
    if _is(game, "simultaneous", True):
        yield Advice("--no-simultaneous", "players who answer each other circle less than those who move at once")
    if _named(game, "objective") not in ("", "RelativisticPairs"):
        yield Advice("--objective relativistic-pairs", "a forgotten mode makes no minimum (Sun et al., 2020)")
    if (latent := getattr(game, "latent", None)) is not None and latent < 4:
        yield Advice("--latent 64", f"a latent of {latent} has little to vary")
    yield from _slower(game, settings, "generator")
    yield Advice(f"--batch {2 * settings['batch_size']}", "each step sees more of the modes")


def _overfitting(game: Any, settings: dict[str, Any]) -> Iterator[Advice]:
    if getattr(game, "augment", None) is None:
        yield Advice("--augment adaptive", "data that is seen augmented is harder to learn by heart")
        yield Advice("--augment diff-augment", "the same with a fixed strength")
    yield from _smoother(game)
    yield Advice("--best frechet", "keeps the checkpoint from before it got worse")
    yield from _slower(game, settings, "discriminator", "critic")


def _vanishing(game: Any, settings: dict[str, Any]) -> Iterator[Advice]:
    if _named(game, "objective") == "Minimax":
        yield Advice("--objective non-saturating", "its gradient is strong where samples are easily told from data")
    for name in ("discriminator_moves", "critic_moves"):
        if isinstance(moves := getattr(game, name, None), int) and moves > 1:
            yield Advice(f"--{name.replace('_', '-')} 1", f"{moves} moves let the judge get far ahead")
    yield from _smoother(game)
    if isinstance(bound := getattr(game, "bound", None), float):
        yield Advice(f"--bound {10 * bound:g}", "a wider box lets the slope through to the samples")
    yield from _slower(game, settings, "discriminator", "critic")


def _oscillation(game: Any, settings: dict[str, Any]) -> Iterator[Advice]:
    yield from _smoother(game)
    if _is(game, "simultaneous", True):
        yield Advice("--no-simultaneous", "players who answer each other circle less than those who move at once")
    optimizer: Any = getattr(game, "optimizer", None)
    if getattr(optimizer, "momentum", 0.0) != 0.0:
        yield Advice("--optimizer.momentum 0", "momentum carries both players past the point of rest")
    if hasattr(optimizer, "betas") and optimizer.betas[0] != 0.0:
        yield Advice("--optimizer.betas 0 0.99", "momentum carries both players past the point of rest")
    if settings["decay"] == "none":
        yield Advice("--decay cosine", "circles shrink with the steps")
    yield Advice(f"--average {4 * settings['average'] or 40_000:g}", "the average of a circle is near its centre")


def _memorisation(game: Any, settings: dict[str, Any]) -> Iterator[Advice]:
    if getattr(game, "augment", None) is None:
        yield Advice("--augment adaptive", "keeps the judge from asking for the very training samples")
    yield from _smoother(game)
    yield Advice("--best frechet", "keeps the checkpoint from before copies were better than samples")


def _smoother(game: Any) -> Iterator[Advice]:
    """More of the penalty on the judge's slope, however the game calls it."""
    why = "a gentler slope gives every sample a direction, and damps the game"
    gamma, penalties = getattr(game, "gamma", None), getattr(game, "penalties", None)
    if penalties == ():
        yield Advice(f"--penalties r1 --penalties.r1.weight {_weight(game)}", why)
    elif isinstance(gamma, int | float) and penalties:
        yield Advice(f"--gamma {4 * gamma:g}", why)
    elif penalties and isinstance(weight := penalties[0].weight, int | float):
        name = type(penalties[0]).__name__
        words = {"R1": "r1", "R2": "r2", "GradientPenalty": "gradient-penalty"}.get(name)
        if words:
            yield Advice(f"--penalties {words} --penalties.{words}.weight {4 * weight:g}", why)


def _weight(game: Any) -> str:
    return "0.1" if game.spec["x"].kind == "points" else "1"


def _slower(game: Any, settings: dict[str, Any], *players: str) -> Iterator[Advice]:
    """A quarter of the rate, for the player of one of these names."""
    for player in (each for stage in game.stages() for each in stage.players):
        if player.name not in players or player.step is not None:
            continue
        rate = settings["lr"].get(player.name) or getattr(player.optimizer, "lr", None)
        rate = rate(0.0) if callable(rate) else rate
        if isinstance(rate, float):
            yield Advice(f"--lr.{player.name} {rate / 4:g}", "smaller steps, for the other player to follow")


def _is(game: Any, name: str, value: Any) -> bool:
    return getattr(game, name, None) is value


def _named(game: Any, name: str) -> str:
    given = getattr(game, name, None)
    return "" if given is None else type(given).__name__


_FOR = {
    "mode collapse": _collapse,
    "discriminator overfitting": _overfitting,
    "vanishing generator gradient": _vanishing,
    "oscillation": _oscillation,
    "memorisation": _memorisation,
}
