"""What a number of an image means: one rule for the whole folder, said where it is doubtful, and kept with the data."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganarium as ga
from ganarium import data as gd
from ganarium.cli import dispatch as cli
from ganarium.data.files.photos import Photos
from ganarium.pictures import write_samples

RAMP = np.arange(256).reshape(16, 16)
TWELVE = [np.roll(RAMP * 16, turn).astype(np.uint16) for turn in range(4)]  # 0 to 4080
UNIT = [(each / 4080).astype(np.float32) for each in TWELVE]
MASKS = [(each > 2000).astype(np.uint8) for each in TWELVE]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GANARIUM_CACHE", str(tmp_path / "cache"))


def write(folder: Path, arrays: Sequence[Any], ending: str) -> Path:
    folder.mkdir(exist_ok=True)
    for place, array in enumerate(arrays):
        path = folder / f"{place}{ending}"
        if array.ndim == 3 and array.dtype == np.uint16:
            path.write_bytes(png_of_16_bits(array))
        else:
            Image.fromarray(array).save(path)
    return folder


def png_of_16_bits(array: np.ndarray) -> bytes:
    """A PNG file in colour of 16 bits, with or without transparency, which Pillow cannot write."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    height, width, bands = array.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[bands], 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def tiff(array: np.ndarray, samples: int = 1) -> bytes:
    """A TIFF file of (H, W, bands), of any number of bands."""
    height, width, bands = array.shape
    each = struct.pack(f"<{max(bands, 2)}H", *[array.itemsize * 8] * max(bands, 2))
    kinds = struct.pack(f"<{max(bands, 2)}H", *[samples] * max(bands, 2))
    tags = [(256, 1, width), (257, 1, height), (258, bands, None), (259, 1, 1), (262, 1, 1), (273, 1, None)]
    tags += [(277, 1, bands), (278, 1, height), (279, 1, array.nbytes), (339, bands, None)]
    start = 14 + 12 * len(tags)
    places = {258: start, 339: start + len(each), 273: start + len(each) + len(kinds)}
    out = b"II*\0" + struct.pack("<IH", 8, len(tags))
    for tag, count, value in tags:
        short = {258: array.itemsize * 8, 339: samples}.get(tag) if bands == 1 else None
        number = short if short is not None else places.get(tag, value)
        out += struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, count, number)
    return out + struct.pack("<I", 0) + each + kinds + array.tobytes()


def load(folder: Path, **options: Any) -> Photos:
    data = gd.load(folder, size=16, **options)
    assert isinstance(data, Photos)
    return data


def reach(data: gd.Data) -> list[float]:
    x = data["x"]
    return [round(x.min().item(), 2), round(x.max().item(), 2)]


# Files


@pytest.mark.parametrize(
    ("arrays", "ending", "range"),
    [
        (TWELVE, ".png", (0, 4080)),
        (TWELVE, ".tif", (0, 4080)),
        ([np.stack([each] * 3, 2) for each in TWELVE], ".png", (0, 4080)),
        (MASKS, ".png", (0, 1)),
        ([np.stack([each] * 3, 2) for each in MASKS], ".png", (0, 1)),
        ([each + 40 for each in MASKS], ".png", (40, 41)),
        ([each / 100 for each in UNIT], ".tif", (0, 0.01)),
    ],
)
def test_a_folder_that_fills_little_of_its_range_is_remarked_on_and_spread_by_it(
    tmp_path: Path, arrays: Any, ending: str, range: tuple[float, float]
):
    folder = write(tmp_path / "scans", arrays, ending)
    dark = load(folder)
    assert reach(dark)[1] - reach(dark)[0] < 0.5
    (note,) = [note for note in dark.notes if "dealt nearly alike" in note]
    assert f"range=({range[0]:g}, {range[1]:g})" in note
    data = load(folder, range=range)
    assert reach(data) == [-1, 1]
    assert not any("nearly alike" in note for note in data.notes)
    back = data.spec["x"].restore(data["x"])[0, 0].numpy()
    first = arrays[0] if arrays[0].ndim == 2 else arrays[0][..., 0]
    assert np.abs(back - first).max() <= (range[1] - range[0]) / 255 * 0.51
    assert data.source is not None
    again = gd.from_source(data.source)
    assert again.spec["x"] == data.spec["x"]
    assert torch.equal(again["x"], data["x"])


