"""Every command in the documentation runs: with budgets cut to a few rounds, on files that stand for the reader's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from zoo import first_of, kind, marked

from ganarium.cli import dispatch as cli
from ganarium.pages import zoo
from ganarium.zoo import index

pytestmark = pytest.mark.usefixtures("plots")

ROOT = Path(__file__).parents[1]
#: What is written by hand, and what code writes for each game.
WRITTEN = [path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]]
PAGES = {**dict.fromkeys(WRITTEN, ""), **{f"docs/zoo/{name}.md": name for name in index.games()}}
#: Several processes are tested by themselves, and claims at a share of their budget.
ELSEWHERE = ("--devices", "--num-nodes")


def commands(page: str) -> list[str]:
    """The ``ganarium`` commands in a page's blocks of code, without their comments."""
    game = PAGES[page]
    text = zoo.page(index.game(game), ROOT / "docs", None) if game else (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line.strip() for block in blocks for line in re.sub(r"\\\n", " ", block).splitlines()]
    return [re.split(r"\s+#", line)[0] for line in lines if line.startswith("ganarium ")]


def shortened(words: list[str]) -> list[str]:
    """The same command with a budget of a few rounds."""
    budgets = {"--minutes", "--rounds", "--seen", "--epochs"}
    short: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in budgets and words[0] in ("train", "compare"):
            skip = True
        else:
            short.append(word)
    if words[0] == "train":
        short += (
            ["--rounds", "3", "--batch", "8", "--quiet"] if "--batch" not in short else ["--rounds", "3", "--quiet"]
        )
    if words[0] == "compare" and "--data" in words:
        short = [*_without(short, "--seeds"), "--seen", "128", "--seeds", "1", "--count", "70", "--measure", "1"]
    if words[0] == "evaluate":
        short = [*_without(short, "--count"), "--count", "200"]
    if words[0] == "theory":
        quick = index.lessons()[words[1]].quick
        for name, value in quick.items():
            values = value if isinstance(value, tuple | list) else (value,)
            short += [f"--{name.replace('_', '-')}", *map(str, values)]
    return [*short, "--quick"] if words[0] == "claim" else short


def _without(words: list[str], option: str) -> list[str]:
    if option not in words:
        return words
    place = words.index(option)
    return words[:place] + words[place + 2 :]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with the files that the pages name."""
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    for name, count in {"photos": 400, "generated": 400, "pets/cat": 80, "pets/dog": 80}.items():
        (tmp_path / name).mkdir(parents=True)
        for place in range(count):
            pixels = generator.integers(0, 256, (20, 22, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{place}.png")
    mnist(tmp_path / "MNIST", generator)
    (tmp_path / "my_game.py").write_text(code_of(ROOT / "docs" / "adding_a_game.md"), encoding="utf-8")
    monkeypatch.setenv("GANARIUM_CACHE", str(tmp_path / "cache"))
    np.savez(tmp_path / "mine.npz", x=generator.normal(size=(400, 2)).astype(np.float32))
    return tmp_path


def code_of(page: Path) -> str:
    """The first block of Python on a page."""
    found = re.search(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def mnist(folder: Path, generator: np.random.Generator) -> None:
    """MNIST's files, in their own format."""
    folder.mkdir()
    for part, count in (("train", 96), ("t10k", 48)):
        images = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        head = np.array([0x803, count, 28, 28], dtype=">i4").tobytes()
        (folder / f"{part}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(
            np.array([0x801, count], dtype=">i4").tobytes() + labels.tobytes()
        )


def runs(folder: Path) -> list[Path]:
    return sorted((folder / "runs").glob("*/config.yaml"), key=lambda path: path.stat().st_mtime)


def made(name: str, folder: Path) -> None:
    """Make the run that a command speaks of, if nothing has yet."""
    game, data = re.fullmatch(r"(.+?)-(ring|digits|pets)-001", name).groups()  # type: ignore[union-attr]
    if not (folder / "runs" / name).exists():
        source = ["--data", "./pets", "--data.size", "16"] if data == "pets" else ["--data", data]
        assert cli.main(["train", game, *source, "--rounds", "3", "--batch", "32", "--quiet"]) == 0


def run(line: str, folder: Path) -> int:
    words = shlex.split(line)[1:]
    for place, word in enumerate(words):
        if word == "RUN":
            if not runs(folder):
                made("gan-digits-001", folder)
            words[place] = str(runs(folder)[-1].parent)
        elif re.fullmatch(r"[a-z0-9-]+-(ring|digits|pets)-001", word):
            made(word, folder)
    return cli.main(shortened(words))


#: Those of the README, and of one game of each kind, run at every push.
QUICK = {"README.md", *(f"docs/zoo/{game}.md" for game in first_of(kind))}


@pytest.mark.parametrize("page", marked(QUICK, PAGES))
def test_the_commands_of_a_page_run(page, desk, capsys):
    more = 3
    for line in commands(page):
        if any(word in line for word in ELSEWHERE):
            continue
        words = shlex.split(line)
        if words[1] == "claim":
            assert "--all" in words or set(words[2:3]) <= set(index.claims()), line
            continue
        if words[1] == "resume":  # what stands before it was not interrupted
            more += 2
            line = f"{line} --rounds {more}"
        if "--checkpoint" in words:
            line = re.sub(r"--checkpoint (500|best)", "--checkpoint latest", line)
        code = run(line, desk)
        assert code == 0, f"{line}: {capsys.readouterr().err}"


def test_there_are_commands():
    found = [line for page in PAGES for line in commands(page)]
    assert len(found) > 70
    assert {"train", "sample", "evaluate", "compare", "diagnose", "claim", "show"} <= {
        line.split()[1] for line in found
    }
