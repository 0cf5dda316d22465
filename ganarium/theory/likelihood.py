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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.distributions import Distribution, Normal

from ganarium.data.progress import watched
from ganarium.theory.laws import Line, js, kl, mixture, normal
from ganarium.theory.lesson import Shown, lesson
from ganarium.theory.panels import COLOURS, DATA, legend, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["DIVERGENCES", "Fit", "descend", "matched", "searched"]

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
    divergence: Divergence, p: Distribution, line: Line, starts: Sequence[float], steps: int = 300, rate: float = 0.05
) -> Fit:
    """The best normal law that gradient descent comes to, on integrals along a line.

    Args:
        divergence: One of :data:`DIVERGENCES`.
        p: The data's law.
        line: Where to integrate.
        starts: The means it begins from, each with a standard deviation of one.
        steps: Steps of Adam, whose rate falls to zero.
        rate: The learning rate at first.
    """
    means = torch.tensor(starts, dtype=torch.float64)[:, None].requires_grad_()
    logs = torch.zeros_like(means).requires_grad_()
    optimizer = torch.optim.Adam([means, logs], lr=rate)
    for step in watched(range(steps), steps, lambda _: 1, doing="fitting a normal law"):
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        optimizer.zero_grad()
        divergence(p, Normal(means, logs.exp()), line).sum().backward()
        optimizer.step()
    with torch.no_grad():
        ends = divergence(p, Normal(means, logs.exp()), line)
    best = int(ends.argmin())
    return Fit(float(means[best]), float(logs[best].exp()), float(ends[best]))


def searched(divergence: Divergence, p: Distribution, line: Line, starts: Sequence[float]) -> Fit:
    """The same without gradients, by the simplex of Nelder and Mead."""
    from scipy.optimize import minimize

    def price(place: Any) -> float:
        return float(divergence(p, normal(place[0], float(torch.tensor(place[1]).exp())), line))

    options = {"xatol": 1e-7, "fatol": 1e-12, "maxiter": 1000}
    ends = [minimize(price, [mean, 0.0], method="Nelder-Mead", options=options) for mean in starts]
    best = min(ends, key=lambda end: end.fun)
    return Fit(float(best.x[0]), float(torch.tensor(best.x[1]).exp()), float(best.fun))
