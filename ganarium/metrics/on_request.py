"""Measures before a judge what is measured only when it is asked for (:mod:`ganarium.metrics.requested`)."""

from __future__ import annotations

from typing import Any

import torch

from ganarium import index
from ganarium.game import Decodes
from ganarium.metrics.judge import Judge
from ganarium.metrics.requested import accuracy, parzen, path_length
from ganarium.metrics.rows import CHUNK
from ganarium.metrics.stamp import Number
from ganarium.randomness import mix

__all__ = ["requested"]


def requested(name: str, judge: Judge, game: Any, made: Any, count: int, seed: int, notes: list[str]) -> list[Number]:
    """A number that is measured only when it is asked for."""
    first = judge.features[0]
    if name == "parzen":
        others = judge.others(judge.reference)
        flat = next((each for each in judge.features if each.name in ("coordinates", "pixels")), None)
        if others is None or flat is None:
            notes.append("parzen: it takes the features coordinates or pixels, and other data for a test")
            return []
        rows = [each.features[flat.name] for each in (made, judge.real, others)]
        floor = parzen(judge.real.features[flat.name], *(rows[2].chunk(2)))[0]
        return [judge.number(name, parzen(*rows), "higher", flat, len(made), floor)]
    if name == "path-length":
        if not isinstance(game, Decodes):
            able = ", ".join(index.with_ability("decode"))
            raise ValueError(f"{type(game).__name__} decodes no latents, which path-length takes. These do: {able}.")
        return [judge.number(name, path_length(game, first, seed), "lower", first, count)]
    return [_accuracy(judge, game, count, seed)]


def _accuracy(judge: Judge, game: Any, count: int, seed: int) -> Number:
    """Classification accuracy score; its floor is that of real data with as many labels."""
    data, field = judge.data, judge.data.spec[judge.field]
    asked = getattr(game, "conditions", {}).get("y")
    if asked is None or "y" not in data.spec or field.kind != "image":
        raise ValueError(
            "accuracy takes images that were asked for by their label: a conditional game, such as cgan, and data "
            f"with labels. {type(game).__name__} on {data.name} is none."
        )
    classes, labels = data.spec["y"].classes, torch.arange(count) % data.spec["y"].classes
    drawn = [
        game.sample(len(part), seed=mix(seed, 23, place), y=part).cpu()
        for place, part in enumerate(labels.split(CHUNK))
    ]
    batches = [data.gather(part) for part in (judge.sources, judge.places)]
    (x, y), (real_x, real_y) = ((batch["x"].cpu(), batch["y"].cpu()) for batch in batches)
    pair = accuracy(torch.cat(drawn), labels, x, y, field, classes, seed)
    floor, _ = accuracy(real_x, real_y, x, y, field, classes, seed)
    return judge.number("accuracy", pair, "higher", judge.features[0], count, floor)
