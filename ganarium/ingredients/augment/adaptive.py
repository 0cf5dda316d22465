r"""Augmentation as strong as the discriminator overfits.

Each transform of a policy is applied to each sample with probability :math:`p`. As long as :math:`p` is below about
0.8, the generator cannot win by making augmented samples: only for the true law do all transformed laws match. How
much is needed depends on the data, so :math:`p` is controlled. A discriminator that has learned its data by heart is
sure of all of them, and

.. math::

    r_t = \mathbb E_x \operatorname{sign} F(T_p(x))

goes to one. Where it exceeds a target, :math:`p` rises, and else it falls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganarium.ingredients.augment.colour import Brightness, Contrast, Hue, LumaFlip, Saturation
from ganarium.ingredients.augment.geometry import Flip, QuarterTurn, Shift, Stretch, Translation, Zoom
from ganarium.ingredients.augment.transform import Augmentation, Augmented, check_all

__all__ = ["Adaptive", "Controlled"]

_GEOMETRY = (Flip(), QuarterTurn(), Translation(), Zoom(), Stretch(), Shift())
_COLOUR = (Brightness(), Contrast(), LumaFlip(), Hue(), Saturation())


@dataclass(frozen=True)
class Adaptive(Augmentation):
    r"""Adaptive discriminator augmentation, ADA (Karras et al., 2020, arXiv 2006.06676).

    After every few moves of the discriminator, with :math:`n` samples seen in them,

    .. math::

        p \leftarrow p + \operatorname{sign}(r_t - \text{target})\, \frac{n}{\text{speed}}, \qquad 0 \le p \le 1.

    The default policy is the paper's *bgc*, for natural images. Flips, turns and brightness that change what a sample
    *is* (a 6 into a 9) leak where :math:`p` gets large: leave them out there.

    Args:
        policy: The transforms, in order.
        target: What :math:`r_t` is held near.
        speed: Samples after which :math:`p` has gone from 0 to 1. Runs much shorter than the paper's millions of
            samples need a smaller number.
        moves: The discriminator's moves between two changes of :math:`p`.
        start: The first :math:`p`.

    Deviations from the paper:
        1. There are no rotations but by quarter turns, which have a second gradient without resampling on a grid.
        2. :math:`p` stays at most 1; the authors' code does not stop it, which changes nothing until it is to fall.
        3. Brightness, contrast and saturation have DiffAugment's uniform laws; zooms are interpolated one by one,
           without the paper's wavelet filters.

    Example:
        >>> Adaptive(start=1.0)(torch.ones(2, 3, 16, 16)).shape
        torch.Size([2, 3, 16, 16])
    """

    policy: tuple[Augmentation, ...] = (*_GEOMETRY, *_COLOUR)
    target: float = 0.6
    speed: float = 500_000
    moves: int = 4
    start: float = 0.0

    def __post_init__(self) -> None:
        if not -1 <= self.target <= 1:
            raise ValueError(f"Adaptive's target is a mean of signs, in [-1, 1]; got target={self.target}.")
        if not self.speed > 0 or self.moves < 1:
            raise ValueError(f"Adaptive needs speed > 0 and moves >= 1; got {self.speed} and {self.moves}.")
        if not 0 <= self.start <= 1:
            raise ValueError(f"Adaptive's start is a probability; got start={self.start}.")

    def check(self, shape: Sequence[int]) -> None:
        check_all(self.policy, shape)

    def transform(self, x: Tensor) -> Tensor:
        """``x`` transformed at the first probability."""
        return self.apply(x, torch.full((), self.start, device=x.device))

    def apply(self, x: Tensor, p: Tensor) -> Tensor:
        """``x``, each sample by each transform with probability ``p``."""
        for augmentation in self.policy:
            drawn = torch.rand(len(x), *[1] * (x.ndim - 1), device=x.device) < p
            x = torch.where(drawn, augmentation(x), x)
        return x

    def of(self, shape: Sequence[int]) -> Controlled:
        self.check(shape)
        return Controlled(self)


class Controlled(Augmented):
    """Applies transforms with a probability :attr:`p` that it moves itself.

    Args:
        augment: The transforms, and how the probability moves.
    """

    p: Tensor
    shown: Tensor
    signs: Tensor
    samples: Tensor
    count: Tensor

    def __init__(self, augment: Adaptive):
        super().__init__()
        self.adaptive = augment
        self.register_buffer("p", torch.tensor(float(augment.start)))
        # Data in the loss of this move; then over the moves since p changed: the sum of signs, data, and moves.
        for name in ("shown", "signs", "samples", "count"):
            self.register_buffer(name, torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.adaptive.apply(x, self.p)

    def watch(self, margin: Tensor) -> dict[str, Tensor]:
        # A batch may come in parts, each with a loss of its own.
        self.shown += len(margin)
        return {"sign": margin.detach().sign().mean(), "augmentation": self.p.clone()}

    @property
    def controller(self) -> Callable[[Mapping[str, Tensor]], None]:
        return self.move

    @torch.no_grad()
    def move(self, terms: Mapping[str, Tensor]) -> None:
        """Move :attr:`p`, if it is time, given the terms of a move averaged over processes."""
        shown = self.shown * processes()
        self.samples += shown
        self.signs += terms["sign"] * shown
        self.count += 1
        due = (self.count >= self.adaptive.moves).to(self.p)
        way = (self.signs - self.adaptive.target * self.samples).sign()
        self.p.add_(due * way * self.samples / self.adaptive.speed).clamp_(0, 1)
        for total in (self.signs, self.samples, self.count):
            total.mul_(1 - due)
        self.shown.zero_()

    def extra_repr(self) -> str:
        return str(self.adaptive)


def processes() -> int:
    """How many processes share each batch."""
    known = torch.distributed.is_available() and torch.distributed.is_initialized()
    return torch.distributed.get_world_size() if known else 1
