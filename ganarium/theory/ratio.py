r"""What a classifier knows: the ratio of two densities, from draws alone; and where it does not.

Told :math:`n_p` draws of :math:`p` from :math:`n_q` draws of :math:`q` by cross entropy, the best logit is

.. math::

    F^*(x) = \log \frac{p(x)}{q(x)} + \log \frac{n_p}{n_q}, \qquad
    KL(p \| q) = \mathbb E_{x \sim p} \log \frac{p(x)}{q(x)} \approx \mathbb E_{x \sim p} F(x) - \log \frac{n_p}{n_q}.

Where the laws are so far apart that no draw of one falls among draws of the other, there is a chasm between them: every
steep enough logit tells them, nothing says how steep it ought to be, and the divergence is underestimated.

References:
    Sugiyama, Suzuki, Kanamori: Density Ratio Estimation in Machine Learning, Cambridge University Press, 2012.
    Rhodes, Xu, Gutmann: Telescoping Density-Ratio Estimation, NeurIPS 2020, arXiv 2006.12204 (the density chasm).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, kl_divergence

from ganarium.nets import Discriminator
from ganarium.randomness import mix, seeded
from ganarium.theory.optimal import Training, discriminate, logit
from ganarium.theory.panels import COLOURS, DATA, SAMPLES, legend, panels
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["away", "estimate", "log_ratio"]

Row = dict[str, float]
_DRAWS = 20_000
#: The radius around the mean within which 95 % of a standard normal law in the plane lies.
_CENTRAL = math.sqrt(-2 * math.log(0.05))


def away(distance: float, variance: float) -> MultivariateNormal:
    """A round normal law in the plane, so far from zero along the diagonal.

    Raises:
        ValueError: if the variance is not above zero.
    """
    if variance <= 0:
        raise ValueError(f"A variance is above zero; got {variance}.")
    return MultivariateNormal(torch.full((2,), distance / math.sqrt(2)), variance * torch.eye(2))


def estimate(p: MultivariateNormal, q: MultivariateNormal, how: Training, doing: str = "training D") -> Discriminator:
    """A classifier of draws of two laws; see :func:`log_ratio` for what it says of their densities."""
    return discriminate(lambda n: p.sample((n,)), lambda n: q.sample((n,)), 2, how, doing)


def log_ratio(judge: Discriminator, how: Training, x: Tensor) -> Tensor:
    """What a classifier believes log p - log q to be at points (n, d): its logit without the odds of its draws."""
    return judge(x) - math.log(how.data / (how.batch - how.data))


@lesson(
    "density-ratio",
    says="A classifier's logit is the log ratio of the densities plus that of the draws, until the laws are far apart",
    source="Sugiyama, Suzuki, Kanamori, 2012; Rhodes, Xu, Gutmann, 2020",
    quick={"distances": (1.0, 10.0), "steps": 60},
)
def density_ratio(
    distances: tuple[float, ...] = (0.5, 1.4142, 3.0, 5.0, 8.0, 10.0, 14.0),
    variance: float = 1.5,
    odds: float = 2.0,
    steps: int = 1500,
    batch: int = 1024,
    rate: float = 5e-3,
    width: int = 32,
    seed: int = 0,
) -> Shown:
    """A classifier's log ratio beside the exact one, for N(0, I) in the plane against N(m, variance I) further away.

    Args:
        distances: From zero to the second law's mean.
        variance: The second law's, in each coordinate.
        odds: Draws of the first law for each draw of the second.
        steps: Steps of training for each distance.
        batch: Draws of both laws together at each step.
        rate: The learning rate at first.
        width: Units of the classifier's two hidden layers.
        seed: What weights and draws follow from.

    Raises:
        ValueError: if there is no distance, or a number is not above zero.
    """
    if not distances or odds <= 0:
        raise ValueError(f"This lesson needs a distance or more, and odds above zero; got {distances} and {odds}.")
    how = Training(steps, batch, rate, width, seed, share=odds / (1 + odds))
    p, laws = away(0.0, 1.0), [away(distance, variance) for distance in distances]
    judges = [estimate(p, q, how, f"training D, distance {d:g}") for d, q in zip(distances, laws, strict=True)]
    with seeded(torch.device("cpu"), mix(seed, 32)):
        x = p.sample((_DRAWS,))
    rows = [_row(d, p, q, log_ratio(judge, how, x), x) for d, q, judge in zip(distances, laws, judges, strict=True)]
    return Shown(rows, _drawn(rows, p, laws, judges, how), found=_found(rows))


def _row(distance: float, p: MultivariateNormal, q: MultivariateNormal, learned: Tensor, x: Tensor) -> Row:
    exact, central = logit(p, q, x), x.norm(dim=1) < _CENTRAL
    divergence = float(kl_divergence(p, q))
    return {
        "distance": distance,
        "KL": divergence,
        "KL estimated": float(learned.mean()),
        "estimated / KL": float(learned.mean()) / divergence if divergence else math.nan,
        "|error| of log ratio": float((learned - exact)[central].abs().mean()),
        "correlation": float(torch.corrcoef(torch.stack([learned, exact]))[0, 1]),
    }


def _found(rows: Sequence[Row]) -> str:
    ordered = sorted(rows, key=lambda row: row["KL"])
    good = list(takewhile(lambda row: abs(row["KL estimated"] - row["KL"]) <= 0.1 * row["KL"], ordered))
    far = ordered[-1]
    words = f"The estimate is right within 10 % up to a KL of {good[-1]['KL']:.2g}. " if good else ""
    return f"{words}Where KL is {far['KL']:.3g} the estimate is {far['KL estimated']:.3g}."


def _drawn(
    rows: Sequence[Row],
    p: MultivariateNormal,
    laws: Sequence[MultivariateNormal],
    judges: Sequence[Discriminator],
    how: Training,
) -> Figure:
    distances = [row["distance"] for row in rows]
    near, far = (min(range(len(rows)), key=lambda i: abs(distances[i] - wanted)) for wanted in (math.sqrt(2), 10.0))
    titles = [f"log p/q at distance {distances[near]:.3g}", "Learned log p/q by the exact one", "The divergence"]
    figure, (plane, beside, divergence) = panels(titles)
    with seeded(torch.device("cpu"), mix(how.seed, 33)):
        _contours(plane, p, laws[near], judges[near], how)
        for i, colour in dict(zip((near, far), COLOURS, strict=False)).items():
            _against(beside, p, laws[i], judges[i], how, colour, f"distance {distances[i]:.3g}")
    _diagonal(beside, "exact")
    beside.set(xlabel="exact", ylabel="learned")
    divergence.plot(
        [row["KL"] for row in rows], [row["KL estimated"] for row in rows], "o-", color="black", markersize=5
    )
    _diagonal(divergence, "exact")
    divergence.set(xlabel="KL(p, q), exact", ylabel="estimated")
    return figure


def _contours(axes: Axes, p: MultivariateNormal, q: MultivariateNormal, judge: Discriminator, how: Training) -> None:
    for law, colour, name in ((p, DATA, "p"), (q, SAMPLES, "q")):
        axes.scatter(*law.sample((800,)).T, s=5, color=colour, alpha=0.5, linewidths=0, label=f"draws of {name}")
    along = torch.linspace(-3.5, 5.5, 120)
    places = torch.cartesian_prod(along, along)
    levels = list(range(-6, 7, 2))
    for values, colour, wide in (
        (logit(p, q, places), COLOURS[5], 4.0),
        (log_ratio(judge, how, places), "black", 1.0),
    ):
        lines = axes.contour(
            along, along, values.view(120, 120).T, levels, colors=colour, linewidths=wide, linestyles="-"
        )
    axes.clabel(lines, fontsize=8)
    axes.plot([], [], color=COLOURS[5], linewidth=4, label="exact")
    axes.plot([], [], color="black", linewidth=1, label="learned")
    axes.set(aspect="equal", xlim=(-3.5, 4.5), ylim=(-3.5, 5.5))
    axes.legend(fontsize=8, framealpha=0.9, edgecolor="white", loc="upper right", markerscale=2)


def _against(
    axes: Axes,
    p: MultivariateNormal,
    q: MultivariateNormal,
    judge: Discriminator,
    how: Training,
    colour: str,
    name: str,
) -> None:
    x = torch.cat([p.sample((300,)), q.sample((300,))])
    axes.scatter(logit(p, q, x), log_ratio(judge, how, x), s=6, color=colour, linewidths=0, alpha=0.6, label=name)


def _diagonal(axes: Axes, name: str) -> None:
    low, high = axes.get_xlim()
    axes.plot([low, high], [low, high], color="#999999", linewidth=1, linestyle="--", label=name, zorder=0)
    legend(axes, loc="upper left")
