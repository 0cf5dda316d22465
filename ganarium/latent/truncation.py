r"""Truncation: fewer kinds of samples, each more typical.

Latents are drawn toward the mean latent, :math:`z' = \bar z + \psi (z - \bar z)`. At :math:`\psi = 1` nothing changes,
at 0 all samples are one.

Reference:
    Brock, Donahue, Simonyan: Large Scale GAN Training for High Fidelity Natural Image Synthesis, ICLR 2019, arXiv
    1809.11096; the shrinking form, Karras, Laine, Aila: A Style-Based Generator Architecture for Generative Adversarial
    Networks, CVPR 2019, arXiv 1812.04948, appendix B.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from ganarium.game import Decodes, Game
from ganarium.latent.decoding import Walk, decode, settled
from ganarium.randomness import mix, seeded

__all__ = ["spread", "truncate"]


def truncate(
    game: Decodes,
    z: Tensor,
    psis: Sequence[float] = (1.0, 0.7, 0.5, 0.3),
    condition: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Walk:
    """A row for each psi: the same latents, drawn toward their law's mean.

    Args:
        game: The game.
        z: Latents of shape (T, Z).
        psis: What remains of their distance to the mean, from 1 to 0.
        condition: What samples are to have; the game chooses the rest, once for each latent.
        seed: What the game's choices follow from, and the estimate of a mean that no law says.

    Raises:
        ValueError: if a psi is not from 0 to 1.
    """
    if not psis or not all(0 <= psi <= 1 for psi in psis):
        raise ValueError(f"Truncation keeps a share psi from 0 to 1 of the distance to the mean; got {tuple(psis)}.")
    centre = torch.full_like(z[0], game.law.centre) if game.law is not None else _mean(game, seed)
    shares = torch.tensor(psis, dtype=z.dtype, device=z.device)[:, None, None]
    latents = centre + shares * (z - centre)
    rows = settled(game, len(z), condition or {}, seed)
    rows = {name: value.repeat(len(psis), *[1] * (value.ndim - 1)) for name, value in rows.items()}
    return Walk(latents, decode(game, latents.flatten(0, 1), rows).unflatten(0, latents.shape[:2]))


def spread(samples: Tensor) -> float:
    """The mean distance between two samples, over all pairs of (n, \\*shape).

    Example:
        >>> spread(torch.tensor([[0.0], [3.0]]))
        3.0
    """
    if len(samples) < 2:
        raise ValueError(f"Distances are between two samples or more; got {len(samples)}.")
    return float(torch.pdist(samples.flatten(1).double()).mean())


def _mean(game: Decodes, seed: int) -> Tensor:
    with seeded(cast(Game, game).device, mix(seed, 4096)):
        return game.latents(4096).mean(0)
