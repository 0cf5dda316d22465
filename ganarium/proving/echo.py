r"""The echo of an arm: a few rounds of all that it plays, in numbers that a change of its code would move.

A result stands while the code still gives its arm's echo. An echo has, of each game that the arm plays, the terms of
some rounds and how far its networks, and their averages, have gone from where they began; and what is measured at the
end. A refactoring moves none of these. A penalty's target that is larger by a thousandth moves those of the arms that
have it, and of no other: two echoes agree where each number is the other's within a thousandth.

A game may make much of little: in 24 rounds some turn a rounding of the first weights into a tenth of a loss, and a
draw of a bit or a word, or a count of modes, falls to the other side. So an echo is recorded with several such
roundings, and what they move is set apart as *shaky*: of it only what is measured is compared, and only where the games
have been the same to the last digit, shaky terms and all. Another processor, or another version of PyTorch, rounds
everywhere: there an echo is compared too, but a difference proves nothing (:func:`binds`).
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from math import isclose
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganarium.engine.timetable import Timetable
from ganarium.engine.trainer import Report, Trainer
from ganarium.game import Game
from ganarium.proving.arm import Arm
from ganarium.terminal.progress import silent
from ganarium.zoo.claim import PILOT

__all__ = ["FOUND", "Echo", "binds", "differences", "here", "listen", "measures", "moved", "record"]

#: Rounds of each game; what joins in every 16th round is among them.
_ROUNDS = 24
#: The rounds whose terms are kept.
_KEPT = (1, 2, 4, 8, 16, 24)
#: How near the numbers of two echoes are that agree; and how near those are that a rounding does not move.
_NEAR, _STEADY = 1e-3, 1e-4
#: How the name of what is measured begins.
FOUND = "found: "
#: How often an echo is played to find out what a rounding moves.
_ROUNDINGS = 3


class Echo(Arm):
    """An arm of a few rounds, with a pilot's seed, that notes its numbers by what they are.

    Args:
        name: ``game``, ``baseline`` or ``control``.
        rounding: Which roundings of the first weights, up or down; 0 for none.
        tell: Is told of the progress.
    """

    def __init__(self, name: str, rounding: int = 0, tell: Callable[[int, int, str], None] | None = None):
        super().__init__(name, PILOT[0], 0.01, tell)
        self.numbers: dict[str, float] = {}
        self._rounding = rounding
        self._games = 0
        self._start: dict[str, Tensor] = {}

    def begun(self, make: Callable[[], Any]) -> Any:
        game = super().begun(make)
        if self._rounding:
            _round(game, self._rounding)
        self._start = {name: value.detach().clone() for name, value in game.state_dict().items()}
        return game

    def length(self, timetable: Timetable, seen: int, batch: int) -> int:
        return _ROUNDS

    def rounds(
        self, make: Callable[[], Game], data: Any, seen: int, batch: int = 64, **settings: Any
    ) -> Iterator[tuple[Trainer, Report]]:
        self._games += 1
        which = f" {self._games}" if self._games > 1 else ""
        for trainer, report in super().rounds(make, data, seen, batch, **settings):
            who = f"{type(trainer.game).__name__}{which}"
            if report.round in _KEPT:
                self.numbers |= {f"{who}, round {report.round}: {k}": v for k, v in report.scalars.items()}
            if report.round == _ROUNDS:
                self.numbers |= _ways(f"{who}: way of ", self._start, trainer.game)
                self.numbers |= _ways(f"{who}, averaged: way of ", self._start, trainer.average)
            yield trainer, report


def listen(
    module: str, arm: str, rounding: int = 0, tell: Callable[[int, int, str], None] | None = None
) -> dict[str, float]:
    """Play the echo of an arm: its numbers, by what they are.

    Args:
        module: The claim's.
        arm: Which arm.
        rounding: Which roundings of the first weights; 0 for none.
        tell: Is told of the progress.
    """
    played = Echo(arm, rounding, tell)
    with silent():
        found = import_module(module).play(played)
    return played.numbers | {f"{FOUND}{name}": float(value) for name, value in found.items()}


def record(module: str, arm: str, tell: Callable[[int, int, str], None] | None = None) -> dict[str, Any]:
    """The echo of an arm as it is kept: ``where`` it was played, and its numbers, ``steady`` and ``shaky``.

    What differs though nothing was rounded, as times do, is not kept.

    Args:
        module: The claim's.
        arm: Which arm.
        tell: Is told of the progress.
    """
    numbers = listen(module, arm, 0, tell)
    others = [listen(module, arm, rounding, tell) for rounding in range(1, _ROUNDINGS + 1)]
    again = listen(module, arm, 0, tell)
    kept = {name: float(f"{value:.5g}") for name, value in numbers.items() if _near(value, again[name], _STEADY)}
    steady = {k for k in kept if all(_near(numbers[k], other[k], _STEADY) for other in others)}
    return {
        "where": here(),
        "steady": {name: value for name, value in kept.items() if name in steady},
        "shaky": {name: value for name, value in kept.items() if name not in steady},
    }


def differences(kept: Mapping[str, Any], numbers: Mapping[str, float]) -> list[str]:
    """Where an arm differs from its kept echo, with both values; the first thing that differs comes first.

    Args:
        kept: What :func:`record` gave.
        numbers: What :func:`listen` gives now.
    """
    found = moved(kept["steady"], numbers, _NEAR)
    measured = {name: value for name, value in kept["shaky"].items() if name.startswith(FOUND)}
    played = {name: value for name, value in kept["shaky"].items() if name not in measured}
    return found if found or moved(played, numbers, _STEADY) else moved(measured, numbers, _NEAR)


def moved(kept: Mapping[str, float], numbers: Mapping[str, float], share: float = _NEAR) -> list[str]:
    """Which kept numbers are others now, with both values.

    Args:
        kept: Numbers by what they are.
        numbers: The same now; others among them do not count.
        share: How near they are that agree, as a share of either.
    """
    found = []
    for name, value in kept.items():
        if name not in numbers:
            found.append(f"{name} was {value:.5g}, and is gone")
        elif not _near(value, numbers[name], share):
            found.append(f"{name} was {value:.5g}, is {numbers[name]:.5g}")
    return found


def measures(kept: Mapping[str, Any], numbers: Mapping[str, float]) -> bool:
    """Whether an echo says anything of the code that measures: what was measured is not all zero, and was compared.

    Args:
        kept: What :func:`record` gave.
        numbers: What :func:`listen` gives now.
    """
    said = {part: [v for k, v in kept[part].items() if k.startswith(FOUND) and v] for part in ("steady", "shaky")}
    played = {name: value for name, value in kept["shaky"].items() if not name.startswith(FOUND)}
    return bool(said["steady"]) or (bool(said["shaky"]) and not moved(played, numbers, _STEADY))


def here() -> str:
    """The kind of processor, what PyTorch makes of it, and its version: what decides how sums are rounded."""
    torch_is = f"{torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__.split('+')[0]}"
    return f"{platform.machine()} {_processor()}, {torch_is}"


def binds(kept: Mapping[str, Any]) -> bool:
    """Whether a difference from a kept echo proves anything on this kind of machine."""
    return kept["where"] == here()


def _processor() -> str:
    """The maker and the family, where the system says so."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    said = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    words = [said.get(name, "") for name in ("vendor_id", "cpu family", "CPU implementer", "CPU part")]
    return " ".join(filter(None, words)) or platform.processor()


def _near(a: float, b: float, share: float) -> bool:
    return isclose(a, b, rel_tol=share, abs_tol=1e-8)


def _round(game: Game, seed: int) -> None:
    """Move each weight to one of its neighbours, or leave it: a rounding to the other side."""
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in game.parameters():
            weight.mul_(1 + (torch.randint(3, weight.shape, generator=source) - 1) * torch.finfo(weight.dtype).eps)


def _ways(what: str, start: Mapping[str, Tensor], game: Game) -> dict[str, float]:
    """How far each network has gone: the norm over all its numbers."""
    squares: dict[str, float] = {}
    for name, value in game.state_dict().items():
        if value.is_floating_point() and value.shape == start[name].shape:
            part = name.split(".")[0]
            squares[part] = squares.get(part, 0.0) + float((value - start[name]).double().square().sum())
    return {f"{what}{part}": square**0.5 for part, square in squares.items()}
