r"""The smallest GAN that does not converge, and what makes it converge.

Data is the point 0, the generator's only sample is :math:`\theta`, and the critic is :math:`F(x) = \psi x`. (The
paper's critic is high for samples: its :math:`\psi` is minus this one.) The equilibrium is :math:`(\theta, \psi) =
(0, 0)`. With the slopes at score 0 of D's loss of samples, :math:`\beta_D`, and of G's, :math:`-\beta_G`, the Jacobian
there is

.. math::

    J = \begin{pmatrix} 0 & \beta_G \\ -\beta_D & -k \end{pmatrix}, \qquad
    \lambda = -\frac k2 \pm \sqrt{\frac{k^2}{4} - \beta_G \beta_D}.

Without a remedy nothing damps the game: :math:`k = 0`, and it turns. Of cross entropies :math:`\lambda = \pm i/2`, of
hinge and Wasserstein :math:`\pm i`. The remedies:

* R1 and R2 of weight :math:`\gamma` are the same here, :math:`k = \gamma`; damping is critical at
  :math:`\gamma = 2 \sqrt{\beta_G \beta_D}`.
* Instance noise of deviation :math:`s` on data and samples: :math:`k = s^2 (a'' + b'')(0)`, with D's losses of data
  and of samples. It needs curved ones; those of hinge and Wasserstein are straight.
* Consensus of weight :math:`\gamma` gives :math:`J - \gamma J^\top J`; with one slope,
  :math:`\lambda = -\gamma \beta^2 \pm i\beta`.
* Clipping the critic's weight changes nothing within the bounds.
* A gradient penalty whose target :math:`t` is not zero pushes :math:`\psi` away from the equilibrium:
  :math:`k = 2\gamma (1 - t/\epsilon)`, where :math:`\epsilon = 10^{-6}` rounds off the kink of its root.

What is followed are the library's own objectives and penalties, differentiated.

Reference:
    Mescheder, Geiger and Nowozin: Which Training Methods for GANs do actually Converge?, ICML 2018, arXiv 1801.04406.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from ganarium.ingredients import (
    GradientPenalty,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticPairs,
    Wasserstein,
)
from ganarium.randomness import seeded
from ganarium.terminal.progress import watched
from ganarium.theory.dynamics import (
    RULES,
    Rule,
    Velocity,
    agreeing,
    descent,
    eigenvalues,
    jacobian,
    leading,
    trajectory,
    update,
)
from ganarium.theory.panels import COLOURS, INK, legend, panels
from ganarium.theory.remedies import Remedy, remedies
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson
from ganarium.zoo.options import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EVERY", "DiracGAN"]

_CPU = torch.device("cpu")
_START = (1.0, -1.0)  # a sample away from the data, and a critic that tells it
_VALUES = 12  # of the noise on a point
_CENTRE = (0.0, 0.0)
_NEAR = 0.05
_SIDE = 2.2  # of the pictures
_SMOOTH = 1e-6  # the root of what GradientPenalty adds under its root

#: The objectives. With codes of 0 and 1 the slope of least squares is zero at the data, and nothing would pull back.
EVERY: tuple[Objective, ...] = (
    Minimax(),
    NonSaturating(),
    RelativisticPairs(),
    Hinge(),
    Wasserstein(),
    LeastSquares(real=1.0, fake=-1.0, target=1.0),
)


@dataclass(frozen=True)
class DiracGAN:
    r"""The game of :math:`\theta` and :math:`\psi`.

    Args:
        objective: On the scores :math:`\psi x`.
        remedy: What else is done.

    Example:
        >>> from ganarium.ingredients import R1
        >>> DiracGAN(NonSaturating(), Remedy(R1(1.25))).exact()
        ((-0.25+0j), (-1+0j))
    """

    objective: Objective
    remedy: Remedy = field(default_factory=Remedy)

    @property
    def velocity(self) -> Velocity:
        """Where both players move."""
        plain = descent(self.losses)
        return agreeing(plain, self.remedy.consensus) if self.remedy.consensus else plain

    def losses(self, theta: Tensor, psi: Tensor) -> tuple[Tensor, Tensor]:
        """The generator's loss and the critic's, summed over points of shape (...)."""
        each, slope = theta.reshape(-1, 1), psi.reshape(-1, 1)
        # All pairs of the noise on data and that on samples: some objectives look at both at once.
        noise = _noise(self.remedy.noise)
        data, sample = torch.cartesian_prod(noise, noise).unbind(-1)
        real, fake = slope * data, slope * (each + sample)
        critic = sum(self.objective.discriminator(real, fake).values(), torch.zeros(()))
        generator = sum(self.objective.generator(fake, lambda: real).values(), torch.zeros(()))
        if self.remedy.penalty is not None:
            with seeded(_CPU, 0):
                critic = critic + self.remedy.penalty(lambda x: slope * x, 0 * each, each, torch.zeros(()))
        return generator * len(each), critic * len(each)

    def allowed(self, point: Tensor) -> Tensor:
        """The point with the critic's weight within its bounds."""
        bound = point.new_tensor([math.inf, self.remedy.clip])
        return point.clamp(-bound, bound)

    def exact(self) -> tuple[complex, complex]:
        """The eigenvalues of the velocity's Jacobian at the equilibrium in closed form, the one that decides first.

        Raises:
            ValueError: if the objective is none of this library.
        """
        (own, other), curvature = _at_zero(self.objective)
        remedy, gamma = self.remedy, self.remedy.consensus
        damping = curvature * remedy.noise**2
        if remedy.penalty is not None:
            kink = remedy.penalty.target / _SMOOTH if isinstance(remedy.penalty, GradientPenalty) else 0.5
            damping += 2 * float(remedy.penalty.weight) * (1 - kink)  # type: ignore[arg-type]
        trace, determinant = -damping - gamma * (own**2 + other**2), own * other * (1 + gamma**2 * own * other)
        root = cmath.sqrt(trace**2 / 4 - determinant)
        return trace / 2 + root, trace / 2 - root


