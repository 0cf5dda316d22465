"""Samples as pictures: images in a grid, points as a scatter plot, and files of both.

Nothing is chosen: the samples that are given are the samples that are shown, in their order.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import torch
from torch import Tensor

from ganarium.spec import Field, Kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

__all__ = ["KINDS", "draw", "save", "to_uint8", "write_samples"]

#: The kinds of fields that have pictures.
KINDS: tuple[Kind, ...] = ("image", "points")

_PADDING = 2  # pixels around a cell of the grid
_CELL = 48  # the least side of a cell in pixels, so that small images are visible
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_DATA, _SAMPLES, _INK = "#b4b4b4", "#d1495b", "#333333"


def draw(samples: Tensor, field: Field, *, data: Tensor | None = None, scale: int | None = None) -> Image:
    """A picture of samples.

    Images are laid out in a near-square grid, row by row. Points of two coordinates become a scatter plot, of one a
    histogram, in the data's own units; those of more are projected on the two directions in which they vary most.

    Args:
        samples: The samples, of shape (N, \\*field.shape), as batches hold them.
        field: What they are.
        data: Real points to show behind the samples; they set the limits of the axes.
        scale: How many pixels wide a pixel of an image becomes, or by how much a plot of 600 pixels is enlarged; None
            makes a cell of the grid 48 pixels wide or more.

    Raises:
        ValueError: if there are no samples, or their shape is not the field's, or their kind has no picture.

    Example:
        >>> draw(torch.zeros(9, 1, 8, 8), Field((1, 8, 8), "image")).size
        (152, 152)
    """
    if field.kind not in KINDS:
        raise ValueError(
            f"There are pictures of {' and '.join(KINDS)}, not of {field.kind}. Write an .npz file instead."
        )
    if scale is not None and scale < 1:
        raise ValueError(f"A picture is enlarged by a whole number of 1 or more; got scale={scale}.")
    samples = _checked(samples, field)
    if field.kind == "image":
        return _grid(samples, scale)
    return _plot(samples, field, None if data is None else _checked(data, field), scale or 1)


def to_uint8(samples: Tensor) -> Tensor:
    """Numbers in [-1, 1] as bytes, rounded, on the CPU; what lies beyond is clamped, and NaN is grey.

    Example:
        >>> to_uint8(torch.tensor([-1.0, 0.0, 1.0, 3.0]))
        tensor([  0, 128, 255, 255], dtype=torch.uint8)
    """
    numbers = samples.detach().float().cpu().nan_to_num(0.0, 1.0, -1.0)
    return ((numbers + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def save(image: Image, path: str | os.PathLike[str]) -> None:
    """Write a picture, of the type that the suffix says; nobody ever sees half a file.

    Raises:
        ValueError: if the suffix is of no type of picture.
    """
    from PIL.Image import registered_extensions

    path = Path(path)
    type_of = registered_extensions()
    if path.suffix.lower() not in type_of:
        raise ValueError(f"{path.name} has no suffix of a picture. Call it {path.stem}.png.")
    _write(path, lambda file: image.save(file, format=type_of[path.suffix.lower()]))


def write_samples(samples: Tensor, field: Field, path: str | os.PathLike[str]) -> None:
    """Write samples: a ``.png`` file gets a picture, an ``.npz`` file the array ``x`` in the data's own units.

    Any other path without a suffix is a folder, which gets one file ``00000.png``, ``00001.png``, ... for each image.

    Raises:
        ValueError: if the path is of no such type, or a folder that holds anything else.
    """
    path = Path(path)
    samples = _checked(samples, field)
    if path.is_dir() or not path.suffix:
        _write_folder(samples, field, path)
    elif path.suffix == ".png":
        save(draw(samples, field), path)
    elif path.suffix == ".npz":
        import numpy as np

        array = field.restore(samples).numpy()
        _write(path, lambda file: np.savez(file, x=array))
    else:
        raise ValueError(f"Samples are written to a .png file, an .npz file or a folder; got {path.name}.")


def _checked(samples: Tensor, field: Field) -> Tensor:
    if samples.ndim < 1 or len(samples) < 1 or samples.shape[1:] != field.shape:
        wanted = ", ".join(["N", *map(str, field.shape)])
        raise ValueError(f"Samples of {field} have shape ({wanted}) with N of 1 or more; got {tuple(samples.shape)}.")
    samples = samples.detach().cpu()
    return samples if field.counts else samples.float()


def _grid(samples: Tensor, scale: int | None) -> Image:
    """Cells with a white border of two pixels around each."""
    from PIL import Image

    cells = _cells(samples)
    n, channels, height, width = cells.shape
    scale = scale or _enlargement(height, width)
    columns = math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = cells.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
    step = height * scale + _PADDING, width * scale + _PADDING
    # Where there is an alpha channel, the border is transparent white.
    sheet = torch.full((channels, rows * step[0] + _PADDING, columns * step[1] + _PADDING), 255, dtype=torch.uint8)
    sheet[3:] = 0
    for place, cell in enumerate(cells):
        top, left = (place // columns) * step[0] + _PADDING, (place % columns) * step[1] + _PADDING
        sheet[:, top : top + cell.shape[1], left : left + cell.shape[2]] = cell
    return Image.fromarray(_interleaved(sheet))


def _enlargement(height: int, width: int) -> int:
    """Makes the shorter side 48 pixels or more, unless the longer one would pass 512."""
    return max(1, min(math.ceil(_CELL / min(height, width)), 512 // max(height, width)))


def _cells(samples: Tensor) -> Tensor:
    """Images as bytes; the mean over the channels if they are no colours."""
    return to_uint8(samples if samples.shape[1] in _MODES else samples.mean(1, keepdim=True))


def _interleaved(image: Tensor) -> Any:
    """An image of shape (C, H, W) as the array that Pillow takes."""
    return image[0].numpy() if len(image) == 1 else image.permute(1, 2, 0).contiguous().numpy()


def _plot(samples: Tensor, field: Field, data: Tensor | None, scale: int) -> Image:
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    # Not pyplot, whose figures are global.
    figure = Figure(figsize=(6, 6), dpi=100 * scale, layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    (_histogram if field.size == 1 else _scatter)(axes, samples, field, data)
    axes.tick_params(colors=_INK, labelsize=9, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#999999")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def _scatter(axes: Axes, samples: Tensor, field: Field, data: Tensor | None) -> None:
    samples, data = _in_plane(samples, field, data)
    if data is not None:
        axes.scatter(*data.T.numpy(), s=4, c=_DATA, alpha=_alpha(len(data)), linewidths=0, label="data")
    axes.scatter(*samples.T.numpy(), s=7, c=_SAMPLES, alpha=_alpha(len(samples)), linewidths=0, label="samples")
    axes.set_aspect("equal", adjustable="box")
    (left, right), (bottom, top) = (_limits(along) for along in (samples if data is None else data).T)
    half = max(right - left, top - bottom) / 2
    axes.set_xlim((left + right) / 2 - half, (left + right) / 2 + half)
    axes.set_ylim((bottom + top) / 2 - half, (bottom + top) / 2 + half)
    if field.size > 2:
        axes.set_xlabel("first principal axis", color=_INK, fontsize=9)
        axes.set_ylabel("second principal axis", color=_INK, fontsize=9)
    if data is not None:
        _legend(axes)


def _histogram(axes: Axes, samples: Tensor, field: Field, data: Tensor | None) -> None:
    samples, data = field.restore(samples).flatten(), None if data is None else field.restore(data).flatten()
    low, high = _limits(samples if data is None else data)
    bins = torch.linspace(low, high, 61).tolist()
    if data is not None:
        axes.hist(data.numpy(), bins, density=True, color=_DATA, alpha=0.6, label="data")
    inside = samples[(samples >= low) & (samples <= high)]
    if len(inside):
        axes.hist(inside.numpy(), bins, density=True, histtype="step", color=_SAMPLES, linewidth=1.6, label="samples")
    axes.set_xlim(low, high)
    axes.set_ylabel("density", color=_INK, fontsize=9)
    if data is not None:
        _legend(axes)


def _in_plane(samples: Tensor, field: Field, data: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Points of two coordinates in the data's own units; of more, on the two principal axes."""
    if field.size == 2:
        return field.restore(samples), None if data is None else field.restore(data)
    known = samples if data is None else data
    known = known.double().nan_to_num(0.0, 0.0, 0.0)
    _, axes = torch.linalg.eigh((known - known.mean(0)).T @ (known - known.mean(0)))
    plane = axes[:, -2:].flip(1).float()
    return samples @ plane, None if data is None else data @ plane


