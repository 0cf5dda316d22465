"""From the arrays that people have to the tensors that batches hold: what they mean, how they lie, which range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import torch
from torch import Tensor

from ganarium.data.axes import kind_of_axes, order_of, read_axes, thin
from ganarium.data.ranges import NOISE, advised, check_span, narrow
from ganarium.spec import Field, Kind

__all__ = ["Codec", "codec_for", "from_array", "label_codec", "standardise", "tensor_of"]

_PIXELS = ("image", "volume", "video")


@dataclass(frozen=True)
class Codec:
    """Packs the raw arrays of one field.

    Args:
        field: What the packed tensor holds.
        order: Which axis of the raw array each axis of the field comes from; -1: it has none. Empty: as they lie.
        scale: What one packed unit is in raw units, for each coordinate or one for all; empty: 1.
        shift: The raw number that is packed as zero; likewise, empty: 0.
        bytes: Whether raw bytes stay bytes, to be unpacked to [-1, 1] as they are dealt.
        values: The raw numbers of the classes of a label, ascending, where they are not 0, 1, 2, ...
    """

    field: Field
    order: tuple[int, ...] = ()
    scale: tuple[float, ...] = ()
    shift: tuple[float, ...] = ()
    bytes: bool = False
    values: tuple[int, ...] = ()

    def pack(self, raw: Tensor) -> Tensor:
        """``raw``, of shape (n, ...), as a tensor of shape (n, \\*field.shape)."""
        if self.order:
            raw = raw.permute([axis for axis in self.order if axis >= 0])
        raw = raw.reshape(len(raw), *self.field.shape).contiguous()
        if self.field.counts:
            return self._places(raw.long()) if self.values else raw.long()
        if self.bytes:
            return raw
        raw = raw if raw.is_floating_point() else raw.float()
        if self.shift:
            raw = raw - raw.new_tensor(self.shift)
        if self.scale:
            raw = raw / raw.new_tensor(self.scale)
        return raw.float()

    def _places(self, raw: Tensor) -> Tensor:
        """The place of each label's number among the classes; -1, unknown, stays."""
        return torch.where(raw < 0, -1, torch.searchsorted(raw.new_tensor(self.values), raw))

    def check(self, packed: Tensor, name: str) -> None:
        """Check a later part of the data, which was not there when the codec was made.

        Raises:
            ValueError: if it holds a number outside of the field's range.
        """
        field = self.field
        low, high = (-1, field.classes - 1) if field.counts else (-1 - NOISE, 1 + NOISE)
        if packed.dtype == torch.uint8 or (field.kind not in _PIXELS and not field.counts):
            return
        if packed.min() < low or packed.max() > high:
            raise ValueError(
                f"'{name}' goes from {packed.min():g} to {packed.max():g}, outside of [{low:g}, {high:g}].\n"
                "The samples from which the spec of this stream was found out did not show that.\n"
                "Say the range of pixels with range=(low, high), or name all classes with names=."
            )


def tensor_of(name: str, value: Any) -> Tensor:
    """An array, tensor or list as a tensor of bytes, truth values, whole numbers or floats that are finite.

    Raises:
        ValueError: if it is empty, or of a type that batches cannot hold, or holds NaN or infinity.
    """
    tensor = value.detach() if isinstance(value, Tensor) else from_array(name, value)
    if tensor.ndim < 1 or tensor.numel() == 0:
        raise ValueError(f"'{name}' has shape {tuple(tensor.shape)}, which holds no samples.")
    if tensor.is_complex():
        raise ValueError(_type_error(name, str(tensor.dtype).removeprefix("torch.")))
    if tensor.is_floating_point():
        _check_finite(name, tensor)
        return tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()
    return tensor if tensor.dtype in (torch.uint8, torch.bool) else tensor.long()


