"""What a claim's results depend on, as a digest: the claim, its game, the core that plays it, and the data it names.

While it is the same, results stand without a look at their echoes (:mod:`ganarium.proving.echo`). Names are followed
from definition to definition, through the imports at the head of each file, and for data that is named, to its loader:
a new objective beside the one that a game plays changes no digest. What changes no number does not count: docstrings,
comments, where a definition stands, the words of a claim, pictures, when processes end, the names that packages list.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ganarium.zoo import index

__all__ = ["defines", "definitions", "digest", "libraries", "measuring"]

_HERE = Path(__file__).parents[1]
#: What shows, or keeps processes, and changes no number.
_NO_NUMBER = (
    "ganarium.pictures",
    "ganarium.terminal.console",
    "ganarium.zoo.index",
    "ganarium.terminal.progress",
    "ganarium.data.workers",
    "ganarium.zoo.claim",
)
#: What measures. A few rounds say little of what is measured at their end; trivial answers speak for this code.
_MEASURES = ("ganarium.metrics", "ganarium.proving.measures")
#: Whose versions count, by the names that they are imported by and installed by.
_LIBRARIES = {"torch": "torch", "numpy": "numpy", "scipy": "scipy", "sklearn": "scikit-learn"}
_REST = ""  # the name of what stands in a module and defines nothing


def digest(module: str, of: str = "play") -> str:
    """What a claim's results depend on, in twelve digits.

    Args:
        module: The claim's.
        of: The function that finds them.
    """
    return _hashed(definitions(module, of))


def measuring(module: str, of: str = "play") -> str:
    """What a claim's results depend on of the code that measures, in twelve digits.

    Args:
        module: The claim's.
        of: The function that finds them.
    """
    return _hashed([(where, name) for where, name in definitions(module, of) if where.startswith(_MEASURES)])


def libraries(module: str, of: str = "play") -> dict[str, str]:
    """The versions of what else a claim's results depend on: PyTorch, and what the files named in them import.

    Args:
        module: The claim's.
        of: The function that finds them.
    """
    used = {"torch"}.union(*(_foreign(where) for where in {where for where, _ in definitions(module, of)}))
    return {name: version(dist).split("+")[0] for name, dist in _LIBRARIES.items() if name in used}


def defines(module: str, name: str) -> bool:
    """Whether a module defines a name at its head."""
    return name in _read(module).nodes


def _hashed(defined: list[tuple[str, str]]) -> str:
    parts = sorted(_code(where, name) for where, name in defined)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def definitions(module: str, of: str = "play") -> list[tuple[str, str]]:
    """What of ours a function depends on, as pairs of a module and what it defines; itself among them.

    Args:
        module: Where it is, by name.
        of: The function.
    """
    found: set[tuple[str, str]] = set()
    waiting = [(module, of)]
    while waiting:
        where, name = waiting.pop()
        if (where, name) in found or where.startswith(_NO_NUMBER):
            continue
        known = _read(where)
        if name in known.nodes:
            found.add((where, name))
            waiting += [(where, _REST)] if _REST in known.nodes else []
            waiting += _needs(where, name)
        elif name in known.imported:
            waiting += _of(*known.imported[name])
    return sorted(found)


@dataclass
class _Module:
    """What a file says at its head: what each name stands for there, and where it is from."""

    nodes: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)

    def take(self, node: ast.stmt) -> None:
        if isinstance(node, ast.ImportFrom):
            names = {alias.asname or alias.name: (str(node.module), alias.name) for alias in node.names}
            self.imported.update({name: where for name, where in names.items() if _is_ours(where[0])})
        elif not isinstance(node, ast.Import) and not _is_for_types(node):
            for name in _defined(node):
                self.nodes.setdefault(name, []).append(node)


@cache
def _code(where: str, name: str) -> str:
    return "\n".join(ast.unparse(node) for node in _read(where).nodes[name])


@cache
def _needs(where: str, name: str) -> frozenset[tuple[str, str]]:
    """The names that a definition uses, and the loaders of the data that it names."""
    found: set[tuple[str, str]] = set()
    for each in (each for node in _read(where).nodes[name] for each in ast.walk(node)):
        if isinstance(each, ast.Name):
            found.add((where, each.id))
        if isinstance(each, ast.Call) and getattr(each.func, "id", "") == "load" and each.args:
            entry = index.loaders().get(getattr(each.args[0], "value", None))  # type: ignore[arg-type]
            found.update(_of(entry.module) if entry is not None else ())
    return frozenset(found)


@cache
def _foreign(where: str) -> frozenset[str]:
    """The libraries that a file imports, anywhere in it."""
    path = _file(where)
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8")))) if path else []
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    return frozenset(name.split(".")[0] for name in names) & _LIBRARIES.keys()


def _of(module: str, name: str | None = None) -> list[tuple[str, str]]:
    """One name of a module, or all of it."""
    if name is not None and _file(f"{module}.{name}") is not None:
        module, name = f"{module}.{name}", None
    return [(module, each) for each in (_read(module).nodes if name is None else [name])]


@cache
def _read(name: str) -> _Module:
    path, found = _file(name), _Module()
    if path is None or name == "ganarium":
        return found
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    if path.name == "__init__.py":  # a package lists names, some of them for type checkers: those that it finds late
        nodes += [late for node in nodes if isinstance(node, ast.If) and _is_for_types(node) for late in node.body]
    for node in nodes:
        found.take(_bare(node))
    if path.name == "__init__.py":
        found.nodes.clear()
    return found


def _file(name: str) -> Path | None:
    if not name.startswith("ganarium."):  # a claim of somebody else's
        spec = find_spec(name)
        return Path(spec.origin) if spec and spec.origin else None
    path = _HERE.joinpath(*name.split(".")[1:])
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return path if path.exists() else None


def _is_ours(name: str) -> bool:
    return name.split(".")[0] == "ganarium"


def _defined(node: ast.stmt) -> list[str]:
    """The names that a statement defines; none, where it does something else."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
        return [name for name in names if name != "__all__"]
    return [] if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) else [_REST]


def _is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _bare(tree: ast.stmt) -> ast.stmt:
    """A statement without docstrings, the words of its claim, and where within it ours is imported from."""
    for node in ast.walk(tree):
        if node is not tree and isinstance(node, ast.ImportFrom) and _is_ours(str(node.module)):
            node.module = "ganarium"
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = [each for each in node.decorator_list if not _is_claim(each)]
    return tree


def _is_claim(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "claim"
