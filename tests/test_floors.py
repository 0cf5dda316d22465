"""The house has floors, and arrows run downwards only; ``python -m tests.test_floors`` prints its figures."""

from __future__ import annotations

import ast
import dataclasses
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from statistics import median

import pytest

import ganarium

#: From the ground up. A file imports from its own folder and from lower rows, within functions too.
FLOORS = [
    {"spec", "randomness", "files", "terminal", "_version", "_moved"},
    {"ingredients", "jobs"},
    {"nets", "data"},
    {"game"},
    {"games", "engine", "zoo", "latent", "pictures"},
    {"metrics"},
    {"running", "proving", "theory"},
    {"arguments", "doctor", "claims"},
    {"diagnosis", "contract"},
    {"pages"},
    {"comparing"},
    {"cli"},
    {"__init__"},
    {"__main__", "stub"},
]
HEIGHT = {room: height for height, row in enumerate(FLOORS) for room in row}
AT_THE_TOP = 8  # modules that lie in no folder, at most
#: The files that may make a Fabric, or need it at all.
FABRIC = {"engine.guard", "engine.report", "engine.seat", "engine.stepping", "engine.trainer", "jobs.server"} | {
    f"running.{name}" for name in ("fitting", "session", "settings", "tuning")
}


@dataclasses.dataclass(frozen=True)
class Import:
    """One name that a file imports.

    Args:
        name: The module, or what is taken from it, in full.
        eager: Whether it is imported as soon as the file is.
    """

    name: str
    eager: bool


def imports(node: ast.AST, eager: bool = True) -> Iterator[Import]:
    """What is imported below a node of a syntax tree, but for what only type checkers read."""
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, eager) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        yield from (Import(f"{node.module}.{alias.name}", eager) for alias in node.names)
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        yield from (Import(str(each.value), False) for each in node.args if isinstance(each, ast.Constant))
    eager = eager and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        below: Iterator[ast.AST] = iter(node.orelse)
    else:
        below = ast.iter_child_nodes(node)
    for child in below:
        yield from imports(child, eager)


class House:
    """The modules of a package, by their names below it, and what they import of each other.

    Args:
        folder: The package's.
    """

    def __init__(self, folder: Path):
        self.name, self.folder = folder.name, folder
        self.files = {self._module(path.relative_to(folder)): path for path in sorted(folder.rglob("*.py"))}

    @staticmethod
    def _module(path: Path) -> str:
        return ".".join(path.with_suffix("").parts).removesuffix(".__init__")

    @cached_property
    def imported(self) -> dict[str, list[Import]]:
        """All that each file imports."""
        return {m: list(imports(ast.parse(path.read_text(encoding="utf-8")))) for m, path in self.files.items()}

    def module(self, name: str) -> str:
        """Which of ours a name is of, in full or of something in it; empty if it is not ours."""
        first, _, rest = name.partition(".")
        if first != self.name:
            return ""
        while rest and rest not in self.files:
            rest = rest.rpartition(".")[0]
        return rest or "__init__"

    def of(self, module: str, eager: bool = False) -> set[str]:
        """The modules of ours that a file imports; only those that come with it, if ``eager``."""
        rows = self.imported[module]
        return {self.module(row.name) for row in rows if row.eager or not eager} - {"", module}

    @cached_property
    def graph(self) -> dict[str, set[str]]:
        return {module: self.of(module) for module in self.files}

    @cached_property
    def rooms(self) -> set[str]:
        """Folders at the top, and modules that lie in none."""
        return {room(module) for module in self.files}

    @property
    def at_the_top(self) -> list[str]:
        return [module for module, path in self.files.items() if path.name == f"{module}.py"]

    @property
    def arrows(self) -> set[tuple[str, str]]:
        """Which room imports from which other."""
        pairs = {(room(module), room(other)) for module, others in self.graph.items() for other in others}
        return {pair for pair in pairs if pair[0] != pair[1]}

    @property
    def up(self) -> list[tuple[str, str]]:
        """The files that import from their own height in another room, or from above, and what."""
        return [
            (module, other)
            for module, others in self.graph.items()
            for other in sorted(others)
            if room(module) != room(other) and HEIGHT.get(room(module), -1) <= HEIGHT.get(room(other), -1)
        ]

    @property
    def circles(self) -> set[frozenset[str]]:
        """Modules that import each other, over however many others."""
        reached = {module: self._reached(module) for module in self.files}
        rings = (frozenset(other for other in reached[m] if m in reached[other]) for m in self.files)
        return {ring for ring in rings if ring}

    def _reached(self, module: str) -> set[str]:
        found: set[str] = set()
        ahead = [*self.graph[module]]
        while ahead:
            if (other := ahead.pop()) not in found:
                found.add(other)
                ahead += self.graph[other]
        return found


def room(module: str) -> str:
    return module.partition(".")[0]


OURS = House(Path(__file__).parents[1] / "ganarium")