def test_what_fills_its_range_is_as_it_was_and_nothing_is_said(tmp_path: Path):
    words = [np.roll(RAMP * 257, turn).astype(np.uint16) for turn in range(4)]
    for arrays, ending in ((words, ".png"), ([(word // 257).astype(np.uint8) for word in words], ".bmp")):
        data = load(write(tmp_path / ending[1:], arrays, ending))
        assert not any("range" in note for note in data.notes)
        assert data.spec["x"].scale == ()
        assert torch.allclose(data["x"][0, 0], torch.from_numpy(RAMP / 127.5 - 1).float(), atol=1e-6)


def test_all_floats_of_a_folder_have_one_scale(tmp_path: Path):
    flat = [np.full((16, 16), level, np.float32) for level in (0.2, 0.9, 0.5)]
    data = load(write(tmp_path / "unit", flat, ".tif"))
    assert data["x"].flatten(1).mean(1).tolist() == pytest.approx([-0.6, 0.8, 0.0], abs=0.01)
    assert (data.spec["x"].scale, data.spec["x"].shift) == ((0.5,), (0.5,))
    with pytest.raises(ValueError, match=r"from 0.2 in 0.tif to 1.2 in 3.tif.*\n.*--data.range 0 1.2"):
        load(write(tmp_path / "unit", [*flat, np.full((16, 16), 1.2, np.float32)], ".tif"))
    brighter = load(tmp_path / "unit", range=(0, 1.2))
    assert brighter["x"].flatten(1).mean(1).argmax() == 3


@pytest.mark.parametrize(
    ("arrays", "span", "expected"),
    [
        ([2 * each - 1 for each in UNIT], (-1, 1), [-1, 1]),
        ([each - 1e-6 for each in UNIT], (0, 1), [-1, 1]),
        ([each * (1 + 2e-6) for each in UNIT], (0, 1), [-1, 1]),
        ([each.astype(np.int32) for each in MASKS], (0, 1), [-1, 1]),
        ([-each for each in UNIT], (-1, 1), [-1, 0]),
    ],
)
def test_numbers_without_a_range_fill_one_of_two(tmp_path: Path, arrays: Any, span: Any, expected: list[float]):
    data = load(write(tmp_path / "maps", arrays, ".tif"))
    assert reach(data) == pytest.approx(expected, abs=0.01)
    assert any(f"taken as of [{span[0]}, {span[1]}]" in note for note in data.notes)
    ends = data.spec["x"].restore(torch.tensor([-1.0, 1.0])).tolist()
    assert ends == list(span)


@pytest.mark.parametrize(
    ("arrays", "remedy"),
    [
        ([(each % 21).astype(np.int32) for each in TWELVE], "--data.range 0 20"),
        ([each.astype(np.int32) - 1000 for each in TWELVE], "--data.range -1000 3080"),
        ([each.astype(np.float32) for each in TWELVE], "--data.range 0 4080"),
        ([UNIT[0], UNIT[1] * 255, UNIT[2]], "--data.range 0 255"),
        ([UNIT[0] * 1e6], "--data.range 0 1000000"),
    ],
)
def test_numbers_that_could_mean_anything_ask_for_their_range(tmp_path: Path, arrays: Any, remedy: str):
    folder = write(tmp_path / "maps", arrays, ".tif")
    with pytest.raises(ValueError, match="nothing says which is black and which white") as caught:
        load(folder)
    assert remedy in str(caught.value)
    low, high = map(float, remedy.split()[1:])
    assert reach(load(folder, range=(low, high))) == [-1, 1]


def test_a_range_that_is_left_is_refused_with_the_file(tmp_path: Path):
    folder = write(tmp_path / "scans", TWELVE, ".png")
    with pytest.raises(ValueError, match=r"to 4080 in 0.png, beyond the range 0 to 1000"):
        load(folder, range=(0, 1000))
    for wrong in ((1, 0), (0,), "01"):
        with pytest.raises(ValueError, match="low < high"):
            load(folder, range=wrong)


def test_floats_that_are_not_numbers_are_named(tmp_path: Path):
    holes = np.where(UNIT[1] > 0.9, np.nan, UNIT[1])
    folder = write(tmp_path / "maps", [UNIT[0], holes.astype(np.float32)], ".tif")
    with pytest.raises(ValueError, match=r"NaN or infinite numbers +1.tif"):
        load(folder)
    with pytest.warns(UserWarning, match="NaN or infinite numbers"):
        assert len(load(folder, skip=0.5)) == 1


def test_bytes_beside_deeper_files_are_pictures_of_the_range(tmp_path: Path):
    folder = write(tmp_path / "mixed", [RAMP.astype(np.uint8), *TWELVE], ".png")
    data = load(folder, range=(0, 4080))
    assert data["x"].flatten(1).mean(1).tolist() == pytest.approx([0] * 5, abs=0.01)
    assert any("1 image of 8 bits cannot hold the range 0 to 4080" in note for note in data.notes)


def test_colour_of_16_bits_keeps_its_lower_bytes(tmp_path: Path):
    colours = np.stack([RAMP, RAMP.T, 255 - RAMP], 2).astype(np.uint16)  # all in the lower byte
    clear = np.concatenate([colours, np.full((16, 16, 1), 65535, np.uint16)], 2)
    for number, array in enumerate((colours, clear)):
        data = load(write(tmp_path / str(number), [array], ".png"), range=(0, 255))
        assert data.scan.converted["more than 8 bits (scaled to 8)"] == 1
        assert torch.equal(data["x"][0], torch.from_numpy(colours.astype(np.float32)).permute(2, 0, 1) / 127.5 - 1)


def test_signed_bytes_are_no_bytes(tmp_path: Path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "0.tif").write_bytes(tiff((RAMP - 128).astype(np.int8)[..., None], 2))
    with pytest.raises(ValueError, match=r"--data\.range -128 127"):
        load(tmp_path / "maps")
    assert torch.equal(load(tmp_path / "maps", range=(-128, 127))["x"][0, 0] * 127.5 + 127.5, torch.tensor(RAMP))


def test_the_rule_is_found_while_decoding_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = write(tmp_path / "scans", TWELVE, ".png")
    first = load(folder)
    monkeypatch.setattr("ganarium.data.files.store.decode", None)
    assert load(folder).notes == first.notes


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((4, 4, 5), np.uint8), "5 bands of 8 bits"),
        (np.zeros((4, 4, 12), np.uint16), "12 bands of 16 bits"),
        (np.zeros((4, 4, 3), np.float32), "3 bands of floats of 32 bits"),
        (np.zeros((4, 4, 1), np.float64), "1 band of floats of 64 bits"),
    ],
)
def test_what_a_tiff_holds_that_is_no_picture(tmp_path: Path, array: np.ndarray, words: str):
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles" / "0.tif").write_bytes(tiff(array, 3 if array.dtype.kind == "f" else 1))
    with pytest.raises(ValueError, match=rf"{words}.*npz"):
        load(tmp_path / "tiles")


@pytest.mark.parametrize("name", ["1.jfif", "1.JPE", "1.Jpg"])
def test_all_names_of_a_type_are_taken(tmp_path: Path, name: str):
    folder = write(tmp_path / "photos", [np.stack([RAMP] * 3, 2).astype(np.uint8)], ".jpg")
    (folder / name).write_bytes((folder / "0.jpg").read_bytes())
    assert len(load(folder)) == 2


def test_images_that_are_passed_by_are_counted(tmp_path: Path):
    folder = write(tmp_path / "photos", [RAMP.astype(np.uint8)], ".png")
    (folder / "without").write_bytes((folder / "0.png").read_bytes())
    (folder / "phone.HEIC").write_bytes(b"whatever")
    (folder / "notes.txt").write_text("no image", encoding="utf-8")
    with pytest.warns(UserWarning, match=r"2 files .* seem to be images .*PNG inside.*\.heic"):
        assert len(load(folder)) == 1


# Reading alike


def test_other_images_are_read_as_the_field_was(tmp_path: Path):
    folder = write(tmp_path / "scans", TWELVE, ".png")
    data = load(folder, range=(0, 4095))
    assert torch.equal(gd.like(folder, data.spec)["x"], data["x"])
    assert torch.equal(gd.like(folder / "2.png", data.spec)["x"], data["x"][2:3])
    write_samples(data["x"], data.spec["x"], tmp_path / "made")
    assert torch.equal(gd.like(tmp_path / "made", data.spec)["x"], data["x"])


def test_pictures_of_masks_are_read_back(tmp_path: Path):
    folder = write(tmp_path / "masks", MASKS, ".png")
    data = load(folder, range=(0, 1))
    write_samples(data["x"], data.spec["x"], tmp_path / "made")
    assert torch.equal(gd.like(tmp_path / "made", data.spec)["x"], data["x"])
    assert torch.equal(gd.like(folder, data.spec)["x"], data["x"])
    with pytest.raises(ValueError, match="beyond the range"):
        gd.like(tmp_path / "made", data.spec, range=(0, 1))


def test_one_image_is_not_guessed_by_itself(tmp_path: Path):
    folder = write(tmp_path / "maps", [2 * each - 1 for each in UNIT], ".tif")
    spec = load(folder).spec
    bright = write(tmp_path / "bright", [np.full((16, 16), 0.5, np.float32)], ".tif")
    assert gd.like(bright / "0.tif", spec)["x"].mean().item() == pytest.approx(0.5, abs=0.01)
    Image.fromarray(UNIT[0] * 9).save(bright / "0.tif")
    for place in (bright, bright / "0.tif"):
        with pytest.raises(ValueError, match="beyond the range -1 to 1"):
            gd.like(place, spec)


def test_train_says_it_and_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    folder = write(tmp_path / "scans", TWELVE * 5, ".png")
    words = f"train gan --data {folder} --data.size 16 --rounds 1 --batch 4 --device cpu".split()
    assert cli.main([*words, "--out", "dark"]) == 0
    assert "--data.range 0 4080" in capsys.readouterr().out
    assert cli.main([*words, "--data.range", "0", "4080", "--out", "light"]) == 0
    assert "nearly alike" not in capsys.readouterr().out
    assert cli.main(["doctor", str(folder), "--size", "16"]) == 0
    assert "--data.range 0 4080" in capsys.readouterr().out
    run = ga.load("light")
    assert run.sample(2, units="data").max() > 100
    assert cli.main([*words, "--data.range", "0", "9", "--out", "no"]) == 2
    assert not Path("no").exists()


# Arrays


@pytest.mark.parametrize(
    ("array", "range"),
    [
        (np.stack(MASKS), (0, 1)),
        (np.stack(MASKS) * 20, (0, 20)),
        (np.stack(UNIT) * 0.1, (0, 0.1)),
        (np.stack(UNIT) * 0.1 - 0.05, (-0.05, 0.05)),
    ],
)
def test_arrays_that_fill_little_of_their_range_are_remarked_on(array: np.ndarray, range: tuple[float, float]):
    with pytest.warns(UserWarning, match="dealt nearly alike") as heard:
        gd.from_tensors(array)
    low, high = (float(word) for word in str(heard[0].message).split("range=(")[1].rstrip(").").split(","))
    assert (low, high) == pytest.approx(range, abs=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert reach(gd.from_tensors(array, range=(low, high))) == [-1, 1]


@pytest.mark.parametrize(
    ("array", "remedy"),
    [
        (RAMP * 16, "range=(0, 4080)"),
        ((RAMP - 128).astype(np.int8), "range=(-128, 127)"),
        (RAMP / 255 * 1.2, "range=(0, 1.2)"),
        (RAMP.astype(np.float32), "range=(0, 255)"),
    ],
)
def test_arrays_without_a_range_ask_for_that_which_they_fill(array: np.ndarray, remedy: str):
    with pytest.raises(ValueError, match="Say what the darkest and brightest can be") as caught:
        gd.from_tensors(array[None])
    assert remedy in str(caught.value)


@pytest.mark.parametrize(("low", "high"), [(-1e-6, 1.0), (0.0, 1 + 1e-6), (-5e-5, 1 + 5e-5)])
def test_rounding_does_not_change_the_range(low: float, high: float):
    array = (RAMP / 255 * (high - low) + low)[None]
    assert gd.from_tensors(array)["x"].mean().item() == pytest.approx(0, abs=1e-3)
    assert gd.from_tensors(array, range=(0, 1))["x"].mean().item() == pytest.approx(0, abs=1e-3)


@pytest.mark.filterwarnings("default")
def test_a_file_of_arrays_takes_a_range_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    buffer = io.BytesIO()
    np.savez(buffer, x=np.stack(MASKS * 4))
    Path("masks.NPZ").write_bytes(buffer.getvalue())
    words = ["train", "gan", "--data", "masks.NPZ", "--rounds", "1", "--batch", "4", "--device", "cpu"]
    assert cli.main([*words, "--out", "one"]) == 0
    assert "--data.range 0 1" in capsys.readouterr().err
    assert cli.main([*words, "--data.range", "0", "1", "--out", "two"]) == 0
    assert "nearly alike" not in capsys.readouterr().err


def test_one_number_is_no_range_and_the_message_is_a_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("deep").mkdir()
    Image.fromarray(TWELVE[0]).save("deep/0.png")
    assert cli.main(["train", "dcgan", "--data", "./deep", "--data.range", "10", "--rounds", "1"]) == 2
    assert "--data.range cannot be '10': expected None or FLOAT FLOAT." in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
