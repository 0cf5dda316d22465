"""Networks by role, chosen from the kind of the data. They know no game.

:func:`generator`, :func:`discriminator` and :func:`encoder` make plain networks that train well on small data. A paper
with its own architecture brings it as a class.
"""

from ganarium.nets.architecture import Architecture, DeepConvolutional, Perceptrons, Plain
from ganarium.nets.bigan import NormedPerceptrons, PairDiscriminator
from ganarium.nets.by_kind import discriminator, encoder, generator
from ganarium.nets.cgan import TwoStreams
from ganarium.nets.completer import Completer, completer
from ganarium.nets.conditions import one_hot
from ganarium.nets.dcgan import DCGANDiscriminator, DCGANGenerator
from ganarium.nets.flat import Flat
from ganarium.nets.fourier import FourierFeatures
from ganarium.nets.improved_gan import NoisyPerceptrons
from ganarium.nets.minibatch import MinibatchDiscriminating
from ganarium.nets.norms import Norm
from ganarium.nets.packing import Packed
from ganarium.nets.r3gan import ModernResidual
from ganarium.nets.resnet import Residual
from ganarium.nets.roles import Discriminator, Encoder, Generator
from ganarium.nets.translator import PatchDiscriminator, Translator, patch_discriminator, translator
from ganarium.nets.unrolled_gan import TanhPerceptrons

__all__ = [
    "Architecture",
    "Completer",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "DeepConvolutional",
    "Discriminator",
    "Encoder",
    "Flat",
    "FourierFeatures",
    "Generator",
    "MinibatchDiscriminating",
    "ModernResidual",
    "NoisyPerceptrons",
    "Norm",
    "NormedPerceptrons",
    "Packed",
    "PairDiscriminator",
    "PatchDiscriminator",
    "Perceptrons",
    "Plain",
    "Residual",
    "TanhPerceptrons",
    "Translator",
    "TwoStreams",
    "completer",
    "discriminator",
    "encoder",
    "generator",
    "one_hot",
    "patch_discriminator",
    "translator",
]
