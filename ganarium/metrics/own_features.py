r"""Features of one's own: a network, or a function, that maps samples to features; given from Python or by its file.

.. code-block:: python

    ga.evaluate(run, data, features=[network])           # an nn.Module, or a function of samples

``--features ./my_features.py:features`` names a function of a file. Called without arguments it returns the network,
or it is itself the map, of one argument. A file is code, which runs because its user names it.

The map is given samples as games see them, (n, C, H, W) in [-1, 1] for images; points and sequences in the data's own
units. It returns features (n, d); or these and the logits of classes (n, K), by which the inception-style score is
measured too. It runs on batches of up to 256 samples, without gradients, a network in evaluation mode and on the device
that its weights are on.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from ganarium.metrics.features import Features, digest
from ganarium.metrics.learned import few
from ganarium.zoo import own

__all__ = ["in_file", "of"]


def in_file(word: str, data: Any, field: str) -> Features:
    """The features of a function in a file, ``./file.py:function``, whose code runs.

    Raises:
        ValueError: if there is no such function, or it gives no features; with the line.
    """
    value, content, path = own.imported(word)
    try:
        found = value() if inspect.isclass(value) or _takes_nothing(value) else value
    except Exception as error:
        raise ValueError(f"{word} fails: {own.said(error, path)}.") from error
    if not callable(found):
        raise ValueError(f"{word} gives {type(found).__name__}, no network and no function of samples.")
    name = f"{path.name}:{word.rpartition(':')[2]}".replace(" ", "_")
    return of(found, data, field, name, content, path)


def of(
    found: Callable[[Tensor], Any],
    data: Any,
    field: str,
    name: str = "",
    content: bytes = b"",
    path: Path | None = None,
) -> Features:
    """The features that a network or a function gives of samples of some data.

    Args:
        found: A network, or a function of samples.
        data: What samples are compared with.
        field: Which field of it.
        name: What they are called; as the function or the network's class is, if left out.
        content: The file that it came from, for the digest; the source of the function, if left out.
        path: Where that file is.

    Raises:
        ValueError: if it fails on samples of the data, or does not give features.
    """
    name = name or getattr(found, "__name__", type(found).__name__)
    network = isinstance(found, nn.Module)
    if network:
        found.eval()
    device = next((each.device for each in found.parameters()), None) if network else None
    of_data = data.spec[field]

    def embed(x: Tensor) -> tuple[Tensor, Tensor | None]:
        x = x.clamp(-1, 1) if of_data.kind in ("image", "volume", "video") else of_data.restore(x)
        try:
            with torch.no_grad():
                given = found(x if device is None else x.to(device))
        except Exception as error:
            shape = tuple(x.shape)
            raise ValueError(
                f"The features {name} fail on samples of shape {shape}: {own.said(error, path)}."
            ) from error
        return _checked(given, len(x), name)

    size = embed(few(data, field, 2)[:2])[0].shape[1]
    return Features(name, _digest(found, content), size, "as they are given", embed)


def _takes_nothing(value: Any) -> bool:
    """Whether a function needs no arguments, so that it returns the map and is not the map itself."""
    if isinstance(value, nn.Module) or not callable(value):
        return False
    rows = inspect.signature(value).parameters.values()
    return not any(row.default is row.empty and row.kind is not row.VAR_KEYWORD for row in rows)


def _checked(given: Any, n: int, name: str) -> tuple[Tensor, Tensor | None]:
    features, logits = cast(Any, given if isinstance(given, tuple | list) and len(given) == 2 else (given, None))
    for what, rows in (("features", features), ("logits", logits)):
        if rows is not None and not (isinstance(rows, Tensor) and rows.ndim == 2 and len(rows) == n):
            got = f"shape {tuple(rows.shape)}" if isinstance(rows, Tensor) else type(rows).__name__
            raise ValueError(f"The features {name} give {what} of {got} for {n} samples; they have the shape ({n}, d).")
    return _number(features), None if logits is None else _number(logits)


def _number(rows: Tensor) -> Tensor:
    rows = rows.detach().cpu()
    return rows if rows.dtype == torch.float64 else rows.float()


def _digest(found: Any, content: bytes) -> str:
    """The first eight digits of a SHA-256 of the file or the source, and of the network's weights."""
    if not content and not isinstance(found, nn.Module):
        try:
            content = inspect.getsource(found).encode()
        except (OSError, TypeError):  # typed in, or made by a program
            return ""
    weights = digest(found) if isinstance(found, nn.Module) else ""
    return hashlib.sha256(content + weights.encode()).hexdigest()[:8] if content else weights
