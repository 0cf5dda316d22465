"""The zoo's pages: true to the code, whole, and built without a warning."""

from __future__ import annotations

import re
import shutil
import sys
import warnings
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import patience
from ganarium import data
from ganarium.engine.trainer import Trainer
from ganarium.pages import zoo
from ganarium.pages.markdown import markdown
from ganarium.zoo import index

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def docs(tmp_path_factory) -> Path:
    """The documentation with the pages of `make docs`; the lessons' pictures, which take minutes, are blank."""
    place = tmp_path_factory.mktemp("repository") / "docs"
    shutil.copytree(DOCS, place, ignore=shutil.ignore_patterns("_build", "theory"))
    (place.parent / "ganarium").symlink_to(ROOT / "ganarium")
    zoo.write(place)
    (place / "theory").mkdir()
    for name in lessons():
        Image.new("L", (8, 8)).save(place / "theory" / f"{name}.png")
    return place


def lessons() -> list[str]:
    """The lessons whose pictures the page of the theory shows."""
    return re.findall(r"(?m)^```{image} theory/(.+)\.png$", (DOCS / "theory.md").read_text(encoding="utf-8"))


def test_every_picture_of_the_theory_is_a_lessons():
    assert len(lessons()) > 10
    assert set(lessons()) <= set(index.lessons())


def terms(command: str) -> set[str]:
    """What a few rounds of a game's toy log."""
    game = index.game_class(command).toy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name for report in Trainer(game).play(data.random(game.spec), 8, 6) for name in report.scalars}


def test_pages_show_what_is_kept_of_claims(docs):
    page, kept = (docs / "claims.md").read_text(encoding="utf-8"), zoo.kept(docs / "claims")
    assert set(kept) == set(index.claims())
    assert all(each.commit for each in kept.values())
    for name, found in kept.items():
        assert f"## {name}\n" in page
        assert f"{found.date} ({found.commit})" in page
    for target in re.findall(r"!\[\w+\]\(([^)]+)\)", page):
        assert (docs / target).exists(), target


@pytest.mark.parametrize("command", list(index.games()))
def test_every_term_that_is_logged_is_explained(command, docs):
    page = (docs / "zoo" / f"{command}.md").read_text(encoding="utf-8")
    table = page.partition("## What is logged")[2].partition("\n## ")[0]
    rows = [row for row in table.splitlines() if row.startswith("| `")]
    explained = {name for row in rows for name in re.findall(r"`([\w-]+/[\w-]+)`", row.split("|")[1])}
    assert terms(command) <= explained
    assert "$" in table, "with a formula"


@pytest.mark.parametrize("command", list(index.games()))
def test_every_page_is_whole(command, docs):
    page = (docs / "zoo" / f"{command}.md").read_text(encoding="utf-8")
    titles = re.findall(r"(?m)^## (.+)", page)
    for title in ("The idea", "The game", "The players", "What is logged", "The command", "To cite it"):
        assert title in titles
    assert "$" in page
    assert not re.search(r":\w+:`|\.\. math", page)
    for target in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (docs / "zoo" / target).exists(), target


def test_docstrings_become_markdown():
    text = "One\ntwo.\n\n.. code-block:: python\n\n    a = 1\n\n    b = 2\n\n"
    text += "So :math:`x_1\n+ 1` is ``b``.\n\n.. math::\n\n    a\n\n    b"
    made = "One\ntwo.\n\n```python\na = 1\n\nb = 2\n```\n\nSo $x_1\n+ 1$ is `b`.\n\n$$\na\n$$\n\n$$\nb\n$$"
    assert markdown(text) == made


def test_the_site_is_built_without_a_warning(tmp_path, docs):
    words = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(docs), str(tmp_path / "site")]
    done = patience.run(words)
    assert done.returncode == 0, done.stderr
    listing = (tmp_path / "site" / "zoo" / "index.html").read_text(encoding="utf-8")
    assert 'id="zoo-filter"' in listing
    assert "zoo.js" in listing
    assert "<math" in (tmp_path / "site" / "zoo" / "gan.html").read_text(encoding="utf-8")
