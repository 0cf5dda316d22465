r"""Straight and round ways between latents.

A normal law in many dimensions has nearly all of its mass near the sphere of radius :math:`\sqrt Z`. The middle of a
straight way between two of its draws has a norm of about :math:`\sqrt{Z / 2}`, where the generator never was trained. A
round way turns the direction at a constant rate and the length linearly:

.. math::

    z(t) = \bigl((1 - t)\, \lVert a \rVert + t\, \lVert b \rVert\bigr)
        \bigl(\cos(t \omega)\, \hat a + \sin(t \omega)\, \hat e\bigr),

where :math:`\omega` is the angle between a and b, and :math:`\hat e` the unit vector in their plane that stands on a.

Reference:
    Shoemake: Animating Rotation with Quaternion Curves, SIGGRAPH 1985; for latents, White: Sampling Generative
    Networks, 2016, arXiv 1609.04468.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor

from ganarium.game import Decodes
from ganarium.ingredients import Normal
from ganarium.latent.decoding import Walk, settled, walk

__all__ = ["How", "grid", "interpolate", "lerp", "slerp"]

How = Literal["auto", "linear", "spherical"]
_TINY = 1e-6


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The straight way.

    Args:
        a: Where it begins, of shape (..., Z).
        b: Where it ends, likewise.
        t: Where on the way, from 0 to 1, of shape (T,).

    Returns:
        Latents of shape (..., T, Z).

    Example:
        >>> lerp(torch.tensor([0.0, 2.0]), torch.tensor([4.0, 0.0]), torch.tensor([0.25]))
        tensor([[1.0000, 1.5000]])
    """
    t = t.to(a)[:, None]
    return (1 - t) * a[..., None, :] + t * b[..., None, :]


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The round way, with arguments and shape as of :func:`lerp`.

    Between opposite latents all planes are alike, and one is chosen. From or to zero, which has no direction, and in
    one dimension, the way is straight.

    Example:
        >>> slerp(torch.tensor([0.0, 2.0]), torch.tensor([2.0, 0.0]), torch.tensor([0.5]))
        tensor([[1.4142, 1.4142]])
    """
    long_a, long_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    one, other = a / long_a.clamp(min=_TINY), b / long_b.clamp(min=_TINY)
    cosine = (one * other).sum(-1, keepdim=True)
    across = other - cosine * one
    sine = across.norm(dim=-1, keepdim=True)
    upright = torch.where(sine > _TINY, across / sine.clamp(min=_TINY), _upright(one))
    angle = torch.atan2(sine, cosine)[..., None, :] * t.to(a)[:, None]
    length = lerp(long_a, long_b, t)
    ways = length * (angle.cos() * one[..., None, :] + angle.sin() * upright[..., None, :])
    flat = (long_a < _TINY) | (long_b < _TINY) | torch.tensor(a.shape[-1] < 2, device=a.device)
    return torch.where(flat[..., None, :], lerp(a, b, t), ways)


def _upright(one: Tensor) -> Tensor:
    """A unit vector that stands on each of the unit vectors (..., Z)."""
    axis = torch.nn.functional.one_hot(one.abs().argmin(-1), one.shape[-1]).to(one)
    across = axis - (axis * one).sum(-1, keepdim=True) * one
    return across / across.norm(dim=-1, keepdim=True).clamp(min=_TINY)


def way_of(game: Decodes, how: How) -> Any:
    """``lerp`` or ``slerp``; left to the law, the round way for a normal one and the straight way for others."""
    if how not in ("auto", "linear", "spherical"):
        raise ValueError(f"Ways are auto, linear or spherical; got how={how!r}.")
    return slerp if how == "spherical" or (how == "auto" and isinstance(game.law, Normal)) else lerp


def interpolate(
    game: Decodes,
    a: Tensor,
    b: Tensor,
    steps: int = 9,
    how: How = "auto",
    condition: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Walk:
    """The samples on the ways from ``a`` to ``b``, both ends with them.

    Args:
        game: The game.
        a: Latents of shape (n, Z).
        b: Latents of the same shape.
        steps: How many samples there are on each way, T.
        how: "linear", "spherical", or "auto": spherical if the prior is normal.
        condition: What samples are to have: one for all, or one for each way; the game chooses the rest.
        seed: What the game's choices follow from.

    Raises:
        ValueError: if the latents have different shapes, or there are fewer than 2 steps.
    """
    if a.shape != b.shape or a.ndim != 2:
        raise ValueError(f"Ways lead from n latents (n, Z) to n others; got {tuple(a.shape)} and {tuple(b.shape)}.")
    if steps < 2:
        raise ValueError(f"A way has two ends, and so 2 steps or more; got steps={steps}.")
    latents = way_of(game, how)(a, b, torch.linspace(0, 1, steps))
    return walk(game, latents, settled(game, len(a), condition or {}, seed))


def grid(
    game: Decodes,
    corners: Tensor,
    rows: int = 8,
    columns: int = 8,
    how: How = "auto",
    condition: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Walk:
    """The samples between four latents.

    Args:
        game: The game.
        corners: The latents at the top left, top right, bottom left and bottom right, of shape (4, Z).
        rows: How many rows the walk has, n.
        columns: How many samples each has, T.
        how: As for :func:`interpolate`.
        condition: What all samples are to have; the game chooses the rest, once for all.
        seed: What the game's choices follow from.

    Raises:
        ValueError: if there are not four corners, or a side has fewer than 2 samples.
    """
    if corners.ndim != 2 or len(corners) != 4 or min(rows, columns) < 2:
        raise ValueError(
            "A grid has corners of shape (4, Z), and 2 or more rows and columns; "
            f"got {tuple(corners.shape)}, {rows} and {columns}."
        )
    way = way_of(game, how)
    left, right = way(corners[:2], corners[2:], torch.linspace(0, 1, rows))
    latents = way(left, right, torch.linspace(0, 1, columns))
    chosen = settled(game, 1, condition or {}, seed)
    return walk(game, latents, {name: value.expand(rows, *value.shape[1:]) for name, value in chosen.items()})
