r"""The directions of the latent in which samples change most.

Near z the decoder is its Jacobian J, and a small step v changes the sample by :math:`\lVert J v \rVert`: latent space
with the metric :math:`J^\top J` that the decoder pulls back. Its mean over the prior,

.. math::

    M = \mathbb E_z\, J(z)^\top J(z),

has the directions of greatest change as its first eigenvectors; an eigenvalue's share of the trace is the share of all
change that its direction makes. Of a linear decoder they are its right singular vectors, with the squares of its
singular values.

Columns of J are differences, :math:`(G(z + h e_i) - G(z - h e_i)) / 2h`, which any decoder has.

Reference:
    Arvanitidis, Hansen, Hauberg: Latent Space Oddity: on the Curvature of Deep Generative Models, ICLR 2018, arXiv
    1710.11379; for GANs, Wang, Ponce: The Geometry of Deep Generative Image Models and its Applications, ICLR 2021,
    arXiv 2101.06006.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganarium.game import Decodes
from ganarium.latent.decoding import decode, repeated, settled
from ganarium.terminal.progress import watched

__all__ = ["Directions", "directions"]

_NUMBERS = 2**22  # of columns of Jacobians that are held at once


@dataclass(frozen=True)
class Directions:
    """Directions of the latent, that of the greatest change first.

    Args:
        vectors: Unit vectors of shape (k, Z), whose largest coordinate is positive.
        shares: The share of all change that each makes, of shape (k,).
        metric: The mean of the pulled-back metric, of shape (Z, Z), in double precision.
    """

    vectors: Tensor
    shares: Tensor
    metric: Tensor


def directions(
    game: Decodes,
    z: Tensor,
    k: int = 5,
    step: float = 0.01,
    condition: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Directions:
    """The first ``k`` eigenvectors of the decoder's mean metric.

    Args:
        game: The game.
        z: Latents over which the mean is taken, of shape (n, Z).
        k: How many directions.
        step: Half the distance over which differences are taken, h.
        condition: What samples are to have; the game chooses the rest, once for each latent.
        seed: What the game's choices follow from.

    Raises:
        ValueError: if k is not from 1 to Z, or the step is not above zero, or the decoder is constant.
    """
    if z.ndim != 2 or not 1 <= k <= z.shape[1] or not step > 0:
        raise ValueError(
            f"Latents (n, Z) have from 1 to Z directions, found by a step above 0; got {tuple(z.shape)}, k={k}, {step}."
        )
    rows = settled(game, len(z), condition or {}, seed)
    metric, places = torch.zeros(z.shape[1], z.shape[1], dtype=torch.float64), range(len(z))
    for place in watched(places, len(z), lambda _: 1, doing="directions"):
        one = {name: value[place : place + 1] for name, value in rows.items()}
        metric += pulled_back(game, z[place], one, step) / len(z)
    values, vectors = torch.linalg.eigh(metric)
    if not values.sum() > 0:
        raise ValueError("Samples do not change with the latent at all: there is no direction to find.")
    vectors = vectors.flip(1)[:, :k].T
    signs = vectors.gather(1, vectors.abs().argmax(1, keepdim=True)).sign()
    return Directions((vectors * signs).to(z), (values.flip(0)[:k] / values.sum()).float(), metric)


def pulled_back(game: Decodes, z: Tensor, row: Mapping[str, Tensor], step: float) -> Tensor:
    """J^T J at a latent of shape (Z,), in double precision on the CPU."""
    size = z.shape[0]
    steps = step * torch.eye(size, dtype=z.dtype, device=z.device)
    ends = torch.stack([z + steps, z - steps], 1).flatten(0, 1)
    samples = decode(game, ends, repeated(row, len(ends)), chunk=max(2, _NUMBERS // _width(game)))
    forward, backward = samples.flatten(1).double().unflatten(0, (size, 2)).unbind(1)
    columns = (forward - backward) / (2 * step)
    return columns @ columns.T


def _width(game: Any) -> int:
    return game.spec["x"].size
