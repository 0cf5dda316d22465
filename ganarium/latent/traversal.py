"""One thing at a time: a coordinate, a direction or a condition, over its range, with all else as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ganarium.game import Decodes
from ganarium.ingredients import Law, Normal, Truncated, Uniform
from ganarium.latent.decoding import Walk, decode, repeated, settled, walk

__all__ = ["along", "reach", "traverse", "vary"]


def reach(law: Law | None, span: float = 3.0) -> tuple[float, float]:
    """From where to where a coordinate of the law is walked: ``span`` standard deviations, or the law's range."""
    if isinstance(law, Uniform):
        return law.low, law.high
    if isinstance(law, Truncated):
        return -min(span, law.bound), min(span, law.bound)
    sd = law.sd if isinstance(law, Normal) else 1.0
    return -span * sd, span * sd


def traverse(
    game: Decodes,
    z: Tensor,
    coordinates: Sequence[int],
    span: tuple[float, float],
    steps: int = 9,
    condition: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Walk:
    """A row for each coordinate, which takes ``steps`` values over a range.

    Args:
        game: The game.
        z: Where to walk, of shape (1, Z).
        coordinates: Which coordinates, counted from 0.
        span: The first and the last value.
        steps: How many values.
        condition: What samples are to have; the game chooses the rest, once for all.
        seed: What the game's choices follow from.

    Raises:
        ValueError: if there is no such coordinate, or there are fewer than 2 steps.
    """
    _check(z, steps)
    beyond = [c for c in coordinates if not 0 <= c < z.shape[1]]
    if beyond or not coordinates:
        raise ValueError(f"Latents have the coordinates 0 to {z.shape[1] - 1}; got {beyond[0] if beyond else 'none'}.")
    latents = z.expand(len(coordinates), steps, -1).clone()
    for row, coordinate in enumerate(coordinates):
        latents[row, :, coordinate] = torch.linspace(*span, steps).to(z)
    return _walked(game, latents, condition, seed)


def along(
    game: Decodes,
    z: Tensor,
    vectors: Tensor,
    span: float = 3.0,
    steps: int = 9,
    condition: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Walk:
    """A row for each direction, along which the latent moves from ``-span`` to ``span``.

    Args:
        game: The game.
        z: Where to walk, of shape (1, Z).
        vectors: Unit vectors of shape (k, Z).
        span: How far to go to both sides.
        steps: How many samples.
        condition: What samples are to have; the game chooses the rest, once for all.
        seed: What the game's choices follow from.

    Raises:
        ValueError: if directions have another size than latents, or there are fewer than 2 steps.
    """
    _check(z, steps)
    if vectors.ndim != 2 or vectors.shape[1] != z.shape[1]:
        raise ValueError(f"Directions have the shape (k, {z.shape[1]}); got {tuple(vectors.shape)}.")
    latents = z + torch.linspace(-span, span, steps).to(z)[None, :, None] * vectors[:, None].to(z)
    return _walked(game, latents, condition, seed)


def vary(
    game: Decodes,
    z: Tensor,
    name: str,
    steps: int = 9,
    condition: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Walk:
    """The same latents under every class of a condition, or under each of its numbers from -1 to 1.

    A label has a row for each latent and a column for each class. A condition of several numbers has a row for each of
    them, at the first latent.

    Args:
        game: The game.
        z: Latents of shape (n, Z).
        name: The condition.
        steps: How many values a number takes.
        condition: What else samples are to have; the game chooses the rest, once for each row.
        seed: What the game's choices follow from.

    Raises:
        ValueError: if the game has no such condition, or it is neither a label nor numbers.
    """
    field = game.conditions.get(name)
    if field is None or field.kind not in ("label", "attributes"):
        known = [key for key, one in game.conditions.items() if one.kind in ("label", "attributes")]
        raise ValueError(
            f"{type(game).__name__} has no class and no numbers called '{name}' to walk over; "
            f"it has {', '.join(known) or 'none'}."
        )
    if field.kind == "label":
        rows = settled(game, len(z), condition or {}, seed)
        values = torch.arange(field.classes, device=z.device).repeat(len(z))
        latents = z[:, None].expand(-1, field.classes, -1)
    else:
        _check(z[:1], steps)
        rows = settled(game, 1, condition or {}, seed)
        rows = {key: value.expand(field.size, *value.shape[1:]) for key, value in rows.items()}
        values = rows[name].flatten(1).repeat_interleave(steps, 0).clone()
        places = torch.arange(field.size).repeat_interleave(steps)
        values[torch.arange(len(values)), places] = torch.linspace(-1, 1, steps).repeat(field.size).to(values)
        values = values.unflatten(1, field.shape)
        latents = z[:1, None].expand(field.size, steps, -1)
    given = {**repeated(rows, latents.shape[1]), name: values}
    samples = decode(game, latents.flatten(0, 1), given)
    return Walk(latents, samples.unflatten(0, latents.shape[:2]))


def _walked(game: Decodes, latents: Tensor, condition: Mapping[str, Any] | None, seed: int) -> Walk:
    rows = settled(game, 1, condition or {}, seed)
    return walk(game, latents, {name: value.expand(len(latents), *value.shape[1:]) for name, value in rows.items()})


def _check(z: Tensor, steps: int) -> None:
    if z.ndim != 2 or len(z) != 1:
        raise ValueError(f"One latent of shape (1, Z) is walked from; got {tuple(z.shape)}.")
    if steps < 2:
        raise ValueError(f"A range has two ends, and so 2 steps or more; got steps={steps}.")
