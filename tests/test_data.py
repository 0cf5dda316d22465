"""The order of data, its splits, the arrays it takes, and its worlds."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from ganarium import data as gd
from ganarium.data.order import Order
from ganarium.spec import Batch, Field, Spec
from ganarium.zoo.index import loaders


def numbered(n: int = 10, labels: int = 0) -> gd.Data:
    """Images that say their own number: x = place / 1000."""
    x = (torch.arange(n) / 1000).reshape(n, 1, 1, 1).expand(n, 1, 2, 2)
    y = torch.arange(n) % labels if labels else None
    return gd.from_tensors(x, y, range=(-1, 1))


def joined(parts: Iterable[list[int]]) -> list[int]:
    return list(itertools.chain.from_iterable(parts))


def drawn(batches: Iterator[Batch], number: int) -> list[list[int]]:
    return [batch["index"].tolist() for batch in itertools.islice(batches, number)]


class Pairs(Dataset):
    """Items (x, y) of tensors; in another process too."""

    def __init__(self, x: Tensor, y: Tensor):
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        return self.x[place], int(self.y[place])


class Noisy(Pairs):
    """Items that draw from all three global streams."""

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        x = torch.full((1, 2, 2), 0.5)
        x[0, 0] = torch.rand(2)
        x[0, 1, 0], x[0, 1, 1] = random.random(), float(np.random.rand())
        return x * 2 - 1, int(self.y[place])


# The order


def test_order_is_a_function_of_seed_and_epoch():
    order, again = Order(50, seed=3), Order(50, seed=3)
    later = again.permutation(7).clone()
    assert torch.equal(order.permutation(7), later)
    assert not torch.equal(order.permutation(6), later)
    assert not torch.equal(Order(50, seed=4).permutation(7), later)


def test_each_epoch_holds_each_sample_once():
    stream = joined(drawn(numbered().batches(4, seed=1), 15))  # 60 positions: six epochs of ten
    epochs = [stream[start : start + 10] for start in range(0, 60, 10)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 6


def test_skipping_equals_running():
    data = numbered()
    whole = drawn(data.batches(4, seed=5), 12)
    for start in (1, 2, 3, 7):
        assert drawn(data.batches(4, seed=5, start=start), 12 - start) == whole[start:]
    assert len(drawn(data.batches(4, seed=5, start=10**12), 2)) == 2


def test_parts_make_the_whole():
    data = numbered()
    whole = drawn(data.batches(6, start=1), 9)
    parts = [drawn(data.batches(6, start=1, part=(rank, 3)), 9) for rank in range(3)]
    assert [joined(slices) for slices in zip(*parts, strict=True)] == whole


def test_rows_match_their_index():
    for batch in itertools.islice(numbered().batches(7), 5):
        assert torch.allclose(batch["x"][:, 0, 0, 0] * 1000, batch["index"].float(), atol=1e-3)


def test_writing_into_a_batch_changes_nothing():
    data = numbered()
    whole = drawn(data.batches(4), 5)
    changed = []
    for batch in itertools.islice(data.batches(4), 5):
        changed.append(batch["index"].tolist())
        batch["index"].zero_()
        batch["x"].zero_()
    assert changed == whole
    assert data["x"].sum() > 0


def test_the_global_stream_is_untouched():
    torch.manual_seed(0)
    expected = torch.rand(3)
    for make in (lambda: numbered(20, 2), lambda: gd.load("ring", count=100)):
        torch.manual_seed(0)
        data = make()
        list(itertools.islice(data.train.batches(4), 3))
        assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("size", [1, 3, 10, 99])
def test_sweep_goes_through_once_in_order(size: int):
    batches = list(numbered().sweep(size))
    assert joined(batch["index"].tolist() for batch in batches) == list(range(10))
    assert all(len(batch["x"]) == size for batch in batches[:-1])


def test_parts_of_a_sweep_make_the_whole():
    data = numbered(13)
    for size, of in ((4, 2), (6, 3), (12, 4)):
        places = [batch["index"].tolist() for rank in range(of) for batch in data.sweep(size, part=(rank, of))]
        assert sorted(joined(places)) == list(range(13))


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"size": 0}, "at least one sample"),
        ({"size": 11}, "has 10 samples.*Take 10 or fewer"),
        ({"size": 4, "part": (0, 3)}, "does not divide among 3.*such as 3"),
        ({"size": 4, "part": (2, 2)}, "0 <= rank"),
        ({"size": 4, "start": -1}, "0 or more"),
    ],
)
def test_batches_refuses_at_once(keywords: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        numbered().batches(**keywords)


def test_a_field_that_is_not_there():
    with pytest.raises(ValueError, match="data has no field 'y'; it has x, index"):
        _ = numbered()["y"]


# Parts


def test_splits_are_disjoint_stratified_and_fixed():
    y = torch.tensor([0] * 60 + [1] * 30 + [-1] * 11)
    data = gd.from_tensors(torch.arange(101.0), y)
    train, test = data.train, data.test
    assert len(train) == 81
    assert len(test) == 20
    assert train.spec["index"].classes == 81
    values = torch.cat([data.spec["x"].restore(part["x"]) for part in (train, test)]).flatten()
    assert torch.equal(values.sort().values.round(), torch.arange(101.0))
    assert [(test["y"] == label).sum().item() for label in (0, 1, -1)] == [12, 6, 2]
    assert torch.equal(gd.from_tensors(torch.arange(101.0), y).test["x"], test["x"])


def test_parts_know_each_other_and_count_from_zero():
    data = numbered(20)
    assert torch.equal(data.train.test["x"], data.test["x"])
    assert torch.equal(data.test.test["x"], data.test["x"])
    assert sorted(joined(drawn(data.test.batches(2), 2))) == [0, 1, 2, 3]
    assert str(data.train) == "data, train: 16 samples; x image 1 x 2 x 2; 256 bytes"


def test_subset_and_its_own_split():
    data = numbered(20)
    part = data.subset([5, 3, 11, 7, 2])
    assert (part["x"][:, 0, 0, 0] * 1000).round().tolist() == [5, 3, 11, 7, 2]
    assert part["index"].tolist() == [0, 1, 2, 3, 4]
    inner = torch.cat([part.train["x"], part.test["x"]])[:, 0, 0, 0] * 1000
    assert sorted(inner.round().tolist()) == [2, 3, 5, 7, 11]
    assert len(data.subset(torch.arange(20) < 6)) == 6
    wrongs: list[Any] = [[], [20], [-1], [0.5]]
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"subset of|has the samples 0 to 19"):
            data.subset(wrong)
    with pytest.raises(ValueError, match="one sample"):
        _ = data.subset([1]).train


def test_factors_follow_the_samples():
    ring = gd.load("ring", count=200)
    for part in (ring, ring.train, ring.test.subset([4, 1])):
        assert part.factors is not None
        assert torch.equal(part.factors["mode"], part["y"])
    assert numbered().factors is None


def test_data_on_a_device():
    data = numbered().train
    assert data.to("cpu") is data
    assert data.to("meta").device == torch.device("meta")
    assert data.device == torch.device("cpu")


# Arrays


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4", torch.float64, torch.bfloat16])
def test_points_of_any_float(dtype: Any):
    raw = np.random.default_rng(0).normal(3.0, 2.0, (500, 2))
    raw[:, 1] = 7
    given = torch.tensor(raw, dtype=dtype) if isinstance(dtype, torch.dtype) else raw.astype(dtype)
    data = gd.from_tensors(given)
    x, field = data["x"], data.spec["x"]
    assert x.dtype == torch.float32
    assert field.kind == "points"
    assert torch.allclose(x.mean(0), torch.zeros(2), atol=1e-5)
    assert torch.allclose(x.std(0, correction=0), torch.tensor([1.0, 0.0]), atol=1e-5)
    assert field.scale[1] == 1.0
    assert np.allclose(field.restore(x).numpy(), raw, atol=0.05)


BYTES = np.arange(2 * 5 * 6 * 3, dtype=np.uint8).reshape(2, 5, 6, 3)


@pytest.mark.parametrize(
    ("array", "shape"),
    [
        (BYTES[..., 0], (1, 5, 6)),
        (BYTES, (3, 5, 6)),
        (BYTES.transpose(0, 3, 1, 2), (3, 5, 6)),
        (torch.from_numpy(BYTES), (3, 5, 6)),
        (BYTES[..., :1], (1, 5, 6)),
        (np.zeros((2, 4, 4, 1), np.uint8), (1, 4, 4)),
        (np.zeros((2, 3, 3, 3), np.uint8), (3, 3, 3)),
        (np.zeros((2, 1, 4, 5, 6), np.uint8), (1, 4, 5, 6)),
    ],
)
def test_layouts_of_images(array: Any, shape: tuple[int, ...]):
    data = gd.from_tensors(array)
    assert data.spec["x"] == Field(shape, "image" if len(shape) == 3 else "volume")
    assert data["x"].shape == (2, *shape)
    if shape == (3, 5, 6):
        assert torch.equal(data["x"], torch.from_numpy(BYTES).permute(0, 3, 1, 2) / 127.5 - 1)


def test_bytes_are_kept_as_bytes():
    assert str(gd.from_tensors(BYTES)).endswith("; 180 bytes")


def test_two_classes_of_one_name_cannot_be_told_apart():
    with pytest.raises(ValueError, match="Two classes of 'y' are called cat"):
        gd.from_tensors(np.zeros((3, 2), np.float32), y=[0, 1, 2], names=["cat", "dog", "cat"])


@pytest.mark.parametrize(
    ("low", "high", "span", "expected"),
    [
        (-1, 1, None, (-1, 1)),
        (-0.5, 0.9, None, (-0.5, 0.9)),
        (0, 1, None, (-1, 1)),
        (0.25, 0.5, None, (-0.5, 0)),
        (0, 255, (0, 255), (-1, 1)),
        (0, 8, (0, 16), (-1, 0)),
    ],
)
def test_ranges_of_images(low: float, high: float, span: Any, expected: tuple[float, float]):
    raw = torch.linspace(low, high, 32).reshape(2, 4, 4)
    data = gd.from_tensors(raw, range=span)
    x = data["x"]
    assert (x.min().item(), x.max().item()) == pytest.approx(expected, abs=1e-6)
    if span:
        assert torch.allclose(data.spec["x"].restore(x)[:, 0], raw, atol=1e-4)


def test_truth_values_and_read_only_and_reversed_arrays():
    masks = np.array([[[True, False]], [[False, True]]])
    assert gd.from_tensors(masks)["x"].flatten().tolist() == [1, -1, -1, 1]
    frozen = np.linspace(0, 1, 8).reshape(4, 2)
    frozen.setflags(write=False)
    assert len(gd.from_tensors(frozen[::-1])) == 4


def test_kinds_that_shapes_do_not_tell():
    walk = np.cumsum(np.ones((4, 5, 2)), 1) * [1, 10]
    data = gd.from_tensors(walk, kind="sequence")
    assert data.spec["x"].kind == "sequence"
    assert data["x"].amin((0, 1)).tolist() == [-1, -1]
    assert np.allclose(data.spec["x"].restore(data["x"]), walk, atol=1e-4)
    tokens = gd.from_tensors([[0, 5], [2, 1]], kind="tokens")
    assert tokens.spec["x"] == Field((2,), "tokens", classes=6)
    assert tokens["x"].dtype == torch.int64
    assert gd.from_tensors([[0, 5], [2, 1]], kind="points").spec["x"].kind == "points"
    assert gd.from_tensors(torch.rand(2, 3, 4, 5, 5), kind="video").spec["x"].kind == "video"
    assert gd.from_tensors(torch.rand(2, 2, 5, 5), kind="image").spec["x"].shape == (2, 5, 5)


@pytest.mark.parametrize(
    ("y", "names", "places", "expected"),
    [
        ([0, 2, -1], (), [0, 1, -1], ("0", "2")),
        ([100, 200, 100], (), [0, 1, 0], ("100", "200")),
        ([1, 3, 2], (), [0, 2, 1], ("1", "2", "3")),
        (np.array([0.0, 1.0, 1.0]), (), [0, 1, 1], 2),
        (torch.tensor([[1], [0], [1]]), (), [1, 0, 1], 2),
        (["b", "a", "b"], (), [1, 0, 1], ("a", "b")),
        (np.array(["b", "a", "b"], dtype=object), ("b", "a", "c"), [0, 1, 0], ("b", "a", "c")),
        ([1, 0, -1], ("no", "yes"), [1, 0, -1], ("no", "yes")),
    ],
)
def test_labels(y: Any, names: tuple[str, ...], places: list[int], expected: Any):
    data = gd.from_tensors(torch.rand(3, 2), y, names=names)
    field = data.spec["y"]
    assert data["y"].tolist() == places
    assert (field.names or field.classes) == expected
    assert field.classes == len(field.names) or not field.names


def test_more_fields_by_name():
    data = gd.from_tensors(
        a=torch.rand(3, 4, 4),
        b=BYTES[:1].repeat(3, 0),
        c=[[0, 1], [1, 1], [0, 0]],
        text=[[1, 2], [0, 0], [3, 1]],
        mass=[0.1, 0.2, 0.3],
        charge=[0, 1, 1],
    )
    kinds = {name: field.kind for name, field in data.spec.items()}
    assert kinds == {
        "a": "image",
        "b": "image",
        "c": "attributes",
        "text": "tokens",
        "mass": "attributes",
        "charge": "label",
        "index": "index",
    }
    assert data["c"].dtype == torch.float32
    assert data.spec["mass"].shape == (1,)


X = torch.rand(4, 2)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({}, "no array"),
        ({"x": X, "index": [1, 2, 3, 4]}, "another name"),
        ({"x": torch.tensor([[1.0, float("nan")], [float("inf"), 0]])}, r"2 numbers that are NaN.*first at \[0, 1\]"),
        ({"x": torch.empty(0, 2)}, r"\(0, 2\), which holds no samples"),
        ({"x": 3.0}, "holds no samples"),
        ({"x": np.array([{}, {}])}, "type object"),
        ({"x": X * 1j}, "type complex64"),
        ({"x": np.zeros(3, complex)}, "type complex128"),
        ({"x": [[1, 2], [3]]}, "not an array"),
        ({"x": np.array(["a", "b"])}, "type <U1"),
        ({"x": torch.arange(4)}, "kind='points', kind='tokens'"),
        ({"x": torch.rand(2, 2, 2, 2, 2, 2)}, "no kind of data"),
        ({"x": torch.rand(2, 7, 8, 9)}, "colour channels.*axes='NCHW'"),
        ({"x": X, "kind": "image"}, r"would have \(N, C, H, W\)"),
        ({"x": torch.rand(2, 3, 3), "kind": "points"}, r"shape \(N, D\)"),
        ({"x": X, "kind": "picture"}, "of the kinds points, image"),
        ({"x": torch.rand(2, 3, 3) * 255}, r"go from .*range=\(0, "),
        ({"x": torch.rand(2, 3, 3) * 255, "range": (0, 1)}, "beyond range"),
        ({"x": torch.rand(2, 3, 3), "range": (1, 0)}, "low < high"),
        ({"x": X, "range": (0, 1)}, "is points"),
        ({"x": X, "y": [0, 1, 2]}, "'x' has 4 samples and 'y' has 3"),
        ({"x": X, "y": [0, 1, 2, -2]}, "goes down to -2"),
        ({"x": X, "y": [0, 1, 2, 0.5]}, r"0.5 at \[3\]"),
        ({"x": X, "y": [-1] * 4}, "not known"),
        ({"x": X, "y": torch.eye(4)}, r"argmax\(1\)"),
        ({"x": X, "y": [0, 1, 2, 3], "names": ("a", "b")}, "only 2 classes"),
        ({"x": X, "y": list("abca"), "names": ("a", "b")}, "'c' is not among"),
        ({"x": X, "text": [[0.5]] * 4}, "whole number"),
    ],
)
def test_arrays_that_are_refused(keywords: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=f"(?s){message}") as caught:
        gd.from_tensors(**keywords)
    assert str(caught.value).count("\n") < 3


# Files


def test_npz_and_npy_come_back(tmp_path: Path):
    np.savez(tmp_path / "mine.npz", x=BYTES, y=np.array(["b", "a"]), c=np.ones((2, 3)))
    data = gd.load(tmp_path / "mine.npz")
    assert list(data.spec) == ["x", "y", "c", "index"]
    assert data.source == {"name": str(tmp_path / "mine.npz"), "options": {}}
    np.save(tmp_path / "mine.npy", np.full((5, 4, 4), 7))
    data = gd.load(str(tmp_path / "mine.npy"), range=(0, 14), split="train")
    assert data.source == {"name": str(tmp_path / "mine.npy"), "options": {"range": [0, 14], "split": "train"}}
    assert data.source is not None
    again = gd.from_source(data.source)
    assert torch.equal(again["x"], torch.zeros(4, 1, 4, 4))
    assert again.source == data.source


def test_files_that_cannot_be_read(tmp_path: Path):
    (tmp_path / "text.npz").write_text("nothing")
    (tmp_path / "text.txt").write_text("nothing")
    (tmp_path / "empty.npy").touch()
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    np.savez(tmp_path / "clash.npz", x=X.numpy(), names=np.zeros(4))
    for name, message in {
        "text.npz": "cannot be read",
        "empty.npy": "cannot be read",
        "objects.npy": "cannot be read",
        "clash.npz": "an option's name",
        "missing.npz": "no file",
        "text.txt": "type that is not read",
        ".": "no images in .*: only 5 other files",
    }.items():
        with pytest.raises(ValueError, match=message):
            gd.load(tmp_path / name)


# Names


@pytest.mark.parametrize(
    ("what", "options", "message"),
    [
        ("rin", {}, r"called 'rin'. Did you mean 'ring'\? There are: digits, grid"),
        ("ring", {"mode": 3}, r"'ring' has no option 'mode'. Did you mean 'modes'\?"),
        ("ring", {"modes": "3"}, "a whole number; got '3'"),
        ("ring", {"modes": True}, "a whole number; got True"),
        ("ring", {"sd": None}, "a number; got None"),
        ("ring", {"modes": 0}, "above zero"),
        ("ring", {"sd": -1.0}, "not negative"),
        ("ring", {"split": "half"}, "split is 'all'"),
        ("digits", {"channels": 2}, "1 or 3 channels"),
        ("toy", {}, r"random\(game.spec\)"),
        (3, {}, "got int"),
        (X, {"size": 3}, "An array has no option 'size'"),
    ],
)
def test_loads_that_are_refused(what: Any, options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        gd.load(what, **options)


def test_load_takes_what_is_at_hand():
    data = numbered()
    assert gd.load(data) is data
    assert gd.load(X)["x"].shape == (4, 2)
    assert gd.load(X.numpy()).source is None
    assert gd.load(TensorDataset(X)).spec["x"].kind == "points"


def test_loaders_are_the_ones_that_the_source_shows():
    assert set(loaders()) == set(gd.LOADERS)
    for name, entry in loaders().items():
        loader = gd.LOADERS[name]
        assert (loader.title, loader.fields) == (entry.title, entry.fields)
        options: dict[str, Any] = {"count": 20} if "count" in loader.options else {}
        data = gd.load(name, **options)
        assert (*loader.fields, "index") == tuple(data.spec)
        assert dict(loader.kinds) == {field: data.spec[field].kind for field in loader.fields}
        assert data.source is not None
        first = loader.fields[0]
        assert torch.equal(gd.from_source(data.source)[first], data[first])


def test_a_user_can_add_a_loader():
    @gd.loader("own", title="my own", fields=("x",))
    def own(count: int = 5) -> gd.Data:
        return gd.from_tensors(torch.rand(count, 2))

    try:
        assert gd.load("own", count=7).source == {"name": "own", "options": {"count": 7}}
    finally:
        del gd.LOADERS.known["own"]


def test_random_data_fits_its_spec():
    spec = Spec(x=Field((1, 4, 4), "image"), y=Field((), "label", classes=3), index=Field((), "index", classes=40))
    data = gd.random(spec)
    assert len(data) == 40
    assert {name: field for name, field in data.spec.items() if name != "index"} == {"x": spec["x"], "y": spec["y"]}
    assert torch.equal(gd.random(spec)["x"], data["x"])
    assert not torch.equal(gd.random(spec, seed=1)["x"], data["x"])
    assert data.source == {"name": "toy", "options": {"count": 40, "seed": 0}}


def test_importing_costs_nothing_beyond_torch():
    heavy = "'sklearn', 'PIL', 'matplotlib', 'lightning_fabric', 'rich'"
    code = f"import sys, ganarium.data, ganarium.pictures; sys.exit(any(name in sys.modules for name in [{heavy}]))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Worlds


def test_digits():
    data = gd.load("digits")
    assert len(data) == 1797
    assert data.spec["x"].shape == (1, 8, 8)
    assert data.spec["y"].names == tuple("0123456789")
    assert (data["x"].min(), data["x"].max()) == (-1, 1)
    assert data["y"].bincount().min() > 170
    train, test = gd.load("digits", split="train"), gd.load("digits", split="test")
    assert (len(train), len(test)) == (1400, 397)
    assert (test["y"].bincount() - data["y"].bincount() * 397 / 1797).abs().max() < 1
    assert torch.equal(train["x"], data.train["x"])
    assert train.source == {"name": "digits", "options": {"size": 8, "channels": 1, "binary": False, "split": "train"}}


def test_digits_of_another_size():
    data = gd.load("digits", size=32, channels=3)
    x = data["x"]
    assert x.shape == (1797, 3, 32, 32)
    assert x.abs().max() <= 1
    assert torch.equal(x[:, 0], x[:, 2])
    # Averaging back over 4 x 4 pixels gives the small ones, but for what interpolation smooths.
    small = torch.nn.functional.avg_pool2d(x[:, :1], 4)
    assert torch.corrcoef(torch.stack([small.flatten(), gd.load("digits")["x"].flatten()]))[0, 1] > 0.97


@pytest.mark.parametrize("size", [8, 16])
def test_binary_digits_are_the_digits_cut_at_the_middle(size):
    grey, binary = gd.load("digits", size=size), gd.load("digits", size=size, binary=True)
    x = binary["x"]
    assert set(x.unique().tolist()) == {-1, 1}
    assert torch.equal(x > 0, grey["x"] > 0)
    assert 0.2 < x.gt(0).float().mean() < 0.5
    assert torch.equal(binary["y"], grey["y"])
    assert binary.source == {"name": "digits", "options": {"size": size, "channels": 1, "binary": True}}


def test_ring_has_the_law_that_it_says():
    data = gd.load("ring")
    x, y = data.spec["x"].restore(data["x"]), data["y"]
    centres = data.truth["centres"]
    distance = (x - centres[y]).norm(dim=1)
    # Within 3 standard deviations in two dimensions: 1 - exp(-9 / 2) = 0.9889.
    assert (distance < 3 * data.truth["sd"]).float().mean().item() == pytest.approx(0.9889, abs=0.002)
    assert torch.allclose(centres.norm(dim=1), torch.tensor(2.0))
    assert x.norm(dim=1).mean().item() == pytest.approx(2.0, abs=0.005)
    assert torch.allclose(centres[0], torch.tensor([2.0, 0.0]))
    assert y.bincount().min() > 5800
    assert str(data) == "ring: 50,000 samples; x points 2, y label 8 classes; 781.2 KiB"


def test_other_worlds_have_the_law_that_they_say():
    grid = gd.load("grid", count=5000)
    assert grid.truth["centres"].shape == (25, 2)
    assert grid.truth["centres"].amax(0).tolist() == [4, 4]
    assert (grid.spec["x"].restore(grid["x"]) - grid.truth["centres"][grid["y"]]).std().item() == pytest.approx(
        0.05, rel=0.05
    )
    roll = gd.load("swiss-roll", count=1000, noise=0.0)
    assert roll.factors is not None
    assert torch.allclose(roll.spec["x"].restore(roll["x"]).norm(dim=1), roll.factors["angle"], atol=1e-4)
    moons = gd.load("moons", count=1000, noise=0.0)
    x, y = moons.spec["x"].restore(moons["x"]), moons["y"]
    centres = torch.tensor([[0.0, 0.0], [1.0, 0.5]])
    assert torch.allclose((x - centres[y]).norm(dim=1), torch.ones(1000), atol=1e-4)
    assert x[y == 0, 1].min() >= -1e-4


# Datasets


def same(one: Batch, other: Batch) -> bool:
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_equals_data_in_memory(workers: int):
    x, y = torch.randint(256, (40, 1, 4, 4), dtype=torch.uint8), torch.arange(40) % 3
    data = gd.from_tensors(x, y, names=("a", "b", "c"))
    stream = gd.from_dataset(Pairs(x, y), workers, names=("a", "b", "c"), memory=False)
    assert isinstance(stream, gd.Stream)
    assert stream.spec == data.spec
    torch.manual_seed(0)
    keywords = {"size": 6, "seed": 3, "start": 5, "part": (1, 2)}
    pairs = itertools.islice(zip(stream.batches(**keywords), data.batches(**keywords), strict=False), 12)
    assert all(same(one, other) for one, other in pairs)
    assert all(same(one, other) for one, other in zip(stream.sweep(16), data.sweep(16), strict=True))
    assert torch.equal(torch.rand(3), torch.rand(3, generator=torch.Generator().manual_seed(0)))


def test_parts_of_a_stream():
    x, y = torch.rand(40, 1, 4, 4), torch.zeros(40)
    stream = gd.from_dataset(Pairs(x, y), names=("a",), memory=False)
    data = gd.from_tensors(x)
    assert torch.equal(stream.subset([4, 2])["x"], data.subset([4, 2])["x"])
    both = torch.cat([stream.train["x"], stream.test["x"]])
    assert (len(stream.train), len(stream.test)) == (32, 8)
    assert torch.equal(both.flatten().sort().values, data["x"].flatten().sort().values)
    assert torch.equal(stream.test.gather(torch.tensor([1]))["x"], stream.test["x"][1:2])
    assert str(stream) == "Pairs: 40 samples; x image 1 x 4 x 4, y label 1 classes; read as they are dealt"


def test_what_a_dataset_draws_follows_from_the_order():
    stream = gd.from_dataset(Noisy(X, torch.zeros(4)), names=("a",))
    assert isinstance(stream, gd.Stream)  # found out: it gives other items when read again
    torch.manual_seed(1)
    random.seed(1)
    expected = torch.rand(1), random.random()
    torch.manual_seed(1)
    random.seed(1)
    whole = list(itertools.islice(stream.batches(2, seed=9), 6))
    assert expected == (torch.rand(1), random.random())
    resumed = list(itertools.islice(stream.batches(2, seed=9, start=3), 3))
    parted = next(stream.batches(2, seed=9, start=3, part=(1, 2)))
    assert all(same(one, other) for one, other in zip(whole[3:], resumed, strict=True))
    assert torch.equal(parted["x"], whole[3]["x"][1:])
    assert len(torch.cat([batch["x"] for batch in whole]).flatten().unique()) == 12 * 4


def test_a_small_dataset_is_brought_into_memory():
    from PIL import Image

    class Drawings(Dataset):
        classes = ("cat", "dog")

        def __len__(self) -> int:
            return 600

        def __getitem__(self, place: int) -> tuple[Image.Image, int]:
            return Image.new("RGB", (6, 5), (place % 256, 0, 255)), place % 2

    reported = []
    data = gd.from_dataset(Drawings(), progress=lambda done, n: reported.append((done, n)))
    assert isinstance(data, gd.InMemory)
    assert reported == [(256, 600), (512, 600), (600, 600)]
    assert data.spec["x"].shape == (3, 5, 6)
    assert data.spec["y"].names == ("cat", "dog")
    assert torch.allclose(data["x"][7, :, 0, 0], torch.tensor([7 / 127.5 - 1, -1, 1]))
    words = [{"x": torch.rand(2), "y": word} for word in ("b", "a", "b")]
    assert gd.from_dataset(words)["y"].tolist() == [1, 0, 1]  # pyright: ignore[reportArgumentType]


class Endless(IterableDataset):
    def __iter__(self) -> Iterator[Tensor]:
        return iter(X)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gd.from_dataset(Endless()), "Endless has no length"),
        (lambda: gd.from_dataset(TensorDataset(X[:0])), "is empty"),
        (lambda: gd.from_dataset(TensorDataset(X, X, X)), "3 parts"),
        (lambda: gd.from_dataset([X[0], X[0, :1]]), r"\(2,\) in item 0, and \(1,\) in item 1"),  # pyright: ignore
        (lambda: gd.from_dataset(Pairs(X, torch.zeros(4)), memory=False), "name all classes"),
        (lambda: gd.load(TensorDataset(X), size=3), "A dataset has no option"),
    ],
)
def test_datasets_that_are_refused(make: Callable[[], Any], message: str):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_stream_refuses_what_its_first_samples_did_not_show():
    x = torch.rand(1000, 1, 2, 2)
    x[1] = 9.0
    stream = gd.from_dataset(TensorDataset(x), memory=False)
    with pytest.raises(ValueError, match=r"goes from .* to 17, outside of"):
        next(stream.sweep(8))


def test_few_labels_keep_so_many_of_each_class_and_hide_the_others():
    data = gd.load("digits", split="train", labels=5)
    y = data["y"]
    assert torch.bincount(y[y >= 0]).tolist() == [5] * 10
    assert (y == -1).sum() == len(data) - 50
    assert torch.equal(data["x"], gd.load("digits", split="train")["x"])
    whole = gd.load("digits", split="train")["y"]
    assert torch.equal(y[y >= 0], whole[y >= 0])
    assert data.source is not None
    assert torch.equal(gd.from_source(data.source)["y"], y)
    with pytest.raises(ValueError, match="cannot keep 1000"):
        gd.load("digits", labels=1000)
    with pytest.raises(ValueError, match="no labels"):
        gd.load("swiss-roll", labels=1)


def test_the_folder_of_a_run_is_no_data(tmp_path):
    (tmp_path / "pictures").mkdir()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "pictures" / "000003.png")
    (tmp_path / "config.yaml").write_text("game: GAN\n")
    with pytest.raises(ValueError, match="is a run, whose pictures are samples"):
        gd.load(tmp_path)
