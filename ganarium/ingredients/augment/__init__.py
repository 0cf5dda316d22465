r"""Differentiable augmentation of what the discriminator sees.

With little data the discriminator learns it by heart. Augmenting the data alone would teach the generator to make
augmented samples. Instead every image that the discriminator sees goes through a random :math:`T`, in both players'
losses, and gradients flow to the generator through it:

.. math::

    L_D = \mathbb E_x\, a(F(T(x))) + \mathbb E_z\, b(F(T(G(z)))), \qquad L_G = \mathbb E_z\, c(F(T(G(z)))).

An augmentation is a small frozen object, called with images of shape (B, C, H, W), or volumes with a further side. Each
sample gets its own random numbers, from the default generator. Values may leave [-1, 1]: they are not clipped, since
clipping would stop gradients. Every transform has a gradient of every order, so that penalties on the critic's slope at
the image hold through it.

A game holds what :func:`augmented` makes of its option, and judges ``critic(self.augmented(x))``. :class:`Adaptive`
also has a state, how often it transforms, and a controller that moves it after the discriminator's moves::

    self.augmented = augmented(augment, spec["x"], "WGAN")
    scores = self.critic(self.augmented(x))

Reference:
    Zhao, Liu, Lin, Zhu and Han, "Differentiable augmentation for data-efficient GAN training", NeurIPS 2020,
    arXiv 2006.10738.
    Karras, Aittala, Hellsten, Laine, Lehtinen and Aila, "Training generative adversarial networks with limited data",
    NeurIPS 2020, arXiv 2006.06676.
"""

from __future__ import annotations

from ganarium.ingredients.augment.adaptive import Adaptive
from ganarium.ingredients.augment.colour import Brightness, Contrast, Hue, LumaFlip, Saturation
from ganarium.ingredients.augment.diffaugment import DiffAugment
from ganarium.ingredients.augment.geometry import Cutout, Flip, QuarterTurn, Shift, Stretch, Translation, Zoom
from ganarium.ingredients.augment.transform import Augmentation, Augmented, augmented

__all__ = [
    "Adaptive",
    "Augmentation",
    "Augmented",
    "Brightness",
    "Contrast",
    "Cutout",
    "DiffAugment",
    "Flip",
    "Hue",
    "LumaFlip",
    "QuarterTurn",
    "Saturation",
    "Shift",
    "Stretch",
    "Translation",
    "Zoom",
    "augmented",
]
