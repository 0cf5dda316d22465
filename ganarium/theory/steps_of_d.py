r"""Why the discriminator takes k steps for each of the generator's: its slope is true only near its best.

Data is :math:`p = \mathcal N(0, 1)` and samples are :math:`x = \mu + \sigma z` with normal :math:`z`, and so the best
discriminator is known at every round:

.. math::

    F^*(x) = \operatorname{logit} D^*(x) = \log \frac{p(x)}{q(x)}
           = \log \sigma - \frac{x^2}{2} + \frac{(x - \mu)^2}{2 \sigma^2}.

What the generator follows is the gradient of :math:`\mathbb E_z\, c(F(\mu + \sigma z))` by :math:`\mu` and
:math:`\log \sigma` with :math:`F` held fixed, an integral on the line, here with the trained :math:`F` and with
:math:`F^*`. With the best one, the minimax loss :math:`c = \log(1 - D)` has the gradient of :math:`2\,JS(p, q)`, and
the non-saturating :math:`c = -\log D` that of :math:`KL(q \| p) - 2\,JS(p, q)`. Once the generator has moved, D is no
longer the best; k steps bring it back in part.

References:
    Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio: Generative Adversarial Nets, NIPS
    2014, algorithm 1 and section 4. Arjovsky, Bottou: Towards Principled Methods for Training Generative Adversarial
    Networks, ICLR 2017, theorem 2.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganarium.game import follows
from ganarium.ingredients import SGD, Adam, Minimax, NonSaturating, Normal, Objective
from ganarium.nets import Flat
from ganarium.randomness import mix
from ganarium.spec import Batch, Field
from ganarium.theory.panels import COLOURS, INK, legend, panels
from ganarium.theory.playing import Ahead, played, require, world
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LOSSES", "Moving", "Step", "away", "best_path", "best_score", "slope"]

Score = Callable[[Tensor], Tensor]

_FIELD = Field((1,), "points")
#: What the generator descends, by the score of a sample.
LOSSES: dict[str, Score] = {
    "non-saturating": lambda score: softplus(-score),
    "minimax": lambda score: -softplus(score),
}
_OBJECTIVES: dict[str, Objective] = {"non-saturating": NonSaturating(), "minimax": Minimax()}
_Z = torch.linspace(-8, 8, 1601, dtype=torch.float64)
_WEIGHTS = torch.exp(-0.5 * _Z**2) * (16 / 1600 / math.sqrt(2 * math.pi))  # those of an integral over the normal law
_ALONE = 400  # steps in which D learns alone, so that all begin near the best


def best_score(x: Tensor, mu: float, sigma: float) -> Tensor:
    """The logit of the best discriminator at places x of any shape.

    Example:
        >>> best_score(torch.tensor([0.0, 0.5]), 1.0, 1.0)      # half way between both means it is 1/2
        tensor([0.5000, 0.0000])
    """
    return math.log(sigma) - x**2 / 2 + ((x - mu) / sigma) ** 2 / 2


def slope(score: Score, mu: float, sigma: float, loss: str = "non-saturating") -> Tensor:
    """The gradient of the generator's expected loss by (mu, log sigma), of shape (2,); scores are held fixed.

    Args:
        score: Raw scores of places (n,), differentiable in them.
        mu: The mean of the samples.
        sigma: Their standard deviation.
        loss: One of :data:`LOSSES`.
    """
    with torch.enable_grad():
        place = torch.tensor([mu, math.log(sigma)], dtype=torch.float64, requires_grad=True)
        scores = score(place[0] + place[1].exp() * _Z)
        return torch.autograd.grad((_WEIGHTS * LOSSES[loss](scores)).sum(), place)[0]


def away(score: Score, mu: float, sigma: float) -> float:
    """The mean of |D - D*| over as many data as samples."""
    with torch.no_grad():
        differ = lambda x: (score(x).sigmoid() - best_score(x, mu, sigma).sigmoid()).abs()  # noqa: E731
        return float((_WEIGHTS * (differ(_Z) + differ(mu + sigma * _Z))).sum()) / 2


@dataclass(frozen=True)
class Step:
    """A generator's step, as it is about to be taken.

    Args:
        mu: The mean of the samples.
        sigma: Their standard deviation.
        away: The mean of abs(D - D*).
        cosine: Of the angle between the gradients with D and with D*.
        wrong: The length of their difference.
        length: That of the gradient with D*.
    """

    mu: float
    sigma: float
    away: float
    cosine: float
    wrong: float
    length: float

    @classmethod
    def of(cls, score: Score, mu: float, sigma: float, loss: str) -> Step:
        """The step that scores would have the generator take."""
        own = slope(score, mu, sigma, loss)
        best = slope(lambda x: best_score(x, mu, sigma), mu, sigma, loss)
        cosine = torch.nn.functional.cosine_similarity(own, best, 0)
        return cls(mu, sigma, away(score, mu, sigma), float(cosine), float((own - best).norm()), float(best.norm()))

    @property
    def distance(self) -> float:
        """How far the samples' law is from the data's: Wasserstein-2, in closed form."""
        return math.hypot(self.mu, self.sigma - 1)


class Line(nn.Module):
    """A generator of two weights: mu + exp(log_sigma) z."""

    def __init__(self, mu: float, sigma: float):
        super().__init__()
        self.mu, self.log_sigma = nn.Parameter(torch.tensor(mu)), nn.Parameter(torch.tensor(math.log(sigma)))

    def forward(self, z: Tensor) -> Tensor:
        """Points of shape (B, 1) of noise of shape (B, 1)."""
        return self.mu + self.log_sigma.exp() * z


class Moving(Ahead):
    """A game on the line that keeps a record of each step of its generator, taken before the step.

    Args:
        loss: One of :data:`LOSSES`.
    """

    loss: str = "non-saturating"
    objective: Objective = follows(factory=lambda game: _OBJECTIVES[game.loss])

    def build(self) -> None:
        super().build()
        self.steps: list[Step] = []

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        line = self.generator
        if not isinstance(line, Line):
            raise TypeError(f"A generator on the line is a Line; got {type(line).__name__}.")
        mu, sigma = line.mu.item(), line.log_sigma.exp().item()
        self.steps.append(Step.of(self.scores, mu, sigma, self.loss))
        return super().generator_loss(batch)

    def scores(self, x: Tensor) -> Tensor:
        """Raw scores of places (n,) in double precision."""
        return self.score(x.float()[:, None].to(self.device)).cpu().double()


def best_path(mu: float, sigma: float, rounds: int, rate: float, loss: str = "non-saturating") -> list[Step]:
    """The steps of a generator whose discriminator is the best one at every round."""
    steps = []
    for _ in range(rounds):
        score = lambda x, mu=mu, sigma=sigma: best_score(x, mu, sigma)  # noqa: E731
        steps.append(Step.of(score, mu, sigma, loss))
        down = rate * slope(score, mu, sigma, loss)
        mu, sigma = mu - float(down[0]), sigma * math.exp(-float(down[1]))
    return steps


@lesson(
    "why-k-steps",
    says="After each step of G, D is behind p / (p + q): the more steps it takes, the truer the slope that G follows",
    source="Goodfellow et al., 2014, algorithm 1",
    quick={"steps": (1, 4), "rounds": 12},
)
def why_k_steps(
    steps: tuple[int, ...] = (1, 2, 5, 20),
    loss: Literal["non-saturating", "minimax"] = "non-saturating",
    mu: float = 2.5,
    sigma: float = 0.5,
    rounds: int = 120,
    rate: float = 0.1,
    judge_rate: float = 1e-3,
    batch: int = 256,
    seed: int = 0,
) -> Shown:
    """How far D is from the best one, and the generator's gradient from the true one, by D's steps a round.

    Args:
        steps: D's steps for each of G's: a game for each.
        loss: What the generator descends.
        mu: The mean of the samples at first; the data's is 0.
        sigma: Their standard deviation; the data's is 1.
        rounds: The generator's steps.
        rate: Of the generator, by gradient descent.
        judge_rate: Of the discriminator, by Adam.
        batch: Data and samples in each step.
        seed: What all follows from.

    Raises:
        ValueError: if a number is too small.
    """
    require("why-k-steps", steps=steps, rounds=rounds, batch=batch)
    if min(sigma, rate, judge_rate) <= 0:
        raise ValueError(f"Deviation and rates are above zero; got {sigma}, {rate} and {judge_rate}.")
    data = world(torch.randn(50_000, 1, generator=torch.Generator().manual_seed(mix(seed, 1))), _FIELD)
    paths: dict[str, list[Step]] = {}
    for k in steps:
        alone = max(_ALONE // k, 1)
        make = partial(
            Moving,
            data.spec,
            latent=1,
            architecture=Flat(32, depth=2),
            prior=Normal(),
            optimizer=Adam(judge_rate, (0.5, 0.99)),
            discriminator_moves=k,
            generator=Line(mu, sigma),
            ahead=alone / (alone + rounds),
            generator_optimizer=SGD(rate),
            loss=loss,
        )
        for _, game in played(make, data, alone + rounds, batch, seed=seed, doing=f"{k} steps of D a round"):
            paths[f"{k}"] = game.steps
    paths["best D"] = best_path(mu, sigma, rounds, rate, loss)
    rows = [_row(k, path) for k, path in paths.items()]
    return Shown(rows, _drawn(rows, paths), found=_found(rows))


def _row(k: str, path: Sequence[Step]) -> dict[str, str | float]:
    """Means over the steps; of what concerns gradients, weighted by the true gradient's length."""
    whole = sum(step.length for step in path)
    return {
        "steps of D": k,
        "mean |D - D*|": sum(step.away for step in path) / len(path),
        "gradient error": sum(step.wrong for step in path) / whole,
        "cosine": sum(step.cosine * step.length for step in path) / whole,
        "distance at the end": path[-1].distance,
    }


