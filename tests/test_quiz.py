"""The quiz: what it shows, what it hides, and what its script counts."""

from __future__ import annotations

import base64
import json
import re
import shutil
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import pytest
import torch
from pages import Page
from PIL import Image

from benchmarks import patience
from ganarium import data as gd
from ganarium.cli import dispatch as cli
from ganarium.pages import quiz
from ganarium.pages.quiz import Quiz, make_quiz, unlock
from ganarium.running.run import Run

SCRIPT = Path(quiz.__file__).with_name("quiz.js")
CODE = SCRIPT.read_text(encoding="utf-8")
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no node")


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A run on the train part."""
    path = tmp_path_factory.mktemp("digits") / "run"
    line = f"train r3gan --data digits --data.split train --architecture.width 16 --rounds 2 --quiet --out {path}"
    assert cli.main(line.split()) == 0
    return Run(path)


def answers(page: Page) -> list[bool]:
    facts = json.loads(re.search(r"const QUIZ = (\{.*\});", page.script)[1])  # type: ignore[index]
    return unlock(facts["answers"], facts["key"])


def pixels(address: str) -> np.ndarray:
    with Image.open(BytesIO(base64.b64decode(address.partition(",")[2]))) as image:
        return np.asarray(image).astype(float)


def test_answers_say_which_pictures_are_data(digits):
    page = Page(make_quiz(digits, Quiz(count=10, seed=3)))
    truth = answers(page)
    assert sum(truth) == 5
    held_out = {image.numpy().tobytes() for image in ((gd.load("digits", split="test")["x"] + 1) * 127.5).round()}
    found = [pixels(address)[None].astype("float32").tobytes() in held_out for address in page.images]
    assert found == truth
    assert "held out in training" in page.text


def test_nothing_tells_them_apart_but_their_pixels(digits):
    text = make_quiz(digits, Quiz(count=10))
    page = Page(text)
    assert len({len(address) for address in page.images}) == 1
    assert len({pixels(address).shape for address in page.images}) == 1
    assert all(address.startswith("data:image/png") for address in page.loads)
    assert not re.search(r"https?:", text)
    assert str(answers(page)) not in text
    assert json.dumps([int(real) for real in answers(page)]) not in text


def test_the_seed_decides_all(digits):
    state = torch.get_rng_state()
    first = make_quiz(digits, Quiz(count=8, seed=1))
    assert torch.equal(state, torch.get_rng_state())
    assert first == make_quiz(digits, Quiz(count=8, seed=1))
    other = Page(make_quiz(digits, Quiz(count=8, seed=2)))
    assert set(other.images).isdisjoint(Page(first).images)


def test_the_command(digits, tmp_path, capsys):
    out = tmp_path / "quiz.html"
    assert cli.main(["quiz", str(digits.path), "--seconds", "1", "--out", str(out), "--split", "train"]) == 0
    page = Page(out.read_text(encoding="utf-8"))
    assert len(page.images) == 24
    assert "Each is seen for 1 s" in page.text
    assert "the run was trained on these" in page.text
    assert f"quiz        {out}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--count 7", "count is even, 2 or more; got 7"),
        ("--seconds 0", "seconds is above zero; got 0.0"),
        ("--count 4000", "A quiz of 4000 takes 2000 real samples; digits has 397"),
        ("--data ring", "The run plays on 'x' of image 1 x 8 x 8; ring has points 2"),
        ("--split best", "split is all, train or test; got 'best'"),
        ("--seed -1", "seed is not negative"),
        ("--out quiz.txt", "A page is an .html file"),
    ],
)
def test_misuse(digits, tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["quiz", str(digits.path), *options.split()]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        "cyclegan --data toy",
        "3d-gan --data toy",
        "c-rnn-gan --data toy",
        "gan-cls --data toy",
        "cgan --data digits --architecture.channels 4",
    ],
)
def test_every_kind_of_picture(tmp_path, words):
    assert cli.main(f"train {words} --rounds 1 --quiet --out {tmp_path}/run".split()) == 0
    page = Page(make_quiz(Run(tmp_path / "run"), Quiz(count=4)))
    assert len(page.images) == 4
    assert len({pixels(address).shape for address in page.images}) == 1
    assert sum(answers(page)) == 2


@pytest.mark.parametrize(("game", "message"), [("gan", "this run makes points"), ("cs-gan", "this run makes tokens")])
def test_what_cannot_be_told_singly(tmp_path, capsys, game, message):
    assert cli.main(f"train {game} --data toy --rounds 1 --quiet --out {tmp_path}/run".split()) == 0
    assert cli.main(["quiz", f"{tmp_path}/run"]) == 2
    assert message in capsys.readouterr().err


# The script


def run_script(text: str) -> str:
    """What node prints for some code."""
    with TemporaryFile("w+", encoding="utf-8") as file:
        file.write(text)
        file.seek(0)
        done = patience.run([str(NODE), "-"], input=file)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_node
def test_the_script_is_javascript():
    assert patience.run([str(NODE), "--check", str(SCRIPT)]).returncode == 0


@needs_node
def test_the_numbers_at_the_end():
    """Wilson's interval by its closed form, and the range of a guesser by the binomial law."""
    code = (
        "console.log(JSON.stringify([[0, 10], [12, 24], [10, 10]].map(([k, n]) => wilson(k, n)).concat([guesses(24)])))"
    )
    *found, range_ = json.loads(run_script(CODE + code))
    z2 = 1.959964**2
    assert found[0] == pytest.approx([0.0, z2 / (10 + z2)], abs=1e-9)
    assert found[2] == pytest.approx([10 / (10 + z2), 1.0], abs=1e-9)
    half = (z2 / (4 * 24) + z2**2 / (4 * 24**2)) ** 0.5 / (1 + z2 / 24)
    assert found[1] == pytest.approx([0.5 - half, 0.5 + half], abs=1e-9)
    assert range_ == [7, 17]  # P(K < 7) = 0.011, and P(K < 8) = 0.032


