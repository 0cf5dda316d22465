"""Samples as pictures: images, volumes, videos and sequences in a grid, points as plots, tokens as text; and files.

A training as pictures: :func:`film`, :func:`curves` of its log, and the :func:`plane` of a game of points.

Nothing is chosen: the samples that are given are the samples that are shown, in their order.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from ganarium.files import ending, locked, write_whole
from ganarium.pictures import texts, tiles
from ganarium.pictures.charts import curves
from ganarium.pictures.films import film
from ganarium.pictures.planes import plane
from ganarium.pictures.plots import plot
from ganarium.pictures.tiles import to_uint8
from ganarium.spec import Field, Kind

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "KINDS",
    "curves",
    "draw",
    "draw_rows",
    "film",
    "plane",
    "save",
    "to_uint8",
    "write_samples",
]

#: The kinds of fields that have pictures.
KINDS: tuple[Kind, ...] = (*tiles.KINDS, "points", "tokens")


def draw(samples: Tensor, field: Field, *, data: Tensor | None = None, scale: int | None = None) -> Image:
    """A picture of samples.

    Images are laid out in a near-square grid, row by row; and so are volumes, which are solid where they are above
    zero, and sequences, as piano rolls: the second feature against time, the third as brightness. Videos are rows of
    frames. Points of two coordinates become a scatter plot, of one a histogram, in the data's own units; those of more
    are projected on the two directions in which they vary most. Tokens are lines of text.

    Args:
        samples: The samples, of shape (N, \\*field.shape), as batches hold them.
        field: What they are.
        data: Real points to show behind the samples; they set the limits of the axes.
        scale: How many pixels wide a pixel of an image or a voxel becomes, or by how much anything else is enlarged;
            None makes a cell of the grid large enough to see.

    Raises:
        ValueError: if there are no samples, or their shape is not the field's, or their kind has no picture.

    Example:
        >>> import torch
        >>> draw(torch.zeros(9, 1, 8, 8), Field((1, 8, 8), "image")).size
        (152, 152)
    """
    _check_kind(field)
    if scale is not None and scale < 1:
        raise ValueError(f"A picture is enlarged by a whole number of 1 or more; got scale={scale}.")
    samples = _checked(samples, field)
    if field.kind == "points":
        return plot(samples, field, None if data is None else _checked(data, field), scale or 1)
    if field.kind == "tokens":
        return texts.page(texts.sentences(samples, field), scale or 1)
    columns = 1 if field.kind == "video" else math.ceil(math.sqrt(len(samples)))
    return tiles.image_of(tiles.sheet(tiles.tiles(samples, field, scale), columns))


def draw_rows(rows: Sequence[tuple[str, Tensor]], field: Field | Sequence[Field]) -> Image:
    """Labelled rows of samples below each other, so that each column shows one: its input, its translation, its truth.

    Tokens are grouped instead: the rows' first sentences, one below the other, then their second ones, and so on. Of
    points, each row is a plot, beside the one before.

    Args:
        rows: Labels, and samples of shape (N, \\*field.shape).
        field: What the samples are; or one field for each row, all of the same kind.

    Raises:
        ValueError: if there are no rows, or a row does not fit its field, or the kind has no picture.

    Example:
        >>> import torch
        >>> images = torch.zeros(3, 1, 8, 8)
        >>> draw_rows([("input", images), ("translation", -images)], Field((1, 8, 8), "image")).height
        104
    """
    fields = [field] * len(rows) if isinstance(field, Field) else list(field)
    if not rows or len(fields) != len(rows) or len({one.kind for one in fields}) > 1:
        raise ValueError(
            f"Rows of samples are one or more, with one field for all, or one of the same kind for each; "
            f"got {len(rows)} rows and {len(fields)} fields."
        )
    _check_kind(fields[0])
    labels, samples = [label for label, _ in rows], [_checked(x, one) for (_, x), one in zip(rows, fields, strict=True)]
    both = list(zip(samples, fields, strict=True))
    if fields[0].kind == "tokens":
        said = zip(*(texts.sentences(x, one) for x, one in both), strict=False)
        return texts.column([list(zip(labels, group, strict=True)) for group in said])
    if fields[0].kind == "points":
        return texts.abreast(labels, [plot(x, one, None) for x, one in both])
    return texts.below(labels, [tiles.image_of(tiles.sheet(tiles.tiles(x, one), len(x))) for x, one in both])


def save(image: Image, path: str | os.PathLike[str]) -> None:
    """Write a picture, of the type that the suffix says; nobody ever sees half a file.

    Raises:
        ValueError: if the suffix is of no type of picture.
    """
    from PIL.Image import registered_extensions

    path = Path(path)
    type_of = registered_extensions()
    if ending(path) not in type_of:
        raise ValueError(f"{path.name} has no suffix of a picture. Call it {path.stem}.png.")
    write_whole(path, lambda file: image.save(file, format=type_of[ending(path)]))


def write_samples(samples: Tensor, field: Field, path: str | os.PathLike[str]) -> None:
    """Write samples: a ``.png`` file gets a picture, an ``.npz`` file the array ``x`` in the data's own units.

    A ``.txt`` file gets a line for each sentence of tokens. Any other path without a suffix is a folder, which gets one
    file ``00000.png``, ``00001.png``, ... for each image.

    Raises:
        ValueError: if the path is of no such type, or a text file or a folder that holds anything else.
    """
    path = Path(path)
    samples = _checked(samples, field)
    if path.is_dir() or not ending(path):
        _write_folder(samples, field, path)
    elif ending(path) == ".png":
        save(draw(samples, field), path)
    elif ending(path) == ".txt":
        _write_text(samples, field, path)
    elif ending(path) == ".npz":
        import numpy as np

        array = field.restore(samples).numpy()
        write_whole(path, lambda file: np.savez(file, x=array))
    else:
        raise ValueError(f"Samples are written to a .png, .npz or .txt file or to a folder; got {path.name}.")


def _check_kind(field: Field) -> None:
    if field.kind not in KINDS:
        raise ValueError(
            f"There are pictures of {', '.join(KINDS[:-1])} and {KINDS[-1]}, not of {field.kind}. "
            "Write an .npz file instead."
        )


def _checked(samples: Tensor, field: Field) -> Tensor:
    if samples.ndim < 1 or len(samples) < 1 or samples.shape[1:] != field.shape:
        wanted = ", ".join(["N", *map(str, field.shape)])
        raise ValueError(f"Samples of {field} have shape ({wanted}) with N of 1 or more; got {tuple(samples.shape)}.")
    samples = samples.detach().cpu()
    if not field.counts:
        return samples.float()
    return samples.nan_to_num(0.0).round().long() if samples.is_floating_point() else samples


def _write_text(samples: Tensor, field: Field, path: Path) -> None:
    if field.kind != "tokens":
        raise ValueError(f"A .txt file takes tokens; these samples are {field.kind}. Write them to an .npz file.")
    lines = "".join(line + "\n" for line in texts.sentences(samples, field))
    write_whole(path, lambda file: file.write(lines.encode()))


def _write_folder(samples: Tensor, field: Field, path: Path) -> None:
    if field.kind != "image":
        raise ValueError(f"A folder takes images; these samples are {field.kind}. Write them to an .npz file.")
    digits = max(5, len(str(len(samples) - 1)))
    names = [f"{place:0{digits}d}.png" for place in range(len(samples))]
    path.mkdir(parents=True, exist_ok=True)
    with locked(path):
        others = sorted({entry.name for entry in path.iterdir()} - set(names))
        if others:
            raise ValueError(
                f"The folder {path} holds other things, such as {others[0]}, which would mix with the samples.\n"
                "Give a new or empty folder."
            )
        for name, cell in zip(names, tiles.colours(samples), strict=True):
            save(tiles.image_of(cell), path / name)
