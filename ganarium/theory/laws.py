r"""Laws on the line whose densities are known, and how far apart they are, by quadrature.

An f-divergence is the mean, under :math:`q`, of a convex function of the ratio of the densities, with :math:`f(1) = 0`:

.. math::

    D_f(p \| q) = \int q(x)\, f\!\left(\frac{p(x)}{q(x)}\right) dx, \qquad
    JS(p, q) = \tfrac12 KL\bigl(p \,\|\, \tfrac{p+q}{2}\bigr) + \tfrac12 KL\bigl(q \,\|\, \tfrac{p+q}{2}\bigr).

Integrals are sums over evenly spaced places (the trapezoid rule), which is exact to rounding for smooth densities that
vanish at both ends and are wider than a few steps; lines that are made around laws have eight steps, at the least, in
the standard deviation of the narrowest. Divergences are in nats, and infinite where they are.

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
_FAR = 300.0  # a log ratio so large that an f grows as a power of it, whose square a double holds
_STEPS = 8  # in the standard deviation of the narrowest law
_MOST = 4_000_000  # places
_FALL = 30.0  # how far, as a logarithm, an integrand falls towards the ends of a line that it fits on


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
        """As far as any of the laws reaches, in its standard deviations; so fine that none falls between the places.

        Args:
            laws: Normal laws, and mixtures of them.
            sds: How far.
            points: How many places, at the least.

        Raises:
            ValueError: if a law is so narrow beside another that it takes more than four million places.
        """
        parts = [(float(law.mean), float(law.variance) ** 0.5) for law in laws]
        low = min(middle - sds * reach for middle, reach in parts)
        high = max(middle + sds * reach for middle, reach in parts)
        narrow = min(map(_narrowest, laws))
        needed = math.ceil(_STEPS * (high - low) / narrow) + 1
        if needed > _MOST:
            raise ValueError(
                f"A law with a standard deviation of {narrow:g} falls between the places of a line from {low:g} to "
                f"{high:g}: it takes {needed:,} of them, more than {_MOST:,}. Take laws of more like widths, or laws "
                "that are nearer to each other."
            )
        return cls(low, high, max(points, needed))

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


def _narrowest(law: Distribution) -> float:
    """The standard deviation of a law, or of the narrowest part of a mixture."""
    part = law.component_distribution if isinstance(law, MixtureSameFamily) else law
    return float(part.variance.detach().min()) ** 0.5


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
    """The f-divergence of p from q; infinite where it is, or where it is beyond what a double holds.

    Args:
        f: A convex function of the ratio p / q that is zero at one, such as those of :data:`GENERATORS`.
        p: Data's law.
        q: The model's.
        line: Where to integrate; by default as far as the integrand reaches.

    Example:
        >>> f_divergence(GENERATORS["pearson"], normal(0, 2), normal(0, 1)).item()     # p^2 / q grows outwards
        inf
    """
    fits = line or _wide_enough(f, p, q)
    logs = _log_integrand(f, p, q, fits.x)
    if _grows(f, p, q, fits) or float(logs.max()) > _FARTHEST:
        return torch.tensor(torch.inf, dtype=torch.float64)
    ratio = p.log_prob(fits.x) - q.log_prob(fits.x)
    near = q.log_prob(fits.x).exp() * f(ratio.clamp(-_FARTHEST, _FAR).exp())
    return fits.integral(torch.where(ratio > _FAR, logs.exp(), near))


def _log_integrand(f: Callable[[Tensor], Tensor], p: Distribution, q: Distribution, x: Tensor) -> Tensor:
    """log q |f(p / q)| at some places. Far out f grows as a power of the ratio, so nothing overflows."""
    ratio = p.log_prob(x) - q.log_prob(x)
    ends = f(torch.tensor([_FAR - 1, _FAR], dtype=torch.float64).exp()).abs().clamp(min=1e-300).log()
    within = f(ratio.clamp(-_FARTHEST, _FAR).exp()).abs().clamp(min=1e-300).log()
    return q.log_prob(x) + within + (ends[1] - ends[0]) * (ratio - _FAR).clamp(min=0)


def _wide_enough(f: Callable[[Tensor], Tensor], p: Distribution, q: Distribution) -> Line:
    """A line around both laws, at whose ends the integrand has vanished if it does."""
    line = Line.around(p, q)
    for sds in (24.0, 48.0, 96.0):
        logs = _log_integrand(f, p, q, line.x)
        if float(logs[[0, -1]].max()) < float(logs.max()) - _FALL or _grows(f, p, q, line):
            break
        line = Line.around(p, q, sds=sds)
    return line


def _grows(f: Callable[[Tensor], Tensor], p: Distribution, q: Distribution, line: Line) -> bool:
    """Whether the integrand grows outwards, far beyond the line, on either side."""
    middle, reach = (line.low + line.high) / 2, (line.high - line.low) / 2
    out = reach * torch.tensor([100.0, 200.0], dtype=torch.float64)
    sides = [_log_integrand(f, p, q, middle + sign * out) for sign in (-1, 1)]
    return any(float(far) > float(near) for near, far in sides)
