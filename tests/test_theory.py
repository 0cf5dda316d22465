"""Lessons: each found one works out with figures and a picture; the command; the mathematics of gradients by score."""

import json

import pytest
import torch

import ganarium as ga
from ganarium.cli import main
from ganarium.theory import signal
from ganarium.zoo import index


@pytest.mark.parametrize("name", list(index.lessons()))
def test_every_lesson_works_out_and_is_drawn(name, tmp_path):
    lesson = index.lesson(name)
    assert lesson.says
    assert lesson.source
    assert lesson.about
    shown = ga.teach(name, **lesson.quick)
    assert bool(shown.film) == lesson.film
    assert shown.rows
    assert len({tuple(row) for row in shown.rows}) == 1
    assert name in index.lessons()
    written = shown.save(tmp_path / f"{name}{'.gif' if lesson.film else '.png'}")
    assert written.stat().st_size > 5000


def test_the_command_lists_teaches_and_writes(tmp_path, capsys):
    assert main(["theory"]) == 0
    assert "gradient-signal" in capsys.readouterr().out
    assert main(["theory", "gradient-signal", "--points", "50", "--out", str(tmp_path / "a" / "x.svg")]) == 0
    assert "999 times" in capsys.readouterr().out
    assert (tmp_path / "a" / "x.svg").exists()
    assert main(["theory", "gradient-signal", "--json", "--out", str(tmp_path / "x.png")]) == 0
    assert json.loads(capsys.readouterr().out)[2]["minimax"] == -0.5


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("gradint", "gradient-signal"),
        ("gradient-signal --out x.doc", ".png"),
        ("gradient-signal --points many", "--points"),
        ("--jsn", "Which lesson"),
    ],
)
def test_misuse_is_told(line, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["theory", *line.split()]) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_gradients_by_the_score():
    belief = torch.tensor([1e-3, 0.2, 0.5, 0.9]).double()
    assert signal.gradient("minimax", belief).allclose(-belief)
    assert signal.gradient("non-saturating", belief).allclose(belief - 1)
    assert signal.gradient("maximum likelihood", belief).allclose(-belief / (1 - belief))
