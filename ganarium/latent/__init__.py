"""Walks in latent space, for every game that decodes: whose samples are a function of a latent.

.. code-block:: python

    z, asked = draw(game, 64, seed=0)                           # the latents of game.sample(64, seed=0)
    walk = interpolate(game, z[:4], z[4:8], steps=9)            # walk.latents (4, 9, Z), walk.samples (4, 9, *shape)
    sums = arithmetic(game, z[[3, 17]], z[[1, 2]], z[[8, 9]])   # with - without + other
    traverse(game, z[:1], [0, 1, 2], (-3, 3), steps=9)
    directions(game, z, k=5).shares                             # how much of the change each direction makes
    invert(game, x, steps=200, restarts=3).errors               # the latents whose samples are nearest to x
    search(game, loss, 8)                                       # any loss of samples, descended in the latent

Nothing here changes a game: networks are in evaluation mode, weights and statistics rest, the random state is restored.
"""

from ganarium.latent.arithmetic import Sums, arithmetic
from ganarium.latent.decoding import Walk, decode, draw, frozen, inside
from ganarium.latent.directions import Directions, directions
from ganarium.latent.inversion import Inversion, invert
from ganarium.latent.nearest import Neighbours, neighbours
from ganarium.latent.searching import Found, search
from ganarium.latent.traversal import along, reach, traverse, vary
from ganarium.latent.truncation import spread, truncate
from ganarium.latent.walks import grid, interpolate, lerp, slerp

__all__ = [
    "Directions",
    "Found",
    "Inversion",
    "Neighbours",
    "Sums",
    "Walk",
    "along",
    "arithmetic",
    "decode",
    "directions",
    "draw",
    "frozen",
    "grid",
    "inside",
    "interpolate",
    "invert",
    "lerp",
    "neighbours",
    "reach",
    "search",
    "slerp",
    "spread",
    "traverse",
    "truncate",
    "vary",
]
