r"""Adversarial objectives: how the two players turn raw scores into losses.

With raw scores :math:`u` (no sigmoid), nearly every objective of the literature is four scalar functions:

.. math::

    L_D = \mathbb E_{x \sim p}\, a(F(x)) + \mathbb E_{z}\, b(F(G(z))), \qquad
    L_G = \mathbb E_{z}\, c(F(G(z)))\ [+\ \mathbb E_{x \sim p}\, d(F(x))].

Each objective is one small class. Its two methods return terms: ``real`` and ``fake``, means over all scores.
Logarithms of sigmoids are written as softplus, which is exact where a sigmoid would have saturated.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

__all__ = [
    "BoundarySeeking",
    "FeatureMatching",
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NonSaturating",
    "Objective",
    "RelativisticAverage",
    "RelativisticPairs",
    "Wasserstein",
    "accuracy",
]


@dataclass(frozen=True)
class Objective(ABC):
    """What each player of an adversarial game descends, given the critic's raw scores of any shape."""

    #: Whether the loss of a sample depends on others of its batch, beyond being averaged with them.
    couples_samples = False
    #: Whether the generator is judged by what the critic's head sees, of shape (B, features), instead of by scores.
    of_features: ClassVar[bool] = False

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """The terms of the discriminator's (or critic's) loss."""

    @abstractmethod
    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        """The terms of the generator's loss.

        Args:
            fake: The scores of its samples; their features, if the objective is ``of_features``.
            real: Gives those of data, and is called only by objectives that look at them.
        """

    def accuracy(self, real: Tensor, fake: Tensor) -> Tensor:
        """The share of scores on the right side of the line; of pairs, that of those in the right order."""
        return accuracy(self.margin(real, fake), self.margin(fake, real))

    def margin(self, real: Tensor, fake: Tensor) -> Tensor:
        """How far the scores of data lie on the side of data: of zero, unless an objective draws the line elsewhere.

        Args:
            real: The scores of data, of any shape.
            fake: The scores of as many samples.
        """
        return real


@dataclass(frozen=True)
class NonSaturating(Objective):
    r"""Cross entropy for D; G maximises :math:`\log D(G(z))` (Goodfellow et al., 2014, end of section 3).

    Args:
        smoothing: The target of real data; below 1 it is one-sided label smoothing (Salimans et al., 2016).

    Example:
        >>> import torch
        >>> terms = NonSaturating().discriminator(torch.zeros(4), torch.zeros(4))
        >>> round(float(terms["real"] + terms["fake"]), 3)     # 2 log 2, the value where D = 1/2
        1.386
    """

    smoothing: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.smoothing <= 1:
            raise ValueError(f"The target of real data lies in (0, 1]; got smoothing={self.smoothing}.")

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {
            "real": (softplus(-real) + (1 - self.smoothing) * real).mean(),
            "fake": softplus(fake).mean(),
        }

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        return {"fake": softplus(-fake).mean()}


@dataclass(frozen=True)
class Minimax(NonSaturating):
    r"""Cross entropy for D; G minimises :math:`\log(1 - D(G(z)))` (Goodfellow et al., 2014, equation 1)."""

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        return {"fake": -softplus(fake).mean()}


@dataclass(frozen=True)
class BoundarySeeking(NonSaturating):
    r"""Cross entropy for D; G moves its samples to where D cannot tell, :math:`F = 0` (Hjelm et al., 2018, section 3).

    The loss has no sign: a discriminator that has not learned yet teaches nothing.
    """

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        return {"fake": fake.square().mean() / 2}


@dataclass(frozen=True)
class LeastSquares(Objective):
    r"""Half squared distances to codes (Mao et al., 2017).

    Args:
        real: The code of real data for D (b in the paper).
        fake: The code of samples for D (a in the paper).
        target: The code that G wants its samples to get (c in the paper).
    """

    real: float = 1.0
    fake: float = 0.0
    target: float = 1.0

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": (real - self.real).square().mean() / 2, "fake": (fake - self.fake).square().mean() / 2}

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        return {"fake": (fake - self.target).square().mean() / 2}

    def margin(self, real: Tensor, fake: Tensor) -> Tensor:
        """The distance from halfway between the codes, towards the code of data."""
        return (real - (self.real + self.fake) / 2) * (1 if self.real > self.fake else -1)


