"""``ganarium explore RUN neighbours`` and ``invert``: samples beside the data that they are like."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ganarium import latent, pictures
from ganarium.cli.commands.base import verb
from ganarium.cli.commands.explore.explored import Explored, Part, Weights, opened
from ganarium.cli.commands.explore.pictures import picture

__all__ = ["invert", "neighbours"]

_WIDE = 12  # samples in a row of a picture, at most


@verb("explore neighbours")
def neighbours(
    run: str,
    count: int = 8,
    k: int = 5,
    split: Part | None = None,
    seed: int = 0,
    out: Path = Path("neighbours.png"),
    weights: Weights = "average",
    checkpoint: str = "latest",
    **condition: str | None,
) -> None:
    """Show samples beside what of the data is nearest to them in pixels.

    Args:
        run: The run's folder, or its name under ./runs.
        count: How many samples.
        k: How many neighbours of each.
        split: Among which part of the data; that on which the run was trained if left out.
        seed: Makes the samples a function of this number.
        out: Where to: x.png, or x.npz (arrays "samples", each before its neighbours, "distances" and "places").
        weights: The averaged networks, or those of the last round.
        checkpoint: Of which checkpoint: latest, best, or a round.
    """
    seen = opened(run, out, weights, checkpoint, condition)
    data, x = seen.data(split), seen.game.sample(count, seed=seed, **seen.condition).cpu()
    found = latent.neighbours(x, (batch["x"] for batch in data.sweep(1024)), k)
    # How near data are to each other says what is near: the first one is each of them itself.
    own = next(iter(data.sweep(min(256, len(data)))))["x"].cpu()
    among = latent.neighbours(own, (batch["x"] for batch in data.sweep(1024)), 2).distances[:, 1]
    together = torch.cat([x[:, None], found.samples], 1)
    shown = None
    if seen.field.kind == "points":
        pairs = torch.stack([x[:, None].expand_as(found.samples), found.samples], 2).flatten(0, 1)
        shown = lambda: _lines(seen, pairs)  # noqa: E731
    labels = [f"sample {number}" for number in range(count)]
    seen.write(labels, together, shown, distances=found.distances, places=found.places)
    print(
        f"{count} samples, each before its {k} nearest of {len(data):,}, in {out}: the nearest is at a median distance "
        f"of {found.distances[:, 0].median():.3g}; of {len(own)} of the data themselves, at {among.median():.3g}"
    )


@verb("explore invert")
def invert(
    run: str,
    images: tuple[str, ...] = (),
    split: Part = "test",
    count: int = 8,
    steps: int = 200,
    restarts: int = 3,
    draws: int = 64,
    optimizer: Literal["adam", "lbfgs"] = "adam",
    rate: float = 0.05,
    prior_weight: float = 0.0,
    seed: int = 0,
    out: Path = Path("invert.png"),
    weights: Weights = "average",
    checkpoint: str = "latest",
    **condition: str | None,
) -> None:
    """Search for the latents whose samples are nearest to data, or to images of your own.

    Args:
        run: The run's folder, or its name under ./runs.
        images: Files, folders or zip files of images; they are fitted to the run's size and channels.
        split: Which part of the run's data, if there are no images.
        count: How many of them, the first.
        steps: How many steps each search takes.
        restarts: How many searches each gets; the first begins at the game's encoder, if it has one.
        draws: From how many draws each of the others takes the best to begin at.
        optimizer: "adam", or "lbfgs", which needs fewer steps.
        rate: Adam's learning rate.
        prior_weight: The weight of minus the prior's log-density: keeps latents where samples are good.
        seed: Makes the search a function of this number.
        out: Where to: x.png, or x.npz (arrays "samples", each after what was wanted, "latents" and "errors").
        weights: The averaged networks, or those of the last round.
        checkpoint: Of which checkpoint: latest, best, or a round.
    """
    seen = opened(run, out, weights, checkpoint, condition)
    if count < 1:
        raise ValueError(f"At least one sample is inverted; got --count {count}.")
    if images:
        x, what = seen.images(images, count), "images"
    else:
        data = seen.data(split)
        x, what = next(iter(data.sweep(min(count, len(data)))))["x"].cpu(), f"of the {split} data{seen.seen(split)}"
    found = latent.invert(
        seen.game,
        x,
        steps=steps,
        optimizer=optimizer,
        rate=rate,
        restarts=restarts,
        draws=draws,
        prior_weight=prior_weight,
        condition=seen.condition,
        seed=seed,
    )
    pairs = torch.stack([x, found.reconstructions], 1)
    seen.write([], pairs, lambda: _inverted(seen, pairs), latents=found.latents, errors=found.errors)
    drawn = seen.game.sample(1000, seed=seed, **seen.condition).cpu()
    near = latent.neighbours(x, drawn.split(1000), 1).distances.square().mean() / seen.field.size
    print(
        f"{len(x)} {what} inverted in {out}: mean squared error {found.errors.mean():.3g}, at most "
        f"{found.errors.max():.3g}; of the nearest of 1,000 samples, {near:.3g}"
    )


def _lines(seen: Explored, pairs: Tensor) -> Any:
    """A line from one point to the other, for each pair."""
    return picture([""] * len(pairs), pairs, seen.field, seen.behind())


def _inverted(seen: Explored, pairs: Tensor) -> Any:
    """What was wanted above what was found; of points, a line from one to the other."""
    if seen.field.kind == "points":
        return _lines(seen, pairs)
    rows = []
    for part in pairs.split(_WIDE):
        rows += [("wanted", part[:, 0]), ("found", part[:, 1])]
    return pictures.draw_rows(rows, seen.field)
