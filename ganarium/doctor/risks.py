"""What is likely to go wrong, said before a run starts. Each rule names where its number comes from."""

from __future__ import annotations

import inspect
from typing import Any

from ganarium.doctor.forecast import Forecast
from ganarium.game import Game, Scores
from ganarium.running.settings import Settings

__all__ = ["risks"]

#: Below so many images a discriminator is said to learn them by heart. Karras et al. (2020) say that too little data
#: leads to that, and that a few thousand images are enough with their augmentation; the number is ours.
FEW = 2_000
#: The largest class is so many times the smallest: our threshold.
UNEVEN = 10
#: The share of enlarged images that is worth a word: our threshold.
ENLARGED = 0.1


def risks(game: Game, data: Any, settings: Settings, forecast: Forecast) -> list[str]:
    """Sentences on what is likely to go wrong; none if nothing is known.

    Args:
        game: The game.
        data: What it plays on.
        settings: How it is to be played.
        forecast: What the run will take.
    """
    scan = getattr(data, "scan", None)
    found = [_few(game, data), _short(forecast)]
    if scan is not None:
        found += [_uneven(scan.classes, settings.batch_size), _enlarged(scan, data)]
    return [sentence for sentence in [*found, game.caution] if sentence]


def _few(game: Game, data: Any) -> str:
    judged = data.spec.get("x")
    if len(data) >= FEW or not isinstance(game, Scores) or judged is None or judged.kind != "image":
        return ""
    known = (
        f"{len(data):,} images are few: below about {FEW:,} a discriminator learns them by heart (Karras et al., 2020, "
        "arXiv 2006.06676; here, with 100 digits, it scored its own 3.8 standard deviations above others)"
    )
    if "augment" not in inspect.signature(type(game)).parameters:
        return f"{known}. This game has no --augment; dcgan and r3gan do. More images help most."
    if getattr(game, "augment", None) is not None:
        return ""
    return (
        f"{known}. Try --augment adaptive or --augment diff-augment: it helped where it was published, and not yet on "
        "those digits (docs/augmentation.md). More images help most."
    )


def _short(forecast: Forecast) -> str:
    if forecast.epochs >= 1:
        return ""
    return f"The run ends when it has seen {forecast.epochs:.0%} of the data once. Give it more: --epochs, --minutes."


def _uneven(classes: dict[str, int], batch: int) -> str:
    if not classes or max(classes.values()) < UNEVEN * min(classes.values()):
        return ""
    name, least = min(classes.items(), key=lambda item: item[1])
    largest, each = max(classes.values()), least * batch / sum(classes.values())
    rare = (
        f"a batch of {batch} has {each:.1f} of it" if each >= 1 else f"one batch of {batch} in {1 / each:,.0f} has one"
    )
    return (
        f"The class '{name}' has {least:,} image{'s' * (least != 1)}, and the largest {largest:,}: {rare}, so "
        "samples of it are few, or learned by heart. Add images of it, or leave its folder out."
    )


def _enlarged(scan: Any, data: Any) -> str:
    count = sum(number for what, number in scan.converted.items() if "enlarged" in what)
    if count <= ENLARGED * scan.images:
        return ""
    side = data.spec["x"].shape[-1]
    return (
        f"{count:,} of {scan.images:,} images are smaller than {side} pixels and were enlarged: their blur is what the "
        f"game will learn. Try --data.size {side // 2}."
    )
