"""How good a run's samples are, beside what a classical model of the same data reaches.

``python -m benchmarks.quality RUN ...`` reads each run's data from its config. Digits are judged by the Frechet
distance, precision and recall on the features of a convolutional classifier that no recipe was tuned on, and by the
Frechet distance on pixels; rings and grids by modes and by the share of samples within three standard deviations;
stacked digits by modes and by the divergence of their shares from even ones, in nats; a folder of images by the same
four numbers as digits, on the features of a network that learned, on the spot, which way up its images are.
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn

from ganarium.data import Data, from_source, load
from ganarium.metrics import frechet as library
from ganarium.metrics import modes
from ganarium.metrics.looks import Moments
from ganarium.metrics.neighbours import balls
from ganarium.running import run as runs

Array = np.ndarray


def frechet(a: Array, b: Array) -> float:
    """The Frechet distance of Gaussians fitted to rows."""
    both = []
    for rows in (a, b):
        both.append(Moments(rows.shape[1]))
        both[-1].add(torch.from_numpy(rows))
    return library.frechet(*both)


def precision_recall(real: Array, made: Array) -> tuple[float, float]:
    """The share of made rows within a real row's distance to its third neighbour, and the reverse."""
    found = balls(torch.from_numpy(real), torch.from_numpy(made))
    return found["precision"][0], found["recall"][0]


