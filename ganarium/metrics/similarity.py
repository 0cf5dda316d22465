r"""How alike the images of random pairs are: structural similarity, high where a generator repeats itself.

Multi-scale structural similarity weighs five scales by (0.0448, 0.2856, 0.3001, 0.2363, 0.1333), which takes images of
176 pixels or more. Smaller ones are judged on as many scales as a window of 7 pixels fits into, with those weights made
to sum to one; on one scale it is plain structural similarity. Neither high nor low is good: the aim is that of data.

References:
    Wang, Simoncelli, Bovik: Multiscale Structural Similarity for Image Quality Assessment, 2003.
    Odena, Olah, Shlens: Conditional Image Synthesis with Auxiliary Classifier GANs, ICML 2017.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["pairs", "scales", "similarity"]

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW = 7


def scales(side: int) -> int:
    """On how many scales images are compared whose smaller side is so many pixels.

    Example:
        >>> [scales(side) for side in (8, 16, 32, 64, 128)]
        [1, 2, 3, 4, 5]
    """
    return max(1, min(len(_WEIGHTS), math.floor(math.log2((side - 1) / (_WINDOW - 1))) + 1))


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """The similarity of each pair of images (n, C, H, W) in [-1, 1], of shape (n,); 1 for equal ones.

    Raises:
        ValueError: if images are smaller than the window.
    """
    from torchmetrics.functional.image import (
        multiscale_structural_similarity_index_measure,
        structural_similarity_index_measure,
    )

    side = min(a.shape[2:])
    if side < _WINDOW:
        raise ValueError(f"Structural similarity takes images of {_WINDOW} pixels or more; got {side}.")
    one, other = ((x.clamp(-1, 1) + 1) / 2 for x in (a, b))
    options = {"gaussian_kernel": False, "kernel_size": _WINDOW, "reduction": "none", "data_range": 1.0}
    if (count := scales(side)) == 1:
        return structural_similarity_index_measure(one, other, **options)  # type: ignore[return-value]
    total = sum(_WEIGHTS[:count])
    betas = tuple(weight / total for weight in _WEIGHTS[:count])
    return multiscale_structural_similarity_index_measure(one, other, betas=betas, normalize="relu", **options)


def pairs(images: Tensor) -> Tensor:
    """The similarity of each image of even place with the one after it."""
    n = len(images) // 2 * 2
    return torch.cat([similarity(a, b) for a, b in zip(images[0:n:2].split(64), images[1:n:2].split(64), strict=True)])
