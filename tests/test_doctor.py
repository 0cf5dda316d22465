"""The doctor: every kind of bad or odd file in its true format, what is said of it, and what a run would take."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganarium import data as gd
from ganarium.cli import dispatch as cli
from ganarium.cli.commands.checkup import Checkup, _show_table
from ganarium.data.files.examine import examined
from ganarium.data.files.finding import Folder
from ganarium.data.files.kinds import kind_of
from ganarium.data.files.photos import Photos
from ganarium.data.files.scan import Scan, Unusable
from ganarium.doctor import risks
from ganarium.doctor.forecast import Forecast
from ganarium.pictures import draw
from ganarium.running.gallery import SEEN, seen

NOISE = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, a cache of its own, and short trials."""
    monkeypatch.setenv("GANARIUM_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ganarium.running.settings.TRIAL", 0.02)
    return tmp_path


def picture(sides: tuple[int, int] = (16, 12), mode: str = "RGB") -> Image.Image:
    return Image.fromarray(NOISE.integers(0, 256, (sides[1], sides[0], 3), dtype=np.uint8)).convert(mode)


def photos(root: Path, **counts: int) -> Path:
    for name, count in counts.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            picture().save(root / name / f"{number:03d}.png")
    return root


def menagerie(root: Path) -> Path:
    """Two classes of good images, and one file of everything else."""
    cat, dog = photos(root, cat=20, dog=20) / "cat", root / "dog"
    (root / "fish" / "small").mkdir(parents=True)
    picture(mode="L").save(cat / "grey.png")
    picture(mode="P").save(cat / "palette.gif")
    picture(mode="CMYK").save(dog / "print.jpg")
    picture(mode="RGBA").save(dog / "alpha.png")
    Image.fromarray(NOISE.integers(0, 65536, (12, 12), dtype=np.uint16)).save(cat / "deep.png")
    frames = [picture() for _ in range(3)]
    frames[0].save(cat / "moving.webp", save_all=True, append_images=frames[1:])
    exif = Image.Exif()
    exif[0x0112] = 6
    picture().save(cat / "turned.jpg", exif=exif)
    picture((5, 4)).save(cat / "tiny.bmp")
    picture().save(dog / "really a png.jpg", format="PNG")
    (cat / "again.png").write_bytes((cat / "000.png").read_bytes())
    with Image.open(cat / "001.png") as image:
        image.save(dog / "other bytes.tif")
    picture().save(cat / "süß 雪.png")
    # Not used.
    (cat / "empty.jpg").touch()
    (cat / "text.jpg").write_text("no image at all")
    picture((64, 64)).save(cat / "whole.jpg")
    whole = (cat / "whole.jpg").read_bytes()
    (cat / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    picture((150, 100)).save(dog / "bomb.png")
    picture().save(dog / "locked.png")
    (dog / "locked.png").chmod(0)
    (cat / "gone.png").symlink_to("nowhere")
    (cat / "self.png").symlink_to("self.png")
    # Not looked into.
    (cat / "an image.txt").write_bytes(whole)
    (dog / "no ending").write_bytes((cat / "000.png").read_bytes())
    (root / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\0")
    (root / "notes.txt").write_text("BMW and P5 are words, no images.")
    (root / ".DS_Store").write_text("x")
    (cat / "up").symlink_to(root)
    return root


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few pixels are many, and nobody may read all files, not even root."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    real = Folder.open

    def refuse(self: Folder, file: Any) -> str:
        if os.stat(file.path).st_mode & 0o777 == 0:
            raise PermissionError(13, "Permission denied", file.path)
        return real(self, file)

    monkeypatch.setattr(Folder, "open", refuse)


def state(root: Path) -> dict[str, tuple[Any, ...]]:
    """The bytes, mode and times of everything below a folder."""
    found = {}
    for path in sorted(root.rglob("*")):
        facts = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(facts.st_mode) else b""
        found[str(path)] = (facts.st_mode, facts.st_mtime_ns, facts.st_size, content)
    return found


def doctor(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = cli.main(["doctor", *line.split()])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


# What is found


@pytest.mark.usefixtures("strict")
def test_everything_is_found_and_nothing_is_changed(place: Path):
    root = menagerie(place / "pets")
    before = state(root)
    scan = gd.examine(root, size=8)
    assert state(root) == before
    assert (scan.files, scan.images) == (60, 53)
    assert scan.skipped == {
        "a link in a circle": ["cat/self.png"],
        "a link to nowhere": ["cat/gone.png"],
        "cut short": ["cat/cut.jpg"],
        "empty": ["cat/empty.jpg"],
        "may not be read": ["dog/locked.png"],
        "more than 0 million pixels": ["dog/bomb.png"],
        "not an image": ["cat/text.jpg"],
    }
    assert scan.converted == {
        "CMYK (converted)": 1,
        "a camera's note which way is up (turned)": 1,
        "a palette (converted)": 1,
        "grey (shown in 3 channels)": 2,
        "more than 8 bits (scaled to 8)": 1,
        "more than one frame (the first is taken)": 1,
        "sides below 8 pixels (enlarged)": 1,
        "transparency (laid on white)": 1,
    }
    assert scan.noticed == {
        "PNG inside, named .jpg": ["dog/really a png.jpg"],
        "the same pixels as another image": ["cat/again.png = cat/000.png"],
        "the same pixels, but in another class": ["dog/other bytes.tif = cat/001.png"],
        "letters beyond ASCII in the name, which is fine": ["cat/süß 雪.png"],
    }
    assert scan.beside == {
        "HEIC inside, named .heic": ["phone.heic"],
        "JPEG inside, named .txt": ["cat/an image.txt"],
        "PNG inside, named without an ending": ["dog/no ending"],
        "no images, named .txt": ["notes.txt"],
        "hidden": [".DS_Store"],
        "a link to a folder that it is in": ["cat/up"],
    }
    assert scan.classes == {"cat": 29, "dog": 24}
    assert scan.notes == ["No images are in these folders: fish."]


@pytest.mark.usefixtures("strict")
def test_the_table_the_story_and_plain_values_agree(place: Path):
    scan = gd.examine(menagerie(place / "pets"), size=8, skip=0.2)
    assert scan.allowed == 0.2
    assert not scan.refusal
    for text in (scan.table(), str(scan)):
        for words in ("dog/locked.png", "cat/an image.txt", "CMYK (converted)", "cat/again.png = cat/000.png", "fish"):
            assert words in text, words
    plain = json.loads(json.dumps(scan.plain()))
    assert (plain["skipped"], plain["beside"], plain["refused"]) == (scan.skipped, scan.beside, False)
    assert gd.examine(place / "pets", size=8, skip=0.2) == scan  # the second time from the cache


def test_what_was_mended_is_looked_at_again(place: Path, monkeypatch: pytest.MonkeyPatch):
    root = photos(place / "pets", cat=3)
    locked = root / "cat" / "000.png"
    real = Folder.start

    def refuse(self: Folder, file: Any, *count: int) -> Any:
        if "000" in file.path:
            raise PermissionError(13, "Permission denied")
        return real(self, file, *count) if count else file.path

    with monkeypatch.context() as context:
        context.setattr(Folder, "open", refuse)
        context.setattr(Folder, "start", refuse)
        for _ in range(2):
            assert gd.examine(root, size=8).skipped == {"may not be read": ["cat/000.png"]}
    assert gd.examine(root, size=8).skipped == {}
    picture((1200, 1000)).save(locked)
    with monkeypatch.context() as context:
        context.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)
        assert gd.examine(root, size=8).counts == {"more than 1 million pixels": 1}
    assert gd.examine(root, size=8).skipped == {}


def test_few_words_for_many_files(place: Path):
    photos(place / "pets", cat=3)
    for number in range(30):
        (place / "pets" / f"{number:02d}.jpg").touch()
    rows = gd.examine(place / "pets", size=8).rows()
    assert rows[0][1:] == (30, "empty", "00.jpg, 01.jpg, 02.jpg and 27 more")


def test_a_zip_file_is_examined_alike(place: Path):
    root = photos(place / "pets", cat=3, dog=3)
    picture().save(root / "cat" / "odd.jpg", format="PNG")
    (root / "cat" / "list.csv").write_text("a")
    with zipfile.ZipFile(place / "pets.zip", "w") as archive:
        archive.mkdir("bare")
        for path in sorted(root.rglob("*.*")):
            archive.write(path, path.relative_to(root))
        archive.writestr("__MACOSX/._0.png", "nothing")
    scan = gd.examine(place / "pets.zip", size=8)
    assert scan.noticed == {"PNG inside, named .jpg": ["cat/odd.jpg"]}
    assert scan.beside == {"no images, named .csv": ["cat/list.csv"], "hidden": ["__MACOSX/._0.png"]}
    assert scan.notes == ["No images are in these folders: bare."]


def test_folders_whose_images_are_all_broken_or_closed(place: Path):
    root = photos(place / "pets", cat=3, dog=1)
    (root / "dog" / "000.png").write_bytes(b"")
    (root / "away").symlink_to("nowhere")
    scan = gd.examine(root, size=8)
    assert "No image can be used in these folders: dog." in scan.notes
    assert "What is in these may not be read, or is a link to nowhere: away." in scan.notes


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_nobody_waits_at_a_pipe(place: Path):
    root = photos(place / "pets", cat=3)
    os.mkfifo(root / "cat" / "pipe")
    os.mkfifo(root / "cat" / "pipe.png")
    scan = gd.examine(root, size=8)
    assert scan.skipped == {"empty": ["cat/pipe.png"]}
    assert scan.beside == {"no images, named without an ending": ["cat/pipe"]}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(place: Path):
    root = photos(place / "pets", cat=3, dog=3)
    (root / "dog").chmod(0)
    try:
        scan = gd.examine(root, size=8)
    finally:
        (root / "dog").chmod(0o755)
    assert scan.notes[-1] == "What is in these may not be read, or is a link to nowhere: dog."


def test_the_first_bytes_say_what_a_file_is(place: Path):
    for ending, kind in {
        "jpg": "JPEG",
        "png": "PNG",
        "gif": "GIF",
        "bmp": "BMP",
        "webp": "WebP",
        "tif": "TIFF",
    }.items():
        picture().save(place / f"x.{ending}")
        assert kind_of((place / f"x.{ending}").read_bytes()[:32]) == kind
    picture().save(place / "x.ppm")
    assert kind_of((place / "x.ppm").read_bytes()[:32]) == "PNM"
    for start in (b"", b"BMW are cars, all", b"P6 is no image", b"RIFF1234WAVEfmt ", b"\0" * 32):
        assert kind_of(start) == ""


def test_the_limit_and_streamed_images_count_alike(place: Path):
    root = photos(place / "pets", cat=6, dog=6)
    (root / "dog" / "copy.png").write_bytes((root / "dog" / "000.png").read_bytes())
    for options in ({"memory": True}, {"memory": False}, {"crop": "random"}, {"split": "train"}, {"cache": False}):
        scan, data = examined(root, size=8, **options)
        assert isinstance(data, Photos)
        assert data.scan is scan
        assert scan.noticed == {"the same pixels as another image": ["dog/copy.png = dog/000.png"]}
    assert gd.examine(root, size=8, limit=4).files == 4


def test_only_folders_are_examined(place: Path):
    for what in ("digits", "nowhere", str(place / "x.npz")):
        with pytest.raises(ValueError, match="Only a folder or a zip file"):
            gd.examine(what)
    with pytest.raises(ValueError, match="Did you mean 'size'"):
        gd.examine(photos(place / "pets", cat=1), sise=3)


# Too many skipped


def test_a_twentieth_may_be_skipped_and_no_more(place: Path):
    root = photos(place / "pets", cat=19)
    (root / "cat" / "bad.png").touch()
    with pytest.warns(UserWarning, match="1 of 20 files"):
        data = gd.load(root, size=8)
    assert isinstance(data, Photos)
    assert data.scan.share == 0.05
    (root / "cat" / "worse.png").write_text("text")
    with pytest.raises(
        Unusable, match=r"2 of 21 files in .* cannot be used, 9.5%; at most 5.0% may be skipped"
    ) as error:
        gd.load(root, size=8)
    text = str(error.value)
    assert "  skipped  1  empty         cat/bad.png\n  skipped  1  not an image  cat/worse.png\n" in text
    assert "--data.skip 0.1, in Python skip=0.1." in text
    with pytest.warns(UserWarning, match="2 of 21 files"):
        assert len(gd.load(root, size=8, skip=0.1)) == 19
    for skip in (-0.1, 1.5):
        with pytest.raises(ValueError, match="'skip' is the largest share"):
            gd.load(root, size=8, skip=skip)
        with pytest.raises(ValueError, match="'skip' is the largest share"):
            gd.examine(root, size=8, skip=skip)


def test_training_stops_before_anything_is_written(place: Path, capsys: pytest.CaptureFixture[str]):
    root = photos(place / "pets", cat=9)
    (root / "cat" / "bad.png").touch()
    line = "train dcgan --data ./pets --data.size 8 --rounds 1 --batch 4 --architecture.channels 4 --quiet"
    assert cli.main(line.split()) == 2
    error = capsys.readouterr().err
    assert "10.0%; at most 5.0% may be skipped" in error
    assert "1  empty  cat/bad.png" in error
    assert "Traceback" not in error
    assert [path.name for path in place.iterdir()] == ["pets"]


def test_the_doctor_shows_what_training_refuses(place: Path, capsys: pytest.CaptureFixture[str]):
    root = photos(place / "pets", cat=9)
    (root / "cat" / "bad.png").touch()
    code, out, err = doctor("./pets --size 8", capsys)
    assert (code, err) == (1, "")
    assert "9 of 10 files are used" in out
    assert "at most 5.0% may be skipped" in out
    assert (place / SEEN).exists()
    assert doctor("./pets --data.size 8 --data.skip 0.1", capsys)[0] == 0
    for path in (root / "cat").iterdir():
        path.write_text("text")
    code, out, _ = doctor("./pets --size 8", capsys)
    assert code == 1
    assert "None of the 10 images" in out
    assert "10  not an image" in out


# The command


def test_the_doctor_of_data(place: Path, capsys: pytest.CaptureFixture[str]):
    photos(place / "pets", cat=4, dog=4)
    code, out, err = doctor("./pets --size 8 --flip True --out there", capsys)
    assert (code, err) == (0, "")
    assert "8 of 8 files are used" in out
    assert "cat 4, dog 4" in out
    assert (place / "there" / SEEN).exists()
    code, out, _ = doctor("./pets --size 8 --json", capsys)
    found = json.loads(out)
    assert code == 0
    assert found["scan"]["classes"] == {"cat": 4, "dog": 4}
    assert (found["forecast"], found["refused"]) == (None, [])
    assert doctor("digits", capsys)[0] == 0
    assert "1,797 samples" in doctor("digits", capsys)[1]


def test_the_data_itself_gets_no_picture(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    root = photos(place / "pets", cat=4)
    assert doctor("pets --size 8 --out pets/cat", capsys)[0] == 2
    monkeypatch.chdir(root)
    before = state(root)
    code, out, _ = doctor(". --size 8", capsys)
    assert code == 0
    assert "would become part of the data" in out
    assert state(root) == before


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "On what?"),
        ("dcgan", "On what? `ganarium doctor dcgan DATA`"),
        ("nowhere", "There is no data 'nowhere'"),
        ("dcgan nowhere", "There is no data 'nowhere'"),
        ("pets --sizee 8", "--size"),
        ("dcgan pets --latnt 8", "--latent"),
        ("dcgan pets --batch many", "--batch"),
        ("bare", "There are no images"),
        ("dcgan pets --device tpu --data.size 8 --batch 4", "There is no device"),
    ],
)
def test_misuse(place: Path, capsys: pytest.CaptureFixture[str], line: str, words: str):
    photos(place / "pets", cat=4)
    (place / "bare").mkdir()
    code, out, err = doctor(line, capsys)
    assert words in err + out
    assert code == (1 if "tpu" in line else 2)
    assert "Traceback" not in err


