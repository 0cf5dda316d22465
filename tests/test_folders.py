"""Folders of images: what is found, what is skipped and said, how they are decoded, cached and dealt."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganarium import data as gd
from ganarium.cli import dispatch as cli
from ganarium.cli.commands import on_runs
from ganarium.data.files.cache import ArrayFile
from ganarium.data.files.classes import layout_of
from ganarium.data.files.decoding import Frame, decode
from ganarium.data.files.finding import Folder, Found, find_images
from ganarium.data.files.photos import Photos
from ganarium.data.gathering import HostRows
from ganarium.files import locked
from ganarium.terminal import progress

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("GANARIUM_CACHE", str(place))
    return place


def save(path: Path, color: Any = RED, sides: tuple[int, int] = (12, 12), mode: str = "RGB", **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, sides, color).save(path, **options)
    return path


def photos(root: Path, number: int = 6, classes: tuple[str, ...] = ("cat", "dog"), side: int = 12) -> Path:
    """Folders of noise, different in each file."""
    draw = np.random.default_rng(0)
    for name in classes:
        (root / name).mkdir(parents=True, exist_ok=True)
        for place in range(number):
            pixels = draw.integers(0, 256, (side, side, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{place}.png")
    return root


def load(path: Path, **options: Any) -> Photos:
    data = gd.load(path, **{"size": 8, "skip": 1.0, **options})
    assert isinstance(data, Photos)
    return data


def pixel(path: Path, channels: int = 3, frame: Frame | None = None) -> list[int]:
    """The first pixel of an image, decoded."""
    found = Found((path.name,), str(path), path.stat().st_size, 0)
    return decode(Folder(path.parent), found, frame or Frame(0, channels))[0][0, 0].tolist()


def same(one: gd.Data, other: gd.Data, number: int = 12, **keywords: Any) -> bool:
    pairs = zip(one.batches(5, **keywords), other.batches(5, **keywords), strict=False)
    return all(torch.equal(a[name], b[name]) for a, b in itertools.islice(pairs, number) for name in a)


# What is found


def test_a_folder_becomes_data(tmp_path: Path):
    data = load(photos(tmp_path / "pets"))
    assert (len(data), data.name, data.spec["x"].shape) == (12, "pets", (3, 8, 8))
    assert data.spec["y"].names == ("cat", "dog")
    assert data["y"].tolist() == [0] * 6 + [1] * 6
    assert data["x"].abs().max() <= 1
    assert data.test["y"].bincount().tolist() == [1, 1]
    assert "in memory, cached in" in str(data)
    assert data.source is not None
    assert data.source["name"] == str(tmp_path / "pets")
    assert torch.equal(gd.from_source(data.source)["x"], data["x"])
    assert torch.equal(gd.from_source(data.test.source or {})["x"], data.test["x"])


def test_any_nesting_sorted_without_hidden_files(tmp_path: Path):
    names = ["b/2.png", "a.PNG", "b/1.png", "b/deep/er/0.Jpeg", "c d/ü.png", ".hidden/x.png", "b/.y.png", "notes.txt"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = ["/".join(file.parts) for file in find_images(tmp_path)[1]]
    assert found == ["a.PNG", "b/1.png", "b/2.png", "b/deep/er/0.Jpeg", "c d/ü.png"]


def test_links_in_circles_end(tmp_path: Path):
    save(tmp_path / "a" / "1.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "a")
    (tmp_path / "nowhere.png").symlink_to(tmp_path / "missing")
    with pytest.warns(UserWarning, match="1 a link to nowhere"):
        data = load(tmp_path)
    assert data.scan.counts == {"a link to nowhere": 1}
    assert len(data) == 2


def test_what_is_inside_decides_and_names_may_be_strange(tmp_path: Path):
    save(tmp_path / "really a png.jpg", format="PNG")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")).write_bytes((tmp_path / "really a png.jpg").read_bytes())
    assert len(load(tmp_path)) == 2
    (tmp_path / "雪.png").write_bytes(b"")
    with pytest.warns(UserWarning, match="雪"):
        load(tmp_path)


def test_a_zip_file_is_a_folder(tmp_path: Path):
    photos(tmp_path / "pets")
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted((tmp_path / "pets").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path / "pets"))
        archive.writestr("__MACOSX/._0.png", "nothing")
    one, other = load(tmp_path / "pets"), load(tmp_path / "pets.zip")
    assert other.name == "pets"
    assert same(one, other)
    (tmp_path / "no.zip").write_text("nothing")
    with pytest.raises(ValueError, match="cannot be read as a zip"):
        load(tmp_path / "no.zip")


def test_a_limit_is_spread_over_the_classes(tmp_path: Path):
    assert load(photos(tmp_path), limit=4)["y"].tolist() == [0, 0, 1, 1]


# Labels


@pytest.mark.parametrize(
    ("places", "names", "note"),
    [
        (["a/1", "b/1", "b/x/y/2"], ("a", "b"), ""),
        (["10/1", "9/1", "x/1"], ("9", "10", "x"), ""),
        (["a/1", "b/1", "2"], (), "1 image lies in photos itself, beside the folders a, b, so there are no labels"),
        (["a/1", "a/2"], (), "one folder, 'a', so there are no labels"),
        (["1", "2"], (), ""),
        (["train/a/1", "val/b/2"], ("a", "b"), "train and val are the train and test splits"),
        (["train/1", "test/2"], (), "train and test splits|test and train are"),
        (["train/a/1", "cat/b/2"], ("cat", "train"), ""),
    ],
)
def test_layouts(places: list[str], names: tuple[str, ...], note: str):
    layout = layout_of([tuple(place.split("/")) for place in places], "auto", "photos")
    assert layout.names == names
    assert len(layout.labels) == (len(places) if names else 0)
    assert bool(layout.notes) == bool(note)
    assert not note or any(word in layout.notes[0] for word in note.split("|"))


def test_classes_on_request(tmp_path: Path):
    photos(tmp_path)
    assert "y" not in load(tmp_path, classes="none").spec
    save(tmp_path / "loose.png")
    data = load(tmp_path)
    assert "y" not in data.spec
    assert "beside the folders cat, dog" in data.notes[0]
    with pytest.raises(ValueError, match=r"beside the folders cat, dog.*\nPut each image"):
        load(tmp_path, classes="folders")


def test_a_class_without_a_readable_image_is_none(tmp_path: Path):
    photos(tmp_path)
    for path in (tmp_path / "dog").iterdir():
        path.write_bytes(b"")
    with pytest.warns(UserWarning, match="6 of 12 files"):
        data = load(tmp_path)
    assert "one folder, 'cat'" in data.notes[0]


def test_train_and_test_folders_are_the_splits(tmp_path: Path):
    photos(tmp_path / "train", 4)
    photos(tmp_path / "test", 2)
    data = load(tmp_path)
    assert (len(data.train), len(data.test)) == (8, 4)
    assert data.test["index"].tolist() == [0, 1, 2, 3]
    assert torch.equal(data.test["x"], load(tmp_path / "test")["x"])


def test_few_labels_of_a_folder(tmp_path: Path):
    for memory in (True, False):
        data = load(photos(tmp_path), labels=2, memory=memory)
        assert data["y"].bincount(minlength=2).tolist() if (data["y"] >= 0).all() else (data["y"] < 0).sum() == 8


# What is skipped, and what is refused


def test_bad_files_are_skipped_counted_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    save(tmp_path / "good.png")
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("not an image at all")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    png = bytearray((tmp_path / "good.png").read_bytes())
    png[45] ^= 0xFF
    (tmp_path / "rotten.png").write_bytes(png)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    save(tmp_path / "bomb.png", sides=(120, 100))
    save(tmp_path / "larger bomb.png", sides=(200, 200))
    with pytest.warns(UserWarning, match="were skipped") as caught:
        data = load(tmp_path)
    assert len(caught) == 1
    assert str(caught[0].message).startswith("6 of 8 files in")
    assert len(data) == 2
    counts = data.scan.counts
    assert counts["empty"] == counts["not an image"] == counts["cut short"] == counts["damaged"] == 1
    assert counts["more than 0 million pixels"] == 2
    assert "cut short (cut.jpg)" in str(caught[0].message)
    assert "1 skipped: damaged (rotten.png)" in str(data.scan)
    with pytest.warns(UserWarning, match="6 of 8 files"):
        assert load(tmp_path).scan == data.scan  # from the cache


def test_only_some_of_many_bad_files_are_named(tmp_path: Path):
    save(tmp_path / "good.png")
    for number in range(9):
        (tmp_path / f"{number}.png").touch()
    with pytest.warns(UserWarning, match=r"9 empty \(0.png, 1.png, 2.png and 6 more\)\."):
        load(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 1}, "2 or more, or 0"),
        ({"size": -3}, "2 or more, or 0"),
        ({"crop": "none"}, "fit='contain'"),
        ({"crop": "middle"}, "one of 'center'"),
        ({"size": 0, "crop": "random"}, "size=64"),
        ({"load_size": 12}, "crop='random'"),
        ({"load_size": 4, "crop": "random"}, "at least size=8"),
        ({"limit": 0}, "'limit' is 1 or more"),
        ({"channels": 2}, "one of 'auto', 1, 3"),
        ({"sise": 3}, "Did you mean 'size'"),
        ({"cache": False, "memory": False}, "cache=DIR"),
        ({"cache": "/dev/null/x"}, "Name another folder"),
    ],
)
def test_options_that_are_refused(tmp_path: Path, options: dict[str, Any], message: str):
    save(tmp_path / "1.png")
    with pytest.raises(ValueError, match=message):
        load(tmp_path, **options)


def test_folders_that_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"no images in .*: nothing"):
        load(tmp_path)
    (tmp_path / "a.txt").touch()
    with pytest.raises(ValueError, match=r"only 1 other files \(1 of .txt\)"):
        load(tmp_path)
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(ValueError, match=r"None of the 1 images .* can be read.\n1 of 1 files .* not an image"):
        load(tmp_path)
    with pytest.raises(ValueError, match="no folder or file"):
        gd.load(f"folder:{tmp_path / 'missing'}")


def test_a_disk_that_is_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    save(tmp_path / "1.png")
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(ValueError, match=r"GiB left.\nTake a smaller size"):
        load(tmp_path)


# From files to pixels


def test_conversions(tmp_path: Path):
    assert pixel(save(tmp_path / "a.png", (255, 0, 0, 0), mode="RGBA")) == [255, 255, 255]
    assert pixel(save(tmp_path / "b.png", (100, 0), mode="LA"), 1) == [255]
    assert pixel(save(tmp_path / "c.tif", (0, 255, 255, 0), mode="CMYK")) == [255, 0, 0]
    assert pixel(save(tmp_path / "d.png", 1, mode="1"), 1) == [255]
    assert pixel(save(tmp_path / "e.png", 77, mode="L")) == [77, 77, 77]
    Image.fromarray(np.full((4, 4), 257 * 40, np.uint16)).save(tmp_path / "f.png")
    assert pixel(tmp_path / "f.png", 1) == [40]
    Image.new("RGB", (4, 4), RED).convert("P").save(tmp_path / "g.gif")
    assert pixel(tmp_path / "g.gif") == [255, 0, 0]
    frames = [Image.new("RGB", (4, 4), color) for color in (RED, BLUE)]
    frames[0].save(tmp_path / "h.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert pixel(tmp_path / "h.webp")[0] > 200
    assert pixel(save(tmp_path / "i.ppm", BLUE)) == [0, 0, 255]
    assert pixel(save(tmp_path / "j.bmp", BLUE), 1) == [29]


def test_the_camera_says_which_way_is_up(tmp_path: Path):
    image = Image.new("RGB", (8, 4), RED)
    image.paste(BLUE, (0, 0, 8, 2))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "1.png", exif=exif)
    image.rotate(-90, expand=True).save(tmp_path / "2.png")
    data = load(tmp_path, size=0)
    assert torch.equal(data["x"][0], data["x"][1])
    assert any("which way is up" in note for note in data.notes)


def test_fits_and_crops(tmp_path: Path):
    image = Image.new("RGB", (24, 8), BLUE)
    image.paste(RED, (8, 0, 16, 8))
    image.save(tmp_path / "1.png")
    red = torch.tensor([1.0, -1, -1])[:, None, None]
    assert torch.equal(load(tmp_path)["x"][0], red.expand(3, 8, 8))
    contained = load(tmp_path, fit="contain", crop="none")["x"][0]
    assert (contained[:, 0] == -1).all()
    assert contained[0, 4, 4] > 0.9
    stretched = load(tmp_path, fit="stretch", crop="none", resample="box")["x"][0]
    assert (stretched[2, :, 0] == 1).all()
    assert (stretched[0, :, 4] == 1).all()
    whole = load(tmp_path, size=0, crop="none")
    assert whole.spec["x"].shape == (3, 8, 24)


def test_channels(tmp_path: Path):
    save(tmp_path / "1.png", 10, mode="L")
    save(tmp_path / "2.png", 20, mode="LA")
    assert load(tmp_path).spec["x"].shape == (1, 8, 8)
    assert load(tmp_path, channels=3).spec["x"].shape == (3, 8, 8)
    save(tmp_path / "3.png")
    data = load(tmp_path)
    assert data.spec["x"].shape == (3, 8, 8)
    assert "1 image had transparency (laid on white)" in data.notes
    assert "2 images had grey (shown in 3 channels)" in data.notes
    assert any("turned grey" in note for note in load(tmp_path, channels=1).notes)


def test_images_as_they_are_have_one_size(tmp_path: Path):
    for number in range(3):
        save(tmp_path / f"{number}.png", sides=(10, 9))
    save(tmp_path / "other.png", sides=(9, 10))
    with pytest.warns(UserWarning, match="1 not of 10 x 9 pixels"):
        assert load(tmp_path, size=0).spec["x"].shape == (3, 9, 10)


# The cache


def test_the_second_time_nothing_is_decoded(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    first = load(photos(tmp_path))
    assert sorted(path.suffix for path in cache.iterdir()) == [".json", ".lock", ".npy"]
    array = np.load(next(cache.glob("*.npy")))
    assert array.shape == (12, 3, 8, 8)
    with monkeypatch.context() as context:
        context.setattr("ganarium.data.files.store.decode", None)
        assert same(first, load(tmp_path))
    for change in ({"size": 10}, {"resample": "box"}):
        load(tmp_path, **change)
    save(tmp_path / "cat" / "0.png", BLUE)
    assert torch.equal(load(tmp_path)["x"][0, :, 0, 0], torch.tensor([-1.0, -1, 1]))
    assert len(list(cache.glob("*.npy"))) == 4


def test_a_broken_cache_is_made_again(tmp_path: Path, cache: Path):
    first = load(photos(tmp_path))
    array, note = next(cache.glob("*.npy")), next(cache.glob("*.json"))
    array.write_bytes(array.read_bytes()[:-5])
    assert same(first, load(tmp_path))
    for text in ("{", json.dumps({"shape": [1]}), "[]"):
        note.write_text(text)
        assert same(first, load(tmp_path))


def test_an_interrupted_decoding_leaves_nothing(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ArrayFile, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        load(photos(tmp_path))
    assert [path.suffix for path in cache.iterdir()] == [".lock"]


def test_no_cache_on_request(tmp_path: Path, cache: Path):
    data = load(photos(tmp_path), cache=False)
    assert not list(cache.iterdir())
    assert str(data).endswith("in memory")
    assert same(data, load(tmp_path, cache=str(tmp_path / "mine")))
    assert len(list((tmp_path / "mine").glob("*.npy"))) == 1


def test_two_processes_decode_once(tmp_path: Path, cache: Path):
    photos(tmp_path / "pets", 40)
    with locked(next_lock := cache / "x.lock"):
        assert next_lock.exists()
    code = f"from ganarium import data; print(data.load({str(tmp_path / 'pets')!r}, size=8)['x'].sum().item())"
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    here = load(tmp_path / "pets")["x"].sum().item()
    assert float(other.communicate()[0]) == here
    assert len(list(cache.glob("*.npy"))) == 1
    assert not list(cache.glob("*.part"))


def test_workers_and_chunks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = load(photos(tmp_path), cache=False, workers=1)
    monkeypatch.setattr("ganarium.data.files.store._AT_ONCE", 5)
    (tmp_path / "cat" / "0a.png").touch()
    with pytest.warns(UserWarning, match="1 empty"):
        assert same(whole, load(tmp_path, cache=False, workers=3))


def test_a_resumed_run_hears_that_its_files_changed(tmp_path: Path):
    data = load(photos(tmp_path))
    assert data.source is not None
    save(tmp_path / "cat" / "new.png")
    with pytest.warns(UserWarning, match="not those of before"):
        gd.from_source(data.source)


# Dealt from memory or from disk


@pytest.mark.parametrize("options", [{}, {"crop": "random"}, {"flip": True}, {"crop": "random", "flip": True}])
def test_a_stream_deals_what_memory_deals(tmp_path: Path, options: dict[str, Any]):
    photos(tmp_path)
    memory, stream = load(tmp_path, memory=True, **options), load(tmp_path, memory=False, **options)
    assert not memory.streamed
    assert stream.streamed
    assert "streamed from" in str(stream)
    assert same(memory, stream, seed=3)
    assert same(memory.train, stream.train, seed=4)
    assert torch.equal(memory.test["y"], stream.test["y"])
    assert torch.equal(memory["x"], stream["x"])
    places = torch.tensor([3, 1, 3])
    assert torch.equal(memory.gather(places)["x"], stream.gather(places)["x"])
    assert torch.equal(memory.subset([7, 2])["x"], stream.subset([7, 2])["x"])


@pytest.mark.parametrize("memory", [True, False])
def test_crops_and_mirrors_follow_from_seed_and_position(tmp_path: Path, memory: bool):
    data = load(photos(tmp_path), crop="random", flip=True, memory=memory)
    whole = [batch["x"] for batch in itertools.islice(data.batches(6, seed=2), 9)]
    later = [batch["x"] for batch in itertools.islice(data.batches(6, seed=2, start=5), 4)]
    assert all(torch.equal(a, b) for a, b in zip(whole[5:], later, strict=True))
    parts = [[b["x"] for b in itertools.islice(data.batches(6, seed=2, part=(r, 2)), 9)] for r in range(2)]
    assert all(torch.equal(torch.cat(pair), x) for *pair, x in zip(*parts, whole, strict=True))
    first = {tuple(x.flatten().tolist()) for batch in itertools.islice(data.batches(12), 40) for x in batch["x"]}
    assert len(first) > 12 * 7  # 2 x 2 places, mirrored or not, of each image
    assert not torch.equal(whole[0], next(data.batches(6, seed=3))["x"])


def test_random_crops_are_windows_of_the_image(tmp_path: Path):
    photos(tmp_path, 1, side=12)
    data = load(tmp_path, crop="random", load_size=12)
    whole = load(tmp_path, size=12)
    windows = whole["x"].unfold(2, 8, 1).unfold(3, 8, 1)
    seen = set()
    for batch in itertools.islice(data.batches(2), 60):
        for x, place in zip(batch["x"], batch["index"], strict=True):
            match = (windows[place] == x[:, None, None]).flatten(3).all(3).all(0).nonzero().tolist()
            assert len(match) == 1
            seen.add(tuple(match[0]))
    assert len(seen) == 25
    assert torch.equal(data["x"], whole["x"][..., 2:10, 2:10])


def test_mirrors_are_mirrors(tmp_path: Path):
    data, plain = load(photos(tmp_path), flip=True), load(tmp_path)
    mirrored = 0
    for one, other in itertools.islice(zip(data.batches(4), plain.batches(4), strict=False), 50):
        for x, y in zip(one["x"], other["x"], strict=True):
            assert torch.equal(x, y) or torch.equal(x, y.flip(2))
            mirrored += not torch.equal(x, y)
    assert 70 < mirrored < 130


def test_a_stream_that_lost_its_file_says_so(tmp_path: Path, cache: Path):
    data = load(photos(tmp_path), memory=False)
    array = next(cache.glob("*.npy"))
    array.write_bytes(array.read_bytes()[:200])
    with pytest.raises(OSError, match="shorter than it was"):
        next(data.batches(12))


# The command line


@pytest.mark.filterwarnings("default::UserWarning")
def test_train_on_a_folder_and_ask_for_a_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    photos(tmp_path / "pets", 6, ("cat", "höhle"))
    (tmp_path / "pets" / "cat" / "bad.png").touch()
    line = "train cgan --data ./pets --data.size 8 --data.crop random --data.memory False --rounds 2 --batch 4"
    assert cli.main([*line.split(), "--data.skip", "0.1"]) == 0
    shown = capsys.readouterr()
    assert shown.err == f"ganarium: 1 of 13 files in {tmp_path}/pets were skipped: 1 empty (cat/bad.png).\n"
    assert "streamed from" in shown.out
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert cli.main(["sample", "cgan-pets-001", "--label", "höhle", "--count", "4", "--out", "x.png"]) == 0
        assert cli.main(["resume", "cgan-pets-001", "--rounds", "3", "--quiet"]) == 0
    assert cli.main(["train", "gan", "--data", "mnist"]) == 2
    assert "--data mnist:PATH" in capsys.readouterr().err


def test_images_that_a_device_has_no_room_for(tmp_path: Path):
    data = load(photos(tmp_path))
    rows = HostRows(data._tensors["x"], "cpu").to("cpu")
    assert (len(rows), rows.shape, rows.device.type) == (12, (12, 3, 8, 8), "cpu")
    places = torch.tensor([5, 2])
    assert torch.equal(rows.index_select(0, places), data._tensors["x"][places])


def test_a_bar_is_for_terminals_and_not_for_the_quiet(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "_PATIENCE", -1.0)
    drawn: list[str] = []
    monkeypatch.setattr(progress, "_bar", lambda stack, doing: drawn.append(doing) or (lambda done, total: None))
    for quiet, terminal in itertools.product((True, False), repeat=2):
        monkeypatch.setattr("sys.stderr.isatty", lambda terminal=terminal: terminal)
        with progress.silent(quiet):
            assert list(progress.watched([1, 2], 3, int, doing=f"{quiet} {terminal}")) == [1, 2]
    assert drawn == ["False True"]


def test_classes_are_asked_for_by_name_even_if_that_is_a_number():
    field = gd.load("digits").spec["y"]
    assert on_runs.value("7", field) == "7"
    assert on_runs.value("7") == 7
    assert on_runs.value("0.5 -1", None) == [0.5, -1]
