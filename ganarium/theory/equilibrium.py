r"""Where the game is at rest, and how to tell rest from sleep.

Where the generator's law :math:`q` is the data's :math:`p`, the best discriminator is :math:`D^* = p / (p + q) = 1/2`,
and the game is worth

.. math::

    V(D, G) = \mathbb E_{x \sim p} \log D(x) + \mathbb E_{x \sim q} \log(1 - D(x)) = -\log 4 \approx -1.386.

The converse is not true of a discriminator that is not the best. One that has not learned yet says 1/2 of anything,
and V is then :math:`-\log 4` too. One that is linear, :math:`F(x) = w^\top x + b`, sees only means: where those agree
its game is at rest, whatever the rest of the law. So the game's own discriminator is no witness. A witness is a *fresh*
one, trained against the frozen generator and asked about points that it never saw: at the equilibrium it is right half
of the time.

Reference:
    Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio: Generative Adversarial Nets, NIPS
    2014, theorem 1. Lopez-Paz, Oquab: Revisiting Classifier Two-Sample Tests, ICLR 2017, arXiv 1610.06545.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ganarium.data.base import InMemory
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import R1, SGD, Adam, Cosine, NonSaturating
from ganarium.nets import Discriminator, Flat
from ganarium.randomness import mix, seeded
from ganarium.spec import Field
from ganarium.theory.panels import COLOURS, DATA, INK, SAMPLES, legend, panels
from ganarium.theory.playing import moments, played, require, world
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["REST", "Opinion", "gaussian", "opinion", "told"]

#: What the game is worth at its equilibrium, in nats.
REST = -math.log(4)
_FIELD = Field((2,), "points")
_GAME, _LINEAR, _BEGUN = "the game", "a linear D's game", "the game before it began"
_LOOKS = 41  # rounds at which V is measured
_CPU = torch.device("cpu")


def gaussian(n: int, correlation: float, seed: int) -> Tensor:
    """Points (n, 2) of the normal law with mean 0, deviation 1 and this correlation of both coordinates."""
    z = torch.randn(n, 2, generator=torch.Generator().manual_seed(mix(seed, 1)))
    return torch.stack([z[:, 0], correlation * z[:, 0] + math.sqrt(1 - correlation**2) * z[:, 1]], 1)


@dataclass(frozen=True)
class Opinion:
    """What a discriminator thinks.

    Args:
        real: The mean of D over data.
        fake: The mean of D over samples.
        value: V, in nats.
    """

    real: float
    fake: float
    value: float


def opinion(real: Tensor, fake: Tensor) -> Opinion:
    """What raw scores of data (n,) and of samples (m,) say.

    Example:
        >>> opinion(torch.zeros(3), torch.zeros(3)).value == REST
        True
    """
    real, fake = real.detach().double(), fake.detach().double()
    value = logsigmoid(real).mean() + logsigmoid(-fake).mean()
    return Opinion(float(real.sigmoid().mean()), float(fake.sigmoid().mean()), float(value))


def told(data: Tensor, samples: Tensor, steps: int = 600, seed: int = 0, width: int = 64) -> float:
    """How often a fresh discriminator is right about points that it did not learn from; 1/2: it cannot tell them.

    Args:
        data: Points (n, d); every other one is kept for the test.
        samples: Points (m, d), likewise.
        steps: Of Adam, on 256 points of each.
        seed: What its weights and batches follow from.
        width: Units of its hidden layers.
    """
    adam, entropy = Adam(Cosine(3e-3, 0.0), (0.9, 0.99)), NonSaturating()
    with seeded(_CPU, mix(seed, 2)):
        fresh = Flat(width, depth=2).discriminator(Field((data.shape[1],), "points"))
        descent = adam(fresh.parameters())
        for step in range(steps):
            descent.param_groups[0].update(adam.schedule(step / steps))
            batch = [rows[::2][torch.randint(len(rows[::2]), (256,))] for rows in (data, samples)]
            descent.zero_grad()
            torch.stack(list(entropy.discriminator(*map(fresh, batch)).values())).sum().backward()
            descent.step()
    with torch.no_grad():
        return float(entropy.accuracy(fresh(data[1::2]), fresh(samples[1::2])))


@dataclass(frozen=True)
class Witnessed:
    """A game as it is remembered: what its own discriminator said at some rounds, its first samples and its last."""

    rounds: list[int]
    opinions: list[Opinion]
    first: Tensor
    last: Tensor


@lesson(
    "nash",
    says="At the equilibrium D is 1/2 and V is -log 4; a D that sees little says so too, and only a fresh D knows",
    source="Goodfellow et al., 2014, theorem 1",
    quick={"rounds": 40, "steps": 60, "count": 2000},
)
def nash(
    correlation: float = 0.8,
    rounds: int = 2000,
    batch: int = 128,
    steps: int = 600,
    count: int = 20_000,
    seed: int = 0,
) -> Shown:
    """A GAN learns a Gaussian in the plane: what its own D says, and a fresh one; beside games whose D is no witness.

    Args:
        correlation: Of the data's two coordinates, which have mean 0 and deviation 1.
        rounds: That each game is played.
        batch: Samples in a batch.
        steps: That the fresh discriminator learns.
        count: Points of data, and samples, half of which it learns from; it is tested on the others.
        seed: What all follows from.

    Raises:
        ValueError: if the correlation is not between -1 and 1, or a count is too small.
    """
    if not -1 < correlation < 1:
        raise ValueError(f"A correlation lies between -1 and 1; got correlation={correlation}.")
    require("nash", rounds=rounds, batch=batch, steps=steps)
    require("nash", 4, count=count)
    data = world(gaussian(50_000, correlation, mix(seed, 3)), _FIELD)
    real, other = (gaussian(count, correlation, mix(seed, place)) for place in (4, 5))
    game, linear = (_witnessed(data, real, rounds, batch, seed, **changes) for changes in ({}, _linear()))
    asked = {
        _GAME: (game.opinions[-1], game.last),
        _BEGUN: (game.opinions[0], game.first),
        _LINEAR: (linear.opinions[-1], linear.last),
        "data: exact": (Opinion(0.5, 0.5, REST), other),
    }
    rows = [_row(name, own, told(real, made, steps, seed)) for name, (own, made) in asked.items()]
    return Shown(rows, _drawn(real, rows, {_GAME: game, _LINEAR: linear}), found=_found(rows))


def _linear() -> dict[str, Any]:
    """A game that comes to rest where means agree: a linear D turns around its goal if it is not damped."""
    return {
        "discriminator": Discriminator(nn.Identity(), 2),
        "penalties": (R1(1.0),),
        "optimizer": SGD(Cosine(0.1, 0.0)),
    }


def _witnessed(data: InMemory, real: Tensor, rounds: int, batch: int, seed: int, **changes: Any) -> Witnessed:
    """A game by the library's recipe, with changes."""
    path, samples = {}, []
    looks = moments(rounds, _LOOKS, power=1.5)
    games = played(lambda: GAN.on(data, **changes), data, rounds, batch, seed=seed, average=40_000)
    for round, game in games:
        if round in looks:
            # The curve needs fewer points than the table.
            ends = round in (0, rounds)
            made = game.sample(len(real) if ends else 1000, seed=mix(seed, 6), chunk=4096)
            with torch.no_grad():
                scores = [game.score(x.to(game.device)).cpu() for x in (real[: len(made)], made)]
            path[round] = opinion(*scores)
            samples += [made.cpu()] if ends else []
    return Witnessed(list(path), list(path.values()), samples[0], samples[-1])