def _at_zero(objective: Objective) -> tuple[tuple[float, float], float]:
    """The slopes of D's loss of samples and, against it, of G's at score 0; the curvature of both of D's losses."""
    match objective:
        case NonSaturating() | RelativisticPairs():
            return (0.5, 0.5), 0.5
        case LeastSquares():
            return (-objective.fake, objective.target), 2.0
        case Hinge() | Wasserstein():
            return (1.0, 1.0), 0.0
    raise ValueError(f"The eigenvalues of {type(objective).__name__} are not known here; EVERY lists the objectives.")


def _noise(deviation: float) -> Tensor:
    """Equally likely values with the normal's quantiles and exactly this deviation."""
    if not deviation:
        return torch.zeros(1, dtype=torch.float64)
    values = torch.special.ndtri((torch.arange(_VALUES, dtype=torch.float64) + 0.5) / _VALUES)
    return values * (deviation / values.square().mean().sqrt())


@lesson(
    "dirac-gan",
    says="A GAN of one sample and one weight circles its equilibrium; R1, R2 and consensus damp it, clipping does not",
    source="Mescheder, Geiger and Nowozin, 2018, sections 2 and 3",
    quick={"steps": 20},
)
def dirac_gan(
    objectives: tuple[Objective, ...] = (Minimax(), NonSaturating(), Wasserstein()),
    rule: Literal["simultaneous", "alternating", "extragradient", "optimistic"] = "simultaneous",
    rate: float = 0.1,
    steps: int = 400,
    gamma: float = 0.5,
    noise: float = 0.7,
    target: float = 0.3,
    clip: float = 0.3,
) -> Shown:
    """Where the game goes under each objective and remedy, and the eigenvalue that decides, beside its closed form.

    Args:
        objectives: On the scores of the critic.
        rule: How the players step.
        rate: The length of a step.
        steps: How many.
        gamma: The weight of penalties and of consensus.
        noise: The deviation of instance noise.
        target: The slope that the gradient penalty asks for.
        clip: The bound on the critic's weight.

    Raises:
        ValueError: if there is no objective, or a number is not positive.
    """
    if not objectives:
        raise ValueError("Which objectives? At least one must be given.")
    cures = remedies(gamma, noise, target, clip)
    games = {(each, name): DiracGAN(each, remedy) for each in objectives for name, remedy in cures.items()}
    paths = {}
    for key in watched(games, len(games), lambda _: 1, doing="following the players"):
        paths[key] = trajectory(games[key].velocity, RULES[rule], _START, rate, steps, games[key].allowed)
    rows = [_row(key, games[key], path, RULES[rule], rate) for key, path in paths.items()]
    return Shown(rows, _picture(objectives, cures, paths, rate), found=_found(rows, steps))


