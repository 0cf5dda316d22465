"""What every game keeps, from its toy alone: ownership, gradients, exact resumption, options, abilities.

A property is a function from a game's class; it raises :class:`Broken` with what is wrong and what to do, or
:class:`Inapplicable` where it is not asked of the game. The tests of the zoo and ``ganarium check`` ask the same ones.
"""

from __future__ import annotations

from ganarium.contract import playing, promises, zoo
from ganarium.contract.broken import PROPERTIES, Broken, Inapplicable, Property

__all__ = ["PROPERTIES", "Broken", "Inapplicable", "Property", "playing", "promises", "zoo"]