def _row(name: str, own: Opinion, right: float) -> dict[str, str | float]:
    return {
        "samples": name,
        "own D(data)": own.real,
        "own D(samples)": own.fake,
        "V": own.value,
        "fresh D right": right,
    }


def _found(rows: Sequence[Mapping[str, str | float]]) -> str:
    calm = [row for row in rows[:-1] if abs(float(row["V"]) - REST) < 0.05]
    said = [f"{float(row['fresh D right']):.1%} of {row['samples']}" for row in calm]
    if not said:
        return f"No game came within 0.05 of V = -log 4 = {REST:.4f}."
    return f"V is within 0.05 of -log 4 = {REST:.4f} in {len(said)} games; a fresh D tells {', '.join(said)}."


def _drawn(real: Tensor, rows: Sequence[Mapping[str, str | float]], games: Mapping[str, Witnessed]) -> Figure:
    titles = ["What the game is worth to its own D", *(f"Samples of {name}" for name in games)]
    figure, (values, *places) = panels(titles, wide=4.4, high=4.2)
    for (name, each), colour in zip(games.items(), COLOURS, strict=False):
        values.plot(each.rounds, [own.value for own in each.opinions], color=colour, label=f"V of {name}")
    values.axhline(REST, color=INK, linewidth=0.8, linestyle="--", label="$-$log 4")
    values.set_xlabel("rounds", color=INK)
    legend(values, loc="lower right")
    right = {str(row["samples"]): float(row["fresh D right"]) for row in rows}
    own = {str(row["samples"]): float(row["own D(samples)"]) for row in rows}
    for axes, (name, each) in zip(places, games.items(), strict=True):
        for points, colour, label in ((real, DATA, "data"), (each.last, SAMPLES, "samples")):
            axes.scatter(*points[:1500].T.numpy(), s=5, color=colour, alpha=0.5, linewidths=0, label=label)
        axes.set(xlim=(-4, 4), ylim=(-4, 4), aspect="equal")
        axes.set_xlabel(f"own D: {own[name]:.2f}; a fresh D is right {right[name]:.0%} of the time", color=INK)
        legend(axes, loc="upper left", markerscale=3)
    return figure
