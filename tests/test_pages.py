"""Reports: pages that hold all they show, say what they were told, and never break."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path

import pytest
from pages import Page
from PIL import Image
from torch import nn

import ganarium as ga
from ganarium.cli import dispatch as cli
from ganarium.pages import docstrings, page
from ganarium.pages.report import report, write_report
from ganarium.pages.settings_table import in_words
from ganarium.running.run import Run

pytestmark = pytest.mark.usefixtures("plots")

HOSTILE = '<script>alert("1")</script>&amp;'


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(line: str) -> int:
    return cli.main(line.split())


def trained(line: str) -> Run:
    assert command(f"train {line} --rounds 4 --quiet --out run") == 0
    return Run("run")


def read(path: Path) -> Page:
    found = Page(path.read_text(encoding="utf-8"))
    assert all(address.startswith("data:image/") for address in found.loads)
    return found


def numbers(**changes) -> dict:
    row = {"metric": "frechet", "features": "digits", "value": 1.234, "low": 1.125, "high": 1.375, "floor": 0.25}
    return {**row, "better": "lower", "protocol": "2,000 samples, seed 0", **changes}


def evaluation(round: int, *rows: dict) -> dict:
    stamp = {"round": round, "seen": 64 * round, "weights": "average", "data": "digits", "when": "2026-01-01T12:00:00"}
    return {**stamp, "numbers": list(rows)}


def test_parts_are_escaped_once():
    made = page.page(
        HOSTILE,
        page.section(HOSTILE, page.paragraph(HOSTILE), page.items([HOSTILE]), page.definitions({HOSTILE: HOSTILE})),
        page.table([[HOSTILE, 3]], [HOSTILE], marked=[0]),
        page.details(HOSTILE, page.preformatted(HOSTILE)),
        page.figure(Image.new("L", (2, 2)), HOSTILE, '" onload="x'),
    )
    found = Page(made)
    assert found.script == ""
    assert found.words.count(HOSTILE) == 12
    assert len(found.loads) == 1
    assert page.section("empty", page.Markup()) == ""


def test_a_script_cannot_end_its_own_element():
    with pytest.raises(ValueError, match="hold no '</'"):
        page.page("title", script="'</script>'")


def test_the_report_of_images(place, capsys):
    trained("r3gan --data digits --architecture.width 16 --latent 5")
    first, second = numbers(), numbers(value=0.777, low=None, high=None, floor=None, protocol=HOSTILE)
    rows = [evaluation(2, first), evaluation(4, first, second)]
    (place / "run" / "evaluation.json").write_text(json.dumps(rows))
    capsys.readouterr()
    assert command("show run") == 0
    out = capsys.readouterr().out
    assert "4 of 4 rounds" in out
    assert f"report      {Path('run/report.html')}" in out
    found = read(place / "run" / "report.html")
    for words in (
        "r3gan on digits: run",
        "Yiwen Huang",
        "4 of 4 rounds",
        "ganarium train r3gan --config run/config.yaml --out again",
        "after round 4, drawn with seed 0. Uncurated",
        "round 4, 256 samples seen, average weights, data digits, 2026-01-01T12:00:00",
        "1 earlier",
        "The half-life of the averaged networks is a twentieth of what was seen",
        "how far samples are from scoring below the data",
    ):
        assert words in found.text, words
    assert ["frechet", "digits", "1.234", "1.125 to 1.375", "0.25", "low", "1"] in found.rows
    assert ["frechet", "digits", "0.777", "", "", "low", "2"] in found.rows
    assert "2,000 samples, seed 0" in found.text
    assert HOSTILE in found.text
    assert ["game", "latent", "5", "64"] in found.rows
    assert ["game", "augment", "none", ""] in found.rows
    kinds = [address.partition(";")[0] for address in found.images]
    assert kinds.count("data:image/gif") == 1
    assert kinds.count("data:image/png") == 3  # samples, and a panel for each of two players
    assert not (place / "run" / "plane.png").exists()


def test_what_the_report_says_can_be_repeated(place):
    trained("gan --data ring --data.count 200 --batch 16")
    assert command("train gan --config run/config.yaml --out again --quiet") == 0
    again = [row["terms"] for row in Run("again").log]
    assert again == [row["terms"] for row in Run("run").log]


def test_the_report_of_points_has_the_plane_and_the_metrics(place):
    run = trained("gan --data ring --data.count 200 --batch 16")
    path = place / "run" / "log.jsonl"
    rows = [{**row, "metrics": {"coverage/ring": 0.5}} for row in run.log]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (place / "run" / "events.jsonl").write_text(json.dumps({"round": 2, "event": HOSTILE}) + "\n")
    found = read(write_report(run))
    assert "The plane" in found.text
    assert "coverage/ring" in found.text
    assert HOSTILE in found.text
    assert "What was mended" in found.text
    with Image.open(place / "run" / "plane.png") as image:
        assert image.width == 1000


def test_own_networks_are_named_and_the_rest_is_shown(place):
    data = ga.data.load("ring", count=200)
    generator = nn.Linear(4, 2)
    ga.fit(ga.GAN.on(data, latent=4, generator=generator), data, rounds=2, quiet=True, batch_size=8, out="run")
    found = Page(report(Run("run")))
    assert "The trained game cannot be shown. This run has your own generator" in found.text
    assert "repeat it from Python" in found.text
    assert "Drawn in training, at round 2, 16 samples seen" in found.text
    assert "The plane" not in found.text


def test_data_without_a_name_and_a_log_without_lines(place):
    data = ga.data.load("ring", count=200)["x"]
    own = ga.data.load(data)
    run = ga.fit(ga.GAN.on(own), own, rounds=2, quiet=True, batch_size=8, out="run")
    (place / "run" / "log.jsonl").unlink()
    found = Page(report(run))
    assert "The data has no name" in found.text
    assert "Nothing is logged yet" in found.text
    assert "drawn with seed 0" in found.text


def test_translations_and_damaged_files(place):
    run = trained("cyclegan --data toy")
    (place / "run" / "evaluation.json").write_text('{"round": 1}')
    found = Page(report(run))
    assert "Translations of the first samples of the data" in found.text
    assert "does not hold evaluations" in found.text
    for file in (place / "run" / "checkpoints").rglob("*.safetensors"):
        file.write_bytes(b"")
    assert "The trained game cannot be shown" in Page(report(Run("run"))).text


def test_options_of_show(place, monkeypatch, capsys):
    trained("gan --data ring --data.count 200 --batch 16")
    assert command("show run --no-page") == 0
    assert not (place / "run" / "report.html").exists()
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: bool(opened.append(address)) or True)
    assert command("show run --out a/b.html --open") == 0
    assert opened == [(place / "a" / "b.html").as_uri()]
    capsys.readouterr()
    assert command("show run --out page.pdf") == 2
    assert "A page is an .html file; got page.pdf. Call it page.html." in capsys.readouterr().err
    assert command("show nothing") == 2
    assert "There is no run at 'nothing'" in capsys.readouterr().err


def test_every_game_says_what_its_terms_are():
    from ganarium.zoo import index

    for name in index.games():
        game = index.game_class(name)
        assert docstrings.players(game), name
        assert docstrings.sections(game)[""], name
    assert len(docstrings.deviations(ga.R3GAN)) == 5
    assert list(docstrings.players(ga.R3GAN)) == ["discriminator", "generator"]


def test_settings_in_words():
    rate = {"is": "cosine", "start": 0.002, "end": 0.0}
    assert in_words([rate, 3]) == "cosine (start 0.002, end 0.0) and 3"
    assert in_words({}) == "none"
    assert in_words({"generator": 0.1}) == "generator 0.1"
