"""The command line, as a person types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from ganarium.arguments import forms
from ganarium.cli import dispatch as cli
from ganarium.ingredients import KL, DensityRatio, Hinge, LeastSquares, Objective, RelativisticAverage
from ganarium.running.records import read_config


class Shell:
    """Runs commands in an empty directory."""

    def __init__(self, place, capsys):
        self.place = place
        self.capsys = capsys

    def __call__(self, line: str) -> tuple[int, str, str]:
        """A command's exit code, output and errors."""
        try:
            code = cli.main(line.split())
        except SystemExit as end:  # --help
            code = int(end.code or 0)
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """A shell in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


QUICK = "--data ring --data.count 500 --rounds 4 --batch 16 --quiet"


def test_help_and_version(run):
    assert "ganarium train GAME" in run("--help")[1]
    assert run("")[0] == 0
    assert run("--version")[1].startswith("ganarium 0.")


def test_lists(run):
    code, out, _ = run("list")
    assert code == 0
    assert "wgan-gp" in out
    games = json.loads(run("list games --json")[1])
    assert {"command", "class", "year", "can", "needs", "title"} <= set(games[0])
    found = json.loads(run("list --year 2017 --search gulrajani --json")[1])
    assert [game["command"] for game in found] == ["wgan-gp"]
    assert {"digits", "ring", "grid", "moons", "swiss-roll"} <= {
        d["name"] for d in json.loads(run("list data --json")[1])
    }


def test_train_sample_show_runs_resume(run):
    assert run(f"train gan {QUICK} --stop-after 2 --latent 3")[0] == 0
    assert "2 of 4 rounds" in run("show gan-ring-001")[1]
    assert json.loads(run("runs --json")[1])[0]["status"] == "stopped"
    assert run("resume gan-ring-001 --quiet")[0] == 0
    assert "finished" in run("runs")[1]
    assert run("sample gan-ring-001 --count 40 --seed 1 --out x.npz")[0] == 0
    assert run("sample gan-ring-001 --count 40 --seed 1 --out y.npz")[0] == 0
    x, y = (np.load(run.place / name)["x"] for name in ("x.npz", "y.npz"))
    assert x.shape == (40, 2)
    assert (x == y).all()
    assert run("sample gan-ring-001 --out x.png")[0] == 0
    with Image.open(run.place / "x.png") as image:
        assert image.size > (100, 100)


def test_samples_of_images_as_a_folder(run):
    assert run("train dcgan --data digits --rounds 1 --architecture.channels 4 --quiet")[0] == 0
    assert run("sample dcgan-digits-001 --count 5 --out faces")[0] == 0
    assert len(list((run.place / "faces").iterdir())) == 5
    assert run("sample dcgan-digits-001 --count 3 --out x.npz")[0] == 0
    x = np.load(run.place / "x.npz")["x"]
    assert x.shape == (3, 1, 8, 8)
    assert np.abs(x).max() <= 1


@pytest.mark.parametrize("game", ["gan", "dcgan", "wgan-gp", "vae"])
def test_every_game_trains_on_its_toy(run, game):
    assert run(f"train {game} --data toy --rounds 2 --quiet")[0] == 0


def test_what_a_trained_game_can_do(run):
    run("train vae --data digits --data.split train --rounds 2 --quiet")
    assert run("encode vae-digits-001 --split test --out z.npz")[0] == 0
    assert np.load(run.place / "z.npz")["z"].shape == (397, 20)
    run(f"train gan {QUICK}")
    assert run("score gan-ring-001 --count 9 --out s.npz")[0] == 0
    assert np.load(run.place / "s.npz")["score"].shape == (9,)
    for line, words in {
        "classify gan-ring-001": "does not classify",
        "encode gan-ring-001": "These games do: vae",
        "score gan-ring-001 --data digits": "The run plays on 'x' of points 2",
        "score gan-ring-001 --count 0": "At least one",
        "sample gan-ring-001 --label 3": "no option --label",
    }.items():
        code, _, err = run(line)
        assert code == 2, line
        assert words in err


def test_options_reach_the_game(run):
    line = (
        f"train gan {QUICK} --objective least-squares --objective.target 0.9 --optimizer sgd "
        "--optimizer.lr cosine:0.1:0.01 --penalties r1 gradient-penalty --penalties.r1.weight 0.5 "
        "--prior normal --simultaneous --lr.generator 1e-3 "
        "--architecture plain --architecture.width 16 --decay linear --average 0 --discriminator-moves 2"
    )
    code, _, err = run(line)
    assert (code, err) == (0, "")
    from ganarium.running.run import build, read_config

    config = read_config(run.place / "runs" / "gan-ring-001")
    game: Any = build(config)
    assert type(game.objective).__name__ == "LeastSquares"
    assert game.objective.target == 0.9
    assert game.optimizer.lr(0.5) == pytest.approx(0.055)
    assert [type(p).__name__ for p in game.penalties] == ["R1", "GradientPenalty"]
    assert game.penalties[0].weight == 0.5
    assert game.simultaneous is True
    assert game.architecture.width == 16
    assert game.discriminator_moves == 2
    assert config["settings"]["lr"] == {"generator": 1e-3}
    assert config["settings"]["decay"] == "linear"


def test_paper_settings_instead_of_the_recipe(run):
    from ganarium.running.run import build, read_config

    run(f"train gan {QUICK} --paper")
    run(f"train gan {QUICK}")
    paper, recipe = (cast(Any, build(read_config(run.place / "runs" / f"gan-ring-00{i}"))) for i in (1, 2))
    assert type(paper.optimizer).__name__ == "SGD"
    assert type(recipe.optimizer).__name__ == "Adam"


def test_the_measured_pace_unless_told_otherwise(run):
    line = "train gan --data ring --data.count 200 --rounds 2 --quiet --out"
    for out, more, batch in (("a", "", 128), ("b", "--paper", 100), ("c", "--batch 32", 32)):
        assert run(f"{line} {out} {more}")[0] == 0
        assert read_config(Path(out))["settings"]["batch_size"] == batch


def test_a_config_starts_the_same_run_again(run):
    run(f"train wgan-gp {QUICK} --latent 5 --seed 3 --out first")
    assert run("train --config first/config.yaml --out second --quiet")[0] == 0
    assert run("train wgan-gp --config first/config.yaml --latent 6 --out third --quiet")[0] == 0
    from ganarium.running import checkpoint
    from ganarium.running.run import read_config

    first, second = (checkpoint.latest(run.place / name / "checkpoints") for name in ("first", "second"))
    assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()
    third = read_config(run.place / "third")
    assert third["game"]["options"]["latent"] == 6
    assert third["settings"]["seed"] == 3


def test_the_same_command_is_the_same_run(run):
    from ganarium.running import checkpoint

    run(f"train gan {QUICK} --seed 7 --out a")
    run(f"train gan {QUICK} --seed 7 --out b")
    run(f"train gan {QUICK} --seed 8 --out c")
    a, b, c = ((checkpoint.latest(run.place / n / "checkpoints") / "model.safetensors").read_bytes() for n in "abc")
    assert a == b != c


def test_a_game_explains_its_options(run):
    code, out, _ = run("train wgan-gp --data ring --help")
    assert code == 0
    for words in ("--penalty", "penalty's weight", "--critic-moves", "--data.modes", "--lr.critic", "--batch", "0.1"):
        assert words in out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tain gan", "Did you mean train"),
        ("train", "Which game?"),
        ("train wgan-pg --data ring", "wgan-gp"),
        ("train gan", "On what?"),
        ("train gan --data rin", "ring"),
        ("train gan --data nowhere.npz", "nowhere.npz"),
        ("train gan --data ring --latnt 3", "--latent"),
        ("train gan --data ring --latent many", "--latent"),
        ("train gan --data ring --objective wobbly", "--objective cannot be 'wobbly'. There are non-saturating, "),
        ("train gan --data ring --architecture fourier", "Did you mean fourier-features?"),
        ("train gan --data ring --rounds many", "--rounds cannot be 'many': expected None or INT."),
        ("train gan --data ring --lr.generator nan", "--lr.generator takes a number; got nan."),
        ("train gan --data ring --penalties r1 --penalties.r1.weight nan", "--penalties.r1.weight takes a number"),
        ("train gan --data ring --rounds 0", "at least 1"),
        ("train gan --data ring --minutes 0", "above zero"),
        ("train gan --data ring --batch 0", "batch"),
        ("train gan --data ring --batch 100000", "50,000"),
        ("train gan --data ring --data.modes -1", "modes"),
        ("train gan --data ring --data.mods 3", "--data.modes"),
        ("train gan --data ring --device tpu", "device"),
        ("train gan --data ring --latent 0", "latent"),
        ("train dcgan --data ring", "Data that has it: digits"),
        ("train gan --data ring --config nowhere.yaml", "nowhere.yaml"),
        ("resume", "Which run?"),
        ("resume nothing", "no run at 'nothing'"),
        ("sample nothing", "no run at 'nothing'"),
        ("show nothing", "no run at 'nothing'"),
        ("cite wgam", "Did you mean wgan"),
        ("list things", "of games, of data, of claims and of metrics"),
        ("runs --jsn", "--json"),
    ],
)
def test_misuse_says_what_why_and_what_to_do(run, line, words):
    code, _, err = run(line)
    assert code == 2
    assert words in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) <= 3
    assert not list(run.place.iterdir()), "something was written"


def test_a_switch_may_be_followed_by_its_value():
    def make(flip: bool = False, crop: bool = True, word: str = "", maybe: bool | None = None):
        """Made for this."""

    rows = forms.rows_of(make)
    rows = [forms.Row(f"data.{row.name}", row.hint, row.default, option=f"data.{row.name}") for row in rows]
    for line, values in {
        "": (False, True, "", None),
        "--data.flip True --data.crop False": (True, False, "", None),
        "--data.flip False --data.word True --data.maybe False": (False, True, "True", False),
        "--data.flip --data.no-crop": (True, False, "", None),
    }.items():
        assert tuple(forms.fill(rows, line.split(), "x", "").values()) == values
        assert tuple(forms.fill(rows, line.split(), "x", "", later=[forms.Row("y", int, 0)]).values()) == values


@pytest.mark.parametrize(
    ("line", "objective"),
    [
        ("", RelativisticAverage(LeastSquares(1.0, -1.0, 0.0))),
        ("--objective relativistic-average", RelativisticAverage(LeastSquares(1.0, -1.0, 0.0))),
        ("--objective relativistic-average --objective.of hinge", RelativisticAverage(Hinge())),
        ("--objective.of least-squares", RelativisticAverage(LeastSquares(1.0, -1.0, 0.0))),
        (
            "--objective.of least-squares --objective.of.real 2 --objective.of.fake -2",
            RelativisticAverage(LeastSquares(2.0, -2.0, 0.0)),
        ),
        (
            "--objective.of relativistic-average --objective.of.of least-squares --objective.of.of.fake -1",
            RelativisticAverage(RelativisticAverage(LeastSquares(1.0, -1.0))),
        ),
        ("--objective density-ratio --objective.of kl --objective.relative 0.5", DensityRatio(KL(), 0.5)),
        ("--objective hinge", Hinge()),
    ],
)
def test_a_member_of_a_family_within_a_family_goes_by_its_name(line, objective):
    def make(objective: Objective = RelativisticAverage(LeastSquares(1.0, -1.0, 0.0))):
        """Made for this."""

    assert forms.fill(forms.rows_of(make), line.split(), "x", "") == {"objective": objective}


def test_bad_samples_write_nothing(run):
    run(f"train gan {QUICK}")
    for line in ("--count 0 --out x.npz", "--out x.tiff", "--out folder"):
        code, _, err = run(f"sample gan-ring-001 {line}")
        assert code == 2, line
        assert len(err.strip().splitlines()) <= 3
    assert [p.name for p in run.place.iterdir()] == ["runs"]


def test_a_run_that_cannot_be_played_leaves_nothing_in_the_way(run):
    line = "train pacgan --data ring --data.count 500 --rounds 4 --out mine --quiet --batch "
    code, _, err = run(line + "15")
    assert code == 2
    assert "judges 2 samples at a time; got a batch of 15" in err
    assert not Path("mine").exists()
    assert run(line + "16")[0] == 0
    code, _, err = run(line + "15")
    assert code == 2
    assert "already holds a run" in err
    assert Path("mine/config.yaml").exists()


def test_failed_work_is_1(run):
    code, _, err = run(f"train gan {QUICK} --lr.generator 1e30 --lr.discriminator 1e30 --rounds 200")
    assert code == 1
    assert "player '" in err


def test_cite(run):
    assert run("cite wgan-gp")[1].startswith("@inproceedings{gulrajani2017improved")


def test_torch_is_imported_late():
    script = (
        "import sys; from ganarium.cli import main; main({!r}); print('torch' in sys.modules, 'rich' in sys.modules)"
    )
    for words in (
        ["--help"],
        ["train", "gann"],
        ["cite", "gan"],
        ["list", "--json"],
        ["train", "gan", "--data", "rin"],
    ):
        done = subprocess.run([sys.executable, "-c", script.format(words)], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1].startswith("False"), words


def test_importing_the_package_imports_nothing_slow():
    script = "import sys, ganarium; ganarium.GAN, ganarium.data, ganarium.Trainer; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    for name in ("lightning_fabric", "torchmetrics", "sklearn", "matplotlib", "torchvision"):
        assert f"'{name}'" not in done.stdout
