"""Rows of bytes that are not where the batches are, gathered as the rows of a tensor are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

__all__ = ["FileRows", "HostRows"]


class FileRows:
    """What :class:`~ganarium.data.base.InMemory` needs of a tensor of bytes, for an array that stays on disk.

    Only the rows that are asked for are read, into the batch itself: a process holds no page of the file, and what the
    system keeps of it in spare memory serves all processes. The file is opened for each batch, and so this can be
    copied, pickled and forked.

    Args:
        path: The file.
        shape: The shape of the array, (n, ...).
        offset: Where it begins in the file, in bytes.
        device: Where the gathered rows are to be.
    """

    dtype = torch.uint8

    def __init__(self, path: Path, shape: tuple[int, ...], offset: int, device: torch.device | str = "cpu"):
        self.path, self.shape, self.offset = path, shape, offset
        self.device = torch.device(device)

    def __len__(self) -> int:
        return self.shape[0]

    def to(self, device: torch.device | str) -> Self:
        """The same rows, to be gathered on ``device``."""
        return type(self)(self.path, self.shape, self.offset, device)

    def index_select(self, dim: int, rows: Tensor) -> Tensor:
        """The rows, of shape (B, ...).

        Raises:
            OSError: if the file is gone or shorter than it was.
        """
        assert dim == 0
        pinned = self.device.type == "cuda"
        gathered = torch.empty((len(rows), *self.shape[1:]), dtype=torch.uint8, pin_memory=pinned)
        places = rows.cpu().tolist()
        if places:
            self._read(places, gathered)
        return gathered.to(self.device, non_blocking=pinned)

    def _read(self, places: list[int], gathered: Tensor) -> None:
        flat = gathered.view(len(places), -1).numpy()
        size = flat.shape[1]
        starts = [self.offset + place * size for place in places]
        with open(self.path, "rb", buffering=0) as file:
            if hasattr(os, "posix_fadvise"):  # a disk may then fetch all of them in the order that suits it
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
                for start in starts:
                    os.posix_fadvise(file.fileno(), start, size, os.POSIX_FADV_WILLNEED)
            for row, start in zip(flat, starts, strict=True):
                file.seek(start)
                if file.readinto(memoryview(row)) != size:
                    raise OSError(f"{self.path} is shorter than it was. Delete it, and load the data again.")


class HostRows:
    """The same for bytes in the computer's memory that a device has no room for.

    Args:
        rows: A tensor of bytes on the CPU, of shape (n, ...).
        device: Where the gathered rows are to be.
    """

    dtype = torch.uint8

    def __init__(self, rows: Tensor, device: torch.device | str):
        self.rows, self.shape = rows, rows.shape
        self.device = torch.device(device)

    def __len__(self) -> int:
        return len(self.rows)

    def to(self, device: torch.device | str) -> Self:
        """The same rows, to be gathered on ``device``."""
        return type(self)(self.rows, device)

    def index_select(self, dim: int, rows: Tensor) -> Tensor:
        """The rows, of shape (B, ...)."""
        gathered = self.rows.index_select(dim, rows.cpu())
        return gathered.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else gathered
