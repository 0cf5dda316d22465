r"""Boosting for generative models: which weights of the data tell a new component what a mixture misses.

With a new component :math:`g` of weight :math:`\beta` a mixture q becomes :math:`(1 - \beta) q + \beta g`. This is
the data's law p for :math:`g = (p - (1 - \beta) q) / \beta`, which may be negative where q has too much. The nearest
law that is not is

.. math::

    g^* = \frac1\beta \bigl(\lambda^* p - (1 - \beta) q\bigr)_+ ,

with the :math:`\lambda^*` that makes it sum to one. As weights of the N data points it needs only the ratios
:math:`r_i = q(x_i) / p(x_i)`:

.. math::

    w_i = \frac{1}{N \beta} \bigl(\lambda^* - (1 - \beta) r_i\bigr)_+, \qquad
    \lambda^* = \frac1k \Bigl(N \beta + (1 - \beta) \sum_{i \le k} r_{(i)}\Bigr),

where :math:`r_{(1)} \le r_{(2)} \le \dots` and k counts the points that get any weight.

Reference:
    Tolstikhin, Gelly, Bousquet, Simon-Gabriel, Schoelkopf: AdaGAN: Boosting Generative Models, NIPS 2017,
    arXiv 1701.02386.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from ganarium.spec import Batch

__all__ = ["boosted_weights", "ratios", "reweighed"]


def reweighed(weights: Tensor, classifier: nn.Module, data: Iterable[Batch], beta: float) -> Tensor:
    """N times the weights of the data for the next component, (N,), in the place of those that it had before.

    Args:
        weights: The old ones, whose type and device the scores have.
        classifier: From data to raw scores (B,), higher for data than for samples of the mixture.
        data: Batches with ``index``, the places in the data, which together are all of it.
        beta: The next component's share of the mixture.
    """
    ratio = ratios(classifier, data, weights)
    return len(ratio) * boosted_weights(ratio, beta)


@torch.no_grad()
def ratios(classifier: nn.Module, data: Iterable[Batch], like: Tensor) -> Tensor:
    """The mixture's density over the data's at each datum, r = (1 - D) / D, of shape (N,), from exp(-20) to exp(20).

    Args:
        classifier: From data to raw scores (B,), higher for data than for samples of the mixture.
        data: Batches with ``index``, the places in the data, which together are all of it.
        like: A tensor of shape (N,), whose type and device the scores have.
    """
    score = torch.zeros_like(like)
    for batch in data:
        score[batch["index"]] = classifier(batch["x"])
    return score.double().clamp(-20, 20).neg().exp()


def boosted_weights(ratio: Tensor, beta: float) -> Tensor:
    r"""The weights of the data for the next component, of shape (N,), not negative, of sum one.

    Args:
        ratio: The mixture's density over the data's at each sample, of shape (N,).
        beta: The next component's share of the mixture, in (0, 1].

    Example:
        >>> boosted_weights(torch.tensor([0.0, 1.0, 3.0]), 0.5)
        tensor([0.6667, 0.3333, 0.0000])
    """
    old = (1 - beta) * ratio
    ordered = old.sort().values
    k = torch.arange(1, len(old) + 1, device=old.device)
    level = (len(old) * beta + ordered.cumsum(0)) / k
    # The points with weight are the first k whose own share lies below the level that they make together.
    weights = (level[(ordered < level).sum() - 1] - old).clamp(min=0)
    return weights / weights.sum()
