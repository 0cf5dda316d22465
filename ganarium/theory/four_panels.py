r"""The figure by which adversarial nets were explained, from a game that is really played.

Data on the line has the density :math:`p`. The generator maps noise :math:`z`, uniform on :math:`[-1, 1]`, to
:math:`x = G(z)`: where it stretches, samples are rare; where it squeezes, they are dense,

.. math::

    q(x) = \sum_{z :\, G(z) = x} \frac{1}{2\, |G'(z)|}.

(a) At first neither player knows anything. (b) The discriminator learns alone, towards
:math:`D^* = p / (p + q)`. (c) Its slope moves the generator's samples to where they look more like data. (d) In the end
:math:`q = p`, and :math:`D = 1/2` everywhere.

Reference:
    Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio: Generative Adversarial Nets, NIPS
    2014, figure 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ganarium.ingredients import Adam, Cosine, Uniform
from ganarium.nets import Flat
from ganarium.pictures.plots import rendered
from ganarium.randomness import mix
from ganarium.spec import Field
from ganarium.terminal.progress import watched
from ganarium.theory.panels import COLOURS, DATA, INK, SAMPLES, legend, panels
from ganarium.theory.playing import Ahead, moments, played, require, world
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Bent", "Look", "Mixture", "density_of", "look"]

_FIELD = Field((1,), "points")
_AHEAD = 0.15  # of the rounds, in which D plays alone
_EDGE, _FINE = 5.0, 1001  # the line that is looked at, and its places
_NOISE = 4000  # values of z, evenly spaced, from which q is worked out
_ARROWS = 25
_WIDTH = 0.08  # the standard deviation of the kernel that smooths q


@dataclass(frozen=True)
class Mixture:
    """Equally likely Gaussians on the line, evenly spaced around zero.

    Args:
        modes: How many.
        spacing: Between neighbouring means.
        sd: The standard deviation of each.
    """

    modes: int = 1
    spacing: float = 3.0
    sd: float = 1.0

    @property
    def means(self) -> Tensor:
        """The Gaussians' means, of shape (modes,)."""
        return self.spacing * (torch.arange(self.modes, dtype=torch.float64) - (self.modes - 1) / 2)

    def density(self, x: Tensor) -> Tensor:
        """The exact density at places of shape (n,)."""
        return _bells(x.double(), self.means, self.sd)

    def draw(self, n: int, seed: int) -> Tensor:
        """Points of shape (n, 1)."""
        generator = torch.Generator().manual_seed(mix(seed, 1))
        mode = torch.randint(self.modes, (n,), generator=generator)
        return (self.means[mode].float() + self.sd * torch.randn(n, generator=generator))[:, None]


def density_of(points: Tensor, x: Tensor, width: float = _WIDTH) -> Tensor:
    """The density at places x of shape (n,) of points of shape (m,), each spread out as a Gaussian of this deviation.

    Example:
        >>> round(float(density_of(torch.zeros(3), torch.zeros(1), width=1.0)), 4)      # 1 / sqrt(2 pi)
        0.3989
    """
    return _bells(x.double(), points.double(), width)


def _bells(x: Tensor, means: Tensor, sd: float) -> Tensor:
    """The density at x (n,) of equally likely Gaussians with means (m,)."""
    bells = torch.exp(-0.5 * ((x[:, None] - means) / sd) ** 2)
    return bells.mean(1) / (sd * math.sqrt(2 * math.pi))


