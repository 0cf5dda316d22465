r"""Discriminator overfitting: scores of training data that other data of the same law does not get.

With the scores of training data, held-out data and samples, higher for data, the heuristic of Karras et al. (2020,
arXiv 2006.06676, equation 1) is

.. math::

    r = \frac{\mathbb E_\text{train} - \mathbb E_\text{held out}}{\mathbb E_\text{train} - \mathbb E_\text{samples}},

0 for a discriminator that learned nothing by heart, and 1 for one that takes held-out data for samples. Beside it, the
probability that a training score is above a held-out one (AUC): 0.5 if there is no telling. Scores are of the last
round's weights, which the generator plays against; those of the averaged weights stand beside them.
"""

from __future__ import annotations

from torch import Tensor

from ganarium.diagnosis.case import Case, Unknown
from ganarium.diagnosis.finding import Finding, Measure, State
from ganarium.diagnosis.remedies import advise
from ganarium.diagnosis.thresholds import OVERFITTING as T

__all__ = ["above", "examine", "heuristic"]

NAME = "discriminator overfitting"


def examine(case: Case) -> Finding:
    """Whether the discriminator knows its training data by heart."""
    last = case.scores(case.last)
    if "held-out data" not in last:
        raise Unknown(
            "There is no data that the discriminator has not learned from. Train with --data.split train, which keeps "
            "the test part away from it; from Python, give held_out=."
        )
    auc, error = above(last["training data"], last["held-out data"])
    evidence = {
        "training above held-out scores (AUC)": Measure(auc, "0.5"),
        "its standard error": Measure(error, f"small beside {T.auc_found - 0.5:.2g}"),
    }
    r, mean_auc = None, above(*list(case.scores(case.average).values())[:2])[0]
    if "samples" in last:
        r = heuristic(*last.values())
        evidence["r = (train - held out) / (train - samples)"] = Measure(r, "about 0; 1 is the worst")
        evidence["training above samples' scores (AUC)"] = Measure(
            above(last["training data"], last["samples"])[0], "0.5 at rest, more while training"
        )
    evidence["AUC of training above held-out, averaged weights"] = Measure(mean_auc, "0.5")
    state = _state(auc, error, r)
    return Finding(NAME, state, _sentence(state, case, auc, r), evidence, advise(case, NAME, state))


def above(one: Tensor, other: Tensor) -> tuple[float, float]:
    """The probability that a score of the first is above one of the second, and its standard error if there is none.

    Example:
        >>> import torch
        >>> above(torch.tensor([2.0, 3.0]), torch.tensor([1.0, 2.0]))[0]
        0.875
    """
    n, m = len(one), len(other)
    # As many comparisons as pairs; a thousand of each at most.
    difference = one[:, None] - other[None, :]
    value = ((difference > 0).double() + 0.5 * (difference == 0).double()).mean()
    return float(value), ((n + m + 1) / (12 * n * m)) ** 0.5


def heuristic(train: Tensor, held_out: Tensor, samples: Tensor) -> float:
    """r of Karras et al.; 0 if training data and samples score alike.

    Example:
        >>> import torch
        >>> heuristic(torch.tensor([1.0]), torch.tensor([0.0]), torch.tensor([-1.0]))
        0.5
    """
    gap = float(train.mean() - samples.mean())
    noise = float(train.std(unbiased=False) + samples.std(unbiased=False)) / max(len(train), 1) ** 0.5
    return 0.0 if abs(gap) <= 2 * noise and noise else float(train.mean() - held_out.mean()) / (gap or 1.0)


def _state(auc: float, error: float, r: float | None) -> State:
    # What may be chance is no finding, however large it is.
    if auc - 2 * error <= 0.5:
        return "healthy"
    if auc > T.auc_found and (r is None or r > T.r_found):
        return "found"
    return "suspected" if auc > T.auc_suspected else "healthy"


def _sentence(state: State, case: Case, auc: float, r: float | None) -> str:
    n = len(case.data)
    if state == "healthy":
        return f"The discriminator scores held-out data as it scores the {n:,} samples that it learned from."
    how = "" if r is None else f", and held-out data lies {r:.0%} of the way from training data to samples"
    return (
        f"The discriminator knows its {n:,} training samples: one of them scores above a held-out one with a "
        f"probability of {auc:.2f}{how}."
    )
