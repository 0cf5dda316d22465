"""Pictures: their sizes, their pixels, their files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganarium as ga
from ganarium import data as gd
from ganarium import pictures
from ganarium.cli import dispatch as cli
from ganarium.pictures import charts, films, planes, solids, texts
from ganarium.spec import Field

pytestmark = pytest.mark.usefixtures("plots")

GREY = Field((1, 8, 8), "image")
SOLID = Field((1, 8, 8, 8), "volume")
WORDS = Field((4,), "tokens", classes=5, names=("<pad>", "<start>", "<end>", "small", "box"))
PLANE = Field((2,), "points", scale=(2.0, 2.0), shift=(10.0, 0.0))


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


def test_bytes_come_back():
    every = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(pictures.to_uint8(every / 127.5 - 1), every)
    odd = torch.tensor([-9.0, 9.0, float("nan"), float("inf"), -float("inf")])
    assert pictures.to_uint8(odd).tolist() == [0, 255, 128, 255, 0]
    assert pictures.to_uint8(torch.ones(2, dtype=torch.bfloat16)).tolist() == [255, 255]


@pytest.mark.parametrize(
    ("n", "shape", "scale", "size"),
    [
        (1, (1, 8, 8), None, (52, 52)),
        (10, (1, 8, 8), None, (4 * 50 + 2, 3 * 50 + 2)),
        (4, (3, 32, 32), None, (2 * 66 + 2, 2 * 66 + 2)),
        (4, (3, 64, 64), None, (2 * 66 + 2, 2 * 66 + 2)),
        (4, (4, 8, 16), 1, (2 * 18 + 2, 2 * 10 + 2)),
        (2, (2, 8, 8), 2, (2 * 18 + 2, 18 + 2)),
        (1, (1, 1, 512), None, (516, 5 - 2 + 2)),
    ],
)
def test_size_of_a_grid(n: int, shape: tuple[int, ...], scale: int | None, size: tuple[int, int]):
    image = pictures.draw(torch.zeros(n, *shape), Field(shape, "image"), scale=scale)
    assert image.size == size
    assert image.mode == {3: "RGB", 4: "RGBA"}.get(shape[0], "L")


def test_pixels_of_a_grid():
    x = torch.full((3, 3, 2, 2), -1.0)
    x[1, 0, 0, 1] = 1.0
    grid = pixels(pictures.draw(x, Field((3, 2, 2), "image"), scale=3))
    assert grid.shape == (2 * 8 + 2, 2 * 8 + 2, 3)
    assert (grid[:2] == 255).all()
    assert (grid[2:8, 2:8] == 0).all()  # the first cell
    assert (grid[2:5, 13:16] == [255, 0, 0]).all()  # the bright pixel of the second, three times as wide
    assert (grid[10:, 10:] == 255).all()  # where there is no fourth


def test_data_is_shown_as_it_is():
    data = gd.load("digits")
    grid = pixels(pictures.draw(data["x"][:1], data.spec["x"], scale=1))[2:10, 2:10]
    assert (grid == ((data["x"][0, 0] + 1) * 127.5).round().numpy()).all()


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("behind", [False, True])
def test_plots_of_points(size: int, behind: bool):
    field = Field((size,), "points")
    x = torch.randn(50, size, generator=torch.Generator().manual_seed(0))
    x[0] = float("nan")
    image = pictures.draw(x, field, data=torch.randn(99, size) if behind else None)
    assert image.size == (600, 600)
    assert image.mode == "RGB"
    colours = pixels(image)[50:].reshape(-1, 3)
    assert (colours.min(0) < 255).any()
    assert pictures.draw(x, field, scale=2).size == (1200, 1200)


def test_samples_are_seen_on_the_data_and_not_beyond_it():
    """Red where the samples are; and none where they lie outside of the data's limits."""

    def red(samples: torch.Tensor) -> np.ndarray:
        image = pixels(pictures.draw(samples, PLANE, data=torch.tensor([[-1.0, -1.0], [1.0, 1.0]])))[40:]
        return (image[..., 0] - image[..., 2] > 60).sum()

    assert red(torch.zeros(20, 2)) > 5
    assert red(torch.full((20, 2), 50.0)) == 0
    assert red(torch.full((20, 2), float("nan"))) == 0


