"""``ganarium explore RUN`` and ``interpolate``, ``arithmetic``, ``traverse``, ``directions`` or ``truncate``: walks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganarium import latent, pictures
from ganarium.cli.commands.base import verb
from ganarium.cli.commands.explore.explored import Explored, Weights, numbers, opened
from ganarium.cli.commands.explore.pictures import paths
from ganarium.latent.walks import How, way_of

__all__ = ["arithmetic", "directions", "interpolate", "traverse", "truncate"]

_WIDE = 12  # samples in a row of a picture, at most


@verb("explore interpolate", called={"start": "from", "end": "to"})
def interpolate(
    run: str,
    pairs: int = 8,
    steps: int = 9,
    how: How = "auto",
    start: str = "",
    end: str = "",
    seed: int = 0,
    out: Path = Path("interpolate.png"),
    weights: Weights = "average",
    checkpoint: str = "latest",
    **condition: str | None,
) -> None:
    """Walk between samples, or between two images of your own.

    Args:
        run: The run's folder, or its name under ./runs.
        pairs: How many walks, between the samples 0 and N, 1 and N + 1, ... of the seed.
        steps: How many samples there are on each, the ends with them.
        how: On which way: "linear", "spherical", or "auto": spherical if the prior is normal.
        start: An image to begin at; the latent that makes it best is searched for.
        end: An image to end at.
        seed: Makes the walks a function of this number.
        out: Where to: x.png, or x.npz (arrays "samples" and "latents").
        weights: The averaged networks, or those of the last round.
        checkpoint: Of which checkpoint: latest, best, or a round.
    """
    seen = opened(run, out, weights, checkpoint, condition)
    if bool(start) != bool(end) or pairs < 1 or steps < 2:
        raise ValueError(
            "Walks lead between one pair of samples or more, or --from one image --to another, in 2 steps or more; "
            f"got {pairs} pairs, {steps} steps, --from '{start}' --to '{end}'."
        )
    made = ""
    if start:
        found = latent.invert(seen.game, seen.images([start, end], 2), condition=seen.condition, seed=seed)
        z, pairs, labels = found.latents, 1, [f"{Path(start).stem} to {Path(end).stem}"]
        chosen = found.found.conditions
        made = f"; the ends are made with mean squared errors of {found.errors[0]:.3g} and {found.errors[1]:.3g}"
    else:
        z, chosen = latent.draw(seen.game, 2 * pairs, seed=seed, **seen.condition)
        labels = [f"{number} to {number + pairs}" for number in range(pairs)]
    chosen = {name: rows[:pairs] for name, rows in chosen.items()}
    walk = latent.interpolate(seen.game, z[:pairs], z[pairs:], steps, how, chosen, seed)
    seen.write(labels, walk.samples, latents=walk.latents)
    jumps = walk.samples.flatten(2).diff(dim=1).norm(dim=2)
    ratio = (jumps.amax(1) / jumps.mean(1).clamp(min=1e-12)).max()
    way = "spherical" if way_of(seen.game, how) is latent.slerp else "linear"
    print(f"{pairs} {way} walks of {steps} samples in {out}: no step is longer than {ratio:.2g} mean steps{made}")


@verb("explore arithmetic", called={"plus": "with", "minus": "without"})
def arithmetic(
    run: str,
    plus: str = "",
    minus: str = "",
    other: str = "",
    noise: float = 0.25,
    count: int = 64,
    seed: int = 0,
    out: Path = Path("arithmetic.png"),
    weights: Weights = "average",
    checkpoint: str = "latest",
    **condition: str | None,
) -> None:
    """Add and subtract what samples have: with - without + other, each a mean over exemplars.

    Args:
        run: The run's folder, or its name under ./runs.
        plus: Numbers of samples of the seed, counted from 0 row by row in the picture of `ganarium sample`.
        minus: Numbers of samples without what those have.
        other: Numbers of samples that are to get it.
        noise: How far the sum's eight neighbours may be from it in each coordinate.
        count: How many samples that picture has.
        seed: Its seed.
        out: Where to: x.png, or x.npz (arrays "samples", "latents" and "means"; the sum is row 4).
        weights: The averaged networks, or those of the last round.
        checkpoint: Of which checkpoint: latest, best, or a round.
    """
    seen = opened(run, out, weights, checkpoint, condition)
    places = {"--with": plus, "--without": minus, "--other": other}
    chosen = {name: numbers(text, name) for name, text in places.items()}
    for name, rows in chosen.items():
        if not rows or not all(0 <= row < count for row in rows):
            raise ValueError(f"{name} takes numbers of samples from 0 to {count - 1}; got '{places[name]}'.")
    z, having = latent.draw(seen.game, count, seed=seed, **seen.condition)
    groups = [z[rows] for rows in chosen.values()]
    first = {name: rows[chosen["--other"][:1]] for name, rows in having.items()}
    sums = latent.arithmetic(seen.game, *groups, noise=noise, condition=first, seed=seed)

    def shown() -> Any:
        rows = []
        for place, (name, numbers_) in enumerate(chosen.items()):
            own = {key: value[numbers_] for key, value in having.items()}
            samples = torch.cat([latent.decode(seen.game, groups[place], own), sums.means_samples[place, None]])
            rows.append((f"{name[2:]}, mean", samples))
        if seen.field.kind == "points" and seen.field.size == 2:
            # What each path ends in is the mean, or the sum.
            rows.append(("sum", sums.samples[[0, 1, 2, 3, 5, 6, 7, 8, 4]]))
            return paths([label for label, _ in rows], [x for _, x in rows], seen.field, seen.behind())
        above, middle, below = sums.samples.split(3)
        return pictures.draw_rows([*rows, ("", above), ("sum", middle), ("", below)], seen.field)

    seen.write([], sums.samples, shown, latents=sums.latents, means=sums.means)
    print(
        f"{plus} - {minus} + {other} in {out}: the sum's norm is {sums.length:.3g}, "
        f"that of latents {z.norm(dim=1).mean():.3g}; {min(map(len, groups))} exemplars or more of each"
    )


@verb("explore traverse", called={"span": "range"})
def traverse(
    run: str,
    coordinates: str = "0,1,2,3,4",
    span: float = 3.0,
    over: str = "",
    steps: int = 9,
    rows: int = 6,
    seed: int = 0,
    out: Path = Path("traverse.png"),
    weights: Weights = "average",
    checkpoint: str = "latest",
    **condition: str | None,
) -> None:
    """Change one coordinate of a latent at a time; or, with --over, what samples are asked to have.

    Args:
        run: The run's folder, or its name under ./runs.
        coordinates: Which coordinates, counted from 0.
        span: How many standard deviations to both sides; a prior with a range is walked from end to end.
        over: Walk this condition instead, such as InfoGAN's category or code.
        steps: How many samples in a row.
        rows: How many latents are shown under every class of a condition.
        seed: Makes the walk a function of this number.
        out: Where to: x.png, or x.npz (arrays "samples" and "latents").
        weights: The averaged networks, or those of the last round.
        checkpoint: Of which checkpoint: latest, best, or a round.
    """
    seen = opened(run, out, weights, checkpoint, condition)
    called = {"label": "y"}.get(over, over)
    if called in seen.condition:
        raise ValueError(f"Samples walk over '{over}', which cannot also be asked for one value.")
    if rows < 1 or not span > 0:
        raise ValueError(f"A walk has a row or more, and a range above 0; got --rows {rows} --range {span}.")
    z, _ = latent.draw(seen.game, rows, seed=seed)
    if over:
        walk = latent.vary(seen.game, z, called, steps, seen.condition, seed)
        labels = [f"{over} {number}" if len(walk.samples) > 1 else over for number in range(len(walk.samples))]
        if seen.game.conditions[called].kind == "label":
            labels = [f"latent {number}" for number in range(rows)]
    else:
        which, ends = numbers(coordinates, "--coordinates"), latent.reach(seen.game.law, span)
        walk = latent.traverse(seen.game, z[:1], which, ends, steps, seen.condition, seed)
        labels = [f"z{number}" for number in which]
    seen.write(labels, walk.samples, latents=walk.latents)
    print(f"{len(labels)} rows of {walk.samples.shape[1]} samples in {out}: {_moved(seen, labels, walk.samples)}")


@verb("explore directions", called={"span": "range"})
def directions(
    run: str,
    k: int = 5,
    count: int = 64,
    span: float = 3.0,
    steps: int = 9,
    seed: int = 0,
    out: Path = Path("directions.png"),
    weights: Weights = "average",
    checkpoint: str = "latest",
    **condition: str | None,
) -> None:
    """Find the directions of the latent in which samples change most, and walk along them.

    Args:
        run: The run's folder, or its name under ./runs.
        k: How many directions.
        count: Over how many latents the change is averaged.
        span: How many standard deviations to walk to both sides; with a prior that has a range, half of that.
        steps: How many samples in a row.
        seed: Makes all of it a function of this number.
        out: Where to: x.png, or x.npz (arrays "samples", "latents", "vectors" and "shares").
        weights: The averaged networks, or those of the last round.
        checkpoint: Of which checkpoint: latest, best, or a round.
    """
    seen = opened(run, out, weights, checkpoint, condition)
    z, chosen = latent.draw(seen.game, count, seed=seed, **seen.condition)
    found = latent.directions(seen.game, z, k, condition=chosen, seed=seed)
    first = {name: rows[:1] for name, rows in chosen.items()}
    low, high = latent.reach(seen.game.law, span)
    walk = latent.along(seen.game, z[:1], found.vectors, (high - low) / 2, steps, first, seed)
    labels = [f"{share:.1%}" for share in found.shares.tolist()]
    seen.write(labels, walk.samples, latents=walk.latents, vectors=found.vectors, shares=found.shares)
    print(
        f"{k} of {z.shape[1]} directions in {out}: they make {found.shares.sum():.1%} of all change "
        f"({', '.join(labels)}); as many random ones would make {k / z.shape[1]:.1%}"
    )


@verb("explore truncate")
def truncate(
    run: str,
    psi: str = "1,0.7,0.5,0.3",
    count: int = 64,
    seed: int = 0,
    out: Path = Path("truncate.png"),
    weights: Weights = "average",
    checkpoint: str = "latest",
    **condition: str | None,
) -> None:
    """Draw latents toward their mean: fewer kinds of samples, each more typical.

    Args:
        run: The run's folder, or its name under ./runs.
        psi: What remains of the distance to the mean, from 1 to 0.
        count: How many samples; the first of them are drawn.
        seed: Makes the samples a function of this number.
        out: Where to: x.png, or x.npz (arrays "samples", "latents" and "spread").
        weights: The averaged networks, or those of the last round.
        checkpoint: Of which checkpoint: latest, best, or a round.
    """
    seen = opened(run, out, weights, checkpoint, condition)
    if count < 2:
        raise ValueError(f"Distances are between two samples or more; got --count {count}.")
    z, chosen = latent.draw(seen.game, count, seed=seed, **seen.condition)
    psis = numbers(psi, "--psi", float)
    walk = latent.truncate(seen.game, z, psis, chosen, seed)
    spreads = [latent.spread(samples) for samples in walk.samples]
    labels = [f"psi {share:g}" for share in psis]
    wide = count if seen.field.kind == "points" else _WIDE
    rows = [(label, samples[:wide]) for label, samples in zip(labels, walk.samples, strict=True)]
    shown = lambda: pictures.draw_rows(rows, seen.field)  # noqa: E731
    seen.write(labels, walk.samples, shown, latents=walk.latents, spread=spreads)
    said = ", ".join(f"{share:g}: {value:.3g}" for share, value in zip(psis, spreads, strict=True))
    print(f"{count} samples at each psi in {out}; their mean distance at {said}")


def _moved(seen: Explored, labels: list[str], samples: Tensor) -> str:
    """How far the rows lead, beside how far samples are apart."""
    apart = latent.spread(seen.game.sample(64, seed=0, **seen.condition).cpu())
    far = (samples[:, -1] - samples[:, 0]).flatten(1).norm(dim=1)
    return (
        f"their ends are {far.mean():.3g} apart, at most {far.max():.3g} ({labels[int(far.argmax())]}); "
        f"two samples are {apart:.3g} apart"
    )
