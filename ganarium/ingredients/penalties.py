r"""What keeps a critic smooth: penalties on its gradient with respect to its input, and rules for its weights.

A penalty is a small frozen object. A game calls it with the critic, a batch of real data and one of samples, and adds
the scalar it returns to the critic's loss. Norms are taken for each sample over all its numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from ganarium.ingredients.schedules import Schedule, at

__all__ = [
    "AroundData",
    "Critic",
    "GradientPenalty",
    "OnePass",
    "Penalised",
    "Penalty",
    "R1",
    "R2",
    "clip_weights",
    "clipping",
    "input_gradient",
]

Critic = Callable[[Tensor], Tensor]


def input_gradient(critic: Critic, x: Tensor) -> Tensor:
    r"""The gradient of each sample's score with respect to that sample, of the shape of ``x``.

    The result can be differentiated again with respect to the critic's parameters. Scores of one sample must not
    depend on the other samples: batch norm has no place in such a critic.

    Example:
        >>> input_gradient(lambda x: 3 * x[:, 0], torch.zeros(2, 2))
        tensor([[3., 0.],
                [3., 0.]])
    """
    if isinstance(critic, OnePass):
        return critic.gradient(x)
    if torch.compiler.is_compiling():
        return torch.func.grad(lambda points: critic(points).sum())(x.detach())
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        score = critic(x).sum()
        (gradient,) = torch.autograd.grad(score, x, create_graph=True)
    return gradient


class OnePass:
    """A critic that judges some batches once: their scores, and the slopes that penalties ask for, share one pass.

    Args:
        critic: From samples to raw scores; each sample's score depends on that sample alone.
        batches: What it judges, of one size.

    Example:
        >>> x, y = torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)
        >>> critic = OnePass(lambda points: points.square().sum(1), x, y)
        >>> critic(x).item(), input_gradient(critic, x)
        (25.0, tensor([[6., 8.]], grad_fn=<SplitBackward0>))
    """

    def __init__(self, critic: Critic, *batches: Tensor):
        self.critic = critic
        # Where gradients are not recorded (a player rests) or losses are compiled, there is nothing to share.
        self.batches = batches if torch.is_grad_enabled() and not torch.compiler.is_compiling() else ()
        if self.batches:
            self._leaf = torch.cat(batches).detach().requires_grad_()
            self._scores = critic(self._leaf)

    def __call__(self, x: Tensor) -> Tensor:
        place = self._place(x)
        return self.critic(x) if place is None else self._scores.split(len(x))[place]

    def gradient(self, x: Tensor) -> Tensor:
        """The gradient of each sample's score with respect to that sample; see :func:`input_gradient`."""
        place = self._place(x)
        return input_gradient(self.critic, x) if place is None else self._gradient.split(len(x))[place]

    @cached_property
    def _gradient(self) -> Tensor:
        return torch.autograd.grad(self._scores.sum(), self._leaf, create_graph=True)[0]

    def _place(self, x: Tensor) -> int | None:
        return next((place for place, batch in enumerate(self.batches) if batch is x), None)

    @classmethod
    def of(cls, critic: Critic, penalties: Iterable[Penalty], real: Tensor, fake: Tensor | None) -> Critic:
        """A critic that judges once where these penalties take its slope; the critic itself, if they do so nowhere."""
        places = {penalty.where for penalty in penalties} - {""}
        batches = [batch for name, batch in (("real", real), ("fake", fake)) if name in places and batch is not None]
        return cls(critic, *batches) if batches else critic


def refuse_coupling(critic: nn.Module, who: str) -> None:
    """Raise if the critic couples the samples of a batch, which makes a gradient penalty meaningless.

    Batch norm does, and what says so of itself: ``couples_samples``, with the reason.
    """
    for name, module in critic.named_modules():
        norm = isinstance(module, nn.modules.batchnorm._BatchNorm)
        if why := "is batch norm" if norm else getattr(module, "couples_samples", ""):
            mend = "Use norm='layer' or none in the critic." if norm else "Choose another family, or no penalties."
            raise ValueError(
                f"{who} penalises the critic's gradient at each sample, but '{name}' {why}, which makes a sample's "
                f"score depend on the whole batch. {mend}"
            )