# Volumes, videos, sequences


def test_a_volume_is_seen_from_the_front_the_top_and_the_right():
    x = torch.full((4, 1, 8, 8, 8), -1.0)
    x[1, :, 0] = 1.0  # a plate in front
    x[2, :, :, 0] = 1.0  # on top
    x[3, ..., 7] = 1.0  # on the right
    cells = solids.shaded(x).long()
    background = cells[0]
    height, width = background.shape[1:]
    middles = []
    for cell in cells[1:]:
        changed = (cell != background).any(0)
        assert changed.float().mean() > 0.15
        middles.append(changed.nonzero().float().mean(0) / torch.tensor([height, width]))
    front, top, right = middles
    assert front[1] < 0.48
    assert front[0] > 0.5
    assert top[0] < 0.35
    assert right[1] > 0.55
    light = [cell[:, (cell != background).any(0)].float().median() for cell in cells[1:]]
    assert light[1] > light[0] > light[2]


def test_a_near_voxel_hides_a_far_one_and_a_volume_hides_the_floor():
    x = torch.full((2, 1, 6, 6, 6), -1.0)
    x[0] = 1.0
    x[1, :, 0] = x[1, :, :, 0] = x[1, ..., 5] = 1.0  # only its faces that are seen
    full, hollow = solids.shaded(x)
    assert torch.equal(full, hollow)
    lone = torch.full((1, 1, 6, 6, 6), -1.0)
    lone[..., 3, 3, 3] = 1.0
    assert (solids.shaded(lone)[0] != full).any(0).float().mean() > 0.3


