r"""How a generator loses modes, and what keeps them.

Data is a ring of Gaussians. Nothing in the generator's loss asks for variety: against a fixed discriminator the best
answer is one point, where the score is highest. A generator that learns faster than its discriminator goes to that
point, the discriminator learns to tell it, and the generator moves on, around the ring. With a penalty on the
discriminator's slope at data,

.. math::

    R_1 = \frac{\gamma}{2}\, \mathbb E_{x \sim p} \lVert \nabla F(x) \rVert^2,

no point of the data can stand out by much.

What is counted: a sample is good if it lies within three standard deviations of a Gaussian's centre; of data itself
that is the share :math:`1 - e^{-9/2} = 98.9\,\%` in the plane. A mode is found if it has a quarter of its fair share of
good samples.

References:
    Metz, Poole, Pfau, Sohl-Dickstein: Unrolled Generative Adversarial Networks, ICLR 2017, section 3.1.
    Mescheder, Geiger, Nowozin: Which Training Methods for GANs do actually Converge?, ICML 2018.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ganarium.data import load
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import R1, Adam, Normal
from ganarium.metrics.modes import mixture
from ganarium.nets import Flat
from ganarium.randomness import mix
from ganarium.theory.panels import DATA, INK, SAMPLES, panels
from ganarium.theory.playing import moments, played, require
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["good_share"]

_PLAIN, _KEPT = "plain", "with R1"


def good_share(deviations: float = 3.0) -> float:
    """The share of a round Gaussian in the plane within so many standard deviations of its centre.

    Example:
        >>> round(good_share(), 4)
        0.9889
    """
    return -math.expm1(-(deviations**2) / 2)


@lesson(
    "mode-collapse",
    says="A generator faster than its discriminator runs from mode to mode; with a penalty on D's slope it keeps them",
    source="Metz et al., 2017, section 3.1; Mescheder et al., 2018",
    quick={"rounds": 40, "count": 500, "batch": 64},
)
def mode_collapse(
    modes: int = 8,
    sd: float = 0.1,
    gamma: float = 3.0,
    rounds: int = 1500,
    batch: int = 128,
    generator_rate: float = 1e-3,
    discriminator_rate: float = 5e-4,
    looks: int = 5,
    count: int = 2500,
    seed: int = 0,
) -> Shown:
    """Where samples are as a GAN of a ring is trained whose generator is too fast, without a penalty and with R1.

    Args:
        modes: Gaussians on the ring, whose radius is 2.
        sd: The standard deviation of each.
        gamma: The weight of R1.
        rounds: That both games are played.
        batch: Samples in a batch.
        generator_rate: Of Adam.
        discriminator_rate: Of Adam; lower than the generator's, here.
        looks: Moments that are shown.
        count: Samples that are counted.
        seed: What all follows from.

    Raises:
        ValueError: if a number is too small.
    """
    require("mode-collapse", modes=modes, rounds=rounds, batch=batch, count=count)
    require("mode-collapse", 2, looks=looks)
    if min(sd, gamma, generator_rate, discriminator_rate) <= 0:
        raise ValueError(f"Weight and rates are above zero; got {gamma}, {generator_rate} and {discriminator_rate}.")
    data = load("ring", modes=modes, sd=sd)
    seen, counted = {}, {}
    for name, penalties in {_PLAIN: (), _KEPT: (R1(gamma),)}.items():
        adam = Adam(generator_rate, (0.5, 0.99))
        make = partial(
            GAN, data.spec, latent=2, architecture=Flat(64), prior=Normal(), penalties=penalties, optimizer=adam
        )
        rates = {"discriminator": discriminator_rate}
        at = moments(rounds, looks + 1)[1:]
        games = played(make, data, rounds, batch, seed=seed, rates=rates, doing=f"playing {name}")
        seen[name] = {
            round: data.spec["x"].restore(game.sample(count, seed=mix(seed, round), chunk=count).cpu())
            for round, game in games
            if round in at
        }
        counted[name] = [_counted(data, made) for made in seen[name].values()]
    rows = [_row(name, counted[name]) for name in seen]
    real = _counted(data, data.spec["x"].restore(data["x"][:count]))
    rows += [_row("data", [real]), _row("exact", [{"modes": modes, "good": good_share(), "divergence": 0.0}])]
    return Shown(rows, _drawn(data, seen, counted), found=_found(rows, modes))


def _counted(data: Any, points: Tensor) -> dict[str, float]:
    """Modes, share of good samples and divergence of points in the data's own units."""
    found = mixture(points, data.truth["centres"], data.truth["sd"])
    return {name: pair[0] for name, pair in found.items()}


def _row(name: str, looks: Sequence[Mapping[str, float]]) -> dict[str, str | float]:
    last = looks[-1]
    return {
        "samples": name,
        "modes": last["modes"],
        "modes, mean over looks": sum(each["modes"] for each in looks) / len(looks),
        "good": last["good"],
        "divergence": last["divergence"],
    }


def _found(rows: Sequence[Mapping[str, str | float]], modes: int) -> str:
    said = [
        f"{row['samples']}: {float(row['modes']):.0f} of {modes} modes at the end, {float(row['good']):.0%} good"
        for row in rows[:2]
    ]
    return f"{'; '.join(said)}; of the data itself {float(rows[2]['good']):.1%} is good, {good_share():.1%} exactly."


def _drawn(data: Any, seen: Mapping[str, Mapping[int, Tensor]], counted: Mapping[str, Sequence[Any]]) -> Figure:
    titles = [f"{name}, {round:,} rounds" for name, looks in seen.items() for round in looks]
    figure, every = panels(titles, columns=len(titles) // len(seen), wide=2.5, high=2.9)
    real = data.spec["x"].restore(data["x"][:1000])
    side = 1.45 * float(data.truth["centres"].norm(dim=1).max())
    places = [
        (points, found) for name in seen for points, found in zip(seen[name].values(), counted[name], strict=True)
    ]
    for axes, (points, found) in zip(every, places, strict=True):
        axes.scatter(*real.T.numpy(), s=4, color=DATA, linewidths=0)
        axes.scatter(*points[:1000].T.numpy(), s=4, color=SAMPLES, alpha=0.5, linewidths=0)
        axes.set(xlim=(-side, side), ylim=(-side, side), aspect="equal", xticks=[], yticks=[])
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.set_xlabel(
            f"{found['modes']:.0f} of {len(data.truth['centres'])} modes, {found['good']:.0%} good",
            color=INK,
            fontsize=9,
        )
    return figure
