r"""Standard errors: how much a number would vary with other samples of the same model, the reference left as it is.

* *A mean over samples*, each judged by itself, has the error of a mean, :func:`of_mean`.
* *A smooth function of the samples' law* moves by :math:`\tfrac1n\sum\psi(x_i) + \tfrac1{2n^2}\sum\psi_2(x_i, x_j)`
  (its first and second influence function). The variance of :math:`\psi` at the samples themselves counts the second
  term twice, as the jackknife does (Efron and Stein), and where samples have the law of the data the second is all that
  there is. :func:`of_influence` takes the excess off:

  .. math:: \operatorname{var} = \tfrac1n \operatorname{var} \psi - \tfrac1{2n^2}\, \mathbb E\, \psi_2(x, x')^2.
* *What neighbours or ranks say* is neither, and a bootstrap's repeated samples are neighbours that nobody has. But it
  is a sum of what happens in many places, each like the whole on a smaller scale: with half the samples and half the
  reference the variance is twice as large. :func:`of_halves` measures both halves of the samples by each half of the
  reference, for several random halves.

References:
    Efron, Stein: The Jackknife Estimate of Variance, Annals of Statistics 1981.
    Politis, Romano, Wolf: Subsampling, 1999.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ganarium.randomness import mix

__all__ = ["MANY", "SPLITS", "Pair", "of_halves", "of_influence", "of_mean", "over_blocks", "pair_square", "some"]

#: A number and its standard error, if there is one.
Pair = tuple[float, float | None]
#: Of so many blocks the spread is the error.
MANY = 30
#: How often samples are split into halves at most.
SPLITS = 24
#: How many rows a half has at most.
_HALF = 1000


def of_mean(values: Tensor) -> float:
    """The standard error of the mean of values (n,), each of one sample."""
    return float(values.double().std()) / math.sqrt(len(values))


def of_influence(influence: Tensor, second: float, n: int) -> float:
    """The standard error of a smooth function of the law of ``n`` samples.

    Args:
        influence: Its first influence at samples, of shape (m,): all of them, or a random part.
        second: The mean square of its second influence over pairs of samples.
        n: How many samples there are.
    """
    first = float(influence.double().var()) / n
    # Where the excess is larger than what it is taken from, what is left is the second term itself.
    return math.sqrt(max(first - second / (2 * n * n), second / (2 * n * n)))


def pair_square(gram: Tensor) -> float:
    """The mean square of a kernel over pairs of unlike samples, centred, from its matrix (n, n)."""
    n = len(gram)
    rows = gram.mean(1)
    centred = gram - rows[:, None] - rows + rows.mean()
    return float(centred.square().sum() - centred.diagonal().square().sum()) / (n * (n - 1))


def of_halves(
    measure: Callable[[Tensor, Tensor], Tensor], real: Tensor, made: Tensor, splits: int, seed: int
) -> list[float]:
    """The standard errors of numbers that neighbours or ranks give.

    Args:
        measure: From rows of the reference (n, d) and of samples (m, d) to numbers (k,).
        real: The reference.
        made: The samples.
        splits: How many random halves are tried.
        seed: What they follow from.
    """
    share = min(0.5, _HALF / max(len(real), len(made)))
    generator = torch.Generator().manual_seed(mix(seed, 17))
    squares = []
    for _ in range(min(splits, SPLITS)):
        (one, other), references = (_two(rows, share, generator) for rows in (made, real))
        squares += [(measure(part, one) - measure(part, other)).square() / 2 for part in references]
    return (torch.stack(squares).mean(0) * len(one) / len(made)).sqrt().tolist()


def _two(rows: Tensor, share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Two random parts that have no row in common."""
    size = int(len(rows) * share)
    places = torch.randperm(len(rows), generator=generator)
    return rows[places[:size]], rows[places[size : 2 * size]]


def some(rows: Tensor, count: int, seed: int) -> Tensor:
    """At most so many rows: all in their order, or a random part."""
    if len(rows) <= count:
        return rows
    return rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(mix(seed, 24)))[:count]]


def over_blocks(found: Sequence[dict[str, Pair]], resamples: int) -> dict[str, Pair]:
    """Of each number the mean over blocks, and its standard error."""
    return {name: _together([pairs[name] for pairs in found], resamples) for name in found[0]}


def _together(pairs: Sequence[Pair], resamples: int) -> Pair:
    values = torch.tensor([value for value, _ in pairs], dtype=torch.float64)
    errors = [error for _, error in pairs if error is not None]
    if len(errors) == len(pairs):
        return float(values.mean()), sum(error**2 for error in errors) ** 0.5 / len(pairs)
    many = resamples > 0 and len(pairs) >= MANY
    return float(values.mean()), float(values.std()) / len(pairs) ** 0.5 if many else None
