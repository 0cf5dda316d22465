r"""The discriminator is an energy: low where data are, and raised to a margin where samples are.

An energy says how well a point fits, without being a probability: nothing is normalised, and any network with a scalar
at its end will do. Here it is how far an autoencoder misses, :math:`E(x) = \lVert D(x) - x \rVert_2`.

An autoencoder alone could lower its energy everywhere, by learning to copy. Samples keep it from that: D lowers the
energy of data and raises that of samples, each sample's for itself, as long as it is below a margin m; G lowers it.
For :math:`V = \mathbb E E(x) + \mathbb E [m - E(G(z))]_+` and :math:`U = \mathbb E E(G(z))`, each descended by one
player, the samples of any equilibrium have the law of the data, almost everywhere, and there V = m.

All of a reconstruction's errors teach, where a classifier's gradient comes from one number; so the game depends less on
how it is set up. The margin is in the energy's units: an error summed over more pixels wants a larger one. Above what
samples ever reach it is idle, and far below it D is content with samples that are still bad.

Samples may still be all alike. Their codes are at hand, so G can be made to keep them apart: the *pulling-away term*
(:func:`~ganarium.ingredients.repulsion.pulling_away`) of N codes S is small where they point in different directions,

.. math:: f(S) = \frac{1}{N (N - 1)} \sum_i \sum_{j \ne i} \cos^2(S_i, S_j).

Reference:
    Zhao, Mathieu, LeCun: Energy-based Generative Adversarial Networks, ICLR 2017, arXiv 1609.03126.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.nn.functional import relu

from ganarium.game import Batch, Decodes, Paper, Terms, made
from ganarium.game.frames.two_player import FromNoise
from ganarium.ingredients import Adam, OptimizerChoice, Schedule, at, pulling_away
from ganarium.nets import Architecture, DeepConvolutional, Flat
from ganarium.nets.families.began import Autoencoder, Mirrored
from ganarium.spec import Field, Spec

__all__ = ["EBGAN"]


class EBGAN(FromNoise, Decodes):
    r"""The energy-based GAN.

    .. math::

        L_D = \mathbb E\, E(x) + \mathbb E \max(0, m - E(G(z))), \qquad
        L_G = \mathbb E\, E(G(z)) + w\, f(\mathrm{Enc}(G(z))).

    Players:
        discriminator: ``real``, the energy of data, and ``fake``, how far the energy of samples is below the margin,
            mean over samples; ``energy`` (watched), the mean energy of samples; ``below`` (watched), the share of
            samples whose energy is below the margin, the only ones that it learns from.
        generator: ``fake``, the energy of its samples; ``pulling``, w times the mean squared cosine of their codes.

    Args:
        code: Coordinates of the autoencoder's code.
        margin: The energy m up to which samples are raised, in units of the data; it may fall over a run.
        pulling: The weight w of the pulling-away term; 0 leaves it out.
        architecture: The family of all networks; the autoencoder is its encoder, then its generator.
        discriminator: From samples to reconstructions of the same shape; its ``encoder`` gives the codes (B, code).

    Deviations from the paper:
        1. Networks follow from the data; the paper searches over perceptrons of many sizes for digits, and has
           convolutions of DCGAN's kind for larger images.
        2. The code is the encoder's last linear layer, without an activation.

    Example:
        >>> EBGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 1, 8, 8])
    """

    paper = Paper(
        title="Energy-based Generative Adversarial Networks",
        authors=("Junbo Zhao", "Michael Mathieu", "Yann LeCun"),
        year=2016,
        arxiv="1609.03126",
        venue="International Conference on Learning Representations",
        command="ebgan",
    )
    couples_samples = "the pulling-away term, and batch norm where there is any"
    energy = True

    code: int = 64
    margin: float | Schedule = 10.0
    pulling: float | Schedule = 0.1
    architecture: Architecture = DeepConvolutional(64)
    optimizer: OptimizerChoice = Adam(1e-3, (0.9, 0.999))
    discriminator: nn.Module = made(factory=lambda game: Autoencoder.of(game.architecture, game.spec["x"], game.code))

    def check(self) -> None:
        margin, pulling, start = self.margin, self.pulling, torch.zeros(())
        if not (at(margin, start) > 0 and at(pulling, start) >= 0):
            raise ValueError(
                f"EBGAN's margin begins above 0 and its pulling at 0 or above; got margin={margin}, pulling={pulling}."
            )

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            fake = self.draw(len(x))
        energy = self.score(fake)
        missing = relu(at(self.margin, self.progress) - energy)
        watched = {"energy": energy.detach().mean(), "below": missing.detach().gt(0).mean(dtype=energy.dtype)}
        return {"real": self.score(x).mean(), "fake": missing.mean(), **watched}

    def generator_loss(self, batch: Batch) -> Terms:
        x = self.draw(len(batch["x"]))
        # The gradient goes through the sample itself and through its reconstruction.
        terms = {"fake": self.score(x).mean()}
        if self.pulling:
            codes = self.discriminator.get_submodule("encoder")(x)
            terms["pulling"] = at(self.pulling, self.progress) * pulling_away(codes)
        return terms

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z)

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return vector_norm((self.discriminator(x) - x).flatten(1), dim=1)

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((1, 8, 8), "image"))
        return cls(spec, latent=4, code=4, architecture=Mirrored(4))

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        if spec["x"].kind != "image" or spec["x"].size > 64:
            return {}
        # Batch norm where it draws keeps samples apart on digits; a margin of 8 was too large (docs/zoo/ebgan.md).
        networks = Flat(128, generator_norm="batch", depth=2)
        game = {"latent": 32, "code": 32, "margin": 2.0, "architecture": networks}
        return {**game, "optimizer": Adam(1e-3, (0.5, 0.999))}
