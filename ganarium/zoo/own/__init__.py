r"""Games of one's own: in a file, ``./my_game.py:MyGAN``, or in an installed package, by the entry point group
``ganarium.games``.

A file is code, and whoever receives a run of somebody else's game should not run their code by looking at it. So the
code of a file runs if its user names it, and from then on as long as its content stays what was named on this machine:
a run that says that its game is in a file is believed only if the file lies there and this user once named one with
exactly this content. All else is refused, with how to name it.
"""

from ganarium.zoo.own.classes import digest_of, imported, load, was_named
from ganarium.zoo.own.entries import GROUP, in_file, is_file, packaged
from ganarium.zoo.own.runs import changes, file_of, named, naming, of_source, source_of
from ganarium.zoo.own.words import said

__all__ = [
    "GROUP",
    "changes",
    "digest_of",
    "file_of",
    "imported",
    "in_file",
    "is_file",
    "load",
    "named",
    "naming",
    "of_source",
    "packaged",
    "said",
    "source_of",
    "was_named",
]