@dataclass(frozen=True)
class Penalty(ABC):
    """A scalar that is added to a critic's loss.

    Args:
        weight: The penalty's weight; a number, or a schedule over the stage.
        every: In which rounds it is taken: in every n-th, and there n times as heavily (Karras et al., 2020, call it
            lazy). It costs a further pass, but rarely.

    Raises:
        ValueError: if ``every`` is below one.
    """

    weight: float | Schedule = 10.0
    every: int = field(default=1, kw_only=True)
    #: Whose slope it takes at the very points that are scored, "real" or "fake"; empty: elsewhere.
    where: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"A penalty is taken every n-th round, with n at least 1; got every={self.every}.")

    @property
    def name(self) -> str:
        """What logs call the term."""
        return "penalty"

    @abstractmethod
    def value(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty before it is weighted."""

    def __call__(self, critic: Critic, real: Tensor, fake: Tensor, progress: Tensor) -> Tensor:
        """The weighted penalty, a scalar.

        Args:
            critic: From samples to raw scores.
            real: Data, of shape (B, \\*shape).
            fake: Samples, of the same shape.
            progress: The game's clock.
        """
        return self.every * at(self.weight, progress) * self.value(critic, real, fake)


@dataclass(frozen=True)
class GradientPenalty(Penalty):
    r"""The critic's slope on segments between data and samples is held near a target (Gulrajani et al., 2017).

    .. math::

        \lambda\, \mathbb E (\lVert \nabla F(\hat x) \rVert_2 - t)^2, \qquad
        \hat x = \epsilon x + (1 - \epsilon) G(z), \quad \epsilon \sim U[0, 1] \text{ for each sample}.

    Args:
        weight: :math:`\lambda`.
        target: The slope :math:`t`.
    """

    target: float = 1.0

    def value(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        epsilon = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device, dtype=real.dtype)
        slopes = input_gradient(critic, torch.lerp(fake, real, epsilon))
        return (norms(slopes) - self.target).square().mean()


@dataclass(frozen=True)
class R1(Penalty):
    r"""Half the squared slope at the data, :math:`\frac\gamma2 \mathbb E_p \lVert \nabla F \rVert^2`.

    Mescheder et al., 2018.

    Args:
        weight: :math:`\gamma`, with the factor one half of the paper.
    """

    where = "real"

    @property
    def name(self) -> str:
        return type(self).__name__.lower()

    def value(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return input_gradient(critic, real).flatten(1).square().sum(1).mean() / 2


@dataclass(frozen=True)
class R2(R1):
    r"""As :class:`R1`, at the samples instead of the data (Mescheder et al., 2018).

    Args:
        weight: :math:`\gamma`, with the factor one half of the paper.
    """

    where = "fake"

    def value(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return super().value(critic, fake, real)


@dataclass(frozen=True)
class AroundData(Penalty):
    r"""The critic's slope just beside the data is held near a target (Kodali et al., 2017; DRAGAN).

    .. math::

        \lambda\, \mathbb E (\lVert \nabla F(x + \delta) \rVert_2 - t)^2, \qquad
        \delta \sim \mathcal N(0, (c\, s)^2 I),

    with s the standard deviation of the batch, over all its numbers.

    Args:
        weight: :math:`\lambda`.
        target: The slope :math:`t`.
        spread: The noise's deviation over that of the data, :math:`c`.

    Raises:
        ValueError: if ``spread`` is not above zero.
    """

    target: float = 1.0
    spread: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.spread > 0:
            raise ValueError(f"DRAGAN's penalty looks beside the data: spread is above zero; got {self.spread}.")

    def value(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        near = real + self.spread * real.std(correction=0) * torch.randn_like(real)
        return (norms(input_gradient(critic, near)) - self.target).square().mean()


class Penalised:
    """What a critic is penalised for: in every round, and now and then.

    Args:
        penalties: The penalties; no two under one name.
        critic: The network, which may not couple the samples of a batch if there are any.
        who: The game, for messages.

    Raises:
        ValueError: if the critic couples samples, or two penalties have one name.
    """

    def __init__(self, penalties: Sequence[Penalty], critic: nn.Module, who: str):
        self.penalties = tuple(penalties)
        names = [penalty.name for penalty in penalties]
        if len(set(names)) < len(names):
            raise ValueError(f"{who} logs each penalty by its name; got {', '.join(names)}. Give each kind once.")
        if penalties:
            refuse_coupling(critic, who)

    def one_pass(self, critic: Critic, real: Tensor, fake: Tensor | None = None) -> Critic:
        """The critic, such that the penalties of every round take their slopes from the pass that scores.

        Args:
            critic: From samples to raw scores.
            real: Data that it will score.
            fake: Samples that it will score; None, where the game scores them otherwise.
        """
        return OnePass.of(critic, self._every(1), real, fake)

    def terms(self, critic: Critic, real: Tensor, fake: Tensor, progress: Tensor, every: int = 1) -> dict[str, Tensor]:
        """The penalties that are taken in every n-th round, by name; see :class:`Penalty`."""
        return {penalty.name: penalty(critic, real, fake, progress) for penalty in self._every(every)}

    def also(self, loss: Callable[..., dict[str, Tensor]]) -> dict[int, Callable[..., dict[str, Tensor]]]:
        """What joins a player's loss now and then (:class:`~ganarium.game.Player`).

        Args:
            loss: The game's: from a batch and ``every`` to what :meth:`terms` gives.
        """
        rare = sorted({penalty.every for penalty in self.penalties} - {1})
        return {every: partial(loss, every=every) for every in rare}

    def _every(self, every: int) -> list[Penalty]:
        return [penalty for penalty in self.penalties if penalty.every == every]


def norms(slopes: Tensor) -> Tensor:
    """The length of each sample's gradient, of shape (B,)."""
    # The root has no gradient at zero; 1e-12 keeps it finite.
    return (slopes.flatten(1).square().sum(1) + 1e-12).sqrt()


@torch.no_grad()
def clip_weights(parameters: Iterable[nn.Parameter], bound: float) -> None:
    """Move every weight into [-bound, bound] (WGAN)."""
    for parameter in parameters:
        parameter.clamp_(-bound, bound)


def clipping(network: nn.Module, bound: float) -> Callable[[object], None]:
    """What moves a network's weights into [-bound, bound] after each of a player's moves."""
    return lambda terms: clip_weights(network.parameters(), bound)
