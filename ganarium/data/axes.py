"""Which axis of an array is which: said by a letter each, or plain from the shape; never guessed.

N counts samples, C channels, H and W are height and width, D depth, T time, F features of a sequence. Where the shape
allows two readings, or the one that it has is rare, the array is refused with what can be said.
"""

from __future__ import annotations

from collections.abc import Sequence

from ganarium.spec import Kind

__all__ = ["LAYOUTS", "kind_of_axes", "order_of", "read_axes", "thin"]

#: How arrays of each kind lie once they are packed.
LAYOUTS: dict[Kind, str] = {"image": "NCHW", "volume": "NCDHW", "video": "NCTHW", "sequence": "NTF", "points": "ND"}
_CHANNELS = (1, 3, 4)  # of grey, colour, and colour with transparency
_THIN = 4  # images of so few pixels on one side, and more than so many times as long, may be something else


def kind_of_axes(axes: str) -> Kind:
    """What an array is whose axes are called so.

    Raises:
        ValueError: if no kind of data has such axes.

    Example:
        >>> kind_of_axes("NHWC"), kind_of_axes("NFT")
        ('image', 'sequence')
    """
    for kind, layout in LAYOUTS.items():
        if axes[:1] == "N" and sorted(axes) in (sorted(layout), sorted(layout.replace("C", ""))):
            return kind
    known = ", ".join(f"{layout} ({kind})" for kind, layout in LAYOUTS.items())
    raise ValueError(
        f"Axes are a letter each, samples first, as in NHWC; got {axes!r}.\n"
        f"These letters can be given in any order after N, and C may be missing: {known}."
    )


def read_axes(name: str, shape: Sequence[int], axes: str, kind: Kind) -> tuple[int, ...]:
    """The order that brings an array whose axes are said to that of its kind; C, where it is missing, is -1.

    Raises:
        ValueError: if there are not as many axes.
    """
    if len(shape) != len(axes):
        raise ValueError(f"'{name}' has shape {tuple(shape)}, {len(shape)} axes, and axes='{axes}' has {len(axes)}.")
    return tuple(axes.find(letter) for letter in LAYOUTS[kind])


def order_of(name: str, shape: Sequence[int], kind: Kind, sure: bool) -> tuple[int, ...]:
    """The order of the axes of images, volumes or videos, as :func:`read_axes` gives it, where the shape is plain.

    Args:
        name: What messages call the array.
        shape: Its shape.
        kind: What it is.
        sure: Whether a person said so.

    Raises:
        ValueError: if it is not plain, saying what could be said.
    """
    layout, sides = LAYOUTS[kind], tuple(shape[1:])
    first, last = tuple(range(len(layout))), (0, len(layout) - 1, *range(1, len(layout) - 1))
    if len(shape) == len(layout) - 1 and kind != "video":
        if not sure and min(sides) <= _THIN < max(sides) / min(sides):
            raise ValueError(thin(name, shape))
        return 0, -1, *range(1, len(shape))
    if len(shape) != len(layout):
        raise ValueError(f"'{name}' has shape {tuple(shape)}; as {kind} it would have {_written(layout)}. Reshape it.")
    ahead, behind = sides[0] in _CHANNELS, sides[-1] in _CHANNELS
    if ahead and behind:
        ahead, behind = _even(kind, sides[1:]), _even(kind, sides[:-1])
        if ahead and behind and len(set(sides)) == 1:
            return first  # a cube of channels: as PyTorch has them
    elif sure and not behind and kind != "video":
        ahead = ahead or (_even(kind, sides[1:]) and len(set(sides)) > 1) or sides[0] < min(sides[1:])
    if ahead == behind:
        raise ValueError(_doubtful(name, shape, kind, sure))
    return first if ahead else last


def _even(kind: Kind, sides: Sequence[int]) -> bool:
    """Whether sides are those of a square or cube, as those of most images and volumes are."""
    return len(set(sides[1:] if kind == "video" else sides)) == 1


def _written(layout: str) -> str:
    return f"({', '.join(layout)})"


def _doubtful(name: str, shape: Sequence[int], kind: Kind, sure: bool) -> str:
    layout = LAYOUTS[kind]
    last = f"N{layout[2:]}C"
    what = f"'{name}' has shape {tuple(shape)}, which does not say which axis is that of the channels"
    said = f"axes='{layout}' if axis 1 is, axes='{last}' if the last one is"
    other = ", axes='NDHW' for volumes without channels" if kind == "image" else ""
    if kind == "video" or (kind == "volume" and not sure):
        other = ", axes='NTCHW' for videos with time first" + (", axes='NCTHW'" if kind == "volume" else "")
    return f"{what}; colour channels are 1, 3 or 4.\nSay it: {said}{other}. On the command line --data.axes {layout}."


def thin(name: str, shape: Sequence[int]) -> str:
    """Why an array of three axes is not plain, and what can be said."""
    return (
        f"'{name}' has shape {tuple(shape)}, which could be images of {shape[1]} x {shape[2]} pixels, or sequences.\n"
        "Say which: axes='NHW' for grey images; for sequences axes='NTF', or axes='NFT' if each feature is a row, as "
        "the channels of sound are. On the command line --data.axes NHW."
    )
