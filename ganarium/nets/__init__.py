"""Networks by role, chosen from the kind of the data. They know no game.

:func:`generator`, :func:`discriminator` and :func:`encoder` make plain networks that train well on small data. A paper
with its own architecture brings it as a class.
"""

from ganarium.nets.architecture import Architecture, DeepConvolutional, Perceptrons, Plain
from ganarium.nets.by_kind import discriminator, encoder, generator
from ganarium.nets.conditions import one_hot
from ganarium.nets.dcgan import DCGANDiscriminator, DCGANGenerator
from ganarium.nets.norms import Norm
from ganarium.nets.roles import Discriminator, Encoder, Generator

__all__ = [
    "Architecture",
    "DeepConvolutional",
    "Perceptrons",
    "Plain",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "Discriminator",
    "Encoder",
    "Generator",
    "Norm",
    "discriminator",
    "encoder",
    "generator",
    "one_hot",
]
