"""Modules of version 0.1 are found by their old names."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

import ganarium as ga
from ganarium._moved import _FOLDERS, _RENAMED, now

OLD = [
    *(f"{old}.{name}".strip(".") for (_, old), names in _FOLDERS.items() for name in names.split()),
    *_RENAMED,
    "augment.geometry",
    "claiming.arm",
    "commands.train",
]


@pytest.mark.parametrize("path", OLD)
def test_an_old_name_is_the_new_module_and_says_so(path):
    old, new = f"ganarium.{path}", now(f"ganarium.{path}")
    assert new is not None
    module = importlib.import_module(new)
    spec = module.__spec__
    sys.modules.pop(old, None)
    with pytest.warns(DeprecationWarning, match=new.replace(".", r"\.")):
        assert importlib.import_module(old) is module
    assert module.__spec__ is spec


def test_no_module_is_hidden_by_an_old_name():
    here = Path(ga.__file__).parent
    files = [path.relative_to(here).with_suffix("").parts for path in here.rglob("*.py")]
    assert [parts for parts in files if parts[-1] != "__init__" and now(".".join(("ganarium", *parts)))] == []


@pytest.mark.parametrize(
    "path", [path for path in OLD if "." in path and path.split(".")[0] not in ("claiming", "commands")]
)
def test_an_old_name_takes_nobodys_place(path):
    parent, _, name = path.rpartition(".")
    held = vars(importlib.import_module(now(f"ganarium.{parent}") or f"ganarium.{parent}")).get(name)
    assert held is None or isinstance(held, ModuleType)


def test_what_evaluates_is_found_among_the_metrics():
    with pytest.warns(DeprecationWarning, match=r"ganarium\.running\.evaluation\.evaluate now"):
        assert ga.metrics.evaluate is ga.evaluate  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(AttributeError, match=r"'ganarium\.metrics' has no attribute 'nothing'"):
        ga.metrics.nothing  # pyright: ignore  # noqa: B018


def test_what_was_never_there_is_not_found():
    for name in ("ganarium.nothing", "ganarium.data.nothing", "ganarium.runs"):
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)
    assert callable(ga.runs)


def test_families_are_where_they_were():
    from ganarium.nets.architecture import DeepConvolutional, Perceptrons, Plain  # pyright: ignore

    assert (DeepConvolutional, Perceptrons, Plain) == (
        ga.nets.DeepConvolutional,
        ga.nets.Perceptrons,
        ga.nets.Plain,
    )
