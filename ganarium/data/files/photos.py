"""Images of a user's own, in memory or on disk, cropped and mirrored as they are dealt."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Self, cast

import torch
from torch import Tensor

from ganarium.data.base import InMemory
from ganarium.data.files.scan import Scan
from ganarium.data.gathering import FileRows, HostRows
from ganarium.data.order import Order, Span
from ganarium.randomness import mix
from ganarium.spec import Field

__all__ = ["Photos"]


class Photos(InMemory):
    """Images of a folder, with or without labels.

    Whether the pixels are a tensor or stay in a file, batches are the same: the order follows from the seed, and crop
    and mirror from the seed and the position in the order. :meth:`sweep` and :meth:`gather` show the middle, as it is.

    Args:
        pixels: Bytes of shape (n, C, S, S).
        fields: What the batches hold; ``x`` may be smaller than S.
        labels: Of shape (n,); None: none.
        scan: What was found.
        crop: Whether the place that is shown of larger images is drawn at random.
        flip: Whether half of the images are mirrored, left to right, at random.
        cached: The folder that keeps the decoded images; empty if none does.
        name: What messages call the data.
        test: The places of the samples of the test split; None: a fifth of all.
        absent: Why there is no field of a name, a sentence each.
    """

    def __init__(
        self,
        pixels: Tensor | FileRows,
        fields: Mapping[str, Field],
        labels: Tensor | None = None,
        *,
        scan: Scan,
        crop: bool = False,
        flip: bool = False,
        cached: str = "",
        name: str = "folder",
        test: Tensor | None = None,
        absent: Mapping[str, str] | None = None,
    ):
        # A file's rows do all that is asked of a tensor here: index_select, to, device and their number.
        tensors: dict[str, Tensor] = {"x": cast(Tensor, pixels)}
        if labels is not None:
            tensors["y"] = labels
        super().__init__(tensors, fields, name=name, test=test, absent=absent)
        #: What was found in the folder: what was skipped and why, what was converted.
        self.scan: Scan = scan
        #: The places, among the files, of those that were skipped.
        self.left_out: frozenset[int] = frozenset()
        self._crop, self._flip, self._cached = crop, flip, cached

    @property
    def pixels(self) -> Tensor | FileRows:
        """The decoded images, bytes of shape (n, C, S, S): those of all parts, whole where ``x`` is cut out of them."""
        return self._tensors["x"]

    @property
    def divided(self) -> bool:
        """Whether the folders say which images are kept for testing."""
        return self._test is not None

    @property
    def streamed(self) -> bool:
        """Whether the pixels stay on disk."""
        return isinstance(self._tensors["x"], FileRows)

    @property
    def notes(self) -> list[str]:
        """What a person should know of the data: what was converted, why there are no labels."""
        return self.scan.lines()

    def to(self, device: torch.device | str) -> Self:
        """The same data with its batches on ``device``; images that would fill a quarter of it stay where they are."""
        pixels, device = self._tensors["x"], torch.device(device)
        if device.type != "cuda" or not isinstance(pixels, Tensor) or pixels.is_cuda:
            return super().to(device)
        if pixels.nbytes < torch.cuda.mem_get_info(device)[0] / 4:
            return super().to(device)
        host = copy.copy(self)
        host._tensors = {**self._tensors, "x": cast(Tensor, HostRows(pixels, "cpu"))}
        return host.to(device)

    def gather(self, places: Tensor) -> dict[str, Tensor]:
        return self._shown(super().gather(places), None, 0)

    def _follow(self, order: Order, spans: Iterable[Span]) -> Iterator[dict[str, Tensor]]:
        for low, high in spans:
            yield self._shown(self._dealt(order.places(low, high)), order.seed, low)

    def _shown(self, batch: dict[str, Tensor], seed: int | None, low: int) -> dict[str, Tensor]:
        """The batch with its images cropped and mirrored for the positions from ``low``."""
        x, (_, height, width) = batch["x"], self.spec["x"].shape
        above, beside = x.shape[-2] - height, x.shape[-1] - width
        if seed is None:
            top, left = above // 2, beside // 2
            batch["x"] = x[..., top : top + height, left : left + width].contiguous()
            return batch
        if not self._crop and not self._flip:
            return batch
        drawn = torch.tensor([mix(seed, position, 1) for position in range(low, low + len(x))])
        down, right = (drawn >> 8) % (above + 1), (drawn >> 32) % (beside + 1)  # without crop there is no room
        columns = right[:, None] + torch.arange(width)
        if self._flip:
            columns = torch.where((drawn & 1).bool()[:, None], columns.flip(1), columns)
        rows = down[:, None] + torch.arange(height)
        batch["x"] = _window(x, rows.to(x.device), columns.to(x.device))
        return batch

    def _kept(self) -> str:
        if self.streamed:
            return f"streamed from {self._cached}"
        shape = self._tensors["x"].shape
        size = len(self) * shape[1:].numel() / 2**20
        return f"{size:.1f} MiB in memory" + (f", cached in {self._cached}" if self._cached else "")


def _window(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels of ``x``, (B, C, H, W), at its own rows (B, h) and columns (B, w) of each image, (B, C, h, w)."""
    batch = torch.arange(len(x), device=x.device)[:, None, None, None]
    channel = torch.arange(x.shape[1], device=x.device)[None, :, None, None]
    return x[batch, channel, rows[:, None, :, None], columns[:, None, None, :]]
