r"""Why inference is hard: the posterior of binary causes, by counting all of them, and what a factorised guess misses.

Causes :math:`h \in \{0, 1\}^H` are there with probability :math:`\pi`, and each effect fails to show only if every
cause that is there fails to bring it about (a noisy or, with a leak for causes that are not named):

.. math::

    p(x, h) = \prod_j \pi^{h_j} (1 - \pi)^{1 - h_j} \prod_i p(x_i | h), \qquad
    p(x_i = 0 | h) = (1 - l) \prod_j (1 - w_{ij})^{h_j}.

The posterior :math:`p(h | x) = p(x, h) / \sum_{h'} p(x, h')` has a sum of :math:`2^H` terms. It does not factorise
though the prior does: where one cause is known to be there, it *explains away* the others. For any guess :math:`q`,

.. math::

    \log p(x) = \underbrace{\mathbb E_q \log \frac{p(x, h)}{q(h)}}_{\text{evidence lower bound}}
    + KL\bigl(q(h) \,\|\, p(h | x)\bigr),

and the best guess of H independent causes stays below by that divergence. Its bound is made to rise here cause by
cause, with exact means; those are sums over all causes too, which is why learned models draw from q instead.

References:
    Pearl: Probabilistic Reasoning in Intelligent Systems, 1988, section 4.3.2 (noisy or, explaining away).
    Saul, Jaakkola, Jordan: Mean Field Theory for Sigmoid Belief Networks, JAIR 1996, arXiv cs/9603102.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.special import xlogy

from ganarium.randomness import mix, seeded
from ganarium.terminal.progress import watched
from ganarium.theory.panels import COLOURS, DATA, legend, panels
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Guess", "NoisyOr", "best_guess", "by_effects", "configurations", "log_joint", "mean_field"]

_MOST = 16  # causes that are counted, 65,536 terms
_SHOWN = 4  # causes, at most, whose configurations are drawn


def configurations(causes: int) -> Tensor:
    """All ways in which causes can be there or not, of shape (2^causes, causes); the first cause changes slowest.

    Raises:
        ValueError: if there are too many to be counted.

    Example:
        >>> configurations(2).int().tolist()
        [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    if not 0 <= causes <= _MOST:
        raise ValueError(f"All 2^H terms of H <= {_MOST} causes can be counted here; got H = {causes}.")
    bits = torch.arange(2**causes)[:, None] >> torch.arange(causes - 1, -1, -1)
    return (bits & 1).double()


@dataclass(frozen=True)
class NoisyOr:
    """Causes and effects.

    Args:
        prior: The probability of a cause.
        strengths: The probability that a cause brings an effect about, of shape (effects, causes).
        leak: The probability of an effect without any cause.
    """

    prior: float
    strengths: Tensor
    leak: float

    def __post_init__(self) -> None:
        strengths = self.strengths
        if not 0 < self.prior < 1 or not 0 < self.leak < 1 or bool(((strengths < 0) | (strengths >= 1)).any()):
            raise ValueError(
                "A noisy or needs a prior and a leak between 0 and 1, and strengths from 0 to less than 1; got "
                f"prior={self.prior}, leak={self.leak}, strengths from {strengths.min():g} to {strengths.max():g}."
            )

    @property
    def causes(self) -> int:
        """How many causes there are."""
        return self.strengths.shape[1]


def log_joint(model: NoisyOr, x: Tensor, h: Tensor) -> Tensor:
    """log p(x, h), of shape (n,).

    Args:
        model: Causes and effects.
        x: Which effects show, of shape (effects,).
        h: Configurations of shape (n, causes).
    """
    there = h.sum(1)
    causes = there * math.log(model.prior) + (model.causes - there) * math.log1p(-model.prior)
    fails = math.log1p(-model.leak) + h @ torch.log1p(-model.strengths.double()).T
    return causes + torch.where(x.bool(), (-fails.exp()).log1p(), fails).sum(1)


@dataclass(frozen=True)
class Guess:
    """A law of independent causes.

    Args:
        beliefs: The probability of each cause, of shape (causes,).
        bound: Its evidence lower bound on log p(x), in nats.
        rises: The bound before and after each round.
    """

    beliefs: Tensor
    bound: float
    rises: tuple[float, ...]

    @property
    def law(self) -> Tensor:
        """Its probabilities of all configurations, of shape (2^causes,)."""
        return _product(self.beliefs)


def _product(beliefs: Tensor) -> Tensor:
    law = beliefs.new_ones(1)
    for belief in beliefs:
        # In the order of `configurations`: the first cause changes slowest.
        law = torch.stack([law * (1 - belief), law * belief], 1).flatten()
    return law


def _bound(beliefs: Tensor, joint: Tensor) -> float:
    q = _product(beliefs)
    return float((q * joint - xlogy(q, q)).sum())


def mean_field(joint: Tensor, begin: Tensor, rounds: int = 200, tolerance: float = 1e-8) -> Guess:
    r"""The independent causes whose bound no change of one cause raises: each in turn gets its best belief,

    .. math:: \operatorname{logit} q_j = \mathbb E_q [\log p(x, h) | h_j = 1] - \mathbb E_q [\log p(x, h) | h_j = 0].

    Args:
        joint: log p(x, h) of all configurations, of shape (2^causes,).
        begin: First beliefs, of shape (causes,).
        rounds: Rounds of updates, at most.
        tolerance: Stop when a round raises the bound by less.
    """
    beliefs = begin.double().clone()
    rises = [_bound(beliefs, joint)]
    for _ in range(rounds):
        for j in range(len(beliefs)):
            alone = joint.view(2**j, 2, -1)
            # What the cause adds, for each configuration of the others.
            adds = (alone[:, 1] - alone[:, 0]).flatten()
            beliefs[j] = torch.sigmoid(_product(torch.cat([beliefs[:j], beliefs[j + 1 :]])) @ adds)
        rises.append(_bound(beliefs, joint))
        if rises[-1] - rises[-2] < tolerance:
            break
    return Guess(beliefs, rises[-1], tuple(rises))


def best_guess(joint: Tensor, causes: int) -> Guess:
    """The best that :func:`mean_field` comes to from undecided beliefs and from each cause alone."""
    begun = torch.cat([torch.full((1, causes), 0.5), 0.05 + 0.9 * torch.eye(causes)])
    return max((mean_field(joint, begin) for begin in begun), key=lambda guess: guess.bound)


def by_effects(model: NoisyOr, x: Tensor) -> float:
    r"""log p(x) by another way, whose terms double with the effects that show, not with the causes.

    .. math::

        p(x) = \sum_{S \subseteq \{i: x_i = 1\}} (-1)^{|S|} \prod_{i \in S'} (1 - l)
        \prod_j \Bigl(1 - \pi + \pi \prod_{i \in S'} (1 - w_{ij})\Bigr), \qquad S' = S \cup \{i: x_i = 0\}

    (Heckerman: A Tractable Inference Algorithm for Diagnosing Multiple Diseases, UAI 1989).

    Args:
        model: Causes and effects.
        x: Which effects show, of shape (effects,).
    """
    shown = x.bool()
    chosen = configurations(int(shown.sum()))
    silent = torch.ones(len(chosen), len(x)).double()
    silent[:, shown] = chosen
    fails = (silent @ torch.log1p(-model.strengths.double())).exp()
    products = (1 - model.leak) ** silent.sum(1) * (1 - model.prior + model.prior * fails).prod(1)
    return float((products * (-1.0) ** chosen.sum(1)).sum().log())


@lesson(
    "posterior",
    says="The exact posterior of H causes is a sum of 2^H terms; independent guesses cannot explain away",
    source="Pearl, 1988, section 4.3.2; Saul, Jaakkola, Jordan, 1996",
    quick={"causes": (2, 4, 6)},
)
def posterior(
    causes: tuple[int, ...] = (2, 4, 6, 8, 10, 12, 14, 16),
    effects: int = 3,
    prior: float = 0.1,
    leak: float = 0.01,
    seed: int = 0,
) -> Shown:
    """The posterior of binary causes once all effects show, and the best bound of a guess that has them independent.

    Args:
        causes: How many causes H there are, in each row.
        effects: How many effects there are; all of them show.
        prior: The probability of each cause.
        leak: The probability of an effect without any cause.
        seed: What the strengths follow from, which lie between 0.5 and 0.9.

    Raises:
        ValueError: if there are less than two causes or too many, or a probability is none.
    """
    if not causes or min(causes) < 2 or max(causes) > _MOST or not 1 <= effects <= _MOST:
        raise ValueError(f"This lesson needs 2 to {_MOST} causes and 1 to {_MOST} effects; got {causes} and {effects}.")
    with seeded(torch.device("cpu"), mix(seed, 35)):
        # Drawn at once, so that a larger world has the causes of a smaller one.
        strengths = 0.5 + 0.4 * torch.rand(_MOST, effects, dtype=torch.float64).T
    worlds = [NoisyOr(prior, strengths[:, :count], leak) for count in causes]
    rows = [_row(world) for world in watched(worlds, len(worlds), lambda _: 1, doing="counting all terms")]
    small = [world for world in worlds if world.causes <= _SHOWN][-1:] or worlds[:1]
    figure, (away, guess, terms) = panels(
        ["Explaining away", f"All {2 ** small[0].causes} configurations", "Terms of the sum"], wide=4.6
    )
    _away(away, rows)
    _configurations(guess, small[0])
    _terms(terms, rows)
    return Shown(rows, figure, found=_found(rows))


def _row(world: NoisyOr) -> dict[str, Any]:
    h, x = configurations(world.causes), torch.ones(len(world.strengths))
    joint = log_joint(world, x, h)
    evidence = joint.logsumexp(0)
    exact, guess = (joint - evidence).exp(), best_guess(joint, world.causes)
    q = guess.law
    return {
        "H": world.causes,
        "terms": len(joint),
        "log p(x)": float(evidence),
        "by effects": by_effects(world, x),
        "best bound": guess.bound,
        "missed": float(evidence) - guess.bound,
        "KL(q, posterior)": float((xlogy(q, q) - q * (joint - evidence)).sum()),
        "p(h1)": world.prior,
        "p(h1 | x)": float(exact @ h[:, 0]),
        "p(h1 | x, h2)": float((exact * h[:, 1]) @ h[:, 0] / (exact @ h[:, 1])),
    }


def _found(rows: Sequence[Mapping[str, Any]]) -> str:
    first, last = rows[0], rows[-1]
    return (
        f"{last['terms']:,} terms for {last['H']} causes. Of {first['H']} causes, "
        f"the effects raise the first from {first['p(h1)']:.2f} to {first['p(h1 | x)']:.2f}, and knowing the second "
        f"{'lowers' if first['p(h1 | x, h2)'] < first['p(h1 | x)'] else 'raises'} it to {first['p(h1 | x, h2)']:.2f}. "
        f"The independent guess misses {min(row['missed'] for row in rows):.2f} nats of log p(x) or more."
    )


def _away(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    names = {"p(h1)": DATA, "p(h1 | x)": COLOURS[1], "p(h1 | x, h2)": COLOURS[0]}
    for place, (name, colour) in enumerate(names.items()):
        along = [at + 0.27 * (place - 1) for at in range(len(rows))]
        axes.bar(along, [row[name] for row in rows], 0.25, color=colour, label=name)
    axes.set_xticks(range(len(rows)), [str(row["H"]) for row in rows])
    axes.set(xlabel="causes H", ylabel="probability of the first cause")
    legend(axes, loc="upper right")


def _configurations(axes: Axes, world: NoisyOr) -> None:
    h = configurations(world.causes)
    joint = log_joint(world, torch.ones(len(world.strengths)), h)
    guess = best_guess(joint, world.causes)
    places, exact = torch.arange(len(h)), (joint - joint.logsumexp(0)).exp()
    axes.bar((places - 0.2).tolist(), exact.tolist(), 0.4, color=COLOURS[1], label="posterior")
    axes.bar((places + 0.2).tolist(), guess.law.tolist(), 0.4, color=COLOURS[5], label="best independent guess")
    words = ["".join(str(int(bit)) for bit in row) for row in h]
    axes.set_xticks(places.tolist(), words, rotation=90, family="monospace")
    axes.set(xlabel="which causes are there", ylabel="probability")
    legend(axes, loc="upper right")


def _terms(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    along, year = range(1, 65), 365.25 * 24 * 3600 * 1e9
    axes.semilogy(along, [2.0**count for count in along], "--", color=COLOURS[1], linewidth=1.2, label="posterior: 2^H")
    axes.semilogy([row["H"] for row in rows], [row["terms"] for row in rows], "o", color=COLOURS[1], label="counted")
    axes.semilogy(along, list(along), color=COLOURS[5], linewidth=2, label="numbers of the guess: H")
    axes.axhline(year, color="#999999", linewidth=0.8, linestyle=":")
    axes.annotate("a year, at a billion terms a second", (1, year), va="bottom", fontsize=9)
    axes.set_xlabel("causes H")
    legend(axes, loc="upper left", bbox_to_anchor=(0.0, 0.8))
