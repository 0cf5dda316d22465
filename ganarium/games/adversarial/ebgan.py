r"""The discriminator is an energy: low where data are, and raised to a margin where samples are.

An energy says how well a point fits, and need not be normalised. Here it is how far an autoencoder misses,
:math:`E(x) = \lVert D(x) - x \rVert_2`. Alone it could be low everywhere, by learning to copy; so D also raises that of
samples, as long as it is below a margin m, and G lowers it. At any equilibrium samples have the law of the data, almost
everywhere, and D's loss is m. All errors of a reconstruction teach, while a classifier's gradient is of one number.
The margin is in the energy's units, and grows with the pixels; above what samples ever reach it is idle, and far below
it D is content with samples that are still bad. Samples may still be all alike; the *pulling-away term* of their N
codes, :math:`f(S) = \sum_i \sum_{j \ne i} \cos^2(S_i, S_j) / N (N - 1)`, keeps them apart.

Reference:
    Zhao, Mathieu, LeCun: Energy-based Generative Adversarial Networks, ICLR 2017, arXiv 1609.03126.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn

from ganarium.game import Batch, Decodes, Paper, Terms, made
from ganarium.game.frames.two_player import FromNoise
from ganarium.ingredients import Adam, OptimizerChoice, Schedule, at, pulling_away
from ganarium.nets import Architecture, DeepConvolutional, Flat
from ganarium.nets.families.began import Autoencoder, Mirrored
from ganarium.spec import Field, Spec

__all__ = ["EBGAN"]


class EBGAN(FromNoise, Decodes):
    r"""The energy-based GAN.

    .. math:: L_D = \mathbb E\, E(x) + \mathbb E \max(0, m - E(G(z))), \qquad
        L_G = \mathbb E\, E(G(z)) + w\, f(\mathrm{Enc}(G(z))).

    Players:
        discriminator: ``real``, the energy of data, and ``fake``, how far the energy of samples is below the margin;
            ``energy`` and ``below`` (watched), that of samples, and the share of them below the margin, which teach it.
        generator: ``fake``, the energy of its samples; ``pulling``, w times the mean squared cosine of their codes.

    Args:
        code: Coordinates of the autoencoder's code.
        margin: The energy m up to which samples are raised, in units of the data.
        pulling: The weight w of the pulling-away term; 0 leaves it out.
        architecture: The family of all networks; the autoencoder is its encoder, then its generator.
        discriminator: From samples to reconstructions of the same shape; its ``encoder`` gives the codes (B, code).

    Deviations from the paper:
        1. Networks are DCGAN's, as for the paper's images; its batches are not known to us: ``--paper`` plays 64.
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
        margin, pulling = (at(weight, torch.zeros(())) for weight in (self.margin, self.pulling))
        if not (margin > 0 and pulling >= 0):
            raise ValueError(f"EBGAN's margin begins above 0, its pulling at 0 or above; got {margin:g}, {pulling:g}.")

    def discriminator_loss(self, batch: Batch) -> Terms:
        with torch.no_grad():
            fake = self.draw(len(batch["x"]))
        energy = self.score(fake)
        missing = (at(self.margin, self.progress) - energy).relu()
        watched = {"energy": energy.detach().mean(), "below": missing.detach().gt(0).mean(dtype=energy.dtype)}
        return {"real": self.score(batch["x"]).mean(), "fake": missing.mean(), **watched}

    def generator_loss(self, batch: Batch) -> Terms:
        x = self.draw(len(batch["x"]))
        terms = {"fake": self.score(x).mean()}  # The gradient goes through the sample and through its reconstruction.
        if self.pulling:
            encode = self.discriminator.get_submodule("encoder")
            terms["pulling"] = at(self.pulling, self.progress) * pulling_away(encode(x))
        return terms

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return torch.linalg.vector_norm((self.discriminator(x) - x).flatten(1), dim=1)

    @classmethod
    def toy(cls) -> Self:
        return cls(Spec(x=Field((1, 8, 8), "image")), latent=4, code=4, architecture=Mirrored(4))

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # Batch norm where it draws keeps samples apart on digits; a margin of 8 was too large.
        few = spec["x"].kind == "image" and spec["x"].size <= 64
        small = {"latent": 32, "code": 32, "margin": 2.0, "architecture": Flat(128, generator_norm="batch", depth=2)}
        return {**small, "optimizer": Adam(1e-3, (0.5, 0.999))} if few else {}
