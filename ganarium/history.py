r"""Historical averaging: a player pays for leaving where its weights have been on average.

.. math:: \lambda\, \Big\lVert \theta - \frac1t \sum_{i=1}^t \theta_i \Big\rVert^2.

In games whose players run in circles around their point of rest, the average of the circle lies near that point. In
:math:`\min_x \max_y x y` simultaneous gradient steps spiral outwards; with this pull, they come to rest.

Reference:
    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen: Improved Techniques for Training GANs, NIPS 2016,
    arXiv 1606.03498, section 3.3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["HistoricalAverage"]


class HistoricalAverage(nn.Module):
    """The average of a network's parameters since the first, and the price of being elsewhere.

    A player adds :meth:`price` to its terms and calls :meth:`remember` after each of its steps. The averages are
    buffers, and so are saved with the game.

    Args:
        network: Whose first parameters are the first that count.
        weight: The weight, lambda, at least 0; with 0 nothing is kept and nothing paid.

    Example:
        >>> layer = nn.Linear(1, 1, bias=False)
        >>> history = HistoricalAverage(layer, weight=0.5)
        >>> _ = layer.weight.data.add_(2)
        >>> round(history.price(layer).item(), 3)     # 0.5 * 2 ** 2
        2.0
        >>> history.remember(layer)
        >>> round(history.price(layer).item(), 3)     # the average has come half way
        0.5
    """

    count: Tensor

    def __init__(self, network: nn.Module, weight: float):
        super().__init__()
        if weight < 0:
            raise ValueError(f"Historical averaging has a weight of at least 0; got {weight}.")
        self.weight = weight
        self.register_buffer("count", torch.ones(()))
        for i, parameter in enumerate(network.parameters() if weight else ()):
            self.register_buffer(f"mean{i}", parameter.detach().clone())

    def price(self, network: nn.Module) -> Tensor:
        """What the network pays for where it is now, a number."""
        if not self.weight:
            return self.count.new_zeros(())
        pairs = zip(self.means(), network.parameters(), strict=True)
        return self.weight * torch.stack([(p - mean).square().sum() for mean, p in pairs]).sum()

    @torch.no_grad()
    def remember(self, network: nn.Module) -> None:
        """Count the network's parameters as they are now."""
        if not self.weight:
            return
        self.count += 1
        for mean, p in zip(self.means(), network.parameters(), strict=True):
            mean.add_((p - mean) / self.count)

    def means(self) -> list[Tensor]:
        """The averages, in the order of the network's parameters."""
        return [buffer for name, buffer in self.named_buffers() if name != "count"]
