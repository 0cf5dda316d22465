"""Endings of names are compared in small letters, everywhere: by one helper, beside which no other way grows."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import ganarium
from ganarium import data as gd
from ganarium.files import ending
from ganarium.pictures import film, save, write_samples
from ganarium.spec import Field

PACKAGE = Path(ganarium.__file__).parent


def raw(tree: ast.AST) -> Iterator[int]:
    """The lines of a file that look at an ending as it is written: ``.suffix``, ``splitext``, ``endswith(".png")``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("suffix", "suffixes", "splitext"):
            yield node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "endswith":
            parts = [part for part in ast.walk(ast.Tuple(node.args, ast.Load())) if isinstance(part, ast.Constant)]
            if any(isinstance(part.value, str) and part.value.startswith(".") for part in parts):
                yield node.lineno


def test_the_search_finds_what_it_looks_for():
    for line in ("path.suffix == '.npz'", "os.path.splitext(path)[1]", "name.endswith(('.png', '.jpg'))"):
        assert list(raw(ast.parse(line))) == [1]
    assert not list(raw(ast.parse("path.with_suffix('.png'); name.endswith('*'); ending(path) == '.npz'")))


def test_only_the_helper_looks_at_endings():
    found = {
        str(path.relative_to(PACKAGE)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := list(raw(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert set(found) == {"files.py"}
    assert len(found["files.py"]) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.PNG", ".png"), (Path("b/c.Npz"), ".npz"), (".hidden", ""), ("folder.x/name", ""), ("a.tar.GZ", ".gz")],
)
def test_endings(name: str | Path, expected: str):
    assert ending(name) == expected


def test_samples_are_written_and_read_under_capitals(tmp_path: Path):
    x, field = torch.rand(4, 1, 4, 4) * 2 - 1, Field((1, 4, 4), "image")
    write_samples(x, field, tmp_path / "X.NPZ")
    write_samples(x, field, tmp_path / "X.PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["X.NPZ", "X.PNG"]
    assert torch.allclose(gd.load(str(tmp_path / "X.NPZ"))["x"], x, atol=1e-6)
    buffer = io.BytesIO()
    np.save(buffer, x.numpy())
    (tmp_path / "X.NPY").write_bytes(buffer.getvalue())
    assert len(gd.load(str(tmp_path / "X.NPY"))) == 4
    words = Field((2,), "tokens", classes=2, names=("a", "b"))
    write_samples(torch.zeros(2, 2).long(), words, tmp_path / "X.TXT")
    assert (tmp_path / "X.TXT").read_text(encoding="utf-8") == "a a\na a\n"


def test_films_and_pictures_under_capitals(tmp_path: Path):
    from PIL import Image

    for place in range(2):
        save(Image.new("L", (8, 8), place), tmp_path / f"{place:07d}.Png")
    film([str(tmp_path / "0000000.Png"), str(tmp_path / "0000001.Png")], tmp_path / "F.GIF")
    assert (tmp_path / "F.GIF").is_file()