def _found(rows: Sequence[Mapping[str, str | float]]) -> str:
    few, many = rows[0], rows[-2]
    behind, cosines = ([float(row[name]) for row in (few, many)] for name in ("mean |D - D*|", "cosine"))
    return (
        f"With k = {few['steps of D']}, D is {behind[0]:.3f} from its best on average, and the gradient that G follows "
        f"has the cosine {cosines[0]:.2f} with the true one; with k = {many['steps of D']}, {behind[1]:.3f} and "
        f"{cosines[1]:.2f}."
    )


def _drawn(rows: Sequence[Mapping[str, str | float]], paths: Mapping[str, Sequence[Step]]) -> Figure:
    titles = ["How far D is from its best", "G's gradient beside the true one", "Where the generator goes"]
    figure, (behind, wrong, plane) = panels(titles)
    for (k, path), colour in zip(paths.items(), [*COLOURS[: len(paths) - 1], "black"], strict=False):
        look: dict[str, Any] = {"color": colour, "label": k if k == "best D" else f"k = {k}", "linewidth": 1.4}
        if k != "best D":
            behind.plot([step.away for step in path], **look)
        plane.plot([step.mu for step in path], [step.sigma for step in path], **look)
    for name, colour in (("cosine", COLOURS[0]), ("gradient error", COLOURS[1])):
        values = [float(row[name]) for row in rows[:-1]]
        wrong.plot([row["steps of D"] for row in rows[:-1]], values, "o-", color=colour, label=name)
    for level in (0, 1):
        wrong.axhline(level, color="#cccccc", linewidth=0.8, zorder=0)
    behind.set_xlabel("steps of G", color=INK)
    behind.set_ylabel("mean |D - D*|", color=INK)
    wrong.set_xlabel("steps of D for each of G", color=INK)
    plane.plot(0, 1, "+", color=INK, markersize=12)
    plane.set_xlabel("mean of the samples", color=INK)
    plane.set_ylabel("their deviation", color=INK)
    legend(wrong, loc="lower right", bbox_to_anchor=(1, 0.05))
    legend(plane, loc="upper right")
    return figure
