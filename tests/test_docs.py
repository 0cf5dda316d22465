"""What the README says is true: its code runs, and its table is the zoo's."""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ganarium import stub
from ganarium.zoo import index

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def written(path: Path) -> bool:
    """Whether `make docs` writes the page or picture."""
    patterns = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line.startswith("docs/")]
    return any(each.match(pattern) for each in (path, path.parent) for pattern in patterns)


def test_the_readmes_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    for long, short in {"minutes=1)": "rounds=2)", "rounds=1000": "rounds=2", "seen=20_000": "rounds=2"}.items():
        assert long in code
        code = code.replace(long, f"{short[:-1]}, quiet=True)" if short.endswith(")") else short)
    exec(compile(code, "README.md", "exec"), {})
    assert (tmp_path / "runs" / "dcgan-digits-001").is_dir()


def test_the_readmes_table_is_of_the_zoo():
    rows = re.findall(r"^\| `([\w-]+)` \| `(\w+)` \| (\d{4}) \|", README, re.MULTILINE)
    assert len(rows) >= 4
    for command, name, year in rows:
        entry = index.game(command)
        assert (entry.command, entry.name, entry.paper.year) == (command, name, int(year))


@pytest.mark.parametrize("page", [path for path in (*ROOT.glob("*.md"), *DOCS.glob("*.md")) if not written(path)])
def test_links_lead_to_what_the_repository_holds(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        path = (page.parent / target).resolve()
        assert path.exists(), target
        assert not written(path), f"{target} is written by `make docs`, and is not in the repository"


def test_the_stub_and_the_lazy_names_agree():
    ga: Any = importlib.import_module("ganarium")
    assert (ROOT / "ganarium" / "__init__.pyi").read_text(encoding="utf-8") == stub.text(), "python -m ganarium.stub"
    for name in [*ga.__all__, *(entry.name for entry in index.games().values())]:
        assert getattr(ga, name) is not None
        assert name in dir(ga)


def test_what_is_added_touches_as_many_files_as_the_page_says():
    page = (ROOT / "docs" / "adding_a_game.md").read_text(encoding="utf-8")
    counts = re.findall(r"^(grep .*?) +# (\d+)$", page, re.MULTILINE)
    assert len(counts) == 4
    for command, count in counts:
        found = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
        assert len(found.stdout.splitlines()) == int(count), command
