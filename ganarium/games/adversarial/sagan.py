r"""Networks that look at all places at once: each place of a map adds what it finds at the places that are like it.

A convolution sees its neighbourhood; what two far corners have to do with each other must pass through many of them.
Attention compares all places. With maps :math:`x_i` at the places :math:`i`, and 1 x 1 convolutions :math:`f, g, h, v`,

.. math::

    y_i = x_i + \gamma\, v\Bigl(\sum_j a_{ij}\, h(x_j)\Bigr), \qquad
    a_{ij} = \frac{\exp f(x_i)^\top g(x_j)}{\sum_k \exp f(x_i)^\top g(x_k)},

where :math:`\gamma` begins at zero: the networks first learn what is near, then what is far. Spectral norm is on the
weights of both networks, not of the discriminator alone; and instead of several steps of the discriminator for each of
the generator, both make one, the discriminator with four times the rate.

Reference:
    Zhang, Goodfellow, Metaxas, Odena: Self-Attention Generative Adversarial Networks, ICML 2019, arXiv 1805.08318.
    Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter: GANs Trained by a Two Time-Scale Update Rule, NIPS 2017.
"""

from __future__ import annotations

from typing import Any, Self

from torch import nn

from ganarium.game import Paper, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import Adam, Cosine, Hinge, Objective, OptimizerChoice
from ganarium.nets import Architecture
from ganarium.nets.families.attentive import Attentive
from ganarium.spec import Field, Spec

__all__ = ["SAGAN"]


class SAGAN(Adversarial):
    r"""The self-attention GAN, without conditions.

    .. math::

        L_D = \mathbb E \max(0, 1 - F(x)) + \mathbb E \max(0, 1 + F(G(z))), \qquad L_G = -\mathbb E F(G(z)).

    Args:
        architecture: The family of both networks; by default they have attention, and spectral norm.
        generator_optimizer: How the generator descends.
        discriminator_optimizer: How the discriminator descends, faster.

    Deviations from the paper:
        1. There are no classes: no conditional batch norm, and no projection in the discriminator.
        2. As in the authors' code and not in the text, keys and values are pooled by two, and values have half of the
           channels; Adam's second moment decays by the text's 0.9, where the code leaves it at 0.999.
        3. Spectral norm's vectors move in every pass; the authors' discriminator moves them for data only.
        4. The paper's batches are spread over several GPUs; ``--paper`` plays 64.
        5. All maps of a network have as many channels, as in SNGAN; the authors' have fewer where they are larger.

    Example:
        >>> SAGAN.toy().sample(2, seed=0).shape
        torch.Size([2, 1, 8, 8])
    """

    paper = Paper(
        title="Self-Attention Generative Adversarial Networks",
        authors=("Han Zhang", "Ian Goodfellow", "Dimitris Metaxas", "Augustus Odena"),
        year=2019,
        arxiv="1805.08318",
        venue="International Conference on Machine Learning",
        command="sagan",
    )
    couples_samples = "batch norm in the generator"

    latent: int = 128
    architecture: Architecture = Attentive()
    objective: Objective = Hinge()
    optimizer: OptimizerChoice = follows(factory=lambda game: game.discriminator_optimizer)
    generator_optimizer: OptimizerChoice = Adam(1e-4, (0.0, 0.9))
    discriminator_optimizer: OptimizerChoice = Adam(4e-4, (0.0, 0.9))
    discriminator: nn.Module = made(factory=discriminator_of)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((1, 8, 8), "image")), latent=4, architecture=Attentive(8))

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].size > 256:
            return {}
        return {
            "latent": 64,
            "architecture": Attentive(32),
            "generator_optimizer": Adam(Cosine(2e-3, 0.0), (0.0, 0.9)),
            "discriminator_optimizer": Adam(Cosine(4e-3, 0.0), (0.0, 0.9)),
        }
