r"""Which way round the divergence goes: a model too simple for the data either covers its modes or picks one.

A normal law :math:`q` is fitted to a mixture :math:`p` of two. Maximum likelihood descends

.. math::

    KL(p \| q) = \int p \log \frac{p}{q}, \qquad \text{whose minimum has} \quad
    \mu = \mathbb E_p x, \quad \sigma^2 = \mathbb E_p (x - \mu)^2,

and pays where data has density and the model has none: it covers. The reverse :math:`KL(q \| p)` pays where the model
has density and data has none: it seeks a mode, and at a mode of weight :math:`w` that is far from the other its minimum
is near that mode's own mean and deviation, at the price :math:`-\log w`. The Jensen-Shannon divergence, which a GAN
descends where its discriminator is the best, lies between the two.

References:
    Goodfellow: NIPS 2016 Tutorial: Generative Adversarial Networks, section 3.2.5, figure 14, arXiv 1701.00160.
    Huszár: How (not) to Train your Generative Model, 2015, arXiv 1511.05101.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.distributions import Distribution, Normal

from ganarium.terminal.progress import watched
from ganarium.theory.laws import Line, js, kl, mixture, normal
from ganarium.theory.panels import COLOURS, DATA, legend, panels
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DIVERGENCES", "Fit", "World", "descend", "matched", "searched"]

Divergence = Callable[[Distribution, Distribution, Line], Tensor]

#: What is descended, by the law p of the data and the model's q.
DIVERGENCES: Mapping[str, Divergence] = {
    "KL(p, q): likelihood": kl,
    "KL(q, p): reverse": lambda p, q, line: kl(q, p, line),
    "JS(p, q)": js,
}


@dataclass(frozen=True)
class Fit:
    """A normal law and how far it is from the data's.

    Args:
        mean: Its mean.
        sd: Its standard deviation.
        divergence: In nats.
    """

    mean: float
    sd: float
    divergence: float

    @property
    def law(self) -> Normal:
        """The law."""
        return normal(self.mean, self.sd)


def matched(p: Distribution) -> Normal:
    """The normal law of the largest likelihood: it has the moments of p."""
    return normal(p.mean, p.variance.sqrt())


def descend(
    divergence: Divergence, p: Distribution, line: Line, starts: Sequence[Normal], steps: int = 300, rate: float = 0.05
) -> Fit:
    """The best normal law that gradient descent comes to, on integrals along a line.

    Args:
        divergence: One of :data:`DIVERGENCES`.
        p: The data's law.
        line: Where to integrate.
        starts: The laws it begins from; the best of where they lead is taken.
        steps: Steps of Adam, whose rate falls to zero.
        rate: The learning rate at first.
    """
    means = torch.stack([start.mean for start in starts])[:, None].requires_grad_()
    logs = torch.stack([start.stddev.log() for start in starts])[:, None].requires_grad_()
    optimizer = torch.optim.Adam([means, logs], lr=rate)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        optimizer.zero_grad()
        divergence(p, Normal(means, logs.exp()), line).sum().backward()
        optimizer.step()
    with torch.no_grad():
        ends = divergence(p, Normal(means, logs.exp()), line)
        best = _least(ends.flatten().tolist())
        return Fit(float(means[best]), float(logs[best].exp()), float(ends[best]))


def searched(divergence: Divergence, p: Distribution, line: Line, starts: Sequence[Normal]) -> Fit:
    """The same without gradients, by the simplex of Nelder and Mead."""
    from scipy.optimize import minimize

    def price(place: Any) -> float:
        return float(divergence(p, normal(place[0], math.exp(place[1])), line))

    options = {"xatol": 1e-7, "fatol": 1e-12, "maxiter": 1000}
    begun = [[float(start.mean), float(start.stddev.log())] for start in starts]
    ends = [minimize(price, each, method="Nelder-Mead", options=options) for each in begun]
    best = ends[_least([float(end.fun) for end in ends])]
    return Fit(float(best.x[0]), math.exp(best.x[1]), float(best.fun))


def _least(values: Sequence[float]) -> int:
    """Where the least is; of modes that are equally good, the first."""
    return next(place for place, value in enumerate(values) if value <= min(values) + 1e-6)


@dataclass(frozen=True)
class World:
    """Data of two modes, around zero.

    Args:
        separation: From one mode's mean to the other's.
        weight: The share of the data that the left mode has.
        sd: The standard deviation of each mode.
        points: Places of the quadrature.
    """

    separation: float = 5.0
    weight: float = 0.6
    sd: float = 0.6
    points: int = 601

    def __post_init__(self) -> None:
        if not (self.separation > 0 and 0 < self.weight < 1 and self.sd > 0):
            raise ValueError(f"Two modes need separation > 0, a weight between 0 and 1 and sd > 0; got {self}.")

    @property
    def law(self) -> Distribution:
        """The data's law."""
        at = self.separation / 2
        return mixture((self.weight, 1 - self.weight), (-at, at), (self.sd, self.sd))

    @property
    def line(self) -> Line:
        """Where to integrate."""
        return Line.around(self.law, sds=8.0, points=self.points)

    @property
    def starts(self) -> list[Normal]:
        """Where fits begin: at either mode, and over both."""
        return [normal(-self.separation / 2), normal(self.separation / 2), matched(self.law)]

    def between(self, law: Distribution) -> float:
        """The share of a law that lies in the middle half of the way between the modes."""
        inside = Line(-self.separation / 4, self.separation / 4)
        return float(inside.mean(law, torch.ones_like(inside.x)))


