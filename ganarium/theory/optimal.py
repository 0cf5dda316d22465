r"""The best discriminator, and what the game is worth when it plays.

For data with density :math:`p` and samples with density :math:`q`,

.. math::

    V(D) = \mathbb E_{x \sim p} \log D(x) + \mathbb E_{x \sim q} \log(1 - D(x)), \qquad
    D^*(x) = \frac{p(x)}{p(x) + q(x)}, \qquad V(D^*) = 2\, JS(p, q) - \log 4.

Any other discriminator is worth less, by the mean divergence of its beliefs from the best ones. The best one's guesses
are right half of the time where the laws agree, and always where they are far apart.

Reference:
    Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio: Generative Adversarial Nets,
    NIPS 2014, proposition 1 and theorem 1, arXiv 1406.2661.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.distributions import Distribution
from torch.nn.functional import logsigmoid

from ganarium.ingredients import Adam, Linear, NonSaturating
from ganarium.nets import Discriminator, Flat
from ganarium.randomness import mix, seeded
from ganarium.spec import Field
from ganarium.terminal.progress import watched
from ganarium.theory.laws import Line, js, normal
from ganarium.theory.panels import COLOURS, DATA, SAMPLES, legend, panels
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Training", "accuracy", "discriminate", "logit", "value"]

Row = dict[str, float]
_NEAR = Line(-4, 4, 801)  # where beliefs are compared: most of the data is here


def logit(p: Distribution, q: Distribution, x: Tensor) -> Tensor:
    """The score of the best discriminator, log p - log q, at places of shape (n,); its sigmoid is p / (p + q)."""
    return p.log_prob(x) - q.log_prob(x)


def value(scores: Tensor, p: Distribution, q: Distribution, line: Line) -> float:
    """What the game is worth to a discriminator, V(D), in nats.

    Args:
        scores: Its raw scores at the places of the line, of shape (points,).
        p: Data's law.
        q: The samples' law.
        line: Where to integrate.

    Example:
        >>> p, line = normal(), Line(-9, 9)
        >>> round(value(torch.zeros(4001), p, p, line), 4)      # -log 4
        -1.3863
    """
    return float(line.mean(p, logsigmoid(scores)) + line.mean(q, logsigmoid(-scores)))


def accuracy(scores: Tensor, p: Distribution, q: Distribution, line: Line) -> float:
    """The share that is told right, of as much data as samples, where a score above zero means data."""
    # Who cannot decide is right half of the time.
    says = (scores.sign() + 1).double() / 2
    return float(line.mean(p, says) + line.mean(q, 1 - says)) / 2


@dataclass(frozen=True)
class Training:
    """How a small perceptron learns to tell two laws, from new draws at each step.

    Args:
        steps: Steps of Adam, whose rate falls to zero along a line.
        batch: Draws of both laws together at each step.
        rate: The learning rate at first.
        width: Units of its two hidden layers.
        seed: What weights and draws follow from.
        share: The share of the draws that are data.
    """

    steps: int = 1500
    batch: int = 1024
    rate: float = 5e-3
    width: int = 32
    seed: int = 0
    share: float = 0.5

    def __post_init__(self) -> None:
        if min(self.steps, self.width) < 1 or self.batch < 2:
            raise ValueError(f"Training needs a step, a unit and two draws, at the least; got {self}.")
        if not 0 < self.share < 1 or not 1 <= self.data < self.batch:
            raise ValueError(f"Each step needs draws of both laws; got a share of {self.share} of {self.batch}.")

    @property
    def data(self) -> int:
        """Draws of data at each step."""
        return round(self.batch * self.share)


def discriminate(
    p: Callable[[int], Tensor], q: Callable[[int], Tensor], size: int, how: Training, doing: str = "training D"
) -> Discriminator:
    """A discriminator that was trained by cross entropy to tell draws of two laws.

    Args:
        p: Draws so much data, of shape (n, size).
        q: Draws so many samples, of shape (n, size).
        size: How many numbers a draw has.
        how: How it is trained.
        doing: What the progress bar says.
    """
    objective, adam = NonSaturating(), Adam(Linear(how.rate, 0.0), (0.9, 0.999))
    with seeded(torch.device("cpu"), mix(how.seed, 31)):
        judge = Flat(how.width, depth=2).discriminator(Field((size,), "points"))
        optimizer = adam(judge.parameters())
        for step in watched(range(how.steps), how.steps, lambda _: 1, doing=doing):
            optimizer.param_groups[0].update(adam.schedule(step / how.steps))
            terms = objective.discriminator(judge(p(how.data)), judge(q(how.batch - how.data)))
            # The mean over the joined batch, where each law weighs as much as it has draws.
            loss = how.data / how.batch * terms["real"] + (1 - how.data / how.batch) * terms["fake"]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return judge.requires_grad_(False)


def _learned(p: Distribution, q: Distribution, how: Training, doing: str) -> Discriminator:
    def draws(law: Distribution) -> Callable[[int], Tensor]:
        return lambda n: law.sample(torch.Size([n, 1])).float()

    return discriminate(draws(p), draws(q), 1, how, doing)


def _scores(judge: Discriminator, line: Line) -> Tensor:
    return judge(line.x.float()[:, None]).double()


@lesson(
    "optimal-discriminator",
    says="The best D is p / (p + q), and the game is then worth 2 JS - log 4: a trained D comes to both",
    source="Goodfellow et al., 2014, proposition 1 and theorem 1",
    quick={"distances": (0.0, 2.0), "steps": 60},
)
def optimal_discriminator(
    distances: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0),
    sd: float = 1.0,
    steps: int = 1500,
    batch: int = 1024,
    rate: float = 5e-3,
    width: int = 32,
    seed: int = 0,
) -> Shown:
    """D* and V* beside those of a trained discriminator, for N(0, 1) against N(m, sd^2).

    Args:
        distances: The means m of the samples' law.
        sd: The standard deviation of the samples' law; data's is one.
        steps: Steps of training for each distance.
        batch: Draws of both laws together at each step.
        rate: The learning rate at first.
        width: Units of the discriminator's two hidden layers.
        seed: What weights and draws follow from.

    Raises:
        ValueError: if there is no distance, or a number is not above zero.
    """
    if not distances:
        raise ValueError("This lesson needs a distance or more; got none.")
    how, p = Training(steps, batch, rate, width, seed), normal()
    laws = [normal(m, sd) for m in distances]
    judges = [_learned(p, q, how, f"training D, m = {m:g}") for m, q in zip(distances, laws, strict=True)]
    rows = [_row(m, p, q, judge) for m, q, judge in zip(distances, laws, judges, strict=True)]
    worst = max(rows, key=lambda row: row["|D - D*|"])
    gap = max(row["V*"] - row["V learned"] for row in rows)
    found = (
        f"The trained D is within {worst['|D - D*|']:.2g} of D* on average over |x| < 4 at every distance, and its "
        f"game is worth less than 2 JS - log 4 by {gap:.2g} nats at most."
    )
    return Shown(rows, _drawn(rows, p, laws, judges), found=found)


def _row(m: float, p: Distribution, q: Distribution, judge: Discriminator) -> Row:
    line = Line.around(p, q)
    best, learned = logit(p, q, line.x), _scores(judge, line)
    near = (logit(p, q, _NEAR.x).sigmoid() - _scores(judge, _NEAR).sigmoid()).abs().mean()
    divergence = float(js(p, q, line).clamp(min=0))
    return {
        "m": m,
        "JS": divergence,
        "V*": 2 * divergence - math.log(4),
        "V learned": value(learned, p, q, line),
        "|D - D*|": float(near),
        "accuracy of D*": accuracy(best, p, q, line),
        "accuracy learned": accuracy(learned, p, q, line),
    }


def _drawn(
    rows: Sequence[Row], p: Distribution, laws: Sequence[Distribution], judges: Sequence[Discriminator]
) -> Figure:
    means = [row["m"] for row in rows]
    near, far = (min(range(len(means)), key=lambda i: abs(means[i] - wanted)) for wanted in (1.0, 3.0))
    shown = list(dict.fromkeys([near, far]))
    titles = [f"N(0, 1) against N({means[i]:g}, {float(laws[i].variance):g})" for i in shown]
    figure, (*places, worth) = panels([*titles, "What the game is worth"])
    for axes, i in zip(places, shown, strict=True):
        _beliefs(axes, p, laws[i], judges[i])
    legend(places[-1], loc="upper right")
    _worth(worth, rows, float(laws[0].stddev))
    return figure


def _beliefs(axes: Axes, p: Distribution, q: Distribution, judge: Discriminator) -> None:
    line = Line(-4, float(q.mean) + 4, 801)
    for law, colour, name in ((p, DATA, "density of data"), (q, SAMPLES, "density of samples")):
        axes.fill_between(line.x, law.log_prob(line.x).exp(), color=colour, alpha=0.45, linewidth=0, label=name)
    axes.plot(line.x, logit(p, q, line.x).sigmoid(), color=COLOURS[5], linewidth=5, alpha=0.7, label="D* = p / (p + q)")
    axes.plot(line.x, _scores(judge, line).sigmoid(), color="black", linewidth=1.3, label="learned D")
    axes.set_xlabel("x")


def _worth(axes: Axes, rows: Sequence[Row], sd: float) -> None:
    means = torch.linspace(min(0.0, *(row["m"] for row in rows)), max(1.0, *(row["m"] for row in rows)), 81)
    best = [2 * float(js(normal(), normal(float(m), sd))) - math.log(4) for m in means]
    axes.axhline(0, color="#bbbbbb", linewidth=0.8, linestyle="--")
    axes.axhline(-math.log(4), color="#bbbbbb", linewidth=0.8, linestyle="--")
    axes.text(float(means[-1]), -math.log(4) + 0.02, "-log 4: samples are as data", ha="right", va="bottom", fontsize=9)
    axes.text(float(means[0]), -0.02, "0: all are told", ha="left", va="top", fontsize=9)
    axes.plot(means, best, color=COLOURS[5], linewidth=5, alpha=0.7, label="2 JS - log 4")
    learned = [row["V learned"] for row in rows]
    axes.plot([row["m"] for row in rows], learned, "ko", markersize=5, label="V(D) of learned D")
    axes.set_xlabel("m")
    legend(axes, loc="center right")
