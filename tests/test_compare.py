"""Fair comparisons: the same terms, paired differences, resuming, the page, the errors."""

from __future__ import annotations

import io
import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pages import Page
from zoo import thorough

import ganarium as ga
from benchmarks import patience
from ganarium.cli import dispatch as cli
from ganarium.comparing import go_on
from ganarium.comparing.comparison import Comparison
from ganarium.comparing.differences import Difference, corrected, difference
from ganarium.comparing.summary import Result, Summary
from ganarium.comparing.words import verdict
from ganarium.jobs.board import Board
from ganarium.jobs.team import Job, Outcome
from ganarium.metrics.stamp import Better, Number, Stamp

STAMP = Stamp("pixels", 64, "as they are", "digits", "all", 100, 100, 0)
SMALL = {"data": "ring", "data_options": ["--data.count", "400"], "seen": 640, "seeds": 2, "measure": 2, "count": 100}


def number(
    value: float,
    stamp: Stamp = STAMP,
    metric: str = "frechet",
    better: Better = "lower",
    floor: float | None = 0.5,
) -> Number:
    return Number(metric, value, 0.1, floor, 1, better, stamp)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Comparison:
    """Two games, one of them with an option of its own, on the same few points."""
    out = tmp_path_factory.mktemp("small") / "both"
    return ga.compare(["gan", "r3gan --latent 3"], out=out, quiet=True, **SMALL)


def test_all_play_on_the_same_terms(small):
    configs = [ga.load(path).config for path in sorted((small.path / "runs").glob("*-seed*/"))]
    assert len(configs) == 4
    for name in ("batch_size", "threads", "evaluate_every", "evaluate_count"):
        assert len({config["settings"][name] for config in configs}) == 1, name
    assert [config["settings"]["seed"] for config in configs] == [0, 1, 0, 1]
    assert len({config["budget"]["seen"] for config in configs}) == 1
    assert {str(config["data"]) for config in configs} == {str(configs[0]["data"])}
    assert configs[2]["game"]["options"]["latent"] == 3
    assert [len(result.facts["curve"]) for result in small.summary.results] == [2] * 4


def test_what_came_out_is_written(small):
    (row,) = [row for row in small.rows() if row["metric"] == "frechet/coordinates"]
    values = [float(n.value) for n in small.summary.of("gan", "frechet/coordinates").values()]
    mean, sd = sum(values) / 2, abs(values[0] - values[1]) / math.sqrt(2)
    assert row["gan"] == f"{mean:.4g} +- {sd:.2g}"
    kept = json.loads((small.path / "results.json").read_text())
    assert [(each["label"], each["seed"]) for each in kept] == [
        ("gan", 0),
        ("r3gan --latent 3", 0),
        ("gan", 1),
        ("r3gan --latent 3", 1),
    ]
    assert "| frechet/coordinates |" in (small.path / "results.md").read_text()
    page = Page((small.path / "comparison.html").read_text())
    assert not page.loads or all(address.startswith("data:") for address in page.loads)
    assert "Uncurated" in page.text
    assert small.command in page.text
    assert len([address for address in page.images if address.startswith("data:image/png")]) >= 6
    assert "400" in small.command


def test_the_same_again_plays_nothing_again(small, in_process):
    before = {path: path.stat().st_mtime_ns for path in small.path.glob("runs/*/log.jsonl")}
    # Somebody looks at a run in another way; the comparison keeps its own.
    ga.evaluate(small.path / "runs" / "0-gan-seed0", count=20, reference=30, metrics=["frechet"])
    again = ga.compare(["gan", "r3gan --latent 3"], out=small.path, quiet=True, **SMALL)
    assert again.rows() == small.rows()
    assert {path: path.stat().st_mtime_ns for path in small.path.glob("runs/*/log.jsonl")} == before
    with pytest.raises(ValueError, match="seen was 640, is 1280"):
        ga.compare(["gan", "r3gan --latent 3"], out=small.path, quiet=True, **{**SMALL, "seen": 1280})


def test_a_comparison_from_before_minutes_and_metrics_is_gone_on_with(small, in_process):
    config = small.path / "comparison.yaml"
    now = config.read_text()
    config.write_text("".join(line for line in now.splitlines(True) if not line.startswith(("minutes:", "metrics:"))))
    assert go_on(small.path, quiet=True).command == small.command
    assert ga.compare(["gan", "r3gan --latent 3"], out=small.path, quiet=True, **SMALL).rows() == small.rows()
    config.write_text(now)


