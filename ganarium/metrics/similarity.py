r"""How alike the images of random pairs are: structural similarity, high where a generator repeats itself.

On each scale, with means, variances and covariance under a Gaussian window of 11 pixels (standard deviation 1.5) that
lies wholly within the images,

.. math::

    l = \frac{2 \mu_a \mu_b + C_1}{\mu_a^2 + \mu_b^2 + C_1}, \qquad
    c = \frac{2 \sigma_{ab} + C_2}{\sigma_a^2 + \sigma_b^2 + C_2}, \qquad C_1 = 0.01^2, \; C_2 = 0.03^2,

structural similarity is the mean of :math:`l c` over places and channels. Multi-scale structural similarity is the
product of the means of :math:`c` on five scales, each of half the sides of the one before, and of :math:`l c` on the
last, to the powers (0.0448, 0.2856, 0.3001, 0.2363, 0.1333), which takes images of 176 pixels or more. Smaller ones
are judged on as many scales as the window fits into, with those powers made to sum to one. Images of 7 to 10 pixels
have one scale, and a window of 7 or 9 pixels with a standard deviation that is smaller in proportion. Neither high nor
low is good: the aim is that of data.

The reference is scikit-image's ``structural_similarity`` with Gaussian weights and the windows' own covariance.
torchmetrics averages over windows that lie across the mirrored border too, and refuses some sides.

References:
    Wang, Bovik, Sheikh, Simoncelli: Image Quality Assessment: From Error Visibility to Structural Similarity, 2004.
    Wang, Simoncelli, Bovik: Multiscale Structural Similarity for Image Quality Assessment, 2003.
    Odena, Olah, Shlens: Conditional Image Synthesis with Auxiliary Classifier GANs, ICML 2017.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

__all__ = ["LEAST", "pairs", "scales", "similarity"]

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW, _SD = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2
#: The smallest side of images that are compared.
LEAST = 7


def scales(side: int) -> int:
    """On how many scales images are compared whose smaller side is so many pixels.

    Example:
        >>> [scales(side) for side in (8, 16, 32, 64, 128, 176)]
        [1, 1, 2, 3, 4, 5]
    """
    fit = [count for count in range(len(_WEIGHTS)) if side >> count >= _WINDOW]
    return max(1, len(fit))


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """The similarity of each pair of images (n, C, H, W) in [-1, 1], of shape (n,); 1 for equal ones.

    Raises:
        ValueError: if images are smaller than the window.
    """
    side = min(a.shape[2:])
    if side < LEAST:
        raise ValueError(f"Structural similarity takes images of {LEAST} pixels or more; got {side}.")
    one, other = ((x.double().clamp(-1, 1) + 1) / 2 for x in (a, b))
    if (count := scales(side)) == 1:
        return _terms(one, other)[0]
    found, total = torch.ones(len(one), dtype=torch.float64), sum(_WEIGHTS[:count])
    for scale, weight in enumerate(_WEIGHTS[:count]):
        if scale:
            one, other = avg_pool2d(one, 2), avg_pool2d(other, 2)
        whole, contrast = _terms(one, other)
        found = found * (whole if scale == count - 1 else contrast).clamp_min(0) ** (weight / total)
    return found


def _terms(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The means over places and channels of l c and of c, each of shape (n,)."""
    channels = a.shape[1]
    window = _window(min(a.shape[2:])).expand(channels, 1, -1, -1)

    def mean(x: Tensor) -> Tensor:
        return conv2d(x, window, groups=channels)

    at_a, at_b = mean(a), mean(b)
    squares, product = mean(a * a) + mean(b * b) - at_a**2 - at_b**2, mean(a * b) - at_a * at_b
    contrast = (2 * product + _C2) / (squares + _C2)
    light = (2 * at_a * at_b + _C1) / (at_a**2 + at_b**2 + _C1)
    return (light * contrast).mean((1, 2, 3)), contrast.mean((1, 2, 3))


def _window(side: int) -> Tensor:
    """The window, of as many pixels as fit, an odd number."""
    size = min(_WINDOW, side - (side + 1) % 2)
    at = torch.arange(size, dtype=torch.float64) - size // 2
    line = (-((at / (_SD * size / _WINDOW)) ** 2) / 2).exp()
    return torch.outer(line, line) / line.sum() ** 2


def pairs(images: Tensor) -> Tensor:
    """The similarity of each image of even place with the one after it."""
    n = len(images) // 2 * 2
    return torch.cat([similarity(a, b) for a, b in zip(images[0:n:2].split(64), images[1:n:2].split(64), strict=True)])
