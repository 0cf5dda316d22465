r"""The discriminator is an autoencoder, and what the players match is how well it reconstructs, kept in balance.

The *energy* of a point is the mean error per coordinate of its reconstruction by the discriminator D,

.. math:: \mathcal L(v) = \tfrac{1}{N} \lVert v - D(v) \rVert_\eta^\eta, \qquad \eta \in \{1, 2\}.

D lowers the energy of data and raises that of samples; the generator lowers the energy of its samples. Two laws of
energies are, in the earth mover's distance, at least as far apart as their means, whatever the laws; and normal laws of
one spread, as means over many coordinates nearly are, no farther: it is enough to play with means.

The game is at rest when both means are equal. Long before that one player usually wins. So the game aims at a ratio
below one, :math:`\mathbb E\, \mathcal L(G(z)) = \gamma\, \mathbb E\, \mathcal L(x)`, and a proportional controller
holds it: D cares for samples with weight k, which grows while samples are reconstructed too well. A small
:math:`\gamma` spends D on reconstructing data: sharper samples of fewer kinds. With the ratio held, one number tells
how far the game is: :math:`M = \mathcal L(x) + |\gamma \mathcal L(x) - \mathcal L(G(z))|`.

Where the energy is small says nothing of how often the data is there, so kinds of data may go missing unseen; on
mixtures of points in the plane, which an autoencoder reconstructs everywhere, the game collapses.

Reference:
    Berthelot, Schumm, Metz: BEGAN: Boundary Equilibrium Generative Adversarial Networks, 2017, arXiv 1703.10717.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from ganarium.game import Batch, Decodes, Paper, Player, Terms, follows, made
from ganarium.game.frames.two_player import FromNoise
from ganarium.ingredients import Adam, Cosine, Law, OptimizerChoice, Uniform
from ganarium.nets import Architecture, Flat
from ganarium.nets.families.began import Autoencoder, Mirrored
from ganarium.spec import Field, Spec

__all__ = ["BEGAN"]


class BEGAN(FromNoise, Decodes):
    r"""The boundary equilibrium GAN.

    .. math::

        L_D = \mathbb E\, \mathcal L(x) - k\, \mathbb E\, \mathcal L(G(z_D)), \qquad
        L_G = \mathbb E\, \mathcal L(G(z_G)), \qquad
        k \leftarrow [k + \lambda (\gamma \mathcal L(x) - \mathcal L(G(z_G)))]_0^1.

    Players:
        discriminator: ``real``, the energy of data, and ``fake``, minus k times the energy of samples; ``k`` (watched).
        generator: ``fake``, the energy of its samples; ``convergence`` (watched), M, which falls as the game converges.

    Args:
        code: Coordinates of the autoencoder's code, h.
        gamma: The diversity ratio: the mean energy of samples over that of data at rest, in [0, 1].
        gain: The controller's gain, lambda.
        start: The first k.
        exponent: Of an error, eta: 1 or 2.
        architecture: The family of all networks; the autoencoder is its encoder, then its generator.
        discriminator: From samples to reconstructions of the same shape.

    Deviations from the paper:
        1. The smallest maps have 4 to 7 pixels a side (the paper: 8), or images of 8 x 8 would not shrink at all.
        2. The paper's optional residual and skip connections are left out.
        3. The rate does not halve when M stalls; it may be a schedule.
        4. The discriminator moves first; the paper writes one joint step.
        5. Weights begin so that the mean square is kept: PyTorch's draw nearly loses the noise.

    Example:
        >>> BEGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 1, 8, 8])
    """

    paper = Paper(
        title="BEGAN: Boundary Equilibrium Generative Adversarial Networks",
        authors=("David Berthelot", "Thomas Schumm", "Luke Metz"),
        year=2017,
        arxiv="1703.10717",
        command="began",
        batch=16,
    )
    caution = (
        "Samples of digits are one blurred stroke for every gamma below 1; points in the plane collapse to few places."
    )
    energy = True

    latent: int = 64
    code: int = 64
    gamma: float = 0.5
    gain: float = 0.001
    start: float = 0.0
    exponent: int = 1
    architecture: Architecture = Mirrored()
    prior: Law = Uniform(-1.0, 1.0)
    optimizer: OptimizerChoice = Adam(1e-4, (0.9, 0.999))
    discriminator: nn.Module = made(factory=lambda game: Autoencoder.of(game.architecture, game.spec["x"], game.code))
    k: Tensor = follows(factory=lambda game: torch.tensor(float(game.start)))

    def check(self) -> None:
        if not (0 <= self.gamma <= 1 and 0 <= self.start <= 1):
            raise ValueError(f"BEGAN's gamma and start are in [0, 1]; got gamma={self.gamma}, start={self.start}.")
        if self.exponent not in (1, 2):
            raise ValueError(f"BEGAN's errors have the exponent 1 or 2; got exponent={self.exponent}.")

    def build(self) -> None:
        super().build()
        # The energy of data in the discriminator's last move.
        self.real = nn.Buffer(torch.zeros(()), persistent=False)

    def players(self) -> list[Player]:
        discriminator, generator = super().players()
        return [replace(discriminator, after=self.remember), replace(generator, after=self.balance)]

    def discriminator_loss(self, batch: Batch) -> Terms:
        x = batch["x"]
        with torch.no_grad():
            fake = self.draw(len(x))
        return {"real": self.score(x).mean(), "fake": -self.k * self.score(fake).mean(), "k": self.k.clone()}

    def generator_loss(self, batch: Batch) -> Terms:
        fake = self.score(self.draw(len(batch["x"]))).mean()
        return {"fake": fake, "convergence": self.real + (self.gamma * self.real - fake.detach()).abs()}

    def remember(self, terms: Terms) -> None:
        """Leave the energy of data for the generator's move."""
        self.real.copy_(terms["real"])

    def balance(self, terms: Terms) -> None:
        """Move k by the controller's error."""
        self.k.add_(self.gain * (self.gamma * self.real - terms["fake"])).clamp_(0, 1)

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        return (x - self.discriminator(x)).abs().pow(self.exponent).flatten(1).mean(1)

    @classmethod
    def toy(cls) -> Self:
        spec = Spec(x=Field((1, 8, 8), "image"))
        return cls(spec, latent=4, code=4, start=0.5, architecture=Mirrored(4), optimizer=Adam(1e-3, (0.9, 0.999)))

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        # Digits vary with gamma: below one the game falls onto one blurred stroke (docs/zoo/notes/began.md).
        small = {"gamma": 1.0, "gain": 0.1, "latent": 16, "code": 8}
        falling = Adam(Cosine(1e-3, 0.0), (0.5, 0.999))
        if spec["x"].kind != "points" and spec["x"].size <= 256:
            return {**small, "architecture": Flat(256, generator_norm="batch"), "optimizer": falling}
        return {}