def test_who_fails_in_the_trial_is_named(tmp_path, in_process):
    options = {**SMALL, "seen": None, "minutes": 0.02, "out": tmp_path / "none", "quiet": True}
    with pytest.raises(ValueError, match=r"trial .*failed: .*gan, contestant 2, fails at once"):
        ga.compare(["r3gan", "gan --optimizer.lr 1e30"], **options)


def test_of_many_contestants_each_has_a_row():
    labels = ["a", "b", "c", "d", "e"]
    results = [
        Result(label, seed, {"frechet/pixels": number(i + seed)}, {})
        for i, label in enumerate(labels)
        for seed in (0, 2)
    ]
    *rows, real = Summary(labels, results).table()
    assert [row["contestant"] for row in rows] == labels
    assert rows[2]["frechet/pixels"] == "3 +- 1.4"
    assert real == {"contestant": "real data", "frechet/pixels": "0.5"}
    few = Summary(labels[:3], results)
    assert few.table() == few.rows()


def test_minutes_become_samples_once_for_each_contestant(tmp_path, in_process):
    options = {**SMALL, "seen": None, "minutes": 0.02, "seeds": 2, "out": tmp_path / "timed", "quiet": True}
    found = ga.compare(["gan", "wgan-gp --critic-moves 20"], **options)
    budgets = json.loads((found.path / "budgets.json").read_text())
    assert set(budgets) == set(found.config["contestants"])
    for result in found.summary.results:
        assert not result.error
        # The longest run that draws no more.
        step = 64 * (1 if result.label == "gan" else 20)
        assert budgets[result.label] - step < result.facts["seen"] <= max(budgets[result.label], step)
    assert len({result.facts["seen"] for result in found.summary.results if result.label == "gan"}) == 1
    assert "--minutes 0.02" in found.command
    assert "plays for 1 s" in Page((found.path / "comparison.html").read_text()).text
    assert ga.compare(["gan", "wgan-gp --critic-moves 20"], **options).rows() == found.rows()
    with pytest.raises(ValueError, match=r"minutes was 0.02, is 0.01"):
        ga.compare(["gan", "wgan-gp --critic-moves 20"], **{**options, "minutes": 0.01})


@pytest.mark.parametrize(
    ("length", "message"),
    [
        ({"seen": None}, "give one"),
        ({"seen": 100, "minutes": 1.0}, "give one"),
        ({"seen": None, "minutes": 0.0}, "above 0"),
        ({"seen": 0}, "at least 1"),
    ],
)
def test_a_comparison_has_one_length(tmp_path, length, message):
    with pytest.raises(ValueError, match=message):
        ga.compare(["gan", "r3gan"], out=tmp_path / "none", quiet=True, **{**SMALL, **length})
    assert not (tmp_path / "none").exists()


