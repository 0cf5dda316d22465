"""What is done about a game that turns around its equilibrium, as options of a game of two numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ganarium.ingredients import R1, R2, GradientPenalty, Penalty

__all__ = ["Remedy", "remedies"]


@dataclass(frozen=True)
class Remedy:
    """What is done about a game that turns.

    Args:
        penalty: A term of D's loss.
        noise: The deviation of noise that is added to data and samples.
        consensus: The weight of the velocity's squared length, which both players descend.
        clip: The bound on the critic's weight.
    """

    penalty: Penalty | None = None
    noise: float = 0.0
    consensus: float = 0.0
    clip: float = math.inf


def remedies(gamma: float = 0.5, noise: float = 0.7, target: float = 0.3, clip: float = 0.3) -> dict[str, Remedy]:
    """The remedies by their names.

    Args:
        gamma: The weight of penalties and of consensus.
        noise: The deviation of instance noise.
        target: The slope that the gradient penalty asks for.
        clip: The bound on the critic's weight.

    Raises:
        ValueError: if one of these is not positive.
    """
    given = {"gamma": gamma, "noise": noise, "target": target, "clip": clip}
    if min(given.values()) <= 0:
        raise ValueError(f"The remedies' numbers are positive; got {', '.join(f'{k}={v}' for k, v in given.items())}.")
    return {
        "none": Remedy(),
        "R1": Remedy(R1(gamma)),
        "R2": Remedy(R2(gamma)),
        "consensus": Remedy(consensus=gamma),
        "instance noise": Remedy(noise=noise),
        "gradient penalty": Remedy(GradientPenalty(gamma, target)),
        "clipping": Remedy(clip=clip),
    }
