r"""The factors of made-up data, read off samples: each sample has those of the nearest of a great many known ones.

Of data whose samples were made from factors (:attr:`ganarium.data.Data.factors`) everything is known, so that a sample
can be asked what shape, colour, key or mode it has. For points around known centres the nearest centre is the answer,
and for everything else the nearest sample of the world, by squared distance.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ganarium.metrics.features import Features

__all__ = ["Reader", "features", "reader"]

_KNOWN = 20_000  # samples that a stranger is compared with
_BLOCK = 1024


class Reader:
    """Reads factors off samples.

    Args:
        known: Samples (m, D), flattened.
        factors: The factors that each was made from, of shape (m,).
    """

    def __init__(self, known: Tensor, factors: dict[str, Tensor]):
        self.known, self.factors = known, factors
        #: How many values each counted factor has; measured ones are not in it.
        self.values = {name: int(value.max()) + 1 for name, value in factors.items() if not value.is_floating_point()}

    def nearest(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The place of the nearest known sample, and the root mean square difference, each of shape (n,)."""
        flat = x.flatten(1).float()
        places = torch.cat([torch.cdist(part, self.known).argmin(1) for part in flat.split(_BLOCK)])
        # Once more, for a table of distances comes by products, which cancel.
        return places, (flat - self.known[places]).square().mean(1).sqrt()


def reader(data: Any, field: str = "x") -> Reader:
    """What reads the factors of samples of some data.

    Raises:
        ValueError: if the data was not made from factors.
    """
    factors = data.factors
    if not factors:
        raise ValueError(f"{data.name} was not made from factors, so there are no features 'world'. Use others.")
    centres = data.truth.get("centres")
    if centres is not None and list(factors) == ["mode"]:
        of = data.spec[field]
        return Reader(of.normalise(centres), {"mode": torch.arange(len(centres))})
    names = [name for name in _of_domain(factors, field) if name not in data.truth.get("invisible", ())]
    places = torch.arange(0, len(data), max(1, -(-len(data) // _KNOWN)))
    known = torch.cat([data.gather(some)[field].cpu() for some in places.split(_BLOCK)])
    return Reader(
        known.flatten(1).float(), {name.removeprefix(f"{field}_"): factors[name].cpu()[places] for name in names}
    )


def features(data: Any, field: str) -> Features:
    """Factors as features: a one for the value of a counted factor, standardised measured ones, and the difference.

    The last feature is the root mean square difference from the nearest known sample, so that garbage stands apart.
    """
    reads = reader(data, field)
    # Counted factors stand first, each with a column for each value.
    ends = list(itertools.accumulate(reads.values.values(), initial=0))
    counted = {name: slice(*ends[i : i + 2]) for i, name in enumerate(reads.values)}
    measured = {name: value for name, value in reads.factors.items() if name not in counted}

    def embed(x: Tensor) -> tuple[Tensor, None]:
        places, distance = reads.nearest(x.cpu())
        ones = [one_hot(reads.factors[name][places], values).float() for name, values in reads.values.items()]
        others = [
            ((value[places] - value.mean()) / value.std().clamp_min(1e-12))[:, None] for value in measured.values()
        ]
        return torch.cat([*ones, *others, distance[:, None]], 1), None

    return Features("world", "", ends[-1] + len(measured) + 1, "as they are", embed, counted)


def _of_domain(factors: dict[str, Tensor], field: str) -> list[str]:
    """The names of a domain's factors, where they begin with its letter."""
    own = [name for name in factors if name.startswith(f"{field}_")]
    return own or [name for name in factors if not name[1:].startswith("_")]
