r"""What decides whether training arrives: whether the eigenvalues of a step lie in the unit circle.

Near an equilibrium a simultaneous step is the matrix :math:`I + hJ`. An eigenvalue :math:`\lambda = a + ib` of
:math:`J` becomes :math:`1 + h\lambda`, and

.. math::

    |1 + h\lambda|^2 = 1 + 2ha + h^2 (a^2 + b^2) < 1
    \quad\Longleftrightarrow\quad a < 0 \ \text{ and } \ h < \frac{-2a}{a^2 + b^2}.

The more a game turns for what it is damped, the shorter steps must be; for one that only turns none are short enough.
In the Dirac GAN with R1 the squared radius is :math:`1 - h\gamma + h^2 \beta^2` up to :math:`\gamma = 2\beta`; there it
is the smallest, and the radius is :math:`1 - h\beta`. More of the penalty is slower again.

References:
    Mescheder, Nowozin and Geiger: The Numerics of GANs, NIPS 2017, section 3.
    Mescheder, Geiger and Nowozin: Which Training Methods for GANs do actually Converge?, ICML 2018.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganarium.ingredients import R1, NonSaturating, Wasserstein
from ganarium.terminal.progress import watched
from ganarium.theory.dirac import EVERY, DiracGAN
from ganarium.theory.dynamics import Simultaneous, Velocity, eigenvalues, jacobian, leading, update
from ganarium.theory.panels import COLOURS, INK, legend, panels
from ganarium.theory.remedies import Remedy, remedies
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson
from ganarium.zoo.options import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["factor", "growth", "longest"]

_SHOWN = ("none", "R1", "consensus", "instance noise")  # R2 is R1 here; the others have no Jacobian of their own
_MARKS = "ovs^Dx"
_CENTRE = (0.0, 0.0)


def factor(eigenvalue: complex, rate: float) -> float:
    r"""The modulus of :math:`1 + h\lambda`.

    Args:
        eigenvalue: Of the velocity's Jacobian.
        rate: The length h of a step.
    """
    return abs(1 + rate * eigenvalue)


def longest(eigenvalue: complex) -> float:
    """The length below which simultaneous steps draw nearer along an eigenvalue; 0 if none do.

    Example:
        >>> longest(-1 + 1j), longest(-0.5 + 0.5j), longest(1j)
        (1.0, 2.0, 0.0)
    """
    if not eigenvalue:
        return 0.0
    return max(0.0, -2 * eigenvalue.real / (eigenvalue.real**2 + eigenvalue.imag**2))


def growth(velocity: Velocity, rate: float, steps: int, near: float = 1e-5) -> float:
    """By how much a simultaneous step moves points near (0, 0) away: what is seen over the second half of the steps.

    Args:
        velocity: The game's.
        rate: The length h of a step.
        steps: How many are played.
        near: How far from (0, 0) the farthest of points all around it is put before every step.
    """
    angles = torch.arange(16, dtype=torch.float64) * (math.pi / 8)
    points, gone, passed = near * torch.stack([angles.cos(), angles.sin()], -1), 0.0, []
    for _ in range(steps):
        points = Simultaneous().step(velocity, points, rate)
        far = float(points.norm(dim=-1).max()) / near
        points, gone = points / far, gone + math.log(far)
        passed.append(gone)
    late = torch.tensor(passed, dtype=torch.float64)[steps // 2 :]
    time = torch.arange(len(late)) - (len(late) - 1) / 2
    return math.exp(float((time * late).sum() / time.square().sum()))


@lesson(
    "rotation",
    says="Eigenvalues of a step in the unit circle or out of it: what decides whether a GAN's training arrives",
    source="Mescheder, Nowozin and Geiger, 2017, section 3; Mescheder, Geiger and Nowozin, 2018",
    quick={"steps": 20},
)
def rotation(rate: float = 0.4, gamma: float = 0.5, noise: float = 0.7, steps: int = 100) -> Shown:
    """The eigenvalues of the Dirac GAN under every objective and remedy, and what the players then do.

    Args:
        rate: The length of a step.
        gamma: The weight of R1 and of consensus.
        noise: The deviation of instance noise.
        steps: How many are played near the equilibrium to see how fast it is approached or left.

    Raises:
        ValueError: if a number is not positive, or there are fewer than four steps.
    """
    if rate <= 0 or steps < 4:
        raise ValueError(f"The rate is positive and there are four steps at least; got rate={rate}, steps={steps}.")
    cures = {name: remedy for name, remedy in remedies(gamma, noise).items() if name in _SHOWN}
    games = [(each, name, DiracGAN(each, remedy)) for each in EVERY for name, remedy in cures.items()]
    rows, spectra = [], {}
    for objective, name, game in watched(games, len(games), lambda _: 1, doing="playing near the equilibrium"):
        called = word(type(objective).__name__)
        field, step = jacobian(game.velocity, _CENTRE), update(game.velocity, Simultaneous(), _CENTRE, rate)
        spectra[called, name] = eigenvalues(field), eigenvalues(step)
        row = {"objective": called, "remedy": name, "radius of a step": leading(step)}
        row["exact"] = max(factor(value, rate) for value in game.exact())
        row["growth seen"] = growth(game.velocity, rate, steps)
        rows.append({**row, "longest step": min(map(longest, game.exact()))})
    right = sum((row["radius of a step"] < 1) == (row["growth seen"] < 1) for row in rows)
    arrive = sum(row["growth seen"] < 1 for row in rows)
    said = f"In steps of {rate:g}, {arrive} of {len(rows)} games arrive; the radius told it of {right}."
    return Shown(rows, _picture(spectra, rate), found=said)


_Spectra = Mapping[tuple[str, str], tuple[Tensor, Tensor]]


def _picture(spectra: _Spectra, rate: float) -> Figure:
    titles = [
        "λ of the velocity; grey: draws nearer",
        f"1 + {rate:g} λ, of a step; grey: draws nearer",
        "Radius of a step with R1; dots: measured",
    ]
    figure, (field, step, weight) = panels(titles, columns=3, wide=4.4, high=4.2)
    angles = torch.linspace(0, 2 * math.pi, 400)
    step.fill(angles.cos(), angles.sin(), color="#f2f2f2", ec=INK, linewidth=1)
    field.axvspan(-100, 0, color="#f2f2f2", ec=INK, linewidth=1)
    for axes, which in ((field, 0), (step, 1)):
        _scatter(axes, {key: pair[which] for key, pair in spectra.items()})
        axes.set(xlabel="real part", ylabel="imaginary part; the lower half mirrors it")
        _near(axes, torch.cat([pair[which] for pair in spectra.values()]))
    figure.legend(*field.get_legend_handles_labels(), loc="outside right center", frameon=False, labelcolor=INK)
    _over_gamma(weight, rate)
    return figure


def _near(axes: Axes, values: Tensor) -> None:
    """Look at the upper half plane around eigenvalues and the border, in equal units."""
    side = 1.3 * max(float(values.imag.max()), float(values.real.max() - values.real.min()), 0.1)
    right = float(values.real.max()) + 0.15 * side
    axes.set(xlim=(right - side, right), ylim=(-0.1 * side, 0.9 * side), aspect="equal")


def _scatter(axes: Axes, values: Mapping[tuple[str, str], Tensor]) -> None:
    """Colours tell remedies, marks objectives; those of one slope and curvature lie within each other."""
    objectives, cures = (list(dict.fromkeys(names)) for names in zip(*values, strict=True))
    for (objective, cure), each in values.items():
        size = 3.5 + 2.4 * objectives.index(objective)
        mark, colour = _MARKS[objectives.index(objective)], COLOURS[cures.index(cure)]
        axes.plot(each.real, each.imag, mark, color=colour, fillstyle="none", markersize=size)
    for cure, colour in zip(cures, COLOURS, strict=False):
        axes.plot([], [], "s", color=colour, label=cure)
    for objective, mark in zip(objectives, _MARKS, strict=True):
        axes.plot([], [], mark, color=INK, fillstyle="none", label=objective)


def _over_gamma(axes: Axes, rate: float) -> None:
    """The radius over the weight of R1: closed form as lines, measured as dots."""
    weights = torch.linspace(0.02, 3, 150).tolist()
    for objective, label, colour in (
        (NonSaturating(), "cross entropy", "#0072b2"),
        (Wasserstein(), "Wasserstein", "#d55e00"),
    ):
        games = [DiracGAN(objective, Remedy(R1(gamma))) for gamma in weights]
        exact = [max(factor(value, rate) for value in game.exact()) for game in games]
        found = [leading(update(game.velocity, Simultaneous(), _CENTRE, rate)) for game in games[::12]]
        axes.plot(weights, exact, color=colour, label=label)
        axes.plot(weights[::12], found, "o", color=colour, markersize=4)
    axes.axhline(1, color=INK, linewidth=1)
    axes.set_xlabel("γ, the weight of R1")
    legend(axes, loc="lower left")