def codec_for(name: str, raw: Tensor, kind: Kind | None, span: Sequence[float] | None, axes: str = "") -> Codec:
    """The codec that suits ``raw``, of shape (n, ...).

    Args:
        name: What messages call the array.
        raw: What :func:`tensor_of` made.
        kind: What it is; None: what its shape and type say.
        span: The lowest and highest raw number that can occur; None: found out.
        axes: What each axis is, a letter each, such as NHWC; empty: what the shape says.

    Raises:
        ValueError: if the shape, type or range leaves doubt.
    """
    if axes:
        return _said(name, raw, kind, span, axes)
    sure, kind = kind is not None, kind or _guess(name, raw)
    if kind in _PIXELS:
        return _pixels(name, raw, kind, span, order_of(name, raw.shape, kind, sure))
    if kind == "sequence":
        if raw.ndim == 3 and raw.shape[1] == 1 < raw.shape[2]:
            raise ValueError(thin(name, raw.shape))
        return _sequence(name, raw.reshape(*_shape(name, raw, kind, 2, 3)), span)
    _check_no_span(name, kind, span)
    if kind == "points":
        return _points(raw.reshape(*_shape(name, raw, kind, 1, 2)))
    if kind == "attributes":
        return Codec(Field(_shape(name, raw, kind, 1, 2)[1:], kind))
    if kind == "tokens":
        _check_counts(name, raw, 0)
        return Codec(Field(_shape(name, raw, kind, 2, 2)[1:], kind, classes=int(raw.max()) + 1))
    if kind == "label":
        return label_codec(name, raw, ())
    raise ValueError(
        f"An array can be of the kinds {', '.join(k for k in get_args(Kind) if k != 'index')}; got {kind!r}."
    )


def _said(name: str, raw: Tensor, kind: Kind | None, span: Sequence[float] | None, axes: str) -> Codec:
    """The codec of an array whose axes are said."""
    means = kind_of_axes(axes)
    if kind not in (None, means):
        raise ValueError(f"axes='{axes}' are those of {means}, and kind='{kind}' was said. Leave one of them out.")
    order = read_axes(name, raw.shape, axes, means)
    if means in _PIXELS:
        return _pixels(name, raw, means, span, order)
    lying = raw.permute(order)
    if means == "sequence":
        return replace(_sequence(name, lying, span), order=order)
    _check_no_span(name, means, span)
    return _points(lying)


def _check_no_span(name: str, kind: Kind, span: Sequence[float] | None) -> None:
    if span is not None:
        raise ValueError(f"range= is for images, volumes, videos and sequences; '{name}' is {kind}. Leave range out.")


def label_codec(name: str, raw: Tensor, names: Sequence[str]) -> Codec:
    """The codec of labels: whole numbers of shape (n,) or (n, 1); -1 says that a label is not known.

    With names, a number is the place of a name. Without, the classes are the numbers that occur: where those are not
    0, 1, 2, ..., such as 100 and 200, they are the names.

    Raises:
        ValueError: if they are not such numbers, or name classes that ``names`` lacks.
    """
    if raw.ndim > 2 or raw[0].numel() != 1:
        raise ValueError(
            f"The labels '{name}' have shape {tuple(raw.shape)}; a label is one whole number a sample.\n"
            f"For one-hot rows, give {name}.argmax(1); for several attributes a sample, give them as c=."
        )
    _check_counts(name, raw, -1)
    values = tuple(raw[raw >= 0].unique().long().tolist())
    if not values and not names:
        raise ValueError(
            f"All labels '{name}' are -1, not known. Leave them out, or say which classes there are: names=."
        )
    if names and values and values[-1] >= len(names):
        raise ValueError(f"The labels '{name}' go up to {values[-1]}, but names= has only {len(names)} classes.")
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise ValueError(
            f"Two classes of '{name}' are called {', '.join(twice)}; classes are found by name. Give each its own."
        )
    gaps = not names and values != tuple(range(len(values)))
    called = tuple(map(str, values if gaps else names))
    return Codec(Field((), "label", classes=len(names) or len(values), names=called), values=values if gaps else ())


def standardise(raw: Tensor) -> tuple[Tensor, Field]:
    """Points of shape (n, D) with mean 0 and standard deviation 1 in each coordinate, and their field."""
    codec = _points(raw)
    return codec.pack(raw), codec.field


def from_array(name: str, value: Any) -> Tensor:
    """An array or list as a tensor, which may share its memory."""
    import numpy as np

    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"'{name}' is not an array: {str(error).rstrip('.')}.") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(_type_error(name, array.dtype))
    if array.dtype.kind in "iu" and array.dtype != np.uint8:
        array = array.astype(np.int64)
    if array.dtype.kind == "f":
        array = array.astype(np.float32 if array.itemsize <= 4 else np.float64, copy=False)
    # Read-only, reversed and transposed arrays are copied; PyTorch would warn about the first and refuse the second.
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def _type_error(name: str, dtype: Any) -> str:
    return (
        f"'{name}' is of type {dtype}, which batches cannot hold.\nGive whole numbers or floats (and y may be strings)."
    )


def _check_finite(name: str, tensor: Tensor) -> None:
    finite = tensor.isfinite()
    if bool(finite.all()):
        return
    bad = (~finite).nonzero()
    raise ValueError(
        f"'{name}' holds {len(bad):,} numbers that are NaN or infinite, the first at {bad[0].tolist()}.\n"
        "One of them would turn every weight into NaN.\nRemove those samples or fill in the numbers."
    )