@pytest.mark.parametrize("name", sorted(OURS.rooms))
def test_a_room_is_on_a_floor_and_imports_only_from_below(name):
    assert name in HEIGHT
    assert [arrow for arrow in OURS.up if room(arrow[0]) == name] == []


def test_every_room_that_has_a_floor_is_there():
    assert set(HEIGHT) == OURS.rooms


def test_no_room_hides_a_name_of_the_package():
    """Whatever imports ``ganarium.compare.x`` would put a folder where ``ga.compare`` is."""
    assert not set(vars(ganarium)["_NAMES"]) & OURS.rooms


def test_no_modules_import_each_other_in_a_circle():
    assert OURS.circles == set()


def test_few_modules_lie_at_the_top():
    assert len(OURS.at_the_top) <= AT_THE_TOP


def test_no_game_knows_what_plays_it_and_what_plays_knows_no_data():
    met = {name: {room(other) for m in OURS.files if room(m) == name for other in OURS.of(m)} for name in OURS.rooms}
    assert not met["games"] & {"engine", "zoo", "data"}
    assert not met["engine"] & {"games", "zoo", "data"}


def test_lists_of_games_and_data_are_made_without_torch():
    reached, ahead = set(), {"zoo.index"}
    while ahead:
        module = ahead.pop()
        reached.add(module)
        rows = [row.name.partition(".")[0] for row in OURS.imported[module] if row.eager]
        assert "torch" not in rows, module
        # A module comes with the folders that it lies in.
        inside = {module.rsplit(".", up)[0] for up in range(1, module.count(".") + 1)}
        ahead |= (inside | OURS.of(module, eager=True)) - reached


def test_fabric_is_imported_in_few_files_and_only_when_one_trains():
    using = {m: row for m, rows in OURS.imported.items() for row in rows if row.name.startswith("lightning")}
    assert "engine.trainer" in using
    assert set(using) <= FABRIC <= set(OURS.files)
    assert [module for module, row in using.items() if row.eager] == []


def test_torchvision_is_nowhere():
    names = {row.name.partition(".")[0] for rows in OURS.imported.values() for row in rows}
    assert "torch" in names
    assert "torchvision" not in names


def test_no_file_is_called_utils():
    names = {part for module in OURS.files for part in module.split(".")}
    assert not names & {"utils", "util", "helpers", "common", "misc"}


# -- the test itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "arrows"),
    [
        ("from ganarium.spec import Spec\nfrom ganarium.game.paper import Paper", []),
        ("from ganarium import cli", ["cli"]),
        ("def late():\n    from ganarium.cli import dispatch", ["cli.dispatch"]),
        ("def late():\n    return import_module('ganarium.cli.dispatch')", ["cli.dispatch"]),
        ("import ganarium.metrics", ["metrics"]),
        ("from ganarium import GAN", ["__init__"]),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ganarium.cli import dispatch", []),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import ganarium.cli", ["cli"]),
    ],
)
def test_arrows_up_are_seen_wherever_they_stand(tmp_path, text, arrows):
    files = {"spec": "", "__init__": "", "cli/__init__": "", "cli/dispatch": "", "game/paper": "", "game/game": text}
    files["metrics/__init__"] = ""
    house = built(tmp_path, files)
    assert house.up == [("game.game", arrow) for arrow in arrows]
    assert house.circles == set()


def test_circles_are_seen_over_others_and_within_functions(tmp_path):
    late = "def late():\n    from ganarium.c import x"
    house = built(
        tmp_path, {"a": "import ganarium.b", "b": late, "c": "from ganarium.a import y", "d": "import ganarium.a"}
    )
    assert house.circles == {frozenset("abc")}


def built(folder: Path, files: dict[str, str]) -> House:
    for name, text in files.items():
        path = folder / "ganarium" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return House(folder / "ganarium")


def games(folder: Path) -> list[int]:
    """How many lines each game has."""
    files = [path for path in folder.glob("games/*/*.py") if not path.stem.startswith("_")]
    return [path.read_text(encoding="utf-8").count("\n") for path in files]


def test_games_are_short():
    assert median(games(OURS.folder)) <= 110
    assert max(games(OURS.folder)) <= 150


def figures(house: House) -> dict[str, float]:
    """What may be said of a house in numbers."""
    return {
        "modules": len(house.files),
        "modules at the top": len(house.at_the_top),
        "rooms": len(house.rooms),
        "floors": len(FLOORS),
        "arrows between rooms": len(house.arrows),
        "arrows up, file by file": len(house.up),
        "circles": len(house.circles),
        "games": len(games(house.folder)),
        "lines of a game, the median": median(games(house.folder)),
        "lines of a game, the most": max(games(house.folder)),
    }


if __name__ == "__main__":
    for word, number in figures(House(Path(sys.argv[1])) if len(sys.argv) > 1 else OURS).items():
        print(f"{number:>5g}  {word}")
