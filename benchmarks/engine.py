"""The engine against the same game played by hand.

Both play the same networks on the same batches and keep the same average. The loop by hand is the best practice we
know: others frozen, fakes without gradient, fused Adam, averages in one operation. They take turns, a chunk of rounds
each, so that both meet the same noise of the machine; a ratio is the median over chunks.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.nn.functional import softplus

import ganarium as ga
from ganarium import data as datasets


def by_hand(game: Any, data: Any, size: int) -> Iterator[None]:
    """Algorithm 1 with non-saturating losses, written out."""
    generator, discriminator = game.generator, game.discriminator
    adam = [
        torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999), fused=True) for network in (discriminator, generator)
    ]
    average = copy.deepcopy(generator).requires_grad_(False)
    means, nows = list(average.parameters()), list(generator.parameters())
    average_d = copy.deepcopy(discriminator).requires_grad_(False)
    means_d, nows_d = list(average_d.parameters()), list(discriminator.parameters())
    for batch in data.batches(size):
        x = batch["x"]
        discriminator.requires_grad_(True)
        with torch.no_grad():
            fake = generator(game.prior(len(x)))
        loss = softplus(-discriminator(x)).mean() + softplus(discriminator(fake)).mean()
        adam[0].zero_grad()
        loss.backward()
        adam[0].step()
        discriminator.requires_grad_(False)
        loss = softplus(-discriminator(generator(game.prior(len(x))))).mean()
        adam[1].zero_grad()
        loss.backward()
        adam[1].step()
        with torch.no_grad():
            torch._foreach_lerp_(means + means_d, nows + nows_d, 0.005)
        yield


def by_engine(game: Any, data: Any, size: int) -> Iterator[Any]:
    """The same, played by the trainer."""
    return ga.Trainer(game).play(data, size, rounds=10**9)


def compare(
    name: str, make: Callable[[], Any], data: Any, size: int, chunk: int, chunks: int, threads: int, aim: str
) -> list[dict[str, Any]]:
    """Milliseconds a round of both, and their ratio."""
    torch.set_num_threads(threads)
    loops = [by_hand(make(), data, size), by_engine(make(), data, size)]
    times: list[list[float]] = [[], []]
    for turn in range(chunks + 1):
        for which in (0, 1) if turn % 2 else (1, 0):
            start = time.perf_counter()
            for _ in range(chunk):
                next(loops[which])
            times[which].append((time.perf_counter() - start) / chunk)
    hand, engine = times[0][1:], times[1][1:]
    ratio = statistics.median(e / h for e, h in zip(engine, hand, strict=True))
    rows = [("by hand", 1000 * statistics.median(hand), "ms"), ("engine", 1000 * statistics.median(engine), "ms")]
    return [
        *({"name": f"{name}, {who}", "value": value, "unit": unit, "aim": ""} for who, value, unit in rows),
        {"name": f"{name}, engine / by hand", "value": ratio, "unit": "x", "aim": aim},
    ]


def ring() -> list[dict[str, Any]]:
    """Perceptrons on eight Gaussians, batch 256."""
    data = datasets.load("ring")
    make = lambda: ga.GAN.on(data, optimizer=ga.Adam(2e-4), penalties=())  # noqa: E731
    return [
        row
        for threads in (1, 2)
        for row in compare(f"ring MLP, {threads} threads", make, data, 256, 40, 30, threads, "at most 1.10")
    ]


def dcgan() -> list[dict[str, Any]]:
    """DCGAN at 32 pixels, batch 64."""
    data = datasets.load("digits", size=32)
    architecture = ga.nets.DeepConvolutional(32)
    make = lambda: ga.DCGAN(data.spec, architecture=architecture)  # noqa: E731
    return compare("DCGAN-32, 2 threads", make, data, 64, 2, 15, 2, "at most 1.05")
