r"""Pictures that show the wrong number of what they show.

All pictures of the data show the same number k of dots, which do not touch. A dot is a law of a few pixels; their
number is a law of the whole picture, of which a mean over pictures shows little. Both are read by rules: a spot is a
set of connected bright pixels, and counts if it has two fifths of a dot's area.

The control cuts pictures of data into quarters and puts together quarters of four different ones. Away from the cuts
all is as in the data, and the number is right only by chance.

Reference:
    Goodfellow: NIPS 2016 Tutorial: Generative Adversarial Networks, section 7.2 (counting), arXiv 1701.00160.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import R1, Adam, Cosine, Normal
from ganarium.pictures.tiles import image_of, sheet, tiles
from ganarium.randomness import mix
from ganarium.spec import Spec
from ganarium.theory.panels import COLOURS, DATA, INK, SAMPLES, legend, panels
from ganarium.theory.playing import moments, played, require, world
from ganarium.theory.small_worlds import (
    DOTS,
    Windows,
    count_dots,
    draw_dots,
    places_of_dots,
    shares,
    size_of_dots,
    total_variation,
)
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["quarters_shuffled"]

_MOST, _LARGEST = 8, 24  # numbers of dots, and pixels of a dot, from which on all are counted as one
_LATENT, _WIDTH = 32, 16
_DATA, _CONTROL = "data", "quarters shuffled"


def quarters_shuffled(pictures: Tensor, seed: int) -> Tensor:
    """Pictures (n, C, H, W) whose quarters come from four pictures, drawn without regard to each other."""
    generator, (down, across) = torch.Generator().manual_seed(seed), (side // 2 for side in pictures.shape[2:])
    mixed = pictures.clone()
    for rows in (slice(0, down), slice(down, None)):
        for columns in (slice(0, across), slice(across, None)):
            other = torch.randperm(len(pictures), generator=generator)
            mixed[:, :, rows, columns] = pictures[other][:, :, rows, columns]
    return mixed


def _generator() -> nn.Module:
    """From noise to maps of 4 x 4, and twice to maps twice as large: small enough for a minute on one core."""
    return nn.Sequential(
        nn.Linear(_LATENT, 32 * _WIDTH),
        nn.ReLU(),
        nn.Unflatten(1, (2 * _WIDTH, 4, 4)),
        nn.ConvTranspose2d(2 * _WIDTH, _WIDTH, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(_WIDTH, 1, 4, 2, 1),
        nn.Tanh(),
    )


@lesson(
    "counting",
    says="All data shows the same number of dots; a GAN comes near it on average, and misses it in many pictures",
    source="Goodfellow, 2016, section 7.2",
    quick={"rounds": 30, "looks": 3, "count": 300},
)
def counting(
    dots: int = 3,
    rounds: int = 1600,
    batch: int = 64,
    rate: float = 5e-4,
    gamma: float = 1.0,
    looks: int = 9,
    count: int = 2000,
    seed: int = 0,
) -> Shown:
    """A GAN of pictures with k dots: how many it draws, and how large, as it learns; beside data cut and shuffled.

    Args:
        dots: On each picture of the data, 1 to 4.
        rounds: That are played.
        batch: Samples in a batch.
        rate: Of Adam, at first; it falls to a twentieth.
        gamma: The weight of R1, which is taken every fourth round.
        looks: Moments at which is counted, from the first round to the last.
        count: Pictures that are counted.
        seed: What all follows from.

    Raises:
        ValueError: if a number is too small, or there are too many dots.
    """
    require("counting", rounds=rounds, batch=batch)
    require("counting", 2, looks=looks)
    require("counting", 32, count=count)
    if min(rate, gamma) <= 0:
        raise ValueError(f"Rate and weight are above zero; got rate={rate} and gamma={gamma}.")
    data = world(draw_dots(places_of_dots(8000, dots, mix(seed, 1))), DOTS)
    real = draw_dots(places_of_dots(count, dots, mix(seed, 2)))
    at = moments(rounds, looks, power=2)
    games = played(partial(_game, data.spec, rate, gamma), data, rounds, batch, seed=seed, average=10_000)
    made = {
        f"game, round {round}": game.sample(count, seed=mix(seed, 3), chunk=count).cpu()
        for round, game in games
        if round in at
    }
    shown = {_DATA: real, **made, _CONTROL: quarters_shuffled(real, mix(seed, 4))}
    rows = [_row(name, pictures, real, dots) for name, pictures in shown.items()]
    return Shown(rows, _drawn(shown, rows, at, dots), found=_found(rows, dots))


def _game(spec: Spec, rate: float, gamma: float) -> GAN:
    return GAN(
        spec,
        latent=_LATENT,
        prior=Normal(),
        penalties=(R1(gamma, every=4),),
        optimizer=Adam(Cosine(rate, rate / 20), (0.0, 0.99)),
        generator=_generator(),
        discriminator=Windows(DOTS, 8, together=True),
    )


def _row(name: str, pictures: Tensor, real: Tensor, dots: int) -> dict[str, str | float]:
    """How often the number is wrong, and how far the sizes of the dots that there are lie from those of data."""
    numbers, sizes = count_dots(pictures), [shares(size_of_dots(each), _LARGEST) for each in (pictures, real)]
    return {
        "pictures": name,
        "wrong number": float((numbers != dots).double().mean()),
        "mean number": float(numbers.double().mean()),
        "size away": total_variation(*sizes) if numbers.any() else 1.0,
    }


def _found(rows: Sequence[Mapping[str, Any]], dots: int) -> str:
    by = {row["pictures"]: row for row in rows}
    game, control = rows[-2], by[_CONTROL]
    wrong = f"{game['wrong number']:.0%} of its pictures, {control['wrong number']:.0%} of shuffled ones"
    return (
        f"At the end the game draws {game['mean number']:.2f} dots on average where there should be {dots}; the number "
        f"is wrong in {wrong} and {by[_DATA]['wrong number']:.1%} of the data. Sizes of dots are "
        f"{game['size away']:.2f} away from the data's (total variation); of shuffled ones, {control['size away']:.2f}."
    )


def _drawn(shown: Mapping[str, Tensor], rows: Sequence[Mapping[str, Any]], at: Sequence[int], dots: int) -> Figure:
    three = dict(zip(("Data", "The game at the end", "Quarters shuffled"), _ends(shown), strict=True))
    figure, every = panels([*three, "How many dots", "Wrong numbers, and wrong sizes"], columns=5, wide=3.4)
    for axes, pictures in zip(every, three.values(), strict=False):
        axes.imshow(image_of(sheet(tiles(pictures[:25], DOTS), 5)), cmap="gray", interpolation="nearest")  # type: ignore[arg-type]
        axes.set(xticks=[], yticks=[])
        axes.spines[["left", "bottom"]].set_visible(False)
    numbers, learning = every[3:]
    for place, (pictures, colour) in enumerate(zip(three.values(), (DATA, SAMPLES, COLOURS[0]), strict=True)):
        bars = [number + 0.28 * (place - 1) for number in range(_MOST + 1)]
        numbers.bar(bars, shares(count_dots(pictures), _MOST).tolist(), 0.28, color=colour, label=list(three)[place])
    numbers.set_xlabel(f"dots in a picture; {dots} is right", color=INK)
    legend(numbers)
    for name, colour in (("wrong number", SAMPLES), ("size away", COLOURS[0])):
        learning.plot(at, [row[name] for row in rows[1 : len(at) + 1]], "o-", color=colour, label=name, markersize=4)
    learning.axhline(rows[-1]["wrong number"], color=INK, linestyle="--", linewidth=0.8, label="wrong, if shuffled")
    learning.set_ylim(0, 1.35)
    learning.set_xlabel("rounds", color=INK)
    legend(learning)
    return figure


def _ends(shown: Mapping[str, Tensor]) -> list[Tensor]:
    """Of data, of the game when it was over, and of the control."""
    every = list(shown.values())
    return [every[0], every[-2], every[-1]]
