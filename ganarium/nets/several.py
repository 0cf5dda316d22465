"""Several networks of one kind, which play one after another, or side by side."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

__all__ = ["check_number", "chosen", "several"]


def several(count: int, make: Callable[[], nn.Module]) -> nn.ModuleList:
    """As many new networks.

    Args:
        count: How many.
        make: Makes one.
    """
    return nn.ModuleList([make() for _ in range(count)])


def check_number(networks: nn.ModuleList, count: int, who: str, places: str) -> None:
    """Refuse networks, which a user may have given, that are not as many as they have places.

    Args:
        networks: The networks.
        count: How many are needed.
        who: The game, for messages.
        places: What each of them is for, in words: "3 ranks".

    Raises:
        ValueError: if they are more or fewer.
    """
    if len(networks) != count:
        raise ValueError(f"{who} needs one network for each of its {places}; got {len(networks)}.")


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
    rows = torch.stack([network(inputs) for network in networks], 1)
    return rows[torch.arange(len(inputs), device=inputs.device), which]
