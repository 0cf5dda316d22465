r"""Sums of latents: smiling woman - woman + man.

What samples share is in the mean of their latents, and what one of them has by chance averages out. So take three or
more exemplars of each concept,

.. math::

    z = \bar z_{\text{with}} - \bar z_{\text{without}} + \bar z_{\text{other}},

and decode the sum. Around it, latents with uniform noise show that it is no single lucky point.

Reference:
    Radford, Metz, Chintala: Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
    Networks, ICLR 2016, arXiv 1511.06434, section 6.3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from ganarium.game import Decodes, Game
from ganarium.latent.decoding import decode, inside, repeated, settled
from ganarium.randomness import mix, seeded

__all__ = ["Sums", "arithmetic"]


@dataclass(frozen=True)
class Sums:
    """What came of a sum of latents.

    Args:
        means: The mean latents of "with", "without" and "other", of shape (3, Z).
        means_samples: Their samples, of shape (3, \\*shape).
        latents: The sum in the middle of its neighbours, of shape (9, Z).
        samples: Their samples, of shape (9, \\*shape).
        length: The norm of the sum before it was brought back to where the prior draws.
    """

    means: Tensor
    means_samples: Tensor
    latents: Tensor
    samples: Tensor
    length: float


def arithmetic(
    game: Decodes,
    plus: Tensor,
    minus: Tensor,
    other: Tensor,
    noise: float = 0.25,
    condition: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Sums:
    """``plus - minus + other``, each the mean of its exemplars, with eight neighbours.

    A sum beyond where the prior draws is brought back there (:func:`~ganarium.latent.decoding.inside`).

    Args:
        game: The game.
        plus: Latents of exemplars with a trait, of shape (n, Z); three or more, for single ones are unstable.
        minus: Of exemplars without it; their number may be another.
        other: Of what is to have it.
        noise: Neighbours differ by a uniform draw from -noise to noise in each coordinate.
        condition: What all samples are to have; the game chooses the rest, once for all.
        seed: What neighbours and choices follow from.

    Raises:
        ValueError: if one of the three has no exemplars, or their latents differ in size, or the noise is below zero.
    """
    parts = [plus, minus, other]
    if any(part.ndim != 2 or not len(part) or part.shape[1] != plus.shape[1] for part in parts) or not noise >= 0:
        shapes = ", ".join(str(tuple(part.shape)) for part in parts)
        raise ValueError(
            f"A sum takes one or more latents (n, Z) of each kind, and noise of 0 or more; got {shapes}, {noise}."
        )
    means = torch.stack([part.mean(0) for part in parts])
    total = means[0] - means[1] + means[2]
    with seeded(cast(Game, game).device, mix(seed, 9)):
        shaken = (2 * torch.rand_like(total.expand(9, -1)) - 1) * noise
    shaken[4] = 0
    latents = inside(game.law, total + shaken)
    rows = settled(game, 1, condition or {}, seed)
    samples = decode(game, torch.cat([means, latents]), repeated(rows, 12))
    return Sums(means, samples[:3], latents, samples[3:], float(total.norm()))
