"""Waits that end when what they wait for is there, or when nothing moves any more."""

from __future__ import annotations

import ast
import itertools
import sys
from pathlib import Path

import pytest

from benchmarks import patience

TESTS = sorted(Path(__file__).parent.glob("*.py"))


@pytest.fixture
def hasty(monkeypatch):
    """A few quick looks are enough."""
    monkeypatch.setattr(patience, "_LOOK", 5)
    monkeypatch.setattr(patience, "_STILL", 5)


def test_what_was_waited_for_is_returned():
    answers = itertools.chain([None, 0, ""], itertools.repeat("here"))
    assert patience.until(lambda: next(answers)) == "here"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are not listed as files")
def test_what_does_not_move_is_given_up_and_named(hasty):
    with pytest.raises(patience.Stuck, match=r"(?s)the end of a process.*sleep\(1000\)"):
        patience.run([sys.executable, "-c", "import time; time.sleep(1000)"])
    with pytest.raises(patience.Stuck, match="Waited for Godot; our processes:"):
        patience.until(lambda: False, "Godot")


def test_what_computes_is_waited_for(hasty):
    """Also in a child of a child, and however long."""
    work = "import time\nwhile time.process_time() < 1: pass\nprint('done')"
    parent = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {work!r}]).returncode)"
    done = patience.run([sys.executable, "-c", parent])
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_all_that_is_said_is_kept():
    done = patience.run([sys.executable, "-c", "import sys; print('x' * 300_000); sys.exit('no')"])
    assert (done.returncode, len(done.stdout), done.stderr) == (1, 300_001, "no\n")


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_no_test_waits_for_a_number_of_seconds(path):
    """A busy machine is no fault: waits are those of ``benchmarks/patience.py``."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert not [node.lineno for node in calls if "timeout" in [keyword.arg for keyword in node.keywords]]
    assert not [node.lineno for node in calls if ast.unparse(node.func) in ("time.time", "time.monotonic")]
