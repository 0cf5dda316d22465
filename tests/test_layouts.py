"""Folders that are nearly as documented: they keep their labels, or it is said what is lost."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganarium as ga
from ganarium import data as gd
from ganarium.data.files.classes import layout_of
from ganarium.data.files.photos import Photos
from ganarium.spec import MissingField


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANARIUM_CACHE", str(tmp_path_factory.mktemp("cache")))


def images(root: Path, **numbers: int) -> Path:
    """Noise in the folders that are named, with __ for a folder within a folder."""
    draw = np.random.default_rng(0)
    for folder, count in numbers.items():
        place = root / folder.replace("__", "/")
        place.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.fromarray(draw.integers(0, 256, (8, 8), dtype=np.uint8)).save(place / f"{number}.png")
    return root


def load(path: Path, **options: Any) -> Photos:
    data = gd.load(path, size=8, **options)
    assert isinstance(data, Photos)
    return data


def story(data: Photos) -> str:
    return " ".join(data.notes)


# One folder around everything


def test_one_folder_around_everything_is_looked_through(tmp_path: Path):
    data = load(images(tmp_path, out__pets__cat=3, out__pets__dog=3))
    assert data.spec["y"].names == ("cat", "dog")
    assert "All images lie in out/pets, which is looked through." in data.notes


@pytest.mark.parametrize(
    ("places", "names", "test"),
    [
        (["pets/cat/1", "pets/dog/2"], ("cat", "dog"), None),
        (["pets/train/cat/1", "pets/train/dog/2", "pets/val/cat/3"], ("cat", "dog"), [2]),
        (["train/images/cat/1", "train/images/dog/2", "test/images/cat/3"], ("cat", "dog"), [2]),
        (["train/cat/1", "train/dog/2"], ("cat", "dog"), None),
        (["pets/1", "pets/2"], (), None),
        (["cat/old/1", "dog/1"], ("cat", "dog"), None),
    ],
)
def test_where_classes_are_found(places: list[str], names: tuple[str, ...], test: list[int] | None):
    layout = layout_of([tuple(place.split("/")) for place in places], "auto", "photos")
    assert (layout.names, layout.test) == (names, test)
    assert bool(layout.why) != bool(names)


def test_a_zip_file_whose_folders_are_divided_by_backslashes(tmp_path: Path):
    images(tmp_path / "pets", cat=2, dog=2)
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted((tmp_path / "pets").rglob("*.png")):
            archive.writestr(f"pets\\{path.parent.name}\\{path.name}", path.read_bytes())
        archive.writestr("pets\\empty\\", b"")
    data = load(tmp_path / "pets.zip")
    assert (data.spec["y"].names, len(data)) == (("cat", "dog"), 4)


# Splits


def test_only_the_train_folder_is_learned_from(tmp_path: Path):
    images(tmp_path, train__cat=4, train__dog=4, val__cat=2, val__dog=2)
    data = load(tmp_path)
    assert (len(data), data.split, len(data.train), len(data.test)) == (8, "train", 8, 4)
    assert len(load(tmp_path, split="all")) == 12
    assert data.source is not None
    assert len(gd.from_source(data.source)) == 8
    assert "only train is learned from, unless split is 'all'" in story(data)


def test_a_run_from_before_that_learned_from_both_still_does(tmp_path: Path):
    images(tmp_path, train=4, test=2)
    assert len(gd.from_source({"name": str(tmp_path), "options": {"size": 8}})) == 6


def test_unlabelled_test_images_leave_the_labels_of_the_others(tmp_path: Path):
    data = load(images(tmp_path, train__cat=3, train__dog=3, test=4), split="all")
    assert sorted(data["y"].tolist()) == [-1] * 4 + [0] * 3 + [1] * 3
    assert data.scan.classes == {"cat": 3, "dog": 3}
    assert "4 images in test lie in no class folder, so their labels are not known." in data.notes
    with pytest.raises(ValueError, match=r"4 images lie in .*/test itself, in no class folder"):
        load(tmp_path, classes="folders")


def test_loose_images_in_one_split_take_no_labels_from_the_other(tmp_path: Path):
    data = load(images(tmp_path, train=1, train__cat=2, train__dog=2, val__cat=1, val__dog=1), split="all")
    assert sorted(data["y"].tolist()) == [-1, 0, 0, 0, 1, 1, 1]
    assert "1 image in train" in story(data)


def test_labels_that_only_the_test_images_have_are_none(tmp_path: Path):
    data = load(images(tmp_path, train=3, test__cat=2, test__dog=2))
    assert "y" not in data.spec
    assert "No image that is learned from is in a class folder" in story(data)


def test_a_class_that_is_kept_for_testing_as_a_whole_is_named(tmp_path: Path):
    data = load(images(tmp_path, train__cat=2, train__dog=2, test__emu=2, test__cat=1))
    assert data.spec["y"].frequencies == (0.5, 0.5, 0.0)
    assert "Nothing is learned of the classes emu: all their images are kept for testing." in data.notes


def test_splits_beside_something_else_are_no_classes(tmp_path: Path):
    data = load(images(tmp_path, train=2, test=2, extra=2))
    assert "y" not in data.spec
    assert "Folders named test and train look like splits, but 2 images" in story(data)


# Two domains


def test_two_domains_are_refused_in_words_and_are_no_classes(tmp_path: Path):
    images(tmp_path, trainA=2, trainB=2, testA=1, testB=1)
    with pytest.raises(ValueError, match=r"testA, testB, trainA, trainB: images of two domains.*\n.*a=.*b=") as caught:
        load(tmp_path)
    assert "classes='none'" in str(caught.value)
    assert len(load(tmp_path, classes="none")) == 6


# What lies beside the images


def listed(root: Path, labels: Any) -> None:
    (root / "dataset.json").write_text(json.dumps({"labels": labels}))


def test_labels_in_dataset_json_are_read(tmp_path: Path):
    images(tmp_path, **{"00000": 3, "00001": 3})
    listed(tmp_path, [[f"{folder}/{number}.png", 7 * number] for folder in ("00000", "00001") for number in range(3)])
    data = load(tmp_path)
    assert (data.spec["y"].names, data["y"].tolist()) == (("0", "7", "14"), [0, 1, 2, 0, 1, 2])
    assert "Labels are those of dataset.json: 3 classes." in data.notes
    before = data.fingerprint
    listed(tmp_path, [["00000/0.png", 3], ["00000\\1.png", 4]])
    data = load(tmp_path)
    assert data["y"].tolist() == [0, 1, -1, -1, -1, -1]
    assert data.fingerprint != before
    assert "4 images not in it: their labels are not known." in data.notes
    assert load(tmp_path, classes="folders").spec["y"].names == ("00000", "00001")


def test_labels_in_the_dataset_json_of_a_zip_file_and_as_rows_with_a_one(tmp_path: Path):
    images(tmp_path / "set", a=2, b=2)
    listed(tmp_path / "set", [["a/0.png", [0, 1]], ["a/1.png", [1, 0]], ["b/0.png", [0, 1]], ["b/1.png", [1, 0]]])
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted((tmp_path / "set").rglob("*.*")):
            archive.write(path, path.relative_to(tmp_path))
    assert load(tmp_path / "set.zip")["y"].tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"labels": null}', "dataset.json lists no labels of these images"),
        ('{"labels": [["a/0.png", [0.3, 0.7]]]}', "are no whole numbers, one for each image, and are not read"),
        ("{", "dataset.json has no labels that can be read"),
        ('{"images": []}', "dataset.json has no labels that can be read"),
    ],
)
def test_a_dataset_json_without_labels_is_said(tmp_path: Path, text: str, words: str):
    images(tmp_path, a=4)
    (tmp_path / "dataset.json").write_text(text)
    data = load(tmp_path)
    assert "y" not in data.spec
    assert words in story(data)


def test_captions_and_tables_beside_images_are_said(tmp_path: Path):
    images(tmp_path, photos=2)
    for name in ("photos/0.txt", "photos/1.txt", "labels.csv"):
        (tmp_path / name).write_text("a red car")
    said = story(load(tmp_path))
    assert "Not read: 2 files called as images are, as captions would be (photos/0.txt, photos/1.txt)." in said
    assert "Not read: 1 file beside the images (labels.csv)." in said


def test_a_game_that_needs_labels_hears_why_there_are_none(tmp_path: Path):
    images(tmp_path, cat=3)
    (tmp_path / "labels.csv").write_text("")
    data = load(tmp_path)
    for make in (lambda: ga.CGAN.on(data), lambda: ga.CGAN(data.train.spec)):
        with pytest.raises(MissingField, match=r"only 'x'\. All images are in one folder, 'cat'.*labels\.csv"):
            make()
    with pytest.raises(MissingField, match=r"classes='none' leaves labels out"):
        ga.CGAN.on(load(tmp_path, classes="none"))


# A folder that is called as data is


def test_a_folder_that_is_called_as_data_of_ganarium_is_mentioned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(images(tmp_path, digits__a=2, digits__b=2))
    with pytest.warns(UserWarning, match=r"'digits' is data that comes with ganarium\. The folder .* is \./digits"):
        assert len(gd.load("digits")) == 1797
    assert len(gd.from_source({"name": "digits", "options": {}})) == 1797  # as a run says it
    assert len(gd.load("./digits", size=8)) == len(gd.load(Path("digits"), size=8)) == 4


# Width


def test_images_of_another_width_than_height(tmp_path: Path):
    data = load(images(tmp_path, a=2), width=12, crop="random", flip=True)
    assert data.spec["x"].shape == next(data.batches(2))["x"].shape[1:] == (1, 8, 12)
    with pytest.raises(ValueError, match="width= is the width"):
        gd.load(tmp_path, size=0, width=3)
