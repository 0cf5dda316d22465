"""All commands read data by one rule; a run's data may move, and is refused where it is no longer what it was."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

import ganarium as ga
from ganarium import data as gd
from ganarium.cli import main
from ganarium.nets import Plain
from ganarium.spec import Field, Spec


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANARIUM_CACHE", str(tmp_path_factory.mktemp("cache")))


def photos(root: str, *classes: str, count: int = 12, sides: tuple[int, int] = (8, 8), mode: str = "L") -> Path:
    draw = np.random.default_rng(len(classes))
    for name in classes or ("",):
        (Path(root) / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            pixels = draw.integers(0, 256, (sides[0], sides[1], 3), dtype=np.uint8)
            Image.fromarray(pixels).convert(mode).save(Path(root) / name / f"{number:02}.png")
    return Path(root)


def played(data: Any, game: Any = None, out: str = "run", **more: Any) -> ga.Run:
    torch.manual_seed(0)
    game = game or ga.CGAN.on(data, latent=4, architecture=Plain())
    return ga.fit(game, data, batch_size=8, quiet=True, out=out, **{"rounds": 4, "stop_after": 2, **more})


def command(*words: Any) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main([str(word) for word in words])
    return code, out.getvalue()


# The rule


def image(*shape: int, **more: Any) -> Spec:
    return Spec(x=Field(shape, "image", **more))


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 6, 6), (3, 6, 10), (1, 12, 4)])
def test_a_folder_a_zip_file_and_an_image_are_read_at_the_size_and_channels_of_a_spec(shape: tuple[int, ...]):
    photos("mixed", count=2, sides=(20, 14), mode="RGB")
    photos("mixed/grey", count=2, sides=(9, 30))
    shutil.make_archive("packed", "zip", "mixed")
    for what, count in (("./mixed", 4), ("packed.zip", 4), ("mixed/00.png", 1)):
        assert gd.like(what, image(*shape))["x"].shape == (count, *shape)


def test_options_that_are_said_win():
    assert gd.like(photos("folder"), image(1, 8, 8), limit=3)["x"].shape == (3, 1, 8, 8)
    with pytest.raises(ValueError, match="The run plays on 'x' of image 1 x 8 x 8; folder has image 3 x 8 x 8"):
        gd.like("./folder", image(1, 8, 8), channels=3)


def test_points_are_brought_to_the_units_of_a_spec():
    ours = gd.from_tensors(np.random.default_rng(0).normal(3, 2, (50, 2)))
    other = np.random.default_rng(1).normal(10, 5, (60, 2)).astype(np.float32)
    np.savez("other.npz", x=other)
    for what in ("other.npz", other, gd.from_tensors(other)):
        found = gd.like(what, ours.spec)
        assert torch.allclose(found["x"], ours.spec["x"].normalise(torch.from_numpy(other)), atol=1e-5)
        assert gd.difference(ours.spec, found.spec) == ""


def test_arrays_of_images_are_read_in_the_range_of_a_spec():
    ours = gd.from_tensors(np.linspace(0, 4000, 30 * 64).reshape(30, 8, 8), range=(0, 4000))
    np.save("other.npy", np.full((5, 8, 8), 1000.0))
    assert gd.like("other.npy", ours.spec)["x"].unique().tolist() == [-0.5]


def test_classes_come_in_the_order_of_a_spec_and_others_are_refused():
    cats = Spec(y=Field((), "label", classes=3, names=("cat", "ant", "dog")))
    data = gd.from_tensors(torch.rand(4, 2), ["dog", "cat", "cat", "dog"])
    assert gd.like(data, cats)["y"].tolist() == [2, 0, 0, 2]
    assert gd.like(data, cats).train["y"].max() <= 2
    with pytest.raises(ValueError, match=r"has the classes cat, emu; those that are known are cat, ant, dog"):
        gd.like(gd.from_tensors(torch.rand(2, 2), ["emu", "cat"]), cats)


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (image(1, 8, 8), image(1, 8, 8, scale=(1.0,)), ""),
        (image(1, 8, 8), image(3, 8, 8), "'x' is image 3 x 8 x 8, and was image 1 x 8 x 8."),
        (image(1, 8, 8), Spec(), "'x' is not there, and was image 1 x 8 x 8."),
        (image(1, 8, 8, scale=(2.0,), shift=(1.0,)), image(1, 8, 8), "'x' is in other units: one unit is 1"),
        (image(1, 8, 8, scale=(1e-6,)), image(1, 8, 8, scale=(2e-6,)), "in other units"),
        (image(1, 8, 8, scale=(1e-6,)), image(1, 8, 8, scale=(1.00001e-6,)), ""),
    ],
)
def test_what_differs_is_a_sentence(before: Spec, now: Spec, words: str):
    found = gd.difference(before, now)
    assert words in found
    assert bool(found) == bool(words)


# Commands


def test_commands_read_a_folder_as_the_run_sees_it():
    run = played(gd.load(photos("ours", "cat", "dog"), size=8), stop_after=4)
    assert run.spec["x"].shape == (1, 8, 8)
    photos("theirs", "dog", "cat", sides=(16, 24), mode="RGB", count=15)
    for words in (
        ("score", "run", "--out", "s.npz"),
        ("evaluate", "run", "--metrics", "precision", "--resamples", "0"),
    ):
        code, said = command(*words, "--data", "./theirs")
        assert code == 0, said
    code, said = command("score", "run", "--data", "./theirs", "--data.limit", "6", "--out", "s.npz")
    assert "6 scores" in said
    photos("other", "emu", "dog")
    for word in ("score", "evaluate"):
        code, said = command(word, "run", "--data", "./other")
        assert (code, "classes dog, emu; those that are known are cat, dog" in said) == (2, True)


@pytest.mark.parametrize(("made", "real"), [("RGB", "L"), ("L", "RGB")])
def test_samples_are_read_as_the_data_that_they_are_compared_with(made: str, real: str):
    photos("made", mode=made, sides=(10, 6), count=30)
    photos("real", mode=real, count=40)
    judged = ("--metrics", "precision", "--features", "random", "--resamples", "0")
    code, said = command("evaluate", "./made", "--data", "./real", "--data.size", "12", "--data.width", "8", *judged)
    assert code == 0, said
    assert "size 12" in said


# At resume


@pytest.mark.filterwarnings("ignore:The files in")
@pytest.mark.parametrize("change", ["more", "fewer", "renamed"])
def test_a_run_is_refused_where_its_classes_are_others(change: str):
    played(gd.load(photos("kinds", "bee", "cat", "dog"), size=8))
    if change == "more":
        photos("kinds", "ant")
    elif change == "fewer":
        shutil.rmtree("kinds/bee")
    else:
        Path("kinds/bee").rename("kinds/owl")
    before = Path("run/config.yaml").read_text()
    for words in (("resume", "run"), ("evaluate", "run"), ("resume", "run", "--other-data")):
        code, said = command(*words)
        assert (code, "and had bee, cat, dog" in said) == (2, True), said
    assert Path("run/config.yaml").read_text() == before


@pytest.mark.filterwarnings("ignore:The files in")
def test_classes_do_not_matter_to_a_game_that_does_not_play_on_them():
    data = gd.load(photos("kinds", "cat", "dog"), size=8)
    played(data, ga.GAN.on(data, latent=4, architecture=Plain()))
    photos("kinds", "ant")
    code, said = command("resume", "run")
    assert code == 0, said
    assert "the files of the data have changed" in said


def test_moved_data_are_taken_up_and_noted():
    played(gd.load(photos("kinds", "cat", "dog"), size=8, flip=True, split="train"))
    straight = played(gd.load("./kinds", size=8, flip=True, split="train"), out="whole", stop_after=None)
    Path("elsewhere").mkdir()
    shutil.move("kinds", "elsewhere/new")
    code, said = command("resume", "run")
    assert (code, "ganarium resume RUN --data PATH" in said) == (2, True)
    code, said = command("resume", "run", "--data", "./elsewhere/new", "--data.workers", "1")
    assert code == 0, said
    assert "not exact" not in said
    source = yaml.safe_load(Path("run/config.yaml").read_text())["data"]
    assert source["name"] == str(Path("elsewhere/new").resolve())
    assert (source["options"]["flip"], source["options"]["split"]) == (True, "train")
    ours, theirs = ga.load("run").game.state_dict(), straight.game.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    # A run that is finished notes it too.
    code, said = command("resume", "whole", "--data", "elsewhere/new")
    assert (code, "Where its data is now was noted" in said) == (2, True)
    assert command("score", "whole", "--out", "s.npz")[0] == 0


def test_other_data_need_a_word():
    played(gd.load(photos("kinds", "cat", "dog"), size=8))
    photos("more", "cat", "dog", count=14)
    code, said = command("resume", "run", "--data", "./more")
    assert (code, "their files are others" in said, "--other-data" in said) == (2, True, True)
    code, said = command("resume", "run", "--data", "./more", "--other-data")
    assert code == 0, said
    assert "the files of the data have changed" in said


def test_arrays_that_moved_and_arrays_that_are_others():
    x = np.random.default_rng(0).normal(size=(40, 2))
    np.savez("mine.npz", x=x)
    data = gd.load("mine.npz")
    played(data, ga.GAN.on(data, latent=4))
    shutil.move("mine.npz", "moved.npz")
    np.savez("wide.npz", x=3 * x)
    np.savez("same.npz", x=x[::-1])
    for name, words in (("wide.npz", "'x' is in other units"), ("same.npz", "their files are others")):
        with pytest.raises(ValueError, match=words):
            ga.resume("run", data=name, quiet=True)
    assert ga.resume("run", data="moved.npz", quiet=True).played["round"] == 4


# From another run


@pytest.mark.parametrize(
    ("classes", "refused", "words"),
    [
        (("ant", "cat"), True, "classes ant, cat, and in run cat, dog"),
        (("cat", "dog"), False, "whole"),
        (("lion", "wolf"), False, "'y' had the classes cat, dog, whose places lion, wolf take"),
        (("ant", "cat", "dog"), False, ""),
    ],
)
def test_what_was_learned_of_one_class_does_not_become_anothers(
    classes: tuple[str, ...], refused: bool, words: str, capsys: pytest.CaptureFixture[str]
):
    played(gd.load(photos("kinds", "cat", "dog"), size=8))
    data = gd.load(photos("new", *classes), size=8)
    game = ga.CGAN.on(data, latent=4, architecture=Plain())
    if refused:
        with pytest.raises(ValueError, match=words):
            ga.fit(game, data, origin="run", rounds=1, batch_size=8, out="next")
        assert not Path("next").exists()
        return
    ga.fit(game, data, origin="run", rounds=1, batch_size=8, out="next")
    said = capsys.readouterr()
    assert words in said.out + said.err
