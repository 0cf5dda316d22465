r"""Networks that turn an image into another one of the same size, and discriminators that judge it patch by patch.

The translator (Johnson et al., 2016, as CycleGAN has it) halves the image twice, changes it in residual blocks, and
doubles it back: a 7 x 7 convolution, two with stride 2, the blocks, two transposed ones, a 7 x 7 convolution, tanh.
Borders are reflected, so that none of its own appears, and every layer is followed by instance norm, which takes each
image's own mean and contrast out of each map.

The patch discriminator (Isola et al., 2017) is fully convolutional: each of its scores sees one patch, and its verdict
is their mean. With three halvings a score sees 70 x 70 pixels.

Reference:
    Johnson, Alahi, Fei-Fei: Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016.
    Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.init import normal_

from ganarium.nets.layers.blocks import SLOPE, named
from ganarium.nets.layers.conv import up
from ganarium.nets.roles import check_counts
from ganarium.spec import Field

__all__ = ["PatchDiscriminator", "Residual", "Translator", "patch_discriminator", "translator"]

#: The least side of an image: instance norm needs more than one place on the smallest maps.
LEAST = 8


class Residual(nn.Module):
    """A block that adds to its input what two convolutions make of it.

    Args:
        channels: How many come in, and go out.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.change = named(
            layer1=conv(channels, channels, 3),
            norm1=nn.InstanceNorm2d(channels),
            activation=nn.ReLU(),
            layer2=conv(channels, channels, 3),
            norm2=nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Maps of the same shape (B, channels, H, W)."""
        return x + self.change(x)


class Translator(nn.Sequential):
    r"""From images of shape (B, C, H, W) to images of shape (B, C', H, W) in [-1, 1].

    Weights begin as :math:`\mathcal N(0, 0.02^2)`. Layers that instance norm follows have no bias: it would take it
    away.

    Args:
        source: What comes in.
        target: What goes out, with the same sides.
        width: Channels at the image's own scale; twice as many after each halving.
        blocks: Residual blocks; by default 6, and 9 from 256 pixels a side.
    """

    def __init__(self, source: Field, target: Field, width: int = 64, blocks: int | None = None):
        check_pair(source, target)
        large = source.shape[1:]
        blocks = (9 if min(large) >= 256 else 6) if blocks is None else blocks
        check_counts(width=width, blocks=blocks)
        middle = half(large)
        small = half(middle)
        super().__init__(
            conv(source.shape[0], width, 7),
            *finish(width),
            nn.Conv2d(width, 2 * width, 3, 2, 1, bias=False),
            *finish(2 * width),
            nn.Conv2d(2 * width, 4 * width, 3, 2, 1, bias=False),
            *finish(4 * width),
            *[Residual(4 * width) for _ in range(blocks)],
            up(4 * width, 2 * width, small, middle, 3, bias=False),
            *finish(2 * width),
            up(2 * width, width, middle, large, 3, bias=False),
            *finish(width),
            conv(width, target.shape[0], 7, bias=True),
            nn.Tanh(),
        )
        initialise(self)


class PatchDiscriminator(nn.Module):
    r"""From images to a raw score for each patch.

    Args:
        field: What is judged.
        width: Channels after the first convolution; they double with each halving, up to eight times as many.
        halvings: Convolutions with stride 2. A score sees 16 pixels a side after one, 34 after two, 70 after three; by
            default one below 64 pixels, two below 128, and three.
        condition: An image that is judged along with each, such as the one that it was made from; its sides are the
            field's.
    """

    def __init__(self, field: Field, width: int = 64, halvings: int | None = None, condition: Field | None = None):
        super().__init__()
        check_image(field)
        side = min(field.shape[1:])
        halvings = 1 + (side >= 64) + (side >= 128) if halvings is None else halvings
        check_counts(width=width, halvings=halvings)
        if side // 2**halvings < 4:
            raise ValueError(
                f"A patch discriminator with {halvings} halvings needs sides of {4 * 2**halvings} or more; "
                f"got '{field}'. Lower halvings, or enlarge the data."
            )
        if condition is not None:
            check_pair(condition, field)
        self.condition = condition
        channels = field.shape[0] + (condition.shape[0] if condition else 0)
        sizes = [width * min(2**step, 8) for step in range(halvings + 1)]
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(SLOPE)]
        for i in range(halvings):
            stride = 2 if i + 1 < halvings else 1
            layers.append(nn.Conv2d(sizes[i], sizes[i + 1], 4, stride, 1, bias=False))
            layers += [nn.InstanceNorm2d(sizes[i + 1]), nn.LeakyReLU(SLOPE)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(sizes[-1], 1, 4, 1, 1))
        initialise(self)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Raw scores of shape (B, h, w).

        Args:
            x: Images of shape (B, C, H, W).
            c: The images that they are judged along with, if it was built for a condition.
        """
        if (c is None) != (self.condition is None):
            given, built = ("nothing" if c is None else "one"), ("none" if self.condition is None else "one")
            raise ValueError(f"This patch discriminator was built for a condition: {built}; got {given}.")
        return self.layers(x if c is None else torch.cat([c, x], 1)).squeeze(1)


def translator(source: Field, target: Field, width: int = 64, blocks: int | None = None) -> Translator:
    r"""A network from images of one domain to images of another: ``x -> y`` of shape (B, \*target.shape).

    Args:
        source: What comes in: images of at least 8 pixels a side.
        target: What goes out, with the same sides.
        width: Channels at the image's own scale.
        blocks: Residual blocks; by default 6, and 9 from 256 pixels a side.

    Raises:
        ValueError: if they are no images, or have other sides.

    Example:
        >>> to_colour = translator(Field((1, 16, 20), "image"), Field((3, 16, 20), "image"), width=8, blocks=2)
        >>> to_colour(torch.randn(5, 1, 16, 20)).shape
        torch.Size([5, 3, 16, 20])
    """
    return Translator(source, target, width, blocks)


def patch_discriminator(
    field: Field, width: int = 64, halvings: int | None = None, condition: Field | None = None
) -> PatchDiscriminator:
    r"""A network from images to a raw score for each patch: ``x -> scores`` of shape (B, h, w).

    Args:
        field: What is judged: images of at least 8 pixels a side.
        width: Channels after the first convolution.
        halvings: Convolutions with stride 2, which say how much a score sees; by default one to three, by size.
        condition: An image that is judged along with each.

    Raises:
        ValueError: if the field is no image, or too small.

    Example:
        >>> patch_discriminator(Field((3, 32, 32), "image"), width=8)(torch.randn(5, 3, 32, 32)).shape
        torch.Size([5, 14, 14])
    """
    return PatchDiscriminator(field, width, halvings, condition)


def conv(channels: int, out: int, kernel: int, bias: bool = False) -> nn.Conv2d:
    """The convolution that keeps the size of a map, with its borders reflected."""
    return nn.Conv2d(channels, out, kernel, padding=kernel // 2, padding_mode="reflect", bias=bias)


def finish(channels: int) -> tuple[nn.Module, nn.Module]:
    """What follows a layer."""
    return nn.InstanceNorm2d(channels), nn.ReLU()


def half(sides: tuple[int, ...]) -> tuple[int, ...]:
    """The sides of the maps one level down."""
    return tuple((n + 1) // 2 for n in sides)


def initialise(network: nn.Module) -> None:
    """Draw weights from N(0, 0.02), and set biases to zero, as the authors' code does."""
    for module in network.modules():
        if isinstance(module, nn.modules.conv._ConvNd):
            normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def check_image(field: Field) -> None:
    """Raise unless a sample is an image that can be halved twice."""
    if field.kind != "image" or len(field.shape) != 3 or min(field.shape[1:]) < LEAST:
        raise ValueError(f"Images are translated that have {LEAST} pixels a side or more; got '{field}'.")


def check_pair(source: Field, target: Field) -> None:
    """Raise unless both are images with the same sides."""
    check_image(source)
    check_image(target)
    if source.shape[1:] != target.shape[1:]:
        raise ValueError(f"An image is translated to one with the same sides; got '{source}' and '{target}'.")
