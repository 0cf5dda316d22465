r"""The game that gradient descent cannot play: :math:`\min_x \max_y xy`.

Written as one complex number :math:`z = x + iy`, the players' velocity :math:`(-y, x)` is :math:`iz`: they turn around
the equilibrium 0 and never near it. Steps of length :math:`h` multiply :math:`z` by numbers whose modulus decides:

.. math::

    \text{simultaneous} \quad & 1 + ih, & |\cdot| &= \sqrt{1 + h^2} > 1 \\
    \text{alternating} \quad & e^{\pm i\varphi}, \ \cos\varphi = 1 - \tfrac{h^2}{2}, & |\cdot| &= 1 \\
    \text{extragradient} \quad & 1 - h^2 + ih, & |\cdot| &= \sqrt{1 - h^2 + h^4} \\
    \text{optimistic} \quad & \tfrac12 \bigl(1 + 2ih \pm \sqrt{1 - 4h^2}\bigr), &
        |\cdot| &= \sqrt{\tfrac12 \bigl(1 + \sqrt{1 - 4h^2}\bigr)} \\
    \text{consensus} \quad & 1 - \gamma h + ih, & |\cdot| &= \sqrt{(1 - \gamma h)^2 + h^2}

(alternating steps are no multiple of :math:`z`, but these two are their eigenvalues, while :math:`h < 2`; the modulus
of optimistic ones holds while :math:`h \le 1/2`). Simultaneous steps end at :math:`|z_0| (1 + h^2)^{n/2}`. The average
of alternating steps nears 0 though the steps do not.

References:
    Gidel, Berard, Vignoud, Vincent and Lacoste-Julien: A Variational Inequality Perspective on GANs,
    ICLR 2019, sections 2 and 3.
    Daskalakis, Ilyas, Syrgkanis and Zeng: Training GANs with Optimism, ICLR 2018, section 2.
    Mescheder, Nowozin and Geiger: The Numerics of GANs, NIPS 2017.
"""

from __future__ import annotations

import cmath
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganarium.theory.dynamics import (
    Alternating,
    Consensus,
    Extragradient,
    Optimistic,
    Rule,
    Simultaneous,
    leading,
    trajectory,
    update,
)
from ganarium.theory.panels import COLOURS, INK, legend, panels
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["factors", "radius", "solution", "turning"]


def turning(point: Tensor) -> Tensor:
    """The velocity of the game: x descends xy, y ascends it.

    Args:
        point: x and y, of shape (..., 2).
    """
    x, y = point.unbind(-1)
    return torch.stack([-y, x], -1)


def factors(rule: Rule, rate: float) -> tuple[complex, ...]:
    """The numbers by whose powers a rule's steps go, in closed form.

    Args:
        rule: How the players step.
        rate: The length h of a step.

    Example:
        >>> factors(Extragradient(), 0.1)
        ((0.99+0.1j),)
    """
    turn = 1j * rate
    match rule:
        case Simultaneous():
            return (1 + turn,)
        case Alternating():
            cosine = 1 - rate**2 / 2
            return cosine + cmath.sqrt(cosine**2 - 1), cosine - cmath.sqrt(cosine**2 - 1)
        case Extragradient():
            return (1 + turn + turn**2,)
        case Optimistic():
            root = cmath.sqrt(1 - 4 * rate**2)
            return (1 + 2 * turn + root) / 2, (1 + 2 * turn - root) / 2
        case Consensus():
            return (1 + turn - rule.gamma * rate,)
    raise ValueError(f"The bilinear game is not solved for {type(rule).__name__}.")


def radius(rule: Rule, rate: float) -> float:
    """By how much a rule's steps draw nearer in the long run (below 1) or farther (above), in closed form."""
    return max(map(abs, factors(rule, rate)))


def solution(rule: Rule, start: tuple[float, float], rate: float, steps: int) -> Tensor:
    """The points that the players pass, in closed form, of shape (steps + 1, 2).

    Args:
        rule: How they step.
        start: x and y.
        rate: The length h of a step, unlike 2 for alternating ones and unlike 1/2 for optimistic ones.
        steps: How many.
    """
    first, *more = (torch.tensor(factor, dtype=torch.complex128) for factor in factors(rule, rate))
    begun, time = torch.tensor(complex(*start), dtype=torch.complex128), torch.arange(steps + 1)
    if not more:
        return torch.view_as_real(begun * first**time)
    # A recursion of second order goes as two powers, whose shares follow from the first two points.
    after = torch.view_as_complex(_once(rule, start, rate))
    share = (after - begun * more[0]) / (first - more[0])
    return torch.view_as_real(share * first**time + (begun - share) * more[0] ** time)


