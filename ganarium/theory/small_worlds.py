"""Pictures of a few pixels under one law that no small patch shows, and how to read from any picture whether it holds.

*Dots*: every picture shows the same number of dots that do not touch. *Pairs*: the squares in two far corners have the
same colour. Both are pure functions of factors, and both are read by rules, not by trained networks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganarium.data.shapes import colours
from ganarium.nets.blocks import SLOPE
from ganarium.spec import Field

__all__ = [
    "COLOURS",
    "DOTS",
    "PAIRS",
    "Patches",
    "corners",
    "count_dots",
    "draw_dots",
    "draw_pairs",
    "information",
    "places_of_dots",
    "read_pairs",
    "shares",
    "total_variation",
]

SIDE = 16
DOTS = Field((1, SIDE, SIDE), "image")
PAIRS = Field((3, SIDE, SIDE), "image")
#: The colours of squares, as bytes.
COLOURS = ((226, 63, 60), (64, 178, 92), (66, 112, 232), (242, 200, 60))

_RADIUS = 1.7  # of a dot, in pixels
_APART = 2 * _RADIUS + 2  # the least distance of two centres: two pixels of ground lie between dots
_LEAST = 0.4  # of a dot's area that a spot must have to count
_MOST = 4  # dots that surely find room
_PAPER = (26, 28, 40)
_SQUARE, _CORNERS = 4, (1, 11)  # pixels of a square's side, and where it begins, give or take one


def places_of_dots(n: int, dots: int, seed: int = 0) -> Tensor:
    """Centres of dots in pixels, of shape (n, dots, 2): uniform where no two dots touch and none is cut off.

    Raises:
        ValueError: if there is no dot, or more than surely find room.
    """
    if not 1 <= dots <= _MOST:
        raise ValueError(f"A picture has 1 to {_MOST} dots; got {dots}.")
    generator, edge = torch.Generator().manual_seed(seed), _RADIUS + 0.5
    places, open = torch.empty(n, dots, 2), torch.arange(n)
    while len(open):
        places[open] = edge + (SIDE - 2 * edge) * torch.rand(len(open), dots, 2, generator=generator)
        apart = torch.cdist(places[open], places[open]) + _APART * torch.eye(dots)
        open = open[apart.flatten(1).min(1).values < _APART]
    return places


def draw_dots(places: Tensor) -> Tensor:
    """Pictures in [-1, 1], of shape (n, 1, 16, 16), of white dots at centres of shape (n, dots, 2)."""
    middles = torch.arange(SIDE) + 0.5
    across, down = (places[..., axis, None] - middles for axis in (0, 1))
    away = torch.hypot(across[..., None, :], down[..., :, None])
    return (_RADIUS + 0.5 - away).clamp(0, 1).amax(1, keepdim=True) * 2 - 1


def count_dots(pictures: Tensor) -> Tensor:
    """How many bright spots pictures (n, 1, H, W) show, of shape (n,): connected pixels above zero, not too few.

    Example:
        >>> count_dots(draw_dots(places_of_dots(4, 3))).tolist()
        [3, 3, 3, 3]
    """
    import numpy as np
    from scipy.ndimage import label

    least = _LEAST * torch.pi * _RADIUS**2
    counts = []
    for picture in (pictures[:, 0] > 0).numpy():
        spots, _ = label(picture, structure=np.ones((3, 3)))
        counts.append(int((np.bincount(spots.ravel())[1:] >= least).sum()))
    return torch.tensor(counts)


def corners(n: int, seed: int = 0) -> Tensor:
    """Where the two squares of pairs are moved to, in pixels of shape (n, 2, 2): -1, 0 or 1."""
    return torch.randint(-1, 2, (n, 2, 2), generator=torch.Generator().manual_seed(seed))


def draw_pairs(inks: Tensor, moved: Tensor) -> Tensor:
    """Pictures in [-1, 1], of shape (n, 3, 16, 16), of a square above on the left and one below on the right.

    Args:
        inks: Their places in :data:`COLOURS`, of shape (n, 2).
        moved: As from :func:`corners`.
    """
    pictures = colours([_PAPER]).reshape(1, 3, 1, 1).repeat(len(inks), 1, SIDE, SIDE)
    for which, begin in enumerate(_CORNERS):
        along = torch.arange(SIDE) - begin
        inside = [(along - moved[:, which, axis, None]) // _SQUARE == 0 for axis in (0, 1)]
        covered = (inside[1][:, :, None] & inside[0][:, None, :]).float()
        pictures = torch.where(covered[:, None] > 0, colours(COLOURS)[inks[:, which]][:, :, None, None], pictures)
    return pictures


def read_pairs(pictures: Tensor) -> Tensor:
    """The colours of both squares, of shape (n, 2): the nearest one to the pixels that lie in the square however moved.

    Example:
        >>> read_pairs(draw_pairs(torch.tensor([[2, 0], [1, 3]]), corners(2))).tolist()
        [[2, 0], [1, 3]]
    """
    known, found = colours(COLOURS), []
    for begin in _CORNERS:
        sure = slice(begin + 1, begin + _SQUARE - 1)
        found.append(torch.cdist(pictures[:, :, sure, sure].mean((2, 3)), known).argmin(1))
    return torch.stack(found, 1)


def shares(numbers: Tensor, most: int) -> Tensor:
    """How often each number from 0 to ``most`` occurs among (n,); larger ones count as ``most``."""
    return torch.bincount(numbers.clamp_max(most), minlength=most + 1) / len(numbers)


def total_variation(one: Tensor, other: Tensor) -> float:
    """Half of the summed differences of two lists of shares: 0 for the same, 1 for what never overlaps."""
    return float((one - other).abs().sum()) / 2


def information(pairs: Tensor, kinds: int = len(COLOURS)) -> float:
    r"""The mutual information of both columns of (n, 2), in nats, from how often each pair occurs.

    .. math::

        I(a; b) = \sum_{a, b} p(a, b) \log \frac{p(a, b)}{p(a)\, p(b)}

    It is log K where both agree and all kinds are equally likely, and 0 where they have nothing to do with each other;
    from n pairs it comes out too large by about :math:`(K - 1)^2 / 2n`.
    """
    joint = torch.bincount(pairs[:, 0] * kinds + pairs[:, 1], minlength=kinds**2).reshape(kinds, kinds).double()
    joint /= joint.sum()
    apart = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return float(torch.special.xlogy(joint, joint / apart.clamp_min(1e-300)).sum())


class Patches(nn.Module):
    """A discriminator whose score is a mean over patches of 5 x 5 pixels, each judged alone.

    Args:
        field: What is judged.
        width: Channels.
    """

    def __init__(self, field: Field, width: int = 32):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(field.shape[0], width, 3),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(width, width, 3, stride=2),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(width, width, 1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(width, 1, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Raw scores of shape (B,)."""
        return self.layers(x).mean((1, 2, 3))
