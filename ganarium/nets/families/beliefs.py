r"""What is believed of unknown numbers: a law, as a module whose parameters are learned."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Beliefs", "balanced_noise"]


class Beliefs(nn.Module):
    r"""The law :math:`q(\beta)`: independent normal coordinates. At first it is the prior.

    Args:
        size: How many coordinates.

    Example:
        >>> beliefs = Beliefs(3)
        >>> beliefs(5).shape, beliefs.kl().item()
        (torch.Size([5, 3]), 0.0)
    """

    def __init__(self, size: int):
        super().__init__()
        self.mean, self.log_sd = nn.Parameter(torch.zeros(size)), nn.Parameter(torch.zeros(size))

    def forward(self, n: int) -> Tensor:
        """``n`` draws, of shape (n, G), differentiable in mean and standard deviation."""
        return self.mean + self.log_sd.exp() * torch.randn_like(self.mean.expand(n, -1))

    def kl(self) -> Tensor:
        """The divergence from the prior N(0, I), in nats."""
        return 0.5 * (self.mean.square() + (2 * self.log_sd).exp() - 1 - 2 * self.log_sd).sum()

    def standard(self, cause: Tensor) -> Tensor:
        """Causes (n, G) in standard deviations from the mean, both without a gradient."""
        return (cause - self.mean.detach()) / self.log_sd.detach().exp()


def balanced_noise(count: int, size: int) -> Tensor:
    """Standard normal noise (2 count, size), always the same, with as much of it on either side of zero."""
    half = torch.randn(count, size, generator=torch.Generator().manual_seed(0))
    return torch.cat([half, -half])