class Bent(nn.Module):
    """A generator on the line that starts straight: ``shift + spread * z``, and a perceptron that starts at zero.

    Args:
        shift: Where the middle of z goes at first.
        spread: How far the ends of z are from there.
        width: Units of the perceptron's hidden layers.
    """

    def __init__(self, shift: float, spread: float, width: int = 32):
        super().__init__()
        self.shift, self.spread = shift, spread
        self.bend = nn.Sequential(
            nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1)
        )
        nn.init.zeros_(self.bend[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.bend[-1].bias)  # type: ignore[arg-type]

    def forward(self, z: Tensor) -> Tensor:
        """Points of shape (B, 1) of noise of shape (B, 1)."""
        return self.shift + self.spread * z + self.bend(z)


@dataclass(frozen=True)
class Look:
    """Both players at a round, at places on the line.

    Args:
        round: Rounds that were played.
        x: Places, of shape (n,).
        p: Data's density there.
        q: The samples'.
        d: What the discriminator says there.
        goes: Where evenly spaced z go.
    """

    round: int
    x: Tensor
    p: Tensor
    q: Tensor
    d: Tensor
    goes: Tensor

    @property
    def best(self) -> Tensor:
        """What the best discriminator says: p / (p + q)."""
        return self.p / (self.p + self.q).clamp_min(1e-300)

    def mean(self, law: Tensor, values: Tensor) -> float:
        """The mean of values (n,) under a density (n,)."""
        return float(torch.trapezoid(law * values, self.x))

    def value(self, d: Tensor) -> float:
        """V of a discriminator that says d (n,), in nats."""
        return self.mean(self.p, d.clamp_min(1e-300).log()) + self.mean(self.q, (1 - d).clamp_min(1e-300).log())

    @property
    def row(self) -> dict[str, float]:
        """D beside the best one, and the value beside 2 JS - log 4."""
        away = self.mean((self.p + self.q) / 2, (self.d - self.best).abs())
        exact = self.value(self.best)
        return {
            "round": self.round,
            "V": self.value(self.d),
            "best V": exact,
            "JS(p, q)": (exact + math.log(4)) / 2,
            "mean |D - D*|": away,
        }


def look(round: int, game: Any, law: Mixture) -> Look:
    """What there is to see of a game on the line, whose noise is uniform on [-1, 1]."""
    x = torch.linspace(-_EDGE, _EDGE, _FINE, dtype=torch.float64)
    even = (torch.arange(_NOISE) + 0.5) * (2 / _NOISE) - 1
    lines = torch.linspace(-1, 1, _ARROWS)
    with torch.no_grad():
        made, goes = (game.decode(z[:, None].to(game.device)).flatten().cpu() for z in (even, lines))
        d = game.score(x.float()[:, None].to(game.device)).cpu().double().sigmoid()
    return Look(round, x, law.density(x), density_of(made, x), d, goes.double())


@lesson(
    "four-panels",
    says="D learns where data is denser than samples; its slope moves them there, until it is 1/2 everywhere",
    source="Goodfellow et al., 2014, figure 1",
    film=True,
    quick={"rounds": 40, "frames": 4},
)
def four_panels(
    modes: int = 1,
    spacing: float = 3.0,
    sd: float = 1.0,
    start: float = 2.0,
    spread: float = 1.2,
    rounds: int = 1200,
    moves: int = 3,
    batch: int = 256,
    frames: int = 48,
    seed: int = 0,
) -> Shown:
    """A game on the line as a film: p, q, D and where z goes. The picture is four moments of it.

    Args:
        modes: Gaussians that the data is made of, equally likely and evenly spaced around zero.
        spacing: Between their means.
        sd: The standard deviation of each.
        start: The middle of the samples at first.
        spread: How far they reach at first, to both sides.
        rounds: That are played; in the first of them D learns alone.
        moves: The discriminator's steps a round.
        batch: Samples in a batch.
        frames: Pictures of the film.
        seed: What all follows from.

    Raises:
        ValueError: if a number is too small.
    """
    require("four-panels", modes=modes, rounds=rounds, moves=moves, batch=batch)
    require("four-panels", 4, frames=frames)
    if min(sd, spread) <= 0:
        raise ValueError(f"Data and first samples are spread out; got sd={sd} and spread={spread}.")
    law = Mixture(modes, spacing, sd)
    data = world(law.draw(50_000, seed), _FIELD)
    ahead = round(_AHEAD * rounds)
    make = lambda: Ahead(  # noqa: E731
        data.spec,
        latent=1,
        architecture=Flat(32, depth=2),
        prior=Uniform(),
        optimizer=Adam(Cosine(5e-3, 0.0), (0.5, 0.99)),
        discriminator_moves=moves,
        generator=Bent(start, spread),
        ahead=_AHEAD,
        generator_optimizer=Adam(Cosine(2e-3, 0.0), (0.5, 0.99)),
    )
    wanted = {*moments(ahead, frames // 4), *(ahead + at for at in moments(rounds - ahead, frames - frames // 4 + 1))}
    games = played(make, data, rounds, batch, seed=seed)
    looks = [look(at, game, law) for at, game in games if at in wanted]
    said = [f"{'D learns alone' if 0 < each.round <= ahead else 'play'}, round {each.round}" for each in looks]
    said[0] = "(a) before the game"
    film = [
        rendered(_drawn([each], [title], wide=6.4, high=4.8))
        for each, title in watched(list(zip(looks, said, strict=True)), len(looks), lambda _: 1, doing="drawing")
    ]
    after = [each for each in looks if each.round > ahead]
    half = next((each for each in after if each.row["JS(p, q)"] < looks[0].row["JS(p, q)"] / 2), after[-1])
    four = [looks[0], next(each for each in looks if each.round >= ahead), half, looks[-1]]
    titles = ["(a) Before the game", f"(b) D has learned alone, {four[1].round} rounds"]
    titles += [f"(c) After {half.round} rounds", f"(d) After {four[3].round} rounds"]
    rows = [{"moment": moment, **each.row} for moment, each in zip("abcd", four, strict=True)]
    away = [row["mean |D - D*|"] for row in rows]
    found = (
        f"D is {away[0]:.3f} from p / (p + q) on average before it learned, {away[1]:.3f} after; at the end it is "
        f"{away[3]:.3f} away, and the game is worth {rows[3]['V']:.3f}, where -log 4 = {-math.log(4):.3f}."
    )
    return Shown(rows, _drawn(four, titles), film, found)


def _drawn(looks: Sequence[Look], titles: Sequence[str], **size: float) -> Figure:
    figure, every = panels(titles, columns=4, **{"wide": 4.0, "high": 4.2, **size})
    for axes, each in zip(every, looks, strict=True):
        _panel(axes, each)
    legend(every[0], loc="upper left", ncols=2, columnspacing=1.0, handlelength=1.5)
    return figure


def _panel(axes: Axes, each: Look) -> None:
    """Densities and discriminators above the two lines, z and x, between which arrows show G."""
    line, noise, top = -0.12, -0.55, 1.45
    axes.fill_between(each.x, each.p, color=DATA, alpha=0.5, linewidth=0, label="data, p")
    axes.plot(each.x, each.q.clamp_max(top), color=SAMPLES, linewidth=1.8, label="samples, q")
    axes.plot(each.x, each.best, color=COLOURS[5], linewidth=4, alpha=0.6, label="p / (p + q)")
    axes.plot(each.x, each.d, color=COLOURS[0], linewidth=1.4, linestyle="--", label="D")
    for place, name in ((line, "x"), (noise, "z")):
        axes.axhline(place, color=INK, linewidth=1)
        axes.annotate(name, (1.0, place), xycoords=("axes fraction", "data"), ha="right", va="bottom", color=INK)
    starts = torch.linspace(-3, 3, _ARROWS)
    for start, end in zip(starts.tolist(), each.goes.tolist(), strict=True):
        arrow = {
            "arrowstyle": "-|>",
            "color": SAMPLES,
            "linewidth": 0.7,
            "mutation_scale": 6,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        axes.annotate("", (end, line), (start, noise), arrowprops=arrow, annotation_clip=True)
    axes.set(xlim=(-_EDGE, _EDGE), ylim=(noise - 0.05, top), yticks=[0, 0.5, 1])
