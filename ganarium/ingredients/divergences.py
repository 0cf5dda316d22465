r"""Objectives that follow from an f-divergence: variational bounds, and density ratios.

For a convex :math:`f` with :math:`f(1) = 0`, data's law p and samples' law q,

.. math::

    D_f(p \Vert q) = \mathbb E_q f(p / q) = \sup_T\ \mathbb E_p T - \mathbb E_q f^*(T),
    \qquad f^*(t) = \sup_u\ u t - f(u),

and the supremum is at :math:`T = f'(p / q)` (Nguyen et al., 2010). A network's raw scores v become values of T by an
output activation :math:`T = g_f(v)` onto the domain of :math:`f^*` (Nowozin et al., 2016, table 2 and 6). What stands
here as ``dual`` is :math:`f^*(g_f(v))`, simplified by hand so that no logarithm meets a zero.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganarium.ingredients.objectives import Objective

__all__ = [
    "KL",
    "DensityRatio",
    "Divergence",
    "GANDivergence",
    "JensenShannon",
    "Neyman",
    "Pearson",
    "ReverseKL",
    "SquaredHellinger",
]


@dataclass(frozen=True)
class Divergence(Objective):
    r"""The game of a divergence: D raises its bound, G lowers it.

    .. math:: L_D = -\mathbb E\, g_f(v(x)) + \mathbb E\, f^*(g_f(v(G(z)))), \qquad L_G = -\mathbb E\, f^*(g_f(v(G(z)))).

    Args:
        practical: G raises :math:`\mathbb E\, g_f(v(G(z)))` instead (section 3.2), whose gradient does not fade where D
            is sure; the non-saturating loss of the first GAN is of that kind.
    """

    practical: bool = False
    #: The score of a place where p = q: the line between data and samples.
    line: ClassVar[float] = 0.0

    @abstractmethod
    def f(self, u: Tensor) -> Tensor:
        """The convex function, of a ratio above zero."""

    @abstractmethod
    def slope(self, u: Tensor) -> Tensor:
        """Its derivative, which is the best T at a ratio."""

    @abstractmethod
    def conjugate(self, t: Tensor) -> Tensor:
        """The convex conjugate, on its domain."""

    @abstractmethod
    def activation(self, v: Tensor) -> Tensor:
        """From raw scores onto the domain of the conjugate; rises with them."""

    @abstractmethod
    def dual(self, v: Tensor) -> Tensor:
        """The conjugate of the activation."""

    @abstractmethod
    def best(self, log_ratio: Tensor) -> Tensor:
        """The score that a perfect D gives where log p / q is this."""

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": -self.activation(real).mean(), "fake": self.dual(fake).mean()}

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        return {"fake": -(self.activation(fake) if self.practical else self.dual(fake)).mean()}

    def margin(self, real: Tensor, fake: Tensor) -> Tensor:
        """The distance from the score of p = q."""
        return real - self.line


@dataclass(frozen=True)
class KL(Divergence):
    r"""Kullback and Leibler's: :math:`f(u) = u \log u`, so that :math:`D_f = \mathbb E_p \log p / q`."""

    line = 1.0

    def f(self, u: Tensor) -> Tensor:
        return u * u.log()

    def slope(self, u: Tensor) -> Tensor:
        return 1 + u.log()

    def conjugate(self, t: Tensor) -> Tensor:
        return (t - 1).exp()

    def activation(self, v: Tensor) -> Tensor:
        return v

    def dual(self, v: Tensor) -> Tensor:
        return (v - 1).exp()

    def best(self, log_ratio: Tensor) -> Tensor:
        return 1 + log_ratio


@dataclass(frozen=True)
class ReverseKL(Divergence):
    r"""The same, from samples to data: :math:`f(u) = -\log u`, so that :math:`D_f = \mathbb E_q \log q / p`."""

    def f(self, u: Tensor) -> Tensor:
        return -u.log()

    def slope(self, u: Tensor) -> Tensor:
        return -1 / u

    def conjugate(self, t: Tensor) -> Tensor:
        return -1 - (-t).log()

    def activation(self, v: Tensor) -> Tensor:
        return -(-v).exp()

    def dual(self, v: Tensor) -> Tensor:
        return v - 1

    def best(self, log_ratio: Tensor) -> Tensor:
        return log_ratio


@dataclass(frozen=True)
class Pearson(Divergence):
    r"""Pearson's chi squared: :math:`f(u) = (u - 1)^2`."""

    def f(self, u: Tensor) -> Tensor:
        return (u - 1).square()

    def slope(self, u: Tensor) -> Tensor:
        return 2 * (u - 1)

    def conjugate(self, t: Tensor) -> Tensor:
        return t.square() / 4 + t

    def activation(self, v: Tensor) -> Tensor:
        return v

    def dual(self, v: Tensor) -> Tensor:
        return v.square() / 4 + v

    def best(self, log_ratio: Tensor) -> Tensor:
        return 2 * log_ratio.expm1()


