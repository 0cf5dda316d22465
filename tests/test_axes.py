"""Which axis is which: plain from the shape or said, never guessed; and datasets of any class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import ganarium as ga
from ganarium import data as gd
from ganarium.spec import Kind


@pytest.mark.parametrize(
    ("shape", "kind", "expected"),
    [
        ((2, 16, 16), None, (1, 16, 16)),
        ((2, 3, 24, 32), None, (3, 24, 32)),
        ((2, 24, 32, 3), None, (3, 24, 32)),
        ((2, 4, 4, 1), None, (1, 4, 4)),
        ((2, 1, 4, 4), None, (1, 4, 4)),
        ((2, 5, 16, 16), "image", (5, 16, 16)),
        ((2, 2, 24, 32), "image", (2, 24, 32)),
        ((2, 16, 16, 16, 1), None, (1, 16, 16, 16)),
        ((2, 2, 8, 8, 8), "volume", (2, 8, 8, 8)),
        ((2, 16, 32, 32, 3), "video", (3, 16, 32, 32)),
    ],
)
def test_plain_shapes_are_read_as_they_are(shape: tuple[int, ...], kind: Kind | None, expected: tuple[int, ...]):
    x = torch.rand(shape)
    data = gd.from_tensors(x, kind=kind)
    assert data.spec["x"].shape == expected
    moved = x.movedim(-1, 1) if shape[-1] == expected[0] != shape[1] else x
    assert torch.allclose(data["x"], moved.reshape(2, *expected) * 2 - 1, atol=1e-6)


@pytest.mark.parametrize("kind", [None, "image"])
@pytest.mark.parametrize("shape", [(2, 16, 16, 12), (2, 16, 16, 2), (2, 8, 8, 8), (2, 4, 32, 3), (2, 64, 8, 6)])
def test_images_that_could_lie_in_two_ways_are_refused_until_their_axes_are_said(
    shape: tuple[int, ...], kind: Kind | None
):
    x = torch.rand(shape)
    with pytest.raises(ValueError, match="does not say which axis is that of the channels") as caught:
        gd.from_tensors(x, kind=kind)
    for axes, order in {"NCHW": (0, 1, 2, 3), "NHWC": (0, 3, 1, 2), "NDHW": (0, 1, 2, 3)}.items():
        assert f"axes='{axes}'" in str(caught.value)
        data = gd.from_tensors(x, axes=axes)
        assert data.spec["x"].kind == ("volume" if axes == "NDHW" else "image")
        assert torch.allclose(data["x"].flatten(), x.permute(order).flatten() * 2 - 1, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "kind", "axes", "field"),
    [
        ((2, 16, 3, 8, 8), "video", "NTCHW", "video 3 x 16 x 8 x 8"),
        ((2, 16, 16, 16, 2), None, "NDHWC", "volume 2 x 16 x 16 x 16"),
        ((2, 1, 160), None, "NFT", "sequence 160 x 1"),
        ((2, 1, 160), "sequence", "NFT", "sequence 160 x 1"),
        ((2, 160, 2), None, "NTF", "sequence 160 x 2"),
        ((2, 1, 160), None, "NHW", "image 1 x 1 x 160"),
    ],
)
def test_other_kinds_are_named_in_the_advice(shape: tuple[int, ...], kind: Kind | None, axes: str, field: str):
    x = torch.arange(torch.Size(shape).numel()).reshape(shape) / torch.Size(shape).numel()
    with pytest.raises(ValueError, match=f"axes='{axes}'"):
        gd.from_tensors(x, kind=kind)
    data = gd.from_tensors(x, axes=axes)
    assert str(data.spec["x"]) == field
    letters = {"video": "NCTHW", "volume": "NCDHW", "sequence": "NTF"}.get(data.spec["x"].kind, "NHW")
    lying = x.permute([axes.index(letter) for letter in letters])
    back = data.spec["x"].restore(data["x"]) if data.spec["x"].kind == "sequence" else (data["x"] + 1) / 2
    assert torch.allclose(back.reshape(lying.shape), lying, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"axes": "NHW"}, "4 axes, and axes='NHW' has 3"),
        ({"axes": "HWCN"}, "samples first"),
        ({"axes": "NHWW"}, "letter each"),
        ({"axes": "NHWC", "kind": "volume"}, "are those of image, and kind='volume'"),
    ],
)
def test_axes_that_are_refused(options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        gd.from_tensors(torch.rand(2, 8, 8, 5), **options)
    with pytest.raises(ValueError, match="Leave range out"):
        gd.from_tensors(torch.rand(4, 2), axes="ND", range=(0, 1))


def test_a_range_of_sequences():
    x = torch.linspace(0, 1 + 1e-6, 12).reshape(2, 3, 2)
    data = gd.from_tensors(x, kind="sequence", range=(0, 1))
    assert torch.allclose(data["x"], x * 2 - 1, atol=1e-5)
    with pytest.raises(ValueError, match="beyond range"):
        gd.from_tensors(x, axes="NTF", range=(0, 0.5))


def test_axes_are_kept_with_the_data(tmp_path: Path):
    x = np.random.default_rng(0).random((4, 6, 5, 7), dtype=np.float32)
    np.savez(tmp_path / "bands.npz", x=x)
    data = gd.load(str(tmp_path / "bands.npz"), axes="NHWC")
    assert data.source is not None
    assert torch.equal(gd.from_source(data.source)["x"], data["x"])
    assert data.spec["x"].shape == (7, 6, 5)


class Frames:
    """A dataset that is nobody's child."""

    def __init__(self, item: Callable[[int], Any]):
        self.item = item

    def __len__(self) -> int:
        return 12

    def __getitem__(self, place: int) -> Any:
        return self.item(place)


def test_a_dataset_of_any_class_is_taken():
    data = gd.load(Frames(lambda place: (torch.full((1, 4, 4), place / 11), place % 2)))
    assert len(data) == 12
    assert data["y"].tolist() == [0, 1] * 6


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (lambda place: None if place == 5 else torch.zeros(2), "Item 5 of the dataset is None"),
        (lambda place: (torch.zeros(2), None if place == 7 else 1), "'y' is None in item 7"),
        (lambda place: {"x": None if place == 0 else torch.zeros(2)}, "'x' is None in item 0"),
    ],
)
def test_an_item_that_is_none_is_named(item: Callable[[int], Any], message: str):
    with pytest.raises(ValueError, match=message):
        gd.load(Frames(item))


@pytest.mark.parametrize(
    ("what", "remedy"),
    [
        (DataLoader(TensorDataset(torch.rand(4, 2)), 2), r"got DataLoader. Give what it deals: loader\.dataset"),
        ({"x": torch.rand(4, 2)}, r"from_tensors\(\*\*arrays\)"),
        ((torch.rand(4, 2), torch.zeros(4)), r"from_tensors\(x, y\)"),
        (iter([1, 2]), "__len__ and __getitem__"),
    ],
)
def test_what_is_no_dataset_is_told_what_is(what: Any, remedy: str):
    with pytest.raises(ValueError, match=remedy):
        gd.load(what)


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_gradients_that_are_off_are_named(tmp_path: Path, off: Any):
    data = gd.load("ring", count=64)
    game = ga.GAN.on(data)
    with off(), pytest.raises(ValueError, match=r"Gradients are switched off.*no_grad"):
        ga.fit(game, data, rounds=1, batch_size=4, quiet=True, out=str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    playing = ga.Trainer(game).play(data, 4, 2)
    with torch.no_grad(), pytest.raises(ValueError, match="Gradients are switched off"):
        next(playing)
