"""The Inception network of the Frechet inception distance, from a file that the user names.

What is published under the name FID is measured with one network: Inception-v3 as TensorFlow distributed it in 2015.
Its TorchScript form (``inception-2015-12-05.pt``) takes images (n, 3, H, W) of bytes and gives 2,048 features with
``return_features=True``, resizing them to 299 x 299 itself. It is not part of this package, and nothing is downloaded.

**Unverified**: nobody has compared a number made here with a published one yet.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganarium.files import at_home
from ganarium.metrics.features import Features
from ganarium.pictures.tiles import to_uint8

__all__ = ["features"]


def features(path: str, data: Any, field: str) -> Features:
    """The 2,048 features of the network in a TorchScript file.

    Raises:
        ValueError: if there is no such file, or it holds no such network, or samples are not images.
    """
    file = at_home(path)
    of = data.spec[field]
    if not path or not file.is_file():
        raise ValueError(
            f"inception is read from a file that you have: --features inception:PATH, the TorchScript of Inception-v3 "
            f"of 2015; {f'there is none at {path}' if path else 'no path was given'}."
        )
    if of.kind != "image" or of.shape[0] not in (1, 3):
        raise ValueError(f"inception takes images of one or three channels; {data.name} holds {of}.")
    network = _read(file)

    def embed(x: Tensor) -> tuple[Tensor, Tensor | None]:
        images = to_uint8(x)
        with torch.no_grad():
            found = network(images.expand(-1, 3, -1, -1).contiguous(), return_features=True)
        return found.float().cpu(), None

    sample = embed(torch.zeros(1, *of.shape))[0]
    if sample.ndim != 2:
        raise ValueError(f"{file} gives an output of shape {tuple(sample.shape)}, not features of shape (n, d).")
    with file.open("rb") as whole:
        digest = hashlib.file_digest(whole, "sha256").hexdigest()[:8]
    return Features("inception", digest, sample.shape[1], "inside the network, unverified", embed)


def _read(file: Path) -> Any:
    try:
        network = torch.jit.load(str(file), map_location="cpu").eval()
        network(torch.zeros(1, 3, 64, 64, dtype=torch.uint8), return_features=True)
    except Exception as error:  # TorchScript raises whatever the file makes it raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(
            f"{file} is not the TorchScript of an Inception network that takes images of bytes and "
            f"return_features=True ({reason[:120]})."
        ) from error
    return network