def _once(rule: Rule, start: tuple[float, float], rate: float) -> Tensor:
    """Where the first step leads, of shape (2,)."""
    x, y = start
    if isinstance(rule, Alternating) and rule.first == 0:
        ahead = x - rate * y
        return torch.tensor([ahead, y + rate * ahead], dtype=torch.float64)
    if isinstance(rule, Alternating):
        ahead = y + rate * x
        return torch.tensor([x - rate * ahead, ahead], dtype=torch.float64)
    return torch.tensor([x - rate * y, y + rate * x], dtype=torch.float64)


@lesson(
    "bilinear",
    says="min max xy: simultaneous steps spiral away, alternating ones circle, those that look ahead arrive",
    source="Gidel et al., 2019; Daskalakis et al., 2018; Mescheder et al., 2017",
    quick={"steps": 100},
)
def bilinear(rate: float = 0.1, steps: int = 1000, gamma: float = 1.0, x: float = 1.0, y: float = 1.0) -> Shown:
    """How far from the equilibrium each rule ends, and the average of what it passed, beside closed forms.

    Args:
        rate: The length of a step, below 1/2.
        steps: How many.
        gamma: The weight of consensus.
        x: Where the first player starts.
        y: Where the second player starts.

    Raises:
        ValueError: if a number does not fit.
    """
    if not 0 < rate < 0.5 or gamma <= 0 or (x, y) == (0, 0):
        raise ValueError(
            "The rate lies between 0 and 1/2, gamma is positive and the start is not 0; "
            f"got rate={rate}, gamma={gamma}, x={x}, y={y}."
        )
    rules = {
        "simultaneous": Simultaneous(),
        "alternating": Alternating(first=0),
        "extragradient": Extragradient(),
        "optimistic": Optimistic(),
        "consensus": Consensus(gamma),
    }
    paths = {name: trajectory(turning, rule, (x, y), rate, steps) for name, rule in rules.items()}
    exact = {name: solution(rule, (x, y), rate, steps) for name, rule in rules.items()}
    rows = [
        {
            "rule": name,
            "radius of a step": leading(update(turning, rule, (0.0, 0.0), rate)),
            "exact radius": radius(rule, rate),
            "distance": float(paths[name][-1].norm()),
            "exact distance": float(exact[name][-1].norm()),
            "of the average": float(paths[name][1:].mean(0).norm()),
            "exact average": float(exact[name][1:].mean(0).norm()),
        }
        for name, rule in rules.items()
    ]
    start = abs(complex(x, y))
    away = [str(row["rule"]) for row in rows if float(row["exact radius"]) > 1 + 1e-9]
    near = [str(row["rule"]) for row in rows if float(row["exact radius"]) < 1 - 1e-9]
    found = f"From a distance of {start:.3g}, {', '.join(away)} steps go away; {', '.join(near)} steps arrive."
    return Shown(rows, _picture(paths, exact), found=found)


def _picture(paths: Mapping[str, Tensor], exact: Mapping[str, Tensor]) -> Figure:
    figure, every = panels([*paths, "Distance; dotted: closed form"], columns=3, wide=3.6, high=3.4)
    side = 2.0 * float(next(iter(paths.values()))[0].norm())
    for (name, path), axes, colour in zip(paths.items(), every, COLOURS, strict=False):
        axes.plot(*path.mT, color=colour, linewidth=0.8)
        axes.plot(*path[0], "o", color=INK, markersize=4, label="start")
        axes.plot(*path[1:].mean(0), "x", color=INK, markersize=7, label="average")
        axes.set(xlim=(-side, side), ylim=(-side, side), aspect="equal", xlabel="x", ylabel="y")
        every[-1].semilogy(path.norm(dim=-1), color=colour, label=name)
        every[-1].semilogy(exact[name].norm(dim=-1), color=INK, linestyle=":", linewidth=1)
    legend(every[0], loc="lower left")
    every[-1].set_xlabel("steps")
    every[-1].set_ylim(1e-3 * side, 1e4 * side)
    legend(every[-1], loc="upper left", ncols=2)
    return figure
