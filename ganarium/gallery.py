"""The picture of a game in training: the same latents and the same inputs each time, so that one sees learning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from ganarium import pictures
from ganarium.game import Game, Samples, Translates, evaluating
from ganarium.spec import Batch, Field

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["gallery"]


def gallery(game: Game, data: Any) -> Image | None:
    """What the game can do, drawn; None if there is no picture of it.

    A game that draws samples shows 64 of them (1,000 points), with every class in turn where it knows classes. One that
    translates shows what it makes of the first samples of each domain.

    Args:
        game: The game.
        data: What it is trained on.
    """
    batch = next(iter(data.sweep(min(2000, len(data)))))
    if isinstance(game, Samples) and game.spec["x"].kind in pictures.KINDS:
        return _samples(game, game.spec["x"], batch)
    if isinstance(game, Translates) and all(game.spec[name].kind in pictures.KINDS for name in ("a", "b")):
        return _translations(game, batch)
    return None


def _samples(game: Samples, field: Field, batch: Batch) -> Image:
    count = {"points": 1000, "image": 64}.get(field.kind, 16)
    classes = game.conditions["y"].classes if "y" in game.conditions else 0
    if field.kind == "image" and 0 < classes <= 16:
        # A square grid then has a column for each class.
        count = classes**2
    samples = game.sample(count, seed=0, **_asked(game.conditions, batch, count)).float().cpu()
    return pictures.draw(samples, field, data=batch["x"].cpu() if field.kind == "points" else None)


def _asked(conditions: Mapping[str, Field], batch: Batch, count: int) -> dict[str, Any]:
    """Every class in turn; for other conditions that the data holds, those of its first samples."""
    rows: dict[str, Any] = {}
    for name, field in conditions.items():
        if field.kind == "label":
            rows[name] = torch.arange(count) % field.classes
        elif name in batch:
            rows[name] = batch[name].repeat(math.ceil(count / len(batch[name])), *[1] * len(field.shape))[:count]
    return rows


def _translations(game: Any, batch: Batch) -> Image:
    rows, fields = [], []
    with evaluating(game), torch.no_grad():
        for target in sorted(game.targets, reverse=True):
            source = {"a": "b", "b": "a"}[target]
            shown = batch[source][:8].to(game.device)
            rows += [(source, shown.cpu()), (f"{source} to {target}", game.translate(shown, target).cpu())]
            fields += [game.spec[source], game.spec[target]]
    return pictures.draw_rows(rows, fields)
