"""The files of MNIST and CIFAR-10, as they are downloaded; stacked digits."""

from __future__ import annotations

import gzip
import os
import pickle
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganarium import data as gd
from ganarium.data.files.image_files import plain_pickle, read_idx

DRAW = np.random.default_rng(0)
IMAGES = DRAW.integers(0, 256, (50, 3, 32, 32), dtype=np.uint8)
LABELS = [k % 10 for k in range(50)]


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_mnist(root: Path, packed: bool = False, parts: tuple[str, ...] = ("train", "t10k")) -> dict[str, np.ndarray]:
    root.mkdir(parents=True, exist_ok=True)
    images = {}
    for count, part in ((30, "train"), (10, "t10k")):
        if part in parts:
            images[part] = DRAW.integers(0, 256, (count, 28, 28), dtype=np.uint8)
            labels = (np.arange(count) % 10).astype(np.uint8)
            for what, array, axes in (("images", images[part], 3), ("labels", labels, 1)):
                content = idx(array)
                name = f"{part}-{what}-idx{axes}-ubyte"
                (root / (name + ".gz" * packed)).write_bytes(gzip.compress(content) if packed else content)
    return images


def write_cifar(root: Path, protocol: int = 2, key: Callable[[str], Any] = str.encode) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "test_batch"]):
        rows = slice(10 * place, 10 * place + 10)
        batch = {key("data"): IMAGES[rows].reshape(10, -1), key("labels"): LABELS[rows], key("batch_label"): key(name)}
        (root / name).write_bytes(pickle.dumps(batch, protocol))


# MNIST


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("below", ["", "raw", "MNIST/raw"])
def test_mnist_with_its_own_split(tmp_path: Path, packed: bool, below: str):
    images = write_mnist(tmp_path / below, packed)
    data = gd.load(f"mnist:{tmp_path}")
    assert (len(data), data.name, data.spec["x"].shape) == (40, "mnist", (1, 28, 28))
    assert (data.spec["y"].classes, data.spec["y"].names[3]) == (10, "3")
    for part, name in ((data.train, "train"), (data.test, "t10k")):
        assert torch.equal(((part["x"][:, 0] + 1) * 127.5).round().byte(), torch.from_numpy(images[name]))
        assert part["y"].tolist() == [k % 10 for k in range(len(part))]
    assert data.source == {"name": f"mnist:{tmp_path}", "options": {"size": 28}}
    assert torch.equal(gd.from_source(data.test.source or {})["x"], data.test["x"])


def test_mnist_of_another_size_and_without_its_test_part(tmp_path: Path):
    write_mnist(tmp_path, parts=("train",))
    data = gd.load(f"mnist:{tmp_path}", size=32)
    assert (data.spec["x"].shape, len(data), len(data.test)) == ((1, 32, 32), 30, 6)
    assert data["x"].abs().max() <= 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with nothing"),
        (b"PK\x03\x04 a zip", "no idx file of bytes: it begins with 50 4b 03 04"),
        (idx(np.zeros((3, 28, 28), np.uint8))[:-1], "says that it has 2,368. Download it again"),
        (gzip.compress(bytes(1000), mtime=0)[:-9], "cannot be read"),
        (b"\x1f\x8b\x08\x00rubbish and more rubbish", "cannot be read"),
        (idx(np.zeros((3, 784), np.uint8)), "shape"),
        (idx(np.zeros((3, 28, 28), np.uint8)), "its labels"),
    ],
)
def test_idx_files_that_are_refused(tmp_path: Path, content: bytes, message: str):
    write_mnist(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        gd.load(f"mnist:{tmp_path}")


def test_idx_of_any_shape(tmp_path: Path):
    array = DRAW.integers(0, 256, (2, 3, 4, 5), dtype=np.uint8)
    (tmp_path / "x").write_bytes(idx(array))
    assert torch.equal(read_idx(tmp_path / "x"), torch.from_numpy(array))


def test_paths_that_are_refused(tmp_path: Path):
    write_mnist(tmp_path / "mnist")
    (tmp_path / "mnist" / "train-labels-idx1-ubyte").unlink()
    for what, message in {
        "mnist": "mnist:PATH",
        "mnist:": "Where is it",
        f"mnist:{tmp_path / 'nowhere'}": "no folder",
        f"mnist:{tmp_path}": "no train-images.*, which holds mnist",
        f"mnist:{tmp_path / 'mnist'}": "no labels beside it",
        f"cifar10:{tmp_path}": "no data_batch_1",
    }.items():
        with pytest.raises(ValueError, match=message):
            gd.load(what)
    with pytest.raises(ValueError, match=r"no option 'sise'. Did you mean 'size'"):
        gd.load(f"cifar10:{tmp_path}", sise=3)


# CIFAR-10


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("key", [str.encode, str])
def test_cifar_pickles(tmp_path: Path, protocol: int, key: Callable[[str], Any]):
    write_cifar(tmp_path / "cifar-10-batches-py", protocol, key)
    data = gd.load(f"cifar10:{tmp_path}")
    assert (len(data), len(data.test), data.spec["x"].shape) == (50, 10, (3, 32, 32))
    assert data.spec["y"].names[6] == "frog"
    assert torch.equal(((data["x"] + 1) * 127.5).round().byte(), torch.from_numpy(IMAGES))
    assert data.test["index"].tolist() == list(range(10))
    assert torch.equal(data.test["x"], data["x"][40:])


def test_cifar_in_the_archive_that_it_comes_in(tmp_path: Path):
    write_cifar(tmp_path / "cifar-10-batches-py")
    archive = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(tmp_path / "cifar-10-batches-py", "cifar-10-batches-py")
    one, other = (gd.load(f"cifar10:{path}") for path in (tmp_path, archive))
    assert torch.equal(one["x"], other["x"])
    assert torch.equal(one["y"], other["y"])
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"cut.tar.gz cannot be unpacked.*Download it again"):
        gd.load(f"cifar10:{cut}")


