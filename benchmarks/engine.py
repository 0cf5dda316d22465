"""The engine against the same game played by hand.

Both play the same networks on the same batches and keep the same average. The loop by hand is the best practice we
know: others frozen, fakes without gradient, fused Adam, averages in one operation. They take turns, a chunk of rounds
each, so that both meet the same noise of the machine; a ratio is the median over chunks.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.functional import softplus
from torch.utils.flop_counter import FlopCounterMode

import ganarium as ga
from ganarium import data as datasets


def by_hand(game: Any, data: Any, size: int, layout: torch.memory_format = torch.contiguous_format) -> Iterator[None]:
    """Algorithm 1 with non-saturating losses, written out."""
    generator, discriminator = game.generator.to(memory_format=layout), game.discriminator.to(memory_format=layout)
    adam = [
        torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999), fused=True) for network in (discriminator, generator)
    ]
    average = copy.deepcopy(generator).requires_grad_(False)
    means, nows = list(average.parameters()), list(generator.parameters())
    average_d = copy.deepcopy(discriminator).requires_grad_(False)
    means_d, nows_d = list(average_d.parameters()), list(discriminator.parameters())
    for batch in data.batches(size):
        x = batch["x"] if layout is torch.contiguous_format else batch["x"].contiguous(memory_format=layout)
        discriminator.requires_grad_(True)
        with torch.no_grad():
            fake = generator(game.noise(len(x)))
        loss = softplus(-discriminator(x)).mean() + softplus(discriminator(fake)).mean()
        adam[0].zero_grad()
        loss.backward()
        adam[0].step()
        discriminator.requires_grad_(False)
        loss = softplus(-discriminator(generator(game.noise(len(x))))).mean()
        adam[1].zero_grad()
        loss.backward()
        adam[1].step()
        with torch.no_grad():
            torch._foreach_lerp_(means + means_d, nows + nows_d, 0.005)
        yield


def by_tutorial(game: Any, data: Any, size: int) -> Iterator[None]:
    """The loop that most tutorials teach: three backward passes, nothing frozen, Adam as it comes, no average."""
    generator, discriminator = game.generator, game.discriminator
    judge = nn.Sequential(discriminator, nn.Sigmoid())
    criterion = nn.BCELoss()
    adam_d, adam_g = (torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)) for net in (discriminator, generator))
    ones, zeros = torch.ones(size), torch.zeros(size)
    for batch in data.batches(size):
        discriminator.zero_grad()
        criterion(judge(batch["x"]), ones).backward()
        fake = generator(game.noise(size))
        criterion(judge(fake.detach()), zeros).backward()
        adam_d.step()
        generator.zero_grad()
        criterion(judge(fake), ones).backward()
        adam_g.step()
        yield


def by_engine(game: Any, data: Any, size: int, **options: Any) -> Iterator[Any]:
    """The same, played by the trainer."""
    return ga.Trainer(game, **options).play(data, size, rounds=10**9)


def in_turns(loops: Sequence[Iterator[Any]], chunk: int, chunks: int) -> list[list[float]]:
    """Seconds a round of each loop, over chunks of rounds that they play in turns."""
    times: list[list[float]] = [[] for _ in loops]
    for turn in range(chunks + 1):
        for which in range(len(loops)) if turn % 2 else reversed(range(len(loops))):
            start = time.perf_counter()
            for _ in range(chunk):
                next(loops[which])
            times[which].append((time.perf_counter() - start) / chunk)
    return [each[1:] for each in times]


def ratio(above: list[float], below: list[float]) -> float:
    """The median of the ratios of neighbours."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def compare(
    name: str, make: Callable[[], Any], data: Any, size: int, chunk: int, chunks: int, threads: int, aim: str
) -> list[dict[str, Any]]:
    """Milliseconds a round of both, and their ratio."""
    torch.set_num_threads(threads)
    hand, engine = in_turns([by_hand(make(), data, size), by_engine(make(), data, size)], chunk, chunks)
    rows = [("by hand", 1000 * statistics.median(hand), "ms"), ("engine", 1000 * statistics.median(engine), "ms")]
    return [
        *({"name": f"{name}, {who}", "value": value, "unit": unit, "aim": ""} for who, value, unit in rows),
        {"name": f"{name}, engine / by hand", "value": ratio(engine, hand), "unit": "x", "aim": aim},
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


def products(seconds: float = 0.05, side: int = 1024) -> Iterator[float]:
    """Measured rates of matrix products, in operations a second."""
    a, b = torch.randn(side, side), torch.randn(side, side)
    while True:
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            torch.mm(a, b)
            count += 1
        yield 2 * side**3 * count / (time.perf_counter() - start)


def dcgan_64() -> list[dict[str, Any]]:
    """DCGAN at 64 pixels: against the best loop by hand, the tutorials' loop, and the machine's matrix products."""
    size, chunks = 16, 12
    torch.set_num_threads(2)
    data = datasets.random(ga.Spec(x=ga.Field((3, 64, 64), "image")), count=256)
    make = lambda: ga.DCGAN(data.spec, architecture=ga.nets.DeepConvolutional(32))  # noqa: E731
    engine = by_engine(make(), data, size, channels_last=True)
    with FlopCounterMode(display=False) as counter:
        next(engine)
    rates = products()
    loops = [by_hand(make(), data, size, torch.channels_last), engine, by_tutorial(make(), data, size), rates]
    hand, mine, tutorial, _ = in_turns(loops, 1, chunks)
    peak = statistics.median(next(rates) for _ in range(5))
    reached = counter.get_total_flops() / statistics.median(mine)
    rows = [
        ("by hand", 1000 * statistics.median(hand), "ms", ""),
        ("engine", 1000 * statistics.median(mine), "ms", ""),
        ("tutorial", 1000 * statistics.median(tutorial), "ms", ""),
        ("engine / by hand", ratio(mine, hand), "x", "at most 1.03"),
        ("tutorial / engine", ratio(tutorial, mine), "x", "at least 1.2"),
        ("share of the rate of matrix products", reached / peak, "", "aim 0.75"),
    ]
    return [{"name": f"DCGAN-64, {who}", "value": value, "unit": unit, "aim": aim} for who, value, unit, aim in rows]
