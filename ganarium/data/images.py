"""Pictures that come with the libraries."""

from __future__ import annotations

import torch
from torch.nn.functional import interpolate

from ganarium.data.base import InMemory
from ganarium.data.loading import loader
from ganarium.spec import Field

__all__ = ["digits"]


@loader(
    "digits", title="1,797 handwritten digits of 8 x 8 pixels", fields=("x", "y"), kinds={"x": "image", "y": "label"}
)
def digits(size: int = 8, channels: int = 1) -> InMemory:
    """Real handwritten digits (Alpaydin and Kaynak, 1998), as scikit-learn holds them; 1,400 train and 397 test.

    Args:
        size: The side of the images in pixels; other than 8 they are resized with antialiased bicubic interpolation.
        channels: 1 for grey, 3 for the same in colour.
    """
    if size < 2 or channels not in (1, 3):
        raise ValueError(f"digits have a size of 2 or more and 1 or 3 channels; got size={size}, channels={channels}.")
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    x = torch.from_numpy(images).float().reshape(-1, 1, 8, 8) / 8 - 1
    if size != 8:
        x = interpolate(x, size=(size, size), mode="bicubic", antialias=True).clamp(-1, 1)
    fields = {
        "x": Field((channels, size, size), "image"),
        "y": Field((), "label", classes=10, names=tuple("0123456789")),
    }
    return InMemory({"x": x.repeat(1, channels, 1, 1), "y": torch.from_numpy(labels).long()}, fields, test=397)
