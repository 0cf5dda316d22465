r"""The earth mover's distance: how far mass must be carried to make one law of another.

.. math::

    W_1(p, q) = \min_{\pi \in \Pi(p, q)} \mathbb E_{(x, y) \sim \pi} |x - y|,

over all couplings, the joint laws whose marginals are :math:`p` and :math:`q`. On the line the best one keeps the
order, so that :math:`W_1 = \int |F - G|`, which between n draws of each is the mean distance of the sorted ones.
Between n points and n in the plane a best coupling is a permutation.

Two segments side by side, at a distance :math:`\theta`, have no place in common, so that for every
:math:`\theta \neq 0` it is :math:`JS = \log 2` and :math:`KL = \infty`, while :math:`W_1 = |\theta|` tells how far.

References:
    Arjovsky, Chintala, Bottou: Wasserstein GAN, ICML 2017, section 2, example 1, arXiv 1701.07875.
    Peyré, Cuturi: Computational Optimal Transport, 2019, sections 2.2 and 2.6, arXiv 1803.00567.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.distributions import Distribution

from ganarium.metrics.transport import exact
from ganarium.randomness import mix, seeded
from ganarium.theory.laws import Line, distribution, js, kl, normal
from ganarium.theory.panels import COLOURS, DATA, SAMPLES, legend, panels
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["along", "best_plan", "by_program", "by_sorting", "carried", "divergences", "segments"]

_SPREAD = torch.tensor([0.3, 1.2])  # of the clouds: tall, so that couplings can cross
_MOST = 100  # points of a cloud: more make the linear program slow and the picture black


def by_sorting(a: Tensor, b: Tensor) -> float:
    """W1 between draws on the line, as many of each, of shape (n,).

    Raises:
        ValueError: if there are more of one.

    Example:
        >>> by_sorting(torch.tensor([0.0, 1.0]), torch.tensor([5.0, 2.0]))
        3.0
    """
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(
            f"Sorting pairs as many draws of each, on the line; got {tuple(a.shape)} and {tuple(b.shape)}."
        )
    return float((a.sort().values - b.sort().values).abs().mean())


def along(p: Distribution, q: Distribution, line: Line | None = None) -> float:
    """W1 between laws on the line: the area between their distribution functions.

    Example:
        >>> round(along(normal(0), normal(3)), 6)
        3.0
    """
    line = line or Line.around(p, q)
    return float(line.integral((distribution(p, line) - distribution(q, line)).abs()))


def best_plan(a: Tensor, b: Tensor) -> Tensor:
    """Which point of b each point of a is carried to, of shape (n,), so that the way is the shortest.

    Args:
        a: Points of shape (n, d).
        b: As many points of shape (n, d).

    Example:
        >>> best_plan(torch.tensor([[0.0], [1.0]]), torch.tensor([[9.0], [0.5]])).tolist()
        [1, 0]
    """
    from scipy.optimize import linear_sum_assignment

    return torch.from_numpy(linear_sum_assignment(torch.cdist(a.double(), b.double()).numpy())[1])


def by_program(a: Tensor, b: Tensor) -> float:
    """W1 between n points of each, (n, d), as the linear program over all couplings, whose mass may be split."""
    from scipy.optimize import linprog
    from scipy.sparse import eye_array, kron, vstack

    n = len(a)
    ones = torch.ones(1, n).numpy()
    marginals = vstack([kron(eye_array(n), ones), kron(ones, eye_array(n))])
    cost = torch.cdist(a.double(), b.double()).flatten().numpy()
    return float(linprog(cost, A_eq=marginals, b_eq=torch.full((2 * n,), 1 / n, dtype=torch.float64).numpy()).fun)


def carried(a: Tensor, b: Tensor, plan: Tensor) -> float:
    """How far a plan carries a point on average."""
    return float((a - b[plan]).double().norm(dim=1).mean())


def segments(theta: float, heights: Tensor) -> tuple[Tensor, Tensor]:
    """Points at these heights, of shape (n,), on two upright segments, at zero and at theta: twice (n, 2)."""
    return torch.stack([torch.zeros_like(heights), heights], 1), torch.stack(
        [torch.full_like(heights, theta), heights], 1
    )


def divergences(a: Tensor, b: Tensor) -> tuple[float, float]:
    r"""The divergences :math:`JS` and :math:`KL(a \| b)` of laws that are even over points, (n, d) and (m, d).

    Example:
        >>> divergences(torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [3.0]]))
        (0.6931..., inf)
    """
    places, of = torch.cat([a, b]).unique(dim=0, return_inverse=True)
    p = torch.bincount(of[: len(a)], minlength=len(places)).double() / len(a)
    q = torch.bincount(of[len(a) :], minlength=len(places)).double() / len(b)
    half = (p + q) / 2
    return (_discrete(p, half) + _discrete(q, half)) / 2, _discrete(p, q)


def _discrete(p: Tensor, q: Tensor) -> float:
    held = p > 0
    return float((p[held] * (p[held] / q[held]).log()).sum())


@lesson(
    "wasserstein",
    says="W1 tells how far apart laws are that share no place; JS and KL do not",
    source="Arjovsky, Chintala, Bottou, 2017, section 2, example 1",
    quick={"draws": 2000, "points": 12},
)
def wasserstein(
    shift: float = 2.0,
    thetas: tuple[float, ...] = (-1.0, -0.5, 0.0, 0.5, 1.0),
    draws: int = 100_000,
    points: int = 24,
    seed: int = 0,
) -> Shown:
    """W1 by sorting, by areas and by transport, beside JS and KL, on the line, in the plane and of parallel segments.

    Args:
        shift: From the first normal law on the line to the second, and between the clouds in the plane.
        thetas: The distances of the segments.
        draws: Draws of each law on the line.
        points: Points of each cloud in the plane, and of each segment.
        seed: What the draws follow from.

    Raises:
        ValueError: if there are too few draws or points, or too many points.
    """
    if draws < 2 or not 2 <= points <= _MOST:
        raise ValueError(f"This lesson needs 2 draws or more and 2 to {_MOST} points; got {draws} and {points}.")
    with seeded(torch.device("cpu"), mix(seed, 34)):
        a, b = torch.randn(2, draws, dtype=torch.float64) + torch.tensor([[0.0], [shift]])
        cloud, other = torch.randn(2, points, 2) * _SPREAD + torch.tensor([[[0.0, 0.0]], [[shift, 0.5]]])
        heights, poor = torch.rand(points), torch.randperm(points)
    best, line = best_plan(cloud, other), (normal(), normal(shift))
    rows = [
        _row(f"N(0, 1) and N({shift:g}, 1): areas", along(*line), abs(shift), float(js(*line)), float(kl(*line))),
        _row("the same, draws sorted", by_sorting(a, b), abs(shift), *divergences(a[:, None], b[:, None])),
        _row("clouds in the plane", exact(cloud, other), by_program(cloud, other), *divergences(cloud, other)),
        *(_of_segments(theta, heights) for theta in thetas),
    ]
    figure, (area, shortest, longer, curves) = panels(
        ["On the line, W1 is the area", "The best coupling", "Another, at random", "Parallel segments"], columns=2
    )
    _area(area, *line)
    _coupling(shortest, cloud, other, best)
    _coupling(longer, cloud, other, poor)
    _curves(curves, thetas, heights)
    words = f"The best coupling carries a point {carried(cloud, other, best):.3g} on average, one at random "
    return Shown(rows, figure, found=f"{words}{carried(cloud, other, poor):.3g}. {_found(rows)}")


def _row(laws: str, found: float, exact: float, js: float, kl: float) -> dict[str, Any]:
    return {"laws": laws, "W1": found, "exact W1": exact, "JS": max(js, 0.0), "KL": kl}


def _of_segments(theta: float, heights: Tensor) -> dict[str, Any]:
    a, b = segments(theta, heights)
    return _row(f"segments, theta {theta:g}", exact(a, b), abs(theta), *divergences(a, b))


def _found(rows: Sequence[dict[str, Any]]) -> str:
    apart = [row for row in rows if row["laws"].startswith("segments") and row["exact W1"] > 0]
    wrong = max(abs(row["W1"] - row["exact W1"]) for row in rows)
    words = f"W1 is within {wrong:.1g} of the exact one."
    if not apart:
        return words
    low, high = (pick(row["JS"] for row in apart) for pick in (min, max))
    level = f"{low:.4f}" if math.isclose(low, high) else f"{low:.4f} to {high:.4f}"
    return (
        f"{words} Wherever the segments are apart JS is {level} (log 2 = {math.log(2):.4f}) and KL {apart[0]['KL']:g}."
    )


def _area(axes: Axes, p: Distribution, q: Distribution) -> None:
    line = Line.around(p, q, sds=4.0, points=801)
    low, high = distribution(p, line), distribution(q, line)
    axes.fill_between(line.x, low, high, color=COLOURS[5], alpha=0.5, linewidth=0, label="|F - G|")
    axes.plot(line.x, low, color="#777777", linewidth=1.8, label="F")
    axes.plot(line.x, high, color=SAMPLES, linewidth=1.8, label="G")
    axes.set_xlabel("x")
    legend(axes, loc="upper left")


def _coupling(axes: Axes, a: Tensor, b: Tensor, plan: Tensor) -> None:
    for one, other in zip(a.tolist(), b[plan].tolist(), strict=True):
        axes.plot(*zip(one, other, strict=True), color="#555555", linewidth=0.8, zorder=1)
    axes.scatter(*a.T, s=26, color=DATA, edgecolors="#555555", linewidths=0.6, zorder=2, label="data")
    axes.scatter(*b.T, s=26, color=SAMPLES, linewidths=0, zorder=2, label="samples")
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(f"carried {carried(a, b, plan):.3g} on average")
    legend(axes, loc="upper left")


def _curves(axes: Axes, thetas: Sequence[float], heights: Tensor) -> None:
    reach = max(1.0, *map(abs, thetas)) if thetas else 1.0
    right = torch.logspace(-3, 0, 20).mul(reach).tolist()
    places = [*(-at for at in reversed(right)), 0.0, *right]
    pairs = [segments(theta, heights) for theta in places]
    flat = [divergences(*pair)[0] for pair in pairs]
    axes.plot(places, [exact(*pair) for pair in pairs], color=COLOURS[0], linewidth=1.8, label="W1")
    beside = [math.nan if theta == 0 else value for theta, value in zip(places, flat, strict=True)]
    axes.plot(places, beside, color=COLOURS[1], linewidth=1.8, label="JS")
    axes.plot([0], [flat[20]], "o", color=COLOURS[1], markersize=5)
    axes.plot([0], [flat[-1]], "o", color=COLOURS[1], markersize=6, markerfacecolor="white")
    top = 1.25 * max(reach, math.log(2))
    sky = [top if math.isinf(divergences(*pair)[1]) else math.nan for pair in pairs]
    axes.plot(places, sky, color=COLOURS[2], linewidth=3, label="KL, infinite", clip_on=False)
    axes.plot([0], [divergences(*pairs[20])[1]], "o", color=COLOURS[2], markersize=9, fillstyle="none")
    axes.set(xlabel="theta", ylim=(-0.05 * top, top))
    legend(axes, loc="center", bbox_to_anchor=(0.5, 0.78))
