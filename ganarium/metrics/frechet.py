r"""Frechet distance, kernel distance and inception-style score, on any features, in double precision.

.. math::

    \mathrm{FD} &= |\mu_r - \mu_g|^2 + \operatorname{tr}(\Sigma_r + \Sigma_g - 2 (\Sigma_r \Sigma_g)^{1/2}), \\
    \mathrm{KID} &= \widehat{\mathrm{MMD}}^2, \quad k(x, y) = \bigl(x^\top y / d + 1\bigr)^3, \\
    \mathrm{IS} &= \exp \mathbb E_x \mathrm{KL}\bigl(p(y \mid x) \,\|\, p(y)\bigr).

Of :math:`n` and :math:`m` samples of the same normal law, whose covariance has the eigenvalues :math:`\lambda_i`, the
Frechet distance is not zero but about

.. math:: \Bigl(\frac1n + \frac1m\Bigr) \Bigl(\frac54 \sum_i \lambda_i
    + \frac12 \sum_{ij} \frac{\lambda_i \lambda_j}{\lambda_i + \lambda_j}\Bigr),

which is :math:`(d^2 + 5d) / 2n` for white features of variance 1 and :math:`n = m`: a reason for every number to stand
beside that of real data at the same counts.

References:
    Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter: GANs Trained by a Two Time-Scale Update Rule, NIPS 2017.
    Binkowski, Sutherland, Arbel, Gretton: Demystifying MMD GANs, ICLR 2018.
    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen: Improved Techniques for Training GANs, NIPS 2016.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganarium.metrics.errors import of_influence, pair_square, some
from ganarium.metrics.looks import KEPT, Moments
from ganarium.randomness import mix

__all__ = ["class_score", "frechet", "frechet_error", "kernel_distance", "standardised"]

_PAIRS = 300  # rows whose pairs a second influence is averaged over
_BLOCK = 1024
_CONSTANT = 1e-12  # of a mean: a spread below it is rounding


def frechet(real: Moments, made: Moments) -> float:
    """The Frechet distance of the Gaussians with these moments.

    Raises:
        ValueError: if there are fewer samples than a covariance needs.
    """
    size = len(real.mean)
    if min(real.n, made.n) <= size:
        raise ValueError(
            f"A covariance of {size} features needs more than {size} samples; got {real.n} real and {made.n} "
            "generated ones. Take more (count, or evaluate_count of a training), or features that are fewer."
        )
    _, roots, _ = _transport(real, made)
    traces = real.covariance.trace() + made.covariance.trace() - 2 * roots.sum()
    return max(float((real.mean - made.mean).square().sum() + traces), 0.0)


def frechet_error(real: Moments, made: Moments, features: Tensor, seed: int = 0) -> float:
    r"""The standard error of :func:`frechet`, from its influence functions at the samples' features (m, d).

    With :math:`\Sigma_r^{1/2} \Sigma_g \Sigma_r^{1/2} = U \Omega^2 U^\top` and
    :math:`y = \Omega^{-1/2} U^\top \Sigma_r^{1/2} (x - \mu_g)` these are

    .. math::

        \psi(x) &= |x - \mu_g|^2 - |y|^2 + 2 (\mu_g - \mu_r)^\top (x - \mu_g), \\
        \psi_2(x, x') &= 2 x^\top x' + \sum_{ij} y_i y_j y'_i y'_j / (\omega_i + \omega_j),

    both centred; the sum is an integral, for :math:`1/c = \int_0^\infty e^{-cs} ds`.
    """
    root, roots, turn = _transport(real, made)
    x = features.double() - made.mean
    bound = roots.clamp_min(float(roots.max()) * 1e-6 + 1e-300)
    y = x @ root @ turn / bound.sqrt()
    influence = x.square().sum(1) - y.square().sum(1) + 2 * x @ (made.mean - real.mean)
    places = some(torch.arange(len(x)), _PAIRS, seed)
    second = pair_square(2 * x[places] @ x[places].T + _products(y[places], bound))
    return of_influence(influence, second, made.n)


def _transport(real: Moments, made: Moments) -> tuple[Tensor, Tensor, Tensor]:
    """The root of the reference's covariance; the roots of what it makes of the samples', and their axes."""
    values, axes = torch.linalg.eigh(real.covariance)
    root = axes * values.clamp_min(0).sqrt() @ axes.T
    squares, turn = torch.linalg.eigh(root @ made.covariance @ root)
    return root, squares.clamp_min(0).sqrt(), turn


def _products(y: Tensor, roots: Tensor) -> Tensor:
    """The sums of y_i y_j y'_i y'_j / (w_i + w_j), for all pairs of rows."""
    low, high = -float(roots.max().log()) - 6, -float(roots.min().log()) + 1.5
    total = torch.zeros(len(y), len(y), dtype=torch.float64)
    for log in torch.arange(low, high, dtype=torch.float64):
        scaled = y * (-roots * log.exp() / 2).exp()
        total += (scaled @ scaled.T).square() * log.exp()
    return total


def kernel_distance(real: Tensor, made: Tensor, seed: int = 0) -> tuple[float, float]:
    r"""KID, which may be below zero, and its standard error: over all pairs of at most 10,000 rows of each.

    Of the samples it is a mean of :math:`h(x, x') = k(x, x') - a(x) - a(x')` over pairs, :math:`a(x)` being the mean
    of :math:`k(x, r)` over the reference, so that its variance follows from those of :math:`h` and of the means of its
    rows (Hoeffding).
    """
    real, made = (some(rows.double(), KEPT, seed) for rows in (real, made))
    n, m = len(made), len(real)
    across = torch.cat([_kernel(part, real).mean(1) for part in made.split(_BLOCK)])
    rows, squares = torch.empty(n, dtype=torch.float64), 0.0
    for place in torch.arange(n).split(_BLOCK):
        h = _kernel(made[place], made) - across[place, None] - across
        h[torch.arange(len(place)), place] = 0
        rows[place] = h.sum(1) / (n - 1)
        squares += float(h.square().sum())
    among = sum(float(_kernel(part, real).sum()) for part in real.split(_BLOCK)) - float(_own(real).sum())
    value = float(rows.mean()) + among / (m * (m - 1))
    return value, _of_pairs(rows, squares / (n * (n - 1)))


def standardised(moments: Moments, *rows: Tensor) -> list[Tensor]:
    """Rows with the mean 0 and the standard deviations 1 that samples of these moments get; a constant stays one."""
    spread = moments.covariance.diagonal().clamp_min(0).sqrt()
    # Where the reference has no spread there is no unit but the data's own.
    spread = torch.where(spread > _CONSTANT * (1 + moments.mean.abs()), spread, 1.0)
    return [(each.double() - moments.mean) / spread for each in rows]


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _own(rows: Tensor) -> Tensor:
    """The kernel of each row and itself."""
    return (rows.square().mean(1) + 1) ** 3


def _of_pairs(rows: Tensor, square: float) -> float:
    """The standard error of a mean over pairs, from the means of its rows (n,) and its mean square."""
    n = len(rows)
    spread, whole = float(rows.var()), max(square - float(rows.mean()) ** 2, 0.0)
    # What one row varies by itself, free of what only pairs do.
    first = max((spread * (n - 1) ** 2 - whole * (n - 2)) / max((n - 2) * (n - 4), 1), 0.0)
    return math.sqrt(4 * first / n + 2 * max(whole - 2 * first, 0.0) / (n * (n - 1)))


def class_score(logits: Tensor, seed: int = 0, splits: int = 1) -> tuple[float, float]:
    """The inception-style score of class logits (n, K), and its standard error.

    Args:
        logits: Of each sample.
        seed: Which samples a part has follows from it.
        splits: In how many random parts samples are scored; the score is their mean. Papers have ten, and no part can
            score above its size.
    """
    chosen = torch.randperm(len(logits), generator=torch.Generator().manual_seed(mix(seed, 19)))
    found = [_score(part.double().log_softmax(1)) for part in logits[chosen].tensor_split(min(splits, len(logits)))]
    scores, errors = torch.tensor(found, dtype=torch.float64).unbind(1)
    return float(scores.mean()), float(errors.square().mean().sqrt()) / math.sqrt(len(found))


def _score(logs: Tensor) -> tuple[float, float]:
    """The score of one part by its log-probabilities (n, K), and its standard error."""
    p = logs.exp()
    mean = p.mean(0)
    # 0 log 0 = 0: of a class that nobody may have nothing is left.
    sure = torch.where(p > 0, p * logs, 0.0).sum(1) - torch.special.xlogy(p, mean).sum(1)
    score = float(sure.mean().exp())
    few = p[:_PAIRS]
    second = pair_square((few / mean.clamp_min(1e-300)) @ few.T)
    return score, score * of_influence(sure, second, len(p)) if len(p) > 1 else 0.0
