r"""The latent whose sample does best: one engine for inversion, anomaly scores, edits and preferences.

For a loss of samples L, the search descends

.. math::

    L(G(z)) + \lambda_p\, E(z) + \lambda_a\, \tfrac1Z \lVert z - z_0 \rVert^2

in z alone: E is minus the prior's log-density and :math:`z_0` where the search began. All queries, and all restarts of
each, are one batch whose rows know nothing of each other; the best restart of each query is kept. A restart may begin
at the best of many draws, which costs no gradient. Where the prior has a
range, z is a squashed free code (a tanh), and so cannot leave it.

Reference:
    Zhu, Kraehenbuehl, Shechtman, Efros: Generative Visual Manipulation on the Natural Image Manifold, ECCV 2016, arXiv
    1609.03552; Schlegl et al.: Unsupervised Anomaly Detection with Generative Adversarial Networks to Guide Marker
    Discovery, IPMI 2017, arXiv 1703.05921.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor

from ganarium.game import Decodes, Game
from ganarium.latent.decoding import asked, decode, frozen
from ganarium.latent.lbfgs import lbfgs
from ganarium.randomness import mix, seeded
from ganarium.terminal.progress import watched

__all__ = ["Found", "Loss", "Method", "search"]

#: From samples of the queries, (n, *shape), to a number for each, (n,).
Loss = Callable[[Tensor], Tensor]
Method = Literal["adam", "lbfgs"]


@dataclass(frozen=True)
class Found:
    """What a search found for each of n queries.

    Args:
        latents: Of shape (n, Z).
        samples: Of shape (n, \\*shape), on the CPU.
        losses: What was descended, with the prior's and the anchor's part, of shape (n,).
        starts: The least of it over the restarts before the first step, of shape (n,).
        restarts: Which restart was best, of shape (n,).
        conditions: The conditions that the samples have, n rows each.
    """

    latents: Tensor
    samples: Tensor
    losses: Tensor
    starts: Tensor
    restarts: Tensor
    conditions: dict[str, Tensor]


def search(
    game: Decodes,
    loss: Loss,
    starts: Tensor | int,
    *,
    steps: int = 200,
    optimizer: Method = "adam",
    rate: float = 0.05,
    restarts: int = 1,
    draws: int = 1,
    within: bool = True,
    prior_weight: float = 0.0,
    anchor_weight: float = 0.0,
    condition: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Found:
    r"""Descend a loss of samples in their latents.

    The game is as it was afterwards: parameters, statistics, modes and the random state.

    Args:
        game: The game.
        loss: From samples (n, \*shape) to a number for each query (n,), which is not to depend on the others' samples;
            it is called once for each restart.
        starts: How many queries there are, n; or where their first restart begins, latents of shape (n, Z).
        steps: How many steps each row takes.
        optimizer: "adam"; or "lbfgs", which reads curvature and needs fewer steps on smooth losses.
        rate: Adam's learning rate; L-BFGS finds its own steps.
        restarts: How many searches each query gets; those that no start is given for begin at draws from the prior.
        draws: From how many draws each of them takes the best to begin at.
        within: Keep latents in the range of the prior, if it has one.
        prior_weight: The weight of minus the prior's log-density, in nats, which is constant for a uniform prior.
        anchor_weight: The weight of the mean squared distance to the start.
        condition: What samples are to have: one for all, or one for each query. The game chooses the rest, for each
            restart anew.
        seed: What starts and choices follow from.

    Raises:
        ValueError: if there are no queries, steps, or restarts; if starts or losses have another shape; if a loss is
            not finite.

    Example:
        >>> from ganarium import VAE
        >>> found = search(VAE.toy(), lambda x: x.square().sum(1), 3, steps=20)
        >>> bool((found.losses <= found.starts).all())
        True
    """
    if optimizer not in ("adam", "lbfgs"):
        raise ValueError(f"Latents are searched by adam or lbfgs; got optimizer={optimizer!r}.")
    if min(steps, restarts, draws) < 1 or not rate > 0:
        raise ValueError(
            f"A search has steps, restarts, draws and a rate above 0; got {steps}, {restarts}, {draws} and {rate}."
        )
    body = cast(Game, game)
    z, rows = _begun(game, loss, starts, restarts, draws, condition or {}, seed)
    bounds = game.law if within else None
    start = z.flatten(0, 1)
    codes = start if bounds is None else bounds.free(start)
    place: Callable[[Tensor], Tensor] = (lambda u: u) if bounds is None else bounds.within

    def objective(u: Tensor) -> tuple[Tensor, Tensor]:
        u = u.detach().requires_grad_()
        at = place(u)
        values = _losses(loss, game.decode(at, **rows), restarts)
        if prior_weight and game.law is not None:
            values = values + prior_weight * game.law.energy(at)
        if anchor_weight:
            values = values + anchor_weight * (at - start).square().mean(1)
        return values.detach(), torch.autograd.grad(values.sum(), u)[0]

    best = _Best(codes, objective)
    ticks = watched(range(steps), steps, lambda _: 1, doing="searching")
    with frozen(body), seeded(body.device, mix(seed, 0x73656172)), torch.enable_grad():
        best.refuse_what_is_not_finite(objective(codes)[0])
        descend = lbfgs if optimizer == "lbfgs" else _adam(rate)
        best(descend(best, codes, ticks))
    return _kept(game, place(best.codes), best, restarts, rows)


def _begun(
    game: Decodes, loss: Loss, starts: Tensor | int, restarts: int, draws: int, condition: Mapping[str, Any], seed: int
) -> tuple[Tensor, dict[str, Tensor]]:
    """Where all searches begin, of shape (R, n, Z), and their conditions, R n rows each."""
    n = starts if isinstance(starts, int) else len(starts)
    if n < 1 or (isinstance(starts, Tensor) and starts.ndim != 2):
        given = starts if isinstance(starts, int) else tuple(starts.shape)
        raise ValueError(f"A search has one query or more: their number, or latents (n, Z); got {given}.")
    given = asked(game, n, condition)
    # Each restart has its own draws, so that more of them begin where fewer do.
    drawn = [_drawn(game, loss, n, draws, given, mix(seed, restart)) for restart in range(restarts)]
    z = torch.stack([latents for latents, _ in drawn])
    if isinstance(starts, Tensor):
        if starts.shape != z.shape[1:]:
            raise ValueError(f"Starts have the shape {tuple(z.shape[1:])}; got {tuple(starts.shape)}.")
        z[0] = starts.to(z)
    return z, {name: torch.cat([row[name] for _, row in drawn]) for name in drawn[0][1]}


@torch.no_grad()
def _drawn(
    game: Decodes, loss: Loss, n: int, draws: int, given: Mapping[str, Tensor], seed: int
) -> tuple[Tensor, dict[str, Tensor]]:
    """The best of so many latents, with its conditions, for each query."""
    device = cast(Game, game).device
    best, found, least = torch.empty(0), {}, torch.full((n,), torch.inf, device=device)
    for number in range(draws):
        with seeded(device, mix(seed, number)):
            z, rows = game.latents(n), game.choose(n, **given)
        if draws == 1:
            return z, rows
        values = _losses(loss, decode(game, z, rows).to(z), 1)
        better = values < least
        least = torch.where(better, values, least)
        best = _row_by_row(better, z, best) if number else z
        found = {name: _row_by_row(better, new, found[name]) for name, new in rows.items()} if number else rows
    return best, found


def _row_by_row(better: Tensor, new: Tensor, old: Tensor) -> Tensor:
    return torch.where(better.view(-1, *[1] * (new.ndim - 1)), new, old)


def _losses(loss: Loss, samples: Tensor, restarts: int) -> Tensor:
    """The loss of every restart's samples, of shape (R n,)."""
    parts = [loss(part) for part in samples.chunk(restarts)]
    n = len(samples) // restarts
    if any(part.shape != (n,) for part in parts):
        raise ValueError(f"A loss gives one number for each of {n} queries; got shape {tuple(parts[0].shape)}.")
    return torch.cat(parts)


