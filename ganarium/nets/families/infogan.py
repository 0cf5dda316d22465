r"""Codes with a simple law, which are to be read from what is made of them: a category, and numbers.

A category c is one of K, all alike; numbers :math:`v_j` are from :math:`U[-1, 1]`. A reader Q gives logits
:math:`l(x)` of the category and means :math:`\mu(x)` of numbers: a softmax, and Gaussians of standard deviation one.
Minus its log-likelihood, without the Gaussians' constants, is

.. math::

    -\log Q(c, v | x) = \operatorname{lse}_k l_k(x) - l_c(x) + \tfrac12 \lVert v - \mu(x) \rVert^2,

and :math:`H(c, v)` less its mean is a lower bound of the mutual information of codes and x.

Reference:
    Chen, Duan, Houthooft, Schulman, Sutskever, Abbeel: InfoGAN: Interpretable Representation Learning by Information
    Maximizing Generative Adversarial Nets, NIPS 2016, arXiv 1606.03657, sections 4 to 6.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganarium.ingredients import Uniform
from ganarium.nets.layers.conditions import one_hot
from ganarium.spec import Field

__all__ = ["LatentCodes", "recogniser"]


class LatentCodes(nn.Module):
    """The law of a category and of some numbers, and what reading them costs.

    Args:
        categories: How many values the category has, K.
        numbers: How many numbers there are; may be 0.
        category_weight: The weight of the category's cost.
        code_weight: That of the numbers'.

    Raises:
        ValueError: if there are fewer than two categories.

    Example:
        >>> codes = LatentCodes(4, 2)
        >>> drawn = codes(8)
        >>> codes.vectors(torch.zeros(8, 1), **drawn).shape, sorted(codes.cost(torch.zeros(8, 6), **drawn))
        (torch.Size([8, 6]), ['category', 'code'])
    """

    at: Tensor

    def __init__(self, categories: int, numbers: int, category_weight: float = 1.0, code_weight: float = 1.0):
        super().__init__()
        if categories < 2 or numbers < 0:
            raise ValueError(f"Codes have two categories or more, numbers or none; got {categories} and {numbers}.")
        self.categories, self.numbers, self.size = categories, numbers, categories + numbers
        self.category_weight, self.code_weight = category_weight, code_weight
        self.uniform = Uniform(-1.0, 1.0).of(numbers) if numbers else None
        self.register_buffer("at", torch.empty(0), persistent=False)

    @property
    def fields(self) -> dict[str, Field]:
        """What ``category`` and ``code`` look like; without numbers there is no code."""
        category = {"category": Field((), "label", classes=self.categories)}
        return {**category, "code": Field((self.numbers,), "attributes")} if self.numbers else category

    def forward(self, n: int) -> dict[str, Tensor]:
        """Categories (n,) and codes (n, numbers) from their laws."""
        category = (torch.rand(n, device=self.at.device) * self.categories).long()
        return {"category": category} | ({"code": self.uniform(n)} if self.uniform else {})

    def vectors(self, like: Tensor, category: Tensor, code: Tensor | None = None) -> Tensor:
        """Codes as rows (n, K + numbers) of the type of ``like``, the category one-hot."""
        numbers = like[:, :0] if code is None else code.to(like)
        return torch.cat([one_hot(category, self.categories, like), numbers], 1)

    def cost(self, read: Tensor, category: Tensor, code: Tensor | None = None) -> dict[str, Tensor]:
        """Minus the mean log-likelihoods of codes, weighted, where (n, K + numbers) was read: logits, then means."""
        terms = {"category": self.category_weight * cross_entropy(read[:, : self.categories], category)}
        if code is not None:
            terms["code"] = self.code_weight * (read[:, self.categories :] - code).square().sum(1).mean() / 2
        return terms

    def information(self, read: Tensor, category: Tensor) -> Tensor:
        """The lower bound of what samples tell of their category, in nats, at most log K; only watched."""
        return math.log(self.categories) - cross_entropy(read[:, : self.categories].detach(), category)

    def expected(self, read: Tensor) -> Tensor:
        """What was read, with the probabilities of the categories for their logits."""
        return torch.cat([read[:, : self.categories].softmax(1), read[:, self.categories :]], 1)


def recogniser(features: int, outputs: int) -> nn.Sequential:
    """From features (B, features) to what is read (B, outputs), with a hidden layer of 128 units.

    Args:
        features: How many the discriminator's trunk has.
        outputs: How many numbers are read.

    Example:
        >>> recogniser(8, 12)(torch.zeros(2, 8)).shape
        torch.Size([2, 12])
    """
    return nn.Sequential(nn.Linear(features, 128), nn.LeakyReLU(0.1), nn.Linear(128, outputs))
