"""The zoo's pages: true to the code, whole, and built without a warning."""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path

import pytest

from benchmarks import patience
from ganarium import data, index
from ganarium.pages import zoo
from ganarium.pages.markdown import markdown
from ganarium.trainer import Trainer

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def verdicts():
    return zoo.kept(DOCS)


def terms(command: str) -> set[str]:
    """What a few rounds of a game's toy log."""
    game = index.game_class(command).toy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name for report in Trainer(game).play(data.random(game.spec), 8, 6) for name in report.scalars}


@pytest.mark.parametrize("command", list(index.games()))
def test_a_page_is_what_its_game_says(command, verdicts):
    entry = index.game(command)
    written = (DOCS / "zoo" / f"{command}.md").read_text(encoding="utf-8")
    assert written == zoo.page(entry, DOCS, verdicts.get(command)), "`make docs` writes the pages again"


def test_the_index_is_of_all_games(verdicts):
    written = (DOCS / "zoo" / "index.md").read_text(encoding="utf-8")
    assert written == zoo.listing(verdicts), "`make docs` writes it again"


@pytest.mark.parametrize("command", list(index.games()))
def test_every_term_that_is_logged_is_explained(command):
    page = (DOCS / "zoo" / f"{command}.md").read_text(encoding="utf-8")
    table = page.partition("## What is logged")[2].partition("\n## ")[0]
    rows = [row for row in table.splitlines() if row.startswith("| `")]
    explained = {name for row in rows for name in re.findall(r"`([\w-]+/[\w-]+)`", row.split("|")[1])}
    assert terms(command) <= explained
    assert "$" in table, "with a formula"


@pytest.mark.parametrize("command", list(index.games()))
def test_every_page_is_whole(command):
    page = (DOCS / "zoo" / f"{command}.md").read_text(encoding="utf-8")
    titles = re.findall(r"(?m)^## (.+)", page)
    for title in ("The idea", "The game", "The players", "What is logged", "The command", "To cite it"):
        assert title in titles
    assert "$" in page
    assert not re.search(r":\w+:`|\.\. math", page)
    for target in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (DOCS / "zoo" / target).exists(), target


def test_docstrings_become_markdown():
    text = "One\ntwo.\n\n.. code-block:: python\n\n    a = 1\n\n    b = 2\n\n"
    text += "So :math:`x_1\n+ 1` is ``b``.\n\n.. math::\n\n    a\n\n    b"
    made = "One\ntwo.\n\n```python\na = 1\n\nb = 2\n```\n\nSo $x_1\n+ 1$ is `b`.\n\n$$\na\n$$\n\n$$\nb\n$$"
    assert markdown(text) == made


def test_the_site_is_built_without_a_warning(tmp_path):
    words = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(DOCS), str(tmp_path / "site")]
    done = patience.run(words)
    assert done.returncode == 0, done.stderr
    listing = (tmp_path / "site" / "zoo" / "index.html").read_text(encoding="utf-8")
    assert 'id="zoo-filter"' in listing
    assert "zoo.js" in listing
    assert "<math" in (tmp_path / "site" / "zoo" / "gan.html").read_text(encoding="utf-8")
