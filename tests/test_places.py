"""Places that are taken rather than chosen, machines without a home folder, and outputs that know few letters."""

from __future__ import annotations

import io
import json
import pwd
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganarium as ga
from ganarium.cli import main
from ganarium.comparing import CONFIG
from ganarium.data.files.cache import folder_of
from ganarium.files import at_home, cache_folder, locked, numbered
from ganarium.pictures import write_samples
from ganarium.running.records import read_config
from ganarium.spec import Field
from ganarium.terminal.output import is_terminal
from ganarium.zoo.own import classes

NAMES = ("süß", "日本")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANARIUM_CACHE", str(tmp_path / "cache"))
    return tmp_path


def photos(place: Path) -> Path:
    """Images in folders whose names are beyond ASCII, and one of them beyond Latin."""
    for level, name in enumerate(NAMES):
        (place / "photos" / name).mkdir(parents=True)
        for number in range(6):
            pixels = np.random.default_rng(number).integers(0, 60 + 90 * level, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(place / "photos" / name / f"{number}.png")
    return place / "photos"


def started(seed: int, **options):
    data = ga.data.load("ring", count=256)
    return ga.fit(ga.GAN.on(data), data, rounds=2, batch_size=32, seed=seed, quiet=True, **options)


def while_tried(data, then):
    """Data in whose first trial of speed something else happens, once."""
    deal, calls = data.batches, []

    def batches(*args, **options):
        calls.append(1)
        if len(calls) == 2:
            then()
        return deal(*args, **options)

    data.batches = batches
    return data


# -- taking a place -------------------------------------------------------------------------------------------------


def test_a_run_that_starts_while_another_tries_its_speed_gets_another_folder(place):
    others = []
    data = while_tried(ga.data.load("ring", count=256), lambda: others.append(started(2)))
    run = ga.fit(ga.GAN.on(data), data, minutes=0.001, batch_size=32, seed=1, quiet=True)
    assert [run.path.name, others[0].path.name] == ["gan-ring-001", "gan-ring-002"]
    assert [each.config["settings"]["seed"] for each in (run, others[0])] == [1, 2]


def test_a_folder_that_was_named_twice_is_of_whoever_settles_first(place):
    data = while_tried(ga.data.load("ring", count=256), lambda: started(2, out="mine"))
    with pytest.raises(ValueError, match="mine was taken by another run meanwhile"):
        ga.fit(ga.GAN.on(data), data, minutes=0.001, batch_size=32, seed=1, quiet=True, out="mine")
    assert read_config(Path("mine"))["settings"]["seed"] == 2
    assert ga.Run("mine").log[-1]["round"] == 2


@pytest.mark.parametrize("out", [None, "deep/mine"])
def test_a_run_that_does_not_begin_gives_its_folder_back(place, out):
    data = ga.data.load("ring", count=256)

    def fails():
        assert Path(out or "runs/gan-ring-001").is_dir()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ga.fit(ga.GAN.on(while_tried(data, fails)), data, minutes=0.001, batch_size=32, quiet=True, out=out)
    assert list(place.iterdir()) == []


def test_numbers_are_given_once_however_many_ask(place):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: numbered(place / "runs", "gan"), range(40)))
    assert sorted(path.name for path in found) == [f"gan-{number:03d}" for number in range(1, 41)]


def test_two_comparisons_that_start_at_once_have_two_folders(place, monkeypatch):
    from ganarium import comparing

    monkeypatch.setattr(comparing, "_play", lambda path, *_: path)
    found: list[Any] = [comparing.compare(["gan", "vae"], "ring", seen=1000) for _ in range(2)]
    assert [path.name for path in found] == ["gan-vae-ring-001", "gan-vae-ring-002"]
    assert all((path / CONFIG).is_file() for path in found)


def test_one_at_a_time_reads_and_writes_in_a_folder(place):
    (place / "count").write_text("0")

    def count(_):
        with locked(place):
            number = int((place / "count").read_text())
            (place / "count").write_text(str(number + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(80)))
    assert (place / "count").read_text() == "80"


def test_samples_of_two_never_lie_in_one_folder(place):
    field, grey = Field((1, 4, 4), "image"), [torch.full((30, 1, 4, 4), level) for level in (-1.0, 1.0)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda x: write_samples(x, field, place / "made"), grey))
    assert len({np.asarray(Image.open(path)).mean() for path in (place / "made").iterdir()}) == 1


# -- no home folder -------------------------------------------------------------------------------------------------


@pytest.fixture
def nobody(place, monkeypatch):
    """A user number that has no name, and so no home folder, as in many containers."""

    def unknown(number):
        raise KeyError(f"uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "GANARIUM_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return place


def test_without_a_home_there_is_no_cache_and_all_else_works(nobody, capsys):
    data = ga.data.load(photos(nobody), size=8)
    assert len(data) == 12
    assert cache_folder() is None
    assert folder_of(True) is None
    assert at_home("~/pets") == Path("~/pets")
    assert main(["train", "cgan", "--data", "./photos", "--data.size", "8", "--rounds", "2", "--batch", "4"]) == 0
    assert main(["doctor", "./photos", "--size", "8"]) == 0
    assert not (nobody / "~").exists()


def test_without_a_home_its_sign_is_a_name_like_others(nobody, capsys):
    assert main(["train", "gan", "--data", "~/pets", "--rounds", "2"]) == 2
    assert main(["train", "~/mine.py:Mine", "--data", "ring", "--rounds", "2"]) == 2
    said = capsys.readouterr().err
    assert "There is no data '~/pets'" in said
    assert "~/mine.py" in said
    assert "Could not determine" not in said


def test_without_a_home_no_file_is_remembered_as_named(nobody):
    (nobody / "mine.py").write_text("")
    digest = classes.digest_of("mine.py")
    classes._remember(digest, nobody / "mine.py")
    assert not classes.was_named(digest)


# -- outputs that know few letters ----------------------------------------------------------------------------------


@pytest.fixture(params=["ascii", "cp1252"])
def output(request, place, monkeypatch):
    """What a command writes where the output has another codec."""
    photos(place)

    def written(*words):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=request.param, newline="\n")
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            patch.setattr(sys, "stderr", stream)
            code = main(list(words))
            stream.flush()
        return code, raw.getvalue().decode(request.param)

    return written


def test_names_of_any_script_are_shown_by_every_output(output):
    code, said = output("doctor", "./photos", "--size", "8")
    assert code == 0
    assert "\\u65e5\\u672c" in said
    code, said = output("train", "cgan", "--data", "./日本", "--rounds", "2")
    assert code == 2
    assert "\\u65e5\\u672c" in said
    code, said = output("train", "cgan", "--data", "./photos", "--data.size", "8", "--rounds", "2", "--batch", "4")
    assert code == 0
    assert output("show", "cgan-photos-001")[0] == 0


def test_json_is_json_on_every_output(output):
    code, said = output("doctor", "./photos", "--size", "8", "--json")
    assert code == 0
    assert set(json.loads(said)["scan"]["classes"]) == set(NAMES)


def test_a_terminal_of_one_column_still_shows_tables(place, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "1")
    monkeypatch.setattr("ganarium.cli.commands.base.is_terminal", lambda stream: True)
    assert main(["list", "data"]) == 0
    assert "digits" in capsys.readouterr().out


def test_there_may_be_no_output_at_all(place, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["train", "gan", "--data", "ring", "--rounds", "2"]) == 0
    assert not is_terminal(None)