def test_help(place: Path, capsys: pytest.CaptureFixture[str]):
    assert "Exit code 1" in doctor("--help", capsys)[1]
    photos(place / "pets", cat=2)
    for line, words in {"./pets --help": "--load-size", "dcgan ./pets --help": "--data.load-size"}.items():
        with pytest.raises(SystemExit):
            doctor(line, capsys)
        assert words in capsys.readouterr().out


def test_a_terminal_gets_a_table(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    scan = Scan("pets", 5, {"empty": ["a [red].png"]}, {"CMYK (converted)": 2}, ["A note."])
    _show_table(scan)
    out = capsys.readouterr().out
    for words in ("pets: 4 of 5 files are used", "such as", "a [red].png", "CMYK (converted)", "A note."):
        assert words in out


# With a game


GAME = "dcgan ./pets --data.size 8 --batch 4 --architecture.channels 4"


def test_the_doctor_of_a_game_and_data(place: Path, capsys: pytest.CaptureFixture[str]):
    photos(place / "pets", cat=12, dog=1)
    code, out, err = doctor(f"{GAME} --epochs 2", capsys)
    assert (code, err) == (0, "")
    for words in ("memory ", "speed ", "6 rounds, 24 samples", "hours", "13 images are few", "--augment adaptive"):
        assert words in out, words
    assert "The class 'dog' has 1 image, and the largest 12" in out
    assert sorted(path.name for path in place.iterdir()) == ["pets", SEEN]
    code, out, _ = doctor(f"{GAME} --seen 8 --augment diff-augment --json", capsys)
    found = json.loads(out)
    assert code == 0
    assert found["forecast"]["seen"] == 8
    assert found["forecast"]["learning"] > 0
    assert found["forecast"]["per_thousand"] > 0
    assert [sentence[:12] for sentence in found["risks"]] == ["The run ends", "The class 'd"]


def test_minutes_become_rounds(place: Path, capsys: pytest.CaptureFixture[str]):
    photos(place / "pets", cat=8)
    found = json.loads(doctor(f"{GAME} --minutes 0.1 --json", capsys)[1])["forecast"]
    assert found["rounds"] > 10
    assert found["seconds"] == pytest.approx(6, rel=0.2)


def test_what_a_run_would_refuse(place: Path, capsys: pytest.CaptureFixture[str]):
    photos(place / "pets", cat=4)
    for line, words in {
        "dcgan ./pets --data.size 8 --batch 64": "a batch of 64",
        "dcgan ./pets --data.size 3 --batch 4": "sides of at least 8",
        "cgan ./pets --data.size 8 --batch 4": "the field 'y' as label",
    }.items():
        code, out, err = doctor(line, capsys)
        assert (code, err) == (1, ""), line
        assert "4 of 4 files are used" in out
        refused = out[out.index("\nrefused") :]
        assert words in refused


def test_toys_and_points_have_a_doctor_too(capsys: pytest.CaptureFixture[str]):
    assert doctor("gan toy --rounds 3", capsys)[0] == 0
    assert doctor("gan ring --data.count 500 --rounds 3 --batch 16", capsys)[0] == 0


def test_risks_are_said_only_where_there_are_any():
    class Many:
        spec = {"x": gd.load("digits").spec["x"]}
        scan = Scan("pets", 5000, {}, {"sides below 64 pixels (enlarged)": 10}, classes={"a": 2000, "b": 3000})

        def __len__(self) -> int:
            return 5000

    from ganarium import BEGAN, GAN, VAE
    from ganarium.running.settings import Settings

    long = Forecast("cpu", 10, 10_000, 2.0, 1.0, 1.0, 1, 1, 0, 0)
    data: Any = Many()
    spec = gd.load("digits").spec
    assert risks.risks(GAN(spec), data, Settings(), long) == []
    data.scan.converted = {"sides below 64 pixels (enlarged)": 2500}
    assert "--data.size 4" in risks.risks(GAN(spec), data, Settings(), long)[0]
    few = gd.load("digits", split="test")
    assert risks.risks(VAE(spec), few, Settings(), long) == []
    assert "no --augment" in risks.risks(BEGAN(spec), few, Settings(), long)[0]
    assert risks.risks(BEGAN(spec), few, Settings(), long)[-1] == BEGAN.caution
    assert "memory" in long.lines()
    assert "trial" not in long.lines()["memory"]


# What the discriminator sees


def test_the_picture_shows_batches_as_they_are_dealt(place: Path):
    data = gd.load(photos(place / "pets", cat=10), size=8, crop="random", flip=True)
    batches = data.batches(4, seed=3)
    x = torch.cat([next(batches)["x"] for _ in range(16)])
    found = seen(data, batch_size=4, seed=3)
    assert found is not None
    assert found.tobytes() == draw(x, data.spec["x"]).tobytes()


def test_the_picture_shows_what_the_games_augmentation_makes(place: Path):
    from ganarium import DCGAN
    from ganarium.ingredients import Cutout

    data = gd.load(photos(place / "pets", cat=10), size=8)
    plain, cut = (DCGAN(data.spec, augment=each) for each in (None, Cutout()))
    before = torch.get_rng_state()
    shown = [seen(data, game, batch_size=4) for game in (None, plain, cut, cut)]
    assert torch.equal(torch.get_rng_state(), before)
    bare, same, holes, again = (image.tobytes() for image in shown if image is not None)
    assert bare == same != holes == again


def test_pairs_are_rows_and_wide_images_few():
    for name in ("shape-pairs", "translation"):
        rows = seen(gd.load(name, count=40))
        assert rows is not None
        assert min(rows.size) > 40
    wide = seen(gd.from_tensors(torch.zeros(20, 1, 512, 512)))
    assert wide is not None
    assert wide.size == (2 + 2 * 514, 2 + 2 * 514)


def test_a_run_on_a_folder_keeps_the_picture(place: Path):
    import ganarium as ga

    data = gd.load(photos(place / "pets", cat=10), size=8)
    run = ga.fit(ga.GAN(data.spec), data, rounds=1, batch_size=4, seed=5, quiet=True)
    image = seen(data, batch_size=4, seed=5)
    assert image is not None
    with Image.open(run.path / SEEN) as kept:
        assert kept.convert(image.mode).tobytes() == image.tobytes()


def test_a_start_takes_no_other_look_at_the_files(place: Path, monkeypatch: pytest.MonkeyPatch):
    root = photos(place / "pets", cat=4)
    gd.load(root, size=8)
    monkeypatch.setattr(Folder, "start", None)
    monkeypatch.setattr("ganarium.data.files.store.decode", None)
    gd.load(root, size=8)


# Several processes


@pytest.mark.parametrize("variable", ["RANK", "LOCAL_RANK"])
def test_only_the_first_of_several_processes_warns(place: Path, monkeypatch: pytest.MonkeyPatch, variable: str):
    root = photos(place / "pets", cat=30)
    (root / "cat" / "bad.png").touch()
    monkeypatch.setenv(variable, "1")
    gd.load(root, size=8)  # a warning would be an error here
    monkeypatch.setenv(variable, "0")
    with pytest.warns(UserWarning, match="1 empty"):
        gd.load(root, size=8)


def test_a_checkup_is_plain():
    assert json.dumps(Checkup("data").plain())
