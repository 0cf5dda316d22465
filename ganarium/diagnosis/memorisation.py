r"""Memorisation: samples that are training data, more or less.

Copies are looked for in all that was learned from, by the tests of :mod:`ganarium.metrics.copies`: more samples than
chance allows are nearer to one training sample than held-out data is. Images are compared pixel by pixel (patch by
patch if they have more than 1,024 numbers), for features forgive what copies do not. A game that draws one sample all
the time is not asked whether it is a copy, unless it plainly is.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganarium.diagnosis.case import Case, Unknown
from ganarium.diagnosis.finding import Finding, Measure, State
from ganarium.diagnosis.remedies import advise
from ganarium.diagnosis.thresholds import MEMORISATION as T
from ganarium.metrics.copies import Copies

__all__ = ["examine", "pairs"]

NAME = "memorisation"
_LEAST = 5  # neighbours, effectively


def examine(case: Case) -> Finding:
    """Whether the averaged game gives its training data back."""
    if case.held_out is None:
        return _alone(case)
    found = case.learned.compare(case.rows)
    if found.effective < _LEAST and not found.found:
        raise Unknown(
            f"The {len(case.rows):,} samples have {found.effective:.1f} nearest neighbours, effectively: they repeat "
            "themselves, which hides whether they are copies. See mode collapse."
        )
    evidence = {
        "samples nearer to training data than held-out data is": Measure(found.nearer[0], "0.5"),
        "Meehan's z": Measure(found.z, "above -2"),
        "samples far nearer to one training sample than held-out data is": _share(found.single[0], found.level),
        "samples far nearer to all of them": _share(found.tail[0], found.level),
        "samples that equal training data": _share(found.duplicates[0], found.usual),
        "effective number of nearest neighbours": Measure(found.effective, "hundreds, or all of the data"),
        "chance without copying": Measure(found.chance, "above 0.05"),
    }
    state: State = "found" if found.found else "healthy"
    return Finding(NAME, state, _sentence(case, found), evidence, advise(case, NAME, state))


def pairs(case: Case, count: int = 8) -> tuple[Tensor, Tensor]:
    """The samples that are nearest to training data, and what they are nearest to; both of shape (count, ...)."""
    near = case.learned.search(case.rows) if case.held_out is None else case.learned.near(case.rows)
    order = near.distances.argsort()[:count]
    return case.x[order], case.data.gather(near.places[order])["x"].cpu()


def _share(value: float, usual: float) -> Measure:
    return Measure(value, f"about {usual:.2g}")


def _alone(case: Case) -> Finding:
    """Without held-out data only copies that are too close for chance are seen."""
    places = torch.randperm(len(case.data), generator=torch.Generator().manual_seed(case.seed))[: len(case.rows)]
    some = torch.cat(list(case.learned.rows(case.data, places)))
    usual, made = case.learned.search(some, itself=True).ratios, case.learned.search(case.rows).ratios
    close = float((made < usual.quantile(0.01)).double().mean())
    how = "Keep a part of the data away from it with --data.split train; from Python, give held_out=."
    if close < T.close_suspected:
        raise Unknown(f"There is no data that {case.name} has not learned from. {how}")
    return Finding(
        NAME,
        "suspected",
        f"{close:.0%} of samples are as near to one training sample, and to no other, as 1 % of data is. {how}",
        {"samples nearer to one training sample than 99 % of data": Measure(close, "about 0.01")},
        advise(case, NAME, "suspected"),
    )


def _sentence(case: Case, found: Copies) -> str:
    n = f"the {len(case.data):,} samples that it learned from"
    if found.found:
        return (
            f"{case.name} gives training data back: of {n}, {found.single[0]:.1%} of samples are nearer to one than "
            f"all but {found.level:.2%} of held-out data is, and {found.duplicates[0]:.1%} equal one (chance "
            f"{found.chance:.2g}); {found.nearer[0]:.0%} are nearer than held-out data."
        )
    near = "" if found.z > -2 else " They are nearer to all of them than held-out data is, as what is blurred is."
    return f"{case.name} copies nothing that can be seen of {n} (chance {found.chance:.2g}).{near}"
