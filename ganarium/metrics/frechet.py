r"""Frechet distance, kernel distance and inception-style score, as torchmetrics computes them, on any features.

.. math::

    \mathrm{FD} &= |\mu_r - \mu_g|^2 + \operatorname{tr}(\Sigma_r + \Sigma_g - 2 (\Sigma_r \Sigma_g)^{1/2}), \\
    \mathrm{KID} &= \widehat{\mathrm{MMD}}^2, \quad k(x, y) = \bigl(x^\top y / d + 1\bigr)^3, \\
    \mathrm{IS} &= \exp \mathbb E_x \mathrm{KL}\bigl(p(y \mid x) \,\|\, p(y)\bigr).

Of :math:`n` samples of the same law in :math:`d` dimensions the Frechet distance is about
:math:`d(d + 1)/2n + 2d/n` and not zero, which is why every number stands beside that of real data at the same counts.

References:
    Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter: GANs Trained by a Two Time-Scale Update Rule, NIPS 2017.
    Binkowski, Sutherland, Arbel, Gretton: Demystifying MMD GANs, ICLR 2018.
    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen: Improved Techniques for Training GANs, NIPS 2016.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganarium.metrics.looks import Moments
from ganarium.randomness import mix, seeded

__all__ = ["class_score", "frechet", "frechet_error", "kernel_distance"]

_CPU = torch.device("cpu")
_SUBSETS, _SUBSET = 100, 1000
_SPLITS = 10


class _AsTheyAre(nn.Module):
    """Features that were taken before."""

    def __init__(self, size: int):
        super().__init__()
        self.num_features = size

    def forward(self, x: Tensor) -> Tensor:
        return x


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def frechet(real: Moments, made: Moments) -> float:
    """The Frechet distance of the Gaussians with these moments.

    Raises:
        ValueError: if there are fewer samples than a covariance needs.
    """
    size = len(real.sum)
    if min(real.n, made.n) <= size:
        raise ValueError(
            f"A covariance of {size} features needs more than {size} samples; got {real.n} real and {made.n} "
            "generated ones. Take more (count, or evaluate_count of a training), or features that are fewer."
        )
    with _quiet():
        # The library's own class keeps such sums too, but takes no weighted rows, which the bootstrap needs.
        from torchmetrics.image.fid import _compute_fid

        return max(float(_compute_fid(real.mean, real.covariance, made.mean, made.covariance)), 0.0)


def frechet_error(real: Moments, made: Tensor, resamples: int, seed: int) -> float | None:
    """The standard error of :func:`frechet` when the samples' features are drawn anew from themselves."""
    size = made.shape[1]
    resamples = resamples if size <= 128 else resamples // 5 if size <= 512 else 0
    if resamples < 2:
        return None
    generator, values = torch.Generator().manual_seed(mix(seed, 17)), []
    for _ in range(resamples):
        chosen = torch.randint(len(made), (len(made),), generator=generator)
        moments = Moments(size)
        moments.add(made, torch.bincount(chosen, minlength=len(made)).double())
        values.append(frechet(real, moments))
    return float(torch.tensor(values).std())


def kernel_distance(real: Tensor, made: Tensor, seed: int) -> tuple[float, float]:
    """KID, which may be below zero, and its standard error.

    The mean over 100 pairs of subsets of at most 1,000, of half the samples where there are fewer than 2,000; the error
    is the subsets' standard deviation, scaled from their size to that of the whole.
    """
    n = min(len(real), len(made))
    subset = min(_SUBSET, max(n // 2, 2))
    with _quiet(), seeded(_CPU, mix(seed, 18)):
        from torchmetrics.image.kid import KernelInceptionDistance

        metric = KernelInceptionDistance(_AsTheyAre(real.shape[1]), subsets=_SUBSETS, subset_size=subset)
        metric.update(real, real=True)
        metric.update(made, real=False)
        mean, spread = metric.compute()
    return float(mean), float(spread) * math.sqrt(subset / n)


def class_score(logits: Tensor, seed: int) -> tuple[float, float]:
    """The inception-style score of class logits (n, K), a mean over ten splits, and its standard error."""
    with _quiet(), seeded(_CPU, mix(seed, 19)):
        from torchmetrics.image.inception import InceptionScore

        metric = InceptionScore(_AsTheyAre(logits.shape[1]), splits=_SPLITS)
        metric.update(logits)
        mean, spread = metric.compute()
    return float(mean), float(spread) / math.sqrt(_SPLITS)
