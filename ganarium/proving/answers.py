r"""Trivial answers: samples that nobody had to learn, measured as the samples of a claim's arms are.

A measure that one of them wins says nothing of a game. Each is asked as a game is, for so many samples of a field, with
labels or without, and gives them as a game would, in the units of batches:

=============  ========================================================================================================
``data``       real samples, held out where the data has such: the ceiling, which is shown and beats nobody
``copies``     sixteen samples of the data, repeated
``repeated``   one sample of the data, repeated
``noise``      each number by itself: normal, with the data's mean and deviation there, cut to the range of images;
               tokens and bits by how often the data has them there
``prototype``  the mean of the data, of each class where labels are asked for; of tokens and bits the most frequent
=============  ========================================================================================================
"""

from __future__ import annotations

from importlib import import_module
from math import isfinite
from typing import Any

import torch
from torch import Tensor

from ganarium.jobs.team import Job, Tell
from ganarium.metrics.judge import unseen
from ganarium.randomness import mix
from ganarium.terminal.progress import silent
from ganarium.zoo.claim import ANSWERS, Claim

__all__ = ["Answer", "score", "score_job"]

_COPIES = 16
_BOUNDED = ("image", "volume", "video")


class Answer:
    """A trivial answer.

    Args:
        name: ``data``, ``copies``, ``repeated``, ``noise`` or ``prototype``.
        seed: What its choices follow from.

    Raises:
        ValueError: if there is no such answer.

    Example:
        >>> from ganarium.data import load
        >>> Answer("repeated").samples(load("ring", count=100), 3).unique(dim=0).shape
        torch.Size([1, 2])
    """

    def __init__(self, name: str, seed: int = 0):
        if name not in ANSWERS:
            raise ValueError(f"A trivial answer is one of {', '.join(ANSWERS)}; got {name!r}.")
        self.name, self.seed = name, seed

    def samples(self, data: Any, count: int, field: str = "x", labels: Tensor | None = None) -> Tensor:
        """What is answered, of shape (count, \\*shape); of ``data`` itself no more than there is.

        Args:
            data: What is learned from.
            count: How many samples.
            field: Which field of the data.
            labels: The class (count,) that each sample is asked to be of, where games are told one.
        """
        of = (unseen(data) or data) if self.name == "data" else data
        order = torch.randperm(len(of), generator=self._source(0))
        x, y = of[field][order], None if labels is None else of["y"][order]
        if self.name == "noise":
            return self._noise(x, count, data.spec[field].kind)
        if self.name == "repeated":
            return x[:1].expand(count, *x.shape[1:]).clone()
        if y is not None and labels is not None:
            return self._labelled(x, y, labels)
        if self.name == "prototype":
            return _prototype(x).expand(count, *x.shape[1:]).clone()
        return x[:count] if self.name == "data" else x[torch.arange(count) % _COPIES]

    def _labelled(self, x: Tensor, y: Tensor, labels: Tensor) -> Tensor:
        """What is answered where each sample is asked to be of a class."""
        if self.name == "prototype":
            return _prototypes(x, y)[labels]
        return x[_dealt(y, labels, len(x) if self.name == "data" else _COPIES)]

    def _noise(self, x: Tensor, count: int, kind: str) -> Tensor:
        if _discrete(x):
            rows = torch.randint(len(x), (count, x[0].numel()), generator=self._source(1))
            return x.flatten(1).gather(0, rows).view(count, *x.shape[1:])
        made = x.mean(0) + x.std(0) * torch.randn(count, *x.shape[1:], generator=self._source(1))
        return made.clamp(-1, 1) if kind in _BOUNDED else made

    def _source(self, which: int) -> torch.Generator:
        return torch.Generator().manual_seed(mix(self.seed, 32 + which))


def score(module: str, tell: Tell) -> dict[str, dict[str, float]]:
    """What trivial answers score by the measure of a claim, by answer and name: the job of a child.

    Args:
        module: The claim's.
        tell: Is told of the progress.

    Raises:
        ValueError: if a score is not finite.
    """
    found = {}
    for done, name in enumerate(ANSWERS):
        tell(done, len(ANSWERS), name)
        with silent():
            row = import_module(module).trivial(Answer(name))
        found[name] = {measure: float(value) for measure, value in row.items()}
        if not all(map(isfinite, found[name].values())):
            raise ValueError(f"What was measured of the answer {name} is not finite: {found[name]}.")
    return found


def score_job(claim: Claim) -> Job:
    """The scores of a claim's trivial answers, as a job."""
    return Job(f"{claim.name}: trivial answers", "ganarium.proving.answers:score", {"module": claim.module})


def _discrete(x: Tensor) -> bool:
    """Whether numbers (n, \\*shape) are tokens or bits."""
    return not x.is_floating_point() or len(x.unique()) <= 2


def _prototype(x: Tensor) -> Tensor:
    return x.mode(0).values if _discrete(x) else x.mean(0)


def _prototypes(x: Tensor, y: Tensor) -> Tensor:
    """The prototype of each class, (classes, \\*shape); of all, for a class that nobody has."""
    return torch.stack([_prototype(x[y == k] if (y == k).any() else x) for k in range(int(y.max()) + 1)])


def _dealt(y: Tensor, labels: Tensor, count: int) -> Tensor:
    """A place (n,) for each label, among ``count`` places that the classes share; at least one each, taken in turn."""
    places, each = torch.zeros_like(labels), max(count // len(y.unique()), 1)
    for k in labels.unique():
        asked = (labels == k).nonzero().flatten()
        there = (y == k).nonzero().flatten()[: each if count < len(y) else len(y)]
        places[asked] = there[torch.arange(len(asked)) % len(there)] if len(there) else asked % len(y)
    return places
