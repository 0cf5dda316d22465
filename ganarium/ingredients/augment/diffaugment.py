"""Augmentations, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ganarium.ingredients.augment.colour import Brightness, Contrast, Saturation
from ganarium.ingredients.augment.geometry import Cutout, Translation
from ganarium.ingredients.augment.transform import Augmentation, check_all

__all__ = ["DiffAugment"]


@dataclass(frozen=True)
class DiffAugment(Augmentation):
    """Several augmentations, one after the other (Zhao et al., 2020).

    The paper's names for its policies: *color* is brightness, saturation and contrast. All of them is for little data
    (some hundred images); for CIFAR-10 it takes translation and cutout.

    Args:
        policy: The augmentations, in order.

    Example:
        >>> import torch
        >>> augment = DiffAugment((Translation(), Cutout()))
        >>> augment(torch.ones(2, 3, 16, 16)).shape
        torch.Size([2, 3, 16, 16])
    """

    policy: tuple[Augmentation, ...] = (Brightness(), Saturation(), Contrast(), Translation(), Cutout())

    def check(self, shape: Sequence[int]) -> None:
        check_all(self.policy, shape)

    def transform(self, x: Tensor) -> Tensor:
        for augmentation in self.policy:
            x = augmentation(x)
        return x
