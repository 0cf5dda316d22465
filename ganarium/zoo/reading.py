"""Reads what games, marked functions and abilities say of themselves from their source, without running it.

Importing a game imports torch, which takes seconds; a list of games, or the answer to a mistyped name, should not. So
what lists show stands in the source as literals: in the call of a decorator, or as a class attribute.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from ganarium.game.paper import Paper

__all__ = [
    "Class",
    "GameEntry",
    "LoaderEntry",
    "Marked",
    "MetricEntry",
    "Verb",
    "classes",
    "entry_of",
    "marked",
    "trees",
]

_HERE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Class:
    """A class, as its source shows it.

    Args:
        name: Its name.
        bases: The names of its base classes, without the modules that they are in.
        values: Its attributes that are literals.
        paper: What its ``paper`` says; None if it has none.
        summary: The first line of its docstring.
    """

    name: str
    bases: tuple[str, ...]
    values: Mapping[str, Any]
    paper: Paper | None
    summary: str


@dataclass(frozen=True)
class GameEntry:
    """A game: of the zoo, of a file of one's own, or of an installed package.

    Args:
        command: Its name on the command line.
        name: Its class.
        module: Where the class is; empty for a file.
        paper: What its ``paper`` says.
        bases: The names of its base classes.
        needs: The fields that it plays on, and the kinds that it takes.
        summary: The first line of its docstring.
        file: The file that it is in, as its user named it; empty for the zoo and packages.
        package: The name and version of the package that brought it; empty for the zoo and files.
    """

    command: str
    name: str
    module: str
    paper: Paper
    bases: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]] | None
    summary: str
    file: str = ""
    package: str = ""

    @property
    def family(self) -> str:
        """The folder that the game is in."""
        return self.module.split(".")[-2]

    @property
    def word(self) -> str:
        """What names it on the command line."""
        return f"{self.file}:{self.name}" if self.file else self.command


@dataclass(frozen=True)
class LoaderEntry:
    """A named kind of data.

    Args:
        name: Its name on the command line.
        module: Where the function is that makes it.
        function: That function's name.
        title: What it is, in a few words.
        fields: The fields of its batches.
        kinds: The kind of each field.
    """

    name: str
    module: str
    function: str
    title: str
    fields: tuple[str, ...]
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricEntry:
    """One or several numbers that are measured together.

    Args:
        names: What they are called; a last ``*`` stands for several.
        module: Where the function is that measures them.
        function: That function's name.
        better: Which way each is better.
        about: What they say, in a sentence.
        quick: Whether they are also measured while a game is trained.
        asked: Whether they are measured only when they are asked for.
    """

    names: tuple[str, ...]
    module: str
    function: str
    better: Mapping[str, str]
    about: str
    quick: bool = False
    asked: bool = False

    @property
    def call(self) -> Any:
        """What measures them, imported."""
        return getattr(import_module(self.module), self.function)


@dataclass(frozen=True)
class Verb:
    """A command, as :func:`ganarium.cli.commands.base.verb` marks it.

    Args:
        word: Its word; of what a command walks, the command's word first: ``explore invert``.
        module: Where its function is.
        function: The function's name.
        says: What stands after it in the help.
        about: What it does, in a line of the help; the first line of its docstring if it says no other.
        group: Under which heading.
        takes: What its function is given: ``words``, or options by its signature; ``run``: a run first.
        more: The function of its module that says which options depend on the run.
        called: What the command line calls keywords that Python, or plain words, do not allow.
    """

    word: str
    module: str
    function: str
    says: str = ""
    about: str = ""
    group: str = ""
    takes: str = "words"
    more: str = ""
    called: Mapping[str, str] = field(default_factory=dict)

    @property
    def call(self) -> Any:
        """Its function, imported."""
        return getattr(import_module(self.module), self.function)


@dataclass(frozen=True)
class Marked:
    """A function, or class, under a decorator with literals.

    Args:
        name: The decorator's first argument.
        module: Where the function is.
        function: The function's name.
        facts: The decorator's keywords that are literals.
        about: The function's docstring.
        page: Its module's docstring.
    """

    name: str
    module: str
    function: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""
    page: str = ""


@cache
def trees(folder: str, mark: str = "") -> tuple[tuple[str, ast.Module], ...]:
    """The modules below a folder of the package that hold a text, by name, parsed."""
    found = []
    for path in sorted((_HERE / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if mark in text and (path.name == "__init__.py" or not path.name.startswith("_")):
            module = ".".join(("ganarium", *path.relative_to(_HERE).with_suffix("").parts))
            found.append((module.removesuffix(".__init__"), ast.parse(text)))
    return tuple(found)


def marked(folder: str, decorator: str) -> Iterator[Marked]:
    """The functions and classes below a folder of the package that a decorator marks."""
    for module, tree in trees(folder, f"@{decorator}("):
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            for call in node.decorator_list:
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == decorator:
                    about, page = ast.get_docstring(node) or "", ast.get_docstring(tree) or ""
                    name = ast.literal_eval(call.args[0])
                    yield Marked(name, module, node.name, _literals(call), about, page)


def classes(tree: ast.Module) -> list[Class]:
    """The classes of a module."""
    return [_class(node) for node in tree.body if isinstance(node, ast.ClassDef)]


def entry_of(module: str, found: Class, **place: str) -> GameEntry:
    """A class as a game; ``place`` is the file or the package that it is in.

    A game that has no paper is called by its class, in the words of the command line.
    """
    paper = found.paper or Paper.unpublished(found.name, found.summary)
    needs = found.values.get("needs")
    return GameEntry(paper.command, found.name, module, paper, found.bases, needs, found.summary, **place)


def _class(node: ast.ClassDef) -> Class:
    values = _attributes(node)
    paper = values.get("paper")
    facts = _paper(node.name, paper) if isinstance(paper, ast.Call) and _last_name(paper.func) == "Paper" else None
    literals = {name: value for name, node in values.items() if (value := _literal(node)) is not None}
    summary = (ast.get_docstring(node) or "").split("\n")[0]
    return Class(node.name, tuple(filter(None, map(_last_name, node.bases))), literals, facts, summary)


def _paper(name: str, call: ast.Call) -> Paper:
    try:
        return Paper(**_literals(call))
    except TypeError as error:
        raise ValueError(f"The paper of {name} is a Paper with literals; got {error}.") from None


def _attributes(node: ast.ClassDef) -> dict[str, ast.expr]:
    """What a class assigns, annotated or not."""
    found = {}
    for row in node.body:
        target = row.target if isinstance(row, ast.AnnAssign) else row.targets[0] if isinstance(row, ast.Assign) else 0
        if isinstance(target, ast.Name) and row.value is not None:  # type: ignore[attr-defined]
            found[target.id] = row.value  # type: ignore[attr-defined]
    return found


def _last_name(node: ast.expr) -> str:
    """``WGANGP`` of ``WGANGP``, ``ganarium.WGANGP`` and ``Frame[int]``."""
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return None


def _literals(call: ast.Call) -> dict[str, Any]:
    """The keywords of a call that are literals; a decorator may also be given functions."""
    values = {keyword.arg: _literal(keyword.value) for keyword in call.keywords if keyword.arg}
    return {name: value for name, value in values.items() if value is not None}
