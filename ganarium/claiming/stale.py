"""What a claim's results depend on, as a digest: the claim, its game, the core that plays it, and the data it names.

Modules are followed through the imports at the head of each file, and for data that is named, to its loader. What
changes no number does not count: docstrings, comments, the words of a claim, pictures, the names that packages list.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ganarium import index

__all__ = ["digest", "modules"]

_HERE = Path(__file__).parents[1]
#: What shows, and changes no number.
_SHOWS = (
    "ganarium.pictures",
    "ganarium.console",
    "ganarium.index",
    "ganarium.data.progress",
    "ganarium.claiming.statement",
)


def digest(module: str) -> str:
    """What a claim's results depend on, in twelve digits.

    Args:
        module: The claim's.
    """
    names = [name for name in modules(module) if not _is_package(name)]
    parts = [f"{name} {ast.unparse(_bare(name))}" for name in names]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def modules(module: str) -> list[str]:
    """The modules of ours that a module's results depend on, itself among them, by name."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in found and name != "ganarium" and _file(name) is not None and not name.startswith(_SHOWS):
            found.add(name)
            waiting += _imported(name)
    return sorted(found)


@cache
def _imported(name: str) -> tuple[str, ...]:
    tree, found = _tree(name), []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ganarium"):
            found += [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
    return (*found, *_named_data(tree))


def _named_data(tree: ast.Module) -> Iterator[str]:
    """The loaders of data that is named in a call of ``load``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "load" and node.args:
            name = getattr(node.args[0], "value", None)
            if name in index.loaders():
                yield index.loaders()[name].module


def _file(name: str) -> Path | None:
    if not name.startswith("ganarium."):  # a claim of somebody else's
        spec = find_spec(name)
        return Path(spec.origin) if spec and spec.origin else None
    path = _HERE.joinpath(*name.split(".")[1:])
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return path if path.exists() else None


def _is_package(name: str) -> bool:
    path = _file(name)
    return path is not None and path.name == "__init__.py"


@cache
def _tree(name: str) -> ast.Module:
    path = _file(name)
    assert path is not None
    return ast.parse(path.read_text(encoding="utf-8"))


def _bare(name: str) -> ast.Module:
    """A module without docstrings and without the words of its claim."""
    tree = _tree(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = [each for each in node.decorator_list if not _is_claim(each)]
    return tree


def _is_claim(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "claim"
