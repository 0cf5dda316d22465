"""Worlds of points in the plane, whose law is known."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ganarium.data.base import InMemory
from ganarium.data.codec import standardise
from ganarium.data.loading import loader
from ganarium.spec import Field

__all__ = ["grid", "moons", "ring", "swiss_roll"]


@loader("ring", title="Gaussians on a circle", fields=("x", "y"), kinds={"x": "points", "y": "label"})
def ring(modes: int = 8, radius: float = 2.0, sd: float = 0.05, count: int = 50_000, seed: int = 0) -> InMemory:
    """Equally likely Gaussians with centres on a circle; the label is the mode.

    Args:
        modes: How many Gaussians.
        radius: The radius of the circle, in the data's own units.
        sd: The standard deviation of each Gaussian in each coordinate.
        count: How many samples are drawn.
        seed: What they follow from.
    """
    _check("ring", modes=modes, radius=radius, count=count)
    angles = torch.arange(modes) * (2 * math.pi / modes)
    return _mixture(radius * torch.stack([angles.cos(), angles.sin()], 1), sd, count, seed)


@loader("grid", title="Gaussians on a square grid", fields=("x", "y"), kinds={"x": "points", "y": "label"})
def grid(side: int = 5, spacing: float = 2.0, sd: float = 0.05, count: int = 50_000, seed: int = 0) -> InMemory:
    """Equally likely Gaussians with centres on a square grid around zero; the label is the mode.

    Args:
        side: How many Gaussians in a row; there are side x side.
        spacing: The distance of neighbouring centres, in the data's own units.
        sd: The standard deviation of each Gaussian in each coordinate.
        count: How many samples are drawn.
        seed: What they follow from.
    """
    _check("grid", side=side, spacing=spacing, count=count)
    along = spacing * (torch.arange(side) - (side - 1) / 2)
    return _mixture(torch.cartesian_prod(along, along), sd, count, seed)


@loader("swiss-roll", title="a spiral in the plane", fields=("x",), kinds={"x": "points"})
def swiss_roll(turns: float = 1.5, noise: float = 0.25, count: int = 50_000, seed: int = 0) -> InMemory:
    """A spiral whose radius grows with its angle; the factor is the angle, in radians.

    Args:
        turns: How many times it goes around, from the angle 3/4 of a turn on.
        noise: The standard deviation around the spiral in each coordinate, in the data's own units.
        count: How many samples are drawn.
        seed: What they follow from.
    """
    _check("swiss-roll", turns=turns, count=count)
    generator = torch.Generator().manual_seed(seed)
    angle = 1.5 * math.pi + 2 * math.pi * turns * torch.rand(count, generator=generator)
    x = angle[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    x = x + _spread("noise", noise) * torch.randn(count, 2, generator=generator)
    return _world(x, factors={"angle": angle}, truth={"noise": noise})


@loader("moons", title="two interleaved half circles", fields=("x", "y"), kinds={"x": "points", "y": "label"})
def moons(noise: float = 0.05, count: int = 50_000, seed: int = 0) -> InMemory:
    """Two half circles of radius 1 that reach into each other; the label is the moon, 0 the upper one.

    Args:
        noise: The standard deviation around the half circles in each coordinate, in the data's own units.
        count: How many samples are drawn.
        seed: What they follow from.
    """
    _check("moons", count=count)
    generator = torch.Generator().manual_seed(seed)
    moon = torch.randint(2, (count,), generator=generator)
    angle = math.pi * torch.rand(count, generator=generator)
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    # The lower moon is the upper one turned by half a turn about (1/2, 1/4).
    x = torch.where(moon[:, None] == 0, upper, torch.tensor([1.0, 0.5]) - upper)
    x = x + _spread("noise", noise) * torch.randn(count, 2, generator=generator)
    return _world(x, moon, ("upper", "lower"), {"moon": moon, "angle": angle}, {"noise": noise})


def _mixture(centres: Tensor, sd: float, count: int, seed: int) -> InMemory:
    """Draws from a mixture of equally likely round Gaussians."""
    generator = torch.Generator().manual_seed(seed)
    mode = torch.randint(len(centres), (count,), generator=generator)
    x = centres[mode] + _spread("sd", sd) * torch.randn(count, 2, generator=generator)
    names = tuple(map(str, range(len(centres))))
    return _world(x, mode, names, {"mode": mode}, {"centres": centres, "sd": sd})


def _world(
    x: Tensor,
    y: Tensor | None = None,
    names: tuple[str, ...] = (),
    factors: dict[str, Tensor] | None = None,
    truth: dict[str, Any] | None = None,
) -> InMemory:
    points, field = standardise(x)
    tensors, fields = {"x": points}, {"x": field}
    if y is not None:
        tensors["y"], fields["y"] = y, Field((), "label", classes=len(names), names=names)
    return InMemory(tensors, fields, factors=factors, truth=truth)


def _check(name: str, **options: float) -> None:
    for option, value in options.items():
        if value <= 0:
            raise ValueError(f"The option '{option}' of {name} is above zero; got {value}.")


def _spread(name: str, value: float) -> float:
    if value < 0:
        raise ValueError(f"'{name}' is a standard deviation, which is not negative; got {value}.")
    return value
