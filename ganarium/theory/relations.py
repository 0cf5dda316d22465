r"""What a discriminator that judges parts one by one cannot teach: a law that ties far parts to each other.

Every picture has two squares in opposite corners, both of the same one of K colours. Let :math:`a` and :math:`b` be
their colours. In the data

.. math::

    P(a \ne b) = 0, \qquad I(a; b) = \log K,

and where the lower half of each picture is taken from another one, :math:`P(a \ne b) = 1 - 1/K` and
:math:`I(a; b) = 0`: a control in which every part is as it should be.

A discriminator whose score is a mean of verdicts on windows, :math:`F(x) = \frac{1}{n} \sum_w F_w(x_w)`, has the same
mean score under all laws whose windows are distributed alike, for then :math:`\mathbb E\,F` is a mean over windows.
What it rewards says nothing of a pair that no window shows. One that looks at what all windows show together can.

Reference:
    Goodfellow: NIPS 2016 Tutorial: Generative Adversarial Networks, section 7.2 (global structure), arXiv 1701.00160.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import R1, Adam, Cosine, Normal
from ganarium.nets import Flat
from ganarium.pictures.tiles import image_of, sheet, tiles
from ganarium.randomness import mix
from ganarium.spec import Spec
from ganarium.theory.panels import INK, panels
from ganarium.theory.playing import last, played, require, world
from ganarium.theory.small_worlds import (
    COLOURS,
    PAIRS,
    Windows,
    draw_pairs,
    information,
    read_pairs,
    shares,
    total_variation,
)
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["alike", "halves_shuffled"]

_KINDS = len(COLOURS)
_SIDE = 4  # pixels of a window: none shows both squares
_PREFERS = "D prefers data by"
_APART, _TOGETHER = "windows judged apart", "windows judged together"


def alike(n: int, seed: int) -> Tensor:
    """Pictures (n, 3, 8, 8) whose two squares have the same colour, each of them equally likely."""
    inks = torch.randint(_KINDS, (n, 1), generator=torch.Generator().manual_seed(mix(seed, 1)))
    return draw_pairs(inks.expand(n, 2), mix(seed, 2))


def halves_shuffled(pictures: Tensor, seed: int) -> Tensor:
    """Each picture (n, C, H, W) with the lower half of another one, drawn without regard to it."""
    other = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed))
    half = pictures.shape[2] // 2
    return torch.cat([pictures[:, :, :half], pictures[other, :, half:]], 2)


@lesson(
    "global-structure",
    says="A law that ties far parts is nothing to a D that judges windows one by one; to a D that sees all, it counts",
    source="Goodfellow, 2016, section 7.2",
    quick={"rounds": 30, "count": 400},
)
def global_structure(
    rounds: int = 1000,
    batch: int = 128,
    rate: float = 1e-3,
    gamma: float = 1.0,
    count: int = 4000,
    seed: int = 0,
) -> Shown:
    """Two GANs of pictures with two squares of one colour: their discriminators see the same windows, but not alike.

    Args:
        rounds: That both games are played.
        batch: Samples in a batch.
        rate: Of Adam, at first; it falls to a twentieth.
        gamma: The weight of R1, which is taken every fourth round.
        count: Pictures that are read.
        seed: What all follows from.

    Raises:
        ValueError: if a number is too small.
    """
    require("global-structure", rounds=rounds, batch=batch)
    require("global-structure", 32, count=count)
    if min(rate, gamma) <= 0:
        raise ValueError(f"Rate and weight are above zero; got rate={rate} and gamma={gamma}.")
    data = world(alike(8000, mix(seed, 3)), PAIRS)
    real = alike(count, mix(seed, 4))
    mixed = halves_shuffled(real, mix(seed, 6))
    made, prefers = {"data": real}, {}
    for name, together in {_TOGETHER: True, _APART: False}.items():
        make = partial(_game, data.spec, together, rate, gamma)
        game = last(played(make, data, rounds, batch, seed=seed, average=10_000, doing=name))
        made[name] = game.sample(count, seed=mix(seed, 5), chunk=count).cpu()
        prefers[name] = _prefers(game, real, mixed)
    made["halves shuffled"] = mixed
    rows = [{**_row(name, read_pairs(each)), _PREFERS: prefers.get(name, "")} for name, each in made.items()]
    exact = {"broken": 1 - 1 / _KINDS, "I(a; b)": 0.0, "colours away": 0.0, _PREFERS: 0.0}
    rows.append({"pictures": "exact, if independent", **exact})
    return Shown(rows, _drawn(made, rows), found=_found(rows))


def _game(spec: Spec, together: bool, rate: float, gamma: float) -> GAN:
    return GAN(
        spec,
        latent=8,
        architecture=Flat(128, depth=2),
        prior=Normal(),
        penalties=(R1(gamma, every=4),),
        optimizer=Adam(Cosine(rate, rate / 20), (0.0, 0.99)),
        discriminator=Windows(PAIRS, _SIDE, together),
    )


def _prefers(game: GAN, real: Tensor, mixed: Tensor) -> float:
    """By how much the mean score of data is above that of the same data with its halves shuffled."""
    with torch.no_grad():
        means = [game.score(each.to(game.device)).double().mean() for each in (real, mixed)]
    return float(means[0] - means[1])


def _row(name: str, pairs: Tensor) -> dict[str, str | float]:
    """How often the law is broken; what one square tells of the other; and whether each has the colours it should."""
    even = torch.full((_KINDS,), 1 / _KINDS)
    away = [total_variation(shares(pairs[:, which], _KINDS - 1), even) for which in (0, 1)]
    return {
        "pictures": name,
        "broken": float((pairs[:, 0] != pairs[:, 1]).double().mean()),
        "I(a; b)": information(pairs),
        "colours away": sum(away) / 2,
    }


def _found(rows: Sequence[Mapping[str, str | float]]) -> str:
    by = {str(row["pictures"]): row for row in rows}
    together, apart = (float(by[name]["broken"]) for name in (_TOGETHER, _APART))
    return (
        f"The squares differ in {together:.1%} of the samples where windows are judged together, in {apart:.1%} where "
        f"they are judged apart, and would in {1 - 1 / _KINDS:.0%} if they had nothing to do with each other; "
        f"I(a; b) is {float(by[_TOGETHER]['I(a; b)']):.2f} and {float(by[_APART]['I(a; b)']):.2f} of "
        f"log {_KINDS} = {math.log(_KINDS):.2f}. "
        f"Each square alone is {float(by[_TOGETHER]['colours away']):.2f} and {float(by[_APART]['colours away']):.2f} "
        f"away from the data's colours (total variation). Data scores {float(by[_TOGETHER][_PREFERS]):.2f} and "
        f"{abs(float(by[_APART][_PREFERS])):.2f} more than the same data with shuffled halves."
    )


def _drawn(made: Mapping[str, Tensor], rows: Sequence[Mapping[str, str | float]]) -> Figure:
    figure, every = panels([name.capitalize() for name in made], columns=len(made), wide=3.0, high=3.4)
    for axes, pictures, row in zip(every, made.values(), rows, strict=False):
        axes.imshow(image_of(sheet(tiles(pictures[:36], PAIRS), 6)), interpolation="nearest")  # type: ignore[arg-type]
        axes.set(xticks=[], yticks=[])
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.set_xlabel(f"{row['broken']:.1%} broken, I = {row['I(a; b)']:.2f}", color=INK)
    return figure
