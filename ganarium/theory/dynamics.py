r"""The dynamics of games of two numbers: where the players' steps lead, and what the Jacobian says of it.

Two players hold one number each, a point :math:`w = (\theta, \psi)`. Each descends its own loss, so that the point
moves along

.. math::

    v(w) = \bigl(-\partial_\theta L_1(\theta, \psi),\ -\partial_\psi L_2(\theta, \psi)\bigr),

which is no gradient of anything: its Jacobian :math:`J` may have complex eigenvalues, and the point then turns around
the equilibrium. Followed without pause, it nears the equilibrium where all eigenvalues of :math:`J` have negative real
parts. In steps of length :math:`h` it does so where those of the update's own Jacobian lie inside the unit circle; of
simultaneous steps that is :math:`I + hJ`. An eigenvalue :math:`\pm i\omega` gives :math:`|1 \pm ih\omega| > 1` at any
:math:`h`, so a game that only turns drives simultaneous steps away.

.. math::

    \text{simultaneous} \quad & w' = w + h\, v(w) \\
    \text{alternating} \quad & \text{one player moves, and the other sees it} \\
    \text{extragradient} \quad & w' = w + h\, v\bigl(w + h\, v(w)\bigr) \\
    \text{optimistic} \quad & w' = w + 2h\, v(w) - h\, v(w_{\text{before}}) \\
    \text{consensus} \quad & w' = w + h\, \bigl(v(w) - \gamma\, \nabla \tfrac12 \lVert v(w) \rVert^2\bigr)

References:
    Mescheder, Nowozin and Geiger: The Numerics of GANs, NIPS 2017 (consensus; the eigenvalues of the update).
    Daskalakis, Ilyas, Syrgkanis and Zeng: Training GANs with Optimism, ICLR 2018.
    Gidel, Berard, Vignoud, Vincent and Lacoste-Julien: A Variational Inequality Perspective on GANs, ICLR 2019
    (extragradient, averaging).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

__all__ = [
    "RULES",
    "Alternating",
    "Consensus",
    "Extragradient",
    "Optimistic",
    "Rule",
    "Simultaneous",
    "Velocity",
    "agreeing",
    "descent",
    "eigenvalues",
    "jacobian",
    "leading",
    "trajectory",
    "update",
]

#: From points of shape (..., 2) to where each player's number moves, of the same shape.
Velocity = Callable[[Tensor], Tensor]
#: From points to the nearest points that are allowed.
Projection = Callable[[Tensor], Tensor]


def descent(losses: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Velocity:
    r"""The velocity at which each player descends its own loss.

    Args:
        losses: From :math:`\theta` and :math:`\psi`, each of shape (...), to the players' two losses, summed over all
            points.

    Example:
        >>> velocity = descent(lambda x, y: ((x * y).sum(), -(x * y).sum()))
        >>> velocity(torch.tensor([2.0, 3.0]))
        tensor([-3.,  2.])
    """

    def velocity(point: Tensor) -> Tensor:
        point, followed = _watched(point)
        with torch.enable_grad():
            players = point.unbind(-1)
            slopes = [
                torch.autograd.grad(loss, own, retain_graph=True, create_graph=followed, materialize_grads=True)[0]
                for loss, own in zip(losses(*players), players, strict=True)
            ]
        return -torch.stack(slopes, -1)

    return velocity


def agreeing(velocity: Velocity, gamma: float) -> Velocity:
    r"""The velocity of players who also descend :math:`\frac\gamma2 \lVert v \rVert^2`: consensus optimisation.

    Args:
        velocity: The game's.
        gamma: The weight of what both descend.
    """

    def both(point: Tensor) -> Tensor:
        point, followed = _watched(point)
        with torch.enable_grad():
            plain = velocity(point)
            (slope,) = torch.autograd.grad(plain.square().sum() / 2, point, create_graph=followed)
        return plain - gamma * slope if followed else plain.detach() - gamma * slope

    return both


def _watched(point: Tensor) -> tuple[Tensor, bool]:
    """The point with a gradient of its own, and whether someone differentiates what comes of it."""
    followed = torch.is_grad_enabled() and point.requires_grad
    return (point if followed else point.detach().requires_grad_()), followed


def _anywhere(point: Tensor) -> Tensor:
    return point


@dataclass(frozen=True)
class Rule(ABC):
    """How the players step. A rule is a map of states: the point, followed by the points that it remembers."""

    #: How many points a state holds.
    points: ClassVar[int] = 1

    @abstractmethod
    def step(self, velocity: Velocity, state: Tensor, rate: float, allowed: Projection = _anywhere) -> Tensor:
        """The next state.

        Args:
            velocity: The game's.
            state: Of shape (..., 2 * points).
            rate: The length h of a step.
            allowed: Moves a point to where it may be.
        """


@dataclass(frozen=True)
class Simultaneous(Rule):
    """Both players step at once."""

    def step(self, velocity: Velocity, state: Tensor, rate: float, allowed: Projection = _anywhere) -> Tensor:
        return allowed(state + rate * velocity(state))


@dataclass(frozen=True)
class Alternating(Rule):
    """One player steps, then the other, who sees that step.

    Args:
        first: Who begins, 0 or 1; a GAN's discriminator is 1.
    """

    first: int = 1

    def step(self, velocity: Velocity, state: Tensor, rate: float, allowed: Projection = _anywhere) -> Tensor:
        for player in (self.first, 1 - self.first):
            own = (torch.arange(2) == player).to(state)
            state = allowed(state + rate * own * velocity(state))
        return state


@dataclass(frozen=True)
class Extragradient(Rule):
    """Both step as the velocity says where a step at once would lead (Korpelevich, 1976)."""

    def step(self, velocity: Velocity, state: Tensor, rate: float, allowed: Projection = _anywhere) -> Tensor:
        ahead = allowed(state + rate * velocity(state))
        return allowed(state + rate * velocity(ahead))


@dataclass(frozen=True)
class Optimistic(Rule):
    """Both step as if the velocity changed once more as it just did (Popov, 1980; Daskalakis et al., 2018)."""

    points = 2

    def step(self, velocity: Velocity, state: Tensor, rate: float, allowed: Projection = _anywhere) -> Tensor:
        now, before = state[..., :2], state[..., 2:]
        following = allowed(now + rate * (2 * velocity(now) - velocity(before)))
        return torch.cat([following, now], -1)


@dataclass(frozen=True)
class Consensus(Rule):
    """Both step at once, and both also descend the squared length of the velocity (Mescheder et al., 2017).

    Args:
        gamma: The weight of what both descend.
    """

    gamma: float = 1.0

    def step(self, velocity: Velocity, state: Tensor, rate: float, allowed: Projection = _anywhere) -> Tensor:
        return allowed(state + rate * agreeing(velocity, self.gamma)(state))


#: The rules by their names.
RULES: dict[str, Rule] = {
    "simultaneous": Simultaneous(),
    "alternating": Alternating(),
    "extragradient": Extragradient(),
    "optimistic": Optimistic(),
    "consensus": Consensus(),
}


def trajectory(
    velocity: Velocity,
    rule: Rule,
    start: Tensor | Sequence[float],
    rate: float,
    steps: int,
    allowed: Projection = _anywhere,
) -> Tensor:
    """The points that the players pass, the start among them: of shape (steps + 1, ..., 2), in double precision.

    Args:
        velocity: The game's.
        rule: How they step.
        start: Of shape (..., 2).
        rate: The length h of a step.
        steps: How many.
        allowed: Moves a point to where it may be, after every move.

    Raises:
        ValueError: if the rate is not positive or there are no steps.

    Example:
        >>> turn = lambda w: torch.stack([-w[..., 1], w[..., 0]], -1)
        >>> trajectory(turn, Simultaneous(), [1.0, 0.0], 0.5, 2)
        tensor([[1.0000, 0.0000],
                [1.0000, 0.5000],
                [0.7500, 1.0000]], dtype=torch.float64)
    """
    if rate <= 0 or steps < 1:
        raise ValueError(f"A trajectory needs a positive rate and at least one step; got rate={rate}, steps={steps}.")
    state = torch.as_tensor(start, dtype=torch.float64)
    state = torch.cat([state] * rule.points, -1)
    passed = [state[..., :2]]
    for _ in range(steps):
        state = rule.step(velocity, state, rate, allowed)
        passed.append(state[..., :2])
    return torch.stack(passed)


def jacobian(field: Callable[[Tensor], Tensor], point: Tensor | Sequence[float]) -> Tensor:
    """The derivatives of a map at a point, of shape (n, n), in double precision.

    Args:
        field: From shape (n,) to shape (n,).
        point: Of shape (n,).
    """
    return torch.autograd.functional.jacobian(field, torch.as_tensor(point, dtype=torch.float64))  # type: ignore


def update(velocity: Velocity, rule: Rule, point: Tensor | Sequence[float], rate: float) -> Tensor:
    """The Jacobian of a step where nothing moves; of simultaneous steps it is I + hJ.

    Args:
        velocity: The game's.
        rule: How the players step.
        point: An equilibrium, of shape (2,).
        rate: The length h of a step.
    """
    state = torch.cat([torch.as_tensor(point, dtype=torch.float64)] * rule.points)
    return jacobian(lambda state: rule.step(velocity, state, rate), state)


def eigenvalues(matrix: Tensor) -> Tensor:
    """The eigenvalues of a matrix, complex, the one that decides first: the largest real part, then the imaginary one.

    Example:
        >>> eigenvalues(torch.diag(torch.tensor([-3.0, 2.0]))).tolist()
        [(2+0j), (-3+0j)]
    """
    found = sorted(torch.linalg.eigvals(matrix).tolist(), key=lambda value: (-round(value.real, 12), -value.imag))
    return torch.tensor(found, dtype=torch.complex128)


def leading(matrix: Tensor) -> float:
    """The largest modulus of a matrix's eigenvalues, its spectral radius: below one, a step of it draws nearer."""
    return float(torch.linalg.eigvals(matrix).abs().max())