_Key = tuple[Objective, str]


def _row(key: _Key, game: DiracGAN, path: Tensor, rule: Rule, rate: float) -> dict[str, str | float]:
    found, exact = complex(eigenvalues(jacobian(game.velocity, _CENTRE))[0]), game.exact()[0]
    return {
        "objective": word(type(key[0]).__name__),
        "remedy": key[1],
        "real": _clean(found.real),
        "exact real": _clean(exact.real),
        "imaginary": _clean(found.imag),
        "exact imaginary": _clean(exact.imag),
        "radius of a step": leading(update(game.velocity, rule, _CENTRE, rate)),
        "distance": float(path[-1].norm()),
    }


def _clean(number: float) -> float:
    """Without the last digits, where rounding makes zeros into something else."""
    return round(number, 12) + 0.0


def _found(rows: Sequence[Mapping[str, str | float]], steps: int) -> str:
    """Which remedies bring which objectives to the equilibrium."""
    near: dict[str, list[str]] = {}
    for row in rows:
        brought = near.setdefault(str(row["remedy"]), [])
        brought += [str(row["objective"])] if float(row["distance"]) < _NEAR else []
    count = len(rows) // len(near)
    whole = [name for name, brought in near.items() if len(brought) == count]
    some = [f"{name} only {' and '.join(brought)}" for name, brought in near.items() if 0 < len(brought) < count]
    said = f"After {steps} steps {', '.join(whole) or 'no remedy'} had brought every objective within {_NEAR:g}"
    return "; ".join([said, *some]) + "."


def _picture(
    objectives: Sequence[Objective], cures: Mapping[str, Remedy], paths: Mapping[_Key, Tensor], rate: float
) -> Figure:
    names = [word(type(each).__name__) for each in objectives]
    figure, every = panels([*cures, f"Distance to (0, 0): {names[0]}"], columns=4, wide=3.4, high=3.3)
    for (name, remedy), axes in zip(cures.items(), every, strict=False):
        _arrows(axes, DiracGAN(objectives[0], remedy))
        for each, label, colour in zip(objectives, names, COLOURS, strict=False):
            axes.plot(*paths[each, name].mT, color=colour, linewidth=1, label=label)
        axes.plot(*_START, "o", color=INK, markersize=4)
        if math.isfinite(remedy.clip):
            axes.hlines([-remedy.clip, remedy.clip], -_SIDE, _SIDE, color=INK, linestyle=":", linewidth=1)
    every[0].set_title(f"none (arrows: {names[0]})", loc="left", fontsize=11, color=INK)
    legend(every[1], loc="upper left")
    for axes in every[:-1:4]:
        axes.set_ylabel("ψ, the critic's weight", color=INK)
    for axes in every[4:-1]:
        axes.set_xlabel("θ, the sample", color=INK)
    for name, colour in zip(cures, COLOURS, strict=False):
        path = paths[objectives[0], name]
        time = rate * torch.arange(len(path))
        every[-1].semilogy(time, path.norm(dim=-1), color=colour, label=name, linestyle="--" if name == "R2" else "-")
    every[-1].set_xlabel("steps × rate", color=INK)
    every[-1].set_ylim(1e-9, 30)
    legend(every[-1], loc="lower left")
    return figure


def _arrows(axes: Axes, game: DiracGAN) -> None:
    """Where the players move from, without a step's length."""
    line = torch.linspace(-_SIDE, _SIDE, 12, dtype=torch.float64) * 0.95
    points = torch.cartesian_prod(line, line)
    moves = game.velocity(points)
    moves = moves / moves.norm(dim=-1, keepdim=True).clamp_min(1e-9)
    axes.quiver(*points.mT, *moves.mT, color="#bbbbbb", angles="xy", width=0.006, scale=18)
    axes.set_xlim(-_SIDE, _SIDE)
    axes.set_ylim(-_SIDE, _SIDE)
    axes.set_aspect("equal")
