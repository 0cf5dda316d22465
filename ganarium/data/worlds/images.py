"""Pictures that come with the libraries."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganarium.data.base import InMemory
from ganarium.data.loading import loader
from ganarium.data.worlds.checks import at_least
from ganarium.spec import Field

__all__ = ["digits", "stacked_digits"]


@loader(
    "digits", title="1,797 handwritten digits of 8 x 8 pixels", fields=("x", "y"), kinds={"x": "image", "y": "label"}
)
def digits(size: int = 8, channels: int = 1, binary: bool = False) -> InMemory:
    """Real handwritten digits (Alpaydin and Kaynak, 1998), as scikit-learn holds them; 1,400 train and 397 test.

    Args:
        size: The side of the images in pixels; other than 8 they are resized with antialiased bicubic interpolation.
        channels: 1 for grey, 3 for the same in colour.
        binary: Whether pixels are only -1 or 1: those above the middle of their range are 1.
    """
    if size < 2 or channels not in (1, 3):
        raise ValueError(f"digits have a size of 2 or more and 1 or 3 channels; got size={size}, channels={channels}.")
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    x = torch.from_numpy(images).float().reshape(-1, 1, 8, 8) / 8 - 1
    if size != 8:
        x = interpolate(x, size=(size, size), mode="bicubic", antialias=True).clamp(-1, 1)
    if binary:
        x = (x > 0).float() * 2 - 1
    fields = {
        "x": Field((channels, size, size), "image"),
        "y": Field((), "label", classes=10, names=tuple("0123456789")),
    }
    return InMemory({"x": x.repeat(1, channels, 1, 1), "y": torch.from_numpy(labels).long()}, fields, test=397)


@loader(
    "stacked-digits",
    title="three digits in the colours red, green and blue: 1,000 modes",
    fields=("x", "y"),
    kinds={"x": "image", "y": "label"},
)
def stacked_digits(size: int = 8, count: int = 20_000, seed: int = 0) -> InMemory:
    """Three of the :func:`digits`, drawn at random, as the channels of one image; the label is the number they spell.

    The miniature of stacked MNIST, on which lost modes are counted (Metz et al., 2017): ``truth`` says how many modes
    there are, and the factors are the digits in ``red``, ``green`` and ``blue``. Images for testing, a fifth, are made
    of the digits for testing.

    Args:
        size: The side of the images in pixels, as for digits.
        count: How many samples are drawn; the modes are equally likely.
        seed: What they follow from.
    """
    at_least(1, "stacked-digits", count=count)
    single, generator = digits(size), torch.Generator().manual_seed(seed)
    held = count // 5
    draws = [_three(part, n, generator) for part, n in ((single.train, count - held), (single.test, held))]
    pixels, labels = (torch.cat(each) for each in zip(*draws, strict=True))
    red, green, blue = labels.unbind(1)
    names = tuple(f"{number:03d}" for number in range(1000))
    fields = {"x": Field((3, size, size), "image"), "y": Field((), "label", classes=1000, names=names)}
    tensors = {"x": pixels, "y": 100 * red + 10 * green + blue}
    factors = {"red": red, "green": green, "blue": blue}
    test = torch.arange(count - held, count) if held else None
    return InMemory(tensors, fields, factors=factors, truth={"modes": 1000}, test=test)


def _three(part: InMemory, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Images of three digits as bytes, (n, 3, S, S), and the digits, (n, 3)."""
    x, y = ((part["x"] + 1) * 127.5).round().to(torch.uint8), part["y"]
    digit = torch.randint(10, (count, 3), generator=generator)
    by_digit = [(y == k).nonzero().flatten() for k in range(10)]
    sizes = torch.tensor([len(places) for places in by_digit])
    which = (torch.rand(count, 3, generator=generator, dtype=torch.float64) * sizes[digit]).long()
    starts = sizes.cumsum(0) - sizes
    places = torch.cat(by_digit)[starts[digit] + which]
    return x[places, 0], digit
