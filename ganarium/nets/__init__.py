"""Networks by role, chosen from the kind of the data. They know no game.

:func:`generator`, :func:`discriminator` and :func:`encoder` make plain networks that train well on small data. A paper
with its own architecture brings it as a class.
"""

from ganarium.nets import architecture
from ganarium.nets.architecture import Architecture
from ganarium.nets.by_kind import discriminator, encoder, generator
from ganarium.nets.families.bigan import NormedPerceptrons, PairDiscriminator
from ganarium.nets.families.cgan import TwoStreams
from ganarium.nets.families.completer import Completer, completer
from ganarium.nets.families.dcgan import DCGANDiscriminator, DCGANGenerator, DeepConvolutional
from ganarium.nets.families.f_gan import ExponentialPerceptrons
from ganarium.nets.families.flat import Flat
from ganarium.nets.families.fourier import FourierFeatures
from ganarium.nets.families.improved_gan import NoisyPerceptrons
from ganarium.nets.families.minibatch import MinibatchDiscriminating
from ganarium.nets.families.packing import Packed
from ganarium.nets.families.perceptrons import Perceptrons
from ganarium.nets.families.plain import Plain
from ganarium.nets.families.r3gan import ModernResidual
from ganarium.nets.families.resnet import Residual
from ganarium.nets.families.translator import PatchDiscriminator, Translator, patch_discriminator, translator
from ganarium.nets.families.unrolled_gan import TanhPerceptrons
from ganarium.nets.layers.conditions import one_hot
from ganarium.nets.layers.norms import Norm
from ganarium.nets.roles import Discriminator, Encoder, Generator

__all__ = [
    "Architecture",
    "Completer",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "DeepConvolutional",
    "Discriminator",
    "Encoder",
    "ExponentialPerceptrons",
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

# Where version 0.1 had them.
for _family in (DeepConvolutional, Perceptrons, Plain):
    setattr(architecture, _family.__name__, _family)
