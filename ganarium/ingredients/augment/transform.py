"""What an augmentation is, and the module that a game makes of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from ganarium.spec import Field

__all__ = ["Augmentation", "Augmented", "augmented", "check_all"]

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Augmentation(ABC):
    r"""A random transform that has a gradient with respect to what it transforms."""

    @abstractmethod
    def transform(self, x: Tensor) -> Tensor:
        r"""``x`` transformed; for :meth:`__call__`, which games use."""

    def check(self, shape: Sequence[int]) -> None:
        """Raise a ValueError unless samples of this shape, without the batch axis, can be transformed."""
        if len(shape) not in (3, 4):
            name, given = type(self).__name__, ", ".join(["B", *map(str, shape)])
            raise ValueError(f"{name} takes images (B, C, H, W) or volumes (B, C, D, H, W); got ({given}).")

    def __call__(self, x: Tensor) -> Tensor:
        r"""Each sample transformed with its own random numbers; the shape stays.

        Args:
            x: Images of shape (B, C, H, W) or volumes of shape (B, C, D, H, W).

        Raises:
            ValueError: if ``x`` has a shape that cannot be transformed.
        """
        self.check(x.shape[1:])
        return self.transform(x)

    def of(self, shape: Sequence[int]) -> Augmented:
        """The module that transforms samples of this shape.

        Raises:
            ValueError: if they cannot be transformed.
        """
        self.check(shape)
        return Augmented(self)


def check_all(policy: Sequence[Augmentation], shape: Sequence[int]) -> None:
    """Raise a ValueError unless samples of this shape can go through all of ``policy``."""
    for augmentation in policy:
        if type(augmentation).of is not Augmentation.of:
            name = type(augmentation).__name__
            raise ValueError(f"{name} has a state of its own and cannot be part of a policy; give it as augment=.")
        augmentation.check(shape)


class Augmented(nn.Module):
    """What the discriminator sees of samples, in either player's moves and never elsewhere.

    Args:
        augment: The transform; None leaves samples as they are.
    """

    def __init__(self, augment: Augmentation | None = None):
        super().__init__()
        self.augment = augment

    def forward(self, x: Tensor) -> Tensor:
        r"""``x``, of shape (B, \*shape), as the discriminator sees it."""
        return x if self.augment is None else self.augment(x)

    def watch(self, margin: Tensor) -> Terms:
        """Terms to watch in the discriminator's loss; none, if there is nothing to control.

        Args:
            margin: By how much the scores of data are on the side of data, of any shape (B, ...).
        """
        return {}

    @property
    def controller(self) -> Callable[[Mapping[str, Tensor]], None] | None:
        """For the discriminator's ``after``."""
        return None

    def extra_repr(self) -> str:
        return str(self.augment)


def augmented(augment: Augmentation | None, field: Field, who: str) -> Augmented:
    """The module for a game's option ``augment``.

    Args:
        augment: The option.
        field: What the discriminator judges.
        who: The game, for messages.

    Raises:
        ValueError: if what it judges cannot be transformed.
    """
    if augment is None:
        return Augmented()
    if field.kind not in ("image", "volume", "video"):
        raise ValueError(f"augment= transforms images or volumes; {who} was built for {field}. Leave augment out.")
    return augment.of(field.shape)
