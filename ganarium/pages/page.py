"""A page and its parts, as HTML. Every plain string is escaped; :class:`Markup` is what already is HTML."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "Markup",
    "beside",
    "code",
    "definitions",
    "details",
    "element",
    "figure",
    "items",
    "link",
    "markup",
    "page",
    "paragraph",
    "picture_address",
    "preformatted",
    "section",
    "table",
]

# Nothing but what is inside the page may be loaded or run, whatever a name in it says.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


class Markup(str):
    """Text that is HTML already, and is not escaped again."""


def markup(value: object) -> Markup:
    """Anything as HTML.

    Example:
        >>> markup("a < b"), markup(Markup("<b>x</b>")), markup(3)
        ('a &lt; b', '<b>x</b>', '3')
    """
    return value if isinstance(value, Markup) else Markup(html.escape(str(value)))


def element(tag: str, *inside: object, **attributes: str) -> Markup:
    """An element with its attributes; ``class_`` is written without its underscore.

    Example:
        >>> element("p", "1 < 2", class_="note")
        '<p class="note">1 &lt; 2</p>'
    """
    given = "".join(f' {name.rstrip("_")}="{html.escape(value)}"' for name, value in attributes.items())
    return Markup(f"<{tag}{given}>{joined(inside)}</{tag}>")


def joined(parts: Iterable[object]) -> Markup:
    """Parts one after the other."""
    return Markup("".join(markup(part) for part in parts))


def paragraph(*inside: object, note: bool = False) -> Markup:
    return element("p", *inside, class_="note") if note else element("p", *inside)


def code(text: object) -> Markup:
    return element("code", text)


def preformatted(text: str) -> Markup:
    """Lines as they are, in a box."""
    return element("pre", element("code", text))


def link(address: str, text: str) -> Markup:
    """A link to follow. Pages load nothing from elsewhere, but may point there."""
    return element("a", text, href=address)


def items(rows: Iterable[object], *, numbered: bool = False) -> Markup:
    """A list."""
    return element("ol" if numbered else "ul", *(element("li", row) for row in rows))


def definitions(rows: Mapping[str, object]) -> Markup:
    """Words and what they mean."""
    return element("dl", *(joined([element("dt", word), element("dd", text)]) for word, text in rows.items()))


def details(summary: str, *inside: object) -> Markup:
    """What is folded away until it is asked for."""
    return element("details", element("summary", summary), *inside)


def section(title: str, *inside: object) -> Markup:
    """A part of a page with its heading; nothing if there is nothing in it."""
    body = joined(inside)
    return element("section", element("h2", title), body) if body else Markup()


def table(rows: Sequence[Sequence[object]], head: Sequence[str] = (), marked: Iterable[int] = ()) -> Markup:
    """A table that scrolls by itself where a screen is narrow.

    Args:
        rows: Cells; numbers are set so that their digits stand below each other.
        head: The names of the columns.
        marked: The places of the rows that stand out.
    """
    stand_out = set(marked)
    top = element("thead", element("tr", *(element("th", name) for name in head))) if head else Markup()
    body = [_row(row, place in stand_out) for place, row in enumerate(rows)]
    return element("div", element("table", top, element("tbody", *body)), class_="wide")


def figure(picture: Image | bytes | Path, caption: object, words: str) -> Markup:
    """A picture with its caption.

    Args:
        picture: An image, or the bytes or the path of a PNG or GIF.
        caption: What is said below it.
        words: What it shows, for those who cannot see it.
    """
    image = Markup(f'<img src="{picture_address(picture)}" alt="{html.escape(words)}">')
    return element("figure", image, element("figcaption", caption))


def beside(parts: Iterable[object]) -> Markup:
    """Parts side by side where there is room, else below each other."""
    return element("div", *parts, class_="side")


def picture_address(picture: Image | bytes | Path, compress_level: int = 6) -> str:
    """A picture as an address that holds it: ``data:image/png;base64,...``.

    Args:
        picture: An image, or the bytes or the path of a PNG or GIF.
        compress_level: Of an image's PNG, 0 to 9.
    """
    if isinstance(picture, Path):
        picture = picture.read_bytes()
    if not isinstance(picture, bytes):
        file = io.BytesIO()
        picture.save(file, "PNG", compress_level=compress_level)
        picture = file.getvalue()
    kind = "gif" if picture.startswith(b"GIF8") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def page(title: str, *parts: object, style: str = "", script: str = "") -> str:
    """A whole page.

    Args:
        title: In its head, and above all parts.
        parts: What it holds.
        style: CSS beside that of all pages.
        script: JavaScript, run when the parts are there. It must not hold ``</``.
    """
    if "</" in script or "</" in style:
        raise ValueError("A page's script and style hold no '</', which would end them.")
    css = (Path(__file__).with_name("page.css")).read_text(encoding="utf-8") + style
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"{element('title', title)}<style>{css}</style>"
    )
    end = f"<script>{script}</script>" if script else ""
    body = element("main", element("h1", title), *parts)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n{end}</body></html>\n'


def _row(cells: Sequence[object], marked: bool) -> Markup:
    made = [
        element("td", cell, class_="number") if isinstance(cell, int | float) else element("td", cell) for cell in cells
    ]
    return element("tr", *made, class_="marked") if marked else element("tr", *made)
