"""Several networks of one kind, which play one after another, or side by side."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

__all__ = ["check_number", "chosen", "placed", "several", "stacked"]


def several(count: int, make: Callable[[], nn.Module]) -> nn.ModuleList:
    """As many new networks.

    Args:
        count: How many.
        make: Makes one.
    """
    return nn.ModuleList([make() for _ in range(count)])


def check_number(networks: nn.ModuleList, count: int, who: str, role: str) -> None:
    """Refuse networks, which a user may have given, that are not as many as are needed.

    Args:
        networks: The networks.
        count: How many are needed.
        who: The game, for messages.
        role: What they are, for messages: "generators".

    Raises:
        ValueError: if they are more or fewer.
    """
    if len(networks) != count:
        raise ValueError(f"{who} needs {count} {role}, one for each place; got {len(networks)}.")


def stacked(networks: nn.ModuleList, inputs: Tensor, dim: int = 1) -> Tensor:
    """What all networks make of the same inputs, stacked along an axis of their own."""
    return torch.stack([network(inputs) for network in networks], dim)


def chosen(networks: nn.ModuleList, inputs: Tensor, which: Tensor) -> Tensor:
    r"""What one network makes of each row: of row i, the network ``which[i]``.

    All networks see all rows: there is no branch, and no wait for the device.

    Args:
        networks: Each from rows (n, d) to rows (n, \*shape).
        inputs: Of shape (n, d).
        which: The places of networks, of shape (n,).

    Example:
        >>> nets = nn.ModuleList([nn.Identity(), nn.ReLU()])
        >>> chosen(nets, torch.tensor([[-1.0], [-1.0]]), torch.tensor([1, 0])).tolist()
        [[0.0], [-1.0]]
    """
    rows = stacked(networks, inputs)
    return rows[torch.arange(len(inputs), device=inputs.device), which]


def placed(u: Tensor, shares: Tensor) -> Tensor:
    """Places (n,) drawn by their shares of a mixture.

    Args:
        u: Uniform numbers in [0, 1), of shape (n,).
        shares: The places' probabilities, of shape (K,).

    Example:
        >>> placed(torch.tensor([0.1, 0.3, 0.9]), torch.tensor([0.25, 0.5, 0.25])).tolist()
        [0, 1, 2]
    """
    return u.unsqueeze(1).ge(shares.cumsum(0)[:-1]).sum(1)