@needs_node
def test_the_script_reads_the_answers_and_counts_errors(digits):
    page = Page(make_quiz(digits, Quiz(count=12, seed=5)))
    facts = re.search(r"const QUIZ = (.*);", page.script)[1]  # type: ignore[index]
    code = f"const QUIZ = {facts}; const truth = unlock(QUIZ.answers, QUIZ.key);"
    code += "console.log(JSON.stringify([truth, tally(truth, truth.map(() => 1))]))"
    truth, found = json.loads(run_script(CODE + code))
    assert [bool(real) for real in truth] == answers(page)
    fakes = [place for place, real in enumerate(truth) if not real]
    assert found == {"all": [6, 12], "real": [0, 6], "fake": [6, 6], "fooled": fakes}


_BROWSER = """
class Element {
  constructor() { this.style = {}; this.children = []; this.hidden = false; }
  appendChild(child) { this.children.push(child); return child; }
  replaceChildren() { this.children = []; }
}
const found = {}, heard = {};
const images = Array.from({length: COUNT}, (_, i) => Object.assign(new Element(), {src: "picture " + i}));
globalThis.document = {
  getElementById: (id) => (found[id] ??= new Element()),
  querySelectorAll: () => images,
  createElement: () => new Element(),
  addEventListener: (event, act) => { heard[event] = act; },
};
globalThis.setTimeout = (act, after) => { if (after === 150) act(); return 0; };
"""


@needs_node
def test_a_sitting_from_start_to_end(digits):
    """Played in a stand-in for a browser: by keys and buttons, all called real."""
    page = Page(make_quiz(digits, Quiz(count=6, seconds=1)))
    code = _BROWSER.replace("COUNT", "6") + page.script
    code += """
    found.go.onclick();
    const shown = [];
    for (let i = 0; i < 6; i++) {
      shown.push(found.picture.src);
      if (i % 2) found.real.onclick(); else heard.keydown({key: "r"});
    }
    const rows = found.result.children.map((row) => row.children.map((cell) => cell.textContent));
    console.log(JSON.stringify([shown, rows, found.fooled.children.length, found.end.hidden, found.ask.hidden]));
    """
    shown, rows, fooled, *hidden = json.loads(run_script(code))
    assert shown == [f"picture {place}" for place in range(6)]
    assert rows[0] == ["errors", "3 of 6: 50 %, 95 % interval 19 % to 81 %"]
    assert rows[1][1].startswith("0 of 3: 0 %")
    assert rows[2][1].startswith("3 of 3: 100 %")
    assert rows[3] == ["by guessing", "50 %; mostly 1 to 5 errors of 6"]
    assert fooled == 3
    assert hidden == [False, True]
