"""``ganarium explore``, as a person types it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganarium import latent, load
from ganarium.cli import dispatch as cli


class Shell:
    """Runs commands beside trained runs."""

    def __init__(self, place: Path, capsys):
        self.place, self.capsys = place, capsys

    def __call__(self, line: str) -> tuple[int, str, str]:
        """A command's exit code, output and errors."""
        try:
            code = cli.main(line.split())
        except SystemExit as end:  # --help
            code = int(end.code or 0)
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with runs of a few rounds."""
    folder = tmp_path_factory.mktemp("explore")
    quick = "--rounds 3 --batch 16 --quiet"
    for line in (
        f"train r3gan --data digits --data.split train {quick} --latent 6 --out {folder}/digits",
        f"train gan --data ring --data.count 300 {quick} --out {folder}/ring",
        f"train infogan --data toy {quick} --out {folder}/codes",
        f"train cgan --data digits {quick} --architecture plain --latent 4 --out {folder}/labels",
        f"train cyclegan --data shape-pairs --data.count 100 {quick} --out {folder}/cycle",
    ):
        assert cli.main(line.split()) == 0, line
    return folder


@pytest.fixture
def run(place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("digits", "ring", "codes", "labels", "cycle"):
        (tmp_path / name).symlink_to(place / name)
    return Shell(tmp_path, capsys)


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("digits interpolate --pairs 2 --steps 4", "2 spherical walks of 4 samples in"),
        ("digits interpolate --how linear", "8 linear walks of 9"),
        ("digits arithmetic --with 3,17,20 --without 1,2,5 --other 8,9,11", "3,17,20 - 1,2,5 + 8,9,11 in"),
        ("digits traverse --coordinates 0,5 --range 2", "2 rows of 9 samples"),
        ("digits neighbours --count 3 --k 2", "3 samples, each before its 2 nearest of 1,400"),
        ("digits neighbours --count 3 --split test", "nearest of 397"),
        ("digits truncate --psi 1,0", "their mean distance at 1: "),
        ("digits directions --k 2 --count 4", "2 of 6 directions"),
        ("digits invert --count 2 --steps 5", "2 of the test data inverted"),
        ("digits invert --split train --count 2 --steps 5 --optimizer lbfgs", "train data (which it was trained on)"),
        ("ring interpolate --pairs 3", "3 spherical walks"),
        ("ring arithmetic --with 3 --without 1 --other 8", "1 exemplars or more"),
        ("ring neighbours", "nearest of 300"),
        ("ring truncate", "64 samples at each psi"),
        ("ring invert --steps 3", "8 of the test data (which it was trained on)"),
        ("codes traverse --over category", "6 rows of 4 samples"),
        ("codes traverse --over code --category 1", "1 rows of 9 samples"),
        ("codes invert --steps 3", "inverted"),
        ("labels traverse --over label --rows 2", "2 rows of 10 samples"),
        ("labels interpolate --label 7", "8 spherical walks"),
        ("labels directions --count 2 --label 7 --k 1", "1 of 4 directions"),
    ],
)
def test_every_walk_says_one_line_and_draws_a_picture(run, line, words):
    code, out, err = run(f"explore {line} --out x.png")
    assert (code, err) == (0, "")
    assert words in out
    assert "nan" not in out
    assert len(out.splitlines()) == 1
    assert min(size(run.place / "x.png")) > 50


def test_the_same_seed_is_the_same_walk(run):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run(f"explore digits interpolate --seed {seed} --out {name}.npz")[0] == 0
    a, b, c = (np.load(run.place / f"{name}.npz")["samples"] for name in "abc")
    assert a.shape == (8, 9, 1, 8, 8)
    assert (a == b).all()
    assert (a != c).any()


def test_walks_begin_at_the_samples_of_the_seed(run):
    run("explore digits interpolate --pairs 32 --seed 4 --out x.npz")
    game = load(run.place / "digits").game
    x = game.sample(64, seed=4).numpy()  # type: ignore[attr-defined]
    samples = np.load(run.place / "x.npz")["samples"]
    np.testing.assert_allclose(samples[:, 0], x[:32], atol=1e-5)
    np.testing.assert_allclose(samples[:, -1], x[32:], atol=1e-5)


def test_arithmetic_counts_as_the_printed_grid_does(run):
    run("explore digits arithmetic --with 3,17 --without 60 --other 0,63 --seed 2 --out x.npz")
    found = np.load(run.place / "x.npz")
    z, _ = latent.draw(load(run.place / "digits").game, 64, seed=2)  # type: ignore[arg-type]
    means = torch.stack([z[[3, 17]].mean(0), z[60], z[[0, 63]].mean(0)])
    np.testing.assert_allclose(found["means"], means.numpy(), atol=1e-6)
    assert found["samples"].shape == (9, 1, 8, 8)


def test_points_are_written_in_the_datas_own_units(run):
    run("explore ring traverse --coordinates 0 --out x.npz")
    found, loaded = np.load(run.place / "x.npz"), load(run.place / "ring")
    x = latent.decode(loaded.game, torch.from_numpy(found["latents"][0]))  # type: ignore[arg-type]
    np.testing.assert_allclose(found["samples"][0], loaded.spec["x"].restore(x).numpy(), atol=1e-5)


def test_images_of_ones_own_are_fitted_and_inverted(run):
    (run.place / "mine").mkdir()
    for name, colour in (("mine/a.png", (255, 0, 0)), ("mine/b.jpg", (0, 255, 0))):
        Image.new("RGB", (30, 20), colour).save(run.place / name)
    for line in ("--images mine", "--images mine/a.png mine/b.jpg"):
        code, out, _ = run(f"explore digits invert {line} --steps 3 --out x.npz")
        assert code == 0
        assert out.startswith("2 images inverted")
        x = np.load(run.place / "x.npz")["samples"]
        assert x.shape == (2, 2, 1, 8, 8)
        assert x[0, 0] == pytest.approx(76 / 127.5 - 1, abs=0.01)  # red turned grey
    code, out, _ = run("explore digits interpolate --from mine/a.png --to mine/b.jpg --out x.png")
    assert code == 0
    assert "1 spherical walks of 9 samples" in out
    assert "the ends are made with mean squared errors of" in out


def test_other_weights_and_checkpoints(run):
    for line in ("--weights last", "--weights average", "--checkpoint 3"):
        assert run(f"explore digits traverse {line} --out {line.split()[1]}.npz")[0] == 0
    average, last, third = (np.load(run.place / f"{name}.npz")["samples"] for name in ("average", "last", "3"))
    assert (average == third).all()
    assert (average != last).any()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "Which run?"),
        ("digits", "Which walk? `ganarium explore RUN WALK`; walks are neighbours"),
        ("digits traverze", "Did you mean traverse"),
        ("nothing interpolate", "no run at 'nothing'"),
        ("cycle interpolate", "CycleGAN has no latent to walk. These games do: vae"),
        ("digits interpolate --steps 1", "2 steps or more"),
        ("digits interpolate --pairs 0", "one pair"),
        ("digits interpolate --from a.png", "--to another"),
        ("digits interpolate --from a.png --to b.png", "There is no image a.png"),
        ("digits interpolate --out x.tiff.xyz", ".png file, or as arrays to an .npz file"),
        ("digits interpolate --label 3", "no option --label"),
        ("digits arithmetic", "--with takes numbers of samples from 0 to 63; got ''"),
        ("digits arithmetic --with 3 --without 64 --other 1", "--without takes numbers of samples from 0 to 63"),
        ("digits arithmetic --with three --without 4 --other 1", "such as 3,17,20; got 'three'"),
        ("digits traverse --coordinates 6", "coordinates 0 to 5; got 6"),
        ("digits traverse --over y", "R3GAN has no class and no numbers called 'y'"),
        ("codes traverse --over category --category 1", "cannot also be asked for one value"),
        ("labels traverse --over text", "it has y"),
        ("digits truncate --psi 1,2", "from 0 to 1"),
        ("digits truncate --count 1", "two samples"),
        ("digits directions --k 9", "from 1 to Z directions"),
        ("digits neighbours --k 0", "got k=0"),
        ("digits neighbours --count 0", "at least one"),
        ("digits invert --count 0", "At least one"),
        ("digits invert --steps 0", "rate above 0"),
        ("digits invert --images nowhere", "There is no image nowhere"),
        ("digits invert --images words.png", "words.png cannot be read: not an image"),
        ("ring invert --images words.png", "this run has points 2"),
        ("digits invert --optimizer sgd", "--optimizer"),
        ("labels interpolate --label 12", "12"),
    ],
)
def test_misuse_says_what_why_and_what_to_do(run, line, words):
    (run.place / "words.png").write_text("words")
    before = sorted(run.place.iterdir())
    code, _, err = run(f"explore {line}")
    assert code == 2
    assert words in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) <= 3
    assert sorted(run.place.iterdir()) == before, "something was written"


def test_help_lists_walks_and_their_options(run):
    assert "ganarium explore RUN WALK" in run("--help")[1]
    code, out, _ = run("explore --help")
    assert code == 0
    for name in ("interpolate", "arithmetic", "traverse", "neighbours", "truncate", "directions", "invert"):
        assert name in out
    code, out, _ = run("explore labels interpolate --help")
    assert code == 0
    for option in ("--pairs", "--from", "--to", "--how", "--label", "--checkpoint"):
        assert option in out
