"""Data from arrays and tensors, and random data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from torch import Tensor

from ganarium.data.base import InMemory
from ganarium.data.codec import Codec, codec_for, label_codec, tensor_of
from ganarium.spec import Kind, Spec

__all__ = ["from_tensors", "random", "read"]


def from_tensors(
    x: Any = None,
    y: Any = None,
    *,
    kind: Kind | None = None,
    range: Sequence[float] | None = None,
    axes: str = "",
    names: Sequence[str] = (),
    **fields: Any,
) -> InMemory:
    """Data from arrays, tensors or lists with one row a sample.

    Points of shape (N, D) are dealt with mean 0 and standard deviation 1 in each coordinate, sequences of shape
    (N, T, F) with each feature in [-1, 1]; ``spec["x"].restore`` undoes that. Images of shape (N, H, W), (N, C, H, W)
    or (N, H, W, C), volumes (N, C, D, H, W) and videos (N, C, T, H, W) are dealt in [-1, 1] with channels first: bytes
    from [0, 255], other numbers from [-1, 1] or [0, 1], whichever they fill, or from ``range``. Which axis is that of
    the channels is taken from the shape only where that is plain; elsewhere ``axes`` says it.

    Args:
        x: The data.
        y: Labels of shape (N,): whole numbers, with -1 for one that is not known, or strings. Those that occur are the
            classes; numbers other than 0, 1, 2, ... are their names.
        kind: What ``x`` is, where its shape leaves doubt: "points", "image", "volume", "video", "sequence" or "tokens".
        range: The lowest and highest number that can occur in ``x``; ``restore`` then brings it back.
        axes: What each axis of ``x`` is, a letter each: N samples, C channels, D depth, T time, H height, W width,
            F features; such as NHWC, NCDHW, NTCHW or NFT. It says the kind, too.
        names: What the classes of ``y`` are called, from 0; there may be some that do not occur.
        fields: More fields: ``a`` and ``b``, read as ``x`` is; ``c``, attributes of shape (N, K); ``text``, tokens of
            shape (N, T). Under other names, whole numbers or strings of shape (N,) are labels, floats of shape (N,) or
            (N, K) are attributes, and the rest is read as ``x`` is.

    Raises:
        ValueError: if an array has NaN, an odd shape, type or range, or another length than the first.

    Example:
        >>> data = from_tensors([[0.0, 10.0], [2.0, 10.0]], y=["cat", "ant"])
        >>> data["x"].tolist(), data["y"].tolist(), data.spec["y"].names
        ([[-1.0, 0.0], [1.0, 0.0]], [1, 0], ('ant', 'cat'))
    """
    given = {name: value for name, value in {"x": x, "y": y, **fields}.items() if value is not None}
    if not given or "index" in given:
        what = "'index' is made by the data itself; give that array another name" if given else "there is no array"
        raise ValueError(f"Data is made from arrays such as x= and y=; {what}.")
    found = {name: read(name, value, kind, range, names, axes) for name, value in given.items()}
    tensors = {name: codec.pack(raw) for name, (raw, codec) in found.items()}
    first, one = next(iter(tensors.items()))
    for name, value in tensors.items():
        if len(value) != len(one):
            raise ValueError(
                f"'{first}' has {len(one):,} samples and '{name}' has {len(value):,}. Give one row a sample in each."
            )
    tensors = {name: value.to(one.device) for name, value in tensors.items()}
    return InMemory(tensors, {name: codec.field for name, (_, codec) in found.items()})


def random(spec: Spec, count: int = 512, seed: int = 0) -> InMemory:
    """Random data that fits a spec, for tests and toys.

    Args:
        spec: What the batches hold. Where it names a number of samples, there are no more than that.
        count: How many samples.
        seed: What they follow from.

    Example:
        >>> from ganarium.spec import Field
        >>> print(random(Spec(x=Field((2,), "points")), count=8))
        toy: 8 samples; x points 2; 64 bytes
    """
    if count < 1:
        raise ValueError(f"Random data holds at least one sample; got count={count}.")
    if "index" in spec:
        count = min(count, spec["index"].classes or count)
    fields = {name: field for name, field in spec.items() if name != "index"}
    data = InMemory(Spec(fields).random(count, seed), fields, name="toy")
    data.source = {"name": "toy", "options": {"count": count, "seed": seed}}
    return data


def read(
    name: str, value: Any, kind: Kind | None, range: Sequence[float] | None, names: Sequence[str], axes: str = ""
) -> tuple[Tensor, Codec]:
    """The array as a tensor, and its codec by the meaning of its name."""
    words = _words(name, value) if name not in ("x", "a", "b", "c", "text") else None
    if words is not None:
        value, names = _numbered(words, tuple(names) if name == "y" else ())
    raw = tensor_of(name, value)
    if name == "y" or words is not None:
        return raw, label_codec(name, raw, names)
    if name == "c":
        return raw, codec_for(name, raw, "attributes", None)
    if name == "text":
        return raw, codec_for(name, raw, "tokens", None)
    if name not in ("x", "a", "b") and raw.ndim <= 2:
        whole = raw.ndim == 1 and not raw.is_floating_point()
        return raw, codec_for(name, raw, "label" if whole else "attributes", None)
    return raw, codec_for(name, raw, kind, range, axes)


def _words(name: str, value: Any) -> list[str] | None:
    """A list or array of strings as a list; None for anything else."""
    import numpy as np

    if isinstance(value, Tensor):
        return None
    try:
        words = np.asarray(value)
    except ValueError:
        return None
    if words.ndim != 1 or words.dtype.kind not in "UO" or not all(isinstance(word, str) for word in words):
        return None
    return cast("list[str]", words.tolist())


def _numbered(words: list[str], names: tuple[str, ...]) -> tuple[list[int], tuple[str, ...]]:
    """The place of each word among the names, which are the sorted words unless given."""
    names = names or tuple(sorted(set(words)))
    places = {name: place for place, name in enumerate(names)}
    lost = next((word for word in words if word not in places), None)
    if lost is not None:
        raise ValueError(f"The label {lost!r} is not among names=({', '.join(names)}). Add it, or leave names out.")
    return [places[word] for word in words], names