@thorough
def test_an_interrupted_comparison_goes_on_to_the_same_numbers(small, tmp_path):
    words = (
        small.command.replace("--seen 640", "--seen 19200")
        .replace("--seed-list 0,1", "--seed-list 0")
        .split("compare ", 1)[1]
    )
    command = [sys.executable, "-m", "ganarium", "compare", *shlex.split(words)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    whole = patience.run([*command, "--out", "whole", "--quiet"], cwd=tmp_path, env=environment)
    assert whole.returncode == 0, whole.stderr
    process = subprocess.Popen([*command, "--out", "broken", "--quiet"], cwd=tmp_path, env=environment)
    log = tmp_path / "broken" / "runs" / "0-gan-seed0" / "log.jsonl"
    patience.until(lambda: log.exists() and len(log.read_text().splitlines()) > 8, "a comparison that began")
    process.send_signal(signal.SIGINT)
    patience.finish(process)
    assert process.returncode == 130
    assert not (tmp_path / "broken" / "results.json").exists()
    found = go_on(tmp_path / "broken", quiet=True)
    kept = json.loads((tmp_path / "whole" / "results.json").read_text())
    for one, other in zip(found.summary.results, kept, strict=True):
        assert [n.value for n in one.numbers.values()] == [n["value"] for n in other["numbers"]]


def judged(*rows: Sequence[float], better: Better = "lower", floor: float | None = 0.5) -> list[Difference]:
    """The verdicts on differences from a first contestant that has 2 in each metric, one metric for each row."""
    found = []
    for place, row in enumerate(rows):
        mine, first = (
            {s: number(2 + d, STAMP, "frechet", better, floor) for s, d in enumerate(w)}
            for w in (row, [0.0] * len(row))
        )
        found.append(difference("mine", f"{place}", mine, first))
    return corrected(each for each in found if each is not None)


def test_paired_differences_by_hand():
    mine = {seed: number(value) for seed, value in enumerate((1.0, 1.2, 0.9))}
    first = {seed: number(value) for seed, value in enumerate((2.0, 2.3, 2.1))}
    (found,) = corrected([difference("mine", "frechet/pixels", mine, first)])  # type: ignore[list-item]
    assert found.each == pytest.approx((-1.0, -1.1, -1.2))
    # Student's t with two degrees of freedom: 4.3027 times 0.1 / sqrt 3.
    assert (found.low, found.high) == pytest.approx((-1.1 - 0.24842, -1.1 + 0.24842), abs=1e-4)
    # 1.1 / (0.1 / sqrt 3) is 19.053; with two degrees of freedom p is 1 - t / sqrt(t^2 + 2).
    assert found.p == pytest.approx(1 - 19.0526 / math.sqrt(19.0526**2 + 2), rel=1e-4)
    assert found.verdict == "better"
    assert judged((-1.0, 1.0, 0.3))[0].verdict == "cannot tell"
    assert judged((-1.0, -1.1, -1.2), better="higher")[0].verdict == "worse"
    assert difference("none", "frechet/pixels", {}, first) is None


@pytest.mark.parametrize("row", [(-1.0,), (-1.0, -1.1), (-1.0, -1.0, -1.0)])
def test_no_verdict_below_three_seeds_or_without_a_spread(row):
    (found,) = judged(row)
    assert (found.verdict, math.isnan(found.p)) == ("no verdict", True)


def test_equal_numbers_are_a_tie():
    assert judged((0.0, 0.0, 0.0))[0].verdict == "tie"
    assert judged((0.0, 0.0))[0].verdict == "no verdict"


def test_verdicts_of_a_page_are_corrected_together():
    # With two degrees of freedom, p of these rows is about 0.0028, 0.02 and 0.42; alone the second would be told.
    rows = [(-1.0, -1.1, -1.2), (-1.0, -1.5, -1.2), (1.0, -0.5, 0.9)]
    assert judged(rows[1])[0].verdict == "better"
    found = judged(*rows)
    ps = [each.p for each in found]
    assert ps[0] < 0.05 / 3
    assert ps[1] < 0.05 / 2
    assert [each.verdict for each in found] == ["better", "better", "cannot tell"]
    assert [each.level for each in found] == pytest.approx([1 - 0.05 / 3, 1 - 0.05 / 2, 0.95])
    many = judged(rows[1], *[rows[2]] * 9)
    assert {each.verdict for each in many} == {"cannot tell"}
    assert {each.level for each in many} == {1 - 0.05 / 10}
    for each in found + many:
        assert (each.low < 0 < each.high) == (each.verdict == "cannot tell")


def test_a_page_of_noise_is_seldom_told_apart():
    draws = np.random.default_rng(0).normal(size=(400, 12, 4))
    told = [any(each.verdict in ("better", "worse") for each in judged(*page)) for page in draws]
    # 5 % of 400 pages is 20, with a spread of 4.4.
    assert sum(told) <= 33


def test_where_real_data_is_the_aim_its_own_error_counts():
    # The numbers have a standard error of 0.1, and so has what real data reaches.
    near = (-1.0, -1.01, -0.99)
    assert judged(near, better="real", floor=1.0)[0].verdict == "better"
    assert judged(near, better="real", floor=1.48)[0].verdict == "cannot tell"  # between them, but for 0.02
    assert judged(near, better="real", floor=2.0)[0].verdict == "worse"
    assert judged(near, better="real", floor=None)[0].verdict == "no verdict"


def test_what_is_no_number_is_left_out(tmp_path):
    facts = {"parameters": 1, "rounds": 1, "seen": 1, "seconds": 1.0}
    results = [
        Result(label, seed, {"frechet/pixels": number(math.nan if seed == 1 else 1.0 + seed)}, facts)
        for label in ("gan", "wgan")
        for seed in range(3)
    ]
    summary = Summary(["gan", "wgan"], results)
    config = {"contestants": ["gan", "wgan"], "data": "x", "data_options": [], "seen": 1, "seeds": [0, 1, 2]}
    config |= {"batch": 1, "measure": 1, "count": 1, "paper": False, "minutes": None, "metrics": []}
    said = str(Comparison(tmp_path, config, summary))
    assert "nan" not in said
    assert "(2 of 3 seeds)" in said
    assert "no verdict below 3" in said


def test_unlike_numbers_are_not_compared():
    other = Stamp("pixels", 64, "as they are", "digits", "all", 100, 200, 0)
    with pytest.raises(ValueError, match="samples differ"):
        difference("mine", "frechet/pixels", {0: number(1.0, other)}, {0: number(1.0)})


def test_a_run_that_failed_is_shown_as_failed(tmp_path):
    good = Result("gan", 0, {"frechet/pixels": number(1.0)}, {"parameters": 1, "rounds": 1, "seen": 1, "seconds": 1.0})
    bad = Result("wgan", 0, {}, {}, "the loss is not finite")
    summary = Summary(["gan", "wgan"], [good, bad])
    assert summary.rows()[0]["wgan"] == "failed"
    config = {"contestants": ["gan", "wgan"], "data": "x", "data_options": [], "seen": 1, "seeds": [0]}
    config |= {"batch": 1, "measure": 1, "count": 1, "paper": False}
    assert "wgan, seed 0, failed: the loss is not finite" in str(Comparison(tmp_path, config, summary))


def test_seeds_that_are_left_are_counted(tmp_path):
    facts = {"parameters": 1, "rounds": 1, "seen": 1, "seconds": 1.0}
    good = [Result(name, seed, {"frechet/pixels": number(1.0)}, facts) for name in ("gan", "wgan") for seed in (0, 1)]
    summary = Summary(
        ["gan", "wgan", "r3gan"], [*good, Result("wgan", 2, {}, {}, "nan"), Result("r3gan", 0, {}, {}, "x")]
    )
    (row,) = summary.rows()
    assert (row["gan"], row["wgan"], row["r3gan"]) == ("1 +- 0", "1 +- 0 (2 of 3 seeds)", "failed")
    said = verdict(Comparison(tmp_path, {"contestants": summary.labels, "seeds": [0, 1, 2]}, summary)).splitlines()
    assert said[0] == "wgan against gan, 2 of 3 seeds, for others failed: no verdict below 3."
    assert said[1] == "r3gan against gan, 0 of 3 seeds, for others failed: nothing can be told."


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """Runs of two games with the seeds 0, 1 and 2."""
    place = tmp_path_factory.mktemp("finished")
    data = ga.data.load("ring", count=400)
    for seed in range(3):
        for name, kind in (("gan", ga.GAN), ("vae", ga.VAE)):
            out = place / "runs" / f"{name}-{seed}"
            ga.fit(kind.on(data), data, rounds=3, batch_size=32, seed=seed, quiet=True, out=out)
    return place


def test_finished_runs_are_paired_by_seed(finished, monkeypatch):
    monkeypatch.chdir(finished)
    found = ga.compare([f"{name}-{seed}" for seed in range(3) for name in ("gan", "vae")], count=100, quiet=True)
    assert found.summary.labels == ["gan", "vae"]
    (each,) = [each for each in found.differences() if each.metric == "frechet/coordinates"]
    values = [found.summary.of(label, "frechet/coordinates") for label in ("vae", "gan")]
    assert each.each == tuple(values[0][seed].value - values[1][seed].value for seed in range(3))
    assert each.verdict in ("better", "worse", "cannot tell")
    stamps = {(name, str(n.stamp)) for result in found.summary.results for name, n in result.numbers.items()}
    assert len(stamps) == len({name for name, _ in stamps})
    assert not (finished / "runs" / "gan-0" / "evaluation.json").exists()
    page = Page((found.path / "comparison.html").read_text())
    assert "Finished runs on ring" in page.text
    assert found.command in page.text
    again = go_on(found.path, quiet=True)
    assert again.rows() == found.rows()


def test_two_finished_runs_have_numbers_and_no_verdict(finished, monkeypatch, capsys):
    monkeypatch.chdir(finished)
    assert cli.main(["compare", "gan-0", "runs/vae-0", "--count", "100"]) == 0
    said = capsys.readouterr().out
    assert "One seed tells too little of the spread between seeds: no verdict below 3 seeds." in said
    assert re.search(r"frechet/coordinates +[0-9.]+ \+- [0-9.]+ ", said)
    assert "nan" not in said


def test_runs_of_one_game_are_each_a_contestant(finished, monkeypatch):
    monkeypatch.chdir(finished)
    found = ga.compare([ga.Run("gan-0"), ga.Run("gan-1")], count=100, metrics=["frechet"], quiet=True)
    assert found.summary.labels == ["gan (gan-0)", "gan (gan-1)"]
    assert found.differences() == []


def test_misuse_of_finished_runs(finished, monkeypatch, capsys):
    monkeypatch.chdir(finished)
    ga.fit(ga.GAN.on(ga.data.load("grid")), ga.data.load("grid"), rounds=2, quiet=True, out="runs/grid")
    data = ga.data.load("ring", count=400)
    ga.fit(ga.GAN.on(data), data, rounds=9, stop_after=2, quiet=True, out="runs/half")
    for words, sentence in {
        "gan-0": "two runs or more",
        "gan-0 gan-0": "two runs or more",
        "gan-0 gan": "gan-0 is a run, and gan is none",
        "gan-0 grid": "Runs are compared on the same data",
        "gan-0 half": "`ganarium resume runs/half`",
        "gan-0 vae-0 --seen 100": "Finished runs have played",
        "gan-0 vae-0 --seeds 5": "Finished runs have played",
        "gan-0 vae-0 --metrics frechett": "frechet",
    }.items():
        assert cli.main(["compare", *words.split()]) == 2, words
        assert sentence in capsys.readouterr().err, words
    assert not list(finished.glob("comparisons/*grid*"))


def test_time_left_of_a_run_that_goes_on_counts_from_where_it_was(monkeypatch, capsys):
    clock = iter((0.0, 20.0))
    monkeypatch.setattr("ganarium.jobs.board.time", SimpleNamespace(monotonic=lambda: next(clock)))
    job = Job("gan", "nothing:here")
    board = Board([job])
    board.told(job, 900, 1000, "")
    board.told(job, 950, 1000, "frechet 1")
    assert capsys.readouterr().err.split() == ["gan", "950/1,000", "20", "s", "left", "frechet", "1"]


def test_words_in_brackets_are_shown_on_a_terminal(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stderr", terminal)
    job = Job("gan [0]", "nothing:here")
    with Board([job]) as board:
        board.ended(Outcome(job, None, "no file [/tmp/x]", 1.0))
    assert "gan [0]" in terminal.getvalue()
    assert "[/tmp/x]" in terminal.getvalue()


def test_the_command_says_what_it_found(small, in_process, capsys, monkeypatch):
    monkeypatch.chdir(small.path.parent)
    assert cli.main(["compare", "--resume", "both"]) == 0
    printed = capsys.readouterr()
    assert re.search(r"frechet/coordinates +[0-9.]+ \+- ", printed.out)
    assert "2 seeds tell too little of the spread between seeds: no verdict below 3 seeds." in printed.out
    assert "comparison.html" in printed.out
    assert "gan, seed 0" in printed.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("gan --data ring --seen 100", "two contestants or more"),
        ("gan gan --data ring --seen 100", "each once"),
        ("gan wgam --data ring --seen 100", "Did you mean wgan"),
        ("gan cyclegan --data ring --seen 100", "cyclegan cannot play on ring"),
        ("gan 3d-gan --data digits --seen 100", "3d-gan cannot play on digits"),
        ("gan r3gan", "On what, and for how long?"),
        ("gan r3gan --data ring", "for how long"),
        ("gan r3gan --data rinng --seen 100", "Did you mean ring"),
        ("gan r3gan --data ring --seen 100 --seeds 0", "one seed or more"),
        ("gan r3gan --data ring --seen 100 --seed-list 1,x", "whole numbers"),
        ("gan r3gan --data ring --seen 100 --sead 3", "--sead"),
        ("gan r3gan --data ring --data.cuont 3 --seen 100", "--data.cuont"),
        ("gan r3gan --data ring --seen 100 --out full", "is no comparison"),
        ("--resume nowhere", "There is no comparison in nowhere"),
        ("gan --resume nowhere", "give it neither games nor data"),
        ("gan 'r3gan --batch 16' --data ring --seen 100", "'r3gan --batch 16' asks for --batch, which is the same"),
        ("gan 'gan --data grid' --data ring --seen 100", "asks for --data, which is the same for all"),
        ("gan 'gan --data.count=9' --data ring --seen 100", "asks for --data.count"),
        ("gan 'gan --seed 7' --data ring --seen 100", "asks for --seed"),
        ("gan 'gan --tune' --data ring --seen 100", "asks for --tune"),
        ("gan '' --data ring --seen 100", "There is no game ''"),
        ("gan r3gan --data toy --seen 100", "toy data of its own"),
    ],
)
def test_misuse_is_told_in_a_line(tmp_path, monkeypatch, capsys, words, sentence):
    monkeypatch.chdir(tmp_path)
    Path("full").mkdir()
    Path("full", "mine.txt").write_text("mine")
    assert cli.main(["compare", *shlex.split(words)]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"]
