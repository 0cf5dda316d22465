"""What is inside files by their first bytes, whatever their names say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ganarium.data.files.finding import Found, Shelf, shown
from ganarium.files import ending
from ganarium.terminal.progress import watched

__all__ = ["kind_of", "kinds", "passed_by", "unusual"]

_AT_ONCE = 256  # files between two words of progress
_START = 32  # the bytes of a file that say what it is
_BITS, _BANDS, _SAMPLES, _FLOAT = 258, 277, 339, 3  # tags of TIFF, and the number of floats among those of the last

_NAMES = (
    "arw avif cr2 cr3 dcm dds dng eps exr fit fits hdr heic heif hif ico j2k jp2 jpx jxl nef nii nrrd orf pcx psd qoi "
    "raf rw2 sgi svg tga xcf"
)
#: Endings of images of which not all can be read, so that no folder is refused for them; they are counted.
_OTHER_IMAGES = frozenset(f".{name}" for name in _NAMES.split())


def kind_of(start: bytes) -> str:
    """The kind of image that begins so; empty if it is none that is known."""
    known = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF8": "GIF", b"II*\0": "TIFF", b"MM\0*": "TIFF"}
    for magic, kind in known.items():
        if start.startswith(magic):
            return kind
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WebP"
    if start[4:8] == b"ftyp":
        return {b"avif": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF"}.get(start[8:12], "")
    if start[:2] == b"BM" and start[6:10] == b"\0\0\0\0":
        return "BMP"
    return "PNM" if start[:1] == b"P" and start[1:2] in b"123456" and start[2:3] in b"\n\r" and len(start) > 8 else ""


def kinds(shelf: Shelf, files: Sequence[Found], doing: str) -> Iterator[tuple[Found, str]]:
    """Each file with the kind of image that it begins as."""
    parts = (files[low : low + _AT_ONCE] for low in range(0, len(files), _AT_ONCE))
    for part in watched(parts, len(files), len, doing=doing):
        for file in part:
            try:
                # A pipe has no size, and whoever opens one waits for somebody to write.
                yield file, kind_of(shelf.start(file, _START)) if file.size > 0 else ""
            except OSError:
                yield file, ""


def passed_by(shelf: Shelf) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The files that have no name of an image that is read: those that seem to be images, and the rest, by why."""
    images: dict[str, list[str]] = {}
    rest: dict[str, list[str]] = {}
    for file, kind in kinds(shelf, [file for file in shelf.others if file.size >= 0], "looking into other files"):
        suffix = ending(file.parts[-1])
        rows = images if kind or suffix in _OTHER_IMAGES else rest
        what = f"{kind} inside" if kind else "a type that is not read" if rows is images else "no images"
        rows.setdefault(f"{what}, named {suffix or 'without an ending'}", []).append(shown(file))
    return dict(sorted(images.items())), dict(sorted(rest.items()))


def unusual(shelf: Shelf, file: Found) -> str:
    """What a TIFF file holds that is no picture, and what to do, in few words; empty for any other file."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    where = shelf.open(file)
    try:
        with open(where, "rb") if isinstance(where, str) else where as opened:
            header = opened.read(8)
            table: Any = ImageFileDirectory_v2(header + (opened.read(8) if header[2:3] == b"+" else b""))
            opened.seek(table.next)
            table.load(opened)
            bands, bits, samples = table.get(_BANDS, 1), _first(table.get(_BITS, 1)), _first(table.get(_SAMPLES, 1))
    except Exception:  # no TIFF, or a broken one: whatever the reader of its table raises
        return ""
    numbers = f"floats of {bits} bits" if samples == _FLOAT else f"{bits} bits"
    return f"{bands} band{'s' * (bands != 1)} of {numbers}, which no picture has: give such data as an .npz file"


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value
