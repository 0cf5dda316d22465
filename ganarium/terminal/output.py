"""What the output of this process can show: a terminal or a file, all letters or few."""

from __future__ import annotations

from typing import TextIO

__all__ = ["forgive", "is_terminal", "knows_all_letters"]


def forgive(*streams: TextIO | None) -> None:
    r"""Write letters that a stream's codec does not know as ``\\xfc``, instead of failing.

    Names of classes and files are in any script; a log, a container or a console may know ASCII alone.
    """
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at a stream as it is written; there may be none at all."""
    return stream is not None and not stream.closed and stream.isatty()


def knows_all_letters(stream: TextIO | None) -> bool:
    """Whether a stream's codec is one of Unicode."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("_", "-").startswith("utf")
