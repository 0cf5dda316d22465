r"""Entropies of predicted classes, in nats, straight from logits.

With :math:`p_k(x) = \operatorname{softmax}_k l(x)` of K classes,

.. math::

    H[p(x)] = -\sum_k p_k(x) \log p_k(x), \qquad
    H[\mathbb E_x\, p(x)] = -\sum_k \bar p_k \log \bar p_k, \quad \bar p_k = \mathbb E_x\, p_k(x).

Both lie between 0 and :math:`\log K`, and their difference is the mutual information of data and class. Logarithms are
taken by log-softmax, so that classes that are out of the question leave neither infinities nor slopes that are not
numbers.
"""

from __future__ import annotations

import math

from torch import Tensor

__all__ = ["class_entropy", "marginal_entropy"]


def class_entropy(logits: Tensor) -> Tensor:
    """How unsure each row is of its class, of shape (B,), for logits of shape (B, K).

    Example:
        >>> import torch
        >>> class_entropy(torch.tensor([[0.0, 0.0], [50.0, -50.0]])).round(decimals=3)
        tensor([0.6930, 0.0000])
    """
    logs = logits.log_softmax(1)
    return -(logs.exp() * logs).sum(1)


def marginal_entropy(logits: Tensor) -> Tensor:
    """How evenly the rows use the classes together, a number, for logits of shape (B, K).

    Few rows make it too small: log B bounds it where each row is sure.

    Example:
        >>> import torch
        >>> marginal_entropy(torch.tensor([[50.0, -50.0], [-50.0, 50.0]])).round(decimals=3)
        tensor(0.6930)
    """
    logs = logits.log_softmax(1).logsumexp(0) - math.log(len(logits))
    return -(logs.exp() * logs).sum()
