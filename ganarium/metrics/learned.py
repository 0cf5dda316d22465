"""Small networks that are trained on the spot, once, to see what samples are compared by; and kept on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganarium.data.base import Data
from ganarium.data.files.cache import folder_of
from ganarium.data.loading import load
from ganarium.metrics.features import Features, labelled, of_network, to_side
from ganarium.randomness import mix, seeded
from ganarium.terminal.progress import watched

__all__ = ["Eye", "classes", "classifier", "digits", "few", "rotations", "taught"]

_VERSION = 1
_STEPS = 1000
_CPU = torch.device("cpu")
_KNOWN: dict[str, Eye] = {}


class Eye(nn.Module):
    """A trunk of convolutions with a head; gives features and logits.

    Args:
        trunk: From images to features.
        size: How many features.
        classes: How many classes the head knows.
    """

    spread: Tensor

    def __init__(self, trunk: nn.Module, size: int, classes: int):
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(size, classes)
        self.register_buffer("spread", torch.ones(()))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.trunk(x)
        return features, self.head(features)


def digits(data: Data, field: str) -> Features:
    """Features of a classifier of digits; of three stacked digits, those of each and 1,000 classes.

    Raises:
        ValueError: if the samples are not images.
    """
    channels = data.spec[field].shape[0]
    prepare, words = to_side(data.spec[field], 8)
    eye = _digits_eye()
    if "modes" not in data.truth:
        return of_network("digits", eye, 40, lambda x: prepare(x).mean(1, keepdim=True), words)

    stacked = _Stacked(eye, channels)
    return of_network("digits", stacked, 40 * channels, prepare, words)


class _Stacked(nn.Module):
    """The digits of several channels: features side by side, and logits of the numbers that they spell."""

    def __init__(self, eye: Eye, channels: int):
        super().__init__()
        self.eye, self.channels = eye, channels
        self.register_buffer("spread", eye.spread.clone())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features, logits = self.eye(x.flatten(0, 1)[:, None])
        n, logs = len(x), logits.log_softmax(1).view(len(x), self.channels, 10)
        spelt = logs[:, 0]
        for channel in range(1, self.channels):
            spelt = (spelt[:, :, None] + logs[:, channel, None, :]).flatten(1)
        return features.view(n, -1), spelt


def _digits_eye() -> Eye:
    part = load("digits").train
    x, y = part["x"], part["y"]

    def blank() -> Eye:
        trunk = nn.Sequential(
            *(nn.Conv2d(1, 24, 3, padding=1), nn.SiLU(), nn.Conv2d(24, 48, 3, padding=1), nn.SiLU(), nn.AvgPool2d(2)),
            *(nn.Conv2d(48, 64, 3, padding=1), nn.SiLU(), nn.Flatten(), nn.Linear(1024, 40), nn.SiLU()),
        )
        return Eye(trunk, 40, 10)

    return _kept("digits", x, y, blank, _labels(x, y))


def classes(data: Data, field: str) -> Features:
    """Features of a classifier of the data's own labels.

    Raises:
        ValueError: if the samples are not images, or there are too few labels.
    """
    if not labelled(data) or field != "x":
        raise ValueError(
            f"{data.name} has no labels of two classes or more with twenty samples each, so there are no features "
            "'classes'. Use rotations, random or pixels."
        )
    prepare, words = to_side(data.spec[field])
    x, y = _some(data, ("x", "y"), 10_000)
    x, y = prepare(x[y >= 0]), y[y >= 0]
    return of_network("classes", classifier(x, y, data.spec["y"].classes), 64, prepare, words)


def rotations(data: Data, field: str) -> Features:
    """Features of a network that learned, from the data alone, which way up its images are.

    Raises:
        ValueError: if the samples are not images.
    """
    prepare, words = to_side(data.spec[field])
    x = prepare(few(data, field, 4000))
    eye = _kept("rotations", x, None, lambda: Eye(_trunk(x), 64, 4), _turns(x))
    return of_network("rotations", eye, 64, prepare, words)


def classifier(x: Tensor, y: Tensor, classes: int) -> Eye:
    """A classifier of images (n, C, 32, 32) with labels (n,), kept on disk."""
    return _kept("classes", x, y, lambda: Eye(_trunk(x), 64, classes), _labels(x, y))


def taught(x: Tensor, y: Tensor, classes: int, seed: int) -> Eye:
    """A classifier of images (n, C, 32, 32) with labels (n,) that is not kept."""
    with _one_thread(), seeded(_CPU, mix(424242, seed)):
        eye = Eye(_trunk(x), 64, classes)
        _teach(eye, x, _labels(x, y), "of labels")
    return eye.requires_grad_(False).eval()


def few(data: Data, field: str, count: int) -> Tensor:
    """Up to ``count`` samples of the data's training part, spread evenly over it."""
    return _some(data, (field,), count)[0]


