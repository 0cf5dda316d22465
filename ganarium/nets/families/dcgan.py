r"""DCGAN: the convolutional networks under which a plain GAN trains.

The rules of section 3: no pooling and no hidden fully connected layers, strides instead; batch norm everywhere but at
the generator's output and the discriminator's input; ReLU in the generator and tanh at its end; leaky ReLU with slope
0.2 in the discriminator. Weights begin as :math:`\mathcal N(0, 0.02^2)`.

For 64 x 64 pixels and ``channels=128`` the generator is the paper's figure 1: a latent is projected to 4 x 4 maps of
1024 channels, then come 8 x 8 of 512, 16 x 16 of 256, 32 x 32 of 128, and the image. The discriminator is its mirror.

Reference:
    Radford, Metz and Chintala, "Unsupervised representation learning with deep convolutional generative adversarial
    networks", ICLR 2016, arXiv 1511.06434.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from torch import nn
from torch.nn.init import normal_

from ganarium.nets.architecture import Architecture
from ganarium.nets.layers.blocks import SLOPE, named
from ganarium.nets.layers.conv import down, he, pyramid, up
from ganarium.nets.layers.norms import Norm, check_norm, make_norm, make_spectral
from ganarium.nets.roles import Discriminator, Generator, check_counts
from ganarium.spec import Field

__all__ = ["DCGANDiscriminator", "DCGANGenerator", "DeepConvolutional"]


def check_kernel(kernel: int) -> None:
    """Raise for kernels that leave gaps between their steps of two."""
    if kernel < 3:
        raise ValueError(f"A DCGAN's kernels are at least 3 wide (5 in the paper); got kernel={kernel}.")


def initialise(network: nn.Module) -> None:
    """Draw weights from N(0, 0.02) and the gains of batch norm from N(1, 0.02), as the paper and its code do."""
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.modules.conv._ConvNd)):
            normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            normal_(module.weight, 1.0, 0.02)


class DCGANGenerator(Generator):
    r"""From latents to images or volumes in [-1, 1] (Radford et al., 2016).

    Args:
        latent: How many numbers a latent has (100 in the paper).
        field: What a sample looks like; the number of doublings follows from its sides.
        channels: The channels of the largest hidden maps (128 in the paper); they double with each halving.
        kernel: The width of the kernels (5 in the paper).
        condition: How many numbers a condition has; they are concatenated to the latent.

    Deviations from the paper:
        1. Batch norm keeps running statistics for evaluation; the authors' code always uses the batch's.

    Example:
        >>> import torch
        >>> generator = DCGANGenerator(100, Field((3, 64, 64), "image"), channels=8)
        >>> generator(torch.rand(2, 100) * 2 - 1).shape
        torch.Size([2, 3, 64, 64])
    """

    def __init__(self, latent: int, field: Field, channels: int = 64, kernel: int = 5, condition: int = 0):
        check_counts(latent=latent, channels=channels, condition=condition)
        check_kernel(kernel)
        maps = pyramid(field, kernel)[::-1]
        dims = len(maps[0])
        sizes = [channels * 2**step for step in reversed(range(len(maps) - 1))] + [field.shape[0]]
        units = sizes[0] * math.prod(maps[0])
        # The projection's batch norm is of single units, as in the authors' code. Where it follows, biases are idle.
        parts: dict[str, nn.Module] = {
            "project": named(
                layer=nn.Linear(latent + condition, units, bias=False),
                norm=nn.BatchNorm1d(units),
                activation=nn.ReLU(),
                maps=nn.Unflatten(1, (sizes[0], *maps[0])),
            )
        }
        for i, ((small, large), (a, b)) in enumerate(zip(pairwise(maps), pairwise(sizes), strict=True), 1):
            last = i == len(maps) - 1
            parts[f"up{i}"] = named(
                layer=up(a, b, small, large, kernel, bias=False),
                norm=None if last else make_norm("batch", b, dims),
                activation=nn.Tanh() if last else nn.ReLU(),
            )
        super().__init__(named(**parts), latent, condition)
        initialise(self)


class DCGANDiscriminator(Discriminator):
    r"""From images or volumes to raw scores (Radford et al., 2016).

    Batch norm, the paper's choice, makes a score depend on the whole batch: real data and samples go through in
    separate passes, and gradient penalties have no meaning then.

    Args:
        field: What a sample looks like; the number of halvings follows from its sides.
        channels: The channels of the largest maps (128 in the paper); they double with each halving.
        kernel: The width of the kernels (5 in the paper).
        outputs: How many scores a sample gets.
        condition: How many numbers a condition has; they become constant channels of the image.
        norm: "batch" (the paper's), "layer", "spectral" or None. Without batch norm, weights begin as He et al. (2015)
            draw them: the paper's small ones would fade from layer to layer.

    Deviations from the paper:
        1. Batch norm keeps running statistics for evaluation; the authors' code always uses the batch's.
        2. It ends in a raw score; the sigmoid is part of the objective.

    Example:
        >>> import torch
        >>> discriminator = DCGANDiscriminator(Field((1, 28, 28), "image"), channels=8)
        >>> discriminator.feature_size
        784
    """

    def __init__(
        self,
        field: Field,
        channels: int = 64,
        kernel: int = 5,
        outputs: int = 1,
        condition: int = 0,
        norm: Norm | None = "batch",
    ):
        check_norm(norm)
        check_counts(channels=channels, outputs=outputs, condition=condition)
        check_kernel(kernel)
        maps = pyramid(field, kernel)
        dims = len(maps[0])
        sizes = [field.shape[0] + condition] + [channels * 2**step for step in range(len(maps) - 1)]
        parts = {}
        for i, (a, b) in enumerate(pairwise(sizes), 1):
            parts[f"down{i}"] = named(
                layer=down(a, b, dims, kernel, bias=norm != "batch"),
                norm=None if i == 1 else make_norm(norm, b, dims),
                activation=nn.LeakyReLU(SLOPE),
            )
        features = sizes[-1] * math.prod(maps[-1])
        super().__init__(named(**parts, flatten=nn.Flatten()), features, outputs, condition, bias=norm != "batch")
        initialise(self)
        if norm != "batch":
            for module in self.modules():
                if isinstance(module, nn.modules.conv._ConvNd):
                    he(module, SLOPE)
        if norm == "spectral":
            make_spectral(self)


@dataclass(frozen=True)
class DeepConvolutional(Architecture):
    """The convolutional networks of DCGAN (Radford et al., 2016), with batch norm in both.

    Args:
        channels: Feature maps at the image's own scale; twice as many at each coarser one.
        kernel: The width of the kernels.
        norm: Of the discriminator: batch, layer, spectral or None, which gradient penalties and critics want.
    """

    channels: int = 128
    kernel: int = 5
    norm: Norm | None = "batch"

    def generator(self, latent: int, field: Field, condition: int = 0) -> Generator:
        return DCGANGenerator(latent, field, self.channels, self.kernel, condition)

    def discriminator(self, field: Field, outputs: int = 1, condition: int = 0) -> Discriminator:
        return DCGANDiscriminator(field, self.channels, self.kernel, outputs, condition, self.norm)
