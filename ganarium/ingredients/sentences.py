r"""Sentences are rows of tokens: which of them count, and how near one sentence is to another.

0 fills up, 1 starts a sentence (for decoders only), 2 ends it. What comes after the end does not count.

Reference:
    Lin, Och: ORANGE: a Method for Evaluating Automatic Evaluation Metrics for Machine Translation, COLING 2004.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["END", "PAD", "START", "said", "sentence_bleu"]

PAD, START, END = 0, 1, 2


def said(tokens: Tensor) -> Tensor:
    """Which tokens count: those up to the first end, with it, or to the first filler, without; of the same shape.

    Example:
        >>> said(torch.tensor([[5, 6, 2, 7], [5, 0, 6, 2]])).int().tolist()
        [[1, 1, 1, 0], [1, 0, 0, 0]]
    """
    stops = ((tokens == END) | (tokens == PAD)).long()
    return (stops.cumsum(-1) == stops) & (tokens != PAD)


def sentence_bleu(candidate: Tensor, reference: Tensor, order: int = 4) -> Tensor:
    r"""Smoothed BLEU of sentences, from 0 to 1, without a loop over sentences (Lin and Och, 2004).

    With :math:`m_n` the n-grams of the candidate that occur in the reference, each at most as often as there, and
    :math:`h_n` all n-grams of the candidate, it is the brevity penalty :math:`\min(1, e^{1 - r / c})` times the
    geometric mean of :math:`m_1 / h_1` and :math:`(m_n + 1) / (h_n + 1)` for n from 2.

    Args:
        candidate: Tokens of shape (\*batch, T); the start and the end are no words.
        reference: Tokens whose shape fits beside it.
        order: The longest n-grams.

    Example:
        >>> sentence_bleu(torch.tensor([[5, 6, 7, 2], [5, 6, 2, 0]]), torch.tensor([5, 6, 7, 2]))
        tensor([1.0000, 0.6065])
    """
    c, r = (said(tokens) & (tokens != END) & (tokens != START) for tokens in (candidate, reference))
    own = (candidate[..., None] == candidate[..., None, :]) & c[..., None] & c[..., None, :]
    met = (candidate[..., None] == reference[..., None, :]) & c[..., None] & r[..., None, :]
    owns, mets = own, met
    logs = torch.zeros((), device=candidate.device)
    for n in range(order):
        if n:  # An n-gram is equal to another where its beginning is, and its last word.
            owns, mets = owns[..., :-1, :-1] & own[..., n:, n:], mets[..., :-1, :-1] & met[..., n:, n:]
        here, there = owns.sum(-1), mets.sum(-1)
        matched = (torch.minimum(here, there) / here.clamp(min=1)).sum(-1)
        smooth = float(n > 0)
        logs = logs + ((matched + smooth) / ((here > 0).sum(-1) + smooth).clamp(min=1)).log() / order
    brevity = (1 - r.sum(-1) / c.sum(-1).clamp(min=1)).clamp(max=0)
    return (logs + brevity).exp()
