"""The stub of the package, written from what there is, so that editors know every name and every game's signature.

``python -m ganarium.stub`` writes ``ganarium/__init__.pyi``; a test compares.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ganarium
from ganarium.zoo import index

__all__ = ["text"]

_HEAD = """# Written by `python -m ganarium.stub`, from the names that __init__.py finds and from the index.
# ruff: noqa: I001
# fmt: off
"""


def text() -> str:
    """The stub: a line for each public name and each game."""
    package: Any = ganarium
    places = {name: f"ganarium.{module}" for name, module in package._NAMES.items()}
    places |= {entry.name: entry.module for entry in index.games().values()}
    parts = {name: f"ganarium.{place}".rpartition(".")[::2] for name, place in package._MODULES.items()}
    lines = [f"from {folder} import {leaf} as {name}" for name, (folder, leaf) in parts.items()]
    lines += ["from ganarium._version import __version__ as __version__"]
    lines += [
        f"from {module} import {name} as {name}"
        for module, name in sorted((module, name) for name, module in places.items())
    ]
    return _HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Write it beside ``__init__.py``."""
    from ganarium.files import write_text

    write_text(Path(str(ganarium.__file__)).with_suffix(".pyi"), text())


if __name__ == "__main__":
    main()
