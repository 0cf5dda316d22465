"""From latents to samples: without gradient, in parts, with conditions that are settled once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from ganarium.game import Decodes, Game, evaluating, part_of
from ganarium.ingredients import Law, Normal, Truncated, Uniform
from ganarium.randomness import mix, seeded

__all__ = ["Walk", "asked", "decode", "draw", "frozen", "inside", "repeated", "settled"]

_CHUNK = 256  # of Samples.sample, whose draws these are


@dataclass(frozen=True)
class Walk:
    """Latents in rows, and what they become.

    Args:
        latents: Of shape (n, T, Z).
        samples: Of shape (n, T, \\*shape), on the CPU.
    """

    latents: Tensor
    samples: Tensor


def draw(game: Decodes, n: int, *, seed: int = 0, **condition: Any) -> tuple[Tensor, dict[str, Tensor]]:
    """The latents, of shape (n, Z), and the conditions of the samples that ``game.sample(n, seed=seed)`` draws.

    Args:
        game: The game.
        n: How many; of more, the first ones are the same.
        seed: What the samples follow from.
        condition: What they are asked to have; the game chooses the rest.

    Raises:
        ValueError: if n is below one, or a condition is unknown or does not fit.

    Example:
        >>> from ganarium import VAE
        >>> game = VAE.toy()
        >>> z, chosen = draw(game, 5, seed=3)
        >>> bool((decode(game, z, chosen) == game.sample(5, seed=3)).all())
        True
    """
    if n < 1:
        raise ValueError(f"At least one latent is drawn; got n={n}.")
    rows, device = asked(game, n, condition), cast(Game, game).device
    parts: list[tuple[Tensor, dict[str, Tensor]]] = []
    for start in range(0, n, _CHUNK):
        with seeded(device, mix(seed, start)):
            parts.append(game.undecoded(min(_CHUNK, n - start), _CHUNK, part_of(rows, start, _CHUNK)))
    chosen = {name: torch.cat([part[name] for _, part in parts]) for name in parts[0][1]}
    return torch.cat([z for z, _ in parts]), chosen


def asked(game: Decodes, n: int, condition: Mapping[str, Any]) -> dict[str, Tensor]:
    """What a person asks for, as ``n`` rows each, on the game's device.

    Raises:
        ValueError: if a condition is unknown or does not fit.
    """
    device = cast(Game, game).device
    for name in condition:
        if name not in game.conditions:
            known = ", ".join(game.conditions) or "none"
            raise ValueError(f"{type(game).__name__} takes no condition '{name}'; it takes {known}.")
    return {name: game.conditions[name].read(value, n, name).to(device) for name, value in condition.items()}


def settled(game: Decodes, n: int, condition: Mapping[str, Any], seed: int = 0) -> dict[str, Tensor]:
    """All conditions of ``n`` samples: those that are asked for, and draws from ``seed`` for the others."""
    rows, parts = asked(game, n, condition), []
    for start in range(0, n, _CHUNK):
        with seeded(cast(Game, game).device, mix(seed, 0x636F6E64, start)):
            parts.append(game.choose(_CHUNK, **part_of(rows, start, _CHUNK)))
    return {name: torch.cat([part[name] for part in parts])[:n] for name in parts[0]}


def repeated(rows: Mapping[str, Tensor], times: int) -> dict[str, Tensor]:
    """Each row so many times, one after the other."""
    return {name: value.repeat_interleave(times, 0) for name, value in rows.items()}


@torch.no_grad()
def decode(game: Decodes, z: Tensor, condition: Mapping[str, Tensor] | None = None, *, chunk: int = _CHUNK) -> Tensor:
    """Samples of shape (n, \\*shape), on the CPU, with networks in evaluation mode.

    Args:
        game: The game.
        z: Latents of shape (n, Z).
        condition: All of the game's conditions, n rows each, as :func:`draw` returns them.
        chunk: How many are decoded at a time.

    Raises:
        ValueError: if the latents have another shape.
    """
    if z.ndim != 2 or len(z) < 1:
        raise ValueError(f"Latents have the shape (n, Z) with n of 1 or more; got {tuple(z.shape)}.")
    device = cast(Game, game).device
    parts = []
    with evaluating(cast(Game, game)):
        for start in range(0, len(z), chunk):
            rows = {name: value[start : start + chunk].to(device) for name, value in (condition or {}).items()}
            parts.append(game.decode(z[start : start + chunk].to(device), **rows).cpu())
    return torch.cat(parts)


def walk(game: Decodes, latents: Tensor, rows: Mapping[str, Tensor]) -> Walk:
    """Decode latents of shape (n, T, Z) whose conditions have n rows."""
    samples = decode(game, latents.flatten(0, 1), repeated(rows, latents.shape[1]))
    return Walk(latents, samples.unflatten(0, latents.shape[:2]))


def inside(law: Law | None, z: Tensor) -> Tensor:
    r"""Latents (..., Z) brought back to where the law draws: into its range, or onto its shell.

    Nearly all of a normal law in many dimensions lies near the sphere of radius :math:`\sigma \sqrt Z`. A sum
    of latents that is longer is shortened to that; one that is shorter stays.
    """
    if isinstance(law, Uniform):
        return z.clamp(law.low, law.high)
    if isinstance(law, Truncated):
        return z.clamp(-law.bound, law.bound)
    if isinstance(law, Normal):
        radius = law.sd * z.shape[-1] ** 0.5
        return z * (radius / z.norm(dim=-1, keepdim=True).clamp(min=1e-12)).clamp(max=1.0)
    return z


@contextmanager
def frozen(game: Game) -> Iterator[None]:
    """Inside, networks are in evaluation mode and no parameter asks for a gradient; after, all is as it was."""
    asking = [p for p in game.parameters() if p.requires_grad]
    with evaluating(game):
        for p in asking:
            p.requires_grad_(False)
        try:
            yield
        finally:
            for p in asking:
                p.requires_grad_(True)