@pytest.mark.parametrize("shape", [(1, 8, 8, 8), (1, 4, 8, 16), (3, 6, 6, 6), (1, 1, 1, 1)])
@pytest.mark.parametrize("scale", [None, 3])
def test_volumes_of_any_shape(shape: tuple[int, ...], scale: int | None):
    x = torch.rand(3, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    x[0, ..., 0] = float("nan")
    image = pictures.draw(x, Field(shape, "volume"), scale=scale)
    assert image.mode == "RGB"
    assert scale or 140 < image.width < 220
    assert len(np.unique(pixels(image).reshape(-1, 3), axis=0)) > 3


def test_a_video_is_a_row_of_frames():
    x = torch.full((2, 3, 4, 8, 8), -1.0)
    x[1, :, 2] = 1.0
    image = pixels(pictures.draw(x, Field((3, 4, 8, 8), "video"), scale=1))
    assert image.shape == (2 * 10 + 2, 4 * 9 - 1 + 4, 3)
    assert (image[2:10, 2:10] == 0).all()
    assert (image[2:10, 10] == 255).all()  # the line between two frames
    assert (image[12:20, 20:28] == 255).all()  # the third frame of the second video
    assert (image[12:20, 11:19] == 0).all()
    assert pictures.draw(x[:, :2], Field((2, 4, 8, 8), "video")).mode == "L"


@pytest.mark.parametrize("features", [1, 2, 3, 5])
def test_sequences_are_piano_rolls(features: int):
    x = torch.zeros(3, 16, features)
    x[..., min(1, features - 1)] = torch.linspace(-1, 1, 16)
    if features > 2:
        x[:, :8, 2] = -1.0
        x[:, 8:, 2] = 1.0
    image = pixels(pictures.draw(x, Field((16, features), "sequence")))
    assert image.shape == (2 * 66 + 2, 2 * 130 + 2, 3)
    cell = image[2:66, 2:130].sum(2)
    middles = [(cell[:, column] > 200).nonzero()[0].mean() for column in range(4, 128, 8)]
    assert (np.diff(middles) < 0).all()  # upward is up
    if features > 2:
        assert cell[:, :64].max() < cell[:, 64:].max()
    assert pictures.draw(x, Field((16, features), "sequence"), scale=2).width == 2 * 258 + 2


def test_sequences_beyond_their_range_and_longer_than_the_picture():
    x = torch.full((1, 400, 4), float("inf"))
    x[0, 0] = float("nan")
    assert pictures.draw(x, Field((400, 4), "sequence")).width == 404


# Text


def test_tokens_are_sentences():
    tokens = torch.tensor([[1, 3, 4, 2], [4, 2, 3, 3], [3, 9, 0, 0], [0, 0, 0, 0]])
    assert texts.sentences(tokens, WORDS) == ["small box", "box", "small 9", ""]
    assert texts.sentences(tokens[:1], Field((4,), "tokens", classes=5)) == ["1 3 4 2"]
    one = pictures.draw(tokens[:2], WORDS)
    assert pixels(pictures.draw(tokens[:2].float(), WORDS)).tolist() == pixels(one).tolist()
    assert (pixels(one) < 128).any()
    assert pictures.draw(tokens[3:], WORDS).height == one.height // 2
    many = pictures.draw(tokens[:1].repeat(40, 1), WORDS)
    assert (many.width, many.height) == (2 * one.width, 16 * one.height)
    assert pictures.draw(tokens[:2], WORDS, scale=2).height == 2 * one.height


# Rows


def test_rows_stand_below_each_other_with_their_labels():
    field = Field((3, 8, 8), "image")
    rows = [("input", torch.full((5, 3, 8, 8), -1.0)), ("a longer label", torch.ones(5, 3, 8, 8))]
    image = pixels(pictures.draw_rows(rows, field))
    width = 5 * 50 + 2
    assert image.shape[0] == 2 * 52
    left = image.shape[1] - width
    assert (image[2:50, left + 2 : left + 50] == 0).all()
    assert (image[54:102, left + 2 :] == 255).all()
    assert (image[:52, :left] < 128).any()
    assert (image[52:, :left] < 128).any()
    grey = Field((1, 8, 8), "image")
    assert pictures.draw_rows([rows[0], ("grey", torch.zeros(5, 1, 8, 8))], [field, grey]).size == (
        pictures.draw_rows([rows[0], ("grey", torch.zeros(5, 3, 8, 8))], field).size
    )


def test_rows_of_other_kinds():
    tokens = torch.tensor([[3, 4, 2, 0], [4, 4, 4, 2]])
    assert pictures.draw_rows([("source", tokens), ("truth", tokens)], WORDS).height == 4 * texts._LINE
    assert pictures.draw_rows([("x", torch.zeros(3, 2)), ("y", torch.ones(3, 2))], PLANE).width == 1200
    assert pictures.draw_rows([("x", torch.zeros(3, 1, 8, 8, 8))], SOLID).width > 3 * 88


@pytest.mark.parametrize(
    ("rows", "fields", "message"),
    [
        ([], GREY, "got 0 rows"),
        ([("x", torch.zeros(2, 1, 8, 8))], [GREY, GREY], "got 1 rows and 2 fields"),
        ([("x", torch.zeros(2, 1, 8, 8)), ("y", torch.zeros(2, 2))], [GREY, PLANE], "same kind"),
        ([("x", torch.zeros(2, 1, 8, 9))], GREY, r"have shape \(N, 1, 8, 8\)"),
        ([("x", torch.zeros(2))], Field((), "label", classes=2), "not of label"),
    ],
)
def test_rows_that_are_refused(rows: list[tuple[str, torch.Tensor]], fields: Any, message: str):
    with pytest.raises(ValueError, match=message):
        pictures.draw_rows(rows, fields)


def test_pictures_leave_no_trace():
    import matplotlib.pyplot as plt

    torch.manual_seed(0)
    pictures.draw(torch.zeros(4, 2), PLANE)
    assert not plt.get_fignums()
    assert torch.equal(torch.rand(2), torch.rand(2, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize(
    ("shape", "field", "keywords", "message"),
    [
        ((3, 5), Field((5,), "attributes"), {}, "pictures of image, volume, .* points and tokens, not of attributes"),
        ((3, 1, 8, 9), GREY, {}, r"have shape \(N, 1, 8, 8\).*got \(3, 1, 8, 9\)"),
        ((0, 1, 8, 8), GREY, {}, "N of 1 or more"),
        ((3, 1, 8, 8), GREY, {"scale": 0}, "got scale=0"),
    ],
)
def test_what_has_no_picture(shape: tuple[int, ...], field: Field, keywords: dict, message: str):
    with pytest.raises(ValueError, match=message):
        pictures.draw(torch.zeros(shape), field, **keywords)


def test_saving_is_whole_or_not_at_all(tmp_path: Path):
    image = pictures.draw(torch.zeros(4, 1, 8, 8), GREY)
    path = tmp_path / "new" / "grid.png"
    pictures.save(image, path)
    pictures.save(image, str(path))
    assert opened(path).size == image.size
    assert os.listdir(path.parent) == ["grid.png"]
    with pytest.raises(ValueError, match=r"Call it grid.png"):
        pictures.save(image, tmp_path / "grid.picture")
    with pytest.raises(OSError, match="cannot write"):
        pictures.save(Image.new("RGBA", (4, 4)), tmp_path / "grid.jpg")
    assert os.listdir(tmp_path) == ["new"]


def test_samples_as_files(tmp_path: Path):
    x = torch.linspace(-1, 1, 2 * 64).reshape(2, 1, 8, 8)
    pictures.write_samples(x, GREY, tmp_path / "x.png")
    assert opened(tmp_path / "x.png").size == (102, 52)
    pictures.write_samples(x, GREY, tmp_path / "x.npz")
    assert torch.equal(gd.load(tmp_path / "x.npz")["x"], x)
    pictures.write_samples(torch.ones(3, 2), PLANE, tmp_path / "points.npz")
    with np.load(tmp_path / "points.npz") as file:
        assert file["x"].tolist() == [[12, 2]] * 3
    with pytest.raises(ValueError, match=r"got x.gif"):
        pictures.write_samples(x, GREY, tmp_path / "x.gif")


@pytest.mark.parametrize(
    "field", [SOLID, WORDS, Field((3, 2, 8, 8), "video"), Field((6, 2), "sequence", scale=(2.0, 3.0), shift=(1.0, 0.0))]
)
def test_samples_of_other_kinds_as_files(field: Field, tmp_path: Path):
    x = field.random(3)
    pictures.write_samples(x, field, tmp_path / "x.png")
    assert opened(tmp_path / "x.png").mode == "RGB"
    pictures.write_samples(x, field, tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as file:
        assert np.allclose(file["x"], field.restore(x).numpy())
        assert (file["x"].dtype == np.int64) == field.counts
    with pytest.raises(ValueError, match="A folder takes images"):
        pictures.write_samples(x, field, tmp_path / "many")


def test_tokens_as_a_text_file(tmp_path: Path):
    pictures.write_samples(torch.tensor([[3, 4, 2, 0], [4, 2, 0, 0]]), WORDS, tmp_path / "x.txt")
    assert (tmp_path / "x.txt").read_text() == "small box\nbox\n"
    with pytest.raises(ValueError, match=r"A \.txt file takes tokens; these samples are image"):
        pictures.write_samples(torch.zeros(1, 1, 8, 8), GREY, tmp_path / "y.txt")


def test_samples_in_a_folder(tmp_path: Path):
    x = torch.linspace(-1, 1, 2 * 64).reshape(2, 1, 8, 8)
    for _ in range(2):  # the second time over the first
        pictures.write_samples(x, GREY, tmp_path / "many")
    assert sorted(os.listdir(tmp_path / "many")) == ["00000.png", "00001.png"]
    assert (pixels(opened(tmp_path / "many" / "00001.png")) == pictures.to_uint8(x)[1, 0].numpy()).all()
    with pytest.raises(ValueError, match=r"other things, such as 00001.png"):
        pictures.write_samples(x[:1], GREY, tmp_path / "many")
    with pytest.raises(ValueError, match=r"npz file"):
        pictures.write_samples(torch.ones(3, 2), PLANE, tmp_path / "points")


# Trainings


def log_rows(count: int = 400, **changes) -> list[dict[str, Any]]:
    wave = np.sin(np.arange(count) / 20)
    return [
        {
            "round": i,
            "seen": 64 * i,
            "stage": "play",
            "terms": {"critic/real": value, "generator/fake": -value},
            **changes,
        }
        for i, value in enumerate(wave.tolist(), 1)
    ]


def drawn_run(path: Path, rounds: list[int], size: tuple[int, int] = (200, 100), noise: bool = False) -> Path:
    """A folder with pictures of some rounds, and a log of every tenth."""
    generator = np.random.default_rng(0)
    (path / "pictures").mkdir(parents=True)
    for round in rounds:
        made = generator.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        image = Image.fromarray(made) if noise else Image.new("L", size, 99)
        pictures.save(image, path / "pictures" / f"{round:07d}.png")
    lines = [json.dumps({"round": round, "seen": 64 * round, "terms": {}}) + "\n" for round in range(10, 101, 10)]
    (path / "log.jsonl").write_text("".join(lines))
    return path


def test_a_film_has_a_frame_for_each_picture_and_holds_the_last(tmp_path):
    rounds = [0, 3, 15, 100]
    path = drawn_run(tmp_path / "run", rounds)
    assert pictures.film(path, tmp_path / "film.gif") == 4
    with Image.open(tmp_path / "film.gif") as film:
        assert getattr(film, "n_frames", 1) == 4
        held = []
        for place in range(4):
            film.seek(place)
            held.append(film.info["duration"])
        assert film.width == 200
        assert film.height > 110
    assert held == [films.HELD] * 3 + [films.LAST]
    said = films.captions(films.frames_of(path), path)
    assert said == [f"round {round:,}, {64 * round:,} samples seen" for round in rounds]


def test_a_film_is_shrunk_until_it_is_small_enough(tmp_path):
    path = drawn_run(tmp_path / "run", [1, 2, 4], (400, 300), noise=True)
    assert pictures.film(path, tmp_path / "film.gif", most=200_000) == 3
    assert 100_000 < (tmp_path / "film.gif").stat().st_size <= 200_000
    with Image.open(tmp_path / "film.gif") as film:
        assert 160 < film.width < 400


def test_a_film_of_pictures_of_other_names_and_sizes(tmp_path):
    for name, size in {"a.png": (300, 40), "b.png": (20, 90)}.items():
        pictures.save(Image.new("RGBA", size), tmp_path / name)
    assert pictures.film([tmp_path / "a.png", tmp_path / "b.png"], tmp_path / "film.gif") == 2
    assert films.captions([tmp_path / "a.png"], [tmp_path / "a.png"]) == ["a"]
    with Image.open(tmp_path / "film.gif") as film:
        assert film.width == 300


def test_no_film_without_pictures(tmp_path):
    with pytest.raises(ValueError, match=r"there are none in .*pictures"):
        pictures.film(tmp_path, tmp_path / "film.gif")
    with pytest.raises(ValueError, match=r"a .gif file; got film.mp4. Call it film.gif"):
        pictures.film(tmp_path, tmp_path / "film.mp4")
    with pytest.raises(ValueError, match=r"There is no picture .*x.png"):
        pictures.film([tmp_path / "x.png"], tmp_path / "film.gif")
    assert not list(tmp_path.iterdir())


def test_the_film_command(tmp_path, capsys):
    path = drawn_run(tmp_path / "run", [0, 50])
    (path / "config.yaml").write_text("format: 1\n")
    assert cli.main(["film", str(path)]) == 0
    assert f"2 frames in {path / 'film.gif'}" in capsys.readouterr().out
    assert cli.main(["film", str(path), "--out", "x.avi"]) == 2
    assert "a .gif file" in capsys.readouterr().err


def test_curves_have_a_panel_for_each_player_and_metric():
    rows = log_rows(metrics={"frechet/digits": 1.0, "recall": None})
    assert [panel.title for panel in charts.panels(rows)] == ["critic", "generator", "frechet/digits", "recall"]
    assert pictures.curves(rows).size == (1000, 600)
    assert pictures.curves(rows, only="generator").size == (500, 300)
    assert pictures.curves(log_rows(), columns=1).size == (500, 600)
    for log, words in (([], "no terms yet"), ([{"seen": 3, "terms": {}}], "no terms yet")):
        with pytest.raises(ValueError, match=words):
            pictures.curves(log)
    with pytest.raises(ValueError, match="no panel 'judge'"):
        pictures.curves(rows, only="judge")


def test_smoothing_is_a_mean_around_each_place():
    wave = np.sin(np.arange(400) / 20)
    assert np.abs(charts.smoothed(wave.tolist()) - wave).max() < 0.15
    line = np.arange(400.0)
    assert np.allclose(charts.smoothed(line.tolist())[5:-5], line[5:-5])
    assert np.allclose(charts.smoothed([3.0] * 50 + [float("nan")] + [3.0] * 349), 3.0)


def test_outliers_do_not_flatten_curves_and_stages_are_marked():
    def ink(rows: list[dict[str, Any]]) -> np.ndarray:
        return pixels(pictures.curves(rows, only="critic")).min(2) < 130

    calm, wild = log_rows(), log_rows()
    for place in (100, 300):
        wild[place]["terms"]["critic/real"] = 1e6
    wild[200]["terms"]["critic/real"] = float("inf")
    high = [ink(rows)[40:230, 60:].any(1).sum() for rows in (calm, wild)]
    assert high[1] > 0.7 * high[0]
    two = [{**row, "stage": "first" if place < 200 else "second"} for place, row in enumerate(calm)]
    assert not np.array_equal(ink(two), ink(calm))


def test_the_plane_of_a_game():
    """The panels that a game can have, in a picture that follows from the seed."""
    data = gd.load("ring", count=500)
    game = ga.GAN.on(data)
    state = torch.get_rng_state()
    image = pixels(pictures.plane(game, data, count=200))
    assert (image == pixels(pictures.plane(game, data, count=200))).all()
    assert torch.equal(state, torch.get_rng_state())
    assert image.shape[1] == 1000
    assert image.shape[0] > 1000
    assert (image != pixels(pictures.plane(game, data, count=200, seed=1))).any()
    assert pictures.plane(ga.VAE.on(data), data, count=50).height < 600  # no scores


@pytest.mark.parametrize("latent", [2, 5])
def test_the_plane_shows_the_map_of_the_latent(latent: int):
    class Decoding(ga.GAN):
        def latents(self, n):
            return self.noise(n)

        def decode(self, z):
            return z[:, :2]

    data = gd.load("ring", count=300)
    plain, decoding = (pictures.plane(game.on(data, latent=latent), data, count=50) for game in (ga.GAN, Decoding))
    blue = [(pixels(image)[540:, :490] @ [-1, 0, 1] > 60).sum() for image in (plain, decoding)]
    assert blue[0] < 100 < blue[1]


@pytest.mark.parametrize("energy", [False, True])
def test_samples_are_pushed_towards_data(energy: bool):
    class Bowl(ga.GAN):
        def score(self, x, **condition):
            return (1 if energy else -1) * x.square().sum(1)

    Bowl.energy = energy
    x = torch.randn(9, 2, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(planes.pushes(Bowl.toy(), x), -2 * x)


def test_the_plane_is_of_points_in_the_plane():
    digits = gd.load("digits")
    with pytest.raises(ValueError, match="games of points of two coordinates; DCGAN plays on image 1 x 8 x 8"):
        pictures.plane(ga.DCGAN.on(digits), digits)
    with pytest.raises(ValueError, match="CycleGAN has no field 'x'"):
        pictures.plane(ga.CycleGAN.toy(), digits)
