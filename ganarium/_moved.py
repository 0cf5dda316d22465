"""Where modules of version 0.1 are now: an import by the old name works, and a warning says the new one."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["find_moved", "moved_name", "now"]

#: Folders, by where they are now and were: the modules that are called as they were. Not those that were called as a
#: public function of their package, whose place they would take: data.examine, nets.completer, nets.translator.
_FOLDERS = {
    ("arguments", ""): "forms misuse request",
    ("cli", ""): "commands",
    ("data.files", "data"): "folders finding scan classes decoding photos store cache image_files",
    (
        "data.worlds",
        "data",
    ): "points overlap sprites shapes captions pairs voxels melodies translation simulated images checks",
    ("doctor", ""): "forecast risks",
    ("engine", ""): "trainer seat guard average timetable report",
    ("game", ""): "paper",
    ("game.frames", ""): "adversarial",
    ("ingredients", ""): "objectives divergences penalties priors optimizers schedules entropies unrolling pools holes "
    "simulators augment",
    ("jobs", ""): "board",
    ("nets.families", "nets"): "dcgan perceptrons flat resnet r3gan began bigan cgan improved_gan unrolled_gan fourier "
    "packing minibatch virtual text seq2seq laplacian",
    ("nets.layers", "nets"): "blocks conv mlp recurrent bits norms conditions",
    ("running", ""): "run fitting session settings checkpoint records weights best gallery tuning",
    ("running", "metrics"): "evaluation",
    ("terminal", ""): "console tables signals processes",
    ("terminal", "data"): "progress",
    ("zoo", ""): "index options",
}
#: Modules that are called otherwise now.
_RENAMED = {
    "claiming": "proving",
    "claiming.statement": "zoo.claim",
    "comparing.terms": "comparing.fairness",
    "data.rows": "data.gathering",
    "metrics.library": "metrics.frechet",
    "metrics.on_request": "metrics.requested",
    "metrics.rows": "metrics.looks",
    "nets.codes": "ingredients.repulsion",
    "pages.comparison": "comparing.page",
    "shortage": "running.memory",
    "side_by_side": "jobs.team",
    "theory.lesson": "theory.teaching",
    "warm": "jobs.server",
}

#: Names that are in another module now, by the one they were in.
_NAMES = {"ganarium.metrics": {"running.evaluation": "Evaluation evaluate evaluate_game read"}}


def moved_name(module: str, name: str) -> Any:
    """What a module had under this name, from where it is now.

    Raises:
        AttributeError: if it never had it.
    """
    for new, names in _NAMES.get(module, {}).items():
        if name in names.split():
            warnings.warn(f"{module}.{name} is ganarium.{new}.{name} now.", DeprecationWarning, stacklevel=3)
            return getattr(import_module(f"ganarium.{new}"), name)
    raise AttributeError(f"module '{module}' has no attribute '{name}'")


def now(name: str) -> str | None:
    """The new name of a module of ours; None if it was never moved.

    Example:
        >>> now("ganarium.nets.dcgan"), now("ganarium.claiming.arm"), now("ganarium.spec")
        ('ganarium.nets.families.dcgan', 'ganarium.proving.arm', None)
    """
    package, _, path = name.partition(".")
    if package != "ganarium" or not path:
        return None
    if path in _RENAMED:
        return f"ganarium.{_RENAMED[path]}"
    for (new, old), modules in _FOLDERS.items():
        inside = path.removeprefix(f"{old}.") if old else path
        if inside.split(".")[0] in modules.split() and (not old or inside != path):
            return f"ganarium.{new}.{inside}"
    parent, _, last = path.rpartition(".")
    moved = now(f"ganarium.{parent}") if parent else None
    return f"{moved}.{last}" if moved else None


class Moved:
    """Finds a module by its old name; asked first, or a module of a folder that has moved would be there twice."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        loader: Any = self
        return ModuleSpec(fullname, loader) if now(fullname) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        new = str(now(spec.name))
        warnings.warn(f"{spec.name} is {new} now.", DeprecationWarning, stacklevel=2)
        module = import_module(new)
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module back its own spec, which the import by the old name has replaced."""
        spec = module.__spec__
        assert spec is not None
        module.__spec__ = spec.loader_state


def find_moved() -> None:
    """Let modules be found by their old names."""
    if not any(isinstance(finder, Moved) for finder in sys.meta_path):
        sys.meta_path.insert(0, Moved())