@functools.cache
def classifier() -> nn.Sequential:
    """A trunk to 40 features and a head to 10 classes, trained on the digits (n, 1, 8, 8) on the spot."""
    digits = load("digits")
    x, y = digits["x"], digits["y"]
    with torch.random.fork_rng([]), torch.enable_grad():
        torch.manual_seed(424242)
        # Another network than the one that recipes were chosen with (docs/recipes.md).
        trunk = nn.Sequential(
            *(nn.Conv2d(1, 24, 3, padding=1), nn.SiLU(), nn.Conv2d(24, 48, 3, padding=1), nn.SiLU(), nn.AvgPool2d(2)),
            *(nn.Conv2d(48, 64, 3, padding=1), nn.SiLU(), nn.Flatten(), nn.Linear(1024, 40), nn.SiLU()),
        )
        net = nn.Sequential(trunk, nn.Linear(40, 10))
        optimizer = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=0.05)
        for _ in range(900):
            chosen = torch.randint(len(x), (64,))
            loss = nn.functional.cross_entropy(net(x[chosen] + 0.1 * torch.randn(64, 1, 8, 8)), y[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.requires_grad_(False)


@functools.cache
def features() -> Callable[[Tensor], Array]:
    """From digits (n, 1, 8, 8) to features, in units of their spread."""
    trunk = classifier()[0]
    spread = trunk(load("digits")["x"]).std()
    return lambda images: (trunk(images) / spread).numpy()


def digits_row(samples: Tensor, real: Tensor | None = None) -> dict[str, float]:
    """Samples (n, 1, 8, 8) in [-1, 1] against as many digits as there are."""
    real = load("digits")["x"] if real is None else real
    a, b = features()(real), features()(samples.clamp(-1, 1))
    precision, recall = precision_recall(a, b)
    pixels = [((each.clamp(-1, 1) + 1) / 2).flatten(1).double().numpy() for each in (real, samples)]
    return {"features": frechet(a, b), "pixels": frechet(*pixels), "precision": precision, "recall": recall}


def digits_baselines() -> dict[str, dict[str, float]]:
    """Classical models of the same digits, and two halves of the digits against each other."""
    x = load("digits")["x"]
    flat = x.flatten(1).double().numpy()
    rows = {}
    for name, count in (("mixture of 20 Gaussians", 20), ("one Gaussian", 1)):
        model = GaussianMixture(count, random_state=0).fit(flat)
        rows[name] = digits_row(torch.from_numpy(model.sample(len(x))[0]).float().view(-1, 1, 8, 8))
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    half = len(x) // 2
    rows["real halves (the floor)"] = digits_row(x[order[:half]], x[order[half:]])
    return rows


def mixture_row(samples: Tensor, data: Data) -> dict[str, float]:
    """Points in the data's units: modes with a quarter of their fair share of good samples; the share of good ones."""
    found = modes.mixture(samples, data.truth["centres"], data.truth["sd"])
    return {"modes": int(found["modes"][0]), "of": len(data.truth["centres"]), "good": found["good"][0]}


def stacked_row(samples: Tensor) -> dict[str, float]:
    """Stacked digits (n, 3, 8, 8): modes of 1,000 that are there, and the divergence of their shares from even ones."""
    digits = classifier()(samples.flatten(0, 1)[:, None]).argmax(1).view(-1, 3)
    found = modes.spelt(digits @ torch.tensor([100, 10, 1]), 1000)
    return {"modes": int(found["modes"][0]), "of": 1000, "divergence": found["divergence"][0]}


@functools.cache
def upright(source: str, seed: int = 424242) -> Callable[[Tensor], Array]:
    """From images (n, C, S, S) to 64 features of a network that tells by how many quarters they were turned.

    Args:
        source: The data of a run's config, as JSON.
        seed: What the network begins from. Recipes were chosen with 1.
    """
    data = from_source(json.loads(source))
    x = nn.functional.adaptive_avg_pool2d(_images(data, 4000), 32)
    with torch.random.fork_rng([]), torch.enable_grad():
        torch.manual_seed(seed)
        trunk = nn.Sequential(
            *(nn.Conv2d(x.shape[1], 32, 5, 2, 2), nn.SiLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.SiLU()),
            *(nn.Conv2d(64, 128, 3, 2, 1), nn.SiLU(), nn.Flatten(), nn.Linear(2048, 64), nn.SiLU()),
        )
        net = nn.Sequential(trunk, nn.Linear(64, 4))
        optimizer = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=0.05)
        for _ in range(1000):
            rows, turns = x[torch.randint(len(x), (64,))], torch.randint(4, (64,))
            turned = torch.stack([row.rot90(int(turn), (1, 2)) for row, turn in zip(rows, turns, strict=True)])
            loss = nn.functional.cross_entropy(net(turned + 0.1 * torch.randn_like(turned)), turns)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    trunk.requires_grad_(False)
    spread = trunk(x).std()
    return lambda images: (trunk(nn.functional.adaptive_avg_pool2d(images, 32)) / spread).numpy()


def _images(data: Data, count: int) -> Tensor:
    """Up to ``count`` images of the data, spread evenly."""
    return data.gather(torch.arange(0, len(data), max(1, -(-len(data) // count))))["x"]


def images_row(samples: Tensor, real: Tensor, seen: Callable[[Tensor], Array]) -> dict[str, float]:
    """Samples (n, C, S, S) in [-1, 1] against real images; pixels are means of 8 x 8 patches."""
    a, b = seen(real), seen(samples.clamp(-1, 1))
    precision, recall = precision_recall(a, b)
    means = [(nn.functional.adaptive_avg_pool2d(each.clamp(-1, 1), 8) + 1) / 2 for each in (real, samples)]
    pixels = [each.flatten(1).double().numpy() for each in means]
    return {"features": frechet(a, b), "pixels": frechet(*pixels), "precision": precision, "recall": recall}


def folder_floor(run: runs.Run, data: Data) -> dict[str, float]:
    """One half of the images against the other."""
    real = _images(data, 2000)
    order = torch.randperm(len(real), generator=torch.Generator().manual_seed(0))
    one, other = (real[half] for half in order.chunk(2))
    return images_row(other, one, upright(json.dumps(run.config["data"])))


def folder_row(run: runs.Run, data: Data) -> dict[str, float]:
    """As many samples as images, at most 2,000."""
    real = _images(data, 2000)
    return images_row(run.sample(len(real), seed=1), real, upright(json.dumps(run.config["data"])))


def is_digits(run: runs.Run) -> bool:
    """Whether a run's data are the digits, as they are."""
    return run.config["data"]["name"] == "digits" and run.spec["x"].shape == (1, 8, 8)


def row(run: runs.Run, count: int = 10_000) -> dict[str, float]:
    """The quality of a run."""
    if is_digits(run):
        return digits_row(run.sample(len(load("digits")), seed=1))
    data = runs.data_of(run.config)
    if "centres" in data.truth:
        return mixture_row(run.sample(count, seed=1), data)
    if data.name.startswith("stacked-digits") and data.spec["x"].shape == (3, 8, 8):
        return stacked_row(run.sample(26_000, seed=1))
    if data.spec["x"].kind == "image":
        return folder_row(run, data)
    raise SystemExit(f"{run.path} was trained on {data.name}; images, rings and grids are judged here.")


def show(name: str, numbers: dict[str, Any]) -> None:
    """One line of the table."""
    cells = (f"{key} {value}" if isinstance(value, int) else f"{key} {value:.3f}" for key, value in numbers.items())
    print(f"{name:<32}{'   '.join(cells)}", flush=True)


def main() -> None:
    """Judge each run named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("runs", nargs="+")
    found = [runs.load(path) for path in parser.parse_args().runs]
    if any(map(is_digits, found)):
        for name, numbers in digits_baselines().items():
            show(name, numbers)
    floors: set[str] = set()
    for run in found:
        show(run.path.name, row(run))
        source = json.dumps(run.config["data"])
        if run.spec["x"].kind == "image" and run.spec["x"].shape[1:] != (8, 8) and source not in floors:
            floors.add(source)
            show("real halves of its folder", folder_floor(run, runs.data_of(run.config)))


if __name__ == "__main__":
    main()