def _check_counts(name: str, raw: Tensor, least: int) -> None:
    if raw.is_floating_point() and bool((raw != raw.round()).any()):
        place = (raw != raw.round()).nonzero()[0].tolist()
        raise ValueError(f"'{name}' is {raw[tuple(place)]:g} at {place}; it must be a whole number.")
    if raw.min() < least:
        meaning = "; -1 says: not known" if least < 0 else ""
        raise ValueError(f"'{name}' goes down to {int(raw.min())}; the least is {least}{meaning}.")


def _guess(name: str, raw: Tensor) -> Kind:
    if raw.ndim <= 2 and not raw.is_floating_point():
        raise ValueError(
            f"'{name}' has whole numbers in shape {tuple(raw.shape)}, which could be points, tokens or attributes.\n"
            "Say which: kind='points', kind='tokens' or kind='attributes'."
        )
    if raw.ndim <= 5:
        kinds: tuple[Kind, ...] = ("points", "points", "image", "image", "volume")
        return kinds[raw.ndim - 1]
    raise ValueError(
        f"'{name}' has shape {tuple(raw.shape)}, which is no kind of data known here.\n"
        "Points are (N, D), images (N, H, W), (N, C, H, W) or (N, H, W, C), volumes (N, C, D, H, W)."
    )


def _shape(name: str, raw: Tensor, kind: str, least: int, most: int) -> tuple[int, ...]:
    """The shape of ``raw`` with ``most`` axes: a last axis of one is added where it has ``least``."""
    if raw.ndim not in (least, most):
        axes = {"points": "(N, D)", "sequence": "(N, T, F)", "tokens": "(N, T)", "attributes": "(N, K)"}[kind]
        raise ValueError(f"'{name}' has shape {tuple(raw.shape)}; {kind} have the shape {axes}. Reshape it.")
    return tuple(raw.shape) if raw.ndim == most else (*raw.shape, 1)


def _points(raw: Tensor) -> Codec:
    numbers = raw.double()
    shift, scale = numbers.mean(0), numbers.std(0, correction=0)
    # A constant coordinate: its deviation is rounding, or zero.
    scale[scale <= 1e-12 * shift.abs()] = 1.0
    shift, scale = tuple(shift.tolist()), tuple(scale.tolist())
    return Codec(Field((raw.shape[1],), "points", scale=scale, shift=shift), scale=scale, shift=shift)


def _sequence(name: str, raw: Tensor, span: Sequence[float] | None) -> Codec:
    """Each feature in [-1, 1]."""
    flat = raw.double().flatten(0, 1)
    low, high = flat.amin(0), flat.amax(0)
    if span is not None:
        check_span(name, float(low.min()), float(high.max()), span, rounded=raw.is_floating_point())
        low, high = torch.full_like(low, span[0]), torch.full_like(high, span[1])
    half = (high - low) / 2
    half = tuple(torch.where(half > 0, half, 1.0).tolist())
    middle = tuple(((high + low) / 2).tolist())
    return Codec(Field(tuple(raw.shape[1:]), "sequence", scale=half, shift=middle), scale=half, shift=middle)


def _pixels(name: str, raw: Tensor, kind: Kind, span: Sequence[float] | None, order: tuple[int, ...]) -> Codec:
    """Images, volumes or videos in [-1, 1]. Those of a range that was given remember it as their own units."""
    shape = tuple(1 if axis < 0 else raw.shape[axis] for axis in order[1:])
    codec = Codec(Field(shape, kind), order)
    low, high = float(raw.min()), float(raw.max())
    if span is not None:
        check_span(name, low, high, span, rounded=raw.is_floating_point())
        half, middle = ((span[1] - span[0]) / 2,), ((span[1] + span[0]) / 2,)
        return replace(codec, field=replace(codec.field, scale=half, shift=middle), scale=half, shift=middle)
    if raw.dtype == torch.uint8:
        narrow(name, low, high, (0, 255))
        return replace(codec, bytes=True)
    if low < -1 - NOISE or high > 1 + NOISE:
        raise ValueError(
            f"The pixels of '{name}' go from {low:g} to {high:g}; those that are not bytes lie in [-1, 1] or [0, 1].\n"
            f"Say what the darkest and brightest can be: {advised(low, high)}."
        )
    narrow(name, low, high, (-1, 1) if low < -NOISE else (0, 1))
    return codec if low < -NOISE else replace(codec, scale=(0.5,), shift=(0.5,))