def _limits(along: Tensor) -> tuple[float, float]:
    """The range of the numbers with a margin."""
    finite = along[along.isfinite()]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (-1.0, 1.0)
    margin = 0.08 * (high - low) or 0.5
    return low - margin, high + margin


def _alpha(n: int) -> float:
    """The more points, the more each lets through."""
    return min(0.9, max(0.15, 30 / math.sqrt(n)))


def _legend(axes: Axes) -> None:
    above = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "ncols": 2}
    legend = axes.legend(**above, frameon=False, markerscale=2.5, fontsize=9, labelcolor=_INK)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)


def _write_folder(samples: Tensor, field: Field, path: Path) -> None:
    if field.kind != "image":
        raise ValueError(f"A folder takes images; these samples are {field.kind}. Write them to an .npz file.")
    from PIL import Image

    digits = max(5, len(str(len(samples) - 1)))
    names = [f"{place:0{digits}d}.png" for place in range(len(samples))]
    others = sorted({entry.name for entry in path.iterdir()} - set(names)) if path.is_dir() else []
    if others:
        raise ValueError(
            f"The folder {path} holds other things, such as {others[0]}, which would mix with the samples.\n"
            "Give a new or empty folder."
        )
    for name, cell in zip(names, _cells(samples), strict=True):
        save(Image.fromarray(_interleaved(cell)), path / name)


def _write(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write under a temporary name, then rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            write(file)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
