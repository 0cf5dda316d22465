"""Settings that change how fast a run is and nothing else, chosen by a short measured trial."""

from __future__ import annotations

import copy
import itertools
import os
import statistics
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from ganarium.engine.trainer import Report
from ganarium.game import Game
from ganarium.running.settings import Settings
from ganarium.terminal.console import Console, duration

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["tuned"]

#: Seconds of the trial for each candidate; and of a run, below which compiling is not worth trying.
SECONDS, WORTH_COMPILING = 1.5, 600.0


def tuned(settings: Settings, game: Game, data: Any, fabric: Fabric, console: Console) -> Settings:
    """The settings with the fastest threads, memory layout and compilation for this game on this machine.

    Copies of the game take turns, a few rounds each, so that all meet the same noise of the machine; medians decide.

    Args:
        settings: How the run is to be played.
        game: The game; it is left as it is.
        data: What it plays on.
        fabric: Device, precision and processes.
        console: Where to say what was measured.
    """
    candidates = list(_candidates(settings, game, fabric))
    console.say(f"  tuning       {len(candidates)} ways to play, about {duration(len(candidates) * SECONDS)}")
    times = _race(candidates, game, data, fabric)
    best = min(range(len(times)), key=times.__getitem__)
    chosen, found = candidates[best], times[best]
    for candidate, seconds in zip(candidates, times, strict=True):
        mark = "  <- chosen" if candidate is chosen else ""
        console.say(f"               {_words(candidate):<32}{1000 * seconds:8.3g} ms a round{mark}")
    chosen = _compiled(chosen, found, game, data, fabric, console)
    return chosen.changed(tune=False)


def _candidates(settings: Settings, game: Game, fabric: Fabric) -> Iterator[Settings]:
    """Every choice of threads and layout that can matter here."""
    alone_on_cpu = fabric.device.type == "cpu" and fabric.world_size == 1
    threads = sorted({1, os.cpu_count() or 1}) if alone_on_cpu else [settings.threads]
    layouts = (False, True) if any(p.ndim >= 4 for p in game.parameters()) else (False,)
    for count, layout in itertools.product(threads, layouts):
        yield settings.changed(threads=count, channels_last=layout, compile=False)


def _race(candidates: list[Settings], game: Game, data: Any, fabric: Fabric) -> list[float]:
    """The median seconds of a round, for each candidate."""
    players = [_play(candidate, game, data, fabric) for candidate in candidates]
    chunks = [1] * len(candidates)
    times: list[list[float]] = [[] for _ in candidates]
    outer = torch.get_num_threads()
    spent = 0.0
    # The first turn warms up; then at least three, whatever they take.
    while len(times[0]) < 4 or spent < SECONDS * len(candidates):
        for i, (candidate, player) in enumerate(zip(candidates, players, strict=True)):
            # One clock for all processes, or they would go separate ways.
            seconds = fabric.broadcast(_turn(candidate, player, chunks[i]))
            spent += seconds * chunks[i]
            chunks[i] = min(max(1, round(0.1 / seconds)), 1000)
            times[i].append(seconds)
    torch.set_num_threads(outer)
    return [statistics.median(each[1:]) for each in times]


def _turn(settings: Settings, player: Iterator[Report], rounds: int) -> float:
    """Seconds for a round, over so many of them."""
    if settings.threads:
        torch.set_num_threads(settings.threads)
    start = time.perf_counter()
    for report in itertools.islice(player, rounds):
        last = report
    _ = last.scalars  # waits for the device
    return (time.perf_counter() - start) / rounds


def _play(settings: Settings, game: Game, data: Any, fabric: Fabric) -> Iterator[Report]:
    trainer = settings.trainer(copy.deepcopy(game), fabric)
    return trainer.play(data, settings.batch_size, 10**9)


def _compiled(settings: Settings, seconds: float, game: Game, data: Any, fabric: Fabric, console: Console) -> Settings:
    """The settings with compilation, if it pays within the run."""
    rounds = settings.rounds or (round(60 * (settings.minutes or 1.0) / seconds))
    if rounds * seconds < WORTH_COMPILING:
        console.say(f"               not compiled: the run takes less than {duration(WORTH_COMPILING)}")
        return settings
    candidate = settings.changed(compile=True)
    start = time.perf_counter()
    try:
        player = _play(candidate, game, data, fabric)
        _turn(candidate, player, 2)
        spent = time.perf_counter() - start
        after = statistics.median(_turn(candidate, player, max(1, round(0.3 / seconds))) for _ in range(3))
    except Exception as error:
        console.say(f"               not compiled: {str(error).splitlines()[0][:100]}")
        return settings
    spent, after = fabric.broadcast((spent, after))
    pays = spent + rounds * after < rounds * seconds
    words = f"{1000 * after:.3g} ms a round after {duration(spent)} of compiling"
    console.say(f"               {'compiled' if pays else 'not compiled'}: {words}")
    return candidate if pays else settings


def _words(settings: Settings) -> str:
    threads = f"{settings.threads} thread{'s' * (settings.threads != 1)}" if settings.threads else "threads as they are"
    return threads + (", channels last" if settings.channels_last else "")
