r"""Networks for sentences beside data: one that reads, and two that hear what was read.

A sentence is read into a vector once; whoever takes it as a condition first projects it to fewer numbers, with weights
of its own, as text-to-image networks do (Reed et al., 2016, section 4). Functions tell which sentences of a batch
differ, and how well vectors of data and of sentences find each other.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, layer_norm

from ganarium.nets.layers.blocks import SLOPE
from ganarium.nets.roles import Discriminator, Generator, check_counts
from ganarium.spec import Field

__all__ = ["TextDiscriminator", "TextEncoder", "TextGenerator", "differ", "matching", "mismatched"]


class TextEncoder(nn.Module):
    """Reads sentences, in order, into vectors whose numbers have mean 0 and variance 1.

    The vector is a linear map of the mean of a recurrent network's states over the words of the sentence; token 0 fills
    sentences up and is not read.

    Args:
        field: The tokens.
        size: How many numbers come out.
        units: Units of the embedding of a word and of the recurrent state.

    Raises:
        ValueError: if the field holds no tokens.

    Example:
        >>> read = TextEncoder(Field((6,), "tokens", classes=10), size=8)
        >>> read(torch.tensor([[3, 4, 0, 0, 0, 0]])).shape
        torch.Size([1, 8])
    """

    def __init__(self, field: Field, size: int = 64, units: int = 64):
        super().__init__()
        check_counts(size=size, units=units)
        if field.kind != "tokens" or field.classes < 2:
            raise ValueError(f"A text encoder reads tokens of two words or more; got '{field}'.")
        self.words = nn.Embedding(field.classes, units)
        self.states = nn.GRU(units, units, batch_first=True)
        self.head = nn.Linear(units, size)

    def forward(self, text: Tensor) -> Tensor:
        """Vectors of shape (B, size), for tokens of shape (B, T)."""
        states, _ = self.states(self.words(text))
        read = (text != 0).unsqueeze(2).to(states.dtype)
        code = self.head((states * read).sum(1) / read.sum(1).clamp(min=1))
        return layer_norm(code, code.shape[1:])


class TextGenerator(nn.Module):
    r"""From latents and sentence vectors to data.

    Args:
        generator: From latents and conditions of ``projected`` numbers to samples.
        text: How many numbers a sentence vector has.
        projected: How many the generator hears.
    """

    def __init__(self, generator: Generator, text: int, projected: int = 128):
        super().__init__()
        self.project = nn.Sequential(nn.Linear(text, projected), nn.LeakyReLU(SLOPE))
        self.generator = generator

    def forward(self, z: Tensor, text: Tensor) -> Tensor:
        r"""Samples (B, \*shape), for latents (B, latent) and sentence vectors (B, text)."""
        return self.generator(z, self.project(text))


class TextDiscriminator(nn.Module):
    r"""From data and sentence vectors to raw scores: is this real, and does it match?

    The sentence joins late: the features of the data and the projected sentence meet in a hidden layer.

    Args:
        judge: Makes features of the data.
        text: How many numbers a sentence vector has.
        projected: How many are joined to the features.
        units: Units of the hidden layer.
    """

    def __init__(self, judge: Discriminator, text: int, projected: int = 128, units: int = 256):
        super().__init__()
        self.trunk = judge.trunk
        self.project = nn.Sequential(nn.Linear(text, projected), nn.LeakyReLU(SLOPE))
        joined = nn.Linear(judge.feature_size + projected, units)
        self.joint = nn.Sequential(joined, nn.LeakyReLU(SLOPE), nn.Linear(units, 1))

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        r"""Raw scores of shape (B,), for data (B, \*shape) and sentence vectors (B, text)."""
        return self.joint(torch.cat([self.trunk(x), self.project(text)], 1)).squeeze(1)


def differ(text: Tensor) -> Tensor:
    """Whether sentences i and j differ, of shape (B, B), for tokens of shape (B, T).

    Example:
        >>> differ(torch.tensor([[1, 2], [1, 2], [2, 1]])).tolist()
        [[False, False, True], [False, False, True], [True, True, False]]
    """
    return (text[:, None] != text).any(2)


def mismatched(text: Tensor) -> tuple[Tensor, Tensor]:
    """For each sentence the place of a random different one, of shape (B,), and 1 where there is one, else 0.

    Example:
        >>> mismatched(torch.tensor([[1, 2], [1, 2], [1, 2]]))[1]
        tensor([0., 0., 0.])
    """
    candidates = differ(text)
    lots = torch.rand(candidates.shape, device=text.device).add(1) * candidates
    other = lots.argmax(1)
    return other, candidates.gather(1, other[:, None]).squeeze(1).to(lots.dtype)


def matching(code: Tensor, read: Tensor, text: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """How well data and sentences of a batch find each other, and how often data find their own sentence.

    The same sentence in another place is no mistake: it is taken out.

    Args:
        code: Vectors of data (B, size); they are brought to mean 0 and variance 1.
        read: Vectors of their sentences (B, size).
        text: The sentences (B, T).
        temperature: What the similarities, means of products, are divided by.

    Returns:
        The mean of two cross entropies, in nats, of the sentence of each datum and the datum of each sentence; the
        share of data whose sentence is the likeliest, without gradient.
    """
    similarity = layer_norm(code, code.shape[1:]) @ read.T / (code.shape[1] * temperature)
    twin = ~differ(text) & ~torch.eye(len(text), dtype=torch.bool, device=text.device)
    similarity = similarity.masked_fill(twin, -1e4)
    own = torch.arange(len(text), device=text.device)
    loss = (cross_entropy(similarity, own) + cross_entropy(similarity.T, own)) / 2
    return loss, similarity.argmax(1).eq(own).mean(dtype=similarity.dtype)
