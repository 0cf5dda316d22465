"""Pictures: their sizes, their pixels, their files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganarium import data as gd
from ganarium import pictures
from ganarium.spec import Field

GREY = Field((1, 8, 8), "image")
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


def test_pictures_leave_no_trace():
    import matplotlib.pyplot as plt

    torch.manual_seed(0)
    pictures.draw(torch.zeros(4, 2), PLANE)
    assert not plt.get_fignums()
    assert torch.equal(torch.rand(2), torch.rand(2, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize(
    ("shape", "field", "keywords", "message"),
    [
        ((3, 5), Field((5,), "attributes"), {}, "pictures of image and points, not of attributes"),
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
