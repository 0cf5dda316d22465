"""Inversion: the latents whose samples are nearest to given images, or anything else that a game makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor

from ganarium.game import Decodes, Encodes, Game, evaluating
from ganarium.latent.searching import Found, Method, search

__all__ = ["Inversion", "invert"]

Start = Literal["auto", "encoder", "prior"]


@dataclass(frozen=True)
class Inversion:
    """What was found for each of n samples.

    Args:
        latents: Of shape (n, Z).
        reconstructions: What they decode to, of shape (n, \\*shape), on the CPU.
        errors: The mean squared error over a sample's numbers, of shape (n,).
        found: What the search says: the losses that were descended, where they started, the best restarts.
    """

    latents: Tensor
    reconstructions: Tensor
    errors: Tensor
    found: Found


def invert(
    game: Decodes,
    x: Tensor,
    *,
    steps: int = 200,
    optimizer: Method = "adam",
    rate: float = 0.05,
    restarts: int = 3,
    draws: int = 64,
    start: Start = "auto",
    features: Callable[[Tensor], Tensor] | None = None,
    feature_weight: float = 1.0,
    within: bool = True,
    prior_weight: float = 0.0,
    condition: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Inversion:
    """Search for the latents whose samples are nearest to ``x``.

    The loss of a sample is its mean squared error, plus that of its features where those are given. Where the game
    infers latents, the first restart begins at what it infers (the hybrid of iGAN).

    Args:
        game: The game.
        x: What is to be made, of shape (n, \\*shape), as batches hold it.
        steps: How many steps each search takes.
        optimizer: "adam" or "lbfgs".
        rate: Adam's learning rate.
        restarts: How many searches each sample gets.
        draws: From how many draws each of them takes the best to begin at, unless it begins at the encoder's.
        start: Where the first begins: "encoder", "prior", or "auto": the encoder, where it infers latents.
        features: From samples (n, \\*shape) to n rows; the game's weights are left alone, others are yours to freeze.
        feature_weight: The weight of the mean squared error of features.
        within: Keep latents in the range of the prior, if it has one.
        prior_weight: The weight of minus the prior's log-density, in nats.
        condition: What samples are known to have; for the rest, each restart tries another.
        seed: What starts and choices follow from.

    Raises:
        ValueError: if ``x`` does not fit the game, or the game infers no latents to start at, or as :func:`search`.
    """
    body = cast(Game, game)
    shape = body.spec["x"].shape
    if x.shape[1:] != shape or not len(x) or not bool(x.isfinite().all()):
        raise ValueError(f"What is inverted has shape (n, {', '.join(map(str, shape))}), finite; got {tuple(x.shape)}.")
    x = x.to(device=body.device, dtype=body.progress.dtype)
    with torch.no_grad():
        wanted = None if features is None else features(x)

    def loss(samples: Tensor) -> Tensor:
        error = (samples - x).square().flatten(1).mean(1)
        if features is None or wanted is None:
            return error
        return error + feature_weight * (features(samples) - wanted).square().flatten(1).mean(1)

    first = encoded(game, x) if start != "prior" else None
    if start == "encoder" and first is None:
        raise ValueError(f"{type(game).__name__} infers no latents to start at. Start at draws: start='prior'.")
    found = search(
        game,
        loss,
        len(x) if first is None else first,
        steps=steps,
        optimizer=optimizer,
        rate=rate,
        restarts=restarts,
        draws=draws,
        within=within,
        prior_weight=prior_weight,
        condition=condition,
        seed=seed,
    )
    errors = (found.samples - x.cpu()).square().flatten(1).mean(1)
    return Inversion(found.latents, found.samples, errors, found)


@torch.no_grad()
def encoded(game: Decodes, x: Tensor) -> Tensor | None:
    """The latents that the game infers, of shape (n, Z); None if it infers none, or something else."""
    # What a game with conditions infers may be its conditions, as InfoGAN's codes are.
    if not isinstance(game, Encodes) or game.conditions:
        return None
    with evaluating(cast(Game, game)):
        return game.encode(x)
