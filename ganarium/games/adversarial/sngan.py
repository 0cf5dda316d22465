r"""A discriminator whose layers stretch nothing: every weight is divided by its largest singular value.

How fast a discriminator :math:`F` may change decides what it can teach. A network of layers
:math:`x \mapsto \sigma(W x)`, with rectifiers :math:`\sigma`, changes at most as fast as the product of its weights'
largest singular values. Dividing each by its own,

.. math::

    \bar W = W / s(W), \qquad s(W) = \max_{\lVert v \rVert = 1} \lVert W v \rVert,

bounds that product by one, everywhere, whatever the data. (The weights of a convolution are taken as one matrix; its
true norm may be larger, up to the side of its kernel.) The largest singular value follows from one step of the power
method at each use, with the vectors of the last one: :math:`v \leftarrow W^\top u / \lVert \cdot \rVert`,
:math:`u \leftarrow W v / \lVert \cdot \rVert`, :math:`s(W) \approx u^\top W v`. Its gradient,

.. math:: \partial L / \partial W = (\Delta - \langle \Delta, \bar W \rangle\, u v^\top) / s(W), \qquad
    \Delta = \partial L / \partial \bar W,

takes away what would only stretch the direction that is stretched most already. Unlike clipped weights, such weights
may keep their rank; unlike a gradient penalty, it holds where there are neither data nor samples, and costs little.

Reference:
    Miyato, Kataoka, Koyama, Yoshida: Spectral Normalization for Generative Adversarial Networks, ICLR 2018,
    arXiv 1802.05957. The loss is that of Lim, Ye: Geometric GAN, 2017, arXiv 1705.02894.
"""

from __future__ import annotations

from typing import Any, Self

from torch import nn

from ganarium.game import Paper, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import Adam, Cosine, Hinge, Linear, Objective, OptimizerChoice
from ganarium.nets import Architecture, DeepConvolutional, Flat, Residual
from ganarium.spec import Field, Spec

__all__ = ["SNGAN"]


class SNGAN(Adversarial):
    r"""The GAN with spectral normalisation.

    .. math::

        L_D = \mathbb E \max(0, 1 - F(x)) + \mathbb E \max(0, 1 + F(G(z))), \qquad L_G = -\mathbb E F(G(z)).

    Players:
        discriminator: ``real`` and ``fake``, how far data and samples are from a margin of one on their side; the rest
            as in :class:`~ganarium.game.frames.adversarial.Adversarial`.
        generator: ``fake``, minus the mean score of its samples.

    Batch:
        ``x`` (B, \*shape): data; images in [-1, 1].

    Args:
        architecture: The family of both networks; its discriminator should have spectral norm.
        objective: How scores become losses; the paper also has the non-saturating one.
        discriminator_moves: The discriminator's steps a round, each on its own batch.

    Deviations from the paper:
        1. The generator's move takes as many samples as the discriminator's; the paper takes twice as many.
        2. The discriminator moves first, as in the GAN; the authors' code begins with the generator.
        3. Rates fall to zero over the run, whatever its length; the paper's run has 50,000 updates of the generator.
        4. Points have perceptrons with spectral norm.

    Example:
        >>> SNGAN.toy().sample(2, seed=0).shape
        torch.Size([2, 1, 8, 8])
    """

    paper = Paper(
        title="Spectral Normalization for Generative Adversarial Networks",
        authors=("Takeru Miyato", "Toshiki Kataoka", "Masanori Koyama", "Yuichi Yoshida"),
        year=2018,
        arxiv="1802.05957",
        venue="International Conference on Learning Representations",
        command="sngan",
        batch=64,
    )
    couples_samples = "batch norm in the generator"

    latent: int = 128
    architecture: Architecture = Residual()
    objective: Objective = Hinge()
    discriminator_moves: int = 5
    optimizer: OptimizerChoice = Adam(Linear(2e-4, 0.0), (0.0, 0.9))
    discriminator: nn.Module = made(factory=discriminator_of)

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((1, 8, 8), "image"))
        return cls(spec, latent=4, architecture=Residual(8, 8), discriminator_moves=2)

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        game = {"latent": 64, "discriminator_moves": 2, "optimizer": Adam(Cosine(1e-3, 0.0), (0.0, 0.9))}
        if spec["x"].kind == "points":
            return {**game, "latent": 16}
        # Perceptrons play many times as many rounds in the same time on images of few pixels (docs/zoo/notes/sngan.md).
        if spec["x"].size <= 256:
            return {**game, "architecture": Flat(norm="spectral", generator_norm="batch")}
        # Maps are halved from the start, which plays several times as many rounds; large images have fewer maps.
        channels = 16 if spec["x"].size <= 3 * 32 * 32 else 8
        return {**game, "architecture": DeepConvolutional(channels, norm="spectral"), "discriminator_moves": 1}

    @classmethod
    def pace(cls, spec: Spec) -> dict[str, Any]:
        return {} if spec["x"].size <= 256 else {"average": 40_000}
