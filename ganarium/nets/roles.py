"""Networks by role: what a game may ask of any generator, discriminator or encoder, whatever is inside.

A generator is a *body* from latents to data. A discriminator and an encoder are a *trunk* from data to features and a
*head*, the last linear layer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Discriminator", "Encoder", "Generator", "features_of"]


def join(x: Tensor, c: Tensor | None, size: int, who: str) -> Tensor:
    r"""``x`` and a condition side by side along axis 1; for maps, the condition is repeated at every place.

    Args:
        x: Of shape (B, N, \*sides).
        c: Of shape (B, size), or None if ``size`` is 0.
        size: How many numbers ``who`` takes as its condition.
        who: The network, for messages.
    """
    if c is None and size == 0:
        return x
    if c is None or c.shape != (len(x), size):
        given = "nothing" if c is None else f"shape {tuple(c.shape)}"
        needs = f"a condition c of shape ({len(x)}, {size}) with this batch" if size else "no condition"
        raise ValueError(f"This {who} takes {needs}; got {given}. It was built with condition={size}.")
    places = c.reshape(*c.shape, *[1] * (x.ndim - 2)).expand(-1, -1, *x.shape[2:])
    return torch.cat([x, places.to(x.dtype)], 1)


def check_counts(**counts: int) -> None:
    """Raise unless every number is at least 1; ``condition`` may be 0."""
    for name, value in counts.items():
        least = 0 if name == "condition" else 1
        if value < least:
            raise ValueError(f"A network needs {name} >= {least}; got {name}={value}.")


class Generator(nn.Module):
    r"""From latents to data.

    Args:
        body: From vectors of shape (B, latent + condition) to samples of shape (B, \*shape).
        latent: How many numbers a latent has.
        condition: How many numbers a condition has; they follow the latent's.
    """

    def __init__(self, body: nn.Module, latent: int, condition: int = 0):
        super().__init__()
        self.body = body
        self.latent = latent
        self.condition = condition

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        r"""Samples of shape (B, \*shape), for latents of shape (B, latent) and conditions of shape (B, condition)."""
        return self.body(join(z, c, self.condition, "generator"))


class Discriminator(nn.Module):
    r"""From data to raw scores: no sigmoid.

    Args:
        trunk: From samples, with the condition joined to their channels, to features of shape (B, feature_size).
        feature_size: How many features there are.
        outputs: How many scores a sample gets.
        condition: How many numbers a condition has.
        bias: Whether the head has a bias.
    """

    def __init__(self, trunk: nn.Module, feature_size: int, outputs: int = 1, condition: int = 0, bias: bool = True):
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(feature_size, outputs, bias=bias)
        self.feature_size = feature_size
        self.condition = condition

    def features(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """What the head sees, of shape (B, feature_size)."""
        return self.trunk(join(x, c, self.condition, "discriminator"))

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        r"""Raw scores of shape (B,), or (B, outputs) if there is more than one output.

        Args:
            x: Of shape (B, \*shape).
            c: Of shape (B, condition).
        """
        scores = self.head(self.features(x, c))
        return scores.squeeze(1) if scores.shape[1] == 1 else scores


class Encoder(nn.Module):
    r"""From data to codes.

    Args:
        trunk: From samples to features of shape (B, feature_size).
        feature_size: How many features there are.
        outputs: How many numbers a code has.
    """

    def __init__(self, trunk: nn.Module, feature_size: int, outputs: int):
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(feature_size, outputs)
        self.feature_size = feature_size

    def features(self, x: Tensor) -> Tensor:
        """What the head sees, of shape (B, feature_size)."""
        return self.trunk(x)

    def forward(self, x: Tensor) -> Tensor:
        r"""Codes of shape (B, outputs), for samples of shape (B, \*shape)."""
        return self.head(self.features(x))


def features_of(critic: nn.Module, who: str) -> Callable[..., Tensor]:
    """From samples to what the critic's head sees, of shape (B, features).

    Args:
        critic: A :class:`Discriminator`, or any network that has ``features``.
        who: The game, for messages.

    Raises:
        ValueError: if it has none.
    """
    features: Any = getattr(critic, "features", None)
    if features is None:
        raise ValueError(
            f"{who} matches features of a Discriminator (ganarium.nets.roles), which has them before its head; got "
            f"{type(critic).__name__}. Wrap it, or choose another objective."
        )
    return features
