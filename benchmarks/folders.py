"""Folders of many small files: how fast they are decoded, found again, and dealt, and in how much memory.

``python -m benchmarks folders`` does it with 5,000 files, ``python -m benchmarks.folders 100000`` with as many as said.
Every step is a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BATCHES = 2_000
BATCH = 64
SIDE = 64


def folders(count: int = 5_000) -> list[dict[str, Any]]:
    """Decode, load again, and deal, streamed and in memory.

    Args:
        count: How many files are made.
    """
    with tempfile.TemporaryDirectory() as place:
        _make(Path(place, "photos"), count)
        first = _step(place, "load")
        second = _step(place, "load")
        dealt = {word: _step(place, word) for word in ("streamed", "memory")}
    rows = [
        _row(f"{count:,} files decoded", count / first["load"], "/s"),
        _row(f"{count:,} files loaded again", second["load"], "s"),
        _row("the process before it loads them", second["before"], "MiB"),
    ]
    for word, each in dealt.items():
        rows.append(_row(f"{BATCH} images of {SIDE} x {SIDE} dealt, {word}", 1000 * each["deal"] / BATCHES, "ms"))
        rows.append(_row(f"memory after {BATCHES:,} such batches, {word}", each["after"], "MiB"))
        rows.append(_row(f"peak memory, {word}", each["peak"], "MiB"))
    return rows


def _row(name: str, value: float, unit: str) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "aim": ""}


def _make(root: Path, count: int) -> None:
    """Photographs of 80 x 60 pixels in ten class folders; 200 different ones, so that making them takes no time."""
    import numpy as np
    from PIL import Image

    draw, contents = np.random.default_rng(0), []
    for _ in range(200):
        file = io.BytesIO()
        small = Image.fromarray(draw.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        small.resize((80, 60), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
        contents.append(file.getvalue())
    for kind in range(10):
        (root / f"class-{kind}").mkdir(parents=True)
    for number in range(count):
        (root / f"class-{number % 10}" / f"{number:07d}.jpg").write_bytes(contents[number % len(contents)])


def _step(place: str, word: str) -> dict[str, float]:
    """One step in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.folders", word, place]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def _measure(word: str, place: str) -> dict[str, float]:
    from itertools import islice

    from ganarium import data as datasets

    root, cache = str(Path(place, "photos")), str(Path(place, "cache"))
    before, began = _resident(), time.perf_counter()
    data = datasets.load(root, size=SIDE, cache=cache, memory=word == "memory")
    loaded = time.perf_counter()
    for _ in islice(data.batches(min(BATCH, len(data))), 0 if word == "load" else BATCHES):
        pass
    dealt = time.perf_counter()
    facts = {"before": before, "after": _resident(), "peak": _resident("VmHWM")}
    return {"load": loaded - began, "deal": dealt - loaded, **facts}


def _resident(name: str = "VmRSS") -> float:
    """The memory of this process in MiB; nan where the system does not say."""
    try:
        rows = Path(f"/proc/{os.getpid()}/status").read_text(encoding="utf-8").splitlines()
        return next(int(row.split()[1]) / 1024 for row in rows if row.startswith(name))
    except (OSError, StopIteration):
        return float("nan")


def main(words: list[str]) -> None:
    """Measure one step, or print the whole table for a number of files."""
    if len(words) == 2:
        print(json.dumps(_measure(*words)))
        return
    for row in folders(*map(int, words)):
        print(f"{row['name']:<56}{row['value']:>10.3f} {row['unit']}")


if __name__ == "__main__":
    main(sys.argv[1:])
