r"""A network that fills holes in images: it sees what is known, and where, and some noise.

The encoder halves the image level by level, as the plain discriminator does, with the mask beside it as one more
channel and nothing in the hole; noise joins at the smallest maps, where a few convolutions away lies all of the image;
the decoder doubles the maps back, and at each level sees the encoder's maps of that size, so that what lies beside a
hole is near at hand. Holes may be anywhere and of any shape.

Reference:
    Pathak, Krähenbühl, Donahue, Darrell, Efros: Context Encoders: Feature Learning by Inpainting, CVPR 2016; Denton,
    Gross, Fergus, 2016, add the noise. Ronneberger, Fischer, Brox: U-Net, MICCAI 2015, has the maps beside the decoder.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ganarium.nets.layers.blocks import SLOPE, block, named
from ganarium.nets.layers.conv import down, he, projection, pyramid, up, widths
from ganarium.nets.layers.norms import Norm, check_norm, make_spectral
from ganarium.nets.roles import check_counts
from ganarium.spec import Field

__all__ = ["Completer", "completer"]


class Completer(nn.Module):
    r"""From images with holes, their masks and noise to whole images, in [-1, 1].

    Args:
        field: What the images are.
        latent: How many numbers the noise has.
        width: Channels of the smallest maps (64 to 256, by size).
        norm: "batch", "layer", "spectral" or None; the first layer and the last have none.
    """

    def __init__(self, field: Field, latent: int, width: int | None = None, norm: Norm | None = "batch"):
        super().__init__()
        check_counts(latent=latent, **({} if width is None else {"width": width}))
        check_norm(norm)
        if field.kind != "image":
            raise ValueError(f"Holes are filled in images; got '{field}'. Give the game a generator of your own.")
        maps = pyramid(field)
        channels = widths(len(maps), width)
        bias, least = norm != "batch", channels[-1]
        stem = nn.Conv2d(field.shape[0] + 1, channels[0], 3, padding=1)
        downs = [block(he(down(a, b, 2, bias=bias), SLOPE), b, 2, norm, SLOPE) for a, b in pairwise(channels)]
        self.encoder = nn.ModuleList([block(he(stem, SLOPE), channels[0], 2, None, SLOPE), *downs])
        self.noise = projection(latent, least, maps[-1], norm)
        middle = nn.Conv2d(2 * least, least, 3, padding=1, bias=bias)
        self.middle = block(he(middle, 0.0), least, 2, norm, 0.0)
        self.decoder = nn.ModuleList(
            block(he(up(2 * a, b, small, large, bias=bias), 0.0), b, 2, norm, 0.0)
            for (a, b), (small, large) in zip(pairwise(channels[::-1]), pairwise(maps[::-1]), strict=True)
        )
        self.out = named(layer=nn.Conv2d(2 * channels[0], field.shape[0], 3, padding=1), tanh=nn.Tanh())
        if norm == "spectral":
            make_spectral(self)

    def forward(self, x: Tensor, mask: Tensor, z: Tensor) -> Tensor:
        """Whole images of shape (B, C, H, W), of which what lies in the holes is wanted.

        Args:
            x: Images of shape (B, C, H, W); what they hold where the mask is 0 is not seen.
            mask: 1 where they are known, of shape (1 or B, 1 or C, H, W) or (H, W); a pixel of which any channel is
                lost is lost.
            z: Noise of shape (B, latent).
        """
        known = mask.expand_as(x).amin(1, keepdim=True)
        seen = torch.cat([x.masked_fill(known == 0, 0.0), known.to(x.dtype)], 1)
        levels = []
        for step in self.encoder:
            seen = step(seen)
            levels.append(seen)
        made = self.middle(torch.cat([seen, self.noise(z)], 1))
        for step, beside in zip(self.decoder, levels[:0:-1], strict=True):
            made = step(torch.cat([made, beside], 1))
        return self.out(torch.cat([made, levels[0]], 1))


def completer(field: Field, latent: int, width: int | None = None, norm: Norm | None = "batch") -> Completer:
    r"""A network that fills holes: ``(x, mask, z) -> x`` of shape (B, \*shape).

    Args:
        field: What the images are, of at least 8 pixels a side.
        latent: How many numbers the noise has; z is (B, latent).
        width: Channels of the smallest maps (64 to 256, by size).
        norm: "batch", "layer", "spectral" or None.

    Raises:
        ValueError: if they are no images, or too small.

    Example:
        >>> fill = completer(Field((3, 16, 20), "image"), latent=4, width=8)
        >>> fill(torch.zeros(5, 3, 16, 20), torch.ones(5, 1, 16, 20), torch.randn(5, 4)).shape
        torch.Size([5, 3, 16, 20])
    """
    return Completer(field, latent, width, norm)
