r"""Entropies of predicted classes, in nats, straight from logits.

With :math:`p_k(x) = \operatorname{softmax}_k l(x)` of K classes,

.. math::

    H[p(x)] = -\sum_k p_k(x) \log p_k(x), \qquad
    H[\mathbb E_x\, p(x)] = -\sum_k \bar p_k \log \bar p_k, \quad \bar p_k = \mathbb E_x\, p_k(x).

Both lie between 0 and :math:`\log K`, and their difference is the mutual information of data and class. Logarithms are
taken by log-softmax, so that classes that are out of the question leave neither infinities nor slopes that are not
numbers.

The *AM score* of samples is made of both: how differently they use the classes than data do, and how unsure each is,

.. math::

    \mathrm{AM} = \mathrm{KL}\bigl(\mathbb E_{x \sim p}\, p(x) \,\|\, \mathbb E_{x \sim q}\, p(x)\bigr)
        + \mathbb E_{x \sim q} H[p(x)],

lower for better samples, and by a classifier that none of the players is. Unlike the inception score, it does not ask
for even classes where the data have none (Zhou et al., 2018).
"""

from __future__ import annotations

import math

from torch import Tensor

__all__ = ["am_score", "class_entropy", "marginal_entropy"]


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


def am_score(real: Tensor, made: Tensor) -> Tensor:
    """The AM score, a number, for a classifier's logits of data (n, K) and of samples (m, K).

    Example:
        >>> import torch
        >>> sure = torch.tensor([[50.0, -50.0], [-50.0, 50.0]])
        >>> am_score(sure, sure).round(decimals=3), am_score(sure, torch.zeros(3, 2)).round(decimals=3)
        (tensor(0.), tensor(0.6930))
    """
    data, samples = (logits.log_softmax(1).logsumexp(0) - math.log(len(logits)) for logits in (real, made))
    return (data.exp() * (data - samples)).sum() + class_entropy(made).mean()