@dataclass(frozen=True)
class Neyman(Divergence):
    r"""Neyman's chi squared, Pearson's from samples to data: :math:`f(u) = (1 - u)^2 / u`."""

    def f(self, u: Tensor) -> Tensor:
        return (1 - u).square() / u

    def slope(self, u: Tensor) -> Tensor:
        return 1 - u.pow(-2)

    def conjugate(self, t: Tensor) -> Tensor:
        return 2 - 2 * (1 - t).sqrt()

    def activation(self, v: Tensor) -> Tensor:
        return -(-v).expm1()

    def dual(self, v: Tensor) -> Tensor:
        return -2 * (-v / 2).expm1()

    def best(self, log_ratio: Tensor) -> Tensor:
        return 2 * log_ratio


@dataclass(frozen=True)
class SquaredHellinger(Divergence):
    r"""Hellinger's distance, squared: :math:`f(u) = (\sqrt u - 1)^2`."""

    def f(self, u: Tensor) -> Tensor:
        return (u.sqrt() - 1).square()

    def slope(self, u: Tensor) -> Tensor:
        return 1 - u.rsqrt()

    def conjugate(self, t: Tensor) -> Tensor:
        return t / (1 - t)

    def activation(self, v: Tensor) -> Tensor:
        return -(-v).expm1()

    def dual(self, v: Tensor) -> Tensor:
        return v.expm1()

    def best(self, log_ratio: Tensor) -> Tensor:
        return log_ratio / 2


@dataclass(frozen=True)
class JensenShannon(Divergence):
    r"""Twice that of Jensen and Shannon: :math:`f(u) = u \log u - (u + 1) \log \tfrac{u + 1}{2}`, from 0 to log 4."""

    def f(self, u: Tensor) -> Tensor:
        return u * u.log() - (u + 1) * ((u + 1) / 2).log()

    def slope(self, u: Tensor) -> Tensor:
        return math.log(2) + u.log() - u.log1p()

    def conjugate(self, t: Tensor) -> Tensor:
        return -(2 - t.exp()).log()

    def activation(self, v: Tensor) -> Tensor:
        return math.log(2) - softplus(-v)

    def dual(self, v: Tensor) -> Tensor:
        return softplus(v) - math.log(2)

    def best(self, log_ratio: Tensor) -> Tensor:
        return log_ratio


@dataclass(frozen=True)
class GANDivergence(JensenShannon):
    r"""What the first GAN lowers: that of Jensen and Shannon, less log 4; its game is the minimax game.

    :math:`f(u) = u \log u - (u + 1) \log(u + 1)`, and :math:`f(1) = -\log 4`.
    """

    def f(self, u: Tensor) -> Tensor:
        return u * u.log() - (u + 1) * u.log1p()

    def slope(self, u: Tensor) -> Tensor:
        return u.log() - u.log1p()

    def conjugate(self, t: Tensor) -> Tensor:
        return -(-t.expm1()).log()

    def activation(self, v: Tensor) -> Tensor:
        return -softplus(-v)

    def dual(self, v: Tensor) -> Tensor:
        return softplus(v)


@dataclass(frozen=True)
class DensityRatio(Objective):
    r"""A ratio :math:`r \approx p / q` is estimated, then the divergence that it says is lowered (Uehara et al., 2016).

    .. math::

        L_D = \mathbb E\,[r f'(r) - f(r)](G(z)) - \mathbb E f'(r(x)), \qquad L_G = \mathbb E f(r(G(z))),

    with :math:`r = \mathrm{softplus}(v) / \log 2`, which is one for a score of zero. D matches r to the true ratio in
    the Bregman divergence of f; its loss is that of :class:`Divergence` with :math:`T = f'(r)`. G takes r as it is, so
    the zero of :math:`f'` decides where samples go: f must be least at one (Pearson's is), or they leave the data.

    Args:
        of: The divergence.
        relative: Estimates :math:`p / (\alpha p + (1 - \alpha) q)` instead, which is at most :math:`1 / \alpha`.

    Raises:
        ValueError: if ``relative`` is not in [0, 1).
    """

    of: Divergence = Pearson()
    relative: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.relative < 1:
            raise ValueError(f"The share of data in the denominator is in [0, 1); got relative={self.relative}.")

    def ratio(self, v: Tensor) -> Tensor:
        """The estimated ratio for raw scores."""
        # Far below zero softplus is zero in floats, and a logarithm of it has no gradient.
        return softplus(v).clamp_min(torch.finfo(v.dtype).tiny) / math.log(2)

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        mine, theirs = self._excess(real), self._excess(fake)
        below = (1 - self.relative) * theirs.mean()
        if self.relative:
            below = below + self.relative * mine.mean()
        return {"real": -self.of.slope(self.ratio(real)).mean(), "fake": below}

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        return {"fake": (1 - self.relative) * self.of.f(self.ratio(fake)).mean()}

    def _excess(self, v: Tensor) -> Tensor:
        r = self.ratio(v)
        return r * self.of.slope(r) - self.of.f(r)