def test_cifar_binary(tmp_path: Path):
    rows = np.concatenate([np.array(LABELS, np.uint8)[:, None], IMAGES.reshape(50, -1)], 1)
    (tmp_path / "data_batch_1.bin").write_bytes(rows[:40].tobytes())
    (tmp_path / "test_batch.bin").write_bytes(rows[40:].tobytes())
    data = gd.load(f"cifar10:{tmp_path}", size=16)
    assert (len(data), len(data.test), data.spec["x"].shape) == (50, 10, (3, 16, 16))
    assert data["y"].tolist() == LABELS
    (tmp_path / "test_batch.bin").write_bytes(rows.tobytes()[:-1])
    with pytest.raises(ValueError, match="no multiple of 3073"):
        gd.load(f"cifar10:{tmp_path}")


class Malicious:
    """Runs a command when it is unpickled."""

    def __init__(self, call: Any, *arguments: Any):
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call, self.arguments


@pytest.mark.parametrize(
    ("call", "arguments", "named"),
    [
        (os.system, ("touch PLACE",), "(posix|nt).system"),
        (eval, ("open('PLACE', 'w')",), "builtins.eval"),
        (np.load, ("PLACE",), "numpy.load"),
        (Path.touch, (Path("PLACE"),), "pathlib"),
        (getattr, (np, "load"), "builtins.getattr"),
    ],
)
def test_a_pickle_runs_no_code(tmp_path: Path, call: Any, arguments: Any, named: str):
    place = tmp_path / "owned"
    if isinstance(arguments[0], str):
        arguments = (arguments[0].replace("PLACE", str(place)), *arguments[1:])
    if arguments[0] is np:
        arguments = (1, "real")
    batch = {b"data": Malicious(call, *arguments), b"labels": LABELS[:10]}
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(batch))
    with pytest.raises(ValueError, match=f"wants to call {named}.*, which may run any code. It was not read"):
        gd.load(f"cifar10:{tmp_path}")
    assert not place.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a pickle",
        pickle.dumps([1, 2]),
        pickle.dumps({"data": 3}),
        pickle.dumps({"data": np.zeros((3, 5), np.uint8), "labels": [1, 2, 3]}),
        pickle.dumps({"data": np.zeros((3, 3072), np.float32), "labels": [1, 2, 3]}),
        pickle.dumps({"data": np.array([{}, {}]), "labels": [1, 2]}),
        pickle.dumps({"data": np.zeros((2, 3072), np.uint8), "labels": [1, 12]}),
        pickle.dumps({"data": IMAGES.reshape(50, -1), "labels": LABELS})[:-2000],
    ],
)
def test_batches_that_are_refused(tmp_path: Path, content: bytes):
    (tmp_path / "data_batch_1").write_bytes(content)
    with pytest.raises(ValueError, match=r"data_batch_1 (is no batch of CIFAR-10|cannot be read as a pickle)"):
        gd.load(f"cifar10:{tmp_path}")


def test_plain_values_come_back(tmp_path: Path):
    value = {"a": [1, 2.5, None, True, "ü", (b"x",)], "b": np.arange(6).reshape(2, 3)}
    for protocol in range(6):
        (tmp_path / "p").write_bytes(pickle.dumps(value, protocol))
        found = plain_pickle(tmp_path / "p")
        assert found["a"] == value["a"]
        assert np.array_equal(found["b"], value["b"])


# Stacked digits


def test_stacked_digits():
    data = gd.load("stacked-digits", count=5000, seed=3)
    assert data.spec["x"].shape == (3, 8, 8)
    assert (data.spec["y"].classes, data.spec["y"].names[42]) == (1000, "042")
    assert data.truth["modes"] == 1000
    assert data.factors is not None
    number = sum(place * data.factors[color] for place, color in ((100, "red"), (10, "green"), (1, "blue")))
    assert torch.equal(torch.as_tensor(number), data["y"])
    assert len(data["y"].unique()) > 980
    assert (data["y"].bincount(minlength=1000) < 25).all()
    # Each channel is one of the digits of its class, to the rounding of bytes.
    single = gd.load("digits")
    for place in (0, 1234, 4999):
        for channel, color in enumerate(("red", "green", "blue")):
            far = (single["x"][:, 0] - data["x"][place, channel]).abs().amax((1, 2))
            assert far.min() < 0.01
            assert single["y"][far.argmin()] == data.factors[color][place]


def test_stacked_digits_for_testing_are_of_other_digits():
    data, test = gd.load("stacked-digits", count=400), gd.load("digits").test["x"][:, 0]
    assert (len(data.train), len(data.test)) == (320, 80)
    for part, expected in ((data.train, False), (data.test, True)):
        for x in part["x"][:20, 0]:
            assert bool((test - x).abs().amax((1, 2)).min() < 0.01) == expected
    assert len(gd.load("stacked-digits", count=2)) == 2
