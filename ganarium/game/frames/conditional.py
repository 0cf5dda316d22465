r"""The frame of adversarial games in which a class can be asked for: ``game.sample(9, y=3)``.

Generator and discriminator are told the class of each sample; how the discriminator looks at it is the game's word.
Where no class is asked for, one is drawn, each as often as the data has it.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganarium.game.frames.adversarial import Adversarial
from ganarium.game.options import made
from ganarium.nets import one_hot
from ganarium.nets.roles import features_of
from ganarium.spec import Batch, Field

__all__ = ["Conditional"]


class Conditional(Adversarial):
    r"""An adversarial game whose two networks are told the class of each sample, one-hot.

    Batch:
        ``x`` (B, \*shape): data. ``y`` (B,): their classes; -1, unknown, is a condition of zeros.

    Args:
        generator: From noise (B, latent) and one-hot labels (B, K) to samples (B, \*shape).
        discriminator: From samples and one-hot labels to raw scores (B,).
    """

    needs = {"x": (), "y": ("label",)}

    generator: nn.Module = made(
        factory=lambda game: game.architecture.generator(game.latent, game.spec["x"], condition=game.classes)
    )
    discriminator: nn.Module = made(
        factory=lambda game: game.architecture.discriminator(game.spec["x"], condition=game.classes)
    )

    @property
    def classes(self) -> int:
        """How many classes there are, K."""
        return self.spec["y"].classes

    @property
    def conditions(self) -> Mapping[str, Field]:
        return {"y": self.spec["y"]}

    def given(self, batch: Batch) -> dict[str, Tensor]:
        return {"y": batch["y"]}

    def choose(self, n: int, **condition: Tensor) -> dict[str, Tensor]:
        return condition if "y" in condition else {"y": self.spec["y"].draw(n, self.device)}

    def one_hot(self, y: Tensor, like: Tensor) -> Tensor:
        """Labels (n,) as rows (n, K) of the device and type of ``like``; -1, unknown, is a row of zeros."""
        return one_hot(y, self.classes, like)

    def decode(self, z: Tensor, **condition: Tensor) -> Tensor:
        return self.generator(z, self.one_hot(self.choose(len(z), **condition)["y"], z))

    def features(self, x: Tensor, **condition: Tensor) -> Tensor:
        return features_of(self.adversary, type(self).__name__)(x, self.one_hot(condition["y"], x))

    def score(self, x: Tensor, **condition: Tensor) -> Tensor:
        """Raw scores of shape (B,), given labels ``y``; without them, of the odds' mean over the data's classes."""
        if "y" in condition:
            return self.adversary(x, self.one_hot(condition["y"], x))
        y = torch.arange(self.classes, device=x.device).repeat(len(x))
        scores = self.score(x.repeat_interleave(self.classes, 0), y=y)
        law = scores.new_tensor(self.spec["y"].frequencies or [1 / self.classes] * self.classes)
        return (scores.unflatten(0, (len(x), self.classes)) + law.log()).logsumexp(1)
