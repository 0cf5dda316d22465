r"""Any f-divergence as a game: a variational bound that the discriminator raises and the generator lowers.

For a convex :math:`f` with :math:`f(1) = 0`, conjugate :math:`f^*` and an activation :math:`g_f` that puts raw scores
:math:`v` onto the domain of :math:`f^*`,

.. math::

    \min_G \max_v\ \mathbb E\, g_f(v(x)) - \mathbb E f^*(g_f(v(G(z)))) \quad = \quad \min_G D_f(p \Vert q),

since at its best :math:`g_f(v) = f'(p / q)`. The first GAN is one member of the family, with
:math:`f(u) = u \log u - (u + 1) \log(u + 1)`. Which divergence it is decides how a model that cannot match the data
compromises: Kullback and Leibler's spreads over all of the data, the reverse one settles on a part of it. The table of
members is :mod:`ganarium.ingredients.divergences`.

Reference:
    Nowozin, Cseke, Tomioka: f-GAN: Training Generative Neural Samplers using Variational Divergence Minimization,
    NIPS 2016, arXiv 1606.00709; Algorithm 1, tables 2 and 6.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ganarium.game import Paper, Terms, follows, made
from ganarium.game.frames.adversarial import Adversarial, discriminator_of
from ganarium.ingredients import Adam, Divergence, Law, Objective, OptimizerChoice, Pearson, Uniform
from ganarium.nets import Architecture, ExponentialPerceptrons, Perceptrons
from ganarium.spec import Spec

__all__ = ["FGAN"]


class FGAN(Adversarial):
    r"""The variational divergence minimiser.

    Players:
        discriminator: ``real`` and ``fake``, minus the two parts of the bound; ``bound`` (watched), the bound itself,
            an estimate of the divergence from below; the rest as in
            :class:`~ganarium.game.frames.adversarial.Adversarial`.
        generator: ``fake``, its part of the bound.

    Args:
        divergence: Which divergence is played for; with ``practical`` the generator raises :math:`\mathbb E\, g_f(v)`
            of its samples instead (section 3.2).
        simultaneous: Both gradients are taken at once, as in Algorithm 1; otherwise the players alternate.
        discriminator: From samples to raw scores v, (B,).

    Deviations from the paper:
        1. Weights begin as the first GAN's; how the paper's begin is not known to us.
        2. Activations have the signs of the published table, so that a large score means data for every divergence;
           the authors' notebook has some reversed.
        3. Pearson's divergence by default: the paper has none, and finds it best on digits (table 3).
        4. Of the paper's divergences Jeffrey's, the total variation, the alpha and the weighted Jensen and Shannon's
           are left out.
        5. Networks are those of the paper's digits; its photographs have DCGAN's.

    Example:
        >>> FGAN.toy().sample(3, seed=0).shape
        torch.Size([3, 2])
    """

    paper = Paper(
        title="f-GAN: Training Generative Neural Samplers using Variational Divergence Minimization",
        authors=("Sebastian Nowozin", "Botond Cseke", "Ryota Tomioka"),
        year=2016,
        arxiv="1606.00709",
        venue="Advances in Neural Information Processing Systems",
        command="f-gan",
        batch=4096,
    )
    caution = (
        "No settings of its own are measured yet; under `gan`'s recipe its divergences play: `gan --objective kl`."
    )

    divergence: Divergence = Pearson()
    architecture: Architecture = ExponentialPerceptrons()
    objective: Objective = follows(factory=lambda game: game.divergence)
    prior: Law = Uniform(-1.0, 1.0)
    simultaneous: bool = True
    optimizer: OptimizerChoice = Adam(2e-4, (0.5, 0.999))
    discriminator: nn.Module = made(factory=discriminator_of)

    def watched(self, terms: Terms, real: Tensor, fake: Tensor) -> Terms:
        return {**super().watched(terms, real, fake), "bound": -(terms["real"] + terms["fake"]).detach()}

    @classmethod
    def recipe(cls, spec: Spec) -> dict[str, Any]:
        return {"architecture": Perceptrons()}
