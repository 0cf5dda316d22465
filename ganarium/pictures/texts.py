"""Tokens as text, and text as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ganarium.spec import Field

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["abreast", "below", "caption_font", "column", "page", "sentences"]

_SILENT = ("", "<pad>", "<start>")
_END = "<end>"
_SIZE, _LINE, _MARGIN = 14, 22, 10
_MOST = 32  # lines in a column
_INK, _FAINT, _STRIPE = "#333333", "#8a8a8a", "#f3f3f5"


def sentences(tokens: Tensor, field: Field) -> list[str]:
    """The words of each row up to "<end>", without the padding; numbers where words have no names.

    Args:
        tokens: Whole numbers of shape (N, T).
        field: Whose ``names`` are the words.

    Example:
        >>> import torch
        >>> sentences(torch.tensor([[1, 2, 0]]), Field((3,), "tokens", classes=3, names=("<pad>", "a", "box")))
        ['a box']
    """
    return [_sentence(row, field.names) for row in tokens.tolist()]


def _sentence(row: Sequence[int], names: tuple[str, ...]) -> str:
    words = [names[token] if 0 <= token < len(names) else str(token) for token in row]
    if _END in words:
        words = words[: words.index(_END)]
    return " ".join(word for word in words if word not in _SILENT)


def page(lines: Sequence[str], scale: int = 1) -> Image:
    """Lines of text, in columns of 32 at most."""
    from PIL import Image

    columns = [_lines(lines[start : start + _MOST], scale) for start in range(0, len(lines), _MOST)]
    sheet = Image.new("RGB", (sum(image.width for image in columns), columns[0].height), "white")
    left = 0
    for image in columns:
        sheet.paste(image, (left, 0))
        left += image.width
    return sheet


def column(groups: Sequence[Sequence[tuple[str, str]]]) -> Image:
    """Groups of lines with a label before each, such as a source, its translation and the truth; groups are striped."""
    from PIL import Image, ImageDraw

    font = _font(_SIZE)
    rows = [(place, label, text) for place, group in enumerate(groups) for label, text in group]
    left = 2 * _MARGIN + _widest([label for _, label, _ in rows], font)
    width = left + _widest([text for _, _, text in rows], font) + _MARGIN
    image = Image.new("RGB", (width, len(rows) * _LINE), "white")
    pencil = ImageDraw.Draw(image)
    for number, (place, label, text) in enumerate(rows):
        top = number * _LINE
        if place % 2 == 0:
            pencil.rectangle((0, top, width, top + _LINE - 1), fill=_STRIPE)
        pencil.text((_MARGIN, top + _LINE // 2), label, fill=_FAINT, font=font, anchor="lm")
        pencil.text((left, top + _LINE // 2), text, fill=_INK, font=font, anchor="lm")
    return image


def below(labels: Sequence[str], images: Sequence[Image]) -> Image:
    """Images below each other, each with its label to the left."""
    from PIL import Image, ImageDraw

    font = _font(_SIZE)
    left = 2 * _MARGIN + _widest(labels, font)
    sheet = Image.new("RGB", (left + max(i.width for i in images), sum(i.height for i in images)), "white")
    pencil = ImageDraw.Draw(sheet)
    top = 0
    for label, image in zip(labels, images, strict=True):
        pencil.text((left - _MARGIN, top + image.height // 2), label, fill=_INK, font=font, anchor="rm")
        sheet.paste(image, (left, top), image if image.mode == "RGBA" else None)
        top += image.height
    return sheet


def abreast(labels: Sequence[str], images: Sequence[Image]) -> Image:
    """Images side by side, each with its label above."""
    from PIL import Image, ImageDraw

    height = _LINE + _MARGIN + max(image.height for image in images)
    sheet = Image.new("RGB", (sum(image.width for image in images), height), "white")
    pencil = ImageDraw.Draw(sheet)
    left = 0
    for label, image in zip(labels, images, strict=True):
        middle = left + image.width // 2
        pencil.text((middle, _MARGIN + _LINE // 2), label, fill=_INK, font=_font(_SIZE), anchor="mm")
        sheet.paste(image, (left, _MARGIN + _LINE))
        left += image.width
    return sheet


def caption_font(text: str, width: int) -> Any:
    """A font in which a line of text is so many pixels wide at most, or as small as can be read."""
    return next((font for size in range(_SIZE, 7, -1) if _widest([text], font := _font(size)) <= width), _font(8))


def _lines(lines: Sequence[str], scale: int) -> Image:
    from PIL import Image, ImageDraw

    font, line = _font(_SIZE * scale), _LINE * scale
    width = 2 * _MARGIN * scale + _widest(lines, font)
    image = Image.new("RGB", (width, max(1, len(lines)) * line), "white")
    pencil = ImageDraw.Draw(image)
    for number, text in enumerate(lines):
        if number % 2 == 0:
            pencil.rectangle((0, number * line, width, (number + 1) * line - 1), fill=_STRIPE)
        pencil.text((_MARGIN * scale, number * line + line // 2), text, fill=_INK, font=font, anchor="lm")
    return image


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _widest(lines: Sequence[str], font: Any) -> int:
    return max((round(font.getlength(line)) for line in lines), default=0)
