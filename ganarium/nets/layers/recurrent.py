r"""Recurrent networks for sequences of real numbers: one that writes step by step, one that judges every step.

Reference:
    Mogren: C-RNN-GAN: Continuous recurrent neural networks with adversarial training, 2016, arXiv 1611.09904.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ganarium.nets.roles import check_counts
from ganarium.spec import Field

__all__ = ["StepDiscriminator", "StepGenerator", "StepLatents", "mean_logit"]

State = tuple[Tensor, Tensor]


def check_sequence(field: Field) -> None:
    """Raise unless a sample is a sequence of vectors."""
    if len(field.shape) != 2:
        raise ValueError(f"Recurrent networks take sequences of shape (T, F); got '{field}'.")


class StepLatents:
    """What a latent of a sequence holds: noise for each step, what stands before the first, and what all steps share.

    Args:
        field: What a sequence looks like.
        latent: How many numbers the noise of a step has; as many as a step, F, if left out.
        shared: How many numbers all steps share; may be 0.

    Raises:
        ValueError: if there are fewer numbers than none to share.

    Example:
        >>> noise, first = (latents := StepLatents(Field((7, 2), "sequence"), shared=3))(torch.rand(5, 19))
        >>> latents.size, latents.step, noise.shape, first.shape
        (19, 5, torch.Size([5, 7, 5]), torch.Size([5, 2]))
    """

    def __init__(self, field: Field, latent: int | None = None, shared: int = 0):
        check_sequence(field)
        if shared < 0:
            raise ValueError(f"A sequence's steps share at least 0 numbers; got {shared}.")
        self.length, width = field.shape
        own = latent or width
        self.parts = [self.length * own, width, shared]
        #: How many coordinates a latent has, and how many numbers each step sees of it.
        self.size, self.step = sum(self.parts), own + shared

    def __call__(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Of latents (B, size), what each step sees, (B, T, step), and what stands before the first, (B, F)."""
        noise, first, shared = z.split(self.parts, 1)
        everywhere = shared[:, None].expand(-1, self.length, -1)
        return torch.cat([noise.unflatten(1, (self.length, -1)), everywhere], 2), first


class StepGenerator(nn.Module):
    """Writes a sequence step by step, from noise at each step and what it wrote at the step before.

    Every number ends in a tanh, in [-1, 1], where the data's are.

    Args:
        field: What a sequence looks like.
        latent: How many numbers the noise of a step has.
        units: Units of each layer.
        layers: Recurrent layers.
        dropout: The share of units that are dropped between recurrent layers.

    Example:
        >>> StepGenerator(Field((7, 2), "sequence"), latent=3, units=8)(torch.rand(5, 7, 3), torch.rand(5, 2)).shape
        torch.Size([5, 7, 2])
    """

    def __init__(self, field: Field, latent: int, units: int = 350, layers: int = 2, dropout: float = 0.0):
        super().__init__()
        check_sequence(field)
        check_counts(latent=latent, units=units, layers=layers)
        self.read = nn.Sequential(nn.Linear(latent + field.shape[1], units), nn.ReLU())
        self.states = nn.LSTM(units, units, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.write = nn.Linear(units, field.shape[1])
        self.bounds = nn.Tanh()

    def forward(self, noise: Tensor, first: Tensor, teacher: Tensor | None = None) -> Tensor:
        """Sequences of shape (B, T, F).

        Args:
            noise: Of shape (B, T, latent).
            first: What stands before the first step, of shape (B, F).
            teacher: Real sequences (B, T, F), whose steps take the place of those that were just written.
        """
        if teacher is not None:
            before = torch.cat([first[:, None], teacher[:, :-1]], 1)
            return self.step(noise, before, None)[0]
        steps, state = [first[:, None]], None
        for now in noise.split(1, 1):
            step, state = self.step(now, steps[-1], state)
            steps.append(step)
        return torch.cat(steps[1:], 1)

    def step(self, noise: Tensor, before: Tensor, state: State | None) -> tuple[Tensor, State]:
        """What comes after ``before``, of shape (B, T, F), and the state after it."""
        hidden, after = self.states(self.read(torch.cat([noise, before], 2)), state)
        return self.bounds(self.write(hidden)), after


class StepDiscriminator(nn.Module):
    r"""Judges every step of a sequence in the light of all others.

    The raw score of a sequence is the logit of the mean of its steps' probabilities.

    Args:
        field: What a sequence looks like.
        units: Units of each direction of each layer.
        layers: Bidirectional recurrent layers.
        dropout: The share of units that are dropped between layers.

    Example:
        >>> judge = StepDiscriminator(Field((7, 2), "sequence"), units=8)
        >>> x = torch.rand(5, 7, 2)
        >>> judge(x).shape, judge.features(x).shape
        (torch.Size([5]), torch.Size([5, 7, 16]))
    """

    def __init__(self, field: Field, units: int = 350, layers: int = 2, dropout: float = 0.0):
        super().__init__()
        check_sequence(field)
        check_counts(units=units, layers=layers)
        rate = dropout if layers > 1 else 0.0
        self.states = nn.LSTM(field.shape[1], units, layers, batch_first=True, dropout=rate, bidirectional=True)
        self.head = nn.Linear(2 * units, 1)

    def features(self, x: Tensor) -> Tensor:
        """The last layer's outputs at every step, of shape (B, T, 2 units)."""
        return self.states(x)[0]

    def forward(self, x: Tensor) -> Tensor:
        """Raw scores of shape (B,), for sequences of shape (B, T, F)."""
        return mean_logit(self.head(self.features(x)).squeeze(2))


def mean_logit(scores: Tensor) -> Tensor:
    r"""The logit of the mean over axis 1 of the sigmoids of ``scores``, exact where the sigmoids saturate.

    With :math:`1 - \sigma(u) = \sigma(-u)` it is :math:`\log \sum_t \sigma(u_t) - \log \sum_t \sigma(-u_t)`.

    Example:
        >>> mean_logit(torch.full((1, 3), 50.0))
        tensor([50.])
    """
    return logsigmoid(scores).logsumexp(1) - logsigmoid(-scores).logsumexp(1)