@dataclass(frozen=True)
class Hinge(Objective):
    """A margin of one on each side for D; G raises its scores (Lim and Ye, 2017)."""

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": relu(1 - real).mean(), "fake": relu(1 + fake).mean()}

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        return {"fake": -fake.mean()}


@dataclass(frozen=True)
class Wasserstein(Objective):
    """The difference of mean scores, for a critic that is kept Lipschitz (Arjovsky et al., 2017)."""

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": -real.mean(), "fake": fake.mean()}

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        return {"fake": -fake.mean()}

    def margin(self, real: Tensor, fake: Tensor) -> Tensor:
        """The distance from halfway between the means: a constant on all scores says nothing."""
        return real - (real.mean() + fake.mean()) / 2


@dataclass(frozen=True)
class RelativisticPairs(Objective):
    """Cross entropy of the score difference of each pair of a real and a fake (Jolicoeur-Martineau, 2019; RpGAN)."""

    couples_samples = True

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"pair": softplus(fake - real).mean()}

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        if real is None:
            raise ValueError("A relativistic generator needs the scores of real data beside those of its samples.")
        return {"pair": softplus(real() - fake).mean()}

    def margin(self, real: Tensor, fake: Tensor) -> Tensor:
        """The difference of each pair."""
        return real - fake


@dataclass(frozen=True)
class RelativisticAverage(Objective):
    r"""Any objective, on scores less the mean score of the other side (Jolicoeur-Martineau, 2019, equations 7 and 8).

    .. math::

        2 L_D &= \mathbb E\, a(F(x) - \overline{F(G(z))}) + \mathbb E\, b(F(G(z)) - \overline{F(x)}), \\
        2 L_G &= \mathbb E\, a(F(G(z)) - \overline{F(x)}) + \mathbb E\, b(F(x) - \overline{F(G(z))}),

    with a and b the discriminator's of the objective: the generator plays the same with both sides exchanged. Means are
    over the batch, and are not detached.

    Args:
        of: The objective. Least squares, unless it is given other codes, has the paper's 1 and -1 (RaLSGAN): one
            difference cannot be 1 and 0.

    Raises:
        ValueError: if the codes of least squares are not opposite.
    """

    of: Objective = NonSaturating()
    couples_samples = True

    def __post_init__(self) -> None:
        if self.of == LeastSquares():
            object.__setattr__(self, "of", LeastSquares(1.0, -1.0))
        if isinstance(self.of, LeastSquares) and self.of.real != -self.of.fake:
            raise ValueError(
                "Differences of scores from the other side's mean are pulled to opposite codes, such as "
                f"LeastSquares(1, -1); got real={self.of.real:g} and fake={self.of.fake:g}."
            )

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        terms = self.of.discriminator(real - fake.mean(), fake - real.mean())
        return {name: term / 2 for name, term in terms.items()}

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        if real is None:
            raise ValueError("A relativistic generator needs the scores of real data beside those of its samples.")
        data = real()
        terms = self.of.discriminator(fake - data.mean(), data - fake.mean())
        return {"fake": terms["real"] / 2, "real": terms["fake"] / 2}

    def margin(self, real: Tensor, fake: Tensor) -> Tensor:
        """The distance from the mean score of samples."""
        return real - fake.mean()


@dataclass(frozen=True)
class FeatureMatching(Objective):
    r"""The generator matches the mean features of data instead of raising scores (Salimans et al., 2016, section 3.1).

    With f the critic's last features,

    .. math::

        L_G = \tfrac1n \lVert \overline{f(x)} - \overline{f(G(z))} \rVert^2,

    a mean over the n features, of means over the batch. The critic descends what it did before.

    Args:
        of: The objective of the critic.
    """

    of: Objective = NonSaturating()
    couples_samples = True
    of_features = True

    def discriminator(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return self.of.discriminator(real, fake)

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> dict[str, Tensor]:
        if real is None:
            raise ValueError("Feature matching needs the features of real data beside those of samples.")
        return {"feature": (fake.mean(0) - real().mean(0)).square().mean()}

    def margin(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.of.margin(real, fake)


def accuracy(real: Tensor, fake: Tensor) -> Tensor:
    """The share of scores on the right side of zero, where both halves have the same size; a scalar without gradient.

    Example:
        >>> import torch
        >>> accuracy(torch.tensor([1.0, -1.0]), torch.tensor([-2.0, -3.0])).item()
        0.75
    """
    return torch.cat([real.detach(), -fake.detach()]).gt(0).mean(dtype=real.dtype)