def _some(data: Data, names: tuple[str, ...], count: int) -> list[Tensor]:
    """The features may see what games learn from, and not what is kept for testing."""
    part = data if data.split != "all" or len(data) < 2 else data.train
    places = torch.arange(0, len(part), max(1, -(-len(part) // count)))
    batches = [part.gather(some) for some in places.split(256)]
    return [torch.cat([batch[name] for batch in batches]).cpu() for name in names]


def _trunk(x: Tensor) -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(x.shape[1], 32, 5, 2, 2), nn.SiLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.SiLU()),
        *(nn.Conv2d(64, 128, 3, 2, 1), nn.SiLU(), nn.Flatten(), nn.Linear(2048, 64), nn.SiLU()),
    )


def _labels(x: Tensor, y: Tensor) -> Callable[[], tuple[Tensor, Tensor]]:
    """Batches of samples with their labels."""

    def batch() -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(x), (64,))
        return x[chosen], y[chosen]

    return batch


def _turns(x: Tensor) -> Callable[[], tuple[Tensor, Tensor]]:
    """Batches of samples that are turned by 0 to 3 quarters, with that number."""

    def batch() -> tuple[Tensor, Tensor]:
        chosen, turns = x[torch.randint(len(x), (64,))], torch.randint(4, (64,))
        for quarter in range(1, 4):
            turned = turns == quarter
            chosen[turned] = chosen[turned].rot90(quarter, (2, 3))
        return chosen, turns

    return batch


def _teach(eye: Eye, x: Tensor, batch: Callable[[], tuple[Tensor, Tensor]], name: str) -> None:
    """Train the network, and note the mean square deviation of its features over ``x``."""
    optimizer = torch.optim.AdamW(eye.parameters(), 1e-3, weight_decay=0.05)
    with torch.enable_grad():
        for _ in watched(range(_STEPS), _STEPS, lambda step: 1, doing=f"training the features '{name}'"):
            seen, wanted = batch()
            # Noise, so that what is learned is not the grain of the pixels.
            loss = cross_entropy(eye(seen + 0.1 * torch.randn_like(seen))[1], wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        features = torch.cat([eye(part)[0] for part in x.split(512)])
        eye.spread = features.std(0).square().mean().sqrt()


def _kept(
    name: str, x: Tensor, y: Tensor | None, blank: Callable[[], Eye], batch: Callable[[], tuple[Tensor, Tensor]]
) -> Eye:
    """The network from memory, from disk, or trained; in one thread, so that it does not depend on their number."""
    sums = hashlib.sha256(f"{name} {_VERSION} {torch.__version__}".encode())
    for tensor in (x,) if y is None else (x, y):
        sums.update(str(tuple(tensor.shape)).encode())
        sums.update(tensor.contiguous().numpy().tobytes())
    key = f"{name}-{sums.hexdigest()[:24]}"
    if key not in _KNOWN:
        folder = folder_of(True)
        path = None if folder is None else folder / "features" / f"{key}.safetensors"
        with _one_thread(), seeded(_CPU, 424242):
            eye = blank()
            if not _read(eye, path):
                _teach(eye, x, batch, name)
                _write(eye, path)
        _KNOWN[key] = eye
    return _KNOWN[key]


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _read(eye: Eye, path: Path | None) -> bool:
    """Whether the network's weights could be read from where they are kept."""
    if path is None or not path.exists():
        return False
    try:
        eye.load_state_dict(load_file(path))
    except (SafetensorError, OSError, RuntimeError):
        return False
    return True


def _write(eye: Eye, path: Path | None) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        save_file({name: value.contiguous() for name, value in eye.state_dict().items()}, temporary)
        os.replace(temporary, path)
