"""The files of MNIST and CIFAR-10, as they are downloaded, read from a local path."""

from __future__ import annotations

import gzip
import io
import pickle
import re
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganarium.data.base import InMemory
from ganarium.data.registry import reader
from ganarium.files import ending
from ganarium.spec import Field

__all__ = ["cifar10", "mnist", "plain_pickle", "read_idx"]

_CIFAR_NAMES = "airplane automobile bird cat deer dog frog horse ship truck"
_CIFAR_ROW = 1 + 3 * 32 * 32  # bytes of an image in the binary version: its label, then its planes


@reader("mnist", title="MNIST's idx files", fields=("x", "y"), kinds={"x": "image", "y": "label"})
def mnist(path: str, size: int = 28) -> InMemory:
    """Handwritten digits (LeCun et al., 1998), or others in the same files, such as Fashion-MNIST.

    ``train-images-idx3-ubyte`` and ``t10k-images-idx3-ubyte`` with their labels, packed (.gz) or not, in the folder
    or in ``raw`` or ``MNIST/raw`` below it. Where both are there, they are the train and the test split.

    Args:
        path: The folder.
        size: The side of the images in pixels; other than 28 they are resized with antialiased bicubic interpolation.

    Raises:
        ValueError: if the files are not there, or are not what they should be.
    """
    folder = _folder_with(path, ("", "raw", "MNIST/raw"), lambda here: bool(_idx_pair(here, "train")), "train-images*")
    parts = []
    for which in ("train", "t10k"):
        if pair := _idx_pair(folder, which):
            images, labels = (read_idx(file) for file in pair)
            if images.ndim != 3 or labels.shape != images.shape[:1]:
                raise ValueError(f"{pair[0]} has the shape {tuple(images.shape)}, its labels {tuple(labels.shape)}.")
            parts.append((images[:, None], labels.long()))
    return _data(parts, tuple("0123456789"), size)


@reader("cifar10", title="CIFAR-10's batches", fields=("x", "y"), kinds={"x": "image", "y": "label"})
def cifar10(path: str, size: int = 32) -> InMemory:
    """Small colour photographs of ten kinds (Krizhevsky, 2009): the python version or the binary one.

    ``data_batch_1`` to ``5`` and ``test_batch``, or the same with ``.bin``, in the folder or in
    ``cifar-10-batches-py`` or ``cifar-10-batches-bin`` below it; or the archive (.tar.gz) that they come in. The test
    batch is the test split. The python version is a pickle, which could run any code: it is read by a reader that can
    make arrays and nothing else.

    Args:
        path: The folder, or the archive.
        size: The side of the images in pixels; other than 32 they are resized with antialiased bicubic interpolation.

    Raises:
        ValueError: if the files are not there, or are not what they should be.
    """
    places = ("", "cifar-10-batches-py", "cifar-10-batches-bin")
    parts = []
    with _unpacked(path) as root:
        folder = _folder_with(root, places, lambda here: bool(_batches(here, "data_batch_*")), "data_batch_1")
        for pattern in ("data_batch_*", "test_batch*"):
            read = [_cifar_batch(file) for file in _batches(folder, pattern)]
            if read:
                parts.append((torch.cat([x for x, _ in read]), torch.cat([y for _, y in read])))
    return _data(parts, tuple(_CIFAR_NAMES.split()), size)


def read_idx(path: Path) -> Tensor:
    """The bytes of an idx file, packed or not, in the shape that it says.

    Raises:
        ValueError: if it is no such file, or not whole.
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {str(error).rstrip('.')}. Download it again.") from None
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is no idx file of bytes: it begins with {content[:4].hex(' ') or 'nothing'}.")
    start = 4 + 4 * content[3]
    shape = [int.from_bytes(content[place : place + 4], "big") for place in range(4, start, 4)]
    wanted = start + torch.Size(shape).numel()
    if len(content) != wanted:
        raise ValueError(f"{path} has {len(content):,} bytes, and says that it has {wanted:,}. Download it again.")
    return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=start).reshape(shape)


def plain_pickle(path: Path) -> Any:
    """What a pickle holds, if it is made of plain values and numpy arrays only; no code is ever run.

    Raises:
        ValueError: if it names anything else, or cannot be read.
    """
    try:
        return _Plain(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except _Refused as error:
        raise ValueError(
            f"{path} is a pickle that wants to call {error}, which may run any code. It was not read.\n"
            "CIFAR-10's own files hold nothing but arrays. Download them again, or take the binary version."
        ) from None
    except Exception as error:  # a broken pickle can raise anything
        raise ValueError(f"{path} cannot be read as a pickle: {str(error).rstrip('.')}. Download it again.") from None


class _Refused(Exception):
    """A pickle names what it should not."""


class _Plain(pickle.Unpickler):
    """Makes plain values and numpy arrays."""

    def find_class(self, module: str, name: str) -> Any:
        import numpy as np

        core = module.replace("numpy._core", "numpy.core")
        known: dict[tuple[str, str], Any] = {
            ("numpy.core.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0],
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
            ("numpy.core.numeric", "_frombuffer"): _from_buffer,
            ("_codecs", "encode"): _encode,
        }
        if (core, name) not in known:
            raise _Refused(f"{module}.{name}")
        return known[core, name]


def _from_buffer(buffer: Any, dtype: Any, shape: Any, order: str) -> Any:
    import numpy as np

    return np.frombuffer(buffer, dtype).reshape(shape, order=order)  # pyright: ignore[reportCallIssue, reportArgumentType]


def _encode(text: str, encoding: str) -> bytes:
    """How older pickles write bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise _Refused(f"the codec {encoding}")
    return text.encode("latin1")


