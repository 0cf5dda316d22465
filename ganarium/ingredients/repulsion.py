r"""What the codes of a batch say of its variety.

Codes :math:`s_1 \dots s_N` that point the same way mean samples that are alike.

Reference:
    Zhao, Mathieu, LeCun: Energy-based Generative Adversarial Networks, ICLR 2017, section 2.4.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import normalize

__all__ = ["pulling_away"]


def pulling_away(codes: Tensor) -> Tensor:
    r"""The mean squared cosine between the codes of two different samples: 0 if all are orthogonal, 1 if all are alike.

    .. math:: \frac{1}{N (N - 1)} \sum_i \sum_{j \ne i} \left( \frac{s_i^\top s_j}
        {\lVert s_i \rVert \lVert s_j \rVert} \right)^2.

    Args:
        codes: Of shape (N, K); further axes are taken as one.

    Returns:
        A scalar in [0, 1].

    Raises:
        ValueError: if there are fewer than two codes.

    Example:
        >>> import torch
        >>> pulling_away(torch.eye(3)).item(), pulling_away(torch.ones(3, 4)).item()
        (0.0, 1.0)
    """
    if len(codes) < 2:
        raise ValueError(f"Codes are compared with others of their batch, so it has two or more; got {len(codes)}.")
    directions = normalize(codes.flatten(1), dim=1)
    squares = (directions @ directions.T).square()
    # Of the diagonal, each one is a sample's cosine with itself.
    return (squares.sum() - squares.diagonal().sum()) / (len(codes) * (len(codes) - 1))
