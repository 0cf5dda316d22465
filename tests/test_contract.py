"""What every game of the zoo keeps, from its toy alone (design, section 9). Games are found, not listed.

The properties are the package's (:mod:`ganarium.contract`), so that ``ganarium check`` asks the same of a game of one's
own. That each of them can fail is tested in ``test_check.py``.
"""

from __future__ import annotations

import pytest
from zoo import GAMES, game_class

from ganarium.contract import PROPERTIES, Inapplicable


def test_the_zoo_is_found():
    assert {"gan", "dcgan", "wgan-gp", "vae"} <= set(GAMES)


# Game by game, so that what one played is read by all of its properties.
@pytest.mark.parametrize("command", GAMES, scope="module")
@pytest.mark.parametrize("kept", PROPERTIES, ids=lambda kept: kept.name)
def test_the_game_keeps(command, kept):
    try:
        kept.check(game_class(command))
    except Inapplicable as reason:
        pytest.skip(str(reason))
