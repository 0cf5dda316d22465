r"""Laws on the line whose densities are known, and how far apart they are, by quadrature.

An f-divergence is the mean, under :math:`q`, of a convex function of the ratio of the densities, with :math:`f(1) = 0`:

.. math::

    D_f(p \| q) = \int q(x)\, f\!\left(\frac{p(x)}{q(x)}\right) dx, \qquad
    JS(p, q) = \tfrac12 KL\bigl(p \,\|\, \tfrac{p+q}{2}\bigr) + \tfrac12 KL\bigl(q \,\|\, \tfrac{p+q}{2}\bigr).

Integrals are sums over evenly spaced places (the trapezoid rule), which is exact to rounding for smooth densities that
vanish at both ends. Divergences are in nats.

Reference:
    Liese, Vajda: On Divergences and Informations in Statistics and Information Theory, IEEE Transactions on
    Information Theory, 2006.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, Normal
from torch.nn.functional import logsigmoid

from ganarium.ingredients import KL, JensenShannon, Pearson, ReverseKL, SquaredHellinger

__all__ = ["GENERATORS", "Line", "distribution", "f_divergence", "js", "kl", "mixture", "normal"]

_FARTHEST = 700.0  # the largest log ratio whose exponential a double holds


def normal(mean: float | Tensor = 0.0, sd: float | Tensor = 1.0) -> Normal:
    """A normal law in double precision.

    Raises:
        ValueError: if the standard deviation is not above zero.
    """
    mean, sd = (torch.as_tensor(value, dtype=torch.float64) for value in (mean, sd))
    if not bool((sd > 0).all()):
        raise ValueError(f"The standard deviation of a normal law is above zero; got {sd.tolist()}.")
    return Normal(mean, sd)


def mixture(weights: Sequence[float], means: Sequence[float], sds: Sequence[float]) -> MixtureSameFamily:
    """A mixture of normal laws on the line; the weights are divided by their sum.

    Raises:
        ValueError: if the three are not of one length, or a weight is not above zero.
    """
    if not len(weights) == len(means) == len(sds) or min(weights, default=0) <= 0:
        raise ValueError(
            f"A mixture has a weight above zero, a mean and an sd for each part; got {weights, means, sds}."
        )
    parts = normal(torch.tensor(means, dtype=torch.float64), torch.tensor(sds, dtype=torch.float64))
    return MixtureSameFamily(Categorical(torch.tensor(weights, dtype=torch.float64)), parts)


@dataclass(frozen=True)
class Line:
    """Evenly spaced places, on which integrals are sums.

    Args:
        low: The first place.
        high: The last one.
        points: How many.

    Example:
        >>> line = Line(-8, 8)
        >>> round(float(line.integral(normal().log_prob(line.x).exp())), 12)
        1.0
    """

    low: float
    high: float
    points: int = 4001

    def __post_init__(self) -> None:
        if self.low >= self.high or self.points < 3:
            raise ValueError(f"A line goes from low up to high, with 3 points or more; got {self}.")

    @classmethod
    def around(cls, *laws: Distribution, sds: float = 12.0, points: int = 4001) -> Line:
        """As far as any of the laws reaches, in its standard deviations."""
        middles, reaches = ([float(value) for value in values] for values in zip(*map(_moments, laws), strict=True))
        ends = [(middle - sds * reach, middle + sds * reach) for middle, reach in zip(middles, reaches, strict=True)]
        return cls(min(low for low, _ in ends), max(high for _, high in ends), points)

    @cached_property
    def x(self) -> Tensor:
        """The places, of shape (points,), in double precision."""
        return torch.linspace(self.low, self.high, self.points, dtype=torch.float64)

    def integral(self, values: Tensor) -> Tensor:
        r"""Integrals of functions with these values at the places: from (\*, points) to (\*)."""
        return torch.trapezoid(values, dx=(self.high - self.low) / (self.points - 1))

    def mean(self, law: Distribution, values: Tensor) -> Tensor:
        """The mean of a function with these values at the places, of shape (points,), under a law."""
        return self.integral(law.log_prob(self.x).exp() * values)


def _moments(law: Distribution) -> tuple[Tensor, Tensor]:
    return law.mean.detach(), law.variance.detach().sqrt()


def distribution(law: Distribution, line: Line) -> Tensor:
    """The distribution function at the places, of shape (points,), from zero to one."""
    density = law.log_prob(line.x).exp()
    areas = torch.cumulative_trapezoid(density, dx=(line.high - line.low) / (line.points - 1))
    return torch.cat([areas.new_zeros(1), areas])


def kl(p: Distribution, q: Distribution, line: Line | None = None) -> Tensor:
    r"""The divergence :math:`KL(p \| q)`; what maximum likelihood descends, up to a constant, where p is the data's.

    Example:
        >>> round(float(kl(normal(0), normal(3))), 6)     # the shift squared, halved
        4.5
    """
    line = line or Line.around(p, q)
    return line.mean(p, p.log_prob(line.x) - q.log_prob(line.x))


def js(p: Distribution, q: Distribution, line: Line | None = None) -> Tensor:
    """The Jensen-Shannon divergence, from zero to log 2.

    Example:
        >>> round(float(js(normal(0), normal(1))), 4)
        0.1114
    """
    line = line or Line.around(p, q)
    logit = p.log_prob(line.x) - q.log_prob(line.x)
    # p / ((p + q) / 2) is twice the sigmoid of the log ratio.
    return math.log(2) + (line.mean(p, logsigmoid(logit)) + line.mean(q, logsigmoid(-logit))) / 2


#: Convex functions of the ratio u = p / q, by the name of the divergence of p from q that they generate.
GENERATORS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "kl": KL().f,
    "reverse kl": ReverseKL().f,
    "jensen-shannon": lambda u: JensenShannon().f(u) / 2,
    "total variation": lambda u: (u - 1).abs() / 2,
    "squared hellinger": lambda u: SquaredHellinger().f(u) / 2,
    "pearson": Pearson().f,
}


def f_divergence(f: Callable[[Tensor], Tensor], p: Distribution, q: Distribution, line: Line | None = None) -> Tensor:
    """The f-divergence of p from q; ratios beyond e^700 count as that much, so use :func:`kl` for laws far apart.

    Args:
        f: A convex function of the ratio p / q that is zero at one, such as those of :data:`GENERATORS`.
        p: Data's law.
        q: The model's.
        line: Where to integrate; by default as far as either reaches.
    """
    line = line or Line.around(p, q)
    ratio = (p.log_prob(line.x) - q.log_prob(line.x)).clamp(-_FARTHEST, _FARTHEST).exp()
    return line.mean(q, f(ratio))
