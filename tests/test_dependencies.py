"""What is imported is declared, and private names of other libraries are listed in docs/design.md, section 10."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import packages_distributions
from operator import attrgetter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("ganarium", "examples", "benchmarks", "tests", "docs")
#: Commands, plugins and themes: declared, and imported by no file of ours.
UNSEEN = {"pytest-xdist", "ruff", "pyright", "sphinx", "myst-parser", "furo", "tensorboard", "wandb"}
#: Names that begin with a line and are documented all the same.
PUBLIC = {"os._exit", "_asdict"}


@cache
def trees(folder: str) -> dict[Path, ast.Module]:
    """The syntax trees of a folder's files."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths if "_build" not in path.parts}


def named(tree: ast.Module) -> dict[str, str]:
    """What a file imports, in full, by what it calls it."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots = {alias.name.split(".")[0] for alias in node.names if not alias.asname}
            found |= {alias.asname: alias.name for alias in node.names if alias.asname} | {root: root for root in roots}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


distributions = cache(packages_distributions)

# -- what is declared -----------------------------------------------------------------------------------------------


def normal(name: str) -> str:
    """A distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", name.strip())[0]).lower()


@cache
def declared(*extras: str) -> set[str]:
    """The distributions that pyproject.toml asks for, with some extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return {normal(line) for line in lines} - {"ganarium"}


def imported(folder: str) -> set[str]:
    """The modules, at the top, that a folder's files import and that are neither Python's nor ours."""
    ours = {*FOLDERS, *(path.stem for path in trees("tests"))}
    found = set()
    for tree in trees(folder).values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip":
                found.add(ast.literal_eval(node.args[0]).split(".")[0])
    return found - ours - sys.stdlib_module_names


def undeclared(folder: str, *extras: str) -> set[str]:
    """The imported modules of a folder that come from no declared distribution."""
    whose, known = distributions(), declared(*extras)
    return {name for name in imported(folder) if not {normal(one) for one in whose.get(name, [name])} & known}


@pytest.mark.parametrize("folder", ["ganarium", "examples"])
def test_what_the_library_imports_is_installed_with_it(folder):
    assert not undeclared(folder, "tensorboard", "wandb")


@pytest.mark.parametrize("folder", ["benchmarks", "tests", "docs"])
def test_what_only_developers_import_is_installed_for_them(folder):
    assert not undeclared(folder, "dev", "docs", "tensorboard", "wandb")


def test_what_is_declared_is_used():
    whose = distributions()
    used = {normal(one) for folder in FOLDERS for name in imported(folder) for one in whose.get(name, [name])}
    assert declared("dev", "docs", "tensorboard", "wandb") - used == UNSEEN


# -- private names ---------------------------------------------------------------------------------------------------


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name != "_"


@cache
def own() -> set[str]:
    """All names that our files define, and arguments and attributes that they set."""
    found = set()
    for folder in FOLDERS:
        for tree in trees(folder).values():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    found.add(node.name)
                elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                    found.add(node.attr)
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    found.add(node.id)
    return found


def words(nodes: list[ast.expr]) -> list[str]:
    """Those that are written out as text."""
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def borrowed(tree: ast.Module) -> Iterator[str]:
    """Others' private names in a file: in full where their root is imported, else as the attribute alone."""
    names = named(tree)
    yield from (name for name in names.values() if any(map(private, name.split("."))))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            root, _, rest = ast.unparse(node).partition(".")
            if root in names:
                yield f"{names[root]}.{rest}"
            elif node.attr not in own():
                yield node.attr
        # Names that are asked for, or compared, as words: getattr(thing, "_name").
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("getattr", "hasattr", "setattr"):
            yield from (word for word in words([node.args[1]]) if private(word) and word not in own())
        elif isinstance(node, ast.Compare) and ast.unparse(node.left).endswith("__name__"):
            yield from filter(private, words(node.comparators))


def listed() -> dict[str, str]:
    """The private names in the table of docs/design.md, and the versions that they were tried with."""
    part = (ROOT / "docs" / "design.md").read_text(encoding="utf-8").partition("## 10.")[2].partition("\n## ")[0]
    return dict(re.findall(r"(?m)^\| `([\w.]*\b_\w+)` \| ([^|]+?) \|", part))


def test_private_names_of_other_libraries_are_listed_and_no_others():
    found = {name for folder in FOLDERS for tree in trees(folder).values() for name in borrowed(tree)}
    assert {name for name in found if name.split(".")[0] not in FOLDERS} - PUBLIC == set(listed())


@pytest.mark.parametrize(("name", "versions"), [(name, versions) for name, versions in listed().items()])
def test_private_names_of_other_libraries_are_there(name, versions):
    assert re.fullmatch(r"[\w-]+ [\d.]+( to [\d.]+)?", versions), "a library, and the versions that it was tried with"
    parts = name.split(".")
    if len(parts) > 1:  # in full, and not an attribute alone
        module = next(n for n in range(len(parts) - 1, 0, -1) if is_module(".".join(parts[:n])))
        assert attrgetter(".".join(parts[module:]))(import_module(".".join(parts[:module]))) is not None


def is_module(name: str) -> bool:
    try:
        import_module(name)
    except ImportError:
        return False
    return True