class _Best:
    """An objective that remembers where each row's loss was least."""

    def __init__(self, codes: Tensor, objective: Any):
        self.codes, self._objective = codes, objective
        self.values = torch.full_like(codes[:, 0], torch.inf)
        self.first = self.values

    def refuse_what_is_not_finite(self, values: Tensor) -> None:
        if not bool(values.isfinite().all()):
            raise ValueError(
                "The loss of a search is not finite where it starts. It is to be a number for each sample."
            )
        self.first = values

    def __call__(self, u: Tensor) -> tuple[Tensor, Tensor]:
        values, slope = self._objective(u)
        better = values < self.values
        self.values = torch.where(better, values, self.values)
        self.codes = torch.where(better[:, None], u.detach(), self.codes)
        return values, slope


def _adam(rate: float) -> Callable[..., Tensor]:
    """Adam, which works on each coordinate alone, and so on each row alone."""

    def descend(objective: Any, u: Tensor, steps: Any) -> Tensor:
        u = u.clone()
        optimizer = torch.optim.Adam([u], lr=rate, betas=(0.9, 0.99))
        for _ in steps:
            u.grad = objective(u)[1]
            optimizer.step()
        return u

    return descend


def _kept(game: Decodes, z: Tensor, best: _Best, restarts: int, rows: Mapping[str, Tensor]) -> Found:
    """The best restart of each query."""
    table = best.values.unflatten(0, (restarts, -1))
    losses, chosen = table.min(0)
    places = chosen * table.shape[1] + torch.arange(table.shape[1], device=chosen.device)
    rows = {name: value[places] for name, value in rows.items()}
    z = z.detach()[places]
    starts = best.first.unflatten(0, (restarts, -1)).amin(0)
    return Found(z, decode(game, z, rows), losses.cpu(), starts.cpu(), chosen.cpu(), rows)
