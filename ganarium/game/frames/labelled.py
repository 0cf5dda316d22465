r"""The frame of games that learn classes from a few labels, while all data teach them something else.

Of a batch of B data the labels of some are known, perhaps of none. So the cross entropy of the known ones is divided by
how many a batch holds on average, with the share :math:`s` of the data whose label is known:

.. math::

    L_y = \frac{1}{s B} \sum_{i \le B,\ y_i \text{ known}} \Big[\operatorname{lse}_k l_k(x_i) - l_{y_i}(x_i)\Big],

whose mean over batches is the mean over all known labels. The share is counted before the first round.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ganarium.game.game import Game
from ganarium.game.options import follows
from ganarium.game.player import Stage, Terms
from ganarium.spec import Batch

__all__ = ["Labelled", "known_labels"]


class Labelled(Game):
    r"""A game that also learns from labels ``y``, where there are any; -1 is a label that is not known.

    Where it has an option called ``label_weight``, this is the weight of the labels' term; otherwise that is one.

    Batch:
        ``x`` (B, \*shape): data. ``y`` (B,), where there are labels: their classes; -1 for those that are not known.

    Args:
        label_weight: The weight of known labels; 0 learns no classes, whatever the data tell.

    Raises:
        ValueError: if the weight of labels is negative.
    """

    also = ("y",)

    #: The share of the data whose label is known.
    labelled: Tensor = follows(factory=lambda game: torch.ones(()))

    def check(self) -> None:
        if self.weight_of_labels < 0:
            raise ValueError(
                f"{type(self).__name__} learns from labels by a weight of at least 0; got "
                f"label_weight={self.weight_of_labels}."
            )

    @property
    def weight_of_labels(self) -> float:
        """The weight of the labels' term."""
        return getattr(self, "label_weight", 1.0)

    @property
    def named(self) -> int:
        """How many classes are learned from labels; 0 where there are no labels, or they weigh nothing."""
        return self.spec["y"].classes if self.weight_of_labels and "y" in self.spec else 0

    def stages(self) -> list[Stage]:
        return [Stage("play", self.players(), begin=self.count_labels if self.named else None)]

    def count_labels(self, batches: Iterable[Batch]) -> None:
        """Find the share of the data whose label is known; where it is none, no class is learned."""
        known = torch.cat([batch["y"] >= 0 for batch in batches])
        self.labelled.fill_(known.mean(dtype=self.labelled.dtype))

    def label_terms(self, logits: Tensor, batch: Batch) -> Terms:
        """``label``, the weighted cross entropy of the known labels; nothing where no class is learned."""
        if not self.named:
            return {}
        return {"label": self.weight_of_labels * known_labels(logits, batch["y"], self.labelled)}


def known_labels(logits: Tensor, y: Tensor, share: Tensor) -> Tensor:
    """The cross entropy of the known labels, in nats: their sum, over the count of known ones to expect.

    Args:
        logits: Of shape (B, K).
        y: Classes of shape (B,); -1 for those that are not known.
        share: The share of all data whose label is known, a number.

    Example:
        >>> known_labels(torch.zeros(4, 2), torch.tensor([1, -1, 0, -1]), torch.tensor(0.5)).round(decimals=3)
        tensor(0.6930)
    """
    total = cross_entropy(logits, y, ignore_index=-1, reduction="sum")
    return total / (len(y) * share.clamp(min=1e-12))
