"""Pictures of a few pixels under one law that no small patch shows, and how to read from any picture whether it holds.

*Dots*: every picture shows the same number of dots that do not touch. *Pairs*: the squares in two far corners have the
same colour. Both are pure functions of factors, and both are read by rules, not by trained networks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganarium.data.worlds.shapes import colours
from ganarium.nets.layers.blocks import SLOPE
from ganarium.spec import Field

__all__ = [
    "COLOURS",
    "DOTS",
    "PAIRS",
    "Windows",
    "count_dots",
    "draw_dots",
    "draw_pairs",
    "information",
    "places_of_dots",
    "read_pairs",
    "shares",
    "size_of_dots",
    "total_variation",
]

SIDE = 16
DOTS = Field((1, SIDE, SIDE), "image")
PAIRS = Field((3, 8, 8), "image")
#: The colours of squares, as bytes.
COLOURS = ((226, 63, 60), (64, 178, 92), (66, 112, 232), (242, 200, 60))

_RADIUS = 1.7  # of a dot, in pixels
_APART = 2 * _RADIUS + 2  # the least distance of two centres: two pixels of ground lie between dots
_LEAST = 0.4  # of a dot's area that a spot must have to count
_MOST = 4  # dots that surely find room
_PAPER = (26, 28, 40)
_SQUARES = (slice(0, 2), slice(6, 8))  # the rows, and the columns, of the square above on the left and of the other
_DIMMEST = 0.7  # of its colour, that a pair has


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
    return torch.tensor([len(sizes) for sizes in _spots(pictures)])


def _spots(pictures: Tensor) -> list[Tensor]:
    """The pixels of each spot that counts, picture by picture."""
    import numpy as np
    from scipy.ndimage import label

    found = []
    for picture in (pictures[:, 0] > 0).numpy():
        spots = np.empty(picture.shape, np.int32)
        label(picture, np.ones((3, 3)), spots)
        sizes = np.bincount(spots.ravel())[1:]
        found.append(torch.from_numpy(sizes[sizes >= _LEAST * np.pi * _RADIUS**2]))
    return found


def draw_pairs(inks: Tensor, seed: int = 0) -> Tensor:
    """Pictures in [-1, 1], of shape (n, 3, 8, 8), of a square above on the left and one below on the right.

    Args:
        inks: Their places in :data:`COLOURS`, of shape (n, 2).
        seed: What the light of each picture follows from.
    """
    pictures = colours([_PAPER]).reshape(1, 3, 1, 1).repeat(len(inks), 1, *PAIRS.shape[1:])
    light = _DIMMEST + (1 - _DIMMEST) * torch.rand(len(inks), 1, generator=torch.Generator().manual_seed(seed))
    for which, square in enumerate(_SQUARES):
        pictures[:, :, square, square] = (light * colours(COLOURS)[inks[:, which]])[:, :, None, None]
    return pictures


def read_pairs(pictures: Tensor) -> Tensor:
    """The colours of both squares, of shape (n, 2): for each the nearest one to the mean of its pixels.

    Example:
        >>> read_pairs(draw_pairs(torch.tensor([[2, 0], [1, 3]]))).tolist()
        [[2, 0], [1, 3]]
    """
    means = [pictures[:, :, square, square].mean((2, 3)) for square in _SQUARES]
    return torch.stack([torch.cdist(mean, colours(COLOURS)).argmin(1) for mean in means], 1)


def size_of_dots(pictures: Tensor) -> Tensor:
    """The pixels of every spot that counts in pictures (n, 1, H, W), in one list, of shape (spots,)."""
    return torch.cat(_spots(pictures)) if len(pictures) else torch.zeros(0)


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


class Windows(nn.Module):
    """A discriminator that looks through overlapping windows, each of which knows where it is.

    Args:
        field: What is judged: images with equal sides.
        side: Pixels of a window's side; each begins half a side after the one before.
        together: Whether one verdict is reached on what all windows show, or the score is the mean of theirs.
        width: Units of each layer.
    """

    def __init__(self, field: Field, side: int, together: bool, width: int = 64):
        super().__init__()
        self.side, self.together = side, together
        count = ((field.shape[1] - side) // (side // 2) + 1) ** 2
        self.look = nn.Linear(field.shape[0] * side**2, width)
        self.where = nn.Parameter(0.1 * torch.randn(count, width))
        self.think = nn.Sequential(nn.LeakyReLU(SLOPE), nn.Linear(width, width), nn.LeakyReLU(SLOPE))
        joined = [nn.Flatten(), nn.Linear(count * width, width), nn.LeakyReLU(SLOPE)] if together else []
        self.say = nn.Sequential(*joined, nn.Linear(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Raw scores of shape (B,)."""
        windows = x.unfold(2, self.side, self.side // 2).unfold(3, self.side, self.side // 2)
        seen = windows.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)
        return self.say(self.think(self.look(seen) + self.where)).flatten(1).mean(1)