@lesson(
    "likelihood-or-reverse",
    says="A model too simple for the data covers its modes by KL(p, q) and seeks one by KL(q, p)",
    source="Goodfellow, 2016, figure 14; Huszár, 2015",
    quick={"steps": 40, "farther": (6.0,)},
)
def likelihood_or_reverse(
    separation: float = 5.0,
    weight: float = 0.6,
    sd: float = 0.6,
    steps: int = 300,
    rate: float = 0.05,
    farther: tuple[float, ...] = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0),
) -> Shown:
    """One normal law fitted to a mixture of two, by likelihood, by the reverse divergence and by Jensen and Shannon's.

    Args:
        separation: From one mode's mean to the other's.
        weight: The share of the data that the left mode has.
        sd: The standard deviation of each mode.
        steps: Steps of gradient descent.
        rate: The learning rate at first.
        farther: The separations over which the width of the fits is drawn.

    Raises:
        ValueError: if the world is none, or there are no steps or no rate.
    """
    if steps < 1 or rate <= 0:
        raise ValueError(f"Gradient descent needs a step or more and a rate above zero; got {steps} and {rate}.")
    world = World(separation, weight, sd)
    fits = {name: descend(each, world.law, world.line, world.starts, steps, rate) for name, each in DIVERGENCES.items()}
    rows = [_row(name, fit, world) for name, fit in fits.items()]
    worlds = [World(apart, weight, sd, points=401) for apart in farther]
    widths = {
        name: [descend(each, world.law, world.line, world.starts, steps=120, rate=0.1).sd for world in _seen(worlds)]
        for name, each in DIVERGENCES.items()
    }
    figure, (fitted, wide) = panels(["The fitted laws", "How wide they are"], columns=2, wide=5.6)
    _densities(fitted, world, fits)
    _widths(wide, farther, widths, world)
    return Shown(rows, figure, found=f"{_found(rows, world)}{_flips(farther, widths['JS(p, q)'], worlds)}")


def _seen(worlds: Sequence[World]) -> Iterable[World]:
    return watched(worlds, len(worlds), lambda _: 1, doing="moving the modes apart")


def _row(name: str, fit: Fit, world: World) -> dict[str, Any]:
    if DIVERGENCES[name] is kl:
        law, by = matched(world.law), "moments"
        exact = Fit(float(law.mean), float(law.stddev), float(kl(world.law, law, world.line)))
    else:
        exact, by = searched(DIVERGENCES[name], world.law, world.line, world.starts), "simplex"
    return {
        "descended": name,
        "mean": fit.mean,
        "exact mean": exact.mean,
        "sd": fit.sd,
        "exact sd": exact.sd,
        "exact by": by,
        "nats": fit.divergence,
        "exact nats": exact.divergence,
        "between the modes": world.between(fit.law),
        "data there": world.between(world.law),
    }


def _found(rows: Sequence[Mapping[str, Any]], world: World) -> str:
    wrong = max(abs(row[name] - row[f"exact {name}"]) for row in rows for name in ("mean", "sd"))
    parts = [f"{row['descended'].split(':')[0]} {'covers' if _covers(row['sd'], world) else 'seeks'}" for row in rows]
    model, data = rows[0]["between the modes"], rows[0]["data there"]
    return (
        f"{', '.join(parts)}. The likeliest law puts {model:.0%} of its samples between the modes, where {data:.1%} of "
        f"the data are. Descent is within {wrong:.1g} of the exact minima."
    )


def _covers(sd: float, world: World) -> bool:
    """Whether a law is nearer to the data's width than to one mode's."""
    return sd > (world.sd + float(matched(world.law).stddev)) / 2


def _flips(farther: Sequence[float], sds: Sequence[float], worlds: Sequence[World]) -> str:
    covers = [_covers(sd, world) for sd, world in zip(sds, worlds, strict=True)]
    if not any(covers) or all(covers):
        return ""
    last = max(apart for apart, yes in zip(farther, covers, strict=True) if yes)
    first = min(apart for apart, yes in zip(farther, covers, strict=True) if not yes)
    return f" JS still covers modes {last:g} apart, and seeks one where they are {first:g} apart."


def _densities(axes: Axes, world: World, fits: Mapping[str, Fit]) -> None:
    reach = world.separation / 2 + 4 * max(world.sd, 1.0)
    line = Line(-reach, reach, 801)
    axes.fill_between(line.x, world.law.log_prob(line.x).exp(), color=DATA, alpha=0.6, linewidth=0, label="data, p")
    for (name, fit), colour in zip(fits.items(), COLOURS, strict=False):
        stroke = "--" if name.startswith("JS") else "-"
        axes.plot(line.x, fit.law.log_prob(line.x).exp(), stroke, color=colour, linewidth=1.8, label=f"q by {name}")
    axes.set_xlabel("x")
    axes.set_ylim(0, axes.get_ylim()[1] * 1.25)
    legend(axes, loc="upper right")


def _widths(axes: Axes, farther: Sequence[float], widths: Mapping[str, Sequence[float]], world: World) -> None:
    for (name, values), colour in zip(widths.items(), COLOURS, strict=False):
        stroke = "--" if name.startswith("JS") else "-"
        axes.plot(farther, values, f"o{stroke}", color=colour, markersize=4, linewidth=1.4, label=name)
    axes.axhline(world.sd, color="#999999", linewidth=0.8, linestyle=":")
    axes.annotate("one mode", (0.01, world.sd), xycoords=("axes fraction", "data"), va="top", fontsize=9)
    axes.axvline(world.separation, color="#999999", linewidth=0.8, linestyle=":")
    axes.set(xlabel="separation of the modes", ylabel="standard deviation of q")
    axes.set_ylim(bottom=0)
    legend(axes, loc="upper left")