def _cifar_batch(path: Path) -> tuple[Tensor, Tensor]:
    """Images, bytes of shape (n, 3, 32, 32), and labels of shape (n,)."""
    if ending(path) == ".bin":
        content = bytearray(path.read_bytes())
        if not content or len(content) % _CIFAR_ROW:
            raise ValueError(f"{path} has {len(content):,} bytes, no multiple of {_CIFAR_ROW}. Download it again.")
        rows = torch.frombuffer(content, dtype=torch.uint8).reshape(-1, _CIFAR_ROW)
        images, labels = rows[:, 1:], rows[:, 0].long()
    else:
        found = plain_pickle(path)
        try:
            images = torch.as_tensor(found[b"data"] if b"data" in found else found["data"])
            labels = torch.as_tensor(found[b"labels"] if b"labels" in found else found["labels"])
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"{path} is no batch of CIFAR-10: it has no 'data' and 'labels'.") from None
    if images.dtype != torch.uint8 or images.shape != (len(labels), _CIFAR_ROW - 1) or labels.max() > 9:
        raise ValueError(f"{path} is no batch of CIFAR-10: {len(labels):,} labels, and images {tuple(images.shape)}.")
    return images.reshape(-1, 3, 32, 32), labels.long()


def _data(parts: list[tuple[Tensor, Tensor]], names: tuple[str, ...], size: int) -> InMemory:
    """Data from the train part and, if it is there, the test part."""
    if size < 2:
        raise ValueError(f"The option 'size' is the side of images in pixels, 2 or more; got {size}.")
    x, y = (torch.cat(each) for each in zip(*parts, strict=True))
    if x.shape[2:] != (size, size):
        x = torch.cat([_resized(some, size) for some in x.split(4096)])
    if y.max() >= len(names):
        raise ValueError(f"The labels go up to {int(y.max())}, and there are {len(names)} classes.")
    fields = {"x": Field(tuple(x.shape[1:]), "image"), "y": Field((), "label", classes=len(names), names=names)}
    test = torch.arange(len(parts[0][0]), len(x)) if len(parts) > 1 else None
    return InMemory({"x": x, "y": y}, fields, test=test)


def _resized(x: Tensor, size: int) -> Tensor:
    x = interpolate(x.float(), size=(size, size), mode="bicubic", antialias=True)
    return x.round_().clamp_(0, 255).to(torch.uint8)


@contextmanager
def _unpacked(path: str) -> Iterator[str]:
    """The folder that an archive holds, for as long as it is read; any other path as it is.

    Raises:
        ValueError: if a file is no archive, or not whole.
    """
    if not Path(path).is_file():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="ganarium-") as folder:
        try:
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path} cannot be unpacked: {str(error).rstrip('.')}. Download it again.") from None
        yield folder


def _folder_with(path: str, below: tuple[str, ...], fits: Callable[[Path], bool], wanted: str) -> Path:
    """The first of the folders at or below a path that fits."""
    root = Path(path)
    if not root.is_dir():
        raise ValueError(f"There is no folder {root}. Give the folder that holds {wanted}, unpacked from its archive.")
    for place in below:
        if fits(root / place):
            return root / place
    there = ", ".join(sorted(each.name for each in root.iterdir())[:5]) or "nothing"
    raise ValueError(f"There is no {wanted} in {root}, which holds {there}. Give the folder that holds it.")


def _idx_pair(folder: Path, which: str) -> tuple[Path, Path] | None:
    """The files of images and labels of the train or test part."""
    found = [next(_matching(folder, rf"{which}-{what}[-.]idx\d-ubyte(\.gz)?"), None) for what in ("images", "labels")]
    if found[0] and not found[1]:
        raise ValueError(f"{found[0]} has no labels beside it: {which}-labels-idx1-ubyte is missing.")
    return (found[0], found[1]) if found[0] and found[1] else None


def _batches(folder: Path, pattern: str) -> list[Path]:
    """The batches in a folder, the binary ones only where there are no others."""
    found = sorted(folder.glob(pattern))
    plain = [file for file in found if not ending(file)]
    return plain or [file for file in found if ending(file) == ".bin"]


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return (file for file in files if re.fullmatch(pattern, file.name, re.IGNORECASE))
