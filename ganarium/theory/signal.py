r"""How strong the generator's gradient is, as a function of how well its samples are told from data.

With the score :math:`F` of a sample and :math:`D = \sigma(F)`, what reaches the generator through the score is

.. math::

    \frac{\partial}{\partial F} \log(1 - D) = -D, \qquad
    \frac{\partial}{\partial F} \bigl(-\log D\bigr) = -(1 - D), \qquad
    \frac{\partial}{\partial F} \Bigl(-\frac{D}{1 - D}\Bigr) = -\frac{D}{1 - D}.

Where samples are told with ease, :math:`D \to 0`: the first gradient vanishes, which is the flat region; the second is
near one. The third is maximum likelihood's, whose samples with high scores have all the say.

Reference:
    Goodfellow: NIPS 2016 Tutorial: Generative Adversarial Networks, figure 16, arXiv 1701.00160.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganarium.ingredients import Minimax, NonSaturating
from ganarium.theory.panels import COLOURS, legend, panels
from ganarium.theory.teaching import Shown
from ganarium.zoo.lesson import lesson

__all__ = ["LOSSES", "gradient", "likelihood"]


def likelihood(scores: Tensor) -> Tensor:
    """The loss that makes the game maximum likelihood where D is optimal: minus the odds, summed."""
    return -scores.exp().sum()


#: What a generator descends, as a sum over its samples, given their scores.
LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "minimax": lambda scores: Minimax().generator(scores)["fake"] * len(scores),
    "non-saturating": lambda scores: NonSaturating().generator(scores)["fake"] * len(scores),
    "maximum likelihood": likelihood,
}


def gradient(loss: str, belief: Tensor) -> Tensor:
    """The derivative of a sample's loss by its score, where D believes it to be data with a probability.

    Args:
        loss: One of :data:`LOSSES`.
        belief: D(G(z)), of shape (n,).
    """
    scores = torch.logit(belief.double()).requires_grad_()
    return torch.autograd.grad(LOSSES[loss](scores), scores)[0]


@lesson(
    "gradient-signal",
    says="Where D is sure that samples are not data, log(1 - D) is flat and -log D is not",
    source="Goodfellow, 2014, section 3; Goodfellow, 2016, figure 16",
)
def gradient_signal(points: int = 400) -> Shown:
    """What the generator descends, and how strongly, over D(G(z)).

    Args:
        points: Values of D(G(z)) along each curve.
    """
    belief = torch.linspace(1e-3, 1 - 1e-3, points).double()
    figure, (losses, slopes) = panels(["What G descends", "How strongly: |gradient| by the score"], columns=2)
    for (name, loss), colour in zip(LOSSES.items(), COLOURS, strict=False):
        values = torch.stack([loss(score[None]) for score in torch.logit(belief)])
        losses.plot(belief, values, color=colour, label=name)
        slopes.semilogy(belief, gradient(name, belief).abs(), color=colour, label=name)
    for axes in (losses, slopes):
        axes.set_xlabel("D(G(z))")
    losses.set_ylim(-12, 6)
    legend(losses, loc="lower left")
    asked = torch.tensor([0.001, 0.1, 0.5, 0.9])
    rows = [
        {"D(G(z))": round(float(at), 3), **{name: float(gradient(name, at[None])[0]) for name in LOSSES}}
        for at in asked
    ]
    ratio = rows[0]["non-saturating"] / rows[0]["minimax"]
    return Shown(rows, figure, found=f"At D(G(z)) = 0.001 the non-saturating gradient is {ratio:.0f} times minimax's.")
